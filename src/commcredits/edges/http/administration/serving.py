"""How much and how long a client of the web process may take before anything of it is looked at.

Knows bytes and times of one connection, which the web server itself leaves unbounded. Refuses to know requests: what
is in them is the application's to refuse.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

OVERHEAD_BYTES_MAX: Final = 64 * 1_024
"""Most bytes of a request that are not its body: request line, header, framing of chunks, trailer.

One read more may slip through; it is no more than the server takes at a time.
"""

_CHUNK_OVERHEAD_FACTOR: Final = 8
"""Chunks of a single byte carry five more each; a sender may use them."""


class BoundedProtocol(HttpToolsProtocol):
    """A connection that ends when a header is too long or does not come, so that nobody's silence or flood stays.

    ``header_seconds`` is how long the next request's header may take, from when the connection is made or the last
    answer is given.
    """

    header_seconds: ClassVar[float] = 10.0  # a duration of the machine, not money

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began_here = False
        self._bytes_read = 0
        self._body_bytes = 0
        self._header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """asyncio: a client connected."""
        super().connection_made(transport)
        self._wait_for_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is gone."""
        if self._header_timer is not None:
            self._header_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes arrived."""
        self._began_here = False
        super().data_received(data)
        if not self._began_here:
            self._bytes_read += len(data)
        overhead = self._bytes_read - self._body_bytes
        if (
            overhead > OVERHEAD_BYTES_MAX + self._body_bytes * _CHUNK_OVERHEAD_FACTOR
            and not self.transport.is_closing()
        ):
            self.transport.abort()

    def on_message_begin(self) -> None:
        """httptools: the first byte of a request was read."""
        self._began_here = True
        self._bytes_read = 0
        self._body_bytes = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """httptools: a part of the body, chunk framing removed."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        """uvicorn: an answer was given."""
        super().on_response_complete()
        self._wait_for_header()

    def _wait_for_header(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
        self._header_timer = self.loop.call_later(self.header_seconds, self._header_is_late)

    def _header_is_late(self) -> None:
        # Before the first request there is no cycle, whatever its type says.
        is_answering = bool(self.cycle) and not self.cycle.response_complete
        if not is_answering:
            self.transport.close()
