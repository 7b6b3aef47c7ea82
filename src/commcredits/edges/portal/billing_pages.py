"""The pages of an organization's billing: the organizations, their products, and Communications Credits.

Knows which question each page asks of the operations and which template shows the answer. Refuses to know how
anything is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from commcredits.core.calendar import twelve_months_after
from commcredits.core.outcomes import Refused
from commcredits.core.purchases import TopUpState
from commcredits.edges.portal import charts, forms, recharge_forms
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.ports import (
    ORGANIZATIONS_PER_PAGE,
    CreditsOverview,
    PortalOperations,
    TopUpView,
)
from commcredits.edges.portal.recharge_sentences import outlook

_NOTHING_BOUGHT: Final = frozenset({TopUpState.DECLINED, TopUpState.CANCELLED})
_FUNDS_FIELDS: Final = (forms.AMOUNT, forms.PAYMENT_METHOD)

SAVED: Final = "saved"
RECHARGING: Final = "recharging"
ALERTS_SAVED: Final = "alerts"
"""What a redirect to the page may ask it to announce as saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the page announces: the purchase that was just made, or that settings were saved."""

    top_up: TopUpView | None = None
    saved: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingPages:
    """Each method answers one address."""

    door: Door
    operations: Callable[[Page], PortalOperations]

    async def organizations(self, page: Page) -> Response:
        """The organizations to pick from."""
        cursor = page.request.query_params.get("cursor")
        listed = await self.operations(page).list_organizations(cursor=cursor, limit=ORGANIZATIONS_PER_PAGE)
        if isinstance(listed, Refused):
            return self.refused(page, listed)
        return self.door.html("organizations.html", page, listed=listed, is_first=cursor is None)

    async def products(self, page: Page) -> Response:
        """Billing > Products & services: the one subscription there is."""
        organization = await self.operations(page).organization(organization_id_of(page))
        if isinstance(organization, Refused):
            return self.refused(page, organization)
        balance = await self.operations(page).balance(organization_id_of(page))
        if isinstance(balance, Refused):
            return self.refused(page, balance)
        return self.door.html("products.html", page, organization=organization, balance=balance)

    async def credits(self, page: Page) -> Response:
        """The Communications Credits page."""
        overview = await self.overview(page)
        if isinstance(overview, Refused):
            return self.refused(page, overview)
        advised = recharge_forms.advised_auto_recharge(page.request.query_params, overview, page.speech)
        return await self.credits_page(page, overview, notice=_notice(page, overview), recharge=advised)

    async def live(self, page: Page) -> Response:
        """What changes on that page while one looks at it."""
        overview = await self.overview(page)
        if isinstance(overview, Refused):
            return self.refused(page, overview)
        page = local(page, overview)
        return self.door.html("_live.html", page, **self._content(page, overview))

    async def add_funds_form(self, page: Page) -> Response:
        """The form that adds funds: a dialog for htmx, a page of its own otherwise."""
        overview = await self.overview(page)
        if isinstance(overview, Refused):
            return self.refused(page, overview)
        return self._funds_form(page, overview, forms.blank_funds(overview), status=200, opens=True)

    async def add_funds(self, page: Page) -> Response:
        """Buy funds; a form with something wrong in it, and a declined payment, come back as the form."""
        overview = await self.overview(page)
        if isinstance(overview, Refused):
            return self.refused(page, overview)
        speech = local(page, overview).speech
        order = forms.read_funds(page.form, overview, speech)
        if isinstance(order, FormView):
            return self._funds_form(page, overview, order, status=422)
        bought = await self.operations(page).add_funds(
            overview.organization.organization_id,
            amount_micros=order.amount_micros,
            payment_method=order.payment_method,
            command_id=order.command_id,
        )
        if isinstance(bought, Refused):
            currency = overview.organization.currency
            form = forms.refused(bought, page.form, _FUNDS_FIELDS, speech, currency)
            return self._funds_form(page, overview, form, status=422)
        if bought.state in _NOTHING_BOUGHT:
            return self._funds_form(page, overview, forms.declined(bought, page.form, speech), status=422)
        if bought.by_hand and bought.state is TopUpState.PROCESSING:
            address = page.links.transfer(overview.organization.organization_id, bought.top_up_id)
            return Response(headers={"HX-Redirect": address}) if page.is_fragment else self.door.see_other(address)
        return await self.done(page, overview, Notice(top_up=bought), top_up=bought.top_up_id)

    async def overview(self, page: Page) -> CreditsOverview | Refused:
        """What the operations say of the organization that the address names."""
        return await self.operations(page).credits_overview(organization_id_of(page))

    async def done(self, page: Page, overview: CreditsOverview, notice: Notice, **query: str) -> Response:
        """After a form was done: the page afresh in place for htmx, a redirect to it otherwise."""
        organization_id = overview.organization.organization_id
        if not page.is_fragment:
            return self.door.see_other(page.links.credits(organization_id, **query))
        fresh = await self.operations(page).credits_overview(organization_id)
        if isinstance(fresh, Refused):
            return Response(status_code=200, headers={"HX-Redirect": page.links.credits(organization_id, **query)})
        response = await self.credits_page(page, fresh, notice=notice, template="_credits.html")
        response.headers["HX-Retarget"] = "#main"
        response.headers["HX-Reswap"] = "outerMorph"
        return response

    async def credits_page(
        self,
        page: Page,
        overview: CreditsOverview,
        *,
        notice: Notice,
        template: str = "credits.html",
        recharge: FormView | None = None,
        alerts: FormView | None = None,
        status: int = 200,
    ) -> Response:
        """The page, or a part of it; forms that came back stand where those in force would."""
        page = local(page, overview)
        organization = overview.organization
        told = await self.operations(page).balance_alerts(organization.organization_id)
        if isinstance(told, Refused):
            return self.refused(page, told)
        return self.door.html(
            template,
            page,
            status=status,
            notice=notice,
            recharge=recharge or recharge_forms.saved_auto_recharge(overview, page.speech),
            alerts=alerts or recharge_forms.saved_alerts(told, page.speech, organization.currency),
            alerts_are_heard=told.is_heard,
            **self._content(page, overview),
        )

    def _funds_form(
        self, page: Page, overview: CreditsOverview, form: FormView, *, status: int, opens: bool = False
    ) -> Response:
        template = "add_funds.html"
        if page.is_fragment:
            template = "_add_funds_dialog.html" if opens else "_add_funds_form.html"
        return self.door.html(
            template,
            local(page, overview),
            status=status,
            overview=overview,
            organization=overview.organization,
            form=form,
            in_dialog=page.is_fragment,
            expires_at=twelve_months_after(overview.as_of),
        )

    def _content(self, page: Page, overview: CreditsOverview) -> dict[str, Any]:
        """What the page's templates draw, less what differs between its callers."""
        return {
            "overview": overview,
            "organization": overview.organization,
            "bars": charts.bars(overview.consumption),
            "chart_width": charts.CHART_WIDTH,
            "chart_height": charts.CHART_HEIGHT,
            "share": charts.share,
            "live_seconds": self.door.settings.live_seconds,
            "outlook": _outlook(page, overview),
        }

    def refused(self, page: Page, refused: Refused) -> Response:
        """The page that says why something can't be shown."""
        return self.door.refused(page, refused)


def organization_id_of(page: Page) -> str:
    """The organization that the address names."""
    return str(page.request.path_params["organization_id"])


def local(page: Page, overview: CreditsOverview) -> Page:
    """The same page, with instants shown in the organization's time zone."""
    return page.in_time_zone(overview.organization.time_zone)


def _notice(page: Page, overview: CreditsOverview) -> Notice:
    """What a redirect asked the page to announce; only what is true of the account now."""
    saved = page.request.query_params.get("saved", "")
    wanted = page.request.query_params.get("top_up", "")
    bought = next((top_up for top_up in overview.top_ups if top_up.top_up_id == wanted), None)
    return Notice(top_up=bought, saved=saved if saved in {SAVED, RECHARGING, ALERTS_SAVED} else "")


def _outlook(page: Page, overview: CreditsOverview) -> tuple[str, ...]:
    """What auto-recharge does next, in sentences; nothing where there is no rule."""
    rule = overview.auto_recharge
    if rule is None:
        return ()
    return outlook(page.speech, rule, overview.payment_methods, overview.organization.currency)
