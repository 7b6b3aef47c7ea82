"""The Diameter loader: ``python -m bench.diameter_load PORT CALLERS RUN CONNECTIONS IN_FLIGHT SECONDS RATE``.

Tells calls by Credit-Control-Requests (initial, update, termination), so many at once on each connection. Messages are
encoded once and put together from their pieces, so that the loader costs the machine little beside what it measures.
CALLERS is a file with a number as +E.164 on each line, all of one length, taken in turn. The edge must know the loader
as its peer ``bench.example``. RATE is how many operations a second are sent at most, 0 for as many as are answered.

Prints operations, operations per second, p50 and p99 in milliseconds, and answers that granted or ended nothing.
"""

from __future__ import annotations

import asyncio
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from itertools import cycle
from pathlib import Path
from typing import Final, cast

import uvloop

from bench.callers import Load
from bench.world import CALLEE, END_SECONDS, UPDATE_SECONDS
from commcredits.edges.diameter.avp_writing import (
    write_address,
    write_group,
    write_integer32,
    write_time,
    write_unsigned32,
    write_utf8,
)
from commcredits.edges.diameter.avps import key_of
from commcredits.edges.diameter.dictionary import (
    AUTH_APPLICATION_ID,
    CAPABILITIES_EXCHANGE,
    DESTINATION_REALM,
    HOST_IP_ADDRESS,
    ORIGIN_HOST,
    ORIGIN_REALM,
    PRODUCT_NAME,
    SESSION_ID,
    THREE_GPP,
    VENDOR_ID,
)
from commcredits.edges.diameter.messages import (
    PROXIABLE,
    REQUEST,
    read_message,
    write_answer,
    write_request,
    write_result,
)

HOST: Final = "bench.example"
REALM: Final = "example"

_CREDIT_CONTROL: Final = 4
_CCR: Final = 272
_CONTEXT: Final = "32260@3gpp.org"
_HEADER: Final = struct.Struct(">IIIII")
_IDS: Final = struct.Struct(">II")
_SESSION: Final = "S" * 40
"""What stands for a Session-Id in a message that is not yet taken apart."""
_SUCCESS: Final = write_result(2001)
_ANY_RESULT: Final = _SUCCESS[:8]
_IDENTITY: Final = write_utf8(ORIGIN_HOST, HOST) + write_utf8(ORIGIN_REALM, REALM)


@dataclass(slots=True, kw_only=True)
class _Work:
    """What all connections share."""

    calls: Iterator[tuple[bytes, bytes]]
    templates: tuple[tuple[bytes, ...], ...]
    stop_at: float
    rate: float = 0
    ready: deque[tuple[_Connection, int]] = field(default_factory=deque)
    """Calls whose next step waits for its time, where there is a rate."""
    load: Load = field(default_factory=Load)
    failures: Counter[bytes] = field(default_factory=Counter)


class _Call:
    """One call on its way: which step comes next, when the last was sent, its Session-Id and its caller."""

    __slots__ = ("caller", "sent_at", "session", "step")

    def __init__(self) -> None:
        self.step = 0
        self.sent_at = 0.0
        self.session = self.caller = b""


