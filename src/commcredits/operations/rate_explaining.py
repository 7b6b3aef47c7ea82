"""Why a call costs what it costs: which rate, why that one and none of the others, and each step of the sum.

Knows how to ask the core and to show its reasons. Refuses to compute anything of its own: the rate and the sum are
those that charging would take.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from phonenumbers import SUPPORTED_REGIONS

from commcredits.core.access import Permission
from commcredits.core.commands import Service
from commcredits.core.numbers import is_e164
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.rating import CALL_SECONDS_MAX, PriceSum, price_sum
from commcredits.core.tariffs import Rate, RateDeck, Rounding, find_rate, index_deck
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.rate_lists import RateRecord, rate_record, refuse_service
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo, get_rate_deck, get_rate_deck_terms
from commcredits.storage.connection import load_statement
from commcredits.storage.decks import RateReader

CANDIDATES_MAX: Final = 200
"""Most rates that are shown with the reason for which they were not taken."""

_AT_MIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AT_MAX: Final = datetime(9998, 1, 1, tzinfo=UTC)


class Verdict(StrEnum):
    """What became of a rate whose prefix the number has."""

    CHOSEN = "chosen"
    SHORTER_PREFIX = "shorter_prefix"
    FROM_ANYWHERE = "from_anywhere"
    """Another one of the same prefix is bound to the country that the call comes from."""
    OTHER_ORIGIN = "other_origin"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    NO_LONGER_IN_FORCE = "no_longer_in_force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A rate whose prefix the number has, and what became of it."""

    rate: RateRecord
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RateExplanation:
    """The rate of a call and its price, with every reason.

    ``candidates`` stand in the order in which they are looked at. ``rate`` and ``sum`` are None when no rate prices
    the call; it is then refused. ``time_zone`` is the deck's, in which its bands are meant.
    """

    deck: RateDeckInfo
    number: str
    service: Service
    at: datetime
    seconds: int
    origin_country: str
    candidates: tuple[Candidate, ...]
    rate: RateRecord | None
    sum: PriceSum | None
    rounding: Rounding
    time_zone: str


@reads(Permission.CALLS_READ)
async def explain_rate(
    services: Services,
    *,
    number: str,
    service: str,
    at: datetime,
    seconds: int,
    rate_deck_id: str = "",
    organization_id: str = "",
    origin_country: str = "",
) -> RateExplanation | Refused:
    """What so many seconds to a number cost from an instant on, by a deck or by the one that an organization has then.

    Drafts can be asked as well, by the operator alone: a deck of one's own is named by one's organization.
    ``origin_country`` is where the call comes from (ISO 3166-1); empty: not known.
    """
    refused = refuse_service(service) or _refuse_call(number, at, seconds, origin_country)
    if refused is not None:
        return refused
    deck = await _deck_of(services, rate_deck_id, organization_id, at)
    if isinstance(deck, Refused):
        return deck
    terms = await get_rate_deck_terms(services, rate_deck_id=deck.rate_deck_id)
    if isinstance(terms, Refused):
        return terms
    digits = number[1:]
    rows = await services.pool.fetch(
        load_statement("find_candidate_rates"),
        services.shard_id,
        deck.rate_deck_id,
        service,
        [digits[:length] for length in range(1, len(digits) + 1)],
        at,
        origin_country,
        CANDIDATES_MAX,
    )
    reader = RateReader(terms)
    found = [(reader.rate_of(row), rate_record(row)) for row in rows]
    some = index_deck(deck.rate_deck_id, deck.currency, [rate for rate, _record in found])
    chosen = find_rate(some, Service(service), number, at, origin_country)
    return RateExplanation(
        deck=deck,
        number=number,
        service=Service(service),
        at=at,
        seconds=seconds,
        origin_country=origin_country,
        candidates=tuple(
            Candidate(rate=record, verdict=_verdict(rate, chosen, at, origin_country))
            for rate, record in _as_looked_at(found, some)
        ),
        rate=next((record for rate, record in found if rate is chosen), None),
        sum=None if chosen is None else price_sum(chosen, seconds, at),
        rounding=terms.rounding,
        time_zone=terms.time_zone,
    )


def _verdict(rate: Rate, chosen: Rate | None, at: datetime, origin_country: str) -> Verdict:
    if rate is chosen:
        return Verdict.CHOSEN
    if at < rate.effective_from:
        return Verdict.NOT_YET_IN_FORCE
    if rate.effective_to is not None and rate.effective_to <= at:
        return Verdict.NO_LONGER_IN_FORCE
    if rate.origin_country and rate.origin_country != origin_country:
        return Verdict.OTHER_ORIGIN
    assert chosen is not None, "a rate that nothing stands against is chosen"
    return Verdict.SHORTER_PREFIX if len(rate.prefix) < len(chosen.prefix) else Verdict.FROM_ANYWHERE


def _as_looked_at(found: Iterable[tuple[Rate, RateRecord]], deck: RateDeck) -> list[tuple[Rate, RateRecord]]:
    """The longest prefix first, and of one prefix in the order of the index."""
    order = {
        id(rate): position
        for by_prefix in deck.rates.values()
        for of_prefix in by_prefix.values()
        for position, rate in enumerate(of_prefix)
    }
    return sorted(found, key=lambda each: (-len(each[0].prefix), order[id(each[0])]))


async def _deck_of(services: Services, rate_deck_id: str, organization_id: str, at: datetime) -> RateDeckInfo | Refused:
    if bool(rate_deck_id) == bool(organization_id):
        given = "both" if rate_deck_id else "neither"
        return invalid_input("rate_deck_id", given, "either a rate deck or an organization")
    if rate_deck_id:
        # Any deck is the operator's to ask: drafts and what calls cost the operator are among them.
        if not services.actor.holds(Permission.OPERATOR_RATES):
            return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": Permission.OPERATOR_RATES.value})
        return await get_rate_deck(services, rate_deck_id=rate_deck_id)
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    row = await services.pool.fetchrow(load_statement("get_assigned_deck"), services.shard_id, organization_id)
    assert row is not None, "the organization was there a moment ago"
    due = row["next_rate_deck_at"] is not None and row["next_rate_deck_at"] <= at
    assigned = row["next_rate_deck_id"] if due else row["rate_deck_id"]
    if assigned is None:
        return Refused(code=RefusalCode.NO_RATE, facts={"organization_id": organization_id})
    return await get_rate_deck(services, rate_deck_id=str(assigned))


def _refuse_call(number: str, at: datetime, seconds: int, origin_country: str) -> Refused | None:
    if not is_e164(number):
        return invalid_input("number", number, "a number in international form: a plus sign and 5 to 15 digits")
    if not 0 <= seconds <= CALL_SECONDS_MAX:
        return invalid_input("seconds", str(seconds), f"a whole number from 0 to {CALL_SECONDS_MAX}")
    if not _AT_MIN <= at <= _AT_MAX:
        return invalid_input("at", at.isoformat(), "an instant of the years 1970 to 9997")
    if origin_country and origin_country not in SUPPORTED_REGIONS:
        return invalid_input("origin_country", origin_country, "empty, or the ISO 3166-1 code of a country")
    return None
