"""Minute pools as advice on plans weighs them: who is in which, what it was asked for, what credits pay beyond it.

Knows sums by plan, country and month. Refuses to know who should be on which plan (commcredits.core.advice_plans).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from commcredits.core.pools import minutes_per_licence
from commcredits.core.roster import Licence

_HEADROOM_PERCENT: Final = 110
"""Whoever cannot fall back on credits keeps a tenth more minutes than the largest month asked for."""

_Key = tuple[Licence, str]


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


class Pools:
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

    def lack(self, key: _Key) -> int:
        """Minutes, in hundredths, that a pool is short of what it was asked for and some to spare, over all months."""
        plan, country = key
        count = self.counts.get(key, 0)
        have = count * minutes_per_licence(plan.value, country) * 100
        abroad = _international(plan, country) * count * 100
        return sum(
            max(0, domestic * _HEADROOM_PERCENT - have) + max(0, international * _HEADROOM_PERCENT - abroad)
            for domestic, _micros, international, _more in self.used.get(key, ())
        )

    def covers(self, key: _Key) -> bool:
        """Whether the pool's minutes suffice in every month, with some to spare."""
        return not self.lack(key)


def _beyond(minutes: int, micros: int, have: int) -> int:
    """What the minutes beyond those that are there cost, each at the average price."""
    return 0 if minutes <= have else micros * (minutes - have) // minutes


def _international(plan: Licence, country: str) -> int:
    if plan is not Licence.DOMESTIC_AND_INTERNATIONAL:
        return 0
    return minutes_per_licence(plan.value, country, international=True)


def alone(caller: Caller) -> int:
    """What credits pay for somebody with 120 minutes of their own, over all months."""
    return sum(alone_by_month(caller))


def alone_by_month(caller: Caller) -> list[int]:
    """The same for each month."""
    have = minutes_per_licence(Licence.DOMESTIC_120_UNPOOLED.value, caller.country)
    return [
        _beyond(month.domestic_minutes, month.domestic_micros, have) + month.international_micros
        for month in caller.months
    ]


def alone_suffices(caller: Caller) -> bool:
    """Whether 120 minutes of their own suffice in every month, with some to spare."""
    have = minutes_per_licence(Licence.DOMESTIC_120_UNPOOLED.value, caller.country) * 100
    return all(
        month.domestic_minutes * _HEADROOM_PERCENT <= have and not month.international_minutes
        for month in caller.months
    )
