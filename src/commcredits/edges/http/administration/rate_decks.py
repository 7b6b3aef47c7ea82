"""The paths of rate decks: writing one from CSV or JSON, its life from draft to roll back, and assigning one.

Knows how a file arrives, and that it is never held whole here. Refuses to know what a rate must be like.
"""

from __future__ import annotations

from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, rate_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing
from commcredits.edges.http.administration.bodies import RATE_DECK_BYTES_MAX
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.files import file_body, file_of
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, CurrencyCode, Identifier, Name
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery, OptionalKeyHeader
from commcredits.edges.http.administration.rate_answers import RateDeck, RateDeckMoved, RateDeckTerms
from commcredits.edges.http.administration.rate_forms import DraftWord, RateDeckStateWord, TermsText
from commcredits.edges.http.administration.rate_requests import PublicationToMake, RateDeckToAssign, RateDeckToDraft
from commcredits.edges.http.administration.rates import add_rates
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.routes import LongJsonRoute
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import rate_deck_life, tariffs
from commcredits.operations.rate_deck_json import JsonRates

_SAMPLE: Final = (
    "prefix,destination,service,price_per_minute,connection_fee,"
    "first_increment,next_increment,effective_from,effective_to,origin_country,band_prices,steps,charge_max\n"
    "40,Romania,outbound,0.006,0,30,6,2026-01-01,,,,600:0.005,5.00\n"
)


def add_rate_decks(routes: APIRouter) -> None:
    """Write a deck, find one, list all; its rates; what becomes of a draft."""
    _add_writing(routes)
    _add_finding(routes)
    _add_life(routes)
    add_rates(routes)


def _add_writing(routes: APIRouter) -> None:
    @routes.post(
        "/v1/rate-decks",
        tags=[Tag.RATE_DECKS],
        summary="Publish a rate deck, or draft one, from a file",
        description="From a CSV file: the body, or its part named file. A file with anything wrong in it is refused "
        "with the line and column, and nothing of it is kept.",
        status_code=HTTPStatus.CREATED,
        response_description="The rate deck is published and never changes; or it is a draft and prices nothing yet.",
        responses=guarded_with_json(HttpFault.MALFORMED_REQUEST, RefusalCode.CONFLICT),
        openapi_extra={"requestBody": file_body("A rate deck", _SAMPLE, bytes_max=RATE_DECK_BYTES_MAX)},
    )
    async def publish_rate_deck(
        services: ActingServices,
        request: Request,
        response: Response,
        name: Annotated[Name, Query(description="What people call the rate deck.")],
        currency: Annotated[CurrencyCode, Query(description="The currency of all its prices.")],
        key: KeyHeader,
        terms: Annotated[
            TermsText, Query(description="What the deck says once for all of its rates: the terms of a draft, as JSON.")
        ] = "",
        draft: Annotated[DraftWord, Query(description="Whether to draft it instead of publishing it.")] = "false",
    ) -> RateDeck:
        write = tariffs.draft_rate_deck if draft == "true" else tariffs.publish_rate_deck
        async with aclosing(file_of(request, bytes_max=RATE_DECK_BYTES_MAX)) as pieces:
            written = taken(
                await write(services, command_id=key, name=name, currency=currency, lines=pieces, terms=terms)
            )
        response.headers["Location"] = f"/v1/rate-decks/{written.rate_deck_id}"
        return rate_answers.rate_deck(written)

    _add_drafting(routes)


def _add_drafting(routes: APIRouter) -> None:
    async def draft_rate_deck(
        services: ActingServices, body: RateDeckToDraft, key: KeyHeader, response: Response
    ) -> RateDeck:
        drafted = taken(
            await tariffs.draft_rate_deck(
                services,
                command_id=key,
                name=body.name,
                currency=body.currency,
                lines=JsonRates(value=body.rates),
                terms=body.terms or "",
            )
        )
        response.headers["Location"] = f"/v1/rate-decks/{drafted.rate_deck_id}"
        return rate_answers.rate_deck(drafted)

    routes.add_api_route(
        "/v1/rate-decks/drafts",
        draft_rate_deck,
        methods=["POST"],
        route_class_override=LongJsonRoute,
        tags=[Tag.RATE_DECKS],
        summary="Draft a rate deck from JSON",
        description="What is wrong is named by its place, such as rates.3.price_per_minute or bands.peak.from, and "
        "nothing is kept. Larger decks come as a file.",
        status_code=HTTPStatus.CREATED,
        response_description="It is a draft, and prices nothing until it is published.",
        responses=guarded_with_json(RefusalCode.CONFLICT),
    )


