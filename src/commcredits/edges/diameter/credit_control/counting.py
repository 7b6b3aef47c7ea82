"""What a client has used so far: Diameter tells differences since the last report, our commands take the whole.

Knows retransmissions, reports that overtake others and reports that never came (RFC 8506 §5.3, §8.2). Refuses to know
money and messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

USED_SECONDS_MAX: Final = 315_360_000
"""No count goes beyond ten years."""

REPORTS_REMEMBERED: Final = 4
"""Of so many latest reports it is known what they came to."""

_SECOND: Final = timedelta(seconds=1)


class UsedSeconds:
    """The seconds of one group of one session, counted from its answer.

    A report that is missing, by the numbers of those around it, is made up for by the clock: a call goes on while
    nobody reports it. That is possible only once it is known when it was answered. What a late report then tells is
    taken out of that again.
    """

    __slots__ = ("_assumed", "_floor", "_reports", "_told", "answered_at", "newest")

    def __init__(self, reports: Mapping[int, int] | None = None, answered_at: datetime | None = None) -> None:
        """``reports`` are the latest ones by number and what they came to, where somebody remembers them."""
        self._reports = dict(reports or {})
        self._floor = min(self._reports, default=0) - 1
        self.newest = max(self._reports, default=0)
        self._told = self._reports.get(self.newest, 0)
        self._assumed = 0
        self.answered_at = answered_at

    @property
    def seconds(self) -> int:
        """All of them, as far as anybody knows."""
        return min(self._told + self._assumed, USED_SECONDS_MAX)

    def report(self, number: int, used: int, now: datetime, *, gap: bool = False) -> int:
        """Count a report of ``used`` more seconds, and say the whole; of a number that came before, what it was then.

        ``now`` is when the client counted. ``gap``: requests before this one never came.
        """
        before = self._reports.get(number)
        if before is not None:
            return before
        if number <= self._floor:
            return self.seconds
        self._told = min(self._told + used, USED_SECONDS_MAX)
        if number < self.newest:
            self._assumed = max(0, self._assumed - used)
        elif gap and self.answered_at is not None:
            self._assumed += max(0, (now - self.answered_at) // _SECOND - self._told - self._assumed)
        self.newest = max(self.newest, number)
        whole = self.seconds
        if whole and self.answered_at is None:
            self.answered_at = now - timedelta(seconds=min(whole, USED_SECONDS_MAX))
        self._reports[number] = whole
        if len(self._reports) > REPORTS_REMEMBERED:
            self._floor = min(self._reports)
            del self._reports[self._floor]
        return whole
