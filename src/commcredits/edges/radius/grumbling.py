"""What is wrong with packets, told to the operator without letting a flood of them become a flood of lines.

Knows which peer did what wrong, and how often. Refuses to know contents: no number, secret or byte of a packet is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

QUIET_SECONDS: Final = 10.0
"""How long the same complaint about the same peer is only counted."""

COMPLAINTS_MAX: Final = 1_024
"""How many complaints are counted at once; beyond that all of them begin anew."""

_log: Final = structlog.get_logger("radius")


class Grumbling:
    """The complaints of one process; ``clock`` gives monotonic seconds."""

    __slots__ = ("_clock", "_told")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def complain(self, reason: str, peer: str, **facts: str | int) -> None:
        """Log a warning, or count it when this peer did the same within the last seconds."""
        now = self._clock()
        since, count = self._told.get((reason, peer), (0.0, 0))
        if since and now - since < QUIET_SECONDS:
            self._told[reason, peer] = (since, count + 1)
            return
        if len(self._told) >= COMPLAINTS_MAX:
            self._told.clear()
        self._told[reason, peer] = (now, 0)
        more = {"also": count} if count else {}
        _log.warning(reason, peer=peer, **facts, **more)
