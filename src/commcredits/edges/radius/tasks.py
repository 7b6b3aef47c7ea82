"""The tasks of this edge: bounded, never lost, and a bug in one of them is told.

Knows asyncio. Refuses to know what they do.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine
from typing import Any, Final

import structlog

TASKS_MAX: Final = 2_048
_log: Final = structlog.get_logger("radius")


class Tasks:
    """Those that run now."""

    __slots__ = ("_running", "_tasks_max")

    def __init__(self, *, tasks_max: int = TASKS_MAX) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._tasks_max = tasks_max

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> bool:
        """Run it beside everything else; False, and nothing is run, where too many run already."""
        if len(self._running) >= self._tasks_max:
            work.close()
            return False
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return True

    async def aclose(self) -> None:
        """Cancel what runs, and wait until it has stopped."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log_failure("a task of the RADIUS edge failed", error, task=task.get_name())


def log_failure(event: str, error: BaseException, **facts: str) -> None:
    """Log an exception that nobody expected: where and which, without any variable's value."""
    _log.error(event, error=type(error).__name__, traceback="".join(traceback.format_tb(error.__traceback__)), **facts)
