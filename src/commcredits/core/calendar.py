"""Instants, calendar months in a time zone, and the twelve-month expiry of funds.

Knows aware UTC instants. Refuses to know what time it is now.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_NO_PLACES: Final = frozenset({"localtime", "Factory"})
"""Files beside the zones that name none: what they mean differs from machine to machine."""

_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<time>[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
"""RFC 3339, or a date alone. ISO 8601 knows many more forms; some of them read as another instant than was meant."""


def parse_instant(text: str) -> datetime:
    """The aware UTC instant of an RFC 3339 text, or of a plain date at midnight UTC.

    Digits beyond the microsecond are dropped. Raises ValueError naming the text when it is neither, when it names a
    time without an offset, and when the instant lies outside the years 1 to 9999 in UTC.
    """
    form = _INSTANT.fullmatch(text)
    if form is None:
        raise _not_an_instant(text)
    if form["time"] and not form["offset"]:
        raise ValueError(f"{text[:40]!r} has no offset from UTC; write Z for UTC")
    try:
        instant = datetime.fromisoformat(text.upper())
        return instant.astimezone(UTC) if form["offset"] else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _not_an_instant(text) from None


def instant_text(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC, as facts of refusals tell it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _not_an_instant(text: str) -> ValueError:
    return ValueError(f"{text[:40]!r} is not a date or an RFC 3339 time such as 2026-11-22T00:00:00Z")


def is_time_zone(name: str) -> bool:
    """Whether this is the name of an IANA time zone such as ``Europe/Bucharest``."""
    try:
        return name in available_timezones() - _NO_PLACES and bool(zone_of(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def month_of(instant: datetime, time_zone: str) -> str:
    """The calendar month, as ``2026-11``, that an instant falls in for an organization in that IANA zone."""
    local = instant.astimezone(zone_of(time_zone))
    return f"{local.year:04d}-{local.month:02d}"


def day_of(instant: datetime, time_zone: str) -> str:
    """The calendar day, as ``2026-11-22``, that an instant falls in for an organization in that IANA zone."""
    return instant.astimezone(zone_of(time_zone)).date().isoformat()


def hour_of(instant: datetime, time_zone: str) -> str:
    """The hour of the day, as ``2026-11-22T20``, that an instant falls in for an organization in that IANA zone.

    An hour that comes twice, because clocks go back, is one hour of twice the length.
    """
    local = instant.astimezone(zone_of(time_zone))
    return f"{local.date().isoformat()}T{local.hour:02d}"


def bounds_of(period: str, time_zone: str) -> tuple[datetime, datetime]:
    """The instants, in UTC, at which a month, day or hour in that IANA zone begins and is over.

    Periods are written as ``month_of``, ``day_of`` and ``hour_of`` write them. Where clocks change, a day is shorter or
    longer than others, and an hour that comes twice ends with the second.
    """
    zone = zone_of(time_zone)
    day, _, hour = period.partition("T")
    year, month, *days = map(int, day.split("-"))
    if not days:
        begins = datetime(year, month, 1, tzinfo=zone)
        ends = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    elif not hour:
        begins = datetime(year, month, days[0], tzinfo=zone)
        ends = begins + timedelta(days=1)
    else:
        begins = datetime(year, month, days[0], int(hour), tzinfo=zone)
        ends = begins + timedelta(hours=1)
    # Within one zone, Python adds to the clock on the wall, as is wanted here.
    return begins.astimezone(UTC), ends.astimezone(UTC)


def last_days(now: datetime, time_zone: str, count: int) -> tuple[tuple[date, ...], tuple[datetime, ...]]:
    """The last ``count`` calendar days in that IANA zone, today last, and the ``count + 1`` instants that bound them.

    A day has 23 or 25 hours where clocks change; the instants are in UTC.
    """
    today = now.astimezone(zone_of(time_zone)).date()
    days = [today - timedelta(days=count - 1 - index) for index in range(count + 1)]
    starts = [datetime(day.year, day.month, day.day, tzinfo=zone_of(time_zone)).astimezone(UTC) for day in days]
    return tuple(days[:-1]), tuple(starts)


def twelve_months_after(instant: datetime) -> datetime:
    """The same instant one year on; 29 February becomes 28 February (domain.md §3, Expiry)."""
    try:
        return instant.replace(year=instant.year + 1)
    except ValueError:
        return instant.replace(year=instant.year + 1, day=28)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone of that name, one object for each: looking one up costs more than using it.

    Raises what ``zoneinfo`` raises for a name that ``is_time_zone`` refuses.
    """
    return ZoneInfo(name)
