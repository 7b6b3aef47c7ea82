"""An access server for the tests: it asks for calls, reports them, and is told of changes (RFC 5176).

Knows the wire from the other side; what it is told it proves with arithmetic of its own, not with ours. Refuses to know
what an answer means.
"""

import asyncio
import hmac
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import md5 as _md5
from typing import Any, cast

from commcredits.edges.radius.attributes import Attribute, Code, Status
from commcredits.edges.radius.packets import (
    Attributes,
    Packet,
    number_value,
    read_packet,
    write_access_request,
    write_attributes,
    write_request,
)

md5 = partial(_md5, usedforsecurity=False)  # RFC 2865 fixes the algorithm
HOST = "127.0.0.1"
SECRET = "a-secret-of-the-tests"
WAIT_SECONDS = 30.0


@dataclass(slots=True)
class Ear:
    """Where changes of calls are heard: what came, and how the next ones are answered."""

    secret: bytes
    port: int = 0
    answers: list[tuple[Code, int] | None] = field(default_factory=list)
    heard: list[Packet] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def received(self, data: bytes) -> bytes | None:
        """Check a request strictly; the answer to it, None for silence."""
        packet = read_packet(data)
        if packet.authenticator != md5(data[:4] + bytes(16) + data[20:] + self.secret).digest():
            self.wrong.append("authenticator")
        if packet.attributes[0][0] != Attribute.MESSAGE_AUTHENTICATOR:
            self.wrong.append("Message-Authenticator is not first")
        zeroed = data[:4] + bytes(16) + data[20:22] + bytes(16) + data[38:]
        if packet.attributes[0][1] != hmac.new(self.secret, zeroed, "md5").digest():
            self.wrong.append("Message-Authenticator")
        if Attribute.EVENT_TIMESTAMP not in packet.firsts:
            self.wrong.append("no Event-Timestamp")
        self.heard.append(packet)
        self.changed.set()
        answer = self.answers.pop(0) if self.answers else (Code(packet.code + 1), 0)
        if answer is None:
            return None
        code, error_cause = answer
        body = write_attributes([(Attribute.ERROR_CAUSE, number_value(error_cause))] if error_cause else [])
        head = bytes((code, packet.identifier)) + (20 + len(body)).to_bytes(2, "big")
        return head + md5(head + packet.authenticator + body + self.secret).digest() + body

    async def wait_for(self, count: int) -> None:
        """Wait until so many requests have come in all."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.heard) < count:
                self.changed.clear()
                await self.changed.wait()


class AccessServer:
    """One access server with a socket of its own. ``ports`` are those of authentication and accounting."""

    def __init__(self, ports: tuple[int, int], *, secret: str = SECRET, host: str = HOST) -> None:
        self.ports = ports
        self.secret = secret.encode()
        self.host = host
        self.ear = Ear(self.secret)
        self.wait_seconds = WAIT_SECONDS
        self.last: tuple[int, bytes] = (0, b"")
        self._identifier = 0
        self._transports: list[asyncio.DatagramTransport] = []
        self._waiting: dict[int, asyncio.Queue[bytes]] = {}
        self._asking: asyncio.DatagramTransport | None = None

    async def open(self, ear_port: int = 0) -> None:
        """Take a port to ask from, and one to be told at."""
        await self._open_asking()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Told(self.ear), local_addr=(self.host, ear_port))
        self.ear.port = transport.get_extra_info("sockname")[1]
        self._transports.append(transport)

    async def move(self) -> None:
        """Ask from another port from now on, as after a restart."""
        assert self._asking is not None
        self._asking.close()
        await self._open_asking()

    async def ask(self, attributes: Attributes) -> Packet:
        """The answer to an Access-Request. TimeoutError when there is none."""
        return await self.exchange(self.ports[0], self.access_request(attributes))

    async def account(self, status: Status, attributes: Attributes = ()) -> Packet:
        """The answer to an Accounting-Request. TimeoutError when there is none."""
        content = ((int(Attribute.ACCT_STATUS_TYPE), number_value(status)), *attributes)
        datagram = write_request(Code.ACCOUNTING_REQUEST, self.identifier(), content, self.secret)
        # RFC 2866 has no Message-Authenticator: ours goes, and the signature is made anew.
        head, body = bytearray(datagram[:4]), datagram[38:]
        head[2:4] = (20 + len(body)).to_bytes(2, "big")
        signature = md5(bytes(head) + bytes(16) + body + self.secret).digest()
        return await self.exchange(self.ports[1], bytes(head) + signature + body)

    def access_request(self, attributes: Attributes, code: Code = Code.ACCESS_REQUEST) -> bytes:
        """A new Access-Request."""
        return write_access_request(code, self.identifier(), os.urandom(16), attributes, self.secret)

    def identifier(self) -> int:
        """The next one."""
        self._identifier = (self._identifier + 1) % 256
        return self._identifier

    async def exchange(self, port: int, datagram: bytes, *, wait_seconds: float = 0) -> Packet:
        """Send a datagram; its answer, whose proof is checked. TimeoutError when there is none.

        A late answer to an earlier datagram of the same identifier proves that one and not this: it is passed over.
        """
        self.last = (port, datagram)
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._waiting[datagram[1]] = answers
        self.send(port, datagram)
        async with asyncio.timeout(wait_seconds or self.wait_seconds):
            while True:
                data = await answers.get()
                if data[4:20] == md5(data[:4] + datagram[4:20] + data[20:] + self.secret).digest():
                    return read_packet(data)

    def send(self, port: int, datagram: bytes) -> None:
        """Send a datagram, and wait for nothing."""
        assert self._asking is not None
        self._asking.sendto(datagram, ("::1" if ":" in self.host else HOST, port))

    def heard(self, data: bytes) -> None:
        """An answer came."""
        waiting = self._waiting.get(data[1])
        if waiting is not None:
            waiting.put_nowait(data)

    async def close(self) -> None:
        """Close everything."""
        for transport in self._transports:
            transport.close()
        await asyncio.sleep(0)

    async def _open_asking(self) -> None:
        loop = asyncio.get_running_loop()
        self._asking, _ = await loop.create_datagram_endpoint(lambda: _Heard(self), local_addr=(self.host, 0))
        self._transports.append(self._asking)


class _Heard(asyncio.DatagramProtocol):
    def __init__(self, owner: AccessServer) -> None:
        self._owner = owner

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:  # noqa: ARG002 # asyncio calls it so
        self._owner.heard(data)


class _Told(asyncio.DatagramProtocol):
    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        answer = self._ear.received(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


def call_of(caller: str, callee: str, own_id: str = "", **more: str) -> Attributes:
    """The attributes of a call that is asked for."""
    attributes = [
        (int(Attribute.USER_NAME), caller.encode()),
        (int(Attribute.CALLING_STATION_ID), caller.encode()),
        (int(Attribute.CALLED_STATION_ID), callee.encode()),
        (int(Attribute.NAS_IP_ADDRESS), socket.inet_aton(HOST)),
    ]
    if own_id:
        attributes.append((int(Attribute.ACCT_SESSION_ID), own_id.encode()))
    attributes += [(int(Attribute[name.upper()]), value.encode()) for name, value in more.items()]
    return tuple(attributes)


def of_call(answer: Packet, own_id: str, *, seconds: int | None = None, delay: int = 0, cause: int = 0) -> Attributes:
    """The attributes of a report of the call that this Access-Accept granted."""
    attributes = [(int(Attribute.CLASS), value) for value in answer.all_of(Attribute.CLASS)]
    attributes.append((int(Attribute.ACCT_SESSION_ID), own_id.encode()))
    numbers = {
        Attribute.ACCT_SESSION_TIME: seconds,
        Attribute.ACCT_DELAY_TIME: delay or None,
        Attribute.ACCT_TERMINATE_CAUSE: cause or None,
    }
    attributes += [(int(name), number_value(value)) for name, value in numbers.items() if value is not None]
    return tuple(attributes)


async def nothing(work: Callable[[], Awaitable[object]]) -> bool:
    """Whether no answer comes."""
    try:
        await work()
    except TimeoutError:
        return True
    return False
