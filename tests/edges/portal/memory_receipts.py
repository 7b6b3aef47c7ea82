"""Receipts and billing details that are kept in memory, rendered by what renders the real ones.

Knows the promises of ReceiptOperations. Refuses to know the database and the numbering.
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.parties import Party, wrong_field
from commcredits.core.receipts import Preceding, ReceiptCause, ReceiptDocument, ReceiptKind
from commcredits.core.tax_ids import read_tax_id
from commcredits.edges import translations
from commcredits.edges.portal.receipt_ports import ReceiptsView
from commcredits.edges.receipts.html import html_of
from commcredits.edges.receipts.rendering import MEDIA_TYPES, ReceiptFormat, RenderedDocument
from commcredits.edges.receipts.sheet import sheet_of
from commcredits.operations.inputs import invalid_input
from tests.edges.receipts.papers import TREATMENTS, paper


def papers_of(currency: str) -> list[ReceiptDocument]:
    """Two receipts, taxed and not, and a credit note for a part of one."""
    first = paper(currency=currency)
    second = replace(paper(TREATMENTS["reverse charge"], currency=currency, net_micros=50_000_000), number="CC-000002")
    credit = replace(
        first,
        number="CN-000001",
        kind=ReceiptKind.CREDIT_NOTE,
        cause=ReceiptCause.REFUND,
        net_micros=100_000_000,
        tax_micros=21_000_000,
        gross_micros=121_000_000,
        corrects=Preceding(number=first.number, issued_on=first.issued_on),
        tax_in_own_currency=None,
    )
    return [credit, second, first]


class MemoryReceipts:
    """ReceiptOperations over lists; newest first, by organization. ``missing_field`` stands in the way of files."""

    def __init__(self) -> None:
        self.papers: dict[str, list[ReceiptDocument]] = {}
        self.buyers: dict[str, Party] = {}
        self.missing_field = ""

    async def receipts(self, organization_id: str, *, cursor: str | None, limit: int) -> ReceiptsView | Refused:
        """Papers from the cursor on, which is the number of the last one shown."""
        papers = self.papers.get(organization_id, [])
        numbers = [each.number for each in papers]
        if cursor is not None and cursor not in numbers:
            return Refused(code=RefusalCode.INVALID_INPUT)
        start = 0 if cursor is None else numbers.index(cursor) + 1
        shown = tuple(papers[start : start + limit])
        return ReceiptsView(items=shown, next_cursor=shown[-1].number if len(papers) > start + limit else None)

    async def receipt(self, organization_id: str, *, number: str) -> ReceiptDocument | Refused:
        """The paper of this number."""
        found = (each for each in self.papers.get(organization_id, []) if each.number == number)
        return next(found, Refused(code=RefusalCode.UNKNOWN_RECEIPT))

    async def receipt_file(
        self, organization_id: str, *, number: str, file_format: str, language: str
    ) -> RenderedDocument | Refused:
        """The page as it is; of other files some bytes, or why there are none."""
        document = await self.receipt(organization_id, number=number)
        if isinstance(document, Refused):
            return document
        if file_format not in set(ReceiptFormat):
            return invalid_input("format", file_format, "one of the formats")
        if file_format != ReceiptFormat.HTML and self.missing_field:
            return invalid_input(self.missing_field, "", "given")
        content = html_of(sheet_of(document, language, translations.load(language).gettext))
        media_type = MEDIA_TYPES[ReceiptFormat(file_format)]
        return RenderedDocument(filename=f"{number}.{file_format}", media_type=media_type, content=content)

    async def billing_details(self, organization_id: str) -> Party | Refused:
        """What was saved, else nothing but a name."""
        return self.buyers.get(organization_id, Party(legal_name="Exemplu SRL", country="RO"))

    async def save_billing_details(self, organization_id: str, *, details: Party) -> Party | Refused:
        """Check as the product does, for an organization in Romania."""
        read = read_tax_id("RO", details.tax_id) if details.tax_id else None
        if details.tax_id and read is None:
            return Refused(code=RefusalCode.TAX_ID_NOT_VALID, facts={"country": "RO"})
        known = replace(
            details, country="RO", tax_id=read.text if read else "", tax_id_checked=read is not None and read.checked
        )
        wrong = wrong_field(known)
        if wrong is not None:
            return invalid_input(wrong.field, wrong.value, wrong.allowed)
        self.buyers[organization_id] = known
        return known
