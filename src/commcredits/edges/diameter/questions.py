"""Requests of our own on one connection, waiting for their answers.

Knows hop-by-hop identifiers and how long an answer may take. Refuses to know what is asked.
"""

from __future__ import annotations

import asyncio
from typing import Final

from commcredits.edges.diameter.clocks import CoarseClock
from commcredits.edges.diameter.limits import PeerLimits
from commcredits.edges.diameter.messages import Message

_IDENTIFIERS: Final = 1 << 32

Answer = asyncio.Future[Message | None]


class Questions:
    """Those of one connection. A future gets the answer, or None when there will be none; it never fails."""

    __slots__ = ("_clock", "_limits", "_next", "_waiting")

    def __init__(self, limits: PeerLimits, clock: CoarseClock) -> None:
        self._limits = limits
        self._clock = clock
        self._next = 1
        # By hop-by-hop identifier, in the order of asking, which is that of running out of time.
        self._waiting: dict[int, tuple[Answer, int, float]] = {}

    def unasked(self) -> Answer:
        """What becomes of a question that cannot be asked."""
        future: Answer = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    def ask(self, command_code: int) -> tuple[int | None, Answer]:
        """The identifier for a new question and what gets its answer; no identifier where too many wait already."""
        if len(self._waiting) >= self._limits.requests_max:
            return None, self.unasked()
        hop_by_hop = self._next
        self._next = (hop_by_hop + 1) % _IDENTIFIERS
        future: Answer = asyncio.get_running_loop().create_future()
        self._waiting[hop_by_hop] = (future, command_code, self._clock.seconds + self._limits.request_seconds)
        return hop_by_hop, future

    def answered(self, message: Message) -> int | None:
        """An answer has come: the command that it answers, None when nobody waits for it."""
        waiting = self._waiting.get(message.hop_by_hop)
        if waiting is None or waiting[1] != message.command_code:
            return None
        del self._waiting[message.hop_by_hop]
        if not waiting[0].done():
            waiting[0].set_result(message)
        return message.command_code

    def expire(self, now_seconds: float) -> None:
        """Tell those who have waited long enough that there will be no answer."""
        while self._waiting:
            hop_by_hop = next(iter(self._waiting))
            future, _, until_seconds = self._waiting[hop_by_hop]
            if until_seconds > now_seconds:
                return
            del self._waiting[hop_by_hop]
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Tell everybody who waits that there will be no answer."""
        for future, _, _ in self._waiting.values():
            if not future.done():
                future.set_result(None)
        self._waiting.clear()
