"""The paths of rate decks: publishing one from CSV, listing them, assigning one.

Knows how a file arrives, and that it is never held whole here. Refuses to know what a rate must be like.
"""

from __future__ import annotations

from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.answers import Changed, Listing, RateDeck
from commcredits.edges.http.administration.bodies import RATE_DECK_BYTES_MAX
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.files import file_body, file_of
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, CurrencyCode, Identifier, Name
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery, OptionalKeyHeader
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.requests import RateDeckToAssign
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import tariffs
from commcredits.operations.services import Services

_SAMPLE: Final = (
    "prefix,destination,service,price_per_minute,connection_fee,"
    "first_increment,next_increment,effective_from,effective_to\n"
    "40,Romania,outbound,0.006,0,30,6,2026-01-01,\n"
)


def add_rate_decks(routes: APIRouter, services: Services) -> None:
    """Publish a deck, find one, list all."""

    @routes.post(
        "/v1/rate-decks",
        tags=[Tag.RATE_DECKS],
        summary="Publish a rate deck",
        description="From a CSV file: the body, or its part named file. A file with anything wrong in it is refused "
        "with the line and column, and nothing of it is kept.",
        status_code=HTTPStatus.CREATED,
        response_description="The rate deck is published and never changes.",
        responses=guarded_with_json(HttpFault.MALFORMED_REQUEST, RefusalCode.CONFLICT),
        openapi_extra={"requestBody": file_body("A rate deck", _SAMPLE, bytes_max=RATE_DECK_BYTES_MAX)},
    )
    async def publish_rate_deck(
        request: Request,
        response: Response,
        name: Annotated[Name, Query(description="What people call the rate deck.")],
        currency: Annotated[CurrencyCode, Query(description="The currency of all its prices.")],
        key: KeyHeader,
    ) -> RateDeck:
        async with aclosing(file_of(request, bytes_max=RATE_DECK_BYTES_MAX)) as pieces:
            published = taken(
                await tariffs.publish_rate_deck(services, command_id=key, name=name, currency=currency, lines=pieces)
            )
        response.headers["Location"] = f"/v1/rate-decks/{published.rate_deck_id}"
        return answers.rate_deck(published)

    @routes.get("/v1/rate-decks", tags=[Tag.RATE_DECKS], summary="List rate decks, newest first", responses=guarded())
    async def list_rate_decks(cursor: CursorQuery = None, limit: LimitQuery = PAGE_ITEMS_DEFAULT) -> Listing[RateDeck]:
        page = taken(await tariffs.list_rate_decks(services, cursor=cursor, limit=limit))
        return answers.listing(page, answers.rate_deck)

    @routes.get(
        "/v1/rate-decks/{rate_deck_id}",
        tags=[Tag.RATE_DECKS],
        summary="Show a rate deck",
        responses=guarded(RefusalCode.UNKNOWN_RATE_DECK),
    )
    async def get_rate_deck(rate_deck_id: Identifier) -> RateDeck:
        return answers.rate_deck(taken(await tariffs.get_rate_deck(services, rate_deck_id=rate_deck_id)))


def add_rate_deck_assignment(routes: APIRouter, services: Services) -> None:
    """Say which deck prices an organization's calls."""

    @routes.put(
        "/v1/organizations/{organization_id}/rate-deck",
        tags=[Tag.RATE_DECKS],
        summary="Assign a rate deck to an organization",
        description="It prices the calls that begin from now on; running calls keep their rate.",
        response_description="The organization's calls are priced by it.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_RATE_DECK,
            RefusalCode.CURRENCY_MISMATCH,
            RefusalCode.CONFLICT,
        ),
    )
    async def assign_rate_deck(
        organization_id: Identifier, body: RateDeckToAssign, key: OptionalKeyHeader = None
    ) -> Changed:
        done = taken(
            await tariffs.assign_rate_deck(
                services,
                organization_id=organization_id,
                command_id=key or services.new_id(),
                rate_deck_id=body.rate_deck_id,
            )
        )
        return Changed(changed=done.changed)
