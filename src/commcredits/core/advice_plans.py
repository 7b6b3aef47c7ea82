"""Who would be cheaper on another Calling Plan, on what everybody really used.

Knows that minutes are pooled: whoever moves takes minutes out of one pool and their calls into another, so that each
move is weighed with all that it does to those who stay. Refuses a move after which somebody could lack minutes that no
credits may pay for, and a saving that any of the months contradicts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from commcredits.core.advice_pools import Caller, Pools, alone, alone_by_month, alone_suffices
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
_MANY: Final = 500
"""Beyond so many people of a country the search begins from the plans that are alone, and is shorter."""

_PASSES_OF_MANY: Final = 3
_TRIED_ONE_BY_ONE_MAX: Final = 20
"""Up to how many people of a country each is moved against their own advantage too, to see what follows."""


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
    pools = Pools([callers[place] for place in pooled], [plans[place] for place in pooled], months)
    calls = sum(pools.cost(key, month) for key in pools.counts for month in range(months))
    alone = sum(alone(callers[place]) for place in unpooled)
    licences = sum((prices.of(plan, caller.country) or 0) * months for caller, plan in zip(callers, plans, strict=True))
    return calls + alone + licences


def may_move(callers: Sequence[Caller], plans: Sequence[Licence]) -> bool:
    """Whether nobody without credits lacks minutes on these plans that they do not lack now."""
    months = len(callers[0].months) if callers else 0
    now = [caller.plan for caller in callers]
    before, after = (
        Pools([callers[place] for place in pooled], [held[place] for place in pooled], months)
        for held in (now, plans)
        for _unpooled, pooled in (_split(callers, held),)
    )
    for caller, plan in zip(callers, plans, strict=True):
        if caller.has_credits:
            continue
        if plan is Licence.DOMESTIC_120_UNPOOLED:
            if plan is not caller.plan and not alone_suffices(caller):
                return False
            continue
        key = (plan, caller.country)
        allowed = before.lack(key) if plan is caller.plan else 0
        if after.lack(key) > allowed:
            return False
    return True


def _of_country(callers: Sequence[Caller], country: str, prices: Prices) -> list[Move]:
    now = [caller.plan for caller in callers]
    offered = prices.known(country)
    priced = bool(offered) and all(prices.of(plan, country) is not None for plan in set(now))
    choices = offered if priced else PLANS
    best = _improved(callers, now, choices, prices, priced=priced)
    if priced and len(callers) <= _MANY:
        for plan in choices:
            together = [plan if caller.has_credits or plan is caller.plan else caller.plan for caller in callers]
            other = _improved(callers, together, choices, prices, priced=priced)
            if may_move(callers, other) and monthly_cost(callers, other, prices) < monthly_cost(callers, best, prices):
                best = other
        if len(callers) <= _TRIED_ONE_BY_ONE_MAX:
            best = _shaken(callers, best, choices, prices)
    return _moves(callers, now, best, prices, priced=priced)


def _shaken(
    callers: Sequence[Caller], best: list[Licence], choices: Sequence[Licence], prices: Prices
) -> list[Licence]:
    """Better plans, where they are found by first moving somebody for whom it does not pay alone."""
    for place in range(len(callers)):
        for plan in choices:
            if plan is best[place]:
                continue
            tried = _improved(callers, [*best[:place], plan, *best[place + 1 :]], choices, prices, priced=True)
            cheaper = monthly_cost(callers, tried, prices) < monthly_cost(callers, best, prices)
            if cheaper and may_move(callers, tried):
                best = tried
    return best


def _improved(
    callers: Sequence[Caller], start: Sequence[Licence], choices: Sequence[Licence], prices: Prices, *, priced: bool
) -> list[Licence]:
    """Plans that no single move makes cheaper."""
    plans = list(start)
    for _ in range(_PASSES_MAX if len(callers) <= _MANY else _PASSES_OF_MANY):
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
        self.pools = Pools([callers[place] for place in pooled], [plans[place] for place in pooled], self.months)

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
        alone = alone_by_month(caller) if held is Licence.DOMESTIC_120_UNPOOLED else [0] * self.months
        return [sum(self.pools.cost(key, month) for key in keys) + alone[month] for month in range(self.months)]

    def _is_safe(self, place: int, plan: Licence) -> bool:
        """Whether everybody whom the move touches may fall back on credits, or has enough minutes without."""
        caller, old = self.callers[place], self.plans[place]
        if plan is Licence.DOMESTIC_120_UNPOOLED and not (caller.has_credits or alone_suffices(caller)):
            return False
        keys = ((old, caller.country), (plan, caller.country))
        before = [self.pools.lack(key) for key in keys]
        self._put(caller, old, -1)
        self._put(caller, plan, 1)
        try:
            if not caller.has_credits and plan is not Licence.DOMESTIC_120_UNPOOLED and self.pools.lack(keys[1]):
                return False
            # Whoever has nothing but minutes is in a pool that suffices, or is at least no worse off than now.
            return all(
                self.pools.lack(key) <= lack
                for key, lack in zip(keys, before, strict=True)
                if self.pools.bound.get(key)
            )
        finally:
            self._put(caller, plan, -1)
            self._put(caller, old, 1)


def _moves(
    callers: Sequence[Caller], now: Sequence[Licence], then: Sequence[Licence], prices: Prices, *, priced: bool
) -> list[Move]:
    """The way from these plans to those, each step with what it saves once those before it were taken."""
    desk = _Desk(callers, now, prices, priced=priced)
    waiting = [place for place, (old, new) in enumerate(zip(now, then, strict=True)) if old is not new]
    found: list[Move] = []
    for _ in range(_PASSES_MAX):
        taken = [
            place
            for place in sorted(waiting, key=lambda place: -desk.saving(place, then[place]))
            if _take(desk, place, then[place], found)
        ]
        waiting = [place for place in waiting if place not in set(taken)]
        if not taken or not waiting:
            break
    return found


def _take(desk: _Desk, place: int, plan: Licence, found: list[Move]) -> bool:
    """Move somebody where that saves by now, and most months say so."""
    saved, more = desk.credits_saved(place, plan), desk.licence_more(place, plan)
    held = sum(each > more for each in saved)
    if not desk.saving(place, plan) or 2 * held <= desk.months:
        return False
    caller = desk.callers[place]
    found.append(
        Move(
            user_id=caller.user_id,
            country=caller.country,
            old=caller.plan,
            new=plan,
            saving_micros=(sum(saved) - more * desk.months) // desk.months,
            credits_micros=sum(saved) // desk.months,
            licence_micros=more if desk.priced else None,
            months_held=held,
            months=desk.months,
        )
    )
    desk.move(place, plan)
    return True


def _split(callers: Sequence[Caller], plans: Sequence[Licence]) -> tuple[list[int], list[int]]:
    """The places of users with minutes of their own, and of all others."""
    unpooled = [place for place in range(len(callers)) if plans[place] is Licence.DOMESTIC_120_UNPOOLED]
    pooled = [place for place in range(len(callers)) if plans[place] is not Licence.DOMESTIC_120_UNPOOLED]
    return unpooled, pooled


def _appetite(caller: Caller) -> int:
    """By which users are taken in turn: whoever costs most first."""
    return -sum(month.domestic_micros + month.international_micros for month in caller.months)


def _rank(plan: Licence) -> int:
    return PLANS.index(plan) if plan in PLANS else 0
