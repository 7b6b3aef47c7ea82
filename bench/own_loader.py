"""The small HTTP loader, as a process: ``python -m bench.own_loader PORT ORGANIZATIONS RUN CALLERS SECONDS``.

Prints operations, operations per second, p50 and p99 in milliseconds, and answers that were no success.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import cast

import uvloop

from bench.callers import Load
from bench.http_load import TOKEN, bodies


class _Connection(asyncio.Protocol):
    """One caller on one connection: sends, waits for the whole answer, sends the next."""

    def __init__(self, calls: Iterator[tuple[str, str]], load: Load, stop_at: float) -> None:
        self._calls = calls
        self._load = load
        self._stop_at = stop_at
        self._pending: list[bytes] = []
        self._buffer = b""
        self._sent_at = 0.0
        self.failures = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio's and are none of them.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        answered_at = time.perf_counter()
        self._load.operations += 1
        self._load.latencies.append(answered_at - self._sent_at)
        self.failures += head[9:12] != b"200"
        if not self._pending and answered_at >= self._stop_at:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        if not self._pending:
            organization_id, session_id = next(self._calls)
            self._pending = [
                b"POST /v1/charging/%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (verb.encode(), TOKEN.encode(), len(body), body)
                for verb, body in reversed(bodies(organization_id, session_id))
            ]
        self._sent_at = time.perf_counter()
        self._transport.write(self._pending.pop())


async def _run(port: int, listed: list[str], run: str, callers: int, seconds: float) -> tuple[Load, int]:
    organizations = cycle(listed)
    calls = ((organization, f"{run}-{number}") for number, organization in enumerate(organizations))
    load = Load()
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Connection(calls, load, began + seconds), "127.0.0.1", port))[1]
        for _ in range(callers)
    ]
    await asyncio.gather(*(connection.done for connection in connections))
    load.seconds = time.perf_counter() - began
    return load, sum(connection.failures for connection in connections)


def main() -> None:
    """Run the load that the command line names, and print what came of it."""
    port, listing, run, callers, seconds = sys.argv[1:]
    listed = Path(listing).read_text("utf-8").split()
    load, failures = uvloop.run(_run(int(port), listed, run, int(callers), float(seconds)))
    rate = load.operations_per_second
    print(load.operations, f"{rate:.1f}", f"{load.latency_ms(0.5):.2f}", f"{load.latency_ms(0.99):.2f}", failures)


if __name__ == "__main__":
    main()
