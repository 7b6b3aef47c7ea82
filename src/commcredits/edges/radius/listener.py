"""One UDP socket: which packets are believed, and that nothing which comes in harms anything else.

Knows addresses, proofs and repetitions. Refuses to know what a request asks for.

Who cannot prove anything gets no answer at all (RFC 2865 §3): strangers, wrong secrets, Access-Requests without
Message-Authenticator (the attack known as BlastRADIUS), packets that are none.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from commcredits.edges.radius.attributes import Code
from commcredits.edges.radius.clients import Client, Clients
from commcredits.edges.radius.exchanges import Exchange, Source
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.packets import Packet, PacketError, is_proven, is_signed, read_packet
from commcredits.edges.radius.repeats import Repeats
from commcredits.edges.radius.tasks import log_failure

RECEIVE_BUFFER_BYTES: Final = 4 * 1_024 * 1_024
"""How much the kernel is asked to keep for us while we are busy: a burst of some ten thousand packets."""

SEND_BUFFER_BYTES_MAX: Final = 4 * 1_024 * 1_024
STRANGER: Final = "a stranger"
"""Whose complaints are counted as one: the addresses of strangers can be anything, and would fill that memory."""

Take = Callable[[Exchange], None]


class Listener(asyncio.DatagramProtocol):
    """The socket of one port. ``takes`` are the requests that are heard there, besides Status-Server."""

    def __init__(
        self,
        clients: Clients,
        grumbling: Grumbling,
        clock: Callable[[], float],
        takes: Mapping[Code, Take],
        *,
        status_answer: Code,
    ) -> None:
        self._clients = clients
        self._grumbling = grumbling
        self._takes = takes
        self._status_answer = status_answer
        self._repeats = Repeats(clock)
        self._transport: asyncio.DatagramTransport | None = None
        self._closing = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.in_work = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        # What the standard library opens is no DatagramTransport by its class.
        self._transport = cast("asyncio.DatagramTransport", transport)
        opened = transport.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)

    def datagram_received(self, data: bytes, addr: Source) -> None:
        """A packet came in; whatever it is, the next one is heard."""
        if self._closing:
            return
        try:
            self._hear(data, addr)
        except Exception as error:  # noqa: BLE001 # a bug that one packet finds stays with that packet
            log_failure("a RADIUS packet found a bug", error)

    def error_received(self, exc: Exception) -> None:
        """An answer did not reach whoever asked, who will ask again."""

    def send(self, datagram: bytes, source: Source) -> None:
        """Send an answer, unless more wait than should."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if _waiting_bytes(transport) > SEND_BUFFER_BYTES_MAX:
            self._grumbling.complain("answers cannot leave", "network")
            return
        transport.sendto(datagram, source)

    def settled(self) -> None:
        """A request was answered or dropped."""
        self.in_work -= 1
        if not self.in_work:
            self._idle.set()

    async def drain(self, seconds: float) -> None:
        """Take nothing new, wait until what was asked is answered, and close."""
        self._closing = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            self._grumbling.complain("stopped with requests in work", "radius", requests=self.in_work)
        if self._transport is not None:
            self._transport.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def _hear(self, data: bytes, addr: tuple[Any, ...]) -> None:
        client = self._clients.find(str(addr[0]))
        if client is None:
            self._grumbling.complain("packet from a stranger", STRANGER, address=str(addr[0]))
            return
        try:
            packet = read_packet(data)
        except PacketError as error:
            self._grumbling.complain("unreadable packet", client.name, problem=str(error))
            return
        if not self._is_believed(client, packet):
            return
        exchange = Exchange(self, self._repeats, client, packet, addr)
        take = self._takes.get(Code(packet.code))
        if not exchange.is_new():
            return
        self.in_work += 1
        self._idle.clear()
        if take is None:
            exchange.answer(self._status_answer)
            return
        try:
            take(exchange)
        except Exception:
            exchange.drop()
            raise

    def _is_believed(self, client: Client, packet: Packet) -> bool:
        """Whether the packet belongs here and proves that its sender knows the secret."""
        if packet.code not in self._takes and packet.code != Code.STATUS_SERVER:
            self._grumbling.complain("packet of another kind", client.name, code=packet.code)
            return False
        if packet.code == Code.ACCOUNTING_REQUEST:
            believed = is_signed(packet, client.secret)
        elif packet.proof_at:
            believed = is_proven(packet, client.secret, packet.authenticator)
        else:
            self._grumbling.complain("request without Message-Authenticator", client.name)
            return False
        if not believed:
            self._grumbling.complain("wrong secret", client.name)
        return believed


def _waiting_bytes(transport: asyncio.DatagramTransport) -> int:
    # Every event loop has it, and the types of the standard library lack it.
    waiting: int = transport.get_write_buffer_size()  # type: ignore[attr-defined] # asyncio's types lack it
    return waiting
