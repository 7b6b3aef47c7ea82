"""Which funds will expire unused at the pace at which an organization spends, how much of them, and when.

Knows the order in which lots are used (domain.md §3). Refuses to count on purchases to come: they are used after what
is there already, but for promotions.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from commcredits.core.advice_forecast import Forecast
from commcredits.core.advice_pace import Pace
from commcredits.core.advice_series import ONE
from commcredits.core.calendar import zone_of

_DAYS_MAX: Final = 400


class LotLeft(Struct, frozen=True, kw_only=True, gc=False):
    """What is left of a lot, calls' holds included; in millionths."""

    lot_id: str
    left_micros: int
    expires_at: datetime


class Expiring(Struct, frozen=True, kw_only=True, gc=False):
    """A lot of which something is likely to be left when it expires."""

    lot_id: str
    left_micros: int
    expires_at: datetime
    unused: Forecast


def expiring(
    lots: Sequence[LotLeft], pace: Pace | None, now: datetime, time_zone: str, *, shares: tuple[int, int]
) -> tuple[Expiring, ...]:
    """The lots, in order of use, that will not be used up in time; without a pace, nothing more is used at all.

    ``shares`` are how much less and how much more than the pace may be spent, in millionths.
    """
    low, high = shares
    middle = _unused(lots, pace, now, time_zone, share=ONE)
    least = _unused(lots, pace, now, time_zone, share=high)
    most = _unused(lots, pace, now, time_zone, share=low)
    return tuple(
        Expiring(
            lot_id=lot.lot_id,
            left_micros=lot.left_micros,
            expires_at=lot.expires_at,
            unused=Forecast(micros=middle[lot.lot_id], low_micros=least[lot.lot_id], high_micros=most[lot.lot_id]),
        )
        for lot in lots
        if middle[lot.lot_id] > 0
    )


def _unused(lots: Sequence[LotLeft], pace: Pace | None, now: datetime, time_zone: str, *, share: int) -> dict[str, int]:
    """What is left of each lot at its own end, day by day; calls of its last day count half."""
    left = {lot.lot_id: lot.left_micros for lot in lots}
    if pace is None:
        return left
    zone = zone_of(time_zone)
    last_days = {lot.lot_id: lot.expires_at.astimezone(zone).date() for lot in lots}
    day: date = now.astimezone(zone).date()
    for _ in range(_DAYS_MAX):
        wanted = pace.of_day(day) * share // ONE
        for lot in lots:
            last = last_days[lot.lot_id]
            if last < day or not left[lot.lot_id]:
                continue
            taken = min(left[lot.lot_id], wanted if last > day else wanted // 2)
            left[lot.lot_id] -= taken
            wanted -= taken
        if not any(left.values()):
            break
        day += timedelta(days=1)
    return left
