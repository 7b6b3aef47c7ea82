"""Rate decks in the database: publishing one whole, and reading one back ready for look-up.

Knows rows. Refuses to parse files (operations) and to price calls (core). A published deck never changes, so a copy in
memory is never stale.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final

from commcredits.core.commands import Service
from commcredits.core.tariffs import Rate, RateDeck, index_deck
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID

COPY_SECONDS_MAX: Final = 600
"""How long writing a deck may take; the largest takes a tenth of it."""

_ROWS_AT_ONCE: Final = 1_000

_RATE_COLUMNS: Final = (
    "shard_id",
    "organization_id",
    "rate_deck_id",
    "service",
    "prefix",
    "effective_from",
    "effective_to",
    "destination",
    "price_per_minute_micros",
    "connection_fee_micros",
    "first_increment_seconds",
    "next_increment_seconds",
)


async def publish_deck(
    connection: Connection,
    shard_id: int,
    *,
    rate_deck_id: str,
    name: str,
    currency: str,
    rates: Sequence[Rate],
    published_at: datetime,
) -> None:
    """Write a deck and all its rates in one transaction: it is there whole or not at all.

    Fastest when the rates come in order of service, prefix and time.
    """
    async with connection.transaction():
        await connection.copy_records_to_table(
            "rates", records=_rows(shard_id, rate_deck_id, rates), columns=_RATE_COLUMNS, timeout=COPY_SECONDS_MAX
        )
        await connection.execute(
            load_statement("insert_rate_deck"), shard_id, rate_deck_id, name, currency, len(rates), published_at
        )


async def load_deck(connection: Connection, shard_id: int, rate_deck_id: str) -> RateDeck:
    """A published deck, indexed. LookupError when there is none: an account names only decks that were published."""
    deck = await connection.fetchrow(load_statement("load_rate_deck"), shard_id, rate_deck_id)
    if deck is None:
        raise LookupError(f"rate deck {rate_deck_id} is not published")
    rows = await connection.fetch(load_statement("load_rates"), shard_id, rate_deck_id)
    return index_deck(
        rate_deck_id,
        deck["currency"],
        (
            Rate(
                prefix=row["prefix"],
                destination=row["destination"],
                service=Service(row["service"]),
                price_per_minute_micros=row["price_per_minute_micros"],
                connection_fee_micros=row["connection_fee_micros"],
                first_increment_seconds=row["first_increment_seconds"],
                next_increment_seconds=row["next_increment_seconds"],
                effective_from=row["effective_from"],
                effective_to=row["effective_to"],
            )
            for row in rows
        ),
    )


async def _rows(shard_id: int, rate_deck_id: str, rates: Sequence[Rate]) -> AsyncIterator[tuple[object, ...]]:
    """Rows to copy. Laying them out keeps the processor busy, and others of this process get their turns in between."""
    for number, rate in enumerate(rates):
        if number % _ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)
        yield (
            shard_id,
            OPERATOR_ID,
            rate_deck_id,
            rate.service,
            rate.prefix,
            rate.effective_from,
            rate.effective_to,
            rate.destination,
            rate.price_per_minute_micros,
            rate.connection_fee_micros,
            rate.first_increment_seconds,
            rate.next_increment_seconds,
        )
