"""Who would be cheaper on another Calling Plan, on what everybody really used.

Knows that minutes are pooled: whoever moves takes minutes out of one pool and their calls into another, so that each
move is weighed with all that it does to those who stay. Refuses a move after which somebody could lack minutes that no
credits may pay for, and a saving that any of the months contradicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from commcredits.core.pools import minutes_per_licence
from commcredits.core.roster import Licence

PLANS: Final = (
    Licence.PAY_AS_YOU_GO_1,
    Licence.DOMESTIC_120,
    Licence.DOMESTIC_120_UNPOOLED,
    Licence.DOMESTIC_240,
    Licence.DOMESTIC,
    Licence.DOMESTIC_AND_INTERNATIONAL,
)
"""What somebody may be moved to, smallest first. The other Pay-As-You-Go plan has the same minutes: none."""

MOVES_MAX: Final = 1_000
SAVING_MIN_MICROS: Final = 1_000_000
"""Of less a month nobody is told: a unit of the currency."""

_PASSES_MAX: Final = 8
_HEADROOM_PERCENT: Final = 110
"""Whoever cannot fall back on credits keeps a tenth more minutes than the largest month asked for."""


class MonthOfCalls(Struct, frozen=True, kw_only=True, gc=False):
    """What one user's outbound calls of a month asked for: started minutes, and what they cost where credits pay.

    ``international`` are those that international minutes cover. Amounts in millionths, of all of these minutes.
    """

    domestic_minutes: int
    domestic_micros: int
    international_minutes: int
    international_micros: int


class Caller(Struct, frozen=True, kw_only=True, gc=False):
    """A user with a Calling Plan. ``months`` are the same full months for everybody, oldest first."""

    user_id: str
    country: str
    plan: Licence
    has_credits: bool
    months: tuple[MonthOfCalls, ...]


class Move(Struct, frozen=True, kw_only=True, gc=False):
    """A user, and the plan that would be cheaper. Amounts are millionths a month.

    ``saving_micros`` is what all of it comes to, pools of the others included; ``credits_micros`` how much less calls
    cost, ``licence_micros`` how much more the licence does (None where no prices are known). ``months_held`` of the
    months say so too.
    """

    user_id: str
    country: str
    old: Licence
    new: Licence
    saving_micros: int
    credits_micros: int
    licence_micros: int | None
    months_held: int
    months: int


class Prices(Struct, frozen=True, kw_only=True, gc=False):
    """What licences cost a month, in millionths, by code and country; empty where the operator has not said."""

    micros: Mapping[str, int]

    def of(self, licence: Licence, country: str) -> int | None:
        """The price in this country, else the one for all; None where there is neither."""
        return self.micros.get(f"{licence.value}/{country}", self.micros.get(f"{licence.value}/"))

    def known(self, country: str) -> tuple[Licence, ...]:
        """The plans that have a price in this country."""
        return tuple(plan for plan in PLANS if self.of(plan, country) is not None)


_Key = tuple[Licence, str]


class _Pools:
    """How many users each pool has, and what it was asked for in each month."""

    __slots__ = ("bound", "counts", "months", "used")

    def __init__(self, callers: Sequence[Caller], plans: Sequence[Licence], months: int) -> None:
        self.months = months
        self.counts: dict[_Key, int] = {}
        self.bound: dict[_Key, int] = {}
        self.used: dict[_Key, list[list[int]]] = {}
        for caller, plan in zip(callers, plans, strict=True):
            self.put(caller, plan, 1)

    def put(self, caller: Caller, plan: Licence, sign: int) -> None:
        """Let a user in, or with a negative sign out."""
        key = (plan, caller.country)
        self.counts[key] = self.counts.get(key, 0) + sign
        if not caller.has_credits:
            self.bound[key] = self.bound.get(key, 0) + sign
        used = self.used.setdefault(key, [[0, 0, 0, 0] for _ in range(self.months)])
        for sums, month in zip(used, caller.months, strict=True):
            sums[0] += sign * month.domestic_minutes
            sums[1] += sign * month.domestic_micros
            sums[2] += sign * month.international_minutes
            sums[3] += sign * month.international_micros

    def cost(self, key: _Key, month: int) -> int:
        """What credits pay of a pool's calls in a month: beyond its minutes, each at the pool's average price."""
        plan, country = key
        count = self.counts.get(key, 0)
        if not count:
            return 0
        domestic, domestic_micros, international, international_micros = self.used[key][month]
        have = count * minutes_per_licence(plan.value, country)
        abroad = _international(plan, country) * count
        return _beyond(domestic, domestic_micros, have) + _beyond(international, international_micros, abroad)

    def covers(self, key: _Key) -> bool:
        """Whether the pool's minutes suffice in every month, with some to spare."""
        plan, country = key
        count = self.counts.get(key, 0)
        have = count * minutes_per_licence(plan.value, country) * 100
        abroad = _international(plan, country) * count * 100
        return all(
            domestic * _HEADROOM_PERCENT <= have and international * _HEADROOM_PERCENT <= abroad
            for domestic, _micros, international, _more in self.used.get(key, ())
        )


