"""The paths that tell the state of the books and of the service.

Knows statuses. Refuses to tell a stranger more than that a part answers or does not.
"""

from __future__ import annotations

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import report_answers
from commcredits.edges.http.administration.access import HEALTH_PATH, ActingServices
from commcredits.edges.http.administration.documenting import ALWAYS, Tag, guarded, problems
from commcredits.edges.http.administration.refusing import fault, taken
from commcredits.edges.http.administration.report_answers import Health, Verification
from commcredits.edges.http.problems import HttpFault
from commcredits.operations.health import check_health
from commcredits.operations.verification_runs import run_verification


def add_verification(routes: APIRouter) -> None:
    """Prove that the books agree."""

    @routes.post(
        "/v1/verify",
        tags=[Tag.SERVICE],
        summary="Check that balances, lots, holds and journal agree",
        response_description="What was checked, and every place where the books disagree.",
        responses=guarded(),
    )
    async def verify(services: ActingServices) -> Verification:
        return report_answers.verification(taken(await run_verification(services)))


def add_health(routes: APIRouter) -> None:
    """Say whether requests can be served."""

    @routes.get(
        HEALTH_PATH,
        tags=[Tag.SERVICE],
        summary="Say whether the service is ready",
        response_description="The database and the committer answer.",
        responses=problems(*ALWAYS, HttpFault.NOT_READY, RefusalCode.INVALID_INPUT),
        openapi_extra={"security": []},
    )
    async def read_health(services: ActingServices) -> Health:
        health = await check_health(services)
        if not health.database:
            raise fault(HttpFault.NOT_READY, "The database does not answer.")
        if not health.committer:
            raise fault(HttpFault.NOT_READY, "The committer does not answer.")
        return Health(status="ok")