def _add_finding(routes: APIRouter) -> None:
    @routes.get("/v1/rate-decks", tags=[Tag.RATE_DECKS], summary="List rate decks, newest first", responses=guarded())
    async def list_rate_decks(
        services: ActingServices,
        state: Annotated[
            RateDeckStateWord | None, Query(description="Decks in this state; left out: all but discarded drafts.")
        ] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[RateDeck]:
        page = taken(await tariffs.list_rate_decks(services, cursor=cursor, limit=limit, state=state))
        return answers.listing(page, rate_answers.rate_deck)

    @routes.get(
        "/v1/rate-decks/{rate_deck_id}",
        tags=[Tag.RATE_DECKS],
        summary="Show a rate deck",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK),
    )
    async def get_rate_deck(services: ActingServices, rate_deck_id: Identifier) -> RateDeck:
        return rate_answers.rate_deck(taken(await tariffs.get_rate_deck(services, rate_deck_id=rate_deck_id)))

    @routes.get(
        "/v1/rate-decks/{rate_deck_id}/terms",
        tags=[Tag.RATE_DECKS],
        summary="Show what a rate deck says once for all of its rates",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK),
    )
    async def get_rate_deck_terms(services: ActingServices, rate_deck_id: Identifier) -> RateDeckTerms:
        terms = taken(await tariffs.get_rate_deck_terms(services, rate_deck_id=rate_deck_id))
        return rate_answers.rate_deck_terms(terms)


def _add_life(routes: APIRouter) -> None:
    @routes.post(
        "/v1/rate-decks/{rate_deck_id}/publication",
        tags=[Tag.RATE_DECKS],
        summary="Publish a draft",
        description="Every organization on the deck that it replaces is moved to it, at once or at the instant given. "
        "Repeat a request that was cut short with the same key: it goes on where it stopped.",
        response_description="The rate deck is published and never changes.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_RATE_DECK,
            RefusalCode.RATE_DECK_NOT_DRAFT,
            RefusalCode.RATE_DECK_NOT_PUBLISHED,
            RefusalCode.CURRENCY_MISMATCH,
            RefusalCode.CONFLICT,
        ),
    )
    async def publish_draft(
        services: ActingServices, rate_deck_id: Identifier, body: PublicationToMake, key: KeyHeader
    ) -> RateDeckMoved:
        moved = taken(
            await rate_deck_life.publish_draft(
                services,
                command_id=key,
                rate_deck_id=rate_deck_id,
                in_force_at=body.in_force_at,
                replaces_rate_deck_id=body.replaces_rate_deck_id,
            )
        )
        return rate_answers.rate_deck_moved(moved)

    @routes.post(
        "/v1/rate-decks/{rate_deck_id}/roll-back",
        tags=[Tag.RATE_DECKS],
        summary="Put everybody back on the deck that a rate deck replaced",
        description="Running calls keep their rate.",
        response_description="The deck that it had replaced prices their calls again.",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK, RefusalCode.RATE_DECK_NOT_PUBLISHED, RefusalCode.CONFLICT),
    )
    async def roll_back_rate_deck(services: ActingServices, rate_deck_id: Identifier, key: KeyHeader) -> RateDeckMoved:
        moved = taken(await rate_deck_life.roll_back_rate_deck(services, command_id=key, rate_deck_id=rate_deck_id))
        return rate_answers.rate_deck_moved(moved)

    @routes.delete(
        "/v1/rate-decks/{rate_deck_id}",
        tags=[Tag.RATE_DECKS],
        summary="Discard a draft with its rates",
        response_description="It is discarded, and cannot be published any more.",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK, RefusalCode.RATE_DECK_NOT_DRAFT),
    )
    async def discard_draft(services: ActingServices, rate_deck_id: Identifier) -> RateDeck:
        return rate_answers.rate_deck(taken(await rate_deck_life.discard_draft(services, rate_deck_id=rate_deck_id)))


def add_rate_deck_assignment(routes: APIRouter) -> None:
    """Say which deck prices an organization's calls."""

    @routes.put(
        "/v1/organizations/{organization_id}/rate-deck",
        tags=[Tag.RATE_DECKS],
        summary="Assign a rate deck to an organization",
        description="It prices the calls that begin from now on, or from the instant given; running calls keep their "
        "rate. What was laid ready before is replaced.",
        response_description="The organization's calls are, or will be, priced by it.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_RATE_DECK,
            RefusalCode.RATE_DECK_NOT_PUBLISHED,
            RefusalCode.CURRENCY_MISMATCH,
            RefusalCode.CONFLICT,
        ),
    )
    async def assign_rate_deck(
        services: ActingServices, organization_id: Identifier, body: RateDeckToAssign, key: OptionalKeyHeader = None
    ) -> Changed:
        done = taken(
            await tariffs.assign_rate_deck(
                services,
                organization_id=organization_id,
                command_id=key or services.new_id(),
                rate_deck_id=body.rate_deck_id,
                in_force_at=body.in_force_at,
            )
        )
        return Changed(changed=done.changed)
