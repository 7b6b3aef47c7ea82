"""What we ask of clients by ourselves: to ask again because money has arrived, and to abort a call (RFC 8506 §5.5).

Knows RAR and ASR (RFC 6733 §8.3, §8.5). Refuses to know why. A client that is asked again sends an UPDATE_REQUEST,
which is answered like any other. One that is told to abort and cannot is asked again, and refused then: a call that
somebody wants cut gets no more units.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import structlog

from commcredits.edges.diameter.avp_writing import integer32_writer, unsigned32_writer, write_utf8
from commcredits.edges.diameter.avps import FaultError
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.calls import switch_of
from commcredits.edges.diameter.credit_control.dialogues import Dialogue, GroupState, label_of, session_id_of
from commcredits.edges.diameter.credit_control.finding import DATABASE_AWAY
from commcredits.edges.diameter.credit_control.sessions import Sessions
from commcredits.edges.diameter.dictionary import (
    AUTH_APPLICATION_ID,
    DESTINATION_HOST,
    DESTINATION_REALM,
    SESSION_ID,
    ResultCode,
)
from commcredits.edges.diameter.messages import Identity, Message, result_of
from commcredits.edges.diameter.ports import Peer, PeerDirectory
from commcredits.operations.following import CallOrder, Following, OrderKind

TAKEN: Final = frozenset({ResultCode.SUCCESS, ResultCode.LIMITED_SUCCESS})
"""The client does as it was asked."""

_APPLICATION: Final = unsigned32_writer(AUTH_APPLICATION_ID)(cc.CREDIT_CONTROL_APPLICATION)
_RE_AUTH_TYPE: Final = integer32_writer(cc.RE_AUTH_REQUEST_TYPE)(cc.AUTHORIZE_ONLY)
_rating_group: Final = unsigned32_writer(cc.RATING_GROUP)
_log: Final = structlog.get_logger("diameter")


class Orders:
    """Carries the orders of ``Following`` to the clients that have the calls."""

    def __init__(self, *, identity: Identity, sessions: Sessions, following: Following) -> None:
        self._identity = identity
        self._sessions = sessions
        self._following = following
        self._peers: PeerDirectory | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: set[tuple[OrderKind, str]] = set()

    def connect(self, peers: PeerDirectory) -> None:
        """Where clients are found."""
        self._peers = peers

    async def close(self) -> None:
        """Wait for what is being noted."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def deliver(self, order: CallOrder) -> None:
        """Tell the client; nothing happens while it is not connected: it asks again by itself, or is told later."""
        session_id = session_id_of(order.session_id)
        dialogue = self._sessions.dialogues.find(session_id)
        state = None if dialogue is None else _state_of(dialogue, order.session_id)
        if order.kind is OrderKind.CUT and state is not None:
            state.cutting = partial(self._told, order)
        host = order.switch.removeprefix(switch_of(""))
        peer = self._peer_of(dialogue, host)
        asked = (order.kind, order.session_id)
        if peer is None or asked in self._asked:
            return
        avps = b"".join([
            write_utf8(SESSION_ID, session_id),
            self._identity.avps,
            write_utf8(DESTINATION_REALM, peer.origin_realm),
            write_utf8(DESTINATION_HOST, host),
            _APPLICATION,
        ])  # fmt: skip
        self._asked.add(asked)
        if order.kind is OrderKind.CUT:
            answered = peer.request(cc.ABORT_SESSION, cc.CREDIT_CONTROL_APPLICATION, avps)
            answered.add_done_callback(partial(self._aborted, order, peer, avps))
        else:
            self._re_authorise(order, peer, avps)

    def _re_authorise(self, order: CallOrder, peer: Peer, avps: bytes) -> None:
        """RAR, for the one group that the order is about."""
        label = label_of(order.session_id)
        group = label.removeprefix("rg").partition("si")[0] if label.startswith("rg") else ""
        named = _rating_group(int(group)) if group else b""
        answered = peer.request(cc.RE_AUTH, cc.CREDIT_CONTROL_APPLICATION, avps + _RE_AUTH_TYPE + named)
        if answered.done() and peer.is_open and order.kind is OrderKind.RENEW:
            # Too many of ours wait on this connection, as when somebody with many calls has topped up.
            self._asked.discard((order.kind, order.session_id))
            self._following.again(order)
            return
        answered.add_done_callback(partial(self._re_authorised, order, peer))

    def _re_authorised(self, order: CallOrder, peer: Peer, answered: asyncio.Future[Message | None]) -> None:
        self._asked.discard((order.kind, order.session_id))
        result = _result(answered)
        if result not in TAKEN:
            _log.info("client does not ask again", peer=peer.origin_host, session_id=order.session_id, result=result)

    def _aborted(self, order: CallOrder, peer: Peer, avps: bytes, answered: asyncio.Future[Message | None]) -> None:
        result = _result(answered)
        if result in TAKEN or result == ResultCode.UNKNOWN_SESSION_ID:
            self._asked.discard((order.kind, order.session_id))
            self._told(order)
            return
        _log.info("client does not abort", peer=peer.origin_host, session_id=order.session_id, result=result)
        if peer.is_open:
            self._re_authorise(order, peer, avps)
        else:
            self._asked.discard((order.kind, order.session_id))

    def _told(self, order: CallOrder) -> None:
        task = asyncio.create_task(self._note(order), name="diameter told")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note(self, order: CallOrder) -> None:
        try:
            await self._following.told(order)
        except DATABASE_AWAY as error:
            # The order is given again, and then taken again.
            _log.warning("cut not noted", session_id=order.session_id, reason=type(error).__name__)

    def _peer_of(self, dialogue: Dialogue | None, host: str) -> Peer | None:
        """The connection on which the session was heard last, or else one of the client itself."""
        if dialogue is not None and dialogue.peer is not None and dialogue.peer.is_open:
            return dialogue.peer
        return None if self._peers is None else self._peers.find_peer(host)


def _state_of(dialogue: Dialogue, call_id: str) -> GroupState | None:
    return next((state for state in dialogue.groups.values() if state.session_id == call_id), None)


def _result(answered: asyncio.Future[Message | None]) -> int | None:
    """The result code of an answer; None where none came or it cannot be read."""
    message = None if answered.cancelled() else answered.result()
    if message is None:
        return None
    try:
        return result_of(message)
    except FaultError:
        return None
