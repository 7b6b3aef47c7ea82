"""The edge of FreeSWITCH as a service: listen for its calls, link to its servers, follow the money, stop.

Knows which parts there are and in which order they stop. Refuses to know what is said over a connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import asyncpg
import structlog

from commcredits.edges.switches.alarms import Timers
from commcredits.edges.switches.freeswitch.calls import Calls
from commcredits.edges.switches.freeswitch.channel import PROTOCOL
from commcredits.edges.switches.freeswitch.inbound import InboundLink
from commcredits.edges.switches.freeswitch.limits import EventSocketLimits
from commcredits.edges.switches.freeswitch.outbound import OutboundListener
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.following import CallOrder
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.freeswitch import FreeswitchSettings

_BACKLOG: Final = 1_024
_TOLD_MAX: Final = 10_000
_DATABASE_AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log: Final = structlog.get_logger("freeswitch")


class FreeswitchServer:
    """Serves until it is stopped."""

    def __init__(
        self,
        parts: SwitchParts,
        settings: FreeswitchSettings,
        *,
        timers: Timers,
        limits: EventSocketLimits,
        terms: ControlTerms,
    ) -> None:
        self._parts = parts
        self._settings = settings
        self._limits = limits
        self._told: asyncio.Queue[CallOrder] = asyncio.Queue(maxsize=_TOLD_MAX)
        self.calls = Calls(desk=parts.desk, timers=timers, terms=terms, told=self._cut_taken)
        self.listener = OutboundListener(self.calls, timers=timers, limits=limits, networks=settings.networks)
        self.links = tuple(
            InboundLink(
                name,
                link,
                calls=self.calls,
                reconciler=parts.reconciler(f"{PROTOCOL}:{name}"),
                reconcile_seconds=settings.reconcile_seconds,
                timers=timers,
                limits=limits,
            )
            for name, link in settings.links.items()
        )
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def port(self) -> int:
        """Where outbound sockets are heard."""
        return self._port

    async def start(self) -> None:
        """Listen, link, follow. Raises OSError when the address cannot be had."""
        self._server = await asyncio.get_running_loop().create_server(
            self.listener.new_connection, self._settings.host, self._settings.port, backlog=_BACKLOG
        )
        self._port = int(self._server.sockets[0].getsockname()[1])
        self._tasks = [
            asyncio.create_task(self._parts.following.follow(self.calls.deliver), name="freeswitch orders"),
            asyncio.create_task(self._tell(), name="freeswitch cuts"),
            *(asyncio.create_task(link.run(), name=f"freeswitch {link.name}") for link in self.links),
        ]

    async def stop(self) -> None:
        """Take nothing new, bring ends to the books that are on their way, close. The committer must be answering."""
        if self._server is not None:
            self._server.close()
        await self._until(lambda: not self.calls.ending)
        self.calls.forget_all()
        self.listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._until(lambda: not self.listener.connection_count)
        self.listener.abort()
        if self._server is not None:
            await self._server.wait_closed()

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait for it, but not for ever."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._limits.stop_seconds
        while not done() and loop.time() < give_up_at:  # noqa: ASYNC110 - waited for once, when all else is over
            await asyncio.sleep(0.01)

    def _cut_taken(self, order: CallOrder) -> None:
        if not self._told.full():
            self._told.put_nowait(order)

    async def _tell(self) -> None:
        """Note which cuts were taken; one that could not be noted is ordered again, and does no harm."""
        while True:
            order = await self._told.get()
            try:
                await self._parts.following.told(order)
            except _DATABASE_AWAY as error:
                _log.warning("cut not noted", session_id=order.session_id, reason=f"{type(error).__name__}: {error}")


async def serve(
    parts: SwitchParts,
    settings: FreeswitchSettings,
    *,
    timers: Timers | None = None,
    limits: EventSocketLimits | None = None,
) -> FreeswitchServer:
    """Serve FreeSWITCH. Raises OSError when the address of outbound sockets cannot be had.

    ``timers`` is the event loop unless a test hands in another clock.
    """
    server = FreeswitchServer(
        parts,
        settings,
        timers=timers or asyncio.get_running_loop(),
        limits=limits or EventSocketLimits(),
        terms=ControlTerms(lead_seconds=settings.lead_seconds, warning_seconds=settings.warning_seconds),
    )
    await server.start()
    return server
