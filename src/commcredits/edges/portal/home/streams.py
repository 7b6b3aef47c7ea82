"""Server-sent events: a browser that shows live parts is told when there is something new to ask for.

Knows the wire form (WHATWG HTML, server-sent events), how many streams there may be, and when one ends: with the visit,
with the process, or after a while, when the browser opens another. Refuses to send anything of an organization over it:
the browser asks for the part anew, through the door. A browser that does not read is not written to.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from commcredits.edges.portal.home.watching import Watcher

STREAMS_MAX: Final = 400
"""Most streams of a process; whoever comes after them looks by himself now and then."""

STREAMS_OF_VISIT_MAX: Final = 4
"""Most streams of one visit: a browser opens six connections to a place, and pages need some."""

CHECK_SECONDS: Final = 5.0  # a duration of the machine, not money
"""How often the visit is looked at again: so long may a stream outlive it."""

HEARTBEAT_CHECKS: Final = 3
STREAM_SECONDS_MAX: Final = 900.0  # a duration of the machine, not money
RETRY_MILLISECONDS: Final = 2_000

_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that gather answers would keep events back.
    (b"x-accel-buffering", b"no"),
)

Lasts = Callable[[], Awaitable[bool]]
"""Whether the visit that asked is still signed in."""


class Gate:
    """Counts streams, by visit and in all."""

    __slots__ = ("_by_visit", "_count")

    def __init__(self) -> None:
        self._by_visit: Counter[str] = Counter()
        self._count = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count

    def enter(self, visit_id: str) -> bool:
        """Whether there may be one more; whoever enters leaves again."""
        if self._count >= STREAMS_MAX or self._by_visit[visit_id] >= STREAMS_OF_VISIT_MAX:
            return False
        self._count += 1
        self._by_visit[visit_id] += 1
        return True

    def leave(self, visit_id: str) -> None:
        """One stream less."""
        self._count -= 1
        self._by_visit[visit_id] -= 1
        if not self._by_visit[visit_id]:
            del self._by_visit[visit_id]


class EventStream(Response):
    """The stream as an answer. ``known`` is the mark of what the browser shows; empty: it is told once at once."""

    media_type = "text/event-stream"

    def __init__(
        self,
        *,
        watcher: Watcher,
        gate: Gate,
        visit_id: str,
        organization_id: str,
        known: str,
        lasts: Lasts,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store"})
        self._watcher = watcher
        self._gate = gate
        self._visit_id = visit_id
        self._organization_id = organization_id
        self._known = known
        self._lasts = lasts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: answer until the browser goes, the visit or the process ends, or the stream is old."""
        if not self._gate.enter(self._visit_id):
            # Tells a browser not to come again (WHATWG HTML, 9.2.3): it looks by itself instead.
            await Response(status_code=204)(scope, receive, send)
            return
        try:
            writing = asyncio.create_task(self._write(send))
            leaving = asyncio.create_task(_gone(receive))
            done, waiting = await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            if writing in done:
                writing.result()
        finally:
            self._gate.leave(self._visit_id)

    async def _write(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        try:
            async with asyncio.timeout(STREAM_SECONDS_MAX):
                with self._watcher.watching(self._organization_id):
                    async for event in self._events():
                        # Waits while the browser does not read; what moves meanwhile is one event afterwards.
                        await send({"type": "http.response.body", "body": event, "more_body": True})
        except TimeoutError:
            # The browser opens the next one, and says what it knows.
            pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _events(self) -> AsyncIterator[bytes]:
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        known, quiet = self._known, 0
        loop = asyncio.get_running_loop()
        look_at = loop.time() + CHECK_SECONDS
        while not self._watcher.is_stopping:
            mark = await self._watcher.moved_from(self._organization_id, known, max(0.001, look_at - loop.time()))
            if loop.time() >= look_at:
                look_at = loop.time() + CHECK_SECONDS
                quiet += 1
                if not await self._lasts():
                    yield b"event: over\ndata:\n\n"
                    return
            if mark is not None:
                known, quiet = mark, 0
                yield f"id: {mark}\nevent: moved\ndata:\n\n".encode()
            elif quiet >= HEARTBEAT_CHECKS:
                quiet = 0
                yield b":\n\n"


async def _gone(receive: Receive) -> None:
    """Wait until the browser has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
