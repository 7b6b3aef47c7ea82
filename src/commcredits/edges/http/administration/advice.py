"""The paths of advice: what to set, what is to come, what is unusual, who would be cheaper on another plan.

Knows fields. Refuses to work anything out: the worker does, each hour.
"""

from __future__ import annotations

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import advice_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.advice_answers import Advice, PlanAdvice
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.forms import Identifier
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations.advice import read_advice, read_plan_advice


def add_advice(routes: APIRouter) -> None:
    """Advice, as it was last worked out."""

    @routes.get(
        "/v1/organizations/{organization_id}/advice",
        tags=[Tag.REPORTS],
        summary="Show what is advised for an organization",
        description="Recharge amounts and their risk, the forecast of the month, funds that will expire unused, and "
        "what was unusual. Worked out each hour from the organization's own calls.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def show_advice(services: ActingServices, organization_id: Identifier) -> Advice:
        return advice_answers.advice(taken(await read_advice(services, organization_id=organization_id)))

    @routes.get(
        "/v1/organizations/{organization_id}/advice/plans",
        tags=[Tag.REPORTS],
        summary="Show who would be cheaper on another Calling Plan",
        description="By the calls of the last three full months, pools included. Worked out each day.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def show_plan_advice(services: ActingServices, organization_id: Identifier) -> PlanAdvice:
        return advice_answers.plan_advice(taken(await read_plan_advice(services, organization_id=organization_id)))
