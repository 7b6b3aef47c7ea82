"""Rate decks: writing one whole, listing them, and giving an organization the one that prices its calls.

Knows that a published deck never changes. Refuses to price calls, and to keep half a deck. What becomes of a draft
stands in commcredits.operations.rate_deck_life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.commands import AssignRateDeck
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.tariffs import PLAIN_TERMS, DeckTerms
from commcredits.operations.audit_looks import at_rate_deck
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
from commcredits.operations.permitting import acts, reads
from commcredits.operations.rate_deck_sources import DeckRates, RateSource, read_rates
from commcredits.operations.rate_deck_terms import read_terms
from commcredits.operations.sandboxes import price_sandbox_alike
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.decks import DeckHead, RateDeckState, decode_terms, encode_terms, write_deck
from commcredits.storage.remembering import digest, remember_command

NAME_CHARACTERS_MAX: Final = 200
"""Longest name of a deck."""

_LIST: Final = "rate_decks"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")
_IN_USE: Final = (RateDeckState.DRAFT, RateDeckState.PUBLISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDeckInfo:
    """A deck, without its rates.

    ``in_force_at`` is the instant from which it was published for; None: from when it was published. It then took the
    place of ``replaces_rate_deck_id``, if any, until ``rolled_back_at``.
    """

    rate_deck_id: str
    name: str
    currency: str
    rate_count: int
    state: RateDeckState
    created_at: datetime
    published_at: datetime | None
    in_force_at: datetime | None
    replaces_rate_deck_id: str | None
    rolled_back_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesChecked:
    """A file of rates that could be published as it is: how many rates, of each service, and how many are not flat."""

    rate_count: int
    services: dict[str, int]
    with_bands: int
    with_steps: int
    with_maximum: int
    with_origin: int


@acts(Permission.OPERATOR_RATES)
async def publish_rate_deck(
    services: Services,
    *,
    command_id: str,
    name: str,
    currency: str,
    lines: RateSource,
    progress: Callable[[int], None] | None = None,
    terms: str = "",
    written: Callable[[int], None] | None = None,
) -> RateDeckInfo | Refused:
    """Publish a deck at once, or refuse it for the first thing that is wrong, by line and column.

    ``lines`` is where the rates come from, ``terms`` what the deck says for all of them, as JSON. ``progress`` is told
    how many rates were read so far, and then ``written`` how many of all were written. The database is asked for
    nothing before all of it was read and found right. The same ``command_id`` publishes one deck and gets it again;
    with other content it is refused as a conflict.
    """
    deck = _Deck("publish_rate_deck", command_id, name, currency, terms)
    return await _write(services, deck, lines, services.clock(), progress, written)


@acts(Permission.OPERATOR_RATES)
async def draft_rate_deck(
    services: Services,
    *,
    command_id: str,
    name: str,
    currency: str,
    lines: RateSource,
    progress: Callable[[int], None] | None = None,
    terms: str = "",
    written: Callable[[int], None] | None = None,
) -> RateDeckInfo | Refused:
    """Write a deck down as a draft, which prices nothing until it is published; else as ``publish_rate_deck``."""
    deck = _Deck("draft_rate_deck", command_id, name, currency, terms)
    return await _write(services, deck, lines, None, progress, written)


async def check_rates(
    *,
    currency: str,
    lines: RateSource,
    progress: Callable[[int], None] | None = None,
    terms: str = "",
) -> RatesChecked | Refused:
    """Read a deck's rates and terms as a publication would, and keep nothing."""
    read = await _read(_Deck("check_rates", "check", "check", currency, terms), lines, progress)
    if isinstance(read, Refused):
        return read
    rates = read[1].rates
    shapes = [rate.shape for rate in rates if rate.shape is not None]
    return RatesChecked(
        rate_count=len(rates),
        services=dict(Counter(rate.service.value for rate in rates)),
        with_bands=sum(1 for shape in shapes if shape.bands),
        with_steps=sum(1 for shape in shapes if shape.steps),
        with_maximum=sum(1 for shape in shapes if shape.charge_max_micros is not None),
        with_origin=sum(1 for rate in rates if rate.origin_country),
    )


@reads(Permission.OPERATOR_RATES)
async def get_rate_deck(services: Services, *, rate_deck_id: str) -> RateDeckInfo | Refused:
    """One deck, whatever its state."""
    row = await _row_of(services, rate_deck_id)
    return row if isinstance(row, Refused) else rate_deck_info(row)


@reads(Permission.OPERATOR_RATES)
async def get_rate_deck_terms(services: Services, *, rate_deck_id: str) -> DeckTerms | Refused:
    """What a deck says once for all of its rates."""
    row = await _row_of(services, rate_deck_id)
    return row if isinstance(row, Refused) else decode_terms(row["terms"])


@reads(Permission.OPERATOR_RATES)
async def list_rate_decks(
    services: Services, *, cursor: str | None, limit: int, state: str | None = None
) -> Page[RateDeckInfo] | Refused:
    """Decks in one state, or drafts and published ones; newest first."""
    refused = check_limit(limit)
    if refused is None and state is not None and state not in tuple(RateDeckState):
        refused = invalid_input("state", state, " or ".join(RateDeckState))
    if refused is not None:
        return refused
    before = _NEWEST if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    states = list(_IN_USE) if state is None else [state]
    rows = await services.pool.fetch(load_statement("list_rate_decks"), services.shard_id, states, *before, limit + 1)
    items = tuple(rate_deck_info(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.created_at), last.rate_deck_id))


