"""Things to be done one after the other for one call, while nobody waits.

Knows order. Refuses to know what is done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from commcredits.edges.switches.asterisk.failures import log_failure

Step = Callable[[], Awaitable[object]]


class Tasks:
    """Tasks of one link: none is lost, and none outlives it."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do this; a bug in it is logged without any value, and harms nothing else."""
        task = asyncio.get_running_loop().create_task(work, name="asterisk")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def stop(self) -> None:
        """Cancel what is left."""
        while self._tasks:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.wait(tuple(self._tasks))

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log_failure("asterisk task failed", error)


class Steps:
    """The steps of one call; a task of the link runs while there are any."""

    __slots__ = ("_running", "_steps", "_tasks")

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._steps: deque[Step] = deque()
        self._running = False

    def add(self, step: Step) -> None:
        """Do this after everything that was added before."""
        self._steps.append(step)
        if not self._running:
            self._running = True
            self._tasks.start(self._run())

    def clear(self) -> None:
        """Do nothing of what is not begun."""
        self._steps.clear()

    async def _run(self) -> None:
        try:
            while self._steps:
                await self._steps.popleft()()
        finally:
            self._running = False
