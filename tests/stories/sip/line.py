"""The line between the switch and charging, which can be cut, or stall, and be whole again.

Knows bytes and connections. Refuses to know what is said over it.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

CHUNK_BYTES: Final = 65536
PATIENCE_SECONDS: Final = 5


class LineState(StrEnum):
    """What becomes of the next request."""

    WHOLE = "whole"
    CUT = "cut"
    STALLED = "stalled"


@dataclass(slots=True)
class Line:
    """A TCP relay on a loopback port in front of ``target_url``; a context manager.

    Cut, it refuses connections as a stopped process does; stalled, it takes requests and never answers.
    """

    target_url: str
    port: int
    _state: LineState = LineState.CUT
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """What the switch is told to be charging's address."""
        return f"http://127.0.0.1:{self.port}"

    def set(self, state: LineState) -> None:
        """Change what becomes of requests; what is under way is broken off."""
        self._wait_for(self._set(state))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.set(LineState.WHOLE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.set(LineState.CUT)
        self._wait_for(_finish_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    def _wait_for(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _set(self, state: LineState) -> None:
        self._state = state
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
        if state is not LineState.CUT:
            self._server = await asyncio.start_server(self._relay, "127.0.0.1", self.port)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if self._state is LineState.STALLED:
            while await reader.read(CHUNK_BYTES):
                pass
            return
        target = urlsplit(self.target_url)
        try:
            far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        except OSError:
            writer.transport.abort()
            return
        self._writers.add(far_writer)
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def _finish_tasks() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
