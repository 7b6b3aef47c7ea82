"""A clock that stands until a test moves it, with alarms: what edges of switches are given in the place of a loop's."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

START_SECONDS = 1_000.0


class VirtualAlarm:
    """One alarm; knows whether it was called off."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """Seconds, and alarms that go off, in order, when time is moved past them."""

    def __init__(self) -> None:
        self._now = START_SECONDS
        self._numbers = count()
        self._alarms: list[tuple[float, int, VirtualAlarm]] = []

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], object], /) -> VirtualAlarm:
        alarm = VirtualAlarm(callback)
        heapq.heappush(self._alarms, (when, next(self._numbers), alarm))
        return alarm

    def advance(self, seconds: float) -> None:
        """Let time pass; each alarm finds the instant that it was set for."""
        end = self._now + seconds
        while self._alarms and self._alarms[0][0] <= end:
            when, _number, alarm = heapq.heappop(self._alarms)
            self._now = max(self._now, when)
            callback, alarm.callback = alarm.callback, None
            if callback is not None:
                callback()
        self._now = end

    @property
    def waiting(self) -> int:
        """How many alarms are set."""
        return sum(alarm.callback is not None for _when, _number, alarm in self._alarms)
