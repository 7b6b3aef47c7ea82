"""What Kamailio does at its end of the link: a listener that lets us in, puts questions and hears what it is to do.

Knows frames, and the words that every link begins with. Refuses to know SIP: a test says what Kamailio says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from commcredits.edges.switches.kamailio.framing import NetstringReader

SECRET: Final = "secret-of-the-link"
WAIT_SECONDS: Final = 30
CHUNK_BYTES: Final = 65_536


def netstring(message: Mapping[str, Any] | bytes) -> bytes:
    """A message as Kamailio frames it."""
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"%d:%b," % (len(raw), raw)


@dataclass(slots=True)
class EvapiPeer:
    """A Kamailio's module ``evapi``, on a port of loopback.

    ``calls`` are what it lists, and whose, of which ``ending`` are over; ``lists_whole`` is false where a part of the
    list gets lost; ``answers_pings`` is false for one that has gone silent; ``reads`` is not set for one that takes
    nothing in.
    """

    secret: str = SECRET
    calls: dict[str, str] = field(default_factory=dict)
    ending: set[str] = field(default_factory=set)
    lists_whole: bool = True
    answers_pings: bool = True
    active: int = 1
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    heard: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    links: int = 0
    lists: int = 0
    _writer: asyncio.StreamWriter | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, **message: Any) -> None:
        """Say something."""
        self.write(netstring(message))

    def write(self, raw: bytes) -> None:
        """Send bytes as they are."""
        assert self._writer is not None, "nobody is connected"
        self._writer.write(raw)

    def break_off(self) -> None:
        """Break the connection without a goodbye."""
        assert self._writer is not None, "nobody is connected"
        self._writer.transport.abort()

    async def hear(self, count: int = 1, **done: Any) -> dict[str, Any]:
        """The latest message with these fields, once there are so many; nothing heard is forgotten by it."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                found = [each for each in self.heard if all(each.get(name) == value for name, value in done.items())]
                if len(found) >= count:
                    return found[-1]
                self._changed.clear()
                await self._changed.wait()

    async def ask(self, **message: Any) -> dict[str, Any]:
        """The answer to a question: whatever it is to do next, pings apart."""
        before = len(self.heard)
        self.say(**message)
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.heard) == before:
                self._changed.clear()
                await self._changed.wait()
        return self.heard[before]

    async def linked(self, times: int = 1) -> None:
        """Once it was linked so often and has told its calls since."""
        async with asyncio.timeout(WAIT_SECONDS):
            while self.links < times or self.lists < times:
                self._changed.clear()
                await self._changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        self._writer = writer
        self.connections += 1
        frames, let_in = NetstringReader(), False
        try:
            while True:
                await self.reads.wait()
                data = await reader.read(CHUNK_BYTES)
                if not data:
                    break
                for raw in frames.feed(data):
                    let_in = self._take(json.loads(raw), let_in=let_in)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    def _take(self, message: dict[str, Any], *, let_in: bool) -> bool:
        match message["do"]:
            case "hello":
                let_in = message["secret"] == self.secret
                self.links += let_in
            case "ping":
                if let_in and self.answers_pings:
                    self.say(say="pong", active=self.active)
                return let_in
            case "list":
                self._tell_calls(message["list"])
                self.lists += 1
            case _:
                self.heard.append(message)
        self._changed.set()
        return let_in

    def _tell_calls(self, number: int) -> None:
        told = [f"{each}={of}{'=ending' if each in self.ending else ''}" for each, of in self.calls.items()]
        for at in range(0, len(told) if self.lists_whole else 0, 40):
            self.say(say="calls", list=number, calls=" ".join(told[at : at + 40]) + " ")
        self.say(say="listed", list=number, count=len(told))


@asynccontextmanager
async def listening(peer: EvapiPeer, port: int = 0) -> AsyncIterator[EvapiPeer]:
    """The peer on a port, until the block ends."""
    peer.reads.set()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", port)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        await server.wait_closed()
