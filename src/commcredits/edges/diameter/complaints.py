"""Log lines about what others do, so few of them that nobody can fill a disk by doing it.

Knows how many lines may leave. Refuses to know why.
"""

from __future__ import annotations

from typing import Final

import structlog

_LINES_MAX: Final = 100
_WINDOW_SECONDS: Final = 10.0
_log: Final = structlog.get_logger("diameter")


class Complaints:
    """The lines of one listener: at most a hundred in ten seconds, and then how many were left out."""

    __slots__ = ("_left_out", "_lines", "_since")

    def __init__(self, now_seconds: float) -> None:
        self._since = now_seconds
        self._lines = 0
        self._left_out = 0

    def warn(self, event: str, **facts: str) -> None:
        """Say that something is wrong with a peer."""
        if self._may():
            _log.warning(event, **facts)

    def tell(self, event: str, **facts: str) -> None:
        """Say what happened."""
        if self._may():
            _log.info(event, **facts)

    def sweep(self, now_seconds: float) -> None:
        """Begin a new window where one is over."""
        if now_seconds - self._since < _WINDOW_SECONDS:
            return
        if self._left_out:
            _log.warning("diameter lines left out", lines=self._left_out)
        self._since = now_seconds
        self._lines = self._left_out = 0

    def _may(self) -> bool:
        self._lines += 1
        if self._lines <= _LINES_MAX:
            return True
        self._left_out += 1
        return False
