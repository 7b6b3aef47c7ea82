"""The console's fraud desk: blocks in force, what led to one, lifting and setting one, flags, unusual spending.

Knows which question each page asks. Refuses to judge what is fraud.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import Refused
from commcredits.edges.portal.console import words
from commcredits.edges.portal.console.desk import PER_PAGE, REASON, Desk, Fields, about_id, blank, cursor_of, who
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.countries import countries_of
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.blocks import lift_block, set_block
from commcredits.operations.call_flags import list_flags
from commcredits.operations.fraud_desk import BlockCase, get_block_case, list_all_blocks, list_unusual_spend
from commcredits.operations.organizations import Organization, get_organization

BLOCK_FIELDS: Final = ("organization", "kind", "user", "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudPages:
    """Each method answers one address."""

    desk: Desk

    async def blocks(self, page: Page) -> Response:
        """Blocks of all organizations: in force, or all."""
        everything = page.request.query_params.get("all") == "yes"
        listed = await list_all_blocks(page.services, in_force=not everything, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "blocks.html", listed=listed, everything=everything, words=words)

    async def spending(self, page: Page) -> Response:
        """Whose spending is unusual."""
        spenders = await list_unusual_spend(page.services)
        if isinstance(spenders, Refused):
            return self.desk.refused(page, spenders)
        return self.desk.show(page, "spending.html", spenders=spenders)

    async def flags(self, page: Page) -> Response:
        """What was noticed about calls."""
        listed = await list_flags(page.services, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "flags.html", listed=listed, words=words)

    async def block(self, page: Page) -> Response:
        """A block and the calls that led to it."""
        case = await self._case(page)
        if isinstance(case, Refused):
            return self.desk.refused(page, case)
        return self._block(page, case, blank((REASON,)))

    async def lift(self, page: Page) -> Response:
        """Let calls go on, for a reason."""
        fields = Fields(page)
        reason = fields.text(REASON, required=True)
        if not fields.errors:
            lifted = await lift_block(
                page.services,
                organization_id=about_id(page),
                command_id=fields.command_id,
                block_id=str(page.request.path_params["block_id"]),
                lifted_by=who(page)[:200],
                reason=reason,
            )
            if not isinstance(lifted, Refused):
                return self.desk.done(console_links(page).to("fraud", done="lifted"))
            form = fields.refused((REASON,), lifted)
        else:
            form = fields.view((REASON,))
        case = await self._case(page)
        return self.desk.refused(page, case) if isinstance(case, Refused) else self._block(page, case, form, status=422)

    async def block_form(self, page: Page) -> Response:
        """Block somebody, or a country, by hand."""
        organization_id = page.request.query_params.get("organization", "")
        organization = await get_organization(page.services, organization_id=organization_id)
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        form = blank(BLOCK_FIELDS, {"organization": organization_id, "kind": "user"})
        return self._by_hand(page, organization, form)

    async def block_by_hand(self, page: Page) -> Response:
        """Set the block."""
        fields = Fields(page)
        kind = fields.text("kind")
        named = "country" if kind == "destination" else "user"
        organization = await get_organization(page.services, organization_id=fields.text("organization"))
        if isinstance(organization, Refused):
            return self.desk.refused(page, organization)
        subject = fields.text(named, required=True)
        if fields.errors:
            return self._by_hand(page, organization, fields.view(BLOCK_FIELDS), status=422)
        block = await set_block(
            page.services,
            organization_id=organization.organization_id,
            command_id=fields.command_id,
            kind=kind,
            subject=subject,
        )
        if isinstance(block, Refused):
            return self._by_hand(page, organization, fields.refused(BLOCK_FIELDS, block), status=422)
        links = console_links(page)
        return self.desk.done(links.block(organization.organization_id, block.block_id, done="set"))

    async def _case(self, page: Page) -> BlockCase | Refused:
        block_id = str(page.request.path_params["block_id"])
        return await get_block_case(page.services, organization_id=about_id(page), block_id=block_id)

    def _block(self, page: Page, case: BlockCase, form: FormView, *, status: int = 200) -> Response:
        return self.desk.show(page, "block.html", status=status, case=case, block=case.block, form=form, words=words)

    def _by_hand(self, page: Page, organization: Organization, form: FormView, *, status: int = 200) -> Response:
        countries = countries_of(page.language)
        return self.desk.show(page, "block_new.html", status=status, about=organization, form=form, countries=countries)
