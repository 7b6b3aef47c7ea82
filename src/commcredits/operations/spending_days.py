"""Which days of an organization are summed, and where the others are read from: the plan of every report on spending.

Knows local days and months, and what has been summed of them. Refuses to sum (commcredits.operations.spending_sums)
and to know what is reported. All that it reads must be read in one snapshot with the sums, so that both tell of one
moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from commcredits.core.calendar import bounds_of, day_of
from commcredits.storage.connection import Connection, load_statement

DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysPlan:
    """Where the days of a report are read: whole ``months``, single ``days``, and ``live`` days from their calls."""

    months: tuple[date, ...]
    days: tuple[date, ...]
    live: tuple[date, ...]
    live_bounds: tuple[tuple[datetime, datetime], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """What is summed of an organization: all days up to ``through`` (None: none yet) except those ``changed`` since."""

    through: date | None
    changed: frozenset[date]


async def read_summed(connection: Connection, shard_id: int, organization_id: str, time_zone: str) -> Summed:
    """What is summed of an organization now; nothing while its sums are those of another time zone."""
    row = await connection.fetchrow(load_statement("spending/get_progress"), shard_id, organization_id)
    if row is None or row["time_zone"] != time_zone:
        return Summed(through=None, changed=frozenset())
    rows = await connection.fetch(load_statement("spending/list_changed_hours"), shard_id, organization_id)
    changed = {day for each in rows for day in days_of_hour(each["began_hour"], time_zone)}
    return Summed(through=row["summed_through"], changed=frozenset(changed))


def plan_days(summed: Summed, first: date, last: date, time_zone: str, *, by_month: bool) -> DaysPlan:
    """Where to read each of the days from ``first`` to ``last``; by whole months only where that is asked for."""
    months: list[date] = []
    days: list[date] = []
    live: list[date] = []
    day = first
    while day <= last:
        if by_month and day.day == 1 and _is_whole(summed, day, last):
            months.append(day)
            day = next_month(day)
            continue
        (days if _is_summed(summed, day) else live).append(day)
        day += DAY
    return DaysPlan(
        months=tuple(months),
        days=tuple(days),
        live=tuple(live),
        live_bounds=tuple(day_bounds(each, time_zone) for each in live),
    )


def next_month(month: date) -> date:
    """The first day of the month after that of a day."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """When a local day begins and is over."""
    return bounds_of(day.isoformat(), time_zone)


def local_day(instant: datetime, time_zone: str) -> date:
    """The local day that an instant falls on."""
    return date.fromisoformat(day_of(instant, time_zone))


def days_of_hour(begins_at: datetime, time_zone: str) -> tuple[date, ...]:
    """The local days that an hour touches: two where a zone's midnight is not on the hour in UTC."""
    return tuple(dict.fromkeys((local_day(begins_at, time_zone), local_day(begins_at + _HOUR - _INSTANT, time_zone))))


def months_of(days: Iterable[date]) -> tuple[date, ...]:
    """The months, by their first days, that these days are of."""
    return tuple(sorted({day.replace(day=1) for day in days}))


def _is_summed(summed: Summed, day: date) -> bool:
    return summed.through is not None and day <= summed.through and day not in summed.changed


def _is_whole(summed: Summed, month: date, last: date) -> bool:
    """Whether all of the month is asked for and its stored sum is that of its days."""
    end = next_month(month) - DAY
    if summed.through is None or end > min(last, summed.through):
        return False
    return not any(month <= day <= end for day in summed.changed)