class _Connection(asyncio.Protocol):
    """One connection with its calls; a call's place in the list is its hop-by-hop identifier."""

    def __init__(self, work: _Work, in_flight: int) -> None:
        self._work = work
        self._calls = [_Call() for _ in range(in_flight)]
        self.running = in_flight
        self._buffer = b""
        self._sent = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        avps = b"".join([
            _IDENTITY,
            write_address(HOST_IP_ADDRESS, IPv4Address("127.0.0.1")),
            write_unsigned32(VENDOR_ID, THREE_GPP),
            write_utf8(PRODUCT_NAME, "bench", mandatory=False),
            write_unsigned32(AUTH_APPLICATION_ID, _CREDIT_CONTROL),
        ])  # fmt: skip
        self._transport.write(write_request(CAPABILITIES_EXCHANGE, 0, avps, hop_by_hop=0, end_to_end=0))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        octets = self._buffer + data if self._buffer else data
        out: list[bytes] = []
        at, end = 0, len(octets)
        while end - at >= _HEADER.size:
            word, command, _, hop_by_hop, end_to_end = _HEADER.unpack_from(octets, at)
            stop = at + (word & 0xFF_FFFF)
            if stop > end:
                break
            if command == PROXIABLE << 24 | _CCR:
                self._answered(octets, at, stop, hop_by_hop, end_to_end, now, out)
            else:
                self._other(octets[at:stop], command, now, out)
            at = stop
        self._buffer = octets[at:]
        if out:
            self._transport.write(b"".join(out))
        if not self.running:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if self.running:
            self.done.set_exception(error or ConnectionError("the server closed the connection"))
        else:
            self.done.set_result(None)

    def _answered(
        self, octets: bytes, at: int, stop: int, hop_by_hop: int, end_to_end: int, now: float, out: list[bytes]
    ) -> None:
        work, call = self._work, self._calls[hop_by_hop]
        if octets.count(_SUCCESS, at, stop) != octets.count(_ANY_RESULT, at, stop) or end_to_end & 3 != call.step:
            work.failures[octets[at:stop]] += 1
        work.load.operations += 1
        work.load.latencies.append(now - call.sent_at)
        call.step = (call.step + 1) % 3
        if call.step == 0 and now >= work.stop_at:
            self.running -= 1
        elif work.rate:
            work.ready.append((self, hop_by_hop))
        else:
            self._go_on(hop_by_hop, call, now, out)

    def _other(self, octets: bytes, command: int, now: float, out: list[bytes]) -> None:
        """Capabilities are agreed, and all calls begin; or the server asks something, and is told yes."""
        if command >> 24 & REQUEST:
            out.append(write_answer(read_message(octets), _SUCCESS + _IDENTITY))
        elif command == CAPABILITIES_EXCHANGE:
            if _SUCCESS not in octets:
                raise RuntimeError("the edge does not agree on capabilities")
            for number, call in enumerate(self._calls):
                if self._work.rate:
                    self._work.ready.append((self, number))
                else:
                    self._go_on(number, call, now, out)
        else:
            raise RuntimeError(f"an answer that was not expected: {octets.hex()}")

    def go_on(self, number: int) -> None:
        """Take the next step of a call, now that its time has come."""
        out: list[bytes] = []
        self._go_on(number, self._calls[number], time.perf_counter(), out)
        self._transport.write(b"".join(out))

    def _go_on(self, number: int, call: _Call, now: float, out: list[bytes]) -> None:
        step = call.step
        if step == 0:
            call.session, call.caller = next(self._work.calls)
        call.sent_at = now
        self._sent += 1
        head, to_session, to_subscription, to_calling, rest = self._work.templates[step]
        ids = _IDS.pack(number, (self._sent << 2 | step) & 0xFFFF_FFFF)
        caller = call.caller
        out += (head, ids, to_session, call.session, to_subscription, caller, to_calling, caller, rest)


def _request(kind: int, number: int, units: bytes, caller: str) -> bytes:
    """A CCR as a switch sends it for a call in an IMS (RFC 8506 §3.1; TS 32.299 §6.4.2)."""
    role, calling, called = key_of(829, THREE_GPP), key_of(831, THREE_GPP), key_of(832, THREE_GPP)
    ims = write_group(
        key_of(876, THREE_GPP),
        write_integer32(role, 0),
        write_utf8(calling, f"tel:{caller}"),
        write_utf8(called, f"tel:{CALLEE}"),
    )
    avps = b"".join([
        write_utf8(SESSION_ID, _SESSION),
        _IDENTITY,
        write_utf8(DESTINATION_REALM, REALM),
        write_unsigned32(AUTH_APPLICATION_ID, _CREDIT_CONTROL),
        write_utf8(461, _CONTEXT),
        write_integer32(416, kind),
        write_unsigned32(415, number),
        write_time(55, datetime.now(UTC)),
        write_group(443, write_integer32(450, 0), write_utf8(444, caller.removeprefix("+"))),
        write_integer32(455, 1),
        write_group(456, units, write_unsigned32(439, 0), write_unsigned32(432, 100)),
        write_group(key_of(873, THREE_GPP), ims),
    ])  # fmt: skip
    return write_request(_CCR, _CREDIT_CONTROL, avps, hop_by_hop=0, end_to_end=0, flags=REQUEST | PROXIABLE)


