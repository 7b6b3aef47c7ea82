"""A listener on loopback, a submitter whose answers a test can hold back, and a client that speaks raw bytes."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from commcredits.core.commands import Authorise, End, Start, Update
from commcredits.core.outcomes import Ended, Granted, Outcome, Started
from commcredits.edges.http.charging.doors import KeyFinder
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.serve import ChargingServer, ListenAddress, serve_charging
from commcredits.operations.charging import ChargingCommand

TOKEN = b"a-token-that-opens-the-listener"
ORGANIZATION = "019353b4-7c1e-7000-8000-0123456789ab"
KNOWN_NUMBER = "+40212345678"
WAIT_SECONDS = 30
OVERFLOW_SENDS_MAX = 1_000

AUTHORISE = {
    "organization_id": ORGANIZATION,
    "session_id": "call-1",
    "service": "outbound",
    "caller": KNOWN_NUMBER,
    "callee": "+4930123456",
}
START = {"organization_id": ORGANIZATION, "session_id": "call-1"}
UPDATE = {**START, "request_number": 1, "used_seconds": 300}
END = {**START, "used_seconds": 420, "cause": "normal_clearing"}
BODIES: dict[str, dict[str, Any]] = {"authorise": AUTHORISE, "start": START, "update": UPDATE, "end": END}


def usual_outcome(command: ChargingCommand) -> Outcome:
    """What a funded account answers."""
    match command:
        case Authorise() | Update():
            return Granted(
                grant_number=1,
                granted_seconds=300,
                valid_seconds=330,
                final=False,
                charged_micros=0,
                held_micros=30_000,
                currency="EUR",
            )
        case Start():
            return Started(
                grant_number=1,
                granted_seconds=300,
                valid_seconds=330,
                final=False,
                charged_micros=0,
                held_micros=30_000,
                currency="EUR",
            )
        case End():
            return Ended(duration_seconds=command.used_seconds, charged_micros=42_000, currency="EUR")


def of_a_pool(command: ChargingCommand) -> Outcome:
    """What a call is answered that minutes pay for until its 120th second, and credits from there on."""
    grant: dict[str, Any] = {
        "grant_number": 1,
        "granted_seconds": 300,
        "valid_seconds": 330,
        "final": False,
        "charged_micros": 0,
        "held_micros": 1_800_000,
        "currency": "EUR",
        "included_seconds": 120,
    }
    match command:
        case Start():
            return Started(**grant)
        case End():
            return Ended(duration_seconds=200, charged_micros=800_000, currency="EUR", pool_minutes=2)
        case _:
            return Granted(**grant)


class Desk:
    """A submitter that answers at once, or when the test says so."""

    def __init__(
        self, outcome_of: Callable[[ChargingCommand], Outcome] = usual_outcome, *, holds_back: bool = False
    ) -> None:
        self.commands: list[ChargingCommand] = []
        self.waiting: list[tuple[ChargingCommand, Callable[[Outcome], None]]] = []
        self._outcome_of = outcome_of
        self._holds_back = holds_back
        self._arrived = asyncio.Event()

    def submit(self, command: ChargingCommand, callback: Callable[[Outcome], None]) -> None:
        self.commands.append(command)
        self._arrived.set()
        if self._holds_back:
            self.waiting.append((command, callback))
        else:
            callback(self._outcome_of(command))

    def release(self, index: int = 0) -> None:
        """Answer the waiting command at this place."""
        command, callback = self.waiting.pop(index)
        callback(self._outcome_of(command))

    async def holding(self, count: int) -> None:
        """Wait until so many commands are waiting."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.waiting) < count:
                self._arrived.clear()
                await self._arrived.wait()


class Numbers:
    """A directory of one number."""

    def organization_of(self, e164: str) -> str | None:
        return ORGANIZATION if e164 == KNOWN_NUMBER else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One response as it came."""

    version: str
    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def response(self, *, bodiless: bool = False) -> Response:
        """The next response, with the status line and fields taken apart."""
        async with asyncio.timeout(WAIT_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("ascii")
            status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            version, status, _ = status_line.split(" ", 2)
            fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            length = 0 if bodiless else int(fields.get("content-length", "0"))
            body = await self.reader.readexactly(length)
        return Response(version=version, status=int(status), fields=fields, body=body)

    async def ask(self, data: bytes) -> Response:
        self.send(data)
        return await self.response()

    async def rest(self) -> bytes:
        """Whatever comes until the server closes; a reset counts as a close."""
        async with asyncio.timeout(WAIT_SECONDS):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    async def overflow(self, data: bytes) -> None:
        """Send and send until the server takes no more for half a second, or closes.

        The half second is counted in turns, of which a machine that stands still takes none.
        """
        self.writer.transport.set_write_buffer_limits(high=0)
        with suppress(ConnectionError):
            for _ in range(OVERFLOW_SENDS_MAX):
                self.send(data)
                draining = asyncio.ensure_future(self.writer.drain())
                for _turn in range(50):
                    if (await asyncio.wait([draining], timeout=0.01))[0]:
                        break
                else:
                    draining.cancel()
                    return
                await draining
            raise AssertionError("the server took everything")

    def reset(self) -> None:
        """Leave without a goodbye."""
        option = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        self.writer.transport.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A listener and the desk behind it."""

    server: ChargingServer
    desk: Desk

    async def emptied(self) -> float:
        """Wait until no connection is open; how many seconds it took."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.timeout(WAIT_SECONDS):
            while self.server.connection_count:  # noqa: ASYNC110 # only the server's own count says it, and it tells nobody
                await asyncio.sleep(0.01)
        return loop.time() - begun

    async def connect(self) -> Client:
        return Client(*await asyncio.open_connection("127.0.0.1", self.server.port))


@asynccontextmanager
async def serving(
    desk: Desk | None = None,
    *,
    limits: ListenerLimits | None = None,
    address: ListenAddress | None = None,
    emergency_numbers: frozenset[str] = frozenset({"112", "911"}),
    keys: KeyFinder | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[House]:
    """A listener for the time of a test."""
    desk = desk or Desk()
    server = await serve_charging(
        desk,
        Numbers(),
        token=TOKEN,
        keys=keys,
        now=now,
        address=address,
        emergency_numbers=emergency_numbers,
        limits=limits,
    )
    try:
        yield House(server=server, desk=desk)
    finally:
        await server.stop(grace_seconds=0.2)


def request(
    path: str,
    body: object = None,
    *,
    token: bytes = TOKEN,
    method: str = "POST",
    version: str = "1.1",
    fields: tuple[str, ...] = (),
) -> bytes:
    """A request to a charging path; a body of bytes is sent as it is, any other as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"{method} /v1/charging/{path} HTTP/{version}",
        "Host: charging.test",
        f"Authorization: Bearer {token.decode()}",
        f"Content-Length: {len(raw)}",
        *fields,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + raw


def bytewise(data: bytes) -> Iterator[bytes]:
    """One byte after the other."""
    return (data[index : index + 1] for index in range(len(data)))
