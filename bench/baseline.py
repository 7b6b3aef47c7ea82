"""The baseline: what most systems do. One transaction per operation, the account's row locked for its length.

It decides with the same core, on the same tables, so that the difference is the way of storing alone. It is generous to
itself: rate decks and fund lots' terms are kept in memory, and it remembers no command but the call's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.resources import files
from typing import Final

import asyncpg

from bench.world import SHARD_ID, World, now
from commcredits.core.account import (
    Account,
    ChargingTerms,
    Context,
    Decision,
    FundingTerms,
    OrganizationStatus,
    RechargeState,
    Session,
)
from commcredits.core.commands import Authorise, Command, End, Update
from commcredits.core.decide import decide
from commcredits.core.funds import Lot, LotSource, LotTerms
from commcredits.core.outcomes import Outcome
from commcredits.core.tariffs import RateDeck
from commcredits.storage.codec import encode_memory
from commcredits.storage.connection import Connection, Pool, open_pool
from commcredits.storage.decks import load_deck
from commcredits.storage.loading import session_of

CONNECTIONS: Final = 32
"""More made it slower here: they wait for the same rows and the same processor."""


class Baseline:
    """Executes charging commands, each in a transaction of its own."""

    def __init__(self, pool: Pool, world: World, decks: dict[str, RateDeck]) -> None:
        self._pool = pool
        self._world = world
        self._decks = decks
        self._lots: dict[tuple[str, str], LotTerms] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sql = {name: _statement(name) for name in ("lock", "session", "account", "open", "move", "post")}

    @classmethod
    async def open(cls, world: World) -> Baseline:
        """A baseline with its pool of connections and the deck in memory."""
        pool = await open_pool(
            world.database_url, min_size=CONNECTIONS, max_size=CONNECTIONS, application_name="bench-baseline"
        )
        async with pool.acquire() as connection:
            deck = await load_deck(connection, SHARD_ID, world.rate_deck_id)
        return cls(pool, world, {world.rate_deck_id: deck})

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    def submit(self, command: Command, callback: Callable[[Outcome], None]) -> None:
        """Execute a command and tell its outcome."""
        task = asyncio.get_running_loop().create_task(self._execute(command, callback))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _execute(self, command: Command, callback: Callable[[Outcome], None]) -> None:
        assert isinstance(command, Authorise | Update | End)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(self._sql["lock"], SHARD_ID, command.organization_id)
            assert row is not None
            account = await self._account(connection, command.organization_id, row)
            session = None
            if not isinstance(command, Authorise):
                session = await self._session(connection, command)
            context = Context(
                now=now(),
                new_id=self._world.new_id,
                decks=self._decks,
                charging=ChargingTerms(),
                funding=FundingTerms(top_up_minimum_micros={}),
            )
            decision = decide(account, session, command, context)
            await self._write(connection, command, decision, context)
        callback(decision.outcome)

    async def _account(self, connection: Connection, organization_id: str, row: asyncpg.Record) -> Account:
        lots = []
        for lot_id, free, held in zip(row["lot_ids"], row["lot_free_micros"], row["lot_held_micros"], strict=True):
            terms = self._lots.get((organization_id, str(lot_id)))
            if terms is None:
                terms = await self._lot_terms(connection, organization_id, str(lot_id))
            lots.append(Lot(terms=terms, free_micros=free, held_micros=held))
        return Account(
            organization_id=organization_id,
            status=OrganizationStatus.OPEN,
            country="RO",
            currency="EUR",
            minor_digits=2,
            time_zone="Europe/Bucharest",
            rate_deck_id=self._world.rate_deck_id,
            lots=tuple(lots),
            recharge=RechargeState(),
            open_top_ups=(),
        )

    async def _lot_terms(self, connection: Connection, organization_id: str, lot_id: str) -> LotTerms:
        row = await connection.fetchrow(_statement("lot"), SHARD_ID, organization_id, lot_id)
        assert row is not None
        terms = LotTerms(
            lot_id=lot_id,
            source=LotSource(row["source"]),
            purchased_at=row["purchased_at"],
            expires_at=row["expires_at"],
        )
        self._lots[organization_id, lot_id] = terms
        return terms

    async def _session(self, connection: Connection, command: Update | End) -> Session:
        row = await connection.fetchrow(self._sql["session"], SHARD_ID, command.organization_id, command.session_id)
        assert row is not None
        return session_of(row, self._lots, "EUR")

    async def _write(
        self, connection: Connection, command: Authorise | Update | End, decision: Decision, context: Context
    ) -> None:
        lots = decision.account.lots
        await connection.execute(
            self._sql["account"],
            SHARD_ID,
            command.organization_id,
            sum(lot.free_micros + lot.held_micros for lot in lots),
            sum(lot.held_micros for lot in lots),
            [lot.terms.lot_id for lot in lots],
            [lot.free_micros for lot in lots],
            [lot.held_micros for lot in lots],
        )
        session = decision.session
        assert session is not None
        moving = _moving(session)
        if isinstance(command, Authorise):
            terms, rate = session.terms, session.terms.rate
            assert rate is not None
            await connection.execute(
                self._sql["open"],
                SHARD_ID,
                command.organization_id,
                terms.session_id,
                *moving,
                terms.service.value,
                terms.caller,
                terms.callee,
                terms.rate_deck_id,
                rate.prefix,
                rate.destination,
                rate.price_per_minute_micros,
                rate.connection_fee_micros,
                rate.first_increment_seconds,
                rate.next_increment_seconds,
                rate.effective_from,
                terms.authorised_at,
            )
        else:
            await connection.execute(
                self._sql["move"], SHARD_ID, command.organization_id, session.terms.session_id, *moving
            )
        for transfer in decision.transfers:
            await connection.execute(
                self._sql["post"],
                SHARD_ID,
                command.organization_id,
                self._world.new_id(),
                context.now,
                transfer.source.value,
                transfer.target.value,
                transfer.amount_micros,
                transfer.reason.value,
                transfer.lot_id,
                transfer.session_id,
            )


def _moving(session: Session) -> tuple[object, ...]:
    return (
        session.state.value,
        session.is_live,
        session.grant_number,
        session.granted_seconds,
        session.final,
        session.grant_ends_at,
        session.used_seconds,
        session.overrun_seconds,
        session.charged_micros,
        [part.terms.lot_id for part in session.parts],
        [part.held_micros for part in session.parts],
        [part.drawn_micros for part in session.parts],
        session.started_at,
        session.ended_at,
        session.cause,
        encode_memory(session.memory),
    )


def _statement(name: str) -> str:
    return files("bench").joinpath("sql", f"{name}.sql").read_text("utf-8")
