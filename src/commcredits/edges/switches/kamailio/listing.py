"""Kamailio's list of the calls that run there, put together out of its parts.

Knows the form of a part and when a list is complete. Refuses to know what a difference from our own list means
(commcredits.operations.reconciling).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from commcredits.edges.switches.kamailio.messages import SaysCalls, SaysListed


class CallList:
    """One list, from the question for it to its end; ``calls`` are session ids, and whose they are."""

    __slots__ = ("_calls", "_calls_max", "_ended", "_whole", "number")

    def __init__(self, number: int, *, calls_max: int) -> None:
        self.number = number
        self._calls_max = calls_max
        self._calls: dict[str, str] = {}
        self._whole = True
        self._ended = asyncio.Event()

    def part(self, said: SaysCalls) -> None:
        """Take a part. One of another list is left out, and more than there may be spoils the list."""
        if said.list != self.number or self._ended.is_set():
            return
        for each in said.calls.split():
            session_id, _, organization_id = each.rpartition("=")
            self._calls[session_id] = organization_id
        if len(self._calls) > self._calls_max:
            self._whole = False
            self._calls.clear()

    def end(self, said: SaysListed) -> None:
        """The list has ended; it is whole if every part arrived."""
        if said.list == self.number:
            self._whole = self._whole and len(self._calls) == said.count
            self._ended.set()

    def give_up(self) -> None:
        """Nothing more will come of it: the link is gone."""
        self._whole = False
        self._ended.set()

    async def wait(self, seconds: float) -> Mapping[str, str] | None:
        """The calls, once the list has ended; None where it did not in time, or where parts are missing."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return None
        return self._calls if self._whole else None