@acts(Permission.OPERATOR_ORGANIZATIONS, look=at_rate_deck)
async def assign_rate_deck(
    services: Services,
    *,
    organization_id: str,
    command_id: str,
    rate_deck_id: str,
    in_force_at: datetime | None = None,
) -> Done | Refused:
    """Price an organization's calls by this deck from an instant on, or from now; calls that run keep their rate.

    A deck that was published for an instant never prices a call before that. What was laid ready for the organization
    before is replaced.
    """
    refused = refuse_command_id(command_id)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    deck = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(deck, Refused):
        return deck
    if deck.state is not RateDeckState.PUBLISHED:
        return Refused(code=RefusalCode.RATE_DECK_NOT_PUBLISHED, facts={"rate_deck_id": rate_deck_id})
    instants = [instant for instant in (in_force_at, deck.in_force_at) if instant is not None]
    outcome = await services.executor.execute(
        AssignRateDeck(
            organization_id=organization_id,
            command_id=command_id,
            rate_deck_id=rate_deck_id,
            rate_deck_currency=deck.currency,
            in_force_at=max(instants, default=None),
        )
    )
    assert isinstance(outcome, Done | Refused), "an assignment is done or refused"
    if isinstance(outcome, Done):
        await price_sandbox_alike(
            services,
            organization_id=organization_id,
            command_id=command_id,
            rate_deck_id=rate_deck_id,
            currency=deck.currency,
            at=max(instants, default=None),
        )
    return outcome


@dataclass(frozen=True, slots=True)
class _Deck:
    """What a command says of a deck, beside its rates."""

    operation: str
    command_id: str
    name: str
    currency: str
    terms: str


async def _write(
    services: Services,
    deck: _Deck,
    source: RateSource,
    published_at: datetime | None,
    progress: Callable[[int], None] | None,
    written: Callable[[int], None] | None,
) -> RateDeckInfo | Refused:
    read = await _read(deck, source, progress)
    if isinstance(read, Refused):
        return read
    terms, file = read
    said = [] if terms == PLAIN_TERMS else [encode_terms(terms)]
    content = digest(deck.name, deck.currency, file.digest, *said)
    head = DeckHead(
        rate_deck_id=services.new_id(),
        name=deck.name,
        currency=deck.currency,
        created_at=published_at or services.clock(),
        published_at=published_at,
        terms=terms,
    )
    async with services.pool.acquire() as connection, connection.transaction():
        known = await remember_command(
            connection,
            services.shard_id,
            operation=deck.operation,
            command_id=deck.command_id,
            content=content,
            made_id=head.rate_deck_id,
            at=head.created_at,
        )
        if known is None:
            await write_deck(connection, services.shard_id, head, file.rates, written)
    if known is not None and known.content != content:
        facts = {"command_id": deck.command_id, "command": deck.operation}
        return Refused(code=RefusalCode.CONFLICT, facts=facts)
    return await get_rate_deck(services, rate_deck_id=head.rate_deck_id if known is None else known.made_id)


async def _read(
    deck: _Deck, source: RateSource, progress: Callable[[int], None] | None
) -> tuple[DeckTerms, DeckRates] | Refused:
    """The terms and all rates of a deck; or the first thing that is wrong, before the source is touched if it can."""
    minor_digits = check_currency(deck.currency)
    refused = refuse_command_id(deck.command_id) or refuse_name("name", deck.name, NAME_CHARACTERS_MAX)
    if refused is not None:
        return refused
    if isinstance(minor_digits, Refused):
        return minor_digits
    terms = read_terms(deck.terms)
    if isinstance(terms, Refused):
        return terms
    rates = await read_rates(source, deck.currency, terms, progress or (lambda _count: None))
    return rates if isinstance(rates, Refused) else (terms, rates)


async def _row_of(services: Services, rate_deck_id: str) -> asyncpg.Record | Refused:
    checked = check_identifier("rate_deck_id", rate_deck_id)
    if isinstance(checked, Refused):
        return checked
    row = await services.pool.fetchrow(load_statement("load_rate_deck"), services.shard_id, rate_deck_id)
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_RATE_DECK, facts={"rate_deck_id": rate_deck_id})
    return row


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    published_at = None if key is None else read_instant(key[0])
    return None if key is None or published_at is None or not is_identifier(key[1]) else (published_at, key[1])


def rate_deck_info(row: asyncpg.Record) -> RateDeckInfo:
    """The deck in a row of ``load_rate_deck`` or ``list_rate_decks``."""
    replaces = row["replaces_rate_deck_id"]
    return RateDeckInfo(
        rate_deck_id=str(row["rate_deck_id"]),
        name=row["name"],
        currency=row["currency"],
        rate_count=row["rate_count"],
        state=RateDeckState(row["state"]),
        created_at=row["created_at"],
        published_at=row["published_at"],
        in_force_at=row["in_force_at"],
        replaces_rate_deck_id=None if replaces is None else str(replaces),
        rolled_back_at=row["rolled_back_at"],
    )
