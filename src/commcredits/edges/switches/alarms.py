"""Alarms on a clock that is handed in, so that nothing has to sleep to be tested.

Knows what a clock with alarms looks like; an asyncio event loop is one. Refuses to know what is done when one goes off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Cancellable(Protocol):
    """Something that was asked for and can be called off."""

    def cancel(self) -> None:
        """Call it off; nothing where it is over."""
        ...


class Timers(Protocol):
    """A clock, in seconds from some beginning, that never goes back, and its alarms."""

    def time(self) -> float:
        """The seconds now."""
        ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> Cancellable:
        """Call back at that instant, or soon after."""
        ...


class Alarm:
    """One alarm that is set, moved and called off; ``action`` is what it does."""

    __slots__ = ("_handle", "_timers", "action")

    def __init__(self, timers: Timers, action: Callable[[], object]) -> None:
        self.action = action
        self._timers = timers
        self._handle: Cancellable | None = None

    def set_at(self, when: float) -> None:
        """Go off at this instant, and at no other that was set before."""
        self.cancel()
        self._handle = self._timers.call_at(when, self._go_off)

    def cancel(self) -> None:
        """Do not go off."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _go_off(self) -> None:
        self._handle = None
        self.action()
