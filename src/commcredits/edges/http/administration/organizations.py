"""The paths of organizations and their telephone numbers.

Knows fields and statuses. Refuses to know what an organization must be like; the operations do.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.answers import Listing, Organization, PhoneNumber
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.requests import NumberToAdd, OrganizationToOpen
from commcredits.operations import numbers, organizations
from commcredits.operations.services import Services


def add_organizations(routes: APIRouter, services: Services) -> None:
    """Open one, find one, list all."""

    @routes.post(
        "/v1/organizations",
        tags=[Tag.ORGANIZATIONS],
        summary="Open an organization",
        status_code=HTTPStatus.CREATED,
        response_description="It is open, with an empty balance.",
        responses=guarded_with_json(RefusalCode.CONFLICT),
    )
    async def open_organization(body: OrganizationToOpen, key: KeyHeader, response: Response) -> Organization:
        opened = taken(
            await organizations.open_organization(
                services,
                command_id=key,
                name=body.name,
                country=body.country,
                currency=body.currency,
                time_zone=body.time_zone,
                language=body.language,
            )
        )
        response.headers["Location"] = f"/v1/organizations/{opened.organization_id}"
        return answers.organization(opened)

    @routes.get(
        "/v1/organizations",
        tags=[Tag.ORGANIZATIONS],
        summary="List organizations in order of name",
        responses=guarded(),
    )
    async def list_organizations(
        cursor: CursorQuery = None, limit: LimitQuery = PAGE_ITEMS_DEFAULT
    ) -> Listing[Organization]:
        page = taken(await organizations.list_organizations(services, cursor=cursor, limit=limit))
        return answers.listing(page, answers.organization)

    @routes.get(
        "/v1/organizations/{organization_id}",
        tags=[Tag.ORGANIZATIONS],
        summary="Show an organization",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def get_organization(organization_id: Identifier) -> Organization:
        found = taken(await organizations.get_organization(services, organization_id=organization_id))
        return answers.organization(found)


def add_numbers(routes: APIRouter, services: Services) -> None:
    """Give an organization a number, list those it has."""

    @routes.post(
        "/v1/organizations/{organization_id}/numbers",
        tags=[Tag.ORGANIZATIONS],
        summary="Add a telephone number",
        description="The same number with the same content again changes nothing and gets the same answer.",
        status_code=HTTPStatus.CREATED,
        response_description="The number is the organization's.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.ORGANIZATION_CLOSED, RefusalCode.NUMBER_TAKEN
        ),
    )
    async def add_number(organization_id: Identifier, body: NumberToAdd) -> PhoneNumber:
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
        tags=[Tag.ORGANIZATIONS],
        summary="List an organization's telephone numbers, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_numbers(
        organization_id: Identifier, cursor: CursorQuery = None, limit: LimitQuery = PAGE_ITEMS_DEFAULT
    ) -> Listing[PhoneNumber]:
        page = taken(await numbers.list_numbers(services, organization_id=organization_id, cursor=cursor, limit=limit))
        return answers.listing(page, answers.phone_number)
