"""Accounting-Requests: the call was answered, goes on, is over; the access server was started (RFC 2866).

Knows what each says and when it is answered: once what it leads to is durable, so that an access server keeps what we
do not have. Refuses to know prices. What is definitely refused is answered too, for asking again would change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from commcredits.core.commands import End, Start
from commcredits.core.outcomes import Ended, Outcome, RefusalCode, Refused, Started
from commcredits.edges.radius.attributes import TERMINATE_CAUSES, Attribute, Status
from commcredits.edges.radius.calls import Call, Calls, names_of
from commcredits.edges.radius.exchanges import Exchange
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.late import LateCalls
from commcredits.edges.radius.pushing import Pushing
from commcredits.edges.radius.reading import name_of_switch, read_seconds
from commcredits.edges.radius.refusals import is_trouble
from commcredits.edges.radius.reporting import Reporting
from commcredits.edges.radius.restarts import Restarts
from commcredits.edges.radius.tokens import read_token
from commcredits.operations.charging import ChargingDesk

_NOT_RUNNING = frozenset({RefusalCode.SESSION_ENDED, RefusalCode.UNKNOWN_SESSION})


class Accounting:
    """Answers them; ``clock`` gives monotonic seconds."""

    __slots__ = ("_calls", "_clock", "_desk", "_grumbling", "_late", "_pushing", "_reporting", "_restarts")

    def __init__(
        self,
        desk: ChargingDesk,
        calls: Calls,
        grumbling: Grumbling,
        pushing: Pushing,
        *,
        reporting: Reporting,
        restarts: Restarts,
        late: LateCalls,
        clock: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._calls = calls
        self._grumbling = grumbling
        self._pushing = pushing
        self._reporting = reporting
        self._restarts = restarts
        self._late = late
        self._clock = clock

    def take(self, exchange: Exchange) -> None:
        """Take an Accounting-Request."""
        packet = exchange.packet
        status = packet.number(Attribute.ACCT_STATUS_TYPE)
        if status in {Status.ACCOUNTING_ON, Status.ACCOUNTING_OFF}:
            self._restarts.take(exchange)
            return
        if status not in {Status.START, Status.INTERIM_UPDATE, Status.STOP}:
            exchange.acknowledge()
            return
        call = self._call_of(exchange)
        if call is None:
            self._grumbling.complain("accounting of a call that nobody asked for", exchange.client.name)
            exchange.acknowledge()
            return
        call.heard = True
        if status == Status.START:
            self._start(exchange, call)
        elif status == Status.INTERIM_UPDATE:
            self._report(exchange, call)
        else:
            self._end(exchange, call)

    def _call_of(self, exchange: Exchange) -> Call | None:
        """The call of its Class, or of its own id where the Class was not sent back."""
        packet, client = exchange.packet, exchange.client
        switch = client.switch(exchange.host, name_of_switch(packet))
        own_id = packet.firsts.get(Attribute.ACCT_SESSION_ID, b"")
        token = read_token(client, packet)
        if token is None:
            return self._calls.find_own(switch, own_id)
        call = self._calls.find(token.session_id)
        if call is None:
            call = Call(
                token=token,
                client=client,
                switch=switch,
                host=exchange.host,
                names=names_of(packet),
                acct_session_id=own_id,
                asked_at=self._clock(),
            )
            self._calls.add(call)
        elif not call.acct_session_id and own_id:
            # An access server that names its calls only from their start on.
            call.names, call.acct_session_id = names_of(packet), own_id
        return call

    def _start(self, exchange: Exchange, call: Call) -> None:
        delay = read_seconds(exchange.packet, Attribute.ACCT_DELAY_TIME) or 0
        call.answered_at = call.answered_at or self._clock() - delay
        command = Start(organization_id=call.token.organization_id, session_id=call.token.session_id)
        self._desk.submit(command, partial(self._started, exchange, call))

    def _started(self, exchange: Exchange, call: Call, outcome: Outcome) -> None:
        if isinstance(outcome, Started):
            call.granted_seconds, call.final = outcome.granted_seconds, outcome.final
        elif _is_over(outcome):
            self._cut(call)
        exchange.settle(outcome)

    def _report(self, exchange: Exchange, call: Call) -> None:
        used_seconds = read_seconds(exchange.packet, Attribute.ACCT_SESSION_TIME)
        if used_seconds is None:
            self._grumbling.complain("interim update without Acct-Session-Time", exchange.client.name)
            exchange.acknowledge()
            return
        slice_seconds = self._reporting.slice_of(call, used_seconds)
        self._reporting.report(call, used_seconds, slice_seconds, partial(self._reported, exchange, call))

    def _reported(self, exchange: Exchange, call: Call, outcome: Outcome) -> None:
        if _is_over(outcome):
            self._cut(call)
        exchange.settle(outcome)

    def _cut(self, call: Call) -> None:
        """Cut a call that runs at its access server alone; a packet that its end has overtaken is no such call."""
        if not self._calls.was_ended(call):
            self._pushing.cut_unpaid(call)
        if not call.given_up:
            self._calls.forget(call)

    def _end(self, exchange: Exchange, call: Call) -> None:
        used_seconds = self._used_at_end(exchange, call)
        if used_seconds is None:
            self._grumbling.complain("end of a call without Acct-Session-Time", exchange.client.name)
            exchange.acknowledge()
            return
        cause = TERMINATE_CAUSES.get(exchange.packet.number(Attribute.ACCT_TERMINATE_CAUSE) or 0, "")
        command = End(
            organization_id=call.token.organization_id,
            session_id=call.token.session_id,
            used_seconds=used_seconds,
            cause=cause,
        )
        self._desk.submit(command, partial(self._ended, exchange, call, used_seconds))

    def _ended(self, exchange: Exchange, call: Call, used_seconds: int, outcome: Outcome) -> None:
        if call.given_up and used_seconds and isinstance(outcome, Ended):
            self._late.record(exchange, call, used_seconds)
            return
        if not isinstance(outcome, Refused) or not is_trouble(outcome.code):
            self._calls.end(call)
        exchange.settle(outcome)

    def _used_at_end(self, exchange: Exchange, call: Call) -> int | None:
        """What was used: as reported, or by our clock since the start where the access server does not count."""
        reported = read_seconds(exchange.packet, Attribute.ACCT_SESSION_TIME)
        if reported is not None or call.answered_at is None:
            return reported
        delay = read_seconds(exchange.packet, Attribute.ACCT_DELAY_TIME) or 0
        return max(0, round(self._clock() - call.answered_at - delay))


def _is_over(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.code in _NOT_RUNNING
