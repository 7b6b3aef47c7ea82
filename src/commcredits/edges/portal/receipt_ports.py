"""What the portal asks about receipts and billing details, and the records that it shows.

Knows the questions and the answers; a receipt and a buyer come as the core's own records, which never change. Refuses
to know who answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from commcredits.core.outcomes import Refused
from commcredits.core.parties import Party
from commcredits.core.receipts import ReceiptDocument
from commcredits.edges.receipts.rendering import RenderedDocument

RECEIPTS_PER_PAGE = 25
"""How many receipts a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsView:
    """One page of receipts, newest first; ``next_cursor`` asks for the page after it, None at the end."""

    items: tuple[ReceiptDocument, ...]
    next_cursor: str | None


class ReceiptOperations(Protocol):
    """The operations on receipts; the same promises as PortalOperations."""

    async def receipts(self, organization_id: str, *, cursor: str | None, limit: int) -> ReceiptsView | Refused:
        """Receipts and credit notes, newest first."""
        ...

    async def receipt(self, organization_id: str, *, number: str) -> ReceiptDocument | Refused:
        """One of them; another organization's is as unknown as none (``unknown_receipt``)."""
        ...

    async def receipt_file(
        self, organization_id: str, *, number: str, file_format: str, language: str
    ) -> RenderedDocument | Refused:
        """The file of one; ``invalid_input`` names what stands in the way of this format."""
        ...

    async def billing_details(self, organization_id: str) -> Party | Refused:
        """Who buys, as receipts from now on say it."""
        ...

    async def save_billing_details(self, organization_id: str, *, details: Party) -> Party | Refused:
        """Keep who buys; ``invalid_input`` and ``tax_id_not_valid`` name the field."""
        ...