def cheaper_plans(callers: Sequence[Caller], prices: Prices) -> tuple[Move, ...]:
    """The moves that make the organization's calls and licences cheaper together, the largest saving first.

    Found by moving one user at a time for as long as that helps, from the plans that are and from everybody on the
    same plan; the cheapest that was found is kept. Where a country's licences have no price, moves there count credits
    alone: to a larger plan that saves credits, and nobody is moved to a smaller one.
    """
    found: list[Move] = []
    for country in sorted({caller.country for caller in callers}):
        own = [caller for caller in callers if caller.country == country]
        found += _of_country(own, country, prices)
    found.sort(key=lambda move: (-move.saving_micros, move.user_id))
    return tuple(found[:MOVES_MAX])


def monthly_cost(callers: Sequence[Caller], plans: Sequence[Licence], prices: Prices) -> int:
    """What these users cost on these plans over all of the months: credits beyond minutes, and licences."""
    months = len(callers[0].months) if callers else 0
    unpooled, pooled = _split(callers, plans)
    pools = _Pools([callers[place] for place in pooled], [plans[place] for place in pooled], months)
    calls = sum(pools.cost(key, month) for key in pools.counts for month in range(months))
    alone = sum(_alone(callers[place], plans[place]) for place in unpooled)
    licences = sum((prices.of(plan, caller.country) or 0) * months for caller, plan in zip(callers, plans, strict=True))
    return calls + alone + licences


def may_move(callers: Sequence[Caller], plans: Sequence[Licence]) -> bool:
    """Whether nobody without credits could lack minutes on these plans."""
    months = len(callers[0].months) if callers else 0
    _unpooled, pooled = _split(callers, plans)
    pools = _Pools([callers[place] for place in pooled], [plans[place] for place in pooled], months)
    for caller, plan in zip(callers, plans, strict=True):
        if caller.has_credits or plan is caller.plan:
            continue
        if plan is Licence.DOMESTIC_120_UNPOOLED:
            if not _alone_suffices(caller):
                return False
        elif not pools.covers((plan, caller.country)):
            return False
    return True


def _of_country(callers: Sequence[Caller], country: str, prices: Prices) -> list[Move]:
    now = [caller.plan for caller in callers]
    offered = prices.known(country)
    priced = bool(offered) and all(prices.of(plan, country) is not None for plan in set(now))
    choices = offered if priced else PLANS
    best = _improved(callers, now, choices, prices, priced=priced)
    if priced:
        for plan in choices:
            together = [plan if caller.has_credits or plan is caller.plan else caller.plan for caller in callers]
            other = _improved(callers, together, choices, prices, priced=priced)
            if may_move(callers, other) and monthly_cost(callers, other, prices) < monthly_cost(callers, best, prices):
                best = other
    return _moves(callers, now, best, prices, priced=priced)


def _improved(
    callers: Sequence[Caller], start: Sequence[Licence], choices: Sequence[Licence], prices: Prices, *, priced: bool
) -> list[Licence]:
    """Plans that no single move makes cheaper."""
    plans = list(start)
    for _ in range(_PASSES_MAX):
        moved = False
        desk = _Desk(callers, plans, prices, priced=priced)
        for place in sorted(range(len(callers)), key=lambda place: _appetite(callers[place])):
            plan, saved = desk.best(place, choices)
            if saved > 0:
                desk.move(place, plan)
                moved = True
        plans = desk.plans
        if not moved:
            break
    return plans


