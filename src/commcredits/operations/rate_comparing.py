"""What a deck would change in the place of another: rates added, removed and changed, counted and a page at a time.

Knows that two decks are compared by what is in force in each at one instant, because a new price nearly always comes
with a new date. Refuses to judge which is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.tariffs import DeckTerms
from commcredits.operations.inputs import invalid_input
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.permitting import reads
from commcredits.operations.rate_lists import RateRecord, rate_record, refuse_service
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo, get_rate_deck, get_rate_deck_terms
from commcredits.storage.connection import load_statement
from commcredits.storage.decks import READ_SECONDS_MAX

_LIST: Final = "rate_differences"
_FIRST: Final = ("", "", "")


class Difference(StrEnum):
    """How a rate of one deck stands to the other deck."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDifference:
    """A rate that two decks do not agree on; None where a deck has none for its service, prefix and origin."""

    difference: Difference
    earlier: RateRecord | None
    later: RateRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDifferences:
    """Counts of one service. Of the changed ones, some are dearer or cheaper by their price per minute."""

    service: Service
    added: int
    removed: int
    changed: int
    dearer: int
    cheaper: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDeckComparison:
    """Two decks side by side, by the rates in force at an instant.

    ``terms_changed`` names what each says otherwise for all of its rates. What is not in force at that instant is not
    compared; ``earlier_out_of_force`` and ``later_out_of_force`` count it, so that nothing is passed over in silence.
    """

    earlier: RateDeckInfo
    later: RateDeckInfo
    at: datetime
    terms_changed: tuple[str, ...]
    services: tuple[ServiceDifferences, ...]
    earlier_out_of_force: int
    later_out_of_force: int


@reads(Permission.OPERATOR_RATES)
async def compare_rate_decks(
    services: Services, *, earlier_id: str, later_id: str, at: datetime | None = None
) -> RateDeckComparison | Refused:
    """Counts of what changes when the later deck takes the place of the earlier one at an instant, by default now."""
    decks = await _both(services, earlier_id, later_id)
    if isinstance(decks, Refused):
        return decks
    instant = at or services.clock()
    terms = [await get_rate_deck_terms(services, rate_deck_id=each) for each in (earlier_id, later_id)]
    before, after = terms
    assert isinstance(before, DeckTerms), "the deck was there a moment ago"
    assert isinstance(after, DeckTerms), "the deck was there a moment ago"
    rows = await services.pool.fetch(
        load_statement("count_rate_differences"),
        services.shard_id,
        earlier_id,
        later_id,
        instant,
        timeout=READ_SECONDS_MAX,
    )
    silent = await services.pool.fetch(
        load_statement("count_rates_out_of_force"),
        services.shard_id,
        [earlier_id, later_id],
        instant,
        timeout=READ_SECONDS_MAX,
    )
    out_of_force = {str(row["rate_deck_id"]): row["rates"] for row in silent}
    return RateDeckComparison(
        earlier=decks[0],
        later=decks[1],
        at=instant,
        terms_changed=_terms_changed(before, after),
        services=tuple(
            ServiceDifferences(
                service=Service(row["service"]),
                added=row["added"],
                removed=row["removed"],
                changed=row["changed"],
                dearer=row["dearer"],
                cheaper=row["cheaper"],
                unchanged=row["unchanged"],
            )
            for row in rows
        ),
        earlier_out_of_force=out_of_force.get(earlier_id, 0),
        later_out_of_force=out_of_force.get(later_id, 0),
    )


@reads(Permission.OPERATOR_RATES)
async def list_rate_differences(
    services: Services,
    *,
    earlier_id: str,
    later_id: str,
    cursor: str | None,
    limit: int,
    at: datetime | None = None,
    service: str | None = None,
    difference: str | None = None,
) -> Page[RateDifference] | Refused:
    """The rates that differ, in order of service, prefix and origin; of one service and of one kind, if asked for.

    Further pages need the instant of the first.
    """
    decks = await _both(services, earlier_id, later_id)
    if isinstance(decks, Refused):
        return decks
    refused = check_limit(limit) or refuse_service(service) or _refuse_difference(difference)
    if refused is not None:
        return refused
    after = _FIRST if cursor is None else read_cursor(_LIST, cursor, 3)
    if after is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_rate_differences"),
        services.shard_id,
        earlier_id,
        later_id,
        at or services.clock(),
        service,
        *after,
        difference,
        limit + 1,
        timeout=READ_SECONDS_MAX,
    )
    items = tuple(
        _difference(
            None if row["earlier_prefix"] is None else rate_record(row, "earlier_"),
            None if row["later_prefix"] is None else rate_record(row, "later_"),
        )
        for row in rows[:limit]
    )
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1].earlier or items[-1].later
    assert last is not None, "a difference has at least one side"
    return Page(items=items, next_cursor=write_cursor(_LIST, last.service.value, last.prefix, last.origin_country))


async def _both(services: Services, earlier_id: str, later_id: str) -> tuple[RateDeckInfo, RateDeckInfo] | Refused:
    earlier = await get_rate_deck(services, rate_deck_id=earlier_id)
    if isinstance(earlier, Refused):
        return earlier
    later = await get_rate_deck(services, rate_deck_id=later_id)
    if isinstance(later, Refused):
        return later
    if earlier.currency != later.currency:
        facts = {"currency": later.currency, "allowed": earlier.currency}
        return Refused(code=RefusalCode.CURRENCY_MISMATCH, facts=facts)
    return earlier, later


def _refuse_difference(difference: str | None) -> Refused | None:
    if difference is None or difference in tuple(Difference):
        return None
    return invalid_input("difference", difference, " or ".join(Difference))


def _difference(earlier: RateRecord | None, later: RateRecord | None) -> RateDifference:
    kind = Difference.CHANGED
    if earlier is None:
        kind = Difference.ADDED
    elif later is None:
        kind = Difference.REMOVED
    return RateDifference(difference=kind, earlier=earlier, later=later)


def _terms_changed(earlier: DeckTerms, later: DeckTerms) -> tuple[str, ...]:
    """What two decks say otherwise for all of their rates, by the names of the fields in their terms."""
    bands = sorted(name for name in {*earlier.bands, *later.bands} if earlier.bands.get(name) != later.bands.get(name))
    fields = [name for name in ("time_zone", "holidays", "rounding") if getattr(earlier, name) != getattr(later, name)]
    return (*fields, *(f"bands.{name}" for name in bands))
