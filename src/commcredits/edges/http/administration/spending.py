"""The paths of spending, statements, conference dial-out and explained calls.

Knows parameters and fields. Refuses to change anything.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import explained_call_answers, spending_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.explained_call_answers import ExplainedCall
from commcredits.edges.http.administration.forms import Identifier, SessionId, text_form, word_form
from commcredits.edges.http.administration.policy_forms import Month
from commcredits.edges.http.administration.refusing import taken, wrong_field
from commcredits.edges.http.administration.spending_answers import (
    DialOut,
    DialOutLegs,
    Spending,
    Statement,
)
from commcredits.operations import call_explaining, dial_out, statements
from commcredits.operations import spending as spending_reports
from commcredits.operations.spending import SpendingBy, SpendingEvery

_DAY: Final = "a day such as 2026-11-22"
Day = Annotated[str, text_form(re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII), _DAY, "2026-11-22")]
Top = Annotated[str, text_form(re.compile(r"[1-9][0-9]{0,4}", re.ASCII), "a whole number from 1 to 10000", "10")]

_FIRST: Final = "The first day, in the organization's time zone."
_LAST: Final = "The last day; left out, today."


def add_spending(routes: APIRouter) -> None:
    """What calls cost over time, and conference dial-out."""

    @routes.get(
        "/v1/organizations/{organization_id}/spending",
        tags=[Tag.REPORTS],
        summary="Report what calls cost over time",
        description="By department, user, destination, service or capability, in days of the organization's time zone. "
        "Left out, the days are the last 30, and time is told by day up to 31 days, by week up to 92, else by month.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def report_spending(
        services: ActingServices,
        organization_id: Identifier,
        *,
        by: Annotated[SpendingBy, word_form(SpendingBy), Query(description="What it is told by.")] = (
            SpendingBy.DEPARTMENT
        ),
        every: Annotated[SpendingEvery | None, word_form(SpendingEvery), Query(description="How time is told.")] = None,
        first_day: Annotated[Day | None, Query(description=_FIRST)] = None,
        last_day: Annotated[Day | None, Query(description=_LAST)] = None,
        top: Annotated[Top | None, Query(description="How many lines there are at most; left out, 10.")] = None,
    ) -> Spending:
        report = await spending_reports.report_spending(
            services,
            organization_id=organization_id,
            by=by,
            every=every or "",
            first_day=_day("first_day", first_day),
            last_day=_day("last_day", last_day),
            top=10 if top is None else int(top),
        )
        return spending_answers.spending(taken(report))

    _add_dial_out(routes)


def _add_dial_out(routes: APIRouter) -> None:
    @routes.get(
        "/v1/organizations/{organization_id}/dial-out",
        tags=[Tag.REPORTS],
        summary="Report conference dial-out by organizer",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def report_dial_out(
        services: ActingServices,
        organization_id: Identifier,
        *,
        first_day: Annotated[Day | None, Query(description=_FIRST)] = None,
        last_day: Annotated[Day | None, Query(description=_LAST)] = None,
    ) -> DialOut:
        report = await dial_out.report_dial_out(
            services,
            organization_id=organization_id,
            first_day=_day("first_day", first_day),
            last_day=_day("last_day", last_day),
        )
        return spending_answers.dial_out_report(taken(report))

    @routes.get(
        "/v1/organizations/{organization_id}/dial-out/{user_id}",
        tags=[Tag.REPORTS],
        summary="List the conference legs of one organizer, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_dial_out_legs(
        services: ActingServices,
        organization_id: Identifier,
        user_id: Identifier,
        *,
        first_day: Annotated[Day, Query(description=_FIRST)],
        last_day: Annotated[Day, Query(description="The last day.")],
    ) -> DialOutLegs:
        first, last = _day("first_day", first_day), _day("last_day", last_day)
        assert first is not None, "both days are required"
        assert last is not None, "both days are required"
        found = await dial_out.list_dial_out_legs(
            services, organization_id=organization_id, user_id=user_id, first_day=first, last_day=last
        )
        return spending_answers.dial_out_legs(taken(found))


def add_statements(routes: APIRouter) -> None:
    """The balance month by month."""

    @routes.get(
        "/v1/organizations/{organization_id}/statements",
        tags=[Tag.REPORTS],
        summary="List the statements of every month, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_statements(services: ActingServices, organization_id: Identifier) -> Listing[Statement]:
        found = taken(await statements.list_statements(services, organization_id=organization_id))
        return Listing(items=[spending_answers.statement(each) for each in found], next_cursor=None)

    @routes.get(
        "/v1/organizations/{organization_id}/statements/{month}",
        tags=[Tag.REPORTS],
        summary="Show the statement of a month",
        description="Opening balance and lines come to the closing balance, as the journal has it. A month that is "
        "over does not change: a correction stands in the month in which it is made.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def get_statement(services: ActingServices, organization_id: Identifier, month: Month) -> Statement:
        found = await statements.get_statement(services, organization_id=organization_id, month=month)
        return spending_answers.statement(taken(found))


def add_explained_calls(routes: APIRouter) -> None:
    """Why a call cost what it cost, or why it was refused."""

    # A switch's session id may hold a slash, so the rest of the path is the id.
    @routes.get(
        "/v1/organizations/{organization_id}/explained-calls/{session_id:path}",
        tags=[Tag.REPORTS],
        summary="Explain a call: what paid for it, step by step, or why it was refused",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_SESSION),
    )
    async def explain_call(
        services: ActingServices, organization_id: Identifier, session_id: SessionId
    ) -> ExplainedCall:
        found = await call_explaining.explain_call(services, organization_id=organization_id, session_id=session_id)
        return explained_call_answers.explained_call(taken(found))


def _day(field: str, text: str | None) -> date | None:
    """The day that a parameter names; a problem for a day that no calendar has."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise wrong_field(field, text, _DAY) from None
