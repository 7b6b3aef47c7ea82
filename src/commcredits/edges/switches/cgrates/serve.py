"""The listener as a service of the process: calls taken over at the start, orders delivered, clients asked what runs.

Knows addresses and the rounds. Refuses to know the wire and what becomes of a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from commcredits.edges.switches.cgrates.beginning import Beginning
from commcredits.edges.switches.cgrates.book import FOREVER, CallBook, KnownCall
from commcredits.edges.switches.cgrates.connection import CgratesConnection
from commcredits.edges.switches.cgrates.ending import Ending
from commcredits.edges.switches.cgrates.holding import Holder
from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.edges.switches.cgrates.methods import Methods
from commcredits.edges.switches.cgrates.owners import PROTOCOL, Owners, key_of_session
from commcredits.edges.switches.cgrates.peers import Peers
from commcredits.edges.switches.cgrates.refusals import FORCED_DISCONNECT
from commcredits.edges.switches.cgrates.synchronising import Synchroniser
from commcredits.edges.switches.cgrates.updating import Updating
from commcredits.edges.switches.complaints import Complaints
from commcredits.operations.charging import EMERGENCY_GRANT
from commcredits.operations.following import CallOrder, OrderKind
from commcredits.operations.running_calls import RunningCall, list_running_calls
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.cgrates import CgratesSettings

_BACKLOG: Final = 1_024
_log: Final = structlog.get_logger("cgrates")


class CgratesServer:
    """An edge that serves until it is stopped."""

    def __init__(self, parts: SwitchParts, settings: CgratesSettings, limits: CgratesLimits) -> None:
        desk = parts.desk
        loop = asyncio.get_running_loop()
        self._connections: set[CgratesConnection] = set()
        self._complaints = Complaints(loop, "cgrates")
        self._empty = asyncio.Event()
        self._empty.set()
        self._parts = parts
        self._settings = settings
        self._limits = limits
        self._loop = loop
        self._networks = [ipaddress.ip_network(network, strict=False) for network in settings.networks]
        self._book = CallBook(calls_max=limits.calls_max)
        self._peers = Peers(limits)
        self._holder = Holder(desk=desk, peers=self._peers, limits=limits)
        beginning = Beginning(
            desk=desk,
            owners=Owners(desk, settings.tenants),
            book=self._book,
            holder=self._holder,
            new_id=parts.services.new_id,
            terms=parts.services.charging,
            call_seconds_max=settings.call_seconds_max,
        )
        self._ending = Ending(desk=desk, book=self._book, holder=self._holder, timers=loop, limits=limits)
        self._synchroniser = Synchroniser(
            parts=parts, book=self._book, holder=self._holder, peers=self._peers, limits=limits
        )
        self._methods = Methods(
            beginning=beginning,
            ending=self._ending,
            updating=Updating(desk=desk, book=self._book, holder=self._holder),
            status=self._status,
            synchronise=self._synchroniser.synchronise,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The TCP port it listens on, also where 0 asked for any."""
        return self._port

    async def start(self) -> None:
        """Take over what runs, listen, and begin the rounds. Raises OSError when the address cannot be had."""
        running = await list_running_calls(self._parts.services, protocol=PROTOCOL, count_max=self._limits.calls_max)
        self._take_over(running)
        self._server = await self._loop.create_server(
            self._new_connection,
            self._settings.host,
            self._settings.port,
            family=socket.AF_UNSPEC,
            backlog=_BACKLOG,
        )
        self._port = int(self._server.sockets[0].getsockname()[1])
        self._tasks = [
            asyncio.create_task(self._parts.following.follow(self._deliver), name="cgrates-following"),
            asyncio.create_task(self._sweep(), name="cgrates-sweep"),
            asyncio.create_task(self._synchronise(), name="cgrates-synchronise"),
        ]

    async def stop(self) -> None:
        """Take no new connection, answer what was asked, close. Calls go on, and the next process takes them over."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._holder.close()
        for connection in list(self._connections):
            connection.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), self._limits.shutdown_seconds)
        for connection in list(self._connections):
            connection.abort()
        await self._synchroniser.close()
        self._ending.close()
        self._peers.close()
        if self._server is not None:
            await self._server.wait_closed()

    def admit(self, connection: CgratesConnection) -> bool:
        """A client connected; False when as many are connected as may be."""
        if len(self._connections) >= self._limits.connections_max:
            return False
        self._connections.add(connection)
        self._empty.clear()
        return True

    def forget(self, connection: CgratesConnection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def name_of(self, address: str) -> str | None:
        """What the client at this address is called on its calls; None when it may not come."""
        try:
            known = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
            known = known.ipv4_mapped
        if not any(known in network for network in self._networks):
            return None
        # The name of a link has no colons (commcredits.operations.charging.SWITCH).
        return f"{PROTOCOL}:{str(known).replace(':', '_')}"

    def complain(self, event: str, *, peer: str, reason: str) -> None:
        """Warn of a client, and not a thousand times."""
        self._complaints.say(event, peer=peer, reason=reason)

    def _new_connection(self) -> CgratesConnection:
        return CgratesConnection(taker=self._methods, peers=self._peers, doorkeeper=self, limits=self._limits)

    # ---- calls that this process has not seen ----------------------------------------------------------------------

    def _take_over(self, running: Iterable[RunningCall]) -> None:
        """Go on with the calls of the process before: who holds the slices of each shows in what its client says."""
        for each in running:
            call = self._known(each)
            self._book.put(call)
            if each.started_at is not None and not each.is_emergency:
                call.forget_at = FOREVER
                self._holder.hold(call)

    def _known(self, running: RunningCall) -> KnownCall:
        now = self._parts.desk.clock()
        return KnownCall(
            key=key_of_session(running.session_id),
            session_id=running.session_id,
            organization_id=running.organization_id,
            switch=running.switch,
            asked_at=now,
            forget_at=now + timedelta(seconds=EMERGENCY_GRANT.granted_seconds),
            emergency=running.is_emergency,
            answered_at=running.started_at,
            granted_seconds=running.granted_seconds,
            used_seconds=running.used_seconds,
        )

    # ---- orders and rounds -----------------------------------------------------------------------------------------

    def _deliver(self, order: CallOrder) -> None:
        call = self._book.of_session(order.session_id)
        if call is None:
            _log.warning("order for a call that is not known", order=order.kind.value, session_id=order.session_id)
        elif order.kind is OrderKind.RENEW:
            if call.ours:
                self._holder.ask_now(call)
            # A client that holds its own slices asks when it is due: the interface has no word to hurry it.
        else:

            def taken() -> None:
                self._tasks.append(asyncio.create_task(self._told(order), name="cgrates-told"))

            self._holder.cut(call, FORCED_DISCONNECT, taken)

    async def _told(self, order: CallOrder) -> None:
        try:
            await self._parts.following.told(order)
        except Exception:  # noqa: BLE001 # the database may be away in any way; the order then comes again
            _log.exception("order not noted as taken", session_id=order.session_id)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._limits.sweep_seconds)
            now = self._loop.time()
            for connection in list(self._connections):
                connection.sweep(now)
            self._peers.forget_old()
            for call in self._book.overdue(self._parts.desk.clock()):
                self._book.drop(call)
            self._tasks = [task for task in self._tasks if not task.done()]

    async def _synchronise(self) -> None:
        while True:
            for name in self._peers.names():
                self._synchroniser.synchronise(name)
            await asyncio.sleep(self._settings.reconcile_seconds)

    def _status(self) -> Mapping[str, object]:
        return {"connections": self._peers.connection_count, "calls": len(self._book)}


async def serve(parts: SwitchParts, settings: CgratesSettings, *, limits: CgratesLimits | None = None) -> CgratesServer:
    """Listen for clients. Raises OSError when the address cannot be had, and what the driver raises."""
    server = CgratesServer(parts, settings, limits or CgratesLimits())
    await server.start()
    return server
