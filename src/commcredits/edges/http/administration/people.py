"""The paths of an organization's users and resource accounts.

Knows fields and statuses, and that both kinds have the same. Refuses to know what must be known of somebody; the
operations do.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from commcredits.core.outcomes import RefusalCode
from commcredits.core.roster import PartyKind
from commcredits.edges.http.administration import answers, people_answers
from commcredits.edges.http.administration.access import ActingServices, beside
from commcredits.edges.http.administration.answers import Changed, Listing
from commcredits.edges.http.administration.bodies import PEOPLE_BYTES_MAX
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.files import file_body, file_of
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier, UserName
from commcredits.edges.http.administration.parameters import CursorQuery, DryRunQuery, LimitQuery
from commcredits.edges.http.administration.people_answers import ImportReport, User
from commcredits.edges.http.administration.people_forms import DepartmentName, LicenceCode, SearchText
from commcredits.edges.http.administration.people_requests import UserToAdd, UserToChange
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import organizations, people, people_import
from commcredits.operations.people import PartyInfo
from commcredits.operations.services import Services

_SAMPLE: Final = (
    "user_principal_name,display_name,usage_location,department,licences,kind\n"
    "front.desk@example.com,Recepție,RO,Vânzări,MCOPSTN5;MCOPSTNC,user\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """How a kind is called: in paths, in names of operations, and in sentences (one, several)."""

    path: str
    name: str
    one: str
    several: str


_WORDS: Final = {
    PartyKind.USER: _Words(path="users", name="user", one="a user", several="users"),
    PartyKind.RESOURCE_ACCOUNT: _Words(
        path="resource-accounts", name="resource_account", one="a resource account", several="resource accounts"
    ),
}


def add_people(routes: APIRouter) -> None:
    """Add, change and remove users and resource accounts; find them."""
    for kind in PartyKind:
        words = _WORDS[kind]
        path = f"/v1/organizations/{{organization_id}}/{words.path}"
        _add_adding(routes, kind, path)
        _add_list(routes, kind, path)
        _add_showing(routes, kind, path)
        _add_changing(routes, kind, path)
        _add_removing(routes, kind, path)


def add_people_import(routes: APIRouter) -> None:
    """Import users and resource accounts from a file."""

    @routes.post(
        "/v1/organizations/{organization_id}/users/import",
        tags=[Tag.PEOPLE],
        summary="Import users and resource accounts with their licences from CSV",
        description="The body, or its part named file. Whoever is known by user principal name is changed, whoever is "
        "not is added; what the file has no column for stays as it is. The columns are user_principal_name, object_id, "
        "display_name, usage_location, department, licences and numbers (with semicolons between them), and kind. All "
        "of a file or nothing: one with anything wrong in it is refused with lines and columns. A dry run answers with "
        "everything that is wrong, up to 200 lines, and with the licences that are needed against those bought.",
        response_description="The file is imported, or, for a dry run, what importing it would do.",
        responses=guarded_with_json(
            HttpFault.MALFORMED_REQUEST,
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.ORGANIZATION_CLOSED,
            RefusalCode.LICENCE_NOT_AVAILABLE,
        ),
        openapi_extra={"requestBody": file_body("Users and resource accounts", _SAMPLE, bytes_max=PEOPLE_BYTES_MAX)},
    )
    async def import_users(
        services: ActingServices, organization_id: Identifier, request: Request, *, dry_run: DryRunQuery = False
    ) -> ImportReport:
        async with aclosing(file_of(request, bytes_max=PEOPLE_BYTES_MAX)) as pieces:
            report = taken(
                await people_import.import_people(
                    services, organization_id=organization_id, source=pieces, dry_run=dry_run
                )
            )
        return people_answers.import_report(report, dry_run=dry_run)


def _add_adding(routes: APIRouter, kind: PartyKind, path: str) -> None:
    words = _WORDS[kind]

    @routes.post(
        path,
        name=f"add_{words.name}",
        tags=[Tag.PEOPLE],
        summary=f"Add {words.one}",
        description="Without licences; those are assigned. The same content again changes nothing and gets the same "
        "answer.",
        status_code=HTTPStatus.CREATED,
        response_description="It is the organization's.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.ORGANIZATION_CLOSED, RefusalCode.USER_TAKEN
        ),
    )
    async def add(services: ActingServices, organization_id: Identifier, body: UserToAdd) -> User:
        added = await people.add_party(
            services,
            organization_id=organization_id,
            kind=kind,
            content=body.fields(),
            party_id=body.object_id or "",
        )
        return await _answered(services, organization_id, taken(added))


def _add_list(routes: APIRouter, kind: PartyKind, path: str) -> None:
    words = _WORDS[kind]

    @routes.get(
        path,
        name=f"list_{words.name}s",
        tags=[Tag.PEOPLE],
        summary=f"List an organization's {words.several} in order of display name",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_people(
        services: ActingServices,
        organization_id: Identifier,
        text: Annotated[
            SearchText, Query(description="Part of the display name or the user principal name, in any letter case.")
        ] = "",
        department: Annotated[
            DepartmentName | None, Query(description="The whole name of a department; empty: those in none.")
        ] = None,
        licence: Annotated[LicenceCode | None, Query(description="The code of a licence that they have.")] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[User]:
        page = await people.list_parties(
            services,
            organization_id=organization_id,
            kind=kind,
            text=text,
            department=department,
            licence=licence or "",
            cursor=cursor,
            limit=limit,
        )
        found = taken(page)
        currency = await _currency_of(services, organization_id)
        return answers.listing(found, lambda each: people_answers.user(each, currency))


def _add_showing(routes: APIRouter, kind: PartyKind, path: str) -> None:
    words = _WORDS[kind]

    @routes.get(
        path + "/{user}",
        name=f"get_{words.name}",
        tags=[Tag.PEOPLE],
        summary=f"Show {words.one} by object id or user principal name",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_USER),
    )
    async def get(services: ActingServices, organization_id: Identifier, user: UserName) -> User:
        found = await people.get_party(services, organization_id=organization_id, kind=kind, user=user)
        return await _answered(services, organization_id, taken(found))


def _add_changing(routes: APIRouter, kind: PartyKind, path: str) -> None:
    words = _WORDS[kind]

    @routes.patch(
        path + "/{user}",
        name=f"change_{words.name}",
        tags=[Tag.PEOPLE],
        summary=f"Change what is known of {words.one}",
        description="Fields that are left out stay as they are. Licences move along to another usage location, if "
        "enough were bought that may be used there.",
        response_description="As it is from now on.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_USER,
            RefusalCode.USER_TAKEN,
            RefusalCode.LICENCE_NOT_AVAILABLE,
        ),
    )
    async def change(services: ActingServices, organization_id: Identifier, user: UserName, body: UserToChange) -> User:
        changed = await people.change_party(
            services, organization_id=organization_id, kind=kind, user=user, content=body.fields()
        )
        return await _answered(services, organization_id, taken(changed))


def _add_removing(routes: APIRouter, kind: PartyKind, path: str) -> None:
    words = _WORDS[kind]

    @routes.delete(
        path + "/{user}",
        name=f"remove_{words.name}",
        tags=[Tag.PEOPLE],
        summary=f"Remove {words.one}",
        description="The licences are free then; calls and reports keep the object id. Refused while numbers are "
        "assigned, and while other users call by the plan of a resource account.",
        response_description="It is gone.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_USER, RefusalCode.NUMBER_IN_USE),
    )
    async def remove(services: ActingServices, organization_id: Identifier, user: UserName) -> Changed:
        done = await people.remove_party(services, organization_id=organization_id, kind=kind, user=user)
        return Changed(changed=taken(done).changed)


async def _answered(services: Services, organization_id: str, record: PartyInfo) -> User:
    return people_answers.user(record, await _currency_of(services, organization_id))


async def _currency_of(services: Services, organization_id: str) -> str:
    organization = taken(
        await organizations.get_organization(beside(services, organization_id), organization_id=organization_id)
    )
    return organization.currency
