"""Cost decks: what calls cost the operator, each from an instant on, in one currency.

Knows which is in force when. Refuses to price anybody's calls by one: an organization cannot be given a cost deck.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo, get_rate_deck, rate_deck_info
from commcredits.storage.connection import load_statement
from commcredits.storage.decks import RateDeckState


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSpan:
    """A part of a period in which one cost deck is in force."""

    rate_deck_id: str
    begins_at: datetime
    ends_at: datetime


@acts(Permission.OPERATOR_RATES)
async def set_cost_deck(
    services: Services, *, rate_deck_id: str, in_force_at: datetime | None = None
) -> RateDeckInfo | Refused:
    """Make a draft say what calls cost from an instant on, by default from now; for good, as a publication is.

    The same again changes nothing; RATE_DECK_NOT_DRAFT for a deck that was published or discarded.
    """
    deck = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(deck, Refused) or deck.state is RateDeckState.COST:
        return deck
    since = in_force_at or services.clock()
    await services.pool.execute(load_statement("console/set_cost_deck"), services.shard_id, rate_deck_id, since)
    deck = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(deck, RateDeckInfo) and deck.state is not RateDeckState.COST:
        return Refused(code=RefusalCode.RATE_DECK_NOT_DRAFT, facts={"rate_deck_id": rate_deck_id})
    return deck


@reads(Permission.OPERATOR_RATES)
async def list_cost_decks(services: Services, *, currency: str = "") -> tuple[RateDeckInfo, ...]:
    """Cost decks of a currency, or of all, in the order in which they are in force."""
    rows = await services.pool.fetch(load_statement("console/list_cost_decks"), services.shard_id, currency)
    return tuple(rate_deck_info(row) for row in rows)


def cost_spans(decks: tuple[RateDeckInfo, ...], begins_at: datetime, ends_at: datetime) -> tuple[CostSpan, ...]:
    """Which deck of one currency says what calls cost in each part of a period; nothing before the first."""
    known = sorted(
        ((deck.in_force_at, deck.rate_deck_id) for deck in decks if deck.in_force_at is not None),
        key=lambda each: each,
    )
    spans = []
    for place, (since, rate_deck_id) in enumerate(known):
        until = known[place + 1][0] if place + 1 < len(known) else ends_at
        begins, ends = max(since, begins_at), min(until, ends_at)
        if begins < ends:
            spans.append(CostSpan(rate_deck_id=rate_deck_id, begins_at=begins, ends_at=ends))
    return tuple(spans)
