"""The console's pages of organizations: the list, a new one, and one's terms.

Knows which question each page asks and which form is which operation. Refuses to know money rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.responses import Response

from commcredits.core.account import OrganizationStatus
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
    organization_about,
)
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.countries import countries_of
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.billing_terms import change_currency, switch_billing
from commcredits.operations.closing import close_organization, get_closing
from commcredits.operations.funding import grant_promotion, list_top_ups
from commcredits.operations.funding_rules import Remainder
from commcredits.operations.organization_overview import OverviewRow, overview_organizations
from commcredits.operations.organizations import LANGUAGES, Organization, open_organization
from commcredits.operations.reports import read_balance
from commcredits.operations.tariffs import assign_rate_deck, list_rate_decks

OPEN_FIELDS: Final = ("name", "country", "currency", "time_zone", "language")
BILLING_FIELDS: Final = ("post_usage", "credit_line")
DECK_FIELDS: Final = ("rate_deck_id", "in_force_at")
CLOSE_FIELDS: Final = ("remainder", "confirmed")
PROMOTION_FIELDS: Final = ("amount", "days", REASON)
_DAYS_MAX: Final = 3_660
_DECKS_OFFERED_MAX: Final = 200
_PURCHASES_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationPages:
    """Each method answers one address."""

    desk: Desk

    async def organizations(self, page: Page) -> Response:
        """The list, narrowed by what the address says."""
        query = page.request.query_params
        search, status, attention = query.get("search", ""), query.get("status", ""), query.get("attention") == "yes"
        listed = await overview_organizations(
            page.services,
            search=search,
            status=status if status in set(OrganizationStatus) else "",
            attention_only=attention,
            cursor=cursor_of(page),
            limit=PER_PAGE,
        )
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(
            page,
            "organizations.html",
            listed=listed,
            words=words,
            form=FormView(values={"search": search, "status": status}, command_id=""),
            attention=attention,
        )

    async def open_form(self, page: Page) -> Response:
        """The form for a new organization."""
        return self._open(page, blank(OPEN_FIELDS, {"language": page.language, "time_zone": "Europe/Bucharest"}))

    async def open(self, page: Page) -> Response:
        """Open it."""
        fields = Fields(page)
        opened = await open_organization(
            page.services,
            command_id=fields.command_id,
            name=fields.text("name"),
            country=fields.text("country"),
            currency=fields.text("currency").upper(),
            time_zone=fields.text("time_zone"),
            language=fields.text("language"),
        )
        if isinstance(opened, Refused):
            return self._open(page, fields.refused(OPEN_FIELDS, opened), status=422)
        return self.desk.done(console_links(page).organization(opened.organization_id, done="opened"))

    async def organization(self, page: Page) -> Response:
        """One organization as the operator sees it."""
        return await self._one(page)

    async def billing(self, page: Page) -> Response:
        """Let it pay after use, up to a line of credit, or in advance again."""
        organization = await organization_about(page)
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        fields = Fields(page)
        after_use = fields.text("post_usage") == "yes"
        line = fields.amount("credit_line", organization.currency) if after_use else 0
        if fields.errors:
            return await self._one(page, billing=fields.view(BILLING_FIELDS))
        switched = await switch_billing(
            page.services,
            organization_id=organization.organization_id,
            command_id=fields.command_id,
            post_usage=after_use,
            credit_line_micros=line,
        )
        if isinstance(switched, Refused):
            return await self._one(page, billing=fields.refused(BILLING_FIELDS, switched, organization.currency))
        return self._back(page, "billing")

    async def currency(self, page: Page) -> Response:
        """Change the currency, while nothing binds it."""
        fields = Fields(page)
        changed = await change_currency(
            page.services, organization_id=about_id(page), currency=fields.text("currency").upper()
        )
        if isinstance(changed, Refused):
            return await self._one(page, currency=fields.refused(("currency",), changed))
        return self._back(page, "currency")

    async def deck(self, page: Page) -> Response:
        """Price its calls by another deck, from an instant on."""
        fields = Fields(page)
        at = fields.instant("in_force_at")
        if fields.errors:
            return await self._one(page, deck=fields.view(DECK_FIELDS))
        assigned = await assign_rate_deck(
            page.services,
            organization_id=about_id(page),
            command_id=fields.command_id,
            rate_deck_id=fields.text("rate_deck_id"),
            in_force_at=at,
        )
        if isinstance(assigned, Refused):
            return await self._one(page, deck=fields.refused(DECK_FIELDS, assigned))
        return self._back(page, "deck")

    async def promotion(self, page: Page) -> Response:
        """Give promotional funds."""
        organization = await organization_about(page)
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        fields = Fields(page)
        amount = fields.amount("amount", organization.currency)
        text = fields.text("days")
        days = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_DAYS_MAX)) else 0
        if not 0 < days <= _DAYS_MAX:
            fields.wrong("days", words.DAYS_WANTED)
        reason = fields.text(REASON, required=True)
        if fields.errors:
            return await self._one(page, promotion=fields.view(PROMOTION_FIELDS))
        given = await grant_promotion(
            page.services,
            organization_id=organization.organization_id,
            command_id=fields.command_id,
            amount_micros=amount,
            expires_at=page.services.clock() + timedelta(days=days),
            reason=reason[:200],
        )
        if isinstance(given, Refused):
            return await self._one(page, promotion=fields.refused(PROMOTION_FIELDS, given, organization.currency))
        return self._back(page, "promotion")

    async def close(self, page: Page) -> Response:
        """Close it; what is under way ends first."""
        fields = Fields(page)
        remainder = fields.text("remainder")
        if page.form.get("confirmed") != "yes":
            fields.wrong("confirmed", words.CONFIRM_CLOSING)
            return await self._one(page, closing_form=fields.view(CLOSE_FIELDS))
        closed = await close_organization(
            page.services,
            organization_id=about_id(page),
            requested_by=operator_name(page),
            remainder=Remainder(remainder) if remainder in set(Remainder) else None,
        )
        if isinstance(closed, Refused):
            return await self._one(page, closing_form=fields.refused(CLOSE_FIELDS, closed))
        return self._back(page, "closing")

    def _back(self, page: Page, done: str) -> Response:
        return self.desk.done(console_links(page).organization(about_id(page), done=done))

    def _open(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        countries = countries_of(page.language)
        return self.desk.show(
            page, "organization_new.html", status=status, form=form, countries=countries, languages_offered=LANGUAGES
        )

    async def _one(self, page: Page, **forms: FormView) -> Response:
        organization = await organization_about(page)
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        row = await self._row(page, organization)
        balance = await read_balance(page.services, organization_id=organization.organization_id)
        decks = await list_rate_decks(page.services, cursor=None, limit=_DECKS_OFFERED_MAX, state="published")
        bought = await list_top_ups(
            page.services, organization_id=organization.organization_id, cursor=None, limit=_PURCHASES_MAX
        )
        closing = await get_closing(page.services, organization_id=organization.organization_id)
        if isinstance(balance, Refused):
            return self.desk.refused(page, balance)
        offered = [] if isinstance(decks, Refused) else list(decks.items)
        return self.desk.show(
            page,
            "organization.html",
            status=422 if forms else 200,
            about=organization,
            row=row,
            balance=balance,
            decks=[each for each in offered if each.currency == organization.currency],
            closing=None if isinstance(closing, Refused) else closing,
            purchases=() if isinstance(bought, Refused) else bought.items,
            words=words,
            unavailable=organization.country in page.services.funding.unavailable_countries,
            forms={
                "billing": blank(BILLING_FIELDS, {"post_usage": "yes" if balance.post_usage else ""}),
                "currency": blank(("currency",), {"currency": organization.currency}),
                "deck": blank(DECK_FIELDS, {"rate_deck_id": organization.rate_deck_id or ""}),
                "promotion": blank(PROMOTION_FIELDS, {"days": "365"}),
                "closing_form": blank(CLOSE_FIELDS, {"remainder": page.services.rules.closing_remainder.value}),
                **forms,
            },
        )

    async def _row(self, page: Page, organization: Organization) -> OverviewRow | None:
        found = await overview_organizations(
            page.services, search=str(UUID(organization.organization_id)), cursor=None, limit=1
        )
        return None if isinstance(found, Refused) or not found.items else found.items[0]
