"""The paths of rates: those of a deck, what a deck would change, and why a call costs what it costs.

Knows parameters. Refuses to know which rate prices a call; the operations ask the core.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, rate_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.forms import (
    PAGE_ITEMS_DEFAULT,
    CountryCode,
    E164Number,
    Identifier,
    Instant,
)
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.rate_answers import (
    Rate,
    RateDeckComparison,
    RateDifference,
    RateExplanation,
)
from commcredits.edges.http.administration.rate_forms import (
    CallSeconds,
    DestinationText,
    DifferenceWord,
    PrefixText,
    RatedServiceWord,
)
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations import rate_comparing, rate_explaining, rate_lists

_SERVICE_DEFAULT: Final = "outbound"

ServiceQuery = Annotated[RatedServiceWord | None, Query(description="Rates of this service alone.")]
AtQuery = Annotated[Instant | None, Query(description="Compare what is in force at this instant; by default now.")]
ReplacesQuery = Annotated[Identifier, Query(description="The deck whose place this one would take.")]


def add_rates(routes: APIRouter) -> None:
    """List the rates of a deck, compare it, and explain its prices."""
    _add_list(routes)
    _add_comparison(routes)
    _add_explanations(routes)


def _add_list(routes: APIRouter) -> None:
    @routes.get(
        "/v1/rate-decks/{rate_deck_id}/rates",
        tags=[Tag.RATE_DECKS],
        summary="List the rates of a rate deck in order of service, prefix, origin and time",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK),
    )
    async def list_rates(
        services: ActingServices,
        rate_deck_id: Identifier,
        service: ServiceQuery = None,
        prefix: Annotated[PrefixText | None, Query(description="Whose prefix begins with these digits.")] = None,
        destination: Annotated[
            DestinationText, Query(description="Whose destination's name holds this text, in capitals or not.")
        ] = "",
        at: Annotated[Instant | None, Query(description="That are in force at this instant.")] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Rate]:
        page = taken(
            await rate_lists.list_rates(
                services,
                rate_deck_id=rate_deck_id,
                cursor=cursor,
                limit=limit,
                service=service,
                prefix=prefix or "",
                destination=destination,
                at=at,
            )
        )
        return answers.listing(page, rate_answers.rate)


def _add_comparison(routes: APIRouter) -> None:
    @routes.get(
        "/v1/rate-decks/{rate_deck_id}/comparison",
        tags=[Tag.RATE_DECKS],
        summary="Count what a rate deck would change in the place of another",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK, RefusalCode.CURRENCY_MISMATCH),
    )
    async def compare_rate_decks(
        services: ActingServices, rate_deck_id: Identifier, replaces: ReplacesQuery, at: AtQuery = None
    ) -> RateDeckComparison:
        comparison = taken(
            await rate_comparing.compare_rate_decks(services, earlier_id=replaces, later_id=rate_deck_id, at=at)
        )
        return rate_answers.rate_deck_comparison(comparison)

    @routes.get(
        "/v1/rate-decks/{rate_deck_id}/differences",
        tags=[Tag.RATE_DECKS],
        summary="List the rates that a rate deck would add, remove or change in the place of another",
        description="Give the pages after the first the instant of the first.",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK, RefusalCode.CURRENCY_MISMATCH),
    )
    async def list_rate_differences(
        services: ActingServices,
        rate_deck_id: Identifier,
        replaces: ReplacesQuery,
        at: AtQuery = None,
        service: ServiceQuery = None,
        difference: Annotated[DifferenceWord | None, Query(description="Differences of this kind alone.")] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[RateDifference]:
        page = taken(
            await rate_comparing.list_rate_differences(
                services,
                earlier_id=replaces,
                later_id=rate_deck_id,
                cursor=cursor,
                limit=limit,
                at=at,
                service=service,
                difference=difference,
            )
        )
        return answers.listing(page, rate_answers.rate_difference)


NumberQuery = Annotated[E164Number, Query(description="The number that is called; a plus sign is written %2B.")]
CallAtQuery = Annotated[Instant, Query(description="When the call begins.")]
SecondsQuery = Annotated[CallSeconds, Query(description="How long it lasts.")]
CallServiceQuery = Annotated[RatedServiceWord, Query(description="Which service the call is.")]
OriginQuery = Annotated[
    CountryCode | None, Query(description="Where the call comes from (ISO 3166-1); left out: not known.")
]


def _add_explanations(routes: APIRouter) -> None:
    @routes.get(
        "/v1/rate-decks/{rate_deck_id}/explanation",
        tags=[Tag.RATE_DECKS],
        summary="Explain what a call costs by a rate deck",
        description="Which rate, why that one and none of the others, and each step of the sum. Drafts can be asked.",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK),
    )
    async def explain_rate(
        services: ActingServices,
        rate_deck_id: Identifier,
        number: NumberQuery,
        at: CallAtQuery,
        seconds: SecondsQuery,
        service: CallServiceQuery = _SERVICE_DEFAULT,
        origin_country: OriginQuery = None,
    ) -> RateExplanation:
        explanation = taken(
            await rate_explaining.explain_rate(
                services,
                rate_deck_id=rate_deck_id,
                number=number,
                service=service,
                at=at,
                seconds=seconds,
                origin_country=origin_country or "",
            )
        )
        return rate_answers.rate_explanation(explanation)

    @routes.get(
        "/v1/organizations/{organization_id}/rate-explanation",
        tags=[Tag.RATE_DECKS],
        summary="Explain what a call costs an organization",
        description="By the rate deck that it has when the call begins, as far as is known now.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.NO_RATE),
    )
    async def explain_organization_rate(
        services: ActingServices,
        organization_id: Identifier,
        number: NumberQuery,
        at: CallAtQuery,
        seconds: SecondsQuery,
        service: CallServiceQuery = _SERVICE_DEFAULT,
        origin_country: OriginQuery = None,
    ) -> RateExplanation:
        explanation = taken(
            await rate_explaining.explain_rate(
                services,
                organization_id=organization_id,
                number=number,
                service=service,
                at=at,
                seconds=seconds,
                origin_country=origin_country or "",
            )
        )
        return rate_answers.rate_explanation(explanation)
