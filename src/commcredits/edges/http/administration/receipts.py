"""The paths of receipts and of billing details.

Knows fields, media types and names of files. Refuses to know what stands on a receipt.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Response

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, receipt_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.receipt_answers import BillingDetails, Receipt
from commcredits.edges.http.administration.receipt_forms import BillingDetailsToSave, LanguageQuery, ReceiptNumber
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.receipts.html import PAGE_POLICY
from commcredits.edges.receipts.rendering import MEDIA_TYPES, ReceiptFormat, render_receipt
from commcredits.operations import billing_details, receipts

_RECEIPTS: Final = "/v1/organizations/{organization_id}/receipts"
_BILLING_DETAILS: Final = "/v1/organizations/{organization_id}/billing-details"

_SUMMARIES: Final = {
    ReceiptFormat.HTML: "Read a receipt as a page",
    ReceiptFormat.PDF: "Save a receipt as PDF/A",
    ReceiptFormat.XML: "Save a receipt as an e-invoice: EN 16931 in UBL 2.1",
}


def add_billing_details(routes: APIRouter) -> None:
    """Say who buys; see what was said."""

    @routes.put(
        _BILLING_DETAILS,
        tags=[Tag.RECEIPTS],
        summary="Say who buys, as receipts from now on shall say it",
        description="Whether the tax id was checked decides on the tax of later purchases. "
        "Receipts that were issued stay as they are.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.TAX_ID_NOT_VALID),
    )
    async def save_billing_details(
        services: ActingServices, organization_id: Identifier, body: BillingDetailsToSave
    ) -> BillingDetails:
        saved = await billing_details.save_billing_details(
            services, organization_id=organization_id, details=body.party()
        )
        return receipt_answers.billing_details(taken(saved))

    @routes.get(
        _BILLING_DETAILS,
        tags=[Tag.RECEIPTS],
        summary="Show who buys",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def read_billing_details(services: ActingServices, organization_id: Identifier) -> BillingDetails:
        found = await billing_details.get_billing_details(services, organization_id=organization_id)
        return receipt_answers.billing_details(taken(found))


def add_receipts(routes: APIRouter) -> None:
    """List receipts and credit notes, show one, save it as a file."""

    @routes.get(
        _RECEIPTS,
        tags=[Tag.RECEIPTS],
        summary="List an organization's receipts and credit notes, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_receipts(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Receipt]:
        page = await receipts.list_receipts(services, organization_id=organization_id, cursor=cursor, limit=limit)
        return answers.listing(taken(page), receipt_answers.receipt)

    for file_format in ReceiptFormat:
        _add_file(routes, file_format)

    @routes.get(
        f"{_RECEIPTS}/{{number}}",
        tags=[Tag.RECEIPTS],
        summary="Show a receipt or credit note",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_RECEIPT),
    )
    async def read_receipt(services: ActingServices, organization_id: Identifier, number: ReceiptNumber) -> Receipt:
        found = await receipts.get_receipt(services, organization_id=organization_id, number=number)
        return receipt_answers.receipt(taken(found))


def _add_file(routes: APIRouter, file_format: ReceiptFormat) -> None:
    media_type = MEDIA_TYPES[file_format].partition(";")[0]
    documented: dict[int | str, dict[str, Any]] = {
        200: {"description": "The file.", "content": {media_type: {"schema": {"type": "string"}}}},
        **guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_RECEIPT),
    }

    async def save(
        services: ActingServices, organization_id: Identifier, number: ReceiptNumber, language: LanguageQuery = None
    ) -> Response:
        document = taken(await render_receipt(services, organization_id, number, file_format, language))
        shown = "inline" if file_format is ReceiptFormat.HTML else "attachment"
        return Response(
            content=document.content,
            media_type=document.media_type,
            headers={
                "Content-Disposition": f'{shown}; filename="{document.filename}"',
                "Content-Security-Policy": PAGE_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, no-store",
            },
        )

    routes.add_api_route(
        f"{_RECEIPTS}/{{number}}.{file_format}",
        save,
        methods=["GET"],
        name=f"read_receipt_as_{file_format}",
        tags=[Tag.RECEIPTS],
        summary=_SUMMARIES[file_format],
        response_class=Response,
        responses=documented,
    )
