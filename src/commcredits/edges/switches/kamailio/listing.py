"""Kamailio's list of the calls that it has, put together out of its parts.

Knows what a list says, the form of a part and when a list is complete. Refuses to know what a difference from our own
list means (commcredits.operations.reconciling).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.edges.switches.kamailio.messages import SaysCalls, SaysListed

_ENDING: Final = "=ending"
"""What follows a call that is over. A configuration of before marks none: there such a call is among the running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCalls:
    """A whole list: the calls that ring or talk, by session id, and whose they are; and those of which the end waits.

    ``ending`` calls are over, and Kamailio has not heard yet that their end was taken.
    """

    running: Mapping[str, str]
    ending: frozenset[str]


class CallList:
    """One list, from the question for it to its end."""

    __slots__ = ("_calls_max", "_ended", "_ending", "_running", "_whole", "number")

    def __init__(self, number: int, *, calls_max: int) -> None:
        self.number = number
        self._calls_max = calls_max
        self._running: dict[str, str] = {}
        self._ending: set[str] = set()
        self._whole = True
        self._ended = asyncio.Event()

    def part(self, said: SaysCalls) -> None:
        """Take a part. One of another list is left out, and more than there may be spoils the list."""
        if said.list != self.number or self._ended.is_set():
            return
        for each in said.calls.split():
            session_id, _, organization_id = each.removesuffix(_ENDING).rpartition("=")
            if each.endswith(_ENDING):
                self._ending.add(session_id)
            else:
                self._running[session_id] = organization_id
        if self._count() > self._calls_max:
            self._whole = False
            self._running.clear()
            self._ending.clear()

    def end(self, said: SaysListed) -> None:
        """The list has ended; it is whole if every part arrived."""
        if said.list == self.number:
            self._whole = self._whole and self._count() == said.count
            self._ended.set()

    def give_up(self) -> None:
        """Nothing more will come of it: the link is gone."""
        self._whole = False
        self._ended.set()

    async def wait(self, seconds: float) -> LiveCalls | None:
        """The calls, once the list has ended; None where it did not in time, or where parts are missing."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return None
        return LiveCalls(running=self._running, ending=frozenset(self._ending)) if self._whole else None

    def _count(self) -> int:
        return len(self._running) + len(self._ending)
