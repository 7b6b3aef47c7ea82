"""Rate decks: publishing one whole, listing them, and giving an organization the one that prices its calls.

Knows that a published deck never changes. Refuses to price calls, and to keep half a deck.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, Protocol

import asyncpg

from commcredits.core.commands import AssignRateDeck
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.tariffs import Rate
from commcredits.operations.inputs import (
    check_currency,
    invalid_input,
    is_identifier,
    refuse_command_id,
    refuse_name,
)
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import (
    Page,
    check_limit,
    read_cursor,
    read_instant,
    refuse_cursor,
    write_cursor,
    write_instant,
)
from commcredits.operations.rate_deck_csv import RateDeckReader
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.decks import publish_deck
from commcredits.storage.remembering import digest, remember_command

NAME_CHARACTERS_MAX: Final = 200
"""Longest name of a deck."""

DECK_BYTES_MAX: Final = 512 * 1024 * 1024
"""Largest file of a deck; a million rates with long names need a quarter of it."""

PIECE_BYTES: Final = 64 * 1024
"""How much of a file is read before others get their turn."""

_LIST: Final = "rate_decks"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")


class Readable(Protocol):
    """A binary file."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDeckInfo:
    """A published deck, without its rates."""

    rate_deck_id: str
    name: str
    currency: str
    rate_count: int
    published_at: datetime


async def publish_rate_deck(
    services: Services,
    *,
    command_id: str,
    name: str,
    currency: str,
    lines: AsyncIterable[bytes] | Iterable[bytes] | Readable,
    progress: Callable[[int], None] | None = None,
) -> RateDeckInfo | Refused:
    """Publish a deck from a CSV file, or refuse it for the first thing that is wrong, by line and column.

    ``lines`` is a binary file or its bytes in pieces of any size, line ends included. ``progress`` is told how many
    rates were read so far. The database is asked for nothing before the whole file was read and found right. The same
    ``command_id`` publishes one deck and gets it again; with another file, name or currency it is refused as a
    conflict.
    """
    minor_digits = check_currency(currency)
    refused = refuse_command_id(command_id) or refuse_name("name", name, NAME_CHARACTERS_MAX)
    if refused is not None:
        return refused
    if isinstance(minor_digits, Refused):
        return minor_digits
    file = await _read(lines, progress or (lambda _count: None))
    if isinstance(file, Refused):
        return file
    content = digest(name, currency, file.digest)
    rate_deck_id, published_at = services.new_id(), services.clock()
    async with services.pool.acquire() as connection, connection.transaction():
        known = await remember_command(
            connection,
            services.shard_id,
            operation="publish_rate_deck",
            command_id=command_id,
            content=content,
            made_id=rate_deck_id,
            at=published_at,
        )
        if known is None:
            await publish_deck(
                connection,
                services.shard_id,
                rate_deck_id=rate_deck_id,
                name=name,
                currency=currency,
                rates=file.rates,
                published_at=published_at,
            )
    if known is not None and known.content != content:
        facts = {"command_id": command_id, "command": "publish_rate_deck"}
        return Refused(code=RefusalCode.CONFLICT, facts=facts)
    return await get_rate_deck(services, rate_deck_id=rate_deck_id if known is None else known.made_id)


async def get_rate_deck(services: Services, *, rate_deck_id: str) -> RateDeckInfo | Refused:
    """One published deck."""
    checked = check_identifier("rate_deck_id", rate_deck_id)
    if isinstance(checked, Refused):
        return checked
    row = await services.pool.fetchrow(load_statement("load_rate_deck"), services.shard_id, rate_deck_id)
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_RATE_DECK, facts={"rate_deck_id": rate_deck_id})
    return _deck_of(row)


async def list_rate_decks(services: Services, *, cursor: str | None, limit: int) -> Page[RateDeckInfo] | Refused:
    """Published decks, newest first."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _NEWEST if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(load_statement("list_rate_decks"), services.shard_id, *before, limit + 1)
    items = tuple(_deck_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.published_at), last.rate_deck_id))


async def assign_rate_deck(
    services: Services, *, organization_id: str, command_id: str, rate_deck_id: str
) -> Done | Refused:
    """Price an organization's calls by this deck from now on; calls that run keep their rate."""
    refused = refuse_command_id(command_id)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    deck = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(deck, Refused):
        return deck
    outcome = await services.executor.execute(
        AssignRateDeck(
            organization_id=organization_id,
            command_id=command_id,
            rate_deck_id=rate_deck_id,
            rate_deck_currency=deck.currency,
        )
    )
    assert isinstance(outcome, Done | Refused), "an assignment is done or refused"
    return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _DeckFile:
    """A file that was read to its end and found right: its rates, and a digest of its bytes."""

    rates: Sequence[Rate]
    digest: str


async def _read(
    source: AsyncIterable[bytes] | Iterable[bytes] | Readable, progress: Callable[[int], None]
) -> _DeckFile | Refused:
    reader = RateDeckReader()
    digested = blake2b(digest_size=16)
    size = told = 0
    async for piece in _pieces(source):
        size += len(piece)
        if size > DECK_BYTES_MAX:
            return invalid_input("lines", f"{size} bytes", f"a file of at most {DECK_BYTES_MAX} bytes")
        digested.update(piece)
        refused = reader.take(piece)
        if refused is not None:
            return refused
        if len(reader.rates) > told:
            told = len(reader.rates)
            progress(told)
        # Reading is work for the processor; whoever else this process serves gets a turn after each piece.
        await asyncio.sleep(0)
    # In a thread, for it is one long piece of work.
    rates = await asyncio.to_thread(reader.finish)
    if isinstance(rates, Refused):
        return rates
    if len(rates) > told:
        progress(len(rates))
    return _DeckFile(rates=rates, digest=digested.hexdigest())


async def _pieces(source: AsyncIterable[bytes] | Iterable[bytes] | Readable) -> AsyncIterator[bytes]:
    """The bytes of any source, in pieces that are not too large."""
    if isinstance(source, AsyncIterable):
        async for given in source:
            for start in range(0, len(given), PIECE_BYTES):
                yield given[start : start + PIECE_BYTES]
        return
    if not isinstance(source, Iterable) or hasattr(source, "read"):
        # A file's own lines may be of any length, so it is read by size.
        while piece := source.read(PIECE_BYTES):
            yield piece
        return
    for given in source:
        for start in range(0, len(given), PIECE_BYTES):
            yield given[start : start + PIECE_BYTES]


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    published_at = None if key is None else read_instant(key[0])
    return None if key is None or published_at is None or not is_identifier(key[1]) else (published_at, key[1])


def _deck_of(row: asyncpg.Record) -> RateDeckInfo:
    return RateDeckInfo(
        rate_deck_id=str(row["rate_deck_id"]),
        name=row["name"],
        currency=row["currency"],
        rate_count=row["rate_count"],
        published_at=row["published_at"],
    )
