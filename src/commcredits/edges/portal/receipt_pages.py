"""The pages of receipts: the list, one receipt, its files, and the billing details that stand on them.

Knows which question each page asks of the operations and which template shows the answer. Refuses to know what stands
on a receipt: the sheet says it, in words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.parties import Party
from commcredits.edges.portal import receipt_forms
from commcredits.edges.portal.billing_pages import BillingPages, organization_id_of
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.ports import OrganizationView, PortalOperations
from commcredits.edges.portal.receipt_ports import RECEIPTS_PER_PAGE
from commcredits.edges.receipts.html import PAGE_POLICY
from commcredits.edges.receipts.rendering import ReceiptFormat
from commcredits.edges.receipts.sheet import sheet_of
from commcredits.edges.translations import marked

_SAVED: Final = "saved"

_MISSING_EXTRA: Final = marked(
    "This server cannot write such files: the operator has to install commcredits with its extra for invoices. "
    "The receipt can be opened as a page and printed."
)
_NO_EINVOICE: Final = marked(
    "This receipt cannot be written as an e-invoice: something that the standard wants is missing or not allowed on it "
    "(%(field)s). The receipt can be opened as a page and printed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPages:
    """Each method answers one address; ``billing`` has the page for what can't be shown."""

    door: Door
    operations: Callable[[Page], PortalOperations]
    billing: BillingPages

    async def receipts(self, page: Page) -> Response:
        """Receipts and credit notes, newest first."""
        organization = await self.operations(page).organization(organization_id_of(page))
        if isinstance(organization, Refused):
            return self.billing.refused(page, organization)
        cursor = page.request.query_params.get("cursor")
        listed = await self.operations(page).receipts(organization_id_of(page), cursor=cursor, limit=RECEIPTS_PER_PAGE)
        if isinstance(listed, Refused):
            return self.billing.refused(page, listed)
        return self.door.html("receipts.html", page, organization=organization, listed=listed, is_first=cursor is None)

    async def receipt(self, page: Page) -> Response:
        """One receipt or credit note, with its files."""
        organization = await self.operations(page).organization(organization_id_of(page))
        if isinstance(organization, Refused):
            return self.billing.refused(page, organization)
        document = await self.operations(page).receipt(organization_id_of(page), number=_number(page))
        if isinstance(document, Refused):
            return self.billing.refused(page, document)
        sheet = sheet_of(document, page.language, page.speech.translations.gettext)
        return self.door.html("receipt.html", page, organization=organization, document=document, sheet=sheet)

    async def file(self, page: Page) -> Response:
        """A receipt as a file, in the page's language; as a page of its own where it is HTML."""
        file_format = str(page.request.path_params["file_format"])
        document = await self.operations(page).receipt_file(
            organization_id_of(page), number=_number(page), file_format=file_format, language=page.language
        )
        if isinstance(document, Refused):
            return self._no_file(page, document, file_format)
        shown = "inline" if file_format == ReceiptFormat.HTML else "attachment"
        return Response(
            document.content,
            media_type=document.media_type,
            headers={
                "Content-Disposition": f'{shown}; filename="{document.filename}"',
                "Content-Security-Policy": PAGE_POLICY,
            },
        )

    async def details_form(self, page: Page) -> Response:
        """Who buys, to be changed."""
        organization = await self.operations(page).organization(organization_id_of(page))
        if isinstance(organization, Refused):
            return self.billing.refused(page, organization)
        details = await self.operations(page).billing_details(organization_id_of(page))
        if isinstance(details, Refused):
            return self.billing.refused(page, details)
        is_saved = page.request.query_params.get("saved") == "yes"
        return self._details(page, organization, receipt_forms.saved_details(details), is_saved=is_saved, saved=details)

    async def save_details(self, page: Page) -> Response:
        """Keep who buys; a form with something wrong in it comes back."""
        organization = await self.operations(page).organization(organization_id_of(page))
        if isinstance(organization, Refused):
            return self.billing.refused(page, organization)
        details = receipt_forms.read_details(page.form)
        saved = await self.operations(page).save_billing_details(organization_id_of(page), details=details)
        if isinstance(saved, Refused):
            form = receipt_forms.refused_details(saved, page.form, organization.country, page.speech)
            return self._details(page, organization, form, status=422)
        return self.door.see_other(page.links.billing_details(organization.organization_id, saved="yes"))

    def _details(
        self,
        page: Page,
        organization: OrganizationView,
        form: FormView,
        *,
        status: int = 200,
        is_saved: bool = False,
        saved: Party | None = None,
    ) -> Response:
        return self.door.html(
            "billing_details.html",
            page,
            status=status,
            organization=organization,
            form=form,
            counties=receipt_forms.counties_of(organization.country),
            is_saved=is_saved,
            saved=saved,
        )

    def _no_file(self, page: Page, refused: Refused, file_format: str) -> Response:
        """Why there is no such file; an address with a format that does not exist leads nowhere."""
        if file_format not in set(ReceiptFormat):
            raise HTTPException(404)
        if refused.code is not RefusalCode.INVALID_INPUT:
            return self.billing.refused(page, refused)
        field = str(refused.facts.get("field", ""))
        sentence = _MISSING_EXTRA if field == "format" else _NO_EINVOICE
        return self.door.problem(
            page,
            status=409,
            title=page.speech.say(marked("There is no such file")),
            sentence=page.speech.say(sentence, field=field),
        )


def _number(page: Page) -> str:
    return str(page.request.path_params["number"])
