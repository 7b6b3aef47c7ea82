"""The paths of usage: its rows, its sums by day, and its export, at once or written by the worker.

Knows media types and names of files. Refuses to hold a file in memory: an export leaves as it is made, and one that was
cut off cannot be opened as an archive, so that nobody takes a part for the whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from commcredits.core.commands import CallType
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import usage_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing, listing, whole_listing
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.forms import (
    PAGE_ITEMS_DEFAULT,
    CountryCode,
    Identifier,
    Instant,
    QueryFlag,
    prose_form,
    word_form,
)
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.usage_answers import CallExport, UsageRow, UsageSums
from commcredits.operations import call_exports, usage
from commcredits.operations.usage import UsageQuery
from commcredits.operations.usage_files import archive_name

ZIP: Final = "application/zip"
MADE_AT_ONCE: Final = 2
"""Of how many exports the next piece is made at a time; the others wait, and nobody holds a place while it reads."""

_FROM = Annotated[Instant, Query(alias="from", description="The first instant of the period.")]
_TO = Annotated[Instant, Query(alias="to", description="Its last instant, included; at most 366 days later.")]
_USER = Annotated[Identifier | None, Query(description="Calls of this user or resource account alone.")]
_CALL_TYPE = Annotated[Annotated[CallType, word_form(CallType)] | None, Query(description="Of this type alone.")]
_COUNTRY = Annotated[CountryCode | None, Query(description="Where the other party's number is (ISO 3166-1).")]
_CAPABILITY = Annotated[
    Annotated[str, prose_form(1, 40, "MCOPSTNPP")] | None, Query(description="What this paid for alone.")
]
_CHARGED = Annotated[QueryFlag, Query(description="Only what cost anything.")]
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A ZIP of the calls as CSV and of parameters.json.",
        "content": {ZIP: {"schema": {"type": "string", "contentEncoding": "binary"}}},
    }
}


def _query(
    *,
    begins: _FROM,
    ends: _TO,
    user_id: _USER = None,
    call_type: _CALL_TYPE = None,
    country: _COUNTRY = None,
    capability: _CAPABILITY = None,
    charged_only: _CHARGED = False,
) -> UsageQuery:
    return UsageQuery(
        begins=begins,
        ends=ends,
        user_id=user_id or "",
        call_type="" if call_type is None else call_type.value,
        country=country or "",
        capability=capability or "",
        charged_only=charged_only,
    )


_Query = Annotated[UsageQuery, Depends(_query)]


def add_usage(routes: APIRouter) -> None:
    """Rows, sums, and the archive at once."""
    making = asyncio.Semaphore(MADE_AT_ONCE)

    @routes.get(
        "/v1/organizations/{organization_id}/usage",
        tags=[Tag.REPORTS],
        summary="List the usage of a period, newest call first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_usage(
        services: ActingServices,
        organization_id: Identifier,
        query: _Query,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[UsageRow]:
        page = taken(
            await usage.list_usage(services, organization_id=organization_id, query=query, cursor=cursor, limit=limit)
        )
        return listing(page, usage_answers.usage_row)

    @routes.get(
        "/v1/organizations/{organization_id}/usage/sums",
        tags=[Tag.REPORTS],
        summary="Show what the usage of a period came to, by day (UTC) and in all",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def sum_usage(
        services: ActingServices,
        organization_id: Identifier,
        query: _Query,
    ) -> UsageSums:
        return usage_answers.usage_sums(
            taken(await usage.sum_usage(services, organization_id=organization_id, query=query))
        )

    @routes.get(
        "/v1/organizations/{organization_id}/usage/export",
        tags=[Tag.REPORTS],
        summary="Save the usage of a period as a ZIP, as it is made",
        response_class=Response,
        responses={**_FILE, **guarded(RefusalCode.UNKNOWN_ORGANIZATION)},
    )
    async def export_usage(
        services: ActingServices,
        organization_id: Identifier,
        query: _Query,
    ) -> Response:
        pieces = taken(await call_exports.export_usage(services, organization_id=organization_id, query=query))
        return _file(archive_name(services.clock()), _in_turn(pieces, making))


def add_usage_exports(routes: APIRouter) -> None:
    """Exports that the worker writes."""

    @routes.post(
        "/v1/organizations/{organization_id}/usage/exports",
        tags=[Tag.REPORTS],
        status_code=201,
        summary="Have the usage of a period written to be fetched",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def request_export(
        services: ActingServices,
        organization_id: Identifier,
        query: _Query,
    ) -> CallExport:
        return usage_answers.call_export(
            taken(await call_exports.request_export(services, organization_id=organization_id, query=query))
        )

    @routes.get(
        "/v1/organizations/{organization_id}/usage/exports",
        tags=[Tag.REPORTS],
        summary="List the newest exports of usage",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_exports(services: ActingServices, organization_id: Identifier) -> Listing[CallExport]:
        exports = taken(await call_exports.list_exports(services, organization_id=organization_id))
        return whole_listing(exports, usage_answers.call_export)

    @routes.get(
        "/v1/organizations/{organization_id}/usage/exports/{export_id}",
        tags=[Tag.REPORTS],
        summary="Show how far an export is",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_EXPORT),
    )
    async def get_export(services: ActingServices, organization_id: Identifier, export_id: Identifier) -> CallExport:
        return usage_answers.call_export(
            taken(await call_exports.get_export(services, organization_id=organization_id, export_id=export_id))
        )


def add_usage_export_files(routes: APIRouter) -> None:
    """What is written: fetched, and removed."""

    @routes.get(
        "/v1/organizations/{organization_id}/usage/exports/{export_id}/file",
        tags=[Tag.REPORTS],
        summary="Fetch an export that is written",
        response_class=Response,
        responses={**_FILE, **guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_EXPORT)},
    )
    async def fetch_export(services: ActingServices, organization_id: Identifier, export_id: Identifier) -> Response:
        export, pieces = taken(
            await call_exports.fetch_export(services, organization_id=organization_id, export_id=export_id)
        )
        return _file(export.file_name, pieces, export.bytes_written)

    @routes.delete(
        "/v1/organizations/{organization_id}/usage/exports/{export_id}",
        tags=[Tag.REPORTS],
        summary="Remove an export",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_EXPORT),
    )
    async def remove_export(services: ActingServices, organization_id: Identifier, export_id: Identifier) -> Changed:
        done = taken(await call_exports.remove_export(services, organization_id=organization_id, export_id=export_id))
        return Changed(changed=done.changed)


async def _in_turn(pieces: AsyncIterator[bytes], making: asyncio.Semaphore) -> AsyncIterator[bytes]:
    """The pieces, each made when its turn comes; nobody holds a turn while what was made is sent."""
    while True:
        async with making:
            piece = await anext(pieces, None)
        if piece is None:
            return
        yield piece


def _file(name: str, pieces: AsyncIterator[bytes], length: int | None = None) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if length is not None:
        headers["Content-Length"] = str(length)
    return StreamingResponse(pieces, media_type=ZIP, headers=headers)
