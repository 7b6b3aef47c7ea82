"""A program of an organization that hears webhooks: keeps what came, checks its signature, answers as it was told."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook


@dataclass(slots=True)
class Came:
    """One request: its request line, header fields by lower-case name, and the exact body."""

    line: str
    headers: dict[str, str]
    body: bytes

    def read(self, secret: str) -> Any:
        """The document, once the library that receivers use has found the signature good."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(slots=True)
class Receiver:
    """Where it is, what came, and how it answers: status, body, and more header fields."""

    port: int = 0
    came: list[Came] = field(default_factory=list)
    connections: int = 0
    status: int = 204
    body: bytes = b""
    fields: str = ""
    answers: Callable[[], bool] = lambda: True
    hold: asyncio.Event | None = None
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Its address over plain http."""
        return f"http://127.0.0.1:{self.port}/hooks?of=credits"

    async def wait_for(self, count: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(10):
            async with self.heard:
                await self.heard.wait_for(lambda: len(self.came) >= count)


@asynccontextmanager
async def receiving(
    *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None, **answer: Any
) -> AsyncIterator[Receiver]:
    """Hear webhooks on a port of this machine."""
    receiver = Receiver(**answer)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.strip().splitlines()
            pairs = [each.partition(":") for each in lines]
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
            async with receiver.heard:
                receiver.came.append(Came(line=line, headers=headers, body=body))
                receiver.heard.notify_all()
            if receiver.hold is not None:
                await receiver.hold.wait()
            if receiver.answers():
                writer.write(
                    f"HTTP/1.1 {receiver.status} X\r\nconnection: close\r\n{receiver.fields}\r\n".encode()
                    + receiver.body
                )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked has left
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        if receiver.hold is not None:
            receiver.hold.set()
        server.close()


def document_of(came: Came) -> dict[str, Any]:
    """The body, unchecked."""
    document: dict[str, Any] = json.loads(came.body)
    return document
