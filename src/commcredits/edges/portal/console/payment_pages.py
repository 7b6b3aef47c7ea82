"""The console's pages of payments: what is open, disputes, refunds, events of gateways, payouts; mails and webhooks.

Knows which question each page asks. Refuses to decide what became of a payment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import Refused
from commcredits.core.topups import OPEN_STATES
from commcredits.edges.portal.console import words
from commcredits.edges.portal.console.desk import PER_PAGE, Desk, Fields, blank, cursor_of, who
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.by_hand import confirm_payment, confirm_refund, reject_payment, reject_refund
from commcredits.operations.funding import get_top_up
from commcredits.operations.organizations import get_organization
from commcredits.operations.payment_messages import deal_again_with, list_gateway_events
from commcredits.operations.payments_overview import (
    list_all_disputes,
    list_open_attempts,
    list_open_refunds,
    look_up_top_up,
)
from commcredits.operations.service_health import STUCK_AFTER_SECONDS
from commcredits.operations.sweeping import list_payouts
from commcredits.operations.telling_overview import Way, list_failed_tellings, tell_again

HAND_FIELDS: Final = ("organization", "top_up", "refund", "reference")
EVENT_STATES: Final = ("failed", "waiting", "done", "ignored")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPages:
    """Each method answers one address."""

    desk: Desk

    async def attempts(self, page: Page) -> Response:
        """Purchases that are open: those that are stuck, or all."""
        query = page.request.query_params
        everything = query.get("all") == "yes"
        state = query.get("state", "")
        listed = await list_open_attempts(
            page.services,
            older_seconds=0 if everything else STUCK_AFTER_SECONDS,
            state=state if state in {each.value for each in OPEN_STATES} else "",
            cursor=cursor_of(page),
            limit=PER_PAGE,
        )
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(
            page,
            "attempts.html",
            listed=listed,
            everything=everything,
            minutes=STUCK_AFTER_SECONDS // 60,
            now=page.services.clock(),
            words=words,
        )

    async def look_up(self, page: Page) -> Response:
        """Ask the gateway about one now."""
        fields = Fields(page)
        found = await look_up_top_up(
            page.services, organization_id=fields.text("organization"), top_up_id=fields.text("top_up")
        )
        if isinstance(found, Refused):
            return self.desk.refused(page, found)
        return self.desk.done(console_links(page).to("payments", done=f"now_{found.state.value}", all="yes"))

    async def by_hand_form(self, page: Page) -> Response:
        """A payment, or a refund, of which a person says what became."""
        query = page.request.query_params
        values = {name: query.get(name, "") for name in ("organization", "top_up", "refund")}
        return await self._by_hand(page, blank(HAND_FIELDS, values))

    async def by_hand(self, page: Page) -> Response:
        """The money came, or it did not."""
        fields = Fields(page)
        organization, reference = fields.text("organization"), fields.text("reference", required=True)
        refund, top_up = fields.text("refund"), fields.text("top_up")
        if fields.errors:
            return await self._by_hand(page, fields.view(HAND_FIELDS), status=422)
        came, person = fields.text("verdict") == "confirm", who(page)[:200]
        services, place = page.services, {"organization_id": organization}
        if refund:
            said = (
                await confirm_refund(services, **place, refund_id=refund, reference=reference, confirmed_by=person)
                if came
                else await reject_refund(services, **place, refund_id=refund, reason=reference, rejected_by=person)
            )
            if isinstance(said, Refused):
                return await self._by_hand(page, fields.refused(HAND_FIELDS, said), status=422)
            return self.desk.done(console_links(page).to("payments/refunds", done="said"))
        paid = (
            await confirm_payment(services, **place, top_up_id=top_up, reference=reference, confirmed_by=person)
            if came
            else await reject_payment(services, **place, top_up_id=top_up, reason=reference, rejected_by=person)
        )
        if isinstance(paid, Refused):
            return await self._by_hand(page, fields.refused(HAND_FIELDS, paid), status=422)
        return self.desk.done(console_links(page).to("payments", done="said", all="yes"))

    async def disputes(self, page: Page) -> Response:
        """Purchases that were ever disputed."""
        listed = await list_all_disputes(page.services, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "disputes.html", listed=listed, words=words)

    async def refunds(self, page: Page) -> Response:
        """Refunds that are not settled."""
        listed = await list_open_refunds(page.services, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "refunds.html", listed=listed, words=words)

    async def events(self, page: Page) -> Response:
        """What gateways have told of, in one state."""
        wanted = page.request.query_params.get("state", "failed")
        state = wanted if wanted in EVENT_STATES else "failed"
        listed = await list_gateway_events(
            page.services, gateway=None, state=state, cursor=cursor_of(page), limit=PER_PAGE
        )
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "events.html", listed=listed, state=state, states=EVENT_STATES, words=words)

    async def deal_again(self, page: Page) -> Response:
        """Deal with one event now."""
        dealt = await deal_again_with(page.services, gateway_event_id=Fields(page).text("event"))
        if isinstance(dealt, Refused):
            return self.desk.refused(page, dealt)
        return self.desk.done(console_links(page).to("payments/events", state=dealt.state.value, done="dealt"))

    async def payouts(self, page: Page) -> Response:
        """What gateways have sent to the operator's bank account."""
        listed = await list_payouts(page.services, gateway=None, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "payouts.html", listed=listed)

    async def telling(self, page: Page) -> Response:
        """Mails and webhooks that were given up."""
        wanted = page.request.query_params.get("way", Way.WEBHOOK.value)
        way = wanted if wanted in set(Way) else Way.WEBHOOK.value
        listed = await list_failed_tellings(page.services, way=way, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "telling.html", listed=listed, way=way, words=words)

    async def tell(self, page: Page) -> Response:
        """Try one again."""
        fields = Fields(page)
        way = fields.text("way")
        told = await tell_again(
            page.services, organization_id=fields.text("organization"), way=way, told_id=fields.text("told")
        )
        if isinstance(told, Refused):
            return self.desk.refused(page, told)
        return self.desk.done(console_links(page).to("mails-and-webhooks", way=way, done="again"))

    async def _by_hand(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        organization_id = form.values["organization"]
        organization = await get_organization(page.services, organization_id=organization_id)
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        top_up = None
        if form.values["top_up"]:
            found = await get_top_up(page.services, organization_id=organization_id, top_up_id=form.values["top_up"])
            if isinstance(found, Refused):
                return self.desk.refused(page, found)
            top_up = found
        return self.desk.show(
            page, "by_hand.html", status=status, about=organization, top_up=top_up, form=form, words=words
        )
