"""The console's pages of margins: the reports there are, asking for one, and one of them.

Knows which question each page asks. Refuses to add up calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import Refused
from commcredits.edges.portal.console import words
from commcredits.edges.portal.console.desk import PER_PAGE, Desk, Fields, blank, cursor_of, end_of, start_of
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.cost_decks import list_cost_decks
from commcredits.operations.margin_reports import ask_for_margins, get_margins, list_margins

FIELDS: Final = ("currency", "from", "to")
_USUAL_DAYS: Final = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginPages:
    """Each method answers one address."""

    desk: Desk

    async def margins(self, page: Page) -> Response:
        """The reports there are, and the form that asks for one."""
        today = page.services.clock().date()
        begins = today - timedelta(days=_USUAL_DAYS)
        return await self._list(page, blank(FIELDS, {"from": begins.isoformat(), "to": today.isoformat()}))

    async def ask(self, page: Page) -> Response:
        """Have the worker make a report."""
        fields = Fields(page)
        begins, ends = fields.day("from"), fields.day("to")
        if fields.errors or begins is None or ends is None:
            return await self._list(page, fields.view(FIELDS), status=422)
        asked = await ask_for_margins(
            page.services,
            currency=fields.text("currency"),
            begins_at=start_of(begins),
            ends_at=end_of(ends),
        )
        if isinstance(asked, Refused):
            if asked.facts.get("field") == "ends_at":
                fields.wrong("to", words.PERIOD_WANTED)
                return await self._list(page, fields.view(FIELDS), status=422)
            return await self._list(page, fields.refused(FIELDS, asked), status=422)
        return self.desk.done(console_links(page).to(f"margins/{asked.report_id}"))

    async def report(self, page: Page) -> Response:
        """One report."""
        report = await get_margins(page.services, report_id=str(page.request.path_params["report_id"]))
        if isinstance(report, Refused):
            return self.desk.refused(page, report)
        by = page.request.query_params.get("by", "destinations")
        return self.desk.show(
            page, "margin.html", report=report, by=by if by in words.MARGINS_BY else "destinations", words=words
        )

    async def _list(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        decks = await list_cost_decks(page.services)
        if isinstance(decks, Refused):
            return self.desk.refused(page, decks)
        listed = await list_margins(page.services, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        currencies = sorted({deck.currency for deck in decks})
        return self.desk.show(
            page,
            "margins.html",
            status=status,
            listed=listed,
            decks=decks,
            currencies=currencies,
            form=form,
            words=words,
        )
