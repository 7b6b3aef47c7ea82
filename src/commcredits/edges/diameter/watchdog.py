"""The watchdog of one connection (RFC 3539 §3.4.1), as a table over instants.

Knows when a silent peer is asked, suspected and given up. Refuses to know clocks and messages.
"""

from __future__ import annotations

from enum import Enum, auto


class Verdict(Enum):
    """What the silence of a peer asks for now."""

    NOTHING = auto()
    ASK = auto()
    SUSPECT = auto()
    CLOSE = auto()


class Watchdog:
    """One connection's. Instants are seconds of any one clock.

    ``tw_seconds`` is the watchdog timer Tw, jitter included. ``is_suspect``: it was asked, and said nothing for Tw.
    """

    __slots__ = ("_pending", "_since", "_tw_seconds", "is_suspect")

    def __init__(self, tw_seconds: float, now_seconds: float) -> None:
        self._tw_seconds = tw_seconds
        self._since = now_seconds
        self._pending = False
        self.is_suspect = False

    @property
    def since_seconds(self) -> float:
        """When it was heard of, asked or suspected last."""
        return self._since

    def hear(self, now_seconds: float) -> None:
        """The peer said something, whatever it was."""
        self._since = now_seconds
        self.is_suspect = False

    def hear_answer(self) -> None:
        """What it said was the answer to our question (DWA)."""
        self._pending = False

    def ask(self, now_seconds: float) -> bool:
        """Ask now, ahead of time; False when it was asked already."""
        if self._pending:
            return False
        self._pending = True
        self._since = now_seconds
        return True

    def look(self, now_seconds: float) -> Verdict:
        """What is to be done at this instant; it is taken for done."""
        if now_seconds - self._since < self._tw_seconds:
            return Verdict.NOTHING
        self._since = now_seconds
        if self.is_suspect:
            return Verdict.CLOSE
        if self._pending:
            self.is_suspect = True
            return Verdict.SUSPECT
        self._pending = True
        return Verdict.ASK
