"""One TCP connection to Kamailio: bytes in, whole messages out, and answers that leave together.

Knows sockets and frames. Refuses to know what is said, and when to connect (commcredits.edges.switches.kamailio.link).
Reading never stops: a Kamailio whose messages nobody reads stops serving telephones, emergencies too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from commcredits.edges.switches.kamailio.framing import FramingError, NetstringReader, frame
from commcredits.edges.switches.kamailio.messages import Done, encode_done


class LinkConnection(asyncio.Protocol):
    """The protocol of one connection. ``lost`` is set once it is gone, and ``why`` says in a few words why."""

    __slots__ = (
        "_buffer_bytes_max",
        "_hear",
        "_loop",
        "_reader",
        "_transport",
        "_waiting",
        "heard_at",
        "lost",
        "why",
    )

    def __init__(self, hear: Callable[[bytes], None], *, write_buffer_bytes_max: int) -> None:
        self._hear = hear
        self._buffer_bytes_max = write_buffer_bytes_max
        self._loop = asyncio.get_running_loop()
        self._reader = NetstringReader()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self.heard_at = self._loop.time()
        self.lost = asyncio.Event()
        self.why = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: we are connected."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is gone; commands in flight go on, their answers go nowhere."""
        self._transport = None
        self._waiting.clear()
        if not self.why:
            self.why = "closed by Kamailio" if exc is None else f"{type(exc).__name__}: {exc}"
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes arrived."""
        if self.why:
            return
        try:
            messages = self._reader.feed(data)
        except FramingError as error:
            self.abort(str(error))
            return
        if messages:
            self.heard_at = self._loop.time()
        for message in messages:
            self._hear(message)

    def send(self, done: Done) -> None:
        """Tell Kamailio to do this; everything that is told in one turn of the loop leaves together."""
        if self._transport is None or self.why:
            return
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append(frame(encode_done(done)))

    def flush(self) -> None:
        """Let go what waits. A Kamailio that takes nothing in any more is given up."""
        if self._transport is None or not self._waiting:
            return
        payload = b"".join(self._waiting)
        self._waiting.clear()
        self._transport.write(payload)
        if self._transport.get_write_buffer_size() > self._buffer_bytes_max:
            self.abort("it does not read what it is told")

    def abort(self, why: str) -> None:
        """Close at once."""
        self.why = self.why or why
        if self._transport is not None:
            self._transport.abort()

    def close(self, why: str) -> None:
        """Send what waits, then close."""
        self.flush()
        self.why = self.why or why
        if self._transport is not None:
            self._transport.close()
