"""Charging over RADIUS as a service of a process: bind, serve, stop without losing an answer.

Knows the parts of this edge and how they are put together. Refuses to know the committer and the database.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from commcredits.core.commands import End
from commcredits.core.outcomes import Outcome, Refused
from commcredits.edges.radius.accounting import Accounting
from commcredits.edges.radius.attributes import Code
from commcredits.edges.radius.authentication import Authentication
from commcredits.edges.radius.calls import Call, Calls
from commcredits.edges.radius.changing import Changing
from commcredits.edges.radius.clients import Clients
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.late import LateCalls
from commcredits.edges.radius.listener import Listener
from commcredits.edges.radius.orders import Orders
from commcredits.edges.radius.pushing import Pushing
from commcredits.edges.radius.refusals import is_trouble
from commcredits.edges.radius.reporting import Reporting
from commcredits.edges.radius.restarts import Restarts
from commcredits.edges.radius.tasks import Tasks
from commcredits.operations.charging import ChargingDesk
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.radius import RadiusSettings

GRACE_SECONDS: Final = 5.0
"""How long requests in work may take when the process stops."""

LOOK_SECONDS: Final = 1.0
"""How often it is looked which calls were never heard of again."""

TRY_AGAIN_SECONDS: Final = 5.0
NOT_ANSWERED: Final = "not_answered"


class RadiusServer:
    """Both ports, until they are stopped."""

    def __init__(self, authentication: Listener, accounting: Listener, changing: Changing, tasks: Tasks) -> None:
        self._authentication = authentication
        self._accounting = accounting
        self._changing = changing
        self._tasks = tasks
        # Taken down now: a socket that is closed forgets them.
        self._ports = (authentication.port, accounting.port)

    @property
    def port(self) -> int:
        """The port of authentication, also where 0 asked for any."""
        return self._ports[0]

    @property
    def accounting_port(self) -> int:
        """The port of accounting, likewise."""
        return self._ports[1]

    async def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Take nothing new, answer what was asked, close."""
        await asyncio.gather(self._authentication.drain(grace_seconds), self._accounting.drain(grace_seconds))
        await self._tasks.aclose()
        self._changing.close()
        # The sockets close in the loop's next turn.
        await asyncio.sleep(0)


async def serve(parts: SwitchParts, settings: RadiusSettings) -> RadiusServer:
    """Listen for access servers. Raises OSError when an address cannot be had."""
    loop = asyncio.get_running_loop()
    clock = loop.time
    clients, calls, tasks, grumbling = Clients(settings), Calls(), Tasks(), Grumbling(clock)
    changing = Changing(grumbling, parts.desk.clock, local_host=settings.host)
    pushing = Pushing(changing, tasks, grumbling)
    reporting = Reporting(parts.desk, pushing, settings.interim_seconds)
    authentication = Authentication(
        parts.desk,
        calls,
        clock,
        interim_seconds=settings.interim_seconds,
        ring_seconds_max=settings.ring_seconds_max,
    )
    accounting = Accounting(
        parts.desk,
        calls,
        grumbling,
        pushing,
        reporting=reporting,
        restarts=Restarts(parts, calls, tasks, clock),
        late=LateCalls(parts, calls, tasks, grumbling),
        clock=clock,
    )
    orders = Orders(parts.following, clients, calls, tasks, pushing=pushing, reporting=reporting, grumbling=grumbling)
    listen = partial(Listener, clients, grumbling, clock)
    _, asked = await loop.create_datagram_endpoint(
        lambda: listen({Code.ACCESS_REQUEST: authentication.take}, status_answer=Code.ACCESS_ACCEPT),
        local_addr=(settings.host, settings.authentication_port),
    )
    try:
        _, told = await loop.create_datagram_endpoint(
            lambda: listen({Code.ACCOUNTING_REQUEST: accounting.take}, status_answer=Code.ACCOUNTING_RESPONSE),
            local_addr=(settings.host, settings.accounting_port),
        )
    except OSError:
        await asked.drain(0)
        raise
    tasks.spawn(parts.following.follow(orders.deliver), name="radius: follow")
    tasks.spawn(_give_up(parts.desk, calls), name="radius: give up")
    return RadiusServer(asked, told, changing, tasks)


async def _give_up(desk: ChargingDesk, calls: Calls) -> None:
    """Let go, again and again, of what is held for calls that were granted and never heard of again."""
    clock = asyncio.get_running_loop().time

    def let_go(call: Call, outcome: Outcome) -> None:
        if isinstance(outcome, Refused) and is_trouble(outcome.code):
            call.given_up = False
            calls.await_word(call, clock() + TRY_AGAIN_SECONDS)

    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for call in calls.unheard(clock()):
            call.given_up = True
            token = call.token
            end = End(
                organization_id=token.organization_id,
                session_id=token.session_id,
                used_seconds=0,
                cause=NOT_ANSWERED,
            )
            desk.submit(end, partial(let_go, call))
