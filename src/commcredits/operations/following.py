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

    __slots__ = ("_clock", "_given", "_pool", "_prefix", "_shard_id")

    def __init__(self, *, pool: Pool, shard_id: int, protocol: str, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._shard_id = shard_id
        self._prefix = f"{protocol}:"
        self._clock = clock
        self._given: dict[tuple[str, str, str], datetime] = {}

    async def look(self) -> list[CallOrder]:
        """What is to be told now. An order to renew is given once; one to cut until ``told`` says that it was taken."""
        now = self._clock()
        since = first_identifier_at(now - timedelta(seconds=OVERLAP_SECONDS))
        self._forget_old(now)
        rows = await self._pool.fetch(load_statement("list_switch_orders"), self._shard_id, self._prefix, since, since)
        orders: dict[tuple[str, str, OrderKind], CallOrder] = {}
        for row in rows:
            order = _order_of(row)
            cause = (order.organization_id, order.session_id, str(row["cause"]))
            given = self._given.get(cause)
            cut = order.kind is OrderKind.CUT
            if given is not None and not (cut and now - given > timedelta(seconds=CUT_AGAIN_SECONDS)):
                continue
            self._given[cause] = now
            # Two lots that arrive together are one reason to ask again.
            orders[order.organization_id, order.session_id, order.kind] = order
        return list(orders.values())

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
            for order in orders:
                try:
                    deliver(order)
                except Exception:
                    # The others are told; this one, if it is a cut, is given again.
                    log.exception("order not delivered", order=order.kind.value, session_id=order.session_id)

    def _forget_old(self, now: datetime) -> None:
        before = now - timedelta(seconds=2 * OVERLAP_SECONDS)
        if self._given and next(iter(self._given.values())) < before:
            self._given = {key: at for key, at in self._given.items() if at >= before}


def _order_of(row: asyncpg.Record) -> CallOrder:
    return CallOrder(
        kind=OrderKind(row["kind"]),
        organization_id=str(row["organization_id"]),
        session_id=row["session_id"],
        switch=row["switch"],
        reason=row["reason"],
    )
