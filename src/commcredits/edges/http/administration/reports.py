"""The paths that show where an organization's money is, where it went, and for which calls.

Knows lists and fields. Refuses to change anything.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import report_answers
from commcredits.edges.http.administration.access import ActingServices, beside
from commcredits.edges.http.administration.answers import Listing, listing, whole_listing
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier, QueryFlag, SessionId
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.report_answers import Balance, Call, FundLot, JournalEntry
from commcredits.operations import organizations, reports
from commcredits.operations.services import Services


def add_money_reports(routes: APIRouter) -> None:
    """Balance, lots and journal."""

    @routes.get(
        "/v1/organizations/{organization_id}/balance",
        tags=[Tag.REPORTS],
        summary="Show an organization's balance",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def read_balance(services: ActingServices, organization_id: Identifier) -> Balance:
        return report_answers.balance(taken(await reports.read_balance(services, organization_id=organization_id)))

    @routes.get(
        "/v1/organizations/{organization_id}/lots",
        tags=[Tag.REPORTS],
        summary="List an organization's fund lots in order of use",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_lots(services: ActingServices, organization_id: Identifier) -> Listing[FundLot]:
        lots = taken(await reports.list_lots(services, organization_id=organization_id))
        currency = await _currency(services, organization_id)
        return whole_listing(lots, partial(report_answers.fund_lot, currency=currency))

    @routes.get(
        "/v1/organizations/{organization_id}/journal",
        tags=[Tag.REPORTS],
        summary="List an organization's transfers, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_journal(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[JournalEntry]:
        page = taken(await reports.list_journal(services, organization_id=organization_id, cursor=cursor, limit=limit))
        currency = await _currency(services, organization_id)
        return listing(page, partial(report_answers.journal_entry, currency=currency))


def add_calls(routes: APIRouter) -> None:
    """Calls, running, over and refused."""

    @routes.get(
        "/v1/organizations/{organization_id}/calls",
        tags=[Tag.REPORTS],
        summary="List an organization's calls, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_calls(
        services: ActingServices,
        organization_id: Identifier,
        *,
        free: Annotated[
            QueryFlag, Query(description="Those alone that were charged nothing because no rate was known for them.")
        ] = False,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Call]:
        page = taken(
            await reports.list_calls(services, organization_id=organization_id, cursor=cursor, limit=limit, free=free)
        )
        return listing(page, report_answers.call)

    # A switch's session id may hold a slash, so the rest of the path is the id.
    @routes.get(
        "/v1/organizations/{organization_id}/calls/{session_id:path}",
        tags=[Tag.REPORTS],
        summary="Show a call",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_SESSION),
    )
    async def get_call(services: ActingServices, organization_id: Identifier, session_id: SessionId) -> Call:
        found = taken(await reports.get_call(services, organization_id=organization_id, session_id=session_id))
        return report_answers.call(found)


async def _currency(services: Services, organization_id: str) -> str:
    organization = taken(
        await organizations.get_organization(beside(services, organization_id), organization_id=organization_id)
    )
    return organization.currency
