"""Access-Requests: may this call be made, and for how long (RFC 2865).

Knows what an answer says. Refuses to know who may call whom, and to check anybody's password.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from commcredits.core.commands import Authorise
from commcredits.core.outcomes import Granted, Outcome, RefusalCode, Refused
from commcredits.edges.radius.attributes import Attribute, Code
from commcredits.edges.radius.calls import Call, Calls, names_of
from commcredits.edges.radius.exchanges import Exchange
from commcredits.edges.radius.packets import number_value
from commcredits.edges.radius.reading import name_of_switch, new_session_id, read_call
from commcredits.edges.radius.refusals import REFUSALS, is_trouble
from commcredits.edges.radius.tokens import Token, write_token
from commcredits.operations.charging import EMERGENCY_GRANT, ChargingDesk, Emergency

ASKED_AGAIN_SECONDS: Final = 30.0
"""For so long the same Acct-Session-Id means the same call: an access server that begins a new request instead of
repeating its first does not make a second call of it."""


class Authentication:
    """Answers them; ``clock`` gives monotonic seconds."""

    __slots__ = ("_calls", "_clock", "_desk", "_interim", "_ring_seconds_max")

    def __init__(
        self,
        desk: ChargingDesk,
        calls: Calls,
        clock: Callable[[], float],
        *,
        interim_seconds: int,
        ring_seconds_max: int,
    ) -> None:
        self._desk = desk
        self._calls = calls
        self._clock = clock
        self._interim = (int(Attribute.ACCT_INTERIM_INTERVAL), number_value(interim_seconds))
        self._ring_seconds_max = ring_seconds_max

    def take(self, exchange: Exchange) -> None:
        """Answer an Access-Request, once that is durable. An emergency call is answered at once and recorded then."""
        packet, client = exchange.packet, exchange.client
        switch = client.switch(exchange.host, name_of_switch(packet))
        session_id = self._session_id(exchange, switch)
        identified = self._desk.identify(read_call(client, packet, session_id, switch))
        match identified:
            case Refused():
                self._refuse(exchange, identified.code)
            case Emergency():
                command = identified.command
                organization_id = "" if command is None else command.organization_id
                self._accept(exchange, switch, organization_id, identified.session_id, EMERGENCY_GRANT, emergency=True)
                self._desk.record(identified)
            case Authorise():
                self._desk.submit(identified, partial(self._settle, exchange, identified))

    def _settle(self, exchange: Exchange, command: Authorise, outcome: Outcome) -> None:
        match outcome:
            case Granted() if outcome.granted_seconds > 0:
                self._accept(
                    exchange, command.switch, command.organization_id, command.session_id, outcome, emergency=False
                )
            case Granted():
                # A Session-Timeout of 0 means no limit to many access servers.
                self._refuse(exchange, RefusalCode.INSUFFICIENT_FUNDS)
            case Refused():
                self._refuse(exchange, outcome.code)
            case _:
                exchange.drop()

    def _refuse(self, exchange: Exchange, code: RefusalCode) -> None:
        if is_trouble(code):
            exchange.drop()
        else:
            exchange.answer(Code.ACCESS_REJECT, ((int(Attribute.REPLY_MESSAGE), REFUSALS[code].encode()),))

    def _accept(
        self,
        exchange: Exchange,
        switch: str,
        organization_id: str,
        session_id: str,
        granted: Granted,
        *,
        emergency: bool,
    ) -> None:
        attributes = [(int(Attribute.SESSION_TIMEOUT), number_value(granted.granted_seconds)), self._interim]
        if organization_id:
            token = Token(organization_id=organization_id, session_id=session_id, emergency=emergency)
            attributes.append((int(Attribute.CLASS), write_token(exchange.client, token)))
            self._remember(exchange, switch, token, granted)
        exchange.answer(Code.ACCESS_ACCEPT, attributes)

    def _remember(self, exchange: Exchange, switch: str, token: Token, granted: Granted) -> None:
        if self._calls.find(token.session_id) is not None:
            return
        now = self._clock()
        call = Call(
            token=token,
            client=exchange.client,
            switch=switch,
            host=exchange.host,
            names=names_of(exchange.packet),
            acct_session_id=exchange.packet.firsts.get(Attribute.ACCT_SESSION_ID, b""),
            asked_at=now,
            granted_seconds=granted.granted_seconds,
            told_seconds=granted.granted_seconds,
            final=granted.final,
        )
        self._calls.add(call)
        if self._ring_seconds_max and not token.emergency:
            self._calls.await_word(call, now + self._ring_seconds_max)

    def _session_id(self, exchange: Exchange, switch: str) -> str:
        own_id = exchange.packet.firsts.get(Attribute.ACCT_SESSION_ID, b"")
        call = self._calls.find_own(switch, own_id)
        if call is not None and not call.given_up and self._clock() - call.asked_at < ASKED_AGAIN_SECONDS:
            return call.token.session_id
        return new_session_id(exchange.client, exchange.packet)
