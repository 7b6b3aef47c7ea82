"""What an organization spent on calls, hour by hour and day by day, as advice reads it.

Knows how hours become days of the organization's zone. Refuses to know where they come from, and to fill in what was
not measured but nothing: an hour without a call is an hour of nothing. Every figure is a whole number, of money in
millionths as everywhere, and shares in millionths of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from msgspec import Struct

from commcredits.core.calendar import zone_of

ONE: Final = 1_000_000
"""One, as a share in millionths."""

HOUR: Final = timedelta(hours=1)


class HourOfSpend(Struct, frozen=True, kw_only=True, gc=False):
    """What the calls that began within an hour came to; ``hour`` is its first instant, in UTC.

    ``peak_micros`` is the most that the calls of any five minutes of it came to. ``refused_calls`` are those that were
    refused for want of funds: what they would have cost, nobody knows.
    """

    hour: datetime
    charged_micros: int
    peak_micros: int
    calls: int
    refused_calls: int = 0


class DayOfSpend(Struct, frozen=True, kw_only=True, gc=False):
    """A calendar day of the organization's zone."""

    day: date
    charged_micros: int
    calls: int = 0


def unbroken(hours: Iterable[HourOfSpend], until: datetime) -> tuple[HourOfSpend, ...]:
    """Every hour from the first with a call to the last that is over at ``until``; those without a call are nothing."""
    known = {each.hour: each for each in hours}
    if not known:
        return ()
    hour = min(known)
    last = hour_of(until) - HOUR
    found = []
    while hour <= last:
        found.append(known.get(hour) or HourOfSpend(hour=hour, charged_micros=0, peak_micros=0, calls=0))
        hour += HOUR
    return tuple(found)


def days_of(hours: Sequence[HourOfSpend], time_zone: str, today: date) -> tuple[DayOfSpend, ...]:
    """Every whole day in that IANA zone, from the first with a call to the one before ``today``.

    A day has 23 or 25 hours where clocks change. An hour counts on the day on which it begins.
    """
    zone = zone_of(time_zone)
    sums: dict[date, list[int]] = {}
    for each in hours:
        total = sums.setdefault(each.hour.astimezone(zone).date(), [0, 0])
        total[0] += each.charged_micros
        total[1] += each.calls
    if not sums:
        return ()
    first = min(sums)
    count = (today - first).days
    days = (first + timedelta(days=index) for index in range(count))
    nothing = [0, 0]
    return tuple(
        DayOfSpend(day=day, charged_micros=total[0], calls=total[1])
        for day in days
        for total in (sums.get(day, nothing),)
    )


def hour_of(instant: datetime) -> datetime:
    """The hour, in UTC, that an instant falls in."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def quantile(values: Sequence[int], share: int) -> int:
    """The smallest of the values that at least ``share`` millionths of them do not exceed; 0 of none."""
    if not values:
        return 0
    ordered = sorted(values)
    place = -(-share * len(ordered) // ONE) - 1
    return ordered[max(0, min(place, len(ordered) - 1))]


def nice_up(amount: int, unit: int) -> int:
    """The smallest amount with one or two leading digits that is not below this one, in whole ``unit``: 137 is 140."""
    step = unit
    while step * 100 < amount:
        step *= 10
    finer = max(unit, step)
    return -(-amount // finer) * finer
