"""The portal's questions about receipts and billing details, answered by the operations.

Knows which operation answers which question. Refuses to hold rules.
"""

from __future__ import annotations

from commcredits.core.outcomes import Refused
from commcredits.core.parties import Party
from commcredits.core.receipts import ReceiptDocument
from commcredits.edges.portal.receipt_ports import ReceiptsView
from commcredits.edges.receipts.rendering import RenderedDocument, render_receipt
from commcredits.operations import billing_details, receipts
from commcredits.operations.services import Services


class ReceiptsForPortal:
    """ReceiptOperations over the product's services."""

    _services: Services

    async def receipts(self, organization_id: str, *, cursor: str | None, limit: int) -> ReceiptsView | Refused:
        """Receipts and credit notes, newest first."""
        page = await receipts.list_receipts(self._services, organization_id=organization_id, cursor=cursor, limit=limit)
        return page if isinstance(page, Refused) else ReceiptsView(items=page.items, next_cursor=page.next_cursor)

    async def receipt(self, organization_id: str, *, number: str) -> ReceiptDocument | Refused:
        """One of them."""
        return await receipts.get_receipt(self._services, organization_id=organization_id, number=number)

    async def receipt_file(
        self, organization_id: str, *, number: str, file_format: str, language: str
    ) -> RenderedDocument | Refused:
        """The file of one."""
        return await render_receipt(self._services, organization_id, number, file_format, language)

    async def billing_details(self, organization_id: str) -> Party | Refused:
        """Who buys."""
        return await billing_details.get_billing_details(self._services, organization_id=organization_id)

    async def save_billing_details(self, organization_id: str, *, details: Party) -> Party | Refused:
        """Keep who buys."""
        return await billing_details.save_billing_details(
            self._services, organization_id=organization_id, details=details
        )
