"""What is said about peers that misbehave: soon, by name, and not a thousand times.

Knows how often the same may be said of the same peer. Refuses to know what peers do wrong.
"""

from __future__ import annotations

from typing import Final

import structlog

from commcredits.edges.switches.alarms import Timers

AGAIN_SECONDS: Final = 10.0
PEERS_MAX: Final = 1_024


class Complaints:
    """Warnings about peers; the same one is said again after AGAIN_SECONDS, with how often it was left out.

    ``name`` is that of the log.
    """

    __slots__ = ("_log", "_said", "_timers")

    def __init__(self, timers: Timers, name: str) -> None:
        self._log = structlog.get_logger(name)
        self._timers = timers
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def say(self, event: str, *, peer: str, reason: str = "") -> None:
        """Warn that this peer did this; never with anything that it sent."""
        key, now = (event, peer), self._timers.time()
        said_at, left_out = self._said.get(key, (now - AGAIN_SECONDS, 0))
        if now - said_at < AGAIN_SECONDS:
            self._said[key] = (said_at, left_out + 1)
            return
        if len(self._said) >= PEERS_MAX:
            self._said.clear()
        self._said[key] = (now, 0)
        self._log.warning(event, peer=peer, reason=reason, left_out=left_out)
