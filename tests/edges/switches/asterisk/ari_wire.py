"""The wire of a stand-in for Asterisk's HTTP server: HTTP/1.1 requests, and the frames of a websocket.

Knows bytes (RFC 9112, RFC 6455), and how a connection goes dead. Refuses to know channels.
"""

import asyncio
import base64
import hashlib
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
REASONS: Final = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
}
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; ``body`` is its JSON object, empty where there is none."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


Answer = tuple[int, object]
"""A status, and what becomes the JSON of the body; None for no body."""


class WireWebsocket:
    """A websocket as the server has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.deaf = False
        """A dead peer: nothing is answered and nothing is sent any more, though the connection stands."""

    def send(self, document: object) -> None:
        """Send one message."""
        self.send_text(json.dumps(document).encode())

    def send_text(self, text: bytes) -> None:
        """Send these bytes as one message of text."""
        self._frame(_TEXT, text)

    def break_off(self) -> None:
        """Reset the connection."""
        self._writer.transport.abort()

    async def serve(self) -> None:
        """Answer pings until the other side closes or is gone."""
        while True:
            first, second = await self._reader.readexactly(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack("!H", await self._reader.readexactly(2))
            assert second & 128, "a client masks"
            mask = await self._reader.readexactly(4)
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(await self._reader.readexactly(length)))
            if first & 15 == _CLOSE:
                self._frame(_CLOSE, payload)
                return
            if first & 15 == _PING:
                self._frame(_PONG, payload)

    def _frame(self, opcode: int, payload: bytes) -> None:
        if self.deaf or self._writer.is_closing():
            return
        size = len(payload)
        if size < 126:
            length = bytes([size])
        elif size <= 65_535:
            length = b"\x7e" + struct.pack("!H", size)
        else:
            length = b"\x7f" + struct.pack("!Q", size)
        self._writer.write(bytes([128 | opcode]) + length + payload)


class WireServer:
    """Listens; hands requests to ``handle``, and websockets to ``opened`` and ``closed``."""

    def __init__(
        self,
        handle: Callable[[Request], Answer],
        opened: Callable[[Request, WireWebsocket], None],
        closed: Callable[[WireWebsocket], None],
        may: Callable[[Request], bool],
    ) -> None:
        self._handle = handle
        self._opened = opened
        self._closed = closed
        self._may = may
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.silent = False
        """Takes requests and never answers."""

    async def start(self) -> None:
        """Listen on the port that it had before, or on any."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Break every connection and close."""
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                if self.silent:
                    await asyncio.sleep(3_600)
                if not self._may(request):
                    _write(writer, 401, {"message": "Authentication required"})
                elif "sec-websocket-key" in request.headers:
                    await self._upgrade(request, reader, writer)
                    return
                else:
                    _write(writer, *self._handle(request))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    async def _upgrade(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accept = base64.b64encode(hashlib.sha1(request.headers["sec-websocket-key"].encode() + GUID).digest())  # noqa: S324 - RFC 6455 says SHA-1
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        websocket = WireWebsocket(reader, writer)
        self._opened(request, websocket)
        try:
            await websocket.serve()
        finally:
            self._closed(websocket)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method=method, target=target, headers=headers, body=json.loads(body) if body else {})


def _write(writer: asyncio.StreamWriter, status: int, document: object) -> None:
    body = b"" if document is None else json.dumps(document).encode()
    realm = 'WWW-Authenticate: Basic realm="Asterisk REST Interface"\r\n' if status == 401 else ""
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nServer: Asterisk/22.5.0\r\n{realm}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
