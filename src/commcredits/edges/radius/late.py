"""Calls that were given up for silence, and had been answered all the same.

Knows that what was used is charged, whatever the balance, as a call that is told after the fact (domain.md §3). Refuses
to know packets beyond the numbers of a call.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from commcredits.core.commands import Authorise, RecordCall
from commcredits.edges.radius.calls import Call, Calls
from commcredits.edges.radius.exchanges import Exchange
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.reading import read_call
from commcredits.edges.radius.tasks import Tasks
from commcredits.operations.charging import fit_session_id
from commcredits.operations.switch_parts import SwitchParts

_SUFFIX: Final = "late"


class LateCalls:
    """Records them."""

    __slots__ = ("_calls", "_grumbling", "_parts", "_tasks")

    def __init__(self, parts: SwitchParts, calls: Calls, tasks: Tasks, grumbling: Grumbling) -> None:
        self._parts = parts
        self._calls = calls
        self._tasks = tasks
        self._grumbling = grumbling

    def record(self, exchange: Exchange, call: Call, used_seconds: int) -> None:
        """Record the call that this packet ends, then answer. One that names no numbers is told to the operator."""
        session_id = call.token.session_id
        request = read_call(call.client, exchange.packet, session_id, call.switch)
        identified = self._parts.desk.identify(request)
        if not isinstance(identified, Authorise):
            self._grumbling.complain(
                "a call that was given up cannot be charged", call.client.name, session_id=session_id
            )
            self._calls.end(call)
            exchange.acknowledge()
            return
        command = RecordCall(
            organization_id=call.token.organization_id,
            record_id=fit_session_id(session_id, _SUFFIX),
            service=identified.service,
            caller=identified.caller,
            callee=identified.callee,
            started_at=self._parts.desk.clock() - timedelta(seconds=used_seconds),
            duration_seconds=used_seconds,
            call_type=identified.call_type,
            user=identified.user,
        )
        if not self._tasks.spawn(self._record(exchange, call, command), name="radius: record"):
            exchange.drop()

    async def _record(self, exchange: Exchange, call: Call, command: RecordCall) -> None:
        try:
            outcome = await self._parts.services.executor.execute(command)
        except BaseException:
            exchange.drop()
            raise
        self._grumbling.complain(
            "a call that was given up had been answered", call.client.name, session_id=call.token.session_id
        )
        self._calls.end(call)
        exchange.settle(outcome)