def _templates(caller: str) -> tuple[tuple[bytes, ...], ...]:
    """The three requests of a call in pieces: header, up to the Session-Id, then around the digits of each caller."""

    def seconds(key: int, count: int) -> bytes:
        return write_group(key, write_unsigned32(420, count))

    asked = write_group(437)
    # Used units are what was used since the last report, so that the end tells the rest.
    units = (asked, asked + seconds(446, UPDATE_SECONDS), seconds(446, END_SECONDS - UPDATE_SECONDS))
    found = []
    for number, each in enumerate(units):
        octets = _request(number + 1, number, each, caller)
        to_session, after = octets[20:].split(_SESSION.encode())
        to_subscription, to_calling, rest = after.split(_digits(caller))
        found.append((octets[:12], to_session, to_subscription, to_calling, rest))
    return tuple(found)


def _calls(listed: list[str], run: str) -> Iterator[tuple[bytes, bytes]]:
    """Session-Ids of one length, each with its caller."""
    for number, caller in enumerate(cycle(listed)):
        session = f"{HOST};{run};{number}"
        yield session.ljust(len(_SESSION), "_").encode(), _digits(caller)


def _digits(number: str) -> bytes:
    """A number as a Subscription-Id has it: of E.164 the digits alone (RFC 8506 §8.47)."""
    return number.removeprefix("+").encode()


async def _pace(work: _Work, connections: list[_Connection]) -> None:
    """Release as many steps as the rate has come to, a thousand times a second."""
    began = time.perf_counter()
    released = 0
    while any(connection.running for connection in connections):
        due = int((time.perf_counter() - began) * work.rate) - released
        for _ in range(min(due, len(work.ready))):
            connection, number = work.ready.popleft()
            connection.go_on(number)
            released += 1
        await asyncio.sleep(0.001)


async def _run(work: _Work, port: int, connections: int, in_flight: int) -> None:
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: _Connection(work, in_flight), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    pacing = asyncio.create_task(_pace(work, made)) if work.rate else None
    await asyncio.gather(*(connection.done for connection in made))
    if pacing is not None:
        await pacing
    work.load.seconds = time.perf_counter() - began


def main() -> None:
    """Run the load that the command line names, and print what came of it."""
    port, listing, run, connections, in_flight, seconds, rate = sys.argv[1:]
    listed = Path(listing).read_text("utf-8").split()
    if len({len(caller) for caller in listed}) != 1 or len(f"{HOST};{run};0000000000") > len(_SESSION):
        raise SystemExit("callers must be of one length, and the name of the run must be short")
    work = _Work(
        calls=_calls(listed, run),
        templates=_templates(listed[0]),
        stop_at=time.perf_counter() + float(seconds),
        rate=float(rate),
    )
    uvloop.run(_run(work, int(port), int(connections), int(in_flight)))
    load, failures = work.load, work.failures
    if failures:
        print("for example", next(iter(failures)).hex(), file=sys.stderr)
    latencies = (f"{load.latency_ms(share):.2f}" for share in (0.5, 0.99))
    print(load.operations, f"{load.operations_per_second:.1f}", *latencies, failures.total())


if __name__ == "__main__":
    main()
