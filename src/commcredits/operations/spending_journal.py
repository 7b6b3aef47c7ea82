"""The journal added up by day, kept by the worker, so that statements need not read every transfer there ever was.

Knows that the journal is append-only and comes in order of time, but for what is being committed. Refuses to let
anybody believe a sum that the ledger does not bear out: whoever reads these compares them with the balance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from commcredits.operations.services import Services
from commcredits.operations.spending_days import local_day
from commcredits.storage.connection import Connection, load_statement

SETTLES: Final = timedelta(minutes=15)
"""How old a transfer must be to be added up: far longer than any batch takes to commit and than clocks differ."""

STRETCH: Final = timedelta(days=1)
"""How much of the journal is added up in one transaction."""

STRETCHES_AT_ONCE: Final = 30
"""How many such transactions a round makes at most."""

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

JournalKey = tuple[str, date, str, str, str]
"""Organization, local day, the account that was left, the one that was entered, and why."""


async def sum_journal(services: Services) -> int:
    """Add up what the journal holds since the last time; how many stretches of it. Two workers do no harm."""
    count = 0
    until = services.clock() - SETTLES
    while count < STRETCHES_AT_ONCE:
        async with services.pool.acquire() as connection:
            try:
                async with connection.transaction(isolation="repeatable_read"):
                    if not await _sum_stretch(connection, services.shard_id, until):
                        break
            except asyncpg.SerializationError:
                break
        count += 1
    return count


async def sum_journal_anew(connection: Connection, shard_id: int, organization_id: str) -> None:
    """Add up one organization's transfers from the first, as far as all others are; in the caller's transaction."""
    await connection.execute(load_statement("spending/forget_journal_days"), shard_id, organization_id)
    summed_to = await connection.fetchval(load_statement("spending/get_journal_progress"), shard_id)
    if summed_to is not None:
        rows = await connection.fetch(
            load_statement("spending/sum_journal_stretch"), shard_id, BEGINNING, summed_to, organization_id
        )
        await _add(connection, shard_id, rows)


def by_day(rows: Iterable[asyncpg.Record]) -> dict[JournalKey, tuple[int, int]]:
    """Quarters of hours as days of each organization's zone: how many transfers, and how much, in millionths."""
    sums: dict[JournalKey, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in rows:
        key = (
            str(row["organization_id"]),
            local_day(row["begins_at"], row["time_zone"]),
            row["source"],
            row["target"],
            row["reason"],
        )
        transfers, micros = sums[key]
        sums[key] = (transfers + row["transfers"], micros + row["amount_micros"])
    return sums


async def _sum_stretch(connection: Connection, shard_id: int, until: datetime) -> bool:
    """Add up the next stretch; False where there is none, or somebody else is at it."""
    summed_to = await connection.fetchval(load_statement("spending/get_journal_progress"), shard_id)
    if summed_to is None:
        summed_to = await connection.fetchval(load_statement("spending/first_transfer_at"), shard_id)
        if summed_to is None or summed_to >= until:
            return False
    elif await connection.fetchval(load_statement("spending/lock_journal_progress"), shard_id) is None:
        return False
    ends = min(until, summed_to + STRETCH)
    if ends <= summed_to:
        return False
    rows = await connection.fetch(load_statement("spending/sum_journal_stretch"), shard_id, summed_to, ends, None)
    await _add(connection, shard_id, rows)
    await connection.execute(load_statement("spending/move_journal_progress"), shard_id, ends)
    return True


async def _add(connection: Connection, shard_id: int, rows: list[asyncpg.Record]) -> None:
    sums = by_day(rows)
    if not sums:
        return
    await connection.execute(
        load_statement("spending/add_journal_days"),
        shard_id,
        *([key[position] for key in sums] for position in range(5)),
        [transfers for transfers, _ in sums.values()],
        [micros for _, micros in sums.values()],
    )
