"""The paths of the operator's stock of numbers, and of what organizations take out of it.

Knows fields and statuses, and how a file arrives. Refuses to know who may have which number; the operations do.
"""

from __future__ import annotations

from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, number_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing, PhoneNumber
from commcredits.edges.http.administration.bodies import NUMBER_STOCK_BYTES_MAX
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.files import file_body, file_of, wrong_lines
from commcredits.edges.http.administration.forms import (
    PAGE_ITEMS_DEFAULT,
    CountryCode,
    Digits,
    Identifier,
    Name,
    NumberKindWord,
)
from commcredits.edges.http.administration.number_answers import NumberReservation, StockImported, StockNumber
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.requests import NumberToAcquire, NumberToReserve, NumberToStock
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import number_stock, number_stock_csv

_SAMPLE: Final = "number,kind,country,place\n+40212345678,user,RO,București\n+40800123456,toll_free,,\n"


def add_number_stock(routes: APIRouter) -> None:
    """Fill the stock, look for a number in it."""

    @routes.post(
        "/v1/number-stock",
        tags=[Tag.NUMBERS],
        summary="Put a number in stock",
        description="One that is in stock already is corrected.",
        status_code=HTTPStatus.CREATED,
        response_description="Organizations can have it from now on.",
        responses=guarded_with_json(RefusalCode.NUMBER_TAKEN),
    )
    async def add_to_stock(services: ActingServices, body: NumberToStock) -> StockNumber:
        added = taken(
            await number_stock.add_to_stock(
                services, number=body.number, kind=body.kind, country=body.country or "", place=body.place
            )
        )
        return number_answers.stock_number(added)

    @routes.post(
        "/v1/number-stock/import",
        tags=[Tag.NUMBERS],
        summary="Put the numbers of a CSV file in stock",
        description="The body, or its part named file: columns number and kind, and country and place where wanted. A "
        "file with anything wrong in it is refused with the lines and columns, and nothing of it is kept.",
        response_description="All its numbers are in stock.",
        responses=guarded_with_json(HttpFault.MALFORMED_REQUEST),
        openapi_extra={"requestBody": file_body("Numbers", _SAMPLE, bytes_max=NUMBER_STOCK_BYTES_MAX)},
    )
    async def import_stock(services: ActingServices, request: Request) -> StockImported:
        async with aclosing(file_of(request, bytes_max=NUMBER_STOCK_BYTES_MAX)) as pieces:
            done = taken(await number_stock_csv.import_stock(services, lines=pieces))
        if done.error_count:
            raise wrong_lines(done.errors, done.error_count)
        return StockImported(number_count=done.number_count)

    @routes.get(
        "/v1/number-stock",
        tags=[Tag.NUMBERS],
        summary="Search the stock for numbers that can be reserved now, in order of the number",
        responses=guarded(),
    )
    async def search_stock(
        services: ActingServices,
        kind: Annotated[NumberKindWord | None, Query(description="What the number can be used for.")] = None,
        country: Annotated[CountryCode | None, Query(description="Whose number it is (ISO 3166-1).")] = None,
        place: Annotated[
            Name | None, Query(description="Part of the name of its place, in letters of any size.")
        ] = None,
        digits: Annotated[Digits | None, Query(description="Digits that follow each other somewhere in it.")] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[StockNumber]:
        page = taken(
            await number_stock.search_stock(
                services, kind=kind, country=country, place=place, digits=digits, cursor=cursor, limit=limit
            )
        )
        return answers.listing(page, number_answers.stock_number)


def add_reservations(routes: APIRouter) -> None:
    """Reserve a number, and acquire it."""

    @routes.post(
        "/v1/organizations/{organization_id}/number-reservations",
        tags=[Tag.NUMBERS],
        summary="Reserve a number in stock for ten minutes",
        description="A reservation of the organization's own that still holds is not renewed, and answered again.",
        status_code=HTTPStatus.CREATED,
        response_description="Nobody else can have the number meanwhile.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.ORGANIZATION_CLOSED,
            RefusalCode.NUMBER_NOT_AVAILABLE,
            RefusalCode.SANDBOX_NOT_ALLOWED,
        ),
    )
    async def reserve_number(
        services: ActingServices, organization_id: Identifier, body: NumberToReserve
    ) -> NumberReservation:
        reserved = taken(
            await number_stock.reserve_number(services, organization_id=organization_id, number=body.number)
        )
        return number_answers.reservation(reserved)

    @routes.post(
        "/v1/organizations/{organization_id}/number-acquisitions",
        tags=[Tag.NUMBERS],
        summary="Acquire a reserved number",
        description="Within the quota that the organization's licences allow; a toll-free number once its credits are "
        "set up. A number that it acquired before is answered again.",
        status_code=HTTPStatus.CREATED,
        response_description="The number is the organization's.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.ORGANIZATION_CLOSED,
            RefusalCode.NUMBER_NOT_AVAILABLE,
            RefusalCode.QUOTA_REACHED,
            RefusalCode.CREDITS_NOT_SET_UP,
            RefusalCode.SANDBOX_NOT_ALLOWED,
        ),
    )
    async def acquire_number(
        services: ActingServices, organization_id: Identifier, body: NumberToAcquire
    ) -> PhoneNumber:
        acquired = taken(
            await number_stock.acquire_number(
                services, organization_id=organization_id, number=body.number, display_name=body.display_name
            )
        )
        return answers.phone_number(acquired)
