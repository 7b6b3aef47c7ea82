"""One peer on one connection: the state machine of whoever is connected to (RFC 6733 §5.6, the responder's half).

Knows which message may come when, and what the base answers by itself. Refuses to know sockets
(commcredits.edges.diameter.connection) and what the application answers.

We never connect to anybody, so there is no election (§5.6.4). A peer may have several connections: it is served on
each, and asked on the newest that is healthy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final, Protocol

from commcredits.edges.diameter import capabilities as said
from commcredits.edges.diameter.avps import Fault, FaultError
from commcredits.edges.diameter.dictionary import (
    BASE_APPLICATION,
    CAPABILITIES_EXCHANGE,
    DEVICE_WATCHDOG,
    DISCONNECT_PEER,
    RELAY,
    DisconnectCause,
    ResultCode,
)
from commcredits.edges.diameter.failures import log_failure
from commcredits.edges.diameter.messages import ERROR, PROXIABLE, REQUEST, Message, write_refusal, write_request
from commcredits.edges.diameter.questions import Questions
from commcredits.edges.diameter.watchdog import Verdict, Watchdog

if TYPE_CHECKING:
    from commcredits.edges.diameter.listener import Listener

Address = IPv4Address | IPv6Address

_HEADER_WRONG: Final = Fault(code=ResultCode.INVALID_HEADER_BITS, reason="a request has the E bit")
_COMMAND_UNSUPPORTED: Final = Fault(code=ResultCode.COMMAND_UNSUPPORTED, reason="the command is not taken here")
_APPLICATION_UNSUPPORTED: Final = Fault(
    code=ResultCode.APPLICATION_UNSUPPORTED, reason="the application is not spoken here"
)
_FAILED: Final = Fault(code=ResultCode.UNABLE_TO_COMPLY)


class State(Enum):
    """Where a connection stands.

    NEW: nothing but a CER may come. OPEN: agreed. CLOSING: we said good-bye and wait for the peer to agree, still
    taking what it asks. LEAVING: nothing more is taken, what was asked is answered. CLOSED: gone.
    """

    NEW = auto()
    OPEN = auto()
    CLOSING = auto()
    LEAVING = auto()
    CLOSED = auto()


class Parting(Enum):
    """How a connection ends once everything that was asked on it is answered.

    WAIT: the peer closes, for it was the peer that said good-bye. SHUT: we send no more, and the peer reads our last
    answer before it closes. CLOSE: we close, for the peer has agreed to that.
    """

    WAIT = auto()
    SHUT = auto()
    CLOSE = auto()


class Wire(Protocol):
    """The connection, as the state machine uses it."""

    in_flight: int
    """How many requests of the peer wait for their answers."""

    @property
    def answer(self) -> Callable[[bytes], None]:
        """What an application calls with the answer to a request."""
        ...

    def send(self, octets: bytes) -> None:
        """Send a message; nothing happens when the connection is gone."""
        ...

    def open(self) -> None:
        """The peer is agreed with: take messages of full length."""
        ...

    def leave(self, parting: Parting) -> None:
        """Take nothing more, and close as the parting says; at the latest after ``goodbye_seconds``."""
        ...

    def abort(self) -> None:
        """Close now."""
        ...


class PeerConnection:
    """The state machine. It is a ``ports.Peer`` once it was opened."""

    __slots__ = (
        "_certificate_names",
        "_command_codes",
        "_goodbye_at",
        "_listener",
        "_local_address",
        "_questions",
        "_take",
        "_wire",
        "address",
        "application_id",
        "origin_host",
        "origin_realm",
        "origin_state_id",
        "state",
        "watchdog",
    )

    def __init__(
        self,
        listener: Listener,
        wire: Wire,
        *,
        address: Address,
        local_address: Address,
        certificate_names: frozenset[str] | None,
    ) -> None:
        self._listener = listener
        self._wire = wire
        self._take = listener.application.take
        self._command_codes = listener.application.command_codes
        self._certificate_names = certificate_names
        self._local_address = local_address
        self._questions = Questions(listener.limits, listener.clock)
        self.application_id = listener.application.application_id
        self.address = address
        self.origin_host = ""
        self.origin_realm = ""
        self.origin_state_id = 0
        self.state = State.NEW
        self._goodbye_at = 0.0
        self.watchdog = Watchdog(listener.next_watchdog_seconds(), listener.clock.seconds)

    # ---- what an application asks of a peer --------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """See ``ports.Peer``."""
        return self.state is State.OPEN

    def request(
        self, command_code: int, application_id: int, avps: bytes, *, proxiable: bool = True
    ) -> asyncio.Future[Message | None]:
        """See ``ports.Peer``."""
        flags = REQUEST | (PROXIABLE if proxiable else 0)
        if self.state is not State.OPEN:
            return self._questions.unasked()
        hop_by_hop, future = self._questions.ask(command_code)
        if hop_by_hop is not None:
            end_to_end = self._listener.next_end_to_end()
            self._wire.send(
                write_request(
                    command_code, application_id, avps, hop_by_hop=hop_by_hop, end_to_end=end_to_end, flags=flags
                )
            )
        return future

    def disconnect(self, cause: DisconnectCause) -> None:
        """See ``ports.Peer``."""
        if self.state is State.NEW:
            self._wire.abort()
        elif self.state is State.OPEN:
            self.state = State.CLOSING
            self._goodbye_at = self._listener.clock.seconds
            self._ask_base(DISCONNECT_PEER, said.disconnect_avps(self._listener.identity, cause))

    # ---- what arrives ------------------------------------------------------------------------------------------------

    def take(self, message: Message) -> None:
        """One message, in the order of arrival."""
        if (
            message.flags & (REQUEST | ERROR) == REQUEST
            and message.application_id == self.application_id
            and message.command_code in self._command_codes
            and (self.state is State.OPEN or self.state is State.CLOSING)
        ):
            self._wire.in_flight += 1
            try:
                self._take(self, message, self._wire.answer)
            except FaultError as error:
                self._wire.answer(write_refusal(message, error.fault, self._listener.identity))
            except Exception as error:  # noqa: BLE001 # a bug of ours may neither leave a peer without an answer nor take the process along
                log_failure("diameter request failed", error, peer=self.origin_host)
                self._wire.answer(write_refusal(message, _FAILED, self._listener.identity))
        else:
            self._take_base(message)

    def take_fault(self, fault: Fault, header: Message) -> None:
        """The peer sent what cannot be framed: say so where it may be answered, and close."""
        if self.state is State.NEW:
            self._drop(fault.reason)
            return
        self._listener.complaints.warn("diameter connection given up", peer=self.origin_host, reason=fault.reason)
        if header.is_request:
            self._refuse(header, fault)
        self._leave(Parting.SHUT)

    def sweep(self, now_seconds: float) -> None:
        """Hold the peer to its times; not called while nothing is read of it."""
        self._questions.expire(now_seconds)
        if self.state is State.CLOSING and now_seconds - self._goodbye_at > self._listener.limits.goodbye_seconds:
            self._leave(Parting.CLOSE)
        if self.state is not State.OPEN:
            return
        match self.watchdog.look(now_seconds):
            case Verdict.ASK:
                self._ask_base(DEVICE_WATCHDOG, self._listener.identity.avps)
            case Verdict.SUSPECT:
                self._listener.complaints.warn("diameter peer is silent", peer=self.origin_host)
            case Verdict.CLOSE:
                self._listener.complaints.warn("diameter connection given up", peer=self.origin_host, reason="silent")
                self._wire.abort()
            case Verdict.NOTHING:
                pass

    def probe(self) -> None:
        """Ask a peer that may be gone, for it has connected anew."""
        if self.state is State.OPEN and self.watchdog.ask(self._listener.clock.seconds):
            self._ask_base(DEVICE_WATCHDOG, self._listener.identity.avps)

    def give_up(self, reason: str) -> None:
        """Close now."""
        self._listener.complaints.warn("diameter connection given up", peer=self.origin_host, reason=reason)
        self._wire.abort()

    def lost(self) -> None:
        """The connection is gone."""
        was_opened = bool(self.origin_host)
        self.state = State.CLOSED
        self._questions.close()
        if was_opened:
            self._listener.closed(self)

    # ---- the base protocol -------------------------------------------------------------------------------------------

    def _take_base(self, message: Message) -> None:
        if self.state is State.NEW:
            self._begin(message)
        elif self.state is State.LEAVING or self.state is State.CLOSED:
            return
        elif not message.is_request:
            self._take_answer(message)
        elif message.is_error:
            self._refuse(message, _HEADER_WRONG)
        elif message.application_id not in (BASE_APPLICATION, RELAY):
            known = message.application_id == self.application_id
            self._refuse(message, _COMMAND_UNSUPPORTED if known else _APPLICATION_UNSUPPORTED)
        else:
            self._take_base_request(message)

    def _take_base_request(self, message: Message) -> None:
        identity = self._listener.identity
        try:
            match message.command_code:
                case code if code == DEVICE_WATCHDOG:
                    said.check_base_request(message)
                    self._wire.send(said.write_success(message, identity))
                case code if code == DISCONNECT_PEER:
                    said.check_base_request(message)
                    cause = said.read_disconnect_cause(message)
                    self._wire.send(said.write_success(message, identity))
                    self._listener.complaints.tell("diameter peer leaves", peer=self.origin_host, cause=cause)
                    self._leave(Parting.WAIT)
                case code if code == CAPABILITIES_EXCHANGE:
                    self._take_capabilities_again(message)
                case _:
                    self._refuse(message, _COMMAND_UNSUPPORTED)
        except FaultError as error:
            self._refuse(message, error.fault)

    def _take_answer(self, message: Message) -> None:
        """An answer to a question of ours; one that nobody waits for is forgotten."""
        asked = self._questions.answered(message)
        if asked == DEVICE_WATCHDOG:
            self.watchdog.hear_answer()
        elif asked == DISCONNECT_PEER:
            self._leave(Parting.CLOSE)

    def _begin(self, message: Message) -> None:
        """The first message. Whoever is not a peer of ours is not answered at all."""
        if not message.is_request or message.command_code != CAPABILITIES_EXCHANGE or message.is_error:
            self._drop("it does not begin with a CER")
            return
        try:
            origin_host = said.read_origin_host(message)
        except FaultError:
            self._drop("its CER does not say who it is")
            return
        why_not = self._listener.allowed.why_not(origin_host, self.address, self._certificate_names)
        if why_not:
            self._drop(why_not, peer=origin_host)
            return
        try:
            capabilities = said.read_capabilities(message)
        except FaultError as error:
            self._refuse_capabilities(message, error.fault, origin_host)
            return
        if not capabilities.shares(self.application_id):
            self._refuse_capabilities(message, said.NO_COMMON_APPLICATION, origin_host)
        elif not capabilities.plain_transport:
            self._refuse_capabilities(message, said.NO_COMMON_SECURITY, origin_host)
        elif not self._listener.make_place(capabilities):
            self._refuse_capabilities(message, said.TOO_MANY_CONNECTIONS, origin_host)
        else:
            self.origin_host = origin_host
            self.origin_realm = capabilities.origin_realm
            self.origin_state_id = capabilities.origin_state_id
            self.state = State.OPEN
            self._wire.open()
            self._agree(message)
            self._listener.opened(self, capabilities.product_name)

    def _take_capabilities_again(self, message: Message) -> None:
        """A CER on an open connection: the same peer is told the same again, another one has no business here."""
        if said.read_capabilities(message).origin_host == self.origin_host:
            self._agree(message)
        else:
            self.give_up("another peer's CER on an open connection")

    def _agree(self, message: Message) -> None:
        self._wire.send(
            said.write_capabilities(message, self._listener.identity, self.application_id, (self._local_address,))
        )

    def _refuse_capabilities(self, message: Message, fault: Fault, origin_host: str) -> None:
        self._listener.complaints.warn(
            "diameter peer refused", peer=origin_host, address=str(self.address), reason=fault.reason
        )
        ours = said.capability_avps(self.application_id, (self._local_address,))
        self._wire.send(write_refusal(message, fault, self._listener.identity, ours))
        self._leave(Parting.SHUT)

    def _refuse(self, message: Message, fault: Fault) -> None:
        self._wire.send(write_refusal(message, fault, self._listener.identity))

    def _drop(self, reason: str, **facts: str) -> None:
        self._listener.complaints.warn("diameter connection dropped", address=str(self.address), reason=reason, **facts)
        self._wire.abort()

    def _leave(self, parting: Parting) -> None:
        self.state = State.LEAVING
        self._questions.close()
        self._wire.leave(parting)

    def _ask_base(self, command_code: int, avps: bytes) -> None:
        hop_by_hop, _ = self._questions.ask(command_code)
        if hop_by_hop is None:
            return
        end_to_end = self._listener.next_end_to_end()
        self._wire.send(
            write_request(command_code, BASE_APPLICATION, avps, hop_by_hop=hop_by_hop, end_to_end=end_to_end)
        )
