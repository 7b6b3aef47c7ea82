"""An event loop of one thread that no clock and no network drives: a seed decides what runs next, and who is killed.

Knows tasks, their awaits, and the process that each belongs to. Refuses to know what the tasks do. Every await of a
simulated part is a point at which anything else may run first, and at which a process may end and forget everything.
"""

import asyncio
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any

_PROCESS: ContextVar["Process | None"] = ContextVar("process", default=None)


class Process:
    """A process of the product: what dies together. ``generation`` counts its restarts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.generation = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self.alive = True

    def __repr__(self) -> str:
        return f"{self.name}#{self.generation}" if self.generation else self.name


class SeededLoop(asyncio.AbstractEventLoop):
    """Runs one ready callback at a time, drawn by the seed from all that are ready.

    asyncio promises an order among callbacks that are ready; here there is none, as if every await took any time.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.broken: list[BaseException] = []
        """What tasks have raised: a simulated run treats every exception as a failure."""
        self.now_seconds = 0.0
        self._ready: list[tuple[Process | None, events.Handle]] = []
        self._timers: list[events.TimerHandle] = []

    @property
    def waiting(self) -> int:
        """How many callbacks could run now."""
        return len(self._ready)

    def start(self, process: Process, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task of this process, which runs when it is drawn."""
        context = copy_context()
        context.run(_PROCESS.set, process)
        return context.run(self.create_task, work)

    def step(self) -> None:
        """Run one callback that is ready."""
        place = self.random.randrange(len(self._ready))
        last = len(self._ready) - 1
        self._ready[place], self._ready[last] = self._ready[last], self._ready[place]
        _process, handle = self._ready.pop()
        if handle.cancelled():
            return
        with self._current():
            handle._run()  # noqa: SLF001 - what every loop does with a handle

    def kill(self, process: Process) -> Process:
        """End a process between two awaits: its tasks never go on, and its memory is gone. Returns its successor."""
        process.alive = False
        self._ready = [each for each in self._ready if each[0] is not process]
        tasks, process.tasks = process.tasks, []
        with self._current():
            for task in tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined] # noqa: SLF001 - it is meant to be
                    _close(task.get_coro())
        self._ready = [each for each in self._ready if each[0] is not process]
        after = Process(process.name)
        after.generation = process.generation + 1
        return after

    @contextmanager
    def _current(self) -> Iterator[None]:
        before = events._get_running_loop()  # noqa: SLF001 - the way in that the standard library gives to loops
        events._set_running_loop(self)  # noqa: SLF001 - as above: the loop runs for one callback
        try:
            yield
        finally:
            events._set_running_loop(before)  # noqa: SLF001 - as above: whoever ran before goes on

    # ---- what tasks and futures ask of a loop

    def call_soon(  # type: ignore[override] # the standard library's own signature has variadic types
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> events.Handle:
        """Make a callback ready; those of a dead process never run."""
        running = context if context is not None else copy_context()
        process = running.get(_PROCESS)
        handle = events.Handle(callback, args, self, running)
        if process is None or process.alive:
            self._ready.append((process, handle))
        return handle

    def pass_time(self, seconds: float) -> None:
        """Move the loop's own clock; what waited for an instant until now is ready."""
        self.now_seconds += max(0.0, seconds)
        due = [each for each in self._timers if each.when() <= self.now_seconds]
        self._timers = [each for each in self._timers if each.when() > self.now_seconds and not each.cancelled()]
        for timer in due:
            process = timer._context.get(_PROCESS)  # type: ignore[attr-defined] # noqa: SLF001 - as in step
            if not timer.cancelled() and (process is None or process.alive):
                self._ready.append((process, timer))

    def call_at(  # type: ignore[override] # the standard library's own signature has variadic types
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> events.TimerHandle:
        """Make a callback ready once the loop's clock has come that far."""
        timer = events.TimerHandle(when, callback, args, self, context if context is not None else copy_context())
        self._timers.append(timer)
        return timer

    def call_later(  # type: ignore[override] # the standard library's own signature has variadic types
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> events.TimerHandle:
        """The same, after so many seconds."""
        return self.call_at(self.now_seconds + delay, callback, *args, context=context)

    def time(self) -> float:
        """The loop's own clock, in seconds."""
        return self.now_seconds

    def _timer_handle_cancelled(self, handle: events.TimerHandle) -> None:
        """A cancelled timer is dropped when its turn comes."""

    def create_task(  # type: ignore[override] # the standard library's own signature has a type parameter
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """A task, which belongs to the process that started it."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        process = _PROCESS.get()
        if process is not None:
            process.tasks = [each for each in process.tasks if not each.done()]
            process.tasks.append(task)
        return task

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what a callback raised."""
        error = context.get("exception")
        if error is not None:
            self.broken.append(error)

    def get_debug(self) -> bool:
        """Debugging is off."""
        return False

    def is_running(self) -> bool:
        """As far as tasks can see, yes."""
        return True

    def is_closed(self) -> bool:
        """There is nothing to close."""
        return False


async def pause() -> None:
    """A point at which anything else may happen first."""
    await asyncio.sleep(0)


def _close(work: Any) -> None:
    """Throw a task's memory away; what it would still do to the world in a ``finally`` finds nobody to do it."""
    try:
        work.close()
    except RuntimeError as error:
        if "ignored GeneratorExit" not in str(error) and "already executing" not in str(error):
            raise
