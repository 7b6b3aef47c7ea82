"""The console's pages of refunds by hand: of a purchase, of a call, and who agrees to them.

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
    who,
)
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.agreeing import WHO_CHARACTERS_MAX
from commcredits.operations.funding import get_top_up
from commcredits.operations.organizations import get_organization
from commcredits.operations.refund_asking import request_call_refund, request_refund
from commcredits.operations.refund_requests import (
    RefundRequest,
    approve_refund_request,
    get_refund_request,
    reject_refund_request,
)
from commcredits.operations.refund_requests_overview import list_all_refund_requests

FIELDS: Final = ("organization", "top_up", "amount", REASON)
CALL_FIELDS: Final = ("organization", "session", "seconds", REASON)
_SECONDS_DIGITS_MAX: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPages:
    """Each method answers one address."""

    desk: Desk

    async def form(self, page: Page) -> Response:
        """The form that gives back what is left of a purchase."""
        query = page.request.query_params
        values = {"organization": query.get("organization", ""), "top_up": query.get("top_up", "")}
        return await self._refund(page, blank(FIELDS, values))

    async def refund(self, page: Page) -> Response:
        """Give it back, or have it wait for a second person."""
        fields = Fields(page)
        organization = await get_organization(page.services, organization_id=fields.text("organization"))
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        amount = fields.amount("amount", organization.currency) if fields.text("amount") else None
        reason = fields.text(REASON, required=True)
        if fields.errors:
            return await self._refund(page, fields.view(FIELDS), status=422)
        refunded = await request_refund(
            page.services,
            organization_id=organization.organization_id,
            command_id=fields.command_id,
            top_up_id=fields.text("top_up"),
            amount_micros=amount,
            reason=reason,
            requested_by=who(page)[:WHO_CHARACTERS_MAX],
        )
        if isinstance(refunded, Refused):
            form = fields.refused(FIELDS, refunded, organization.currency)
            return await self._refund(page, form, status=422)
        if isinstance(refunded, RefundRequest):
            return self._shown(page, refunded)
        return self.desk.done(console_links(page).organization(organization.organization_id, done="refunded"))

    async def call_form(self, page: Page) -> Response:
        """The form that gives back what a call was charged."""
        query = page.request.query_params
        values = {"organization": query.get("organization", ""), "session": query.get("session", ""), "seconds": "0"}
        return await self._call(page, blank(CALL_FIELDS, values))

    async def refund_call(self, page: Page) -> Response:
        """Give it back, or have it wait for a second person."""
        fields = Fields(page)
        text, reason = fields.text("seconds"), fields.text(REASON, required=True)
        if not (text.isascii() and text.isdigit() and len(text) <= _SECONDS_DIGITS_MAX):
            fields.wrong("seconds", words.SECONDS_WANTED)
        if fields.errors:
            return await self._call(page, fields.view(CALL_FIELDS), status=422)
        refunded = await request_call_refund(
            page.services,
            organization_id=fields.text("organization"),
            command_id=fields.command_id,
            session_id=fields.text("session"),
            used_seconds=int(text),
            reason=reason,
            requested_by=who(page)[:WHO_CHARACTERS_MAX],
        )
        if isinstance(refunded, Refused):
            return await self._call(page, fields.refused(CALL_FIELDS, refunded), status=422)
        if isinstance(refunded, RefundRequest):
            return self._shown(page, refunded)
        return self.desk.done(console_links(page).organization(fields.text("organization"), done="call_refunded"))

    async def requests(self, page: Page) -> Response:
        """What waits for a second person; or all refunds that were asked for."""
        everything = page.request.query_params.get("all") == "yes"
        listed = await list_all_refund_requests(
            page.services, waiting_only=not everything, cursor=cursor_of(page), limit=PER_PAGE
        )
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "refund_requests.html", listed=listed, everything=everything, words=words)

    async def request(self, page: Page) -> Response:
        """One refund that was asked for, to be agreed to or not."""
        return await self._one(page, blank(()))

    async def decide(self, page: Page) -> Response:
        """Agree, or do not."""
        fields = Fields(page)
        place = {
            "organization_id": about_id(page),
            "refund_request_id": str(page.request.path_params["refund_request_id"]),
        }
        person = who(page)[:WHO_CHARACTERS_MAX]
        if fields.text("verdict") == "approve":
            decided = await approve_refund_request(page.services, **place, approved_by=person)
        else:
            decided = await reject_refund_request(page.services, **place, rejected_by=person)
        if isinstance(decided, Refused):
            return await self._one(page, fields.refused((), decided), status=422)
        return self._shown(page, decided)

    def _shown(self, page: Page, request: RefundRequest) -> Response:
        """Lead on to a request, to be told how it stands now."""
        place = f"payments/refund-requests/{request.organization_id}/{request.refund_request_id}"
        return self.desk.done(console_links(page).to(place, done=request.state.value))

    async def _refund(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        organization_id = form.values["organization"]
        organization = await get_organization(page.services, organization_id=organization_id)
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        top_up = await get_top_up(page.services, organization_id=organization_id, top_up_id=form.values["top_up"])
        if isinstance(top_up, Refused):
            return self.desk.refused(page, top_up)
        return self.desk.show(
            page,
            "refund.html",
            status=status,
            about=organization,
            top_up=top_up,
            form=form,
            limit_micros=page.services.rules.refund_limit_micros,
        )

    async def _call(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        organization = await get_organization(page.services, organization_id=form.values["organization"])
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        return self.desk.show(
            page,
            "refund_call.html",
            status=status,
            about=organization,
            form=form,
            limit_micros=page.services.rules.refund_limit_micros,
        )

    async def _one(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        organization = await get_organization(page.services, organization_id=about_id(page))
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        request = await get_refund_request(
            page.services,
            organization_id=organization.organization_id,
            refund_request_id=str(page.request.path_params["refund_request_id"]),
        )
        if isinstance(request, Refused):
            return self.desk.refused(page, request)
        return self.desk.show(
            page,
            "refund_request.html",
            status=status,
            about=organization,
            request=request,
            form=form,
            words=words,
            is_own=request.requested_by.casefold() == who(page).casefold(),
        )
