"""Calls of earlier this month, which use up minutes before the demonstration begins.

Knows how many calls and how long. Refuses to let one begin in the month before, or end in the future: then it would
count in another pool, or not be over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from commcredits.core.money import divide_up
from commcredits.edges.demo.samples import SampleHistory

CALL_SECONDS: Final = 25 * 60
"""How long one of these calls is."""

OVER_FOR_SECONDS: Final = 5
"""How long ago the last of them ended: clocks of two machines need not agree."""

_MINUTE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCall:
    """A call that is over."""

    caller: str
    callee: str
    started_at: datetime
    duration_seconds: int


def past_calls(history: SampleHistory, time_zone: str, now: datetime) -> Iterator[PastCall]:
    """Calls that have together used exactly these started minutes, one before the other, newest first.

    Early in the month, in that zone, they are shorter or at the same time. In its very first seconds there is no room.
    """
    month_began = now.astimezone(ZoneInfo(time_zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    newest_ends = now - timedelta(seconds=OVER_FOR_SECONDS)
    room_seconds = max(1, int((newest_ends - month_began).total_seconds()))
    minutes_left, ends_at = history.minutes, newest_ends
    while minutes_left:
        seconds = min(CALL_SECONDS, room_seconds, minutes_left * _MINUTE_SECONDS)
        starts_at = max(ends_at - timedelta(seconds=seconds), month_began)
        yield PastCall(caller=history.caller, callee=history.callee, started_at=starts_at, duration_seconds=seconds)
        minutes_left -= divide_up(seconds, _MINUTE_SECONDS)
        ends_at = starts_at if starts_at > month_began else newest_ends
