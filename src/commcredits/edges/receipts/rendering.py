"""A receipt in the format that somebody wants: HTML, PDF or e-invoice.

Knows formats and their names. Refuses to hold up the event loop: what takes a processor's time runs in a thread, a few
at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from babel.support import Translations

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.receipts import ReceiptDocument
from commcredits.edges import translations
from commcredits.edges.receipts.einvoice import can_write_einvoices, einvoice_of, refuse_einvoice
from commcredits.edges.receipts.html import html_of
from commcredits.edges.receipts.pdf import can_write_pdf, pdf_of
from commcredits.edges.receipts.sheet import Sheet, sheet_of
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import get_organization
from commcredits.operations.receipts import get_receipt
from commcredits.operations.services import Services

WAIT_SECONDS_MAX: Final = 20
"""How long a document waits for its turn; whoever waits longer is told to come again."""


class ReceiptFormat(StrEnum):
    """The formats, by what their files' names end with."""

    HTML = "html"
    PDF = "pdf"
    XML = "xml"


MEDIA_TYPES: Final = {
    ReceiptFormat.HTML: "text/html; charset=utf-8",
    ReceiptFormat.PDF: "application/pdf",
    ReceiptFormat.XML: "application/xml",
}
"""What each format is called on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDocument:
    """A document as a file; ``filename`` is ASCII without any character that a header or a file system minds."""

    filename: str
    media_type: str
    content: bytes


async def render_receipt(
    services: Services, organization_id: str, number: str, file_format: str, language: str | None = None
) -> RenderedDocument | Refused:
    """A receipt or credit note of this organization as a file, in its own language unless another is named.

    Refused as UNKNOWN_RECEIPT; as INVALID_INPUT for a format or language that there is not, without the extra that
    writes the format, and for an e-invoice that its standard cannot say; as BUSY when too many wait.
    """
    if file_format not in set(ReceiptFormat):
        return invalid_input("format", file_format, "one of " + ", ".join(ReceiptFormat))
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    language = organization.language if language is None else language
    if language not in translations.LANGUAGES:
        return invalid_input("language", language, " or ".join(translations.LANGUAGES))
    document = await get_receipt(services, organization_id=organization_id, number=number)
    if isinstance(document, Refused):
        return document
    wanted = ReceiptFormat(file_format)
    refused = _refuse_format(wanted, document)
    if refused is not None:
        return refused
    try:
        content = await _in_turn(services, lambda: _written(document, wanted, language))
    except TimeoutError:
        return Refused(code=RefusalCode.BUSY)
    return RenderedDocument(filename=f"{document.number}.{wanted}", media_type=MEDIA_TYPES[wanted], content=content)


def _refuse_format(wanted: ReceiptFormat, document: ReceiptDocument) -> Refused | None:
    if wanted is ReceiptFormat.HTML:
        return None
    if not (can_write_pdf() if wanted is ReceiptFormat.PDF else can_write_einvoices()):
        allowed = "html here: other formats need commcredits[invoices] to be installed on the server"
        return invalid_input("format", wanted, allowed)
    return refuse_einvoice(document) if wanted is ReceiptFormat.XML else None


def _written(document: ReceiptDocument, wanted: ReceiptFormat, language: str) -> bytes:
    sheet = _sheet(document, language)
    match wanted:
        case ReceiptFormat.HTML:
            return html_of(sheet)
        case ReceiptFormat.PDF:
            return pdf_of(sheet, document.issued_at)
        case ReceiptFormat.XML:
            return einvoice_of(document, sheet)


def _sheet(document: ReceiptDocument, language: str) -> Sheet:
    return sheet_of(document, language, _catalogue(language).gettext)


@cache
def _catalogue(language: str) -> Translations:
    return translations.load(language)


async def _in_turn(services: Services, work: Callable[[], bytes]) -> bytes:
    """Run in a thread when it is this one's turn. Raises TimeoutError when that does not come.

    A turn lasts until the thread is done, also when whoever asked has gone.
    """
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        await services.rendering.acquire()

    async def run() -> bytes:
        try:
            return await asyncio.to_thread(work)
        finally:
            services.rendering.release()

    return await asyncio.shield(asyncio.create_task(run(), name="render receipt"))
