"""The link to a Kamailio that asks us over HTTP: orders go to its control endpoint, and its live calls are compared.

Knows what waits to be told, how long it is tried, and when a list is asked for. Refuses to know the endpoint's wire
(commcredits.edges.switches.kamailio.control_endpoint), and to decide which calls are extended or cut.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from itertools import islice
from typing import Final

import asyncpg
import structlog

from commcredits.edges.switches.kamailio.control_endpoint import ORDERS_MAX, ControlEndpoint, ControlFailed
from commcredits.operations.following import CallOrder, OrderKind
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.kamailio import KamailioLink

WAITING_MAX: Final = 50_000
"""How many orders may wait; past that, calls ask by themselves, and cuts are ordered again."""

RETRY_SECONDS_MIN: Final = 0.1
RETRY_SECONDS_MAX: Final = 2.0
KEPT_SECONDS: Final = 10.0
"""How long an order that cannot be told is kept. A call that was to ask again then does so before its grant ends; one
that was to be cut is ordered again for as long as it runs."""

NOT_CHARGED: Final = "not_charged"
"""The cause of a cut that comparing ordered: the proxy carries a call that nothing pays for."""

_DATABASE_AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """An order on its way; ``owed``: somebody wants to hear that the proxy took it."""

    order: CallOrder
    since: float
    owed: bool


class ControlLink:
    """One proxy, named as its calls name it. Orders wait here until it took them, one request at a time under way.

    One request carries all that waits, up to ORDERS_MAX: more at once would only queue in the proxy's two workers.
    """

    __slots__ = (
        "_endpoint", "_full", "_log", "_parts", "_reachable", "_reconcile_seconds", "_switch", "_tasks", "_waiting",
        "_wake",
    )  # fmt: skip

    def __init__(self, parts: SwitchParts, name: str, link_settings: KamailioLink, reconcile_seconds: int) -> None:
        assert link_settings.secret is not None, "the settings hold a secret for every link of this way"
        self._parts = parts
        self._switch = f"kamailio:{name}"
        self._reconcile_seconds = reconcile_seconds
        self._endpoint = ControlEndpoint(link_settings.address, link_settings.secret.get_secret_value())
        self._waiting: dict[tuple[OrderKind, str], _Waiting] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._reachable: bool | None = None
        self._full = False
        self._log = structlog.get_logger("kamailio").bind(switch=self._switch, address=link_settings.address)

    async def start(self) -> None:
        """Begin to tell and to compare; the proxy may be away."""
        self._tasks = [
            asyncio.create_task(self._tell(), name=f"{self._switch} orders"),
            asyncio.create_task(self._reconcile(), name=f"{self._switch} lists"),
        ]

    async def stop(self) -> None:
        """Tell nothing more, and close every connection. What waits is not lost: calls ask, and cuts stay ordered."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await self._endpoint.close()

    def deliver(self, order: CallOrder) -> None:
        """Tell the proxy soon; the same order that waits already waits once. Returns at once."""
        self._put(order, owed=order.kind is OrderKind.CUT)

    def _put(self, order: CallOrder, *, owed: bool) -> None:
        key = (order.kind, order.session_id)
        if len(self._waiting) >= WAITING_MAX and key not in self._waiting:
            if not self._full:
                self._log.warning("orders dropped", reason=f"{WAITING_MAX} wait already")
            self._full = True
            return
        self._waiting.setdefault(key, _Waiting(order=order, since=asyncio.get_running_loop().time(), owed=owed))
        self._wake.set()

    async def _tell(self) -> None:
        pause_seconds = RETRY_SECONDS_MIN
        while True:
            await self._wake.wait()
            batch = list(islice(self._waiting.items(), ORDERS_MAX))
            try:
                taken = await self._endpoint.give([waiting.order for _, waiting in batch])
            except ControlFailed as failure:
                self._is_away(failure)
                self._forget_old()
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, RETRY_SECONDS_MAX)
                continue
            self._is_back()
            pause_seconds = RETRY_SECONDS_MIN
            for (key, waiting), was_taken in zip(batch, taken, strict=True):
                del self._waiting[key]
                await self._settle(waiting, taken=was_taken)
            self._full = False
            if not self._waiting:
                self._wake.clear()

    async def _settle(self, waiting: _Waiting, *, taken: bool) -> None:
        order = waiting.order
        say = self._log.info if order.kind is OrderKind.CUT else self._log.debug
        outcome = "taken" if taken else "no such call"
        say("order told", order=order.kind.value, session_id=order.session_id, reason=order.reason, outcome=outcome)
        if not (taken and waiting.owed):
            return
        try:
            await self._parts.following.told(order)
        except _DATABASE_AWAY as error:
            # It is ordered again, and the proxy will not know the call any more.
            self._log.warning("cut, but not noted", session_id=order.session_id, reason=type(error).__name__)

    def _forget_old(self) -> None:
        before = asyncio.get_running_loop().time() - KEPT_SECONDS
        old = [key for key, waiting in self._waiting.items() if waiting.since < before]
        for key in old:
            del self._waiting[key]
        if old:
            self._log.warning("orders given up", orders=len(old))
        if not self._waiting:
            self._wake.clear()

    async def _reconcile(self) -> None:
        reconciler = self._parts.reconciler(self._switch)
        while True:
            try:
                listed = await self._endpoint.live_calls(self._switch)
                self._is_back()
                found = await reconciler.compare(listed.running, listed.ending)
            except ControlFailed as failure:
                self._is_away(failure)
            except _DATABASE_AWAY as error:
                self._log.warning("live calls not compared", reason=f"{type(error).__name__}: {error}")
            else:
                for session_id in found.to_cut:
                    self._put(self._cut_of_stray(session_id, listed.running[session_id]), owed=False)
            await asyncio.sleep(self._reconcile_seconds)

    def _cut_of_stray(self, session_id: str, organization_id: str) -> CallOrder:
        return CallOrder(
            kind=OrderKind.CUT,
            organization_id=organization_id,
            session_id=session_id,
            switch=self._switch,
            reason=NOT_CHARGED,
        )

    def _is_away(self, failure: ControlFailed) -> None:
        if self._reachable is not False:
            self._log.warning("proxy cannot be told anything", reason=str(failure))
        self._reachable = False

    def _is_back(self) -> None:
        if not self._reachable:
            self._log.info("proxy can be told" if self._reachable is None else "proxy can be told again")
        self._reachable = True
