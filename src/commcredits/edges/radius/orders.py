"""Orders about running calls, on their way to the access servers: ask again for this one, cut that one.

Knows what RADIUS can do about each (RFC 5176). Refuses to know why.
"""

from __future__ import annotations

from commcredits.core.outcomes import Outcome
from commcredits.edges.radius.calls import Call, Calls, recall
from commcredits.edges.radius.clients import Clients
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.pushing import Pushing
from commcredits.edges.radius.reporting import Reporting
from commcredits.edges.radius.tasks import Tasks
from commcredits.edges.radius.tokens import Token
from commcredits.operations.following import CallOrder, Following, OrderKind


class Orders:
    """Delivers them."""

    __slots__ = ("_calls", "_clients", "_cutting", "_following", "_grumbling", "_pushing", "_reporting", "_tasks")

    def __init__(
        self,
        following: Following,
        clients: Clients,
        calls: Calls,
        tasks: Tasks,
        *,
        pushing: Pushing,
        reporting: Reporting,
        grumbling: Grumbling,
    ) -> None:
        self._following = following
        self._clients = clients
        self._calls = calls
        self._tasks = tasks
        self._pushing = pushing
        self._reporting = reporting
        self._grumbling = grumbling
        self._cutting: set[str] = set()

    def deliver(self, order: CallOrder) -> None:
        """Do what is ordered, as far as the access server can be told; returns at once."""
        call = self._call_of(order)
        if call is None or not call.client.disconnect_port:
            self._grumbling.complain("an access server cannot be told", order.switch, order=order.kind.value)
        elif order.kind is OrderKind.RENEW:
            # No report of seconds: the books know how far the call is, and it may not be answered yet.
            self._reporting.report(call, call.used_seconds, call.client.slice_seconds, _heard)
        elif not call.token.emergency and order.session_id not in self._cutting:
            self._cutting.add(order.session_id)
            if not self._tasks.spawn(self._cut(order, call), name="radius: cut"):
                self._cutting.discard(order.session_id)

    async def _cut(self, order: CallOrder, call: Call) -> None:
        try:
            if await self._pushing.cut(call):
                await self._following.told(order)
        finally:
            # An order that was not taken is given again.
            self._cutting.discard(order.session_id)

    def _call_of(self, order: CallOrder) -> Call | None:
        call = self._calls.find(order.session_id)
        if call is not None:
            return call
        client = self._clients.of_switch(order.switch)
        if client is None:
            return None
        token = Token(organization_id=order.organization_id, session_id=order.session_id)
        call = recall(client, order.switch, token)
        if call is not None:
            self._calls.add(call)
        return call


def _heard(_outcome: Outcome) -> None:
    """Nobody waits for what becomes of an order; its call hears of it where it may last longer."""
