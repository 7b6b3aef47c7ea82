"""One link to one Kamailio: connected, kept, found again when it is lost, and its calls compared with ours.

Knows when a link is up, and what is done each time it comes up. Refuses to know what is answered to a question
(commcredits.edges.switches.kamailio.conversation).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from typing import Any, Final

import asyncpg
import structlog

from commcredits.edges.switches.kamailio.connection import LinkConnection
from commcredits.edges.switches.kamailio.conversation import Conversation
from commcredits.edges.switches.kamailio.limits import LinkLimits
from commcredits.edges.switches.kamailio.listing import CallList
from commcredits.edges.switches.kamailio.messages import (
    DoCut,
    DoHello,
    DoList,
    Done,
    DoPing,
    DoRenew,
    SaysCalls,
    SaysCut,
    SaysListed,
    SaysPong,
)
from commcredits.operations.following import CallOrder, OrderKind
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.addresses import split_address
from commcredits.settings.kamailio import KamailioLink

NOT_PAID_FOR: Final = "not_paid_for"
"""What both sides are told when a call is cut that nothing pays for."""

_DRAIN_LOOK_SECONDS: Final = 0.01
_DATABASE_AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class EvapiLink:
    """The link to the Kamailio of this name; ``start`` it once, ``stop`` it once."""

    def __init__(
        self,
        parts: SwitchParts,
        name: str,
        settings: KamailioLink,
        reconcile_seconds: int,
        *,
        limits: LinkLimits | None = None,
    ) -> None:
        self._following = parts.following
        self._address = split_address(settings.address)
        assert settings.secret is not None, "the settings hold a secret for every link"
        self._secret = settings.secret.get_secret_value()
        self._reconcile_seconds = reconcile_seconds
        self._limits = limits or LinkLimits()
        switch = f"kamailio:{name}"
        self._reconciler = parts.reconciler(switch)
        self._log = structlog.get_logger("kamailio").bind(switch=switch)
        self._conversation = Conversation(parts.desk, switch=switch, send=self._send, events=self, limits=self._limits)
        self._connection: LinkConnection | None = None
        self._list: CallList | None = None
        self._lists = 0
        self._cuts: dict[str, CallOrder] = {}
        self._let_in = False
        self._complaint = ("", "")
        self._active = asyncio.Event()
        self._activated = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to connect; returns at once, whether Kamailio is there or not."""
        self._begin(self._keep())
        self._begin(self._compare_again_and_again())

    async def stop(self) -> None:
        """Take nothing new, answer what was asked, close."""
        self._conversation.open = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.drain_seconds):
                while self._conversation.in_flight:  # noqa: ASYNC110 - the committer tells each answer, and no end of them
                    await asyncio.sleep(_DRAIN_LOOK_SECONDS)
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._connection is not None and not self._connection.lost.is_set():
            await self._part(self._connection)

    def deliver(self, order: CallOrder) -> None:
        """Tell Kamailio. While the link is away nobody is told: a cut is ordered again, a call asks by itself."""
        if order.kind is OrderKind.RENEW:
            self._send(DoRenew(order.session_id))
            return
        if len(self._cuts) >= self._limits.cuts_max:
            self._cuts.clear()  # none of these was taken; each is ordered again
        self._cuts[order.session_id] = order
        self._send(DoCut(order.session_id, order.reason))

    # ---- what the conversation hands on ----------------------------------------------------------------------------

    def pong(self, said: SaysPong) -> None:
        """Kamailio hears us, and says whether its calls are told over this link."""
        if not self._let_in:
            self._let_in = True
            self._complaint = ("", "")
            self._log.info("linked")
        if said.active and not self._active.is_set():
            self._active.set()
            self._activated.set()
        elif not said.active and self._active.is_set():
            self._active.clear()
            self._log.warning("another link has this Kamailio's calls")

    def cut(self, said: SaysCut) -> None:
        """Kamailio has taken an order to cut."""
        order = self._cuts.pop(said.session_id, None)
        if order is not None:
            self._begin(self._note_told(order))

    def calls(self, said: SaysCalls) -> None:
        """A part of a list."""
        if self._list is not None:
            self._list.part(said)

    def listed(self, said: SaysListed) -> None:
        """The end of a list."""
        if self._list is not None:
            self._list.end(said)

    # ---- the connection --------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Connect, and again, for ever."""
        limits = self._limits
        wait_seconds = limits.retry_seconds_min
        while True:
            connection = await self._connect()
            if connection is not None:
                self._connection = connection
                self._let_in = False
                connection.send(DoHello(self._secret))
                await self._attend(connection)
                self._active.clear()
                if self._list is not None:
                    self._list.give_up()
                self._complain("link lost" if self._let_in else "not let in", connection.why)
                if self._let_in:
                    wait_seconds = limits.retry_seconds_min
            # Half of it by chance, so that several links do not all come at once.
            await asyncio.sleep(wait_seconds * random.uniform(0.5, 1))  # noqa: S311 - nobody gains by guessing when
            wait_seconds = min(2 * wait_seconds, limits.retry_seconds_max)

    async def _connect(self) -> LinkConnection | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: LinkConnection(
                        self._conversation.hear, write_buffer_bytes_max=self._limits.write_buffer_bytes_max
                    ),
                    *self._address,
                )
        except OSError as error:  # a TimeoutError is one
            self._complain("cannot connect", f"{type(error).__name__}: {error}")
            return None
        return connection

    def _complain(self, event: str, reason: str) -> None:
        """Say it once, however often the same comes again before the link is up."""
        if self._complaint != (event, reason):
            self._complaint = (event, reason)
            self._log.warning(event, reason=reason)

    async def _attend(self, connection: LinkConnection) -> None:
        """Ping until the connection is gone; end it when it stays silent."""
        limits, loop = self._limits, asyncio.get_running_loop()
        connected_at = loop.time()
        while not connection.lost.is_set():
            connection.send(DoPing())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limits.ping_seconds):
                    await connection.lost.wait()
            now = loop.time()
            if not self._let_in and now - connected_at > limits.entry_seconds:
                connection.abort("our secret was not taken: compare it with LINK_SECRET")
            elif now - connection.heard_at > limits.silence_seconds:
                connection.abort("it is silent")

    async def _part(self, connection: LinkConnection) -> None:
        connection.close("we stop")
        try:
            async with asyncio.timeout(self._limits.drain_seconds):
                await connection.lost.wait()
        except TimeoutError:
            connection.abort("we stop")
            await connection.lost.wait()

    def _send(self, done: Done) -> None:
        if self._connection is not None:
            self._connection.send(done)

    # ---- which calls run? ------------------------------------------------------------------------------------------

    async def _compare_again_and_again(self) -> None:
        """Compare each time the link comes up, and every so often while it is."""
        while True:
            await self._active.wait()
            self._activated.clear()
            try:
                await self._compare()
            except _DATABASE_AWAY as error:
                self._log.warning("calls were not compared", reason=f"{type(error).__name__}: {error}")
            except Exception:  # noqa: BLE001 # a bug met in one list may not be the end of comparing
                self._log.exception("calls were not compared")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._reconcile_seconds):
                    await self._activated.wait()

    async def _compare(self) -> None:
        self._lists += 1
        self._list = CallList(self._lists, calls_max=self._limits.listed_calls_max)
        self._send(DoList(self._list.number))
        listed = await self._list.wait(self._limits.list_seconds)
        self._list = None
        if listed is None:
            self._log.warning("calls were not compared", reason="the list did not come whole")
            return
        reconciled = await self._reconciler.compare(listed.running, listed.ending)
        for session_id in reconciled.to_cut:
            self._send(DoCut(session_id, NOT_PAID_FOR))

    async def _note_told(self, order: CallOrder) -> None:
        try:
            await self._following.told(order)
        except _DATABASE_AWAY as error:
            # It is ordered again, and Kamailio says again that it was taken.
            self._log.warning("a cut was not noted", reason=f"{type(error).__name__}: {error}")

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
