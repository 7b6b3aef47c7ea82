"""Requests of ours to access servers: cut this call, let it last longer (RFC 5176).

Knows identifiers, retransmission and proofs. Refuses to know why a call is cut or extended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address
from typing import Any, Final

from commcredits.edges.radius.attributes import Attribute, Code
from commcredits.edges.radius.clients import Client, read_address
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.packets import (
    Attributes,
    Packet,
    PacketError,
    is_reply_to,
    number_value,
    read_packet,
    write_request,
)

TRY_SECONDS: Final = (1.0, 2.0, 4.0)
"""How long each try waits for an answer (RFC 5080 §2.2.1 doubles); three tries in all."""

_IDENTIFIERS: Final = 256
_ACKNOWLEDGED: Final = {Code.COA_REQUEST: Code.COA_ACK, Code.DISCONNECT_REQUEST: Code.DISCONNECT_ACK}
_REFUSED: Final = {Code.COA_REQUEST: Code.COA_NAK, Code.DISCONNECT_REQUEST: Code.DISCONNECT_NAK}

Place = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of a request: taken, refused with an Error-Cause (0 where none was said), or not answered (None)."""

    taken: bool | None
    error_cause: int = 0


UNANSWERED: Final = Change(taken=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    authenticator: bytes
    client: Client
    code: Code
    answered: asyncio.Future[Change]


class Changing:
    """Sends such requests from sockets of its own, and hears their answers.

    ``clock`` gives the wall time for Event-Timestamp, which lets an access server tell an old request from a new one.
    """

    def __init__(
        self,
        grumbling: Grumbling,
        clock: Callable[[], datetime],
        *,
        local_host: str = "",
        try_seconds: Sequence[float] = TRY_SECONDS,
    ) -> None:
        self._grumbling = grumbling
        self._clock = clock
        self._local_host = local_host
        self._try_seconds = tuple(try_seconds)
        self._waiting: dict[tuple[Place, int], _Waiting] = {}
        self._next: int = 0
        self._opening = asyncio.Lock()
        self._transports: dict[bool, asyncio.DatagramTransport] = {}

    async def request(self, code: Code, client: Client, host: str, attributes: Attributes) -> Change:
        """Ask the access server of this client at this address, until it answers or the tries are used up."""
        address = read_address(host)
        if address is None or not client.disconnect_port:
            return UNANSWERED
        place = (str(address), client.disconnect_port)
        identifier = self._free_identifier(place)
        if identifier is None:
            self._grumbling.complain("too many changes wait for this access server", client.name)
            return UNANSWERED
        at = int(self._clock().timestamp())
        content = (*attributes, (int(Attribute.EVENT_TIMESTAMP), number_value(at)))
        datagram = write_request(code, identifier, content, client.secret)
        answered: asyncio.Future[Change] = asyncio.get_running_loop().create_future()
        # Taken before anything is awaited, so that nobody else takes the identifier.
        self._waiting[place, identifier] = _Waiting(
            authenticator=datagram[4:20], client=client, code=code, answered=answered
        )
        try:
            transport = await self._transport(six=isinstance(address, IPv6Address))
            for seconds in self._try_seconds:
                transport.sendto(datagram, place)
                done, _ = await asyncio.wait([answered], timeout=seconds)
                if done:
                    return answered.result()
        except OSError as error:
            self._grumbling.complain("changes of calls cannot be sent", client.name, error=type(error).__name__)
        finally:
            del self._waiting[place, identifier]
        return UNANSWERED

    def close(self) -> None:
        """Close the sockets; what still waits is not answered."""
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()

    def heard(self, datagram: bytes, source: tuple[Any, ...]) -> None:
        """An answer came in; one that nobody waits for, or without a proof, is not believed."""
        address = read_address(str(source[0]))
        place = (str(address), int(source[1]))
        try:
            packet = read_packet(datagram)
        except PacketError as error:
            self._grumbling.complain("unreadable answer to a change", place[0], problem=str(error))
            return
        waiting = self._waiting.get((place, packet.identifier))
        if waiting is None or waiting.answered.done():
            return
        if not is_reply_to(packet, waiting.authenticator, waiting.client.secret):
            self._grumbling.complain("answer to a change with a wrong proof", waiting.client.name)
        elif packet.code == _ACKNOWLEDGED[waiting.code]:
            waiting.answered.set_result(Change(taken=True))
        elif packet.code == _REFUSED[waiting.code]:
            waiting.answered.set_result(Change(taken=False, error_cause=_error_cause(packet)))

    def _free_identifier(self, place: Place) -> int | None:
        for _ in range(_IDENTIFIERS):
            self._next = (self._next + 1) % _IDENTIFIERS
            if (place, self._next) not in self._waiting:
                return self._next
        return None

    async def _transport(self, *, six: bool) -> asyncio.DatagramTransport:
        async with self._opening:
            transport = self._transports.get(six)
            if transport is None or transport.is_closing():
                own = read_address(self._local_host)
                fits = own is not None and isinstance(own, IPv6Address) == six
                local = (str(own), 0) if fits else ("::" if six else "0.0.0.0", 0)  # noqa: S104 - whichever way leads there
                transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Ear(self), local_addr=local
                )
                self._transports[six] = transport
            return transport


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, changing: Changing) -> None:
        self._changing = changing

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._changing.heard(data, addr)


def _error_cause(packet: Packet) -> int:
    return packet.number(Attribute.ERROR_CAUSE) or 0
