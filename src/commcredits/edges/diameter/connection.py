"""One TCP connection: octets in, octets out, and no more work taken than can be answered.

Knows when to stop reading and how a connection ends. Refuses to know what messages say
(commcredits.edges.diameter.peers).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, cast

from commcredits.edges.diameter.admission import plain_address
from commcredits.edges.diameter.failures import log_failure
from commcredits.edges.diameter.framing import Framing
from commcredits.edges.diameter.peers import Parting, PeerConnection, State
from commcredits.edges.diameter.tls import certificate_names

if TYPE_CHECKING:
    from commcredits.edges.diameter.listener import Listener


class Connection(asyncio.Protocol):
    """The protocol of one connection; a ``peers.Wire``."""

    __slots__ = (
        "_address",
        "_began",
        "_closing",
        "_framing",
        "_leaving",
        "_listener",
        "_loop",
        "_out",
        "_parting",
        "_peer",
        "_reading",
        "_since",
        "_transport",
        "_write_paused",
        "answer",
        "in_flight",
    )

    def __init__(self, listener: Listener, address: IPv4Address | IPv6Address) -> None:
        self._listener = listener
        self._address = address
        self._framing = Framing(listener.limits.capabilities_bytes_max)
        self._peer: PeerConnection | None = None
        self._transport: asyncio.Transport | None = None
        self._reading = True
        self._write_paused = False
        self._leaving = False
        self._closing = False
        self._parting = Parting.WAIT
        self._began = listener.clock.seconds
        """Since when the current message is on its way."""
        self._since = listener.clock.seconds
        """Since when the connection is in the condition that the sweep looks at: new, blocked, leaving, closing."""
        self._loop = asyncio.get_running_loop()
        # Messages leave together, once in each turn of the loop: answers come by the dozen, when a batch is durable,
        # and each write of its own would be a call of the system.
        self._out: list[bytes] = []
        self.in_flight = 0
        # Bound once: applications are handed it with every request.
        self.answer: Callable[[bytes], None] = self._answer

    # ---- asyncio's side ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection is there, TLS agreed."""
        self._transport = cast("asyncio.Transport", transport)
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        local = transport.get_extra_info("sockname")
        self._peer = PeerConnection(
            self._listener,
            self,
            address=self._address,
            local_address=plain_address(local[0]),
            certificate_names=None if tls is None else certificate_names(tls),
        )
        self._listener.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio names and passes it; why a peer left changes nothing here
        """asyncio: the connection is gone; requests in flight go on, their answers go nowhere."""
        self._transport = None
        self._leaving = True
        self._out.clear()
        if self._peer is not None:
            self._peer.lost()
        self._listener.forget(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: octets arrived."""
        peer, framing = self._peer, self._framing
        if self._leaving or peer is None:
            return  # read and thrown away, so that the last answer is not lost to a reset
        now_seconds = self._listener.clock.seconds
        was_within = framing.is_within_message
        try:
            messages = framing.feed(data)
            if messages or not was_within:
                self._began = now_seconds
            peer.watchdog.hear(now_seconds)
            for message in messages:
                peer.take(message)
            if framing.fault is not None and framing.faulty is not None and not self._leaving:
                peer.take_fault(framing.fault, framing.faulty)
        except Exception as error:  # noqa: BLE001 # a bug of ours may cost this peer its connection, and nobody else theirs
            log_failure("diameter connection failed", error, peer=peer.origin_host)
            self.abort()
        if self.in_flight >= self._listener.limits.in_flight_max:
            self._stop_reading()

    def eof_received(self) -> bool:
        """asyncio: the peer sends no more. Nothing is owed to whoever hangs up: the transport closes by itself."""
        return False

    def pause_writing(self) -> None:
        """asyncio: the peer reads more slowly than it asks."""
        self._write_paused = True
        self._since = self._listener.clock.seconds
        self._stop_reading()

    def resume_writing(self) -> None:
        """asyncio: the peer caught up."""
        self._write_paused = False
        self._since = self._listener.clock.seconds
        self._resume_reading()

    # ---- the side of the state machine -------------------------------------------------------------------------------

    @property
    def peer(self) -> PeerConnection:
        """Who is at the other end."""
        assert self._peer is not None, "asyncio makes the connection before anybody asks"
        return self._peer

    def send(self, octets: bytes) -> None:
        """See ``peers.Wire``."""
        if self._transport is not None and not self._closing:
            if not self._out:
                self._loop.call_soon(self._flush)
            self._out.append(octets)

    def open(self) -> None:
        """See ``peers.Wire``."""
        self._framing.message_bytes_max = self._listener.limits.message_bytes_max

    def leave(self, parting: Parting) -> None:
        """See ``peers.Wire``."""
        self._leaving = True
        self._parting = parting
        self._since = self._listener.clock.seconds
        self._part()

    def abort(self) -> None:
        """See ``peers.Wire``."""
        self._leaving = True
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, octets: bytes) -> None:
        self.in_flight -= 1
        self.send(octets)

    def _flush(self) -> None:
        """Write what has collected; then see whether more may be read, or whether this was the last."""
        transport = self._transport
        if transport is None or self._closing:
            return
        self._write_out(transport)
        if self._leaving:
            self._part()
        elif not self._reading:
            self._resume_reading()

    def _write_out(self, transport: asyncio.Transport) -> None:
        octets = b"".join(self._out)
        self._out.clear()
        transport.write(octets)

    def _part(self) -> None:
        """End our half of a connection on which everything is answered, as its parting says."""
        transport = self._transport
        if transport is None or self._closing or self.in_flight > 0 or self._out or self._parting is Parting.WAIT:
            return
        if self._parting is Parting.SHUT and transport.can_write_eof():
            # A close with unread octets resets the connection, and the reset may overtake the answer.
            self._resume_reading()
            transport.write_eof()
        else:
            self._close(transport)

    # ---- time --------------------------------------------------------------------------------------------------------

    def sweep(self, now_seconds: float) -> None:
        """Hold the connection to its times."""
        transport, limits = self._transport, self._listener.limits
        if transport is None or self._peer is None:
            return
        since_seconds = now_seconds - self._since
        if self._closing:
            if since_seconds > limits.write_seconds:
                transport.abort()
        elif self._leaving:
            if since_seconds > limits.goodbye_seconds:
                self._close(transport)
        elif self._write_paused:
            if since_seconds > limits.write_seconds:
                self._peer.give_up("it does not read its answers")
        elif self._peer.state is State.NEW:
            if since_seconds > limits.capabilities_seconds:
                self._peer.give_up("no CER in time")
        elif self._framing.is_within_message and self._reading and now_seconds - self._began > limits.message_seconds:
            self._peer.give_up("a message does not come to its end")
        elif self._reading:
            self._peer.sweep(now_seconds)

    def _close(self, transport: asyncio.Transport) -> None:
        self._write_out(transport)
        self._closing = True
        self._since = self._listener.clock.seconds
        transport.close()

    # ---- back-pressure -----------------------------------------------------------------------------------------------

    def _stop_reading(self) -> None:
        if self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if (
            self._reading
            or self._write_paused
            or self._transport is None
            or self._transport.is_closing()
            or self.in_flight > self._listener.limits.in_flight_max // 2
        ):
            return
        self._reading = True
        now_seconds = self._listener.clock.seconds
        self._began = now_seconds
        if self._peer is not None:
            self._peer.watchdog.hear(now_seconds)  # its silence was ours
        self._transport.resume_reading()
