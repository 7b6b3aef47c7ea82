"""A control endpoint as kamailio.cfg serves one, and as a broken or hostile one might: HTTP/1.1 on a loopback port.

Knows the wire's form. Refuses to know SIP: what a real proxy does about orders is shown in tests/stories/sip.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

SECRET: Final = "secret-of-the-proxy"
SWITCH: Final = "kamailio:edge-1"
PAGE_CALLS: Final = 2

Spoil = Callable[[str, bytes], bytes]
"""Turns a path and the right answer's body into what is sent instead."""


@dataclass(slots=True, kw_only=True)
class Proxy:
    """What the endpoint has, what it took, and how it misbehaves."""

    port: int = 0
    calls: dict[str, str] = field(default_factory=dict)
    ending: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    requests: list[list[tuple[str, str]]] = field(default_factory=list)
    lists: int = 0
    switch: str = SWITCH
    status: str = "200 OK"
    spoil: Spoil | None = None
    silent: bool = False
    kept_waiting: int = 0
    closes: bool = False

    @property
    def told(self) -> list[tuple[str, str]]:
        """Every order that came: what, and about which call."""
        return [order for request in self.requests for order in request]

    def answer(self, path: str, body: Any) -> Any:
        """The right answer."""
        if path == "/orders":
            orders = [(order["order"], order["session_id"]) for order in body["orders"]]
            self.requests.append(orders)
            return {"outcomes": ["unknown" if each in self.unknown else "taken" for _, each in orders]}
        calls = [
            {"session_id": each, "organization_id": of} | ({"ending": True} if each in self.ending else {})
            for each, of in self.calls.items()
        ]
        if path == "/calls":
            self.lists += 1
            pages = -(-len(calls) // PAGE_CALLS)
            return {"switch": self.switch, "list": "1-2-3", "pages": pages, "calls": len(calls)}
        start = (body["page"] - 1) * PAGE_CALLS
        return {"calls": calls[start : start + PAGE_CALLS]}


@asynccontextmanager
async def listening(proxy: Proxy) -> AsyncIterator[Proxy]:
    """The endpoint on its port, any free one for 0, until the block ends; every connection breaks then."""
    writers: set[asyncio.StreamWriter] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await _exchange(proxy, reader, writer)
                if proxy.closes:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", proxy.port)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _exchange(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split()[1]
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    if proxy.silent:
        proxy.kept_waiting += 1
        await asyncio.sleep(3600)
    status = proxy.status
    if headers.get("authorization") != f"bearer {SECRET}":
        status = "401 Unauthorized"
    payload = b"" if status != "200 OK" else json.dumps(proxy.answer(path, json.loads(body))).encode()
    if proxy.spoil is not None:
        payload = proxy.spoil(path, payload)
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(payload)}\r\n\r\n".encode() + payload)
    await writer.drain()
