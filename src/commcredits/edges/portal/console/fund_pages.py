"""The console's pages of funds by hand: adjustments and who agrees to them, vouchers.

Knows which question each page asks. Refuses to know who may agree: the operation does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import Refused
from commcredits.edges.portal.console import words
from commcredits.edges.portal.console.desk import (
    PER_PAGE,
    REASON,
    Desk,
    Fields,
    about_id,
    blank,
    cursor_of,
    operator_name,
    who,
)
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.adjustments import (
    approve_adjustment,
    get_adjustment,
    reject_adjustment,
    request_adjustment,
)
from commcredits.operations.adjustments_overview import list_all_adjustments
from commcredits.operations.agreeing import WHO_CHARACTERS_MAX
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.voucher_batches import list_voucher_batches, void_voucher_batch

ASK_FIELDS: Final = ("organization", "amount", REASON)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundPages:
    """Each method answers one address."""

    desk: Desk

    async def adjustments(self, page: Page) -> Response:
        """What waits for a second person; or all adjustments."""
        everything = page.request.query_params.get("all") == "yes"
        listed = await list_all_adjustments(
            page.services, waiting_only=not everything, cursor=cursor_of(page), limit=PER_PAGE
        )
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "adjustments.html", listed=listed, everything=everything, words=words)

    async def ask_form(self, page: Page) -> Response:
        """The form that asks for an adjustment of an organization."""
        organization = await self._organization(page, page.request.query_params.get("organization", ""))
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        return self._ask(page, organization, blank(ASK_FIELDS, {"organization": organization.organization_id}))

    async def ask(self, page: Page) -> Response:
        """Ask for it; within the limit it is applied at once."""
        fields = Fields(page)
        organization = await self._organization(page, fields.text("organization"))
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        amount = fields.amount("amount", organization.currency, signed=True)
        reason = fields.text(REASON, required=True)
        if fields.errors:
            return self._ask(page, organization, fields.view(ASK_FIELDS), status=422)
        asked = await request_adjustment(
            page.services,
            organization_id=organization.organization_id,
            command_id=fields.command_id,
            amount_micros=amount,
            reason=reason,
            requested_by=who(page)[:WHO_CHARACTERS_MAX],
        )
        if isinstance(asked, Refused):
            return self._ask(page, organization, fields.refused(ASK_FIELDS, asked, organization.currency), status=422)
        place = f"adjustments/{organization.organization_id}/{asked.adjustment_id}"
        return self.desk.done(console_links(page).to(place, done=asked.state.value))

    async def adjustment(self, page: Page) -> Response:
        """One adjustment, to be agreed to or not."""
        return await self._one(page, blank(()))

    async def decide(self, page: Page) -> Response:
        """Agree, or do not."""
        fields = Fields(page)
        place = {
            "organization_id": about_id(page),
            "adjustment_id": str(page.request.path_params["adjustment_id"]),
        }
        person = who(page)[:WHO_CHARACTERS_MAX]
        if fields.text("verdict") == "approve":
            decided = await approve_adjustment(page.services, **place, approved_by=person)
        else:
            decided = await reject_adjustment(page.services, **place, rejected_by=person)
        if isinstance(decided, Refused):
            return await self._one(page, fields.refused((), decided), status=422)
        return self.desk.done(console_links(page).to("adjustments", done=decided.state.value))

    async def vouchers(self, page: Page) -> Response:
        """Batches of vouchers, newest first."""
        listed = await list_voucher_batches(page.services, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "vouchers.html", listed=listed, now=page.services.clock())

    async def void(self, page: Page) -> Response:
        """Make the open vouchers of a batch worthless."""
        fields = Fields(page)
        voided = await void_voucher_batch(page.services, batch_id=fields.text("batch"), voided_by=operator_name(page))
        if isinstance(voided, Refused):
            return self.desk.refused(page, voided)
        return self.desk.done(console_links(page).to("vouchers", done="voided"))

    async def _organization(self, page: Page, organization_id: str) -> Organization | Refused:
        return await get_organization(page.services, organization_id=organization_id)

    def _ask(self, page: Page, organization: Organization, form: FormView, *, status: int = 200) -> Response:
        limit = page.services.rules.adjustment_limit_micros
        return self.desk.show(
            page, "adjustment_new.html", status=status, about=organization, form=form, limit_micros=limit
        )

    async def _one(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        organization = await self._organization(page, about_id(page))
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        adjustment = await get_adjustment(
            page.services,
            organization_id=organization.organization_id,
            adjustment_id=str(page.request.path_params["adjustment_id"]),
        )
        if isinstance(adjustment, Refused):
            return self.desk.refused(page, adjustment)
        return self.desk.show(
            page,
            "adjustment.html",
            status=status,
            about=organization,
            adjustment=adjustment,
            form=form,
            words=words,
            is_own=adjustment.requested_by.casefold() == who(page).casefold(),
        )
