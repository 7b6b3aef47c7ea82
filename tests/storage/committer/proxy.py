"""A line between a committer and its database that breaks where a test says.

Knows bytes, and that PostgreSQL ends an answer by saying that it is ready. Refuses to know what the bytes mean.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

SOCKET_NAME: Final = ".s.PGSQL.5432"
READY: Final = b"Z\x00\x00\x00\x05"
CHUNK_BYTES_MAX: Final = 1 << 20


class Cut(Enum):
    """Where the line breaks, once."""

    BEFORE = auto()  # the request never arrives
    HALF = auto()  # half of the request arrives
    AFTER = auto()  # the request was carried out, and its answer is lost
    DURING = auto()  # the request arrives; the server works on it and notices nothing
    LATE = auto()  # the request hangs on the way and arrives after the committer has given up


class Proxy:
    """Takes connections in the database's place. Every connection passes until a cut is asked for.

    ``answers`` counts how often the server was ready for another request: the round trips.
    """

    def __init__(self, server_socket: Path) -> None:
        self._server_socket = server_socket
        self._marker = b""
        self._cut = Cut.BEFORE
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._watched: bytes | None = None
        self.cuts = 0
        self.connections = 0
        self.answers = 0
        self.sightings = 0
        self.closed = False
        self.arrive = asyncio.Event()

    def cut(self, marker: bytes, where: Cut) -> None:
        """Break the line at the next request that contains the marker."""
        self._marker, self._cut = marker, where

    def watch(self, marker: bytes) -> None:
        """Count in ``sightings``, from now on, the requests that contain the marker."""
        self._watched, self.sightings = marker, 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection of the committer."""
        self.connections += 1
        if self.closed:
            writer.transport.abort()
            return
        to_server = await asyncio.open_unix_connection(self._server_socket, limit=CHUNK_BYTES_MAX)
        self._writers += (writer, to_server[1])
        line = _Line(self, (reader, writer), to_server)
        self._pumps |= {asyncio.create_task(line.requests()), asyncio.create_task(line.answers())}

    def take_cut(self, request: bytes) -> Cut | None:
        """Where to break the line at this request, or None to let it pass. A cut is made once."""
        if self._watched is not None and self._watched in request:
            self.sightings += 1
        if not self._marker or self._marker not in request:
            return None
        self._marker = b""
        self.cuts += 1
        return self._cut

    async def end(self) -> None:
        """Break every line."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()


class _Line:
    """One connection, both ways."""

    def __init__(
        self,
        proxy: Proxy,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._client_gone = False

    async def requests(self) -> None:
        """Pass on what the committer says, up to the cut."""
        with suppress(ConnectionError):
            while request := await self._from_client.read(CHUNK_BYTES_MAX):
                where = self._proxy.take_cut(request)
                if where is not None:
                    await self._break(request, where)
                    return
                self._to_server.write(request)
                await self._to_server.drain()
        self._to_server.transport.abort()

    async def answers(self) -> None:
        """Pass on what the server says while somebody listens."""
        with suppress(ConnectionError):
            while answer := await self._from_server.read(CHUNK_BYTES_MAX):
                self._proxy.answers += answer.count(READY)
                if not self._client_gone:
                    self._to_client.write(answer)
                    await self._to_client.drain()
                elif READY in answer:
                    break
        self._to_client.transport.abort()
        self._to_server.transport.abort()

    async def _break(self, request: bytes, where: Cut) -> None:
        self._client_gone = True
        if where in {Cut.AFTER, Cut.DURING}:
            self._to_server.write(request)
        elif where is Cut.HALF:
            self._to_server.write(request[: len(request) // 2])
            await self._to_server.drain()
            self._to_server.close()
        if where is Cut.AFTER:
            return  # the pump of answers breaks the line when the server is ready
        self._to_client.transport.abort()
        if where is Cut.BEFORE:
            self._to_server.transport.abort()
        elif where is Cut.LATE:
            await self._proxy.arrive.wait()
            self._to_server.write(request)


@asynccontextmanager
async def open_proxy(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy for the database of a socket, and the address that goes through it."""
    parts = urlsplit(url)
    proxy = Proxy(Path(parse_qs(parts.query)["host"][0]) / SOCKET_NAME)
    # Directly below the temporary directory, for the path of a socket has to be short.
    with tempfile.TemporaryDirectory() as directory:
        async with await asyncio.start_unix_server(proxy.take, Path(directory) / SOCKET_NAME, limit=CHUNK_BYTES_MAX):
            yield proxy, parts._replace(query=f"host={quote(directory, safe='')}&port=5432").geturl()
            await proxy.end()