class _Desk:
    """Plans as they stand while moves are tried, with their pools beside them."""

    __slots__ = ("callers", "months", "plans", "pools", "priced", "prices")

    def __init__(self, callers: Sequence[Caller], plans: Sequence[Licence], prices: Prices, *, priced: bool) -> None:
        self.callers = callers
        self.plans = list(plans)
        self.prices = prices
        self.priced = priced
        self.months = len(callers[0].months) if callers else 0
        _unpooled, pooled = _split(callers, plans)
        self.pools = _Pools([callers[place] for place in pooled], [plans[place] for place in pooled], self.months)

    def best(self, place: int, choices: Sequence[Licence]) -> tuple[Licence, int]:
        """The plan that saves most over all months if this user moves alone, and how much."""
        old = self.plans[place]
        best, saved = old, 0
        for plan in choices:
            if plan is old or (not self.priced and PLANS.index(plan) < _rank(old)):
                continue
            saving = self.saving(place, plan)
            if saving > saved:
                best, saved = plan, saving
        return best, saved

    def saving(self, place: int, plan: Licence) -> int:
        """What this move saves over all months; nothing where it could leave somebody without minutes."""
        saved = sum(self.credits_saved(place, plan)) - self.licence_more(place, plan) * self.months
        return saved if saved >= SAVING_MIN_MICROS * self.months and self._is_safe(place, plan) else 0

    def credits_saved(self, place: int, plan: Licence) -> list[int]:
        """How much less credits would pay in each month."""
        caller, old = self.callers[place], self.plans[place]
        before = self._costs(caller, old, plan)
        self._put(caller, old, -1)
        self._put(caller, plan, 1)
        after = self._costs(caller, plan, old)
        self._put(caller, plan, -1)
        self._put(caller, old, 1)
        return [was - would for was, would in zip(before, after, strict=True)]

    def licence_more(self, place: int, plan: Licence) -> int:
        """How much more the other licence costs a month; 0 without prices."""
        if not self.priced:
            return 0
        country = self.callers[place].country
        return (self.prices.of(plan, country) or 0) - (self.prices.of(self.plans[place], country) or 0)

    def move(self, place: int, plan: Licence) -> None:
        """Move a user for good."""
        caller = self.callers[place]
        self._put(caller, self.plans[place], -1)
        self._put(caller, plan, 1)
        self.plans[place] = plan

    def _put(self, caller: Caller, plan: Licence, sign: int) -> None:
        if plan is not Licence.DOMESTIC_120_UNPOOLED:
            self.pools.put(caller, plan, sign)

    def _costs(self, caller: Caller, held: Licence, other: Licence) -> list[int]:
        """What credits pay in each month for the pools of both plans, of which ``held`` is this user's."""
        keys = [(plan, caller.country) for plan in (held, other) if plan is not Licence.DOMESTIC_120_UNPOOLED]
        alone = _alone_by_month(caller) if held is Licence.DOMESTIC_120_UNPOOLED else [0] * self.months
        return [sum(self.pools.cost(key, month) for key in keys) + alone[month] for month in range(self.months)]

    def _is_safe(self, place: int, plan: Licence) -> bool:
        """Whether everybody whom the move touches may fall back on credits, or has enough minutes without."""
        caller, old = self.callers[place], self.plans[place]
        if plan is Licence.DOMESTIC_120_UNPOOLED and not (caller.has_credits or _alone_suffices(caller)):
            return False
        self._put(caller, old, -1)
        self._put(caller, plan, 1)
        try:
            keys = ((old, caller.country), (plan, caller.country))
            # Whoever has nothing but minutes is in a pool that must suffice.
            return all(self.pools.covers(key) for key in keys if self.pools.bound.get(key))
        finally:
            self._put(caller, plan, -1)
            self._put(caller, old, 1)


def _moves(
    callers: Sequence[Caller], now: Sequence[Licence], then: Sequence[Licence], prices: Prices, *, priced: bool
) -> list[Move]:
    """The way from these plans to those, each step with what it saves once those before it were taken."""
    desk = _Desk(callers, now, prices, priced=priced)
    waiting = [place for place, (old, new) in enumerate(zip(now, then, strict=True)) if old is not new]
    found = []
    for place in sorted(waiting, key=lambda place: -desk.saving(place, then[place])):
        saved, more = desk.credits_saved(place, then[place]), desk.licence_more(place, then[place])
        held = sum(each > more for each in saved)
        total = sum(saved) - more * desk.months
        if total <= 0 or not desk.saving(place, then[place]):
            continue
        caller = callers[place]
        found.append(
            Move(
                user_id=caller.user_id,
                country=caller.country,
                old=caller.plan,
                new=then[place],
                saving_micros=total // desk.months,
                credits_micros=sum(saved) // desk.months,
                licence_micros=more if priced else None,
                months_held=held,
                months=desk.months,
            )
        )
        desk.move(place, then[place])
    return [move for move in found if 2 * move.months_held > move.months]


def _split(callers: Sequence[Caller], plans: Sequence[Licence]) -> tuple[list[int], list[int]]:
    """The places of users with minutes of their own, and of all others."""
    unpooled = [place for place in range(len(callers)) if plans[place] is Licence.DOMESTIC_120_UNPOOLED]
    pooled = [place for place in range(len(callers)) if plans[place] is not Licence.DOMESTIC_120_UNPOOLED]
    return unpooled, pooled


def _beyond(minutes: int, micros: int, have: int) -> int:
    """What the minutes beyond those that are there cost, each at the average price."""
    return 0 if minutes <= have else micros * (minutes - have) // minutes


def _international(plan: Licence, country: str) -> int:
    if plan is not Licence.DOMESTIC_AND_INTERNATIONAL:
        return 0
    return minutes_per_licence(plan.value, country, international=True)


def _alone(caller: Caller, _plan: Licence) -> int:
    return sum(_alone_by_month(caller))


def _alone_by_month(caller: Caller) -> list[int]:
    """What credits pay for somebody with 120 minutes of their own."""
    have = minutes_per_licence(Licence.DOMESTIC_120_UNPOOLED.value, caller.country)
    return [
        _beyond(month.domestic_minutes, month.domestic_micros, have) + month.international_micros
        for month in caller.months
    ]


def _alone_suffices(caller: Caller) -> bool:
    have = minutes_per_licence(Licence.DOMESTIC_120_UNPOOLED.value, caller.country) * 100
    return all(
        month.domestic_minutes * _HEADROOM_PERCENT <= have and not month.international_minutes
        for month in caller.months
    )


def _appetite(caller: Caller) -> int:
    """By which users are taken in turn: whoever costs most first."""
    return -sum(month.domestic_micros + month.international_micros for month in caller.months)


def _rank(plan: Licence) -> int:
    return PLANS.index(plan) if plan in PLANS else 0
