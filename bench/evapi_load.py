"""The evapi loader, as a process: ``python -m bench.evapi_load PORT ORGANIZATIONS RUN IN_FLIGHT SECONDS RATE``.

Plays Kamailio: it listens on PORT, where the edge connects to it, and keeps IN_FLIGHT calls going over that one link:
each is authorised, charged once in mid-call and ended. Messages are those of ``deploy/kamailio/kamailio-evapi.cfg``,
put together from their pieces, so that the loader costs the machine little beside what it measures. ORGANIZATIONS is a
file with an organization's id on each line, taken in turn.

RATE is how many operations a second there may be, 0 for as many as are answered. Prints operations, operations per
second, p50 and p99 in milliseconds, and answers that were no success.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from bench.callers import Load
from bench.world import CALLEE, CALLER, END_SECONDS, UPDATE_SECONDS
from commcredits.edges.switches.kamailio.framing import PITCH_BYTES

SECRET: Final = "a-secret-for-benchmarks-only"  # noqa: S105 - it opens a link that lives for one measurement
_LINK_SECONDS_MAX: Final = 30
_ASK, _UPDATE, _END = range(3)


class _Done(msgspec.Struct, gc=False):
    """What the edge told us to do; the fields of every message that matters here."""

    do: str
    tindex: int = -1
    status: int = 0
    session_id: str = ""
    report: str = ""
    secret: str = ""


_decode: Final = msgspec.json.Decoder(_Done).decode


def _netstring(text: str) -> bytes:
    return f"{len(text)}:{text},".encode()


class _Call:
    """One place among those in flight: a call, then the next one."""

    __slots__ = ("names", "sent_at", "step")

    def __init__(self) -> None:
        self.names = ("", "")
        self.sent_at = 0.0
        self.step = _END


class Loader(asyncio.Protocol):
    """The one link."""

    def __init__(
        self, organizations: Iterator[str], run: str, in_flight: int, seconds: float, *, rest_seconds: float
    ) -> None:
        self._organizations = organizations
        self._run = run
        self._seconds = seconds
        self._rest_seconds = rest_seconds
        self._calls = [_Call() for _ in range(in_flight)]
        self._running = 0
        self._numbers = iter(range(sys.maxsize))
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._waiting: list[bytes] = []
        self._stop_at = 0.0
        self._began = 0.0
        self.load = Load()
        self.failures = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the edge has connected."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the link is gone."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the edge closed the link"))

    def data_received(self, data: bytes) -> None:
        """asyncio: answers."""
        if self._buffer:
            data = self._buffer + data
        at, size = 0, len(data)
        while at < size:
            colon = data.find(b":", at, at + 8)
            if colon < 0:
                break
            end = colon + 1 + int(data[at:colon])
            # Every frame of ours is as long as some number of pitches.
            after = at + -(-(end + 1 - at) // PITCH_BYTES) * PITCH_BYTES
            if after > size:
                break
            self._take(_decode(data[colon + 1 : end]))
            at = after
        self._buffer = data[at:]
        if self._waiting and self._transport is not None:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def _take(self, done: _Done) -> None:
        match done.do:
            case "answer":
                self._answered(done.tindex, success=done.status == 200)  # noqa: PLR2004 - SIP's word for yes
            case "extend" | "stay":
                self._answered(_place_of(done.session_id), success=done.do == "extend")
            case "told":
                self._answered(_place_of(done.report), success=True)
            case "ping":
                self._waiting.append(_netstring('{"say":"pong","active":1}'))
                if not self._began:
                    self._begin()
            case "list":
                pass  # it waits for its list in vain, and goes on
            case "hello":
                assert done.secret == SECRET, "the edge has another secret"

    def _begin(self) -> None:
        self._began = time.perf_counter()
        self._stop_at = self._began + self._seconds
        self._running = len(self._calls)
        for place, call in enumerate(self._calls):
            self._go_on(place, call, self._began)

    def _answered(self, place: int, *, success: bool) -> None:
        call = self._calls[place]
        answered_at = time.perf_counter()
        self.load.operations += 1
        self.load.latencies.append(answered_at - call.sent_at)
        self.failures += not success
        if call.step == _END and answered_at >= self._stop_at:
            self._running -= 1
            if not self._running:
                self.load.seconds = answered_at - self._began
                self.done.set_result(None)
        elif self._rest_seconds:
            rest = random.uniform(0, 2 * self._rest_seconds)
            asyncio.get_running_loop().call_later(rest, self._go_on_later, place, call)
        else:
            self._go_on(place, call, answered_at)

    def _go_on_later(self, place: int, call: _Call) -> None:
        self._go_on(place, call, time.perf_counter())
        if self._transport is not None:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def _go_on(self, place: int, call: _Call, now: float) -> None:
        call.step = (call.step + 1) % 3
        call.sent_at = now
        if call.step == _ASK:
            call.names = (next(self._organizations), f"{self._run}-{next(self._numbers)}~{place}")
        organization_id, session_id = call.names
        named = f'"organization_id":"{organization_id}","session_id":"{session_id}"'
        if call.step == _ASK:
            text = (
                f'{{"say":"authorise","tindex":{place},"tlabel":1,{named},"caller":"{CALLER}","callee":"{CALLEE}",'
                '"service":"outbound"}'
            )
        elif call.step == _UPDATE:
            text = f'{{"say":"update",{named},"request_number":1,"used_seconds":{UPDATE_SECONDS}}}'
        else:
            report = f'"report":"end/1/{session_id}","cause":"caller_hung_up"'
            text = f'{{"say":"end",{named},"used_seconds":{END_SECONDS},{report}}}'
        self._waiting.append(_netstring(text))


def _place_of(session_id: str) -> int:
    return int(session_id.rpartition("~")[2])


async def _run(port: int, listed: list[str], run: str, in_flight: int, seconds: float, *, rate: float = 0) -> Loader:
    loader = Loader(cycle(listed), run, in_flight, seconds, rest_seconds=in_flight / rate if rate else 0)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: loader, "127.0.0.1", port, backlog=1)
    try:
        async with asyncio.timeout(_LINK_SECONDS_MAX + 2 * seconds):
            await loader.done
    finally:
        server.close()
    return loader


def settings(port: int) -> str:
    """What COMMCREDITS_KAMAILIO must be for the edge to find the loader on this port."""
    link = {"way": "evapi", "address": f"127.0.0.1:{port}", "secret": SECRET}
    return json.dumps({"links": {"loader": link}, "reconcile_seconds": 3_600})


def main() -> None:
    """Run the load that the command line names, and print what came of it."""
    port, listing, run, in_flight, seconds, rate = sys.argv[1:]
    listed = Path(listing).read_text("utf-8").split()
    loader = uvloop.run(_run(int(port), listed, run, int(in_flight), float(seconds), rate=float(rate)))
    load = loader.load
    p50, p99 = load.latency_ms(0.5), load.latency_ms(0.99)
    print(load.operations, f"{load.operations_per_second:.1f}", f"{p50:.2f}", f"{p99:.2f}", loader.failures)


if __name__ == "__main__":
    main()
