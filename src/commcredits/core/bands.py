"""Time bands: which of a rate's bands is in force when, by the clock on the wall of the deck's time zone.

One rule decides, whatever the clocks of that place do: at every instant, what counts is the date, the weekday and the
minute that a clock there shows at that instant. A window whose hour is left out because clocks go forward begins or
ends with the jump; one whose hour comes twice because clocks go back is in force both times, and a boundary inside that
hour is passed twice (decision record 0009). Refuses to know increments and sums (commcredits.core.rating).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from msgspec import Struct

from commcredits.core.calendar import zone_of
from commcredits.core.money import divide_up
from commcredits.core.tariffs import BandPrice, PriceShape, Window

_MINUTES_PER_HOUR: Final = 60
_MINUTES_PER_DAY: Final = 24 * 60
_MICROSECONDS_PER_SECOND: Final = 1_000_000
_SECOND: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)


class Stretch(Struct, frozen=True, kw_only=True, gc=False):
    """Seconds of a call, counted from the beginning of what is priced, in which a minute costs the same.

    From ``begins_second`` up to, and without, ``ends_second``. ``band`` is the name of the band in force; empty when
    none is, and for rates that have no bands.
    """

    begins_second: int
    ends_second: int
    price_per_minute_micros: int
    band: str = ""


def band_stretches(
    shape: PriceShape, otherwise_micros: int, began_at: datetime, duration_seconds: int
) -> Iterator[Stretch]:
    """The stretches of a call that begins at that instant, in order and without a gap.

    ``otherwise_micros`` is the price of a minute while no band is in force. Neighbours may cost the same. ``began_at``
    is aware; OverflowError when the calendar ends (year 9999) before the call does.
    """
    zone = zone_of(shape.time_zone)
    began_at = began_at.astimezone(UTC)
    instant, second = began_at, 0
    while second < duration_seconds:
        local = instant.astimezone(zone)
        found, ends_minute = _in_force(shape, local)
        ends_at = instant + timedelta(
            minutes=ends_minute - _minute_of(local), seconds=-local.second, microseconds=-local.microsecond
        )
        if ends_at.astimezone(zone).utcoffset() != local.utcoffset():
            ends_at = _clock_change(instant, ends_at, zone)
        # An increment begins on a whole second of the call: the first one at or after the boundary is beyond it.
        ends_second = divide_up((ends_at - began_at) // _MICROSECOND, _MICROSECONDS_PER_SECOND)
        if ends_second > second:
            yield Stretch(
                begins_second=second,
                ends_second=min(ends_second, duration_seconds),
                price_per_minute_micros=otherwise_micros if found is None else found.price_per_minute_micros,
                band="" if found is None else found.band,
            )
        instant, second = ends_at, ends_second


def _in_force(shape: PriceShape, local: datetime) -> tuple[BandPrice | None, int]:
    """The first band that is in force when clocks show this, and the next minute of that day at which to look again."""
    minute = _minute_of(local)
    weekday = local.weekday()
    holiday = bool(shape.holidays) and local.date().isoformat() in shape.holidays
    found: BandPrice | None = None
    look_again = _MINUTES_PER_DAY
    for band in shape.bands:
        for window in band.windows:
            if minute < window.from_minute:
                look_again = min(look_again, window.from_minute)
            elif minute < window.to_minute:
                look_again = min(look_again, window.to_minute)
                if found is None and _is_on(window, weekday, holiday=holiday):
                    found = band
    return found, look_again


def _is_on(window: Window, weekday: int, *, holiday: bool) -> bool:
    return window.holidays if holiday else weekday in window.weekdays


def _minute_of(local: datetime) -> int:
    return local.hour * _MINUTES_PER_HOUR + local.minute


def _clock_change(after: datetime, until: datetime, zone: tzinfo) -> datetime:
    """The instant, after the one and not after the other, at which clocks in the zone are put forward or back.

    Clocks are put forward or back on whole seconds of UTC, and nowhere twice within a day.
    """
    base = after.replace(microsecond=0)
    before = base.astimezone(zone).utcoffset()
    same, other = 0, divide_up((until - base) // _MICROSECOND, _MICROSECONDS_PER_SECOND)
    while other - same > 1:
        middle = (same + other) // 2
        if (base + middle * _SECOND).astimezone(zone).utcoffset() == before:
            same = middle
        else:
            other = middle
    return base + other * _SECOND
