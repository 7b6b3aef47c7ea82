"""Credit control as an application of the base: every Credit-Control-Request comes in here and is answered from here.

Knows how a request finds its session, and that it is answered once. Refuses to know what its answer is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final

import structlog

from commcredits.core.numbers import EMERGENCY_NUMBERS
from commcredits.edges.diameter.avp_writing import unsigned32_writer
from commcredits.edges.diameter.avps import Avp, Fault, FaultError, find_avp
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.addresses import number_of
from commcredits.edges.diameter.credit_control.dialogues import Dialogue, Reply
from commcredits.edges.diameter.credit_control.dictionary import RequestType
from commcredits.edges.diameter.credit_control.events import Events
from commcredits.edges.diameter.credit_control.exchange import Exchange, Send
from commcredits.edges.diameter.credit_control.finding import Finder
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest, read_request
from commcredits.edges.diameter.credit_control.results import is_temporary
from commcredits.edges.diameter.credit_control.sessions import Sessions, emergency_answer
from commcredits.edges.diameter.credit_control.writing import GroupAnswer, write_body
from commcredits.edges.diameter.dictionary import AUTH_APPLICATION_ID, ORIGIN_HOST, ResultCode
from commcredits.edges.diameter.messages import Identity, Message, write_answer, write_refusal
from commcredits.edges.diameter.ports import Peer
from commcredits.operations.charging import emergency_forms

WARNINGS_MAX: Final = 100
"""So many faulty requests of one client are told of in the log, from one connection of it to the next."""

_APPLICATION_AVP: Final = unsigned32_writer(AUTH_APPLICATION_ID)(cc.CREDIT_CONTROL_APPLICATION)
_log: Final = structlog.get_logger("diameter")


class CreditControl:
    """The application. ``relays`` are the Origin-Hosts of agents that pass on what other hosts ask."""

    def __init__(
        self, *, identity: Identity, sessions: Sessions, events: Events, finder: Finder, relays: Collection[str] = ()
    ) -> None:
        self._identity = identity
        self._sessions = sessions
        self._events = events
        self._finder = finder
        self._relays = frozenset(relays)
        self._emergency_forms = emergency_forms(EMERGENCY_NUMBERS)
        self._warnings: dict[str, int] = {}

    @property
    def application_id(self) -> int:
        """See ``ports.Application``."""
        return cc.CREDIT_CONTROL_APPLICATION

    @property
    def command_codes(self) -> frozenset[int]:
        """See ``ports.Application``."""
        return frozenset({cc.CREDIT_CONTROL})

    def peer_opened(self, peer: Peer) -> None:
        """See ``ports.Application``."""
        self._warnings.pop(peer.origin_host, None)

    def peer_closed(self, peer: Peer) -> None:
        """See ``ports.Application``; its sessions go on over whichever connection they are heard on next."""

    def take(self, peer: Peer, request: Message, answer: Callable[[bytes], None]) -> None:
        """See ``ports.Application``."""
        avps = request.avps()
        try:
            asked = read_request(avps)
            if asked.origin_host != peer.origin_host and peer.origin_host not in self._relays:
                raise _spoken_for(avps)
        except FaultError as error:
            self._warn(peer, error.fault.reason)
            answer(write_refusal(request, error.fault, self._identity, _echoed(avps)))
            return
        send = partial(_send, request, asked.proxy_infos, answer)
        if asked.type is RequestType.EVENT:
            self._events.take(asked, send)
        elif not self._finder.is_searching(asked.session_id):
            self._route(peer, asked, send)
        elif self._finder.is_full:
            self._answer(asked, send, ResultCode.TOO_BUSY, "busy")
        else:
            self._finder.wait(asked.session_id, partial(self._found, peer, asked, send))

    def _route(self, peer: Peer, request: CreditControlRequest, send: Send) -> None:
        dialogue = self._sessions.dialogues.find(request.session_id)
        own = dialogue is not None and dialogue.origin_host == request.origin_host
        if dialogue is not None and own and _repeated(dialogue, request, send):
            return
        if request.type is RequestType.INITIAL:
            self._sessions.begin(peer, request, send)
        elif dialogue is not None and not own:
            self._warn(peer, "a session of another client")
            self._answer(request, send, ResultCode.UNKNOWN_SESSION_ID, "unknown_session")
        elif dialogue is not None and request.number <= dialogue.newest + 1:
            self._go_on(peer, dialogue, request, send)
        elif self._finder.is_full:
            self._answer(request, send, ResultCode.TOO_BUSY, "busy")
        else:
            # Nothing is known of it, or requests are missing that another process may have had.
            self._finder.search(request, dialogue, partial(self._found, peer, request, send))

    def _found(
        self,
        peer: Peer,
        request: CreditControlRequest,
        send: Send,
        dialogue: Dialogue | None,
        answered: bool,  # noqa: FBT001 # what the finder calls with both
    ) -> None:
        if not answered:
            self._answer(request, send, ResultCode.TOO_BUSY, "internal_error")
        elif request.type is RequestType.INITIAL:
            self._route(peer, request, send)
        elif dialogue is None:
            self._answer_unknown(request, send)
        elif not _repeated(dialogue, request, send):
            if self._sessions.dialogues.find(request.session_id) is not dialogue:
                self._sessions.dialogues.keep(dialogue)
            self._go_on(peer, dialogue, request, send)

    def _go_on(self, peer: Peer, dialogue: Dialogue, request: CreditControlRequest, send: Send) -> None:
        if request.type is RequestType.UPDATE:
            self._sessions.update(peer, dialogue, request, send)
        else:
            self._sessions.end(peer, dialogue, request, send)

    def _answer_unknown(self, request: CreditControlRequest, send: Send) -> None:
        """A session that nobody knows; an emergency call is let go on, for it may have no record (domain.md §5)."""
        parties = request.with_parties().parties
        called = "" if parties is None else number_of(parties.called)
        if called in self._emergency_forms:
            dialogue = Dialogue(request.session_id, request.origin_host, "", request.number)
            exchange = Exchange(request, dialogue, self._identity, send, _nothing)
            for index in range(len(request.groups)):
                over = request.type is RequestType.TERMINATION
                exchange.settle(index, GroupAnswer() if over else emergency_answer())
            return
        if request.type is RequestType.TERMINATION:
            self._sessions.end_unknown(request)
        self._answer(request, send, ResultCode.UNKNOWN_SESSION_ID, "unknown_session")

    def _answer(self, request: CreditControlRequest, send: Send, result: ResultCode, code: str) -> None:
        """Answer the whole message, without a word about its groups."""
        reply = Reply(())
        reply.result = result
        reply.avps = write_body(request, self._identity, result, b"", code=code)
        send(reply)

    def _warn(self, peer: Peer, reason: str) -> None:
        count = self._warnings[peer.origin_host] = self._warnings.get(peer.origin_host, 0) + 1
        if count <= WARNINGS_MAX:
            _log.warning("credit control request refused", peer=peer.origin_host, reason=reason)
        elif count == WARNINGS_MAX + 1:
            _log.warning("credit control requests refused, and no more are told of", peer=peer.origin_host)


def _repeated(dialogue: Dialogue, request: CreditControlRequest, send: Send) -> bool:
    """Whether the request came before; then it gets the same answer, as soon as there is one (RFC 8506 §8.2)."""
    reply = dialogue.replies.get((request.type, request.number))
    if reply is None or reply.content != request.content:
        return False
    if reply.is_given:
        send(reply)
    else:
        reply.waiting.append(send)
    return True


def _send(message: Message, proxy_infos: bytes, answer: Callable[[bytes], None], reply: Reply) -> None:
    """The answer to this very message: of a retransmission, the identifiers and Proxy-Info are others."""
    answer(write_answer(message, reply.avps + proxy_infos, error=is_temporary(reply.result)))


def _spoken_for(avps: Sequence[Avp]) -> FaultError:
    """The error that says that a peer may not speak for another host (RFC 6733 §6.1.8 leaves that to agents)."""
    avp = find_avp(avps, ORIGIN_HOST)
    assert avp is not None, "it was read"
    return FaultError(
        Fault(code=ResultCode.AUTHORIZATION_REJECTED, failed=avp.encoded(), reason="another host's request")
    )


def _echoed(avps: Sequence[Avp]) -> bytes:
    """What an answer to a request that cannot be read owes to its command (RFC 8506 §3.2), as far as it is there."""
    kind, number = find_avp(avps, cc.CC_REQUEST_TYPE), find_avp(avps, cc.CC_REQUEST_NUMBER)
    return b"".join([
        _APPLICATION_AVP,
        b"" if kind is None else kind.encoded(),
        b"" if number is None else number.encoded(),
    ])  # fmt: skip


def _nothing(_exchange: Exchange, _result: int) -> None:
    """Nothing is remembered of it."""
