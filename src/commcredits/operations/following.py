"""Running calls follow the money: what the switches of one protocol should be told, found soon after it is so.

Knows that arriving funds extend calls that their balance limited, that a block is seen by the next slice, and which
calls somebody wants cut. Refuses to know how a switch is told, and to shorten what was granted: an order to renew makes
the switch, or its edge, ask again at once, and the core decides what it gets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg
import structlog

from commcredits.storage.connection import Pool, load_statement
from commcredits.storage.identifiers import first_identifier_at

LOOK_SECONDS: Final = 0.2
"""How often it is looked: an extension reaches its call within a second (decision record 0013)."""

OVERLAP_SECONDS: Final = 10
"""How far back each look reaches: what was decided first may commit last."""

CUT_AGAIN_SECONDS: Final = 2
"""How long the switch has to take an order to cut before it is given again."""

DELIVERED_AT_ONCE: Final = 100
"""So many orders are delivered before others have their turn."""

_FUNDS: Final = "funds"
_BLOCK: Final = "block"
_DATABASE_AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class OrderKind(StrEnum):
    """What a switch is to do about a call."""

    RENEW = "renew"
    CUT = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """One thing to tell a switch about one running call; ``reason`` is one word."""

    kind: OrderKind
    organization_id: str
    session_id: str
    switch: str
    reason: str


Deliver = Callable[[CallOrder], None]
"""An edge's way to tell its switch. It returns at once; raising is a bug of the edge, is logged and stops nothing."""


class Following:
    """The looks of one process at what the switches of one protocol should be told."""

    __slots__ = ("_again", "_clock", "_given", "_pool", "_prefix", "_shard_id")

    def __init__(self, *, pool: Pool, shard_id: int, protocol: str, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._shard_id = shard_id
        self._prefix = f"{protocol}:"
        self._clock = clock
        # What was told already, by whose it is and its cause: a lot, a block, or the call that is to be cut.
        self._given: dict[tuple[str, str], datetime] = {}
        self._again: dict[tuple[str, str], CallOrder] = {}

    async def look(self) -> list[CallOrder]:
        """What is to be told now. An order to renew is given once; one to cut until ``told`` says that it was taken.

        An organization's calls are read once for each lot or block, however many calls and looks there are.
        """
        now = self._clock()
        since = first_identifier_at(now - timedelta(seconds=OVERLAP_SECONDS))
        self._forget_old(now)
        rows = await self._pool.fetch(load_statement("list_switch_orders"), self._shard_id, self._prefix, since, since)
        orders: dict[tuple[str, str, OrderKind], CallOrder] = {}
        causes: dict[str, list[tuple[str, str]]] = {_FUNDS: [], _BLOCK: []}
        cuts = []
        for row in rows:
            cut = row["kind"] == OrderKind.CUT
            cause = (str(row["organization_id"]), row["session_id"] if cut else str(row["cause"]))
            given = self._given.get(cause)
            if given is not None and not (cut and now - given > timedelta(seconds=CUT_AGAIN_SECONDS)):
                continue
            if cut:
                cuts.append((cause, _order_of(row, OrderKind.CUT)))
            else:
                causes[row["reason"]].append(cause)
        for order in [*await self._calls_to_renew(causes), *self._again.values(), *(order for _cause, order in cuts)]:
            orders[order.organization_id, order.session_id, order.kind] = order
        # Only now, for what was not read is told by the next look.
        self._again.clear()
        for cause in [*causes[_FUNDS], *causes[_BLOCK], *(cause for cause, _order in cuts)]:
            self._given[cause] = now
        return list(orders.values())

    async def _calls_to_renew(self, causes: dict[str, list[tuple[str, str]]]) -> list[CallOrder]:
        funded, blocked = ({organization_id for organization_id, _cause in causes[each]} for each in (_FUNDS, _BLOCK))
        if not funded and not blocked:
            return []
        rows = await self._pool.fetch(
            load_statement("list_calls_to_renew"), self._shard_id, self._prefix, list(funded), list(blocked)
        )
        return [_order_of(row, OrderKind.RENEW) for row in rows]

    def again(self, order: CallOrder) -> None:
        """The switch could not be told now, for it is being told too much already: the next look gives it again."""
        self._again[order.organization_id, order.session_id] = order

    async def told(self, order: CallOrder) -> None:
        """The switch has taken an order to cut; it is not given again."""
        await self._pool.execute(
            load_statement("note_cut_told"), self._shard_id, order.organization_id, order.session_id, self._clock()
        )

    async def follow(self, deliver: Deliver) -> None:
        """Look and deliver, until cancelled. While the database is away nothing is told; it is said once."""
        log = structlog.get_logger("following").bind(switches=self._prefix)
        away = False
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                orders = await self.look()
            except _DATABASE_AWAY as error:
                if not away:
                    log.warning("running calls cannot be followed", reason=f"{type(error).__name__}: {error}")
                away = True
                continue
            if away:
                log.info("running calls are followed again")
            away = False
            for number, order in enumerate(orders, 1):
                try:
                    deliver(order)
                except Exception:
                    # The others are told; this one, if it is a cut, is given again.
                    log.exception("order not delivered", order=order.kind.value, session_id=order.session_id)
                if number % DELIVERED_AT_ONCE == 0:
                    # Calls that have nothing to do with these go on meanwhile.
                    await asyncio.sleep(0)

    def _forget_old(self, now: datetime) -> None:
        before = now - timedelta(seconds=2 * OVERLAP_SECONDS)
        if self._given and next(iter(self._given.values())) < before:
            self._given = {key: at for key, at in self._given.items() if at >= before}


def _order_of(row: asyncpg.Record, kind: OrderKind) -> CallOrder:
    return CallOrder(
        kind=kind,
        organization_id=str(row["organization_id"]),
        session_id=row["session_id"],
        switch=row["switch"],
        reason=row["reason"],
    )
