"""Rate decks in the database: writing one whole, and reading one back ready for look-up.

Knows rows, and what of a shape is the rate's own and what the deck says once for all of its rates. Refuses to parse
files (operations) and to price calls (core). A published deck never changes, so a copy in memory is never stale.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg
import msgspec

from commcredits.core.commands import Service
from commcredits.core.tariffs import (
    PLAIN_PRICES,
    PLAIN_TERMS,
    DeckTerms,
    OwnPrices,
    PriceShape,
    Rate,
    RateDeck,
    index_deck,
    own_prices,
    shape_of,
)
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID

COPY_SECONDS_MAX: Final = 600
"""How long writing a deck may take; the largest takes a tenth of it."""

READ_SECONDS_MAX: Final = 120
"""How long reading a deck may take."""

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
    "origin_country",
    "shape",
)

_encode = msgspec.json.Encoder().encode
_decode_terms = msgspec.json.Decoder(DeckTerms).decode
_decode_prices = msgspec.json.Decoder(OwnPrices).decode


class RateDeckState(StrEnum):
    """Where a deck is in its life: a draft is published, and then never changes, or discarded.

    A draft may also become a cost deck, which never changes either: it says what calls cost the operator.
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    DISCARDED = "discarded"
    COST = "cost"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckHead:
    """What is written down of a deck beside its rates. A draft has no ``published_at``."""

    rate_deck_id: str
    name: str
    currency: str
    created_at: datetime
    published_at: datetime | None
    terms: DeckTerms = PLAIN_TERMS


async def write_deck(
    connection: Connection,
    shard_id: int,
    head: DeckHead,
    rates: Sequence[Rate],
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a deck and all its rates in one transaction: it is there whole or not at all.

    Fastest when the rates come in order of service, prefix, origin and time. ``progress`` is told how many rates were
    handed over so far.
    """
    async with connection.transaction():
        await connection.copy_records_to_table(
            "rates",
            records=_rows(shard_id, head.rate_deck_id, rates, progress or (lambda _count: None)),
            columns=_RATE_COLUMNS,
            timeout=COPY_SECONDS_MAX,
        )
        await connection.execute(
            load_statement("insert_rate_deck"),
            shard_id,
            head.rate_deck_id,
            head.name,
            head.currency,
            len(rates),
            head.created_at,
            RateDeckState.DRAFT if head.published_at is None else RateDeckState.PUBLISHED,
            head.published_at,
            encode_terms(head.terms),
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
    terms: DeckTerms = PLAIN_TERMS,
) -> None:
    """Write a deck that is published at once; see ``write_deck``."""
    head = DeckHead(
        rate_deck_id=rate_deck_id,
        name=name,
        currency=currency,
        created_at=published_at,
        published_at=published_at,
        terms=terms,
    )
    await write_deck(connection, shard_id, head, rates)


async def load_deck(connection: Connection, shard_id: int, rate_deck_id: str, *, drafts: bool = False) -> RateDeck:
    """A published deck, indexed. LookupError when there is none: an account names only decks that were published.

    ``drafts`` takes drafts and cost decks as well, for whoever asks what calls would cost.
    """
    deck = await connection.fetchrow(load_statement("load_rate_deck"), shard_id, rate_deck_id)
    states = set(RateDeckState) - {RateDeckState.DISCARDED} if drafts else {RateDeckState.PUBLISHED}
    if deck is None or deck["state"] not in states:
        raise LookupError(f"rate deck {rate_deck_id} is not published")
    rows = await connection.fetch(load_statement("load_rates"), shard_id, rate_deck_id, timeout=READ_SECONDS_MAX)
    reader = RateReader(decode_terms(deck["terms"]))
    rates: list[Rate] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        rates.extend(map(reader.rate_of, rows[start : start + _ROWS_AT_ONCE]))
        # A large deck takes seconds; calls of other organizations get their turns in between.
        await asyncio.sleep(0)
    return await asyncio.to_thread(index_deck, rate_deck_id, deck["currency"], rates)


class RateReader:
    """Rates from their rows, under the terms of their deck; equal names, instants and shapes become one object."""

    __slots__ = ("_destinations", "_instants", "_shapes", "_terms")

    def __init__(self, terms: DeckTerms) -> None:
        self._terms = terms
        self._shapes: dict[str | None, PriceShape | None] = {}
        self._destinations: dict[str, str] = {}
        self._instants: dict[datetime | None, datetime | None] = {}

    def rate_of(self, row: asyncpg.Record) -> Rate:
        """The rate in a row that holds every column of its own."""
        destination, begins, ends = row["destination"], row["effective_from"], row["effective_to"]
        return Rate(
            prefix=row["prefix"],
            destination=self._destinations.setdefault(destination, destination),
            service=Service(row["service"]),
            price_per_minute_micros=row["price_per_minute_micros"],
            connection_fee_micros=row["connection_fee_micros"],
            first_increment_seconds=row["first_increment_seconds"],
            next_increment_seconds=row["next_increment_seconds"],
            effective_from=self._instants.setdefault(begins, begins) or begins,
            effective_to=self._instants.setdefault(ends, ends),
            origin_country=row["origin_country"],
            shape=self.shape_of(row["shape"]),
        )

    def shape_of(self, text: str | None) -> PriceShape | None:
        """The whole shape of a rate, from what stands in its row."""
        if text not in self._shapes:
            self._shapes[text] = shape_of(decode_prices(text), self._terms)
        return self._shapes[text]


def encode_terms(terms: DeckTerms) -> str:
    """A deck's terms as JSON text, for the column that keeps them; equal terms, equal text."""
    return _encode(terms).decode()


def decode_terms(text: str) -> DeckTerms:
    """The terms that ``encode_terms`` wrote."""
    return _decode_terms(text)


def encode_prices(prices: OwnPrices) -> str | None:
    """What a rate adds to its price as JSON text; None for nothing. Equal prices, equal text."""
    return None if prices == PLAIN_PRICES else _encode(prices).decode()


def decode_prices(text: str | None) -> OwnPrices:
    """The prices that ``encode_prices`` wrote."""
    return PLAIN_PRICES if text is None else _decode_prices(text)


async def _rows(
    shard_id: int, rate_deck_id: str, rates: Sequence[Rate], progress: Callable[[int], None]
) -> AsyncIterator[tuple[object, ...]]:
    """Rows to copy. Laying them out keeps the processor busy, and others of this process get their turns in between."""
    texts: dict[int, str | None] = {}
    for number, rate in enumerate(rates):
        if number % _ROWS_AT_ONCE == 0:
            progress(number)
            await asyncio.sleep(0)
        shape = rate.shape
        # By identity: the rates of a file share their shapes, and hold them while this runs.
        if shape is None:
            text = None
        elif id(shape) in texts:
            text = texts[id(shape)]
        else:
            text = texts[id(shape)] = encode_prices(own_prices(shape))
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
            rate.origin_country,
            text,
        )
    progress(len(rates))
