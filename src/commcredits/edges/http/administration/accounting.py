"""The paths of the accounting export: files of a period, sums of accounts, and the tax that revenue contains.

Knows media types and names of files. Refuses to hold a file in memory, and to hold a connection of the database for a
client that reads slowly: the file is written to disk first, so that an error is still told as one.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any, Final

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import funding_rule_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing, whole_listing
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.funding_rule_answers import AccountSum, TaxOnUse
from commcredits.edges.http.administration.funding_rule_forms import FromQuery, OrganizationQuery, ToQuery, ZoneQuery
from commcredits.edges.http.administration.refusing import refusal, taken
from commcredits.operations import accounting_summary
from commcredits.operations.accounting import ExportForm, Period, export_period

EXPORTS_AT_ONCE: Final = 2
"""How many files are written at a time; one more is told to come back."""

_MEMORY_BYTES_MAX: Final = 1 << 20
_PIECE_BYTES: Final = 64 * 1_024

_FILES: Final = {
    ExportForm.CSV: ("journal.csv", "text/csv", "Save the journal of a period as CSV"),
    ExportForm.ENTRIES: ("entries.csv", "text/csv", "Save a period as lines of debit and credit"),
    ExportForm.HLEDGER: ("period.journal", "text/plain", "Save a period as a journal for hledger and ledger"),
}


def add_accounting(routes: APIRouter) -> None:
    """Files and sums of a period."""
    writing = asyncio.Semaphore(EXPORTS_AT_ONCE)
    for form in ExportForm:
        _add_file(routes, form, writing)

    @routes.get(
        "/v1/accounting/accounts",
        tags=[Tag.ACCOUNTING],
        summary="Show what a period debited and credited each account",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def sum_accounts(
        services: ActingServices,
        begins: FromQuery,
        ends: ToQuery,
        time_zone: ZoneQuery = None,
        organization_id: OrganizationQuery = None,
    ) -> Listing[AccountSum]:
        period = Period(begins=begins, ends=ends, time_zone=time_zone or "UTC", organization_id=organization_id)
        sums = taken(await accounting_summary.sum_accounts(services, period))
        return whole_listing(sums, funding_rule_answers.account_sum)

    @routes.get(
        "/v1/accounting/tax-on-use",
        tags=[Tag.ACCOUNTING],
        summary="Show the tax that the revenue of each month contains, where it is due on use",
        responses=guarded(),
    )
    async def tax_on_use(
        services: ActingServices, begins: FromQuery, ends: ToQuery, time_zone: ZoneQuery = None
    ) -> Listing[TaxOnUse]:
        period = Period(begins=begins, ends=ends, time_zone=time_zone or "UTC")
        taxes = taken(await accounting_summary.tax_on_use(services, period))
        return whole_listing(taxes, funding_rule_answers.tax_on_use)


def _add_file(routes: APIRouter, form: ExportForm, writing: asyncio.Semaphore) -> None:
    name, media_type, summary = _FILES[form]
    documented: dict[int | str, dict[str, Any]] = {
        200: {"description": "The file.", "content": {media_type: {"schema": {"type": "string"}}}},
        **guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    }

    async def save(
        services: ActingServices,
        begins: FromQuery,
        ends: ToQuery,
        time_zone: ZoneQuery = None,
        organization_id: OrganizationQuery = None,
    ) -> Response:
        period = Period(begins=begins, ends=ends, time_zone=time_zone or "UTC", organization_id=organization_id)
        pieces = taken(await export_period(services, period, form))
        if writing.locked():
            raise refusal(RefusalCode.BUSY)
        async with writing:
            file = await _written(pieces)
        length = file.seek(0, 2)
        file.seek(0)
        return StreamingResponse(
            _read(file),
            media_type=f"{media_type}; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(length)},
        )

    routes.add_api_route(
        f"/v1/accounting/{name}",
        save,
        methods=["GET"],
        name=f"export_{form}",
        tags=[Tag.ACCOUNTING],
        summary=summary,
        response_class=Response,
        responses=documented,
    )


async def _written(pieces: AsyncIterator[bytes]) -> IO[bytes]:
    """A file without a name that holds all of it, small ones in memory."""
    file = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES_MAX)  # noqa: SIM115 - closed by whoever reads it
    try:
        async for piece in pieces:
            await asyncio.to_thread(file.write, piece)
    except BaseException:
        file.close()
        raise
    return file


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
