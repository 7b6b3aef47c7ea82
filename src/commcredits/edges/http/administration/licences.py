"""The paths of an organization's licences.

Knows fields and statuses, and how a file arrives. Refuses to know which licences go together; the core does.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Final

from fastapi import APIRouter, Request

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, people_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing
from commcredits.edges.http.administration.bodies import PEOPLE_BYTES_MAX
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.files import file_body, file_of
from commcredits.edges.http.administration.forms import Identifier
from commcredits.edges.http.administration.parameters import DryRunQuery
from commcredits.edges.http.administration.people_answers import AssignmentReport, ImportReport, LicenceStock
from commcredits.edges.http.administration.people_forms import LicenceCode
from commcredits.edges.http.administration.people_requests import LicencesToAssign, LicencesToBuy
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import licences, people_import
from commcredits.operations.licences import Assignment

_PATH: Final = "/v1/organizations/{organization_id}/licences"
_SAMPLE: Final = "user_principal_name,assign,take\nfront.desk@example.com,MCOPSTN1;MCOPSTNC,MCOPSTN5\n"


def add_licences(routes: APIRouter) -> None:
    """See how many there are, say how many are bought."""

    @routes.get(
        _PATH,
        tags=[Tag.PEOPLE],
        summary="List how many licences of each kind are bought, assigned and free",
        description="By the country that they were bought for. Whoever is in that country takes one of those, else one "
        "bought for no country in particular.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_licences(services: ActingServices, organization_id: Identifier) -> Listing[LicenceStock]:
        stock = taken(await licences.list_licences(services, organization_id=organization_id))
        return answers.whole_listing(stock, people_answers.licence_stock)

    @routes.put(
        _PATH + "/{licence}",
        tags=[Tag.PEOPLE],
        summary="Say how many of a licence are bought",
        description="Never fewer than are assigned. Communications Credits are free, so none are bought.",
        response_description="So many are bought.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.LICENCE_NOT_AVAILABLE),
    )
    async def set_purchased(
        services: ActingServices, organization_id: Identifier, licence: LicenceCode, body: LicencesToBuy
    ) -> Changed:
        done = await licences.set_purchased(
            services,
            organization_id=organization_id,
            licence=licence,
            country=body.country or "",
            quantity=body.purchased,
        )
        return Changed(changed=taken(done).changed)


def add_assignments(routes: APIRouter) -> None:
    """Give and take licences, of many people at once."""

    @routes.post(
        f"{_PATH}/assignments",
        tags=[Tag.PEOPLE],
        summary="Give licences to people and take others from them",
        description="All of it or nothing. Those taken go before those given, so that one request changes a plan for "
        "another. A dry run changes nothing and answers with what would become of each line.",
        response_description="The licences are assigned, or, for a dry run, what assigning them would do.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.ORGANIZATION_CLOSED,
            RefusalCode.UNKNOWN_USER,
            RefusalCode.LICENCE_CONFLICT,
            RefusalCode.LICENCE_NOT_AVAILABLE,
        ),
    )
    async def assign_licences(
        services: ActingServices, organization_id: Identifier, body: LicencesToAssign, *, dry_run: DryRunQuery = False
    ) -> AssignmentReport:
        assignments = [
            Assignment(user=user, assign=frozenset(body.assign), take=frozenset(body.take)) for user in body.users
        ]
        report = await licences.change_licences(
            services, organization_id=organization_id, assignments=assignments, dry_run=dry_run
        )
        return people_answers.assignment_report(taken(report), dry_run=dry_run)

    @routes.post(
        f"{_PATH}/assignments/import",
        tags=[Tag.PEOPLE],
        summary="Give and take licences as a CSV file says",
        description="The body, or its part named file: the columns user_principal_name, assign and take, with "
        "semicolons between licences. All of a file or nothing; a dry run answers with everything that is wrong, up to "
        "200 lines.",
        response_description="The licences are assigned, or, for a dry run, what importing the file would do.",
        responses=guarded_with_json(
            HttpFault.MALFORMED_REQUEST,
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.ORGANIZATION_CLOSED,
            RefusalCode.LICENCE_NOT_AVAILABLE,
        ),
        openapi_extra={"requestBody": file_body("Licences of users", _SAMPLE, bytes_max=PEOPLE_BYTES_MAX)},
    )
    async def import_licences(
        services: ActingServices, organization_id: Identifier, request: Request, *, dry_run: DryRunQuery = False
    ) -> ImportReport:
        async with aclosing(file_of(request, bytes_max=PEOPLE_BYTES_MAX)) as pieces:
            report = taken(
                await people_import.import_licences(
                    services, organization_id=organization_id, source=pieces, dry_run=dry_run
                )
            )
        return people_answers.import_report(report, dry_run=dry_run)
