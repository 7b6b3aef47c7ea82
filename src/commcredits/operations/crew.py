"""A bounded crew: so many pieces of work at once, which outlast the round that began them.

Knows how many may work, and waits for them at the end. Refuses to know what they do. One that takes long keeps nobody
else from beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Final

import structlog

LEAVE_SECONDS_MAX: Final = 10.0
"""How long those who work are waited for at the end, before they are cut off."""


async def wait_for_any(seconds: float, *crews: Crew) -> None:
    """Wait until somebody of these crews is done, but not longer."""
    tasks = [task for crew in crews for task in crew.tasks]
    if tasks:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


class Crew:
    """At most ``size`` pieces of work at once, each under the name of what it keeps busy."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._working: dict[asyncio.Task[None], str] = {}
        self._done = 0

    @property
    def free(self) -> int:
        """How many more may begin."""
        return self._size - len(self._working)

    @property
    def busy(self) -> tuple[str, ...]:
        """What is kept busy."""
        return tuple(self._working.values())

    def begin(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Have somebody do this; whoever begins more than are free has not counted."""
        assert self.free > 0, "nobody is free"
        task = asyncio.create_task(work, name=name)
        self._working[task] = name
        task.add_done_callback(self._note_done)

    def take_done(self) -> int:
        """How many pieces of work ended since this was asked."""
        done, self._done = self._done, 0
        return done

    @property
    def tasks(self) -> tuple[asyncio.Task[None], ...]:
        """Those who work."""
        return tuple(self._working)

    async def aclose(self) -> None:
        """Wait for all who work, and cut off whoever takes too long: what they did is tried again later."""
        left: Iterable[asyncio.Task[None]] = tuple(self._working)
        if left:
            _done, left = await asyncio.wait(left, timeout=LEAVE_SECONDS_MAX)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _note_done(self, task: asyncio.Task[None]) -> None:
        del self._working[task]
        self._done += 1
        error = None if task.cancelled() else task.exception()
        if error is not None:
            structlog.get_logger("worker").error("work failed", work=task.get_name(), exc_info=error)
