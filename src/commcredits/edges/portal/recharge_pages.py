"""The pages of auto-recharge: saving the settings and the balance alerts, and what auto-recharge has tried.

Knows which question each page asks of the operations and which template shows the answer. Refuses to know when a
recharge is due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from commcredits.core.outcomes import Refused
from commcredits.edges.portal import forms, recharge_forms
from commcredits.edges.portal.billing_pages import (
    ALERTS_SAVED,
    RECHARGING,
    SAVED,
    BillingPages,
    Notice,
    local,
    organization_id_of,
)
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.ports import CreditsOverview, PortalOperations
from commcredits.edges.portal.recharge_ports import ATTEMPTS_PER_PAGE, AutoRechargeSaved
from commcredits.edges.portal.recharge_sentences import attempt_story


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargePages:
    """Each method answers one address; ``billing`` shows the Communications Credits page that the forms stand on."""

    door: Door
    operations: Callable[[Page], PortalOperations]
    billing: BillingPages

    async def to_auto_recharge(self, page: Page) -> Response:
        """The settings have no page of their own: lead to where they stand."""
        return self.door.see_other(page.links.auto_recharge_settings(organization_id_of(page)))

    async def save_auto_recharge(self, page: Page) -> Response:
        """Save the auto-recharge settings; a form with something wrong in it comes back."""
        overview = await self.billing.overview(page)
        if isinstance(overview, Refused):
            return self.billing.refused(page, overview)
        speech = local(page, overview).speech
        order = recharge_forms.read_auto_recharge(page.form, overview, speech)
        if isinstance(order, FormView):
            return await self._recharge_form(page, overview, order)
        saved = await self.operations(page).save_auto_recharge(
            overview.organization.organization_id, change=order.change, command_id=order.command_id
        )
        if isinstance(saved, AutoRechargeSaved):
            kind = RECHARGING if saved.recharge_started else SAVED
            return await self.billing.done(page, overview, Notice(saved=kind), saved=kind)
        form = recharge_forms.refused_auto_recharge(saved, page.form, speech, overview.organization.currency)
        return await self._recharge_form(page, overview, form)

    async def to_balance_alerts(self, page: Page) -> Response:
        """The alerts have no page of their own either."""
        return self.door.see_other(page.links.balance_alerts_settings(organization_id_of(page)))

    async def save_balance_alerts(self, page: Page) -> Response:
        """Save the balances that are told of; a form with something wrong in it comes back."""
        overview = await self.billing.overview(page)
        if isinstance(overview, Refused):
            return self.billing.refused(page, overview)
        speech = local(page, overview).speech
        order = recharge_forms.read_alerts(page.form, overview, speech)
        if isinstance(order, FormView):
            return await self._alerts_form(page, overview, order)
        refused = await self.operations(page).save_balance_alerts(
            overview.organization.organization_id, amounts_micros=order.amounts_micros, command_id=order.command_id
        )
        if refused is None:
            return await self.billing.done(page, overview, Notice(saved=ALERTS_SAVED), saved=ALERTS_SAVED)
        names = recharge_forms.alert_names(page.form)
        form = forms.refused(refused, page.form, names, speech, overview.organization.currency)
        return await self._alerts_form(page, overview, form)

    async def attempts(self, page: Page) -> Response:
        """What auto-recharge has tried, why it failed, and what followed; newest first."""
        organization = await self.operations(page).organization(organization_id_of(page))
        if isinstance(organization, Refused):
            return self.billing.refused(page, organization)
        cursor = page.request.query_params.get("cursor")
        listed = await self.operations(page).recharge_attempts(
            organization_id_of(page), cursor=cursor, limit=ATTEMPTS_PER_PAGE
        )
        if isinstance(listed, Refused):
            return self.billing.refused(page, listed)
        page = page.in_time_zone(organization.time_zone)
        return self.door.html(
            "recharge_attempts.html",
            page,
            organization=organization,
            listed=listed,
            stories={each.top_up_id: attempt_story(page.speech, each) for each in listed.items},
            is_first=cursor is None,
        )

    async def _recharge_form(self, page: Page, overview: CreditsOverview, form: FormView) -> Response:
        """The settings with what is wrong in them: the form alone for htmx, within its page otherwise."""
        template = "_auto_recharge_form.html" if page.is_fragment else "credits.html"
        return await self.billing.credits_page(
            page, overview, notice=Notice(), template=template, recharge=form, status=422
        )

    async def _alerts_form(self, page: Page, overview: CreditsOverview, form: FormView) -> Response:
        template = "_balance_alerts_form.html" if page.is_fragment else "credits.html"
        return await self.billing.credits_page(
            page, overview, notice=Notice(), template=template, alerts=form, status=422
        )
