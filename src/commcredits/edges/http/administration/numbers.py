"""The paths of an organization's telephone numbers.

Knows fields and statuses. Refuses to know whom a number may serve; the operations do.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, number_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing, PhoneNumber
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, E164Number, Identifier
from commcredits.edges.http.administration.number_answers import NumberQuotas
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.requests import NumberToAdd, NumberToAssign
from commcredits.operations import number_stock, numbers


def add_numbers(routes: APIRouter) -> None:
    """Give an organization a number, find one, list those it has."""

    @routes.post(
        "/v1/organizations/{organization_id}/numbers",
        tags=[Tag.NUMBERS],
        summary="Add a telephone number",
        description="The operator's own act, which no quota binds. The same number with the same content again changes "
        "nothing and gets the same answer.",
        status_code=HTTPStatus.CREATED,
        response_description="The number is the organization's.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.ORGANIZATION_CLOSED, RefusalCode.NUMBER_TAKEN
        ),
    )
    async def add_number(services: ActingServices, organization_id: Identifier, body: NumberToAdd) -> PhoneNumber:
        added = taken(
            await numbers.add_number(
                services,
                organization_id=organization_id,
                number=body.number,
                kind=body.kind,
                display_name=body.display_name,
            )
        )
        return answers.phone_number(added)

    @routes.get(
        "/v1/organizations/{organization_id}/numbers",
        tags=[Tag.NUMBERS],
        summary="List an organization's telephone numbers, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_numbers(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[PhoneNumber]:
        page = taken(await numbers.list_numbers(services, organization_id=organization_id, cursor=cursor, limit=limit))
        return answers.listing(page, answers.phone_number)

    @routes.get(
        "/v1/organizations/{organization_id}/numbers/{number}",
        tags=[Tag.NUMBERS],
        summary="Show a telephone number",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_NUMBER),
    )
    async def get_number(services: ActingServices, organization_id: Identifier, number: E164Number) -> PhoneNumber:
        found = taken(await numbers.get_number(services, organization_id=organization_id, number=number))
        return answers.phone_number(found)


def add_number_service(routes: APIRouter) -> None:
    """Say whom a number serves, and how many numbers there may be."""

    @routes.put(
        "/v1/organizations/{organization_id}/numbers/{number}/assignment",
        tags=[Tag.NUMBERS],
        summary="Say whom a telephone number serves",
        description="A user number serves a person; a service number an auto attendant, a call queue (both resource "
        "accounts) or the conference bridge, which is nobody's. A number that serves somebody has to become unassigned "
        "before it serves another. The same content again changes nothing.",
        response_description="The number is for this from now on.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.ORGANIZATION_CLOSED,
            RefusalCode.UNKNOWN_NUMBER,
            RefusalCode.UNKNOWN_USER,
            RefusalCode.NUMBER_IN_USE,
        ),
    )
    async def assign_number(
        services: ActingServices, organization_id: Identifier, number: E164Number, body: NumberToAssign
    ) -> PhoneNumber:
        assigned = taken(
            await numbers.assign_number(
                services,
                organization_id=organization_id,
                number=number,
                purpose=body.purpose,
                user=body.user,
            )
        )
        return answers.phone_number(assigned)

    @routes.get(
        "/v1/organizations/{organization_id}/number-quotas",
        tags=[Tag.NUMBERS],
        summary="Show how many telephone numbers an organization has and may have",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def get_number_quotas(services: ActingServices, organization_id: Identifier) -> NumberQuotas:
        quotas = taken(await number_stock.get_quotas(services, organization_id=organization_id))
        return number_answers.quotas(quotas)
