"""Notices that something of an organization has moved, for whoever looks at it: one look a second for all of them.

Knows marks, texts that change whenever anything does (commcredits.operations.attention). Refuses to know what has
changed, and to look while nobody watches. Whoever is slow misses marks in between and gets the last.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

LOOK_SECONDS: Final = 1.0  # a duration of the machine, not money

Marks = Callable[[tuple[str, ...]], Awaitable[Mapping[str, str]]]
"""The marks of these organizations now; of those that exist."""


@dataclass(slots=True, kw_only=True)
class _Watched:
    """An organization that somebody looks at."""

    mark: str | None = None
    watchers: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)


class Watcher:
    """Watches as long as anybody does. ``stopping`` is set when the process ends: then nobody waits any longer."""

    def __init__(
        self, marks: Marks, *, stopping: asyncio.Event | None = None, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._marks = marks
        self._stopping = stopping
        self._look_seconds = look_seconds
        self._watched: dict[str, _Watched] = {}
        self._looking: asyncio.Task[None] | None = None
        self.looks = 0
        """How often it has looked, for whoever asks what watching costs."""

    @property
    def is_stopping(self) -> bool:
        """Whether the process ends."""
        return self._stopping is not None and self._stopping.is_set()

    @contextmanager
    def watching(self, organization_id: str) -> Iterator[None]:
        """While the block lasts, this organization is looked at."""
        watched = self._watched.setdefault(organization_id, _Watched())
        watched.watchers += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on(), name="portal live parts")
        try:
            yield
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                self._watched.pop(organization_id, None)
            if not self._watched and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def moved_from(self, organization_id: str, known: str, seconds: float) -> str | None:
        """The mark once it is another than this; None when it has not been within so many seconds, or on stopping."""
        watched = self._watched[organization_id]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while watched.mark is None or watched.mark == known:
                    if self.is_stopping:
                        return None
                    moved = watched.moved
                    await moved.wait()
                return watched.mark
        return None

    async def _look_on(self) -> None:
        while True:
            await self._look()
            if self.is_stopping:
                for watched in self._watched.values():
                    watched.moved.set()
                return
            await asyncio.sleep(self._look_seconds)

    async def _look(self) -> None:
        self.looks += 1
        try:
            marks = await self._marks(tuple(self._watched))
        except (OSError, TimeoutError, RuntimeError):
            # The database is away; pages say so by themselves, and the next look may find it again.
            return
        for organization_id, mark in marks.items():
            watched = self._watched.get(organization_id)
            if watched is not None and watched.mark != mark:
                watched.mark = mark
                before, watched.moved = watched.moved, asyncio.Event()
                before.set()
