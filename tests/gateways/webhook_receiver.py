"""A receiver of webhooks on a port of its own: keeps what came and answers as it was told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Receiver:
    """What came, in order: headers by lower-case name, and the exact body."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    messages: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_for(self, count: int, seconds_max: float = 30) -> list[tuple[dict[str, str], bytes]]:
        """Wait until so many messages have come."""
        async with asyncio.timeout(seconds_max):
            while len(self.messages) < count:
                self.came.clear()
                await self.came.wait()
        return self.messages


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    """Receive webhooks; the first ones are answered with `statuses`, the rest with 204."""
    receiver = Receiver(statuses=list(statuses))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = [line.partition(":") for line in head.splitlines()[1:] if line]
        headers = {name.strip().lower(): value.strip() for name, _, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        receiver.messages.append((headers, body))
        receiver.came.set()
        status = receiver.statuses.pop(0) if receiver.statuses else 204
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks/simulator"
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
