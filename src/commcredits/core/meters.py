"""Meters: how much of a limit an organization has used and holds, in one period.

A minute pool counts minutes, a cap counts millionths of the currency, a limit of concurrent calls counts calls: all
are one thing, a total that calls first hold and then use. Refuses to know what a limit is for and who set it; a meter
without a limit is still a count. Keys are made by commcredits.core.pools and commcredits.core.policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

MeterId = tuple[str, str]
"""Key and period: ``("pool:MCOPSTN1:RO", "2026-11")``; the period is empty for what never begins anew."""


class Meter(Struct, frozen=True, kw_only=True, gc=False):
    """What has been used in the period, and what running calls hold of it; both together are never below zero.

    ``reached_at`` is since when its limit has left nothing; None while there is something left.
    """

    key: str
    period: str
    used: int = 0
    held: int = 0
    reached_at: datetime | None = None

    @property
    def meter_id(self) -> MeterId:
        """Key and period."""
        return (self.key, self.period)


class MeterPart(Struct, frozen=True, kw_only=True, gc=False):
    """One call's share of one meter: what it holds of it now and what it has used so far."""

    key: str
    period: str
    held: int = 0
    used: int = 0

    @property
    def meter_id(self) -> MeterId:
        """Key and period."""
        return (self.key, self.period)


def read_meter(meters: Mapping[MeterId, Meter], key: str, period: str) -> Meter:
    """The meter as it stands; one that nothing was counted on stands at zero."""
    return meters.get((key, period)) or Meter(key=key, period=period)


def left_of(meter: Meter, limit: int) -> int:
    """What may still be held under this limit; 0 when the limit was lowered below what is used."""
    return max(0, limit - meter.used - meter.held)


def move(meter: Meter, part: MeterPart, *, held: int, used: int) -> tuple[Meter, MeterPart]:
    """Set a call's share to ``held`` and ``used``; the meter moves by the difference, and has room again when it falls.

    A meter may have forgotten what calls used (``forget``, or a period long over): it never falls below nothing at all.
    ValueError when the share, or what the meter holds, would: a bug.
    """
    falls = held + used < part.held + part.used
    left_held = meter.held + held - part.held
    if min(held, used, left_held) < 0:
        raise ValueError(f"meter {meter.key} of {meter.period or 'ever'} cannot hold {left_held}: {held}, {used}")
    after = Meter(
        key=meter.key,
        period=meter.period,
        used=max(-left_held, meter.used + used - part.used),
        held=left_held,
        reached_at=None if falls else meter.reached_at,
    )
    return after, MeterPart(key=part.key, period=part.period, held=held, used=used)


def forget(meter: Meter) -> Meter:
    """The meter as if nothing were used or held so far, so that its limit may be spent once more.

    Running calls keep what they hold, and ``used`` begins below zero by as much: that much at most is not counted.
    """
    return replace(meter, used=-meter.held, reached_at=None)


def note_reached(moved: tuple[Meter, ...], limits: Mapping[MeterId, int], now: datetime) -> tuple[Meter, ...]:
    """Write down since when a limit has left nothing, and forget it once there is something left again."""
    noted: list[Meter] = []
    for meter in moved:
        limit = limits.get(meter.meter_id)
        empty = meter.reached_at is not None if limit is None else left_of(meter, limit) == 0
        reached_at = (meter.reached_at or now) if empty else None
        noted.append(meter if reached_at == meter.reached_at else replace(meter, reached_at=reached_at))
    return tuple(noted)
