"""The paths of organizations.

Knows fields and statuses. Refuses to know what an organization must be like; the operations do.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing, Organization
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.requests import OrganizationToOpen
from commcredits.operations import organizations


def add_organizations(routes: APIRouter) -> None:
    """Open one, find one, list all."""

    @routes.post(
        "/v1/organizations",
        tags=[Tag.ORGANIZATIONS],
        summary="Open an organization",
        status_code=HTTPStatus.CREATED,
        response_description="It is open, with an empty balance.",
        responses=guarded_with_json(RefusalCode.CONFLICT),
    )
    async def open_organization(
        services: ActingServices, body: OrganizationToOpen, key: KeyHeader, response: Response
    ) -> Organization:
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
        services: ActingServices, cursor: CursorQuery = None, limit: LimitQuery = PAGE_ITEMS_DEFAULT
    ) -> Listing[Organization]:
        page = taken(await organizations.list_organizations(services, cursor=cursor, limit=limit))
        return answers.listing(page, answers.organization)

    @routes.get(
        "/v1/organizations/{organization_id}",
        tags=[Tag.ORGANIZATIONS],
        summary="Show an organization",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def get_organization(services: ActingServices, organization_id: Identifier) -> Organization:
        found = taken(await organizations.get_organization(services, organization_id=organization_id))
        return answers.organization(found)
