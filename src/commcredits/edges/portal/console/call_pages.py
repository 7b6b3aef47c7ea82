"""The console's pages of calls in progress: the list with its totals, and cutting one.

Knows which question each page asks. Refuses to end a call: its switch does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.console import words
from commcredits.edges.portal.console.desk import Desk, Fields, blank, who
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.call_cuts import ORDERED_BY_CHARACTERS_MAX, cut_call
from commcredits.operations.live_calls import SHOWN_MAX, LiveCall, list_live_calls, sum_live_calls

CUT_FIELDS: Final = ("organization", "session", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPages:
    """Each method answers one address."""

    desk: Desk

    async def calls(self, page: Page) -> Response:
        """Calls in progress, the longest first."""
        query = page.request.query_params
        silent = query.get("silent") == "yes"
        calls = await list_live_calls(
            page.services, organization_id=query.get("organization") or None, silent_only=silent
        )
        if isinstance(calls, Refused):
            return self.desk.refused(page, calls)
        totals = await sum_live_calls(page.services)
        if isinstance(totals, Refused):
            return self.desk.refused(page, totals)
        return self.desk.show(
            page,
            "calls.html",
            calls=calls,
            totals=totals,
            now=page.services.clock(),
            silent=silent,
            organization_named=query.get("organization", ""),
            shown_max=SHOWN_MAX,
            words=words,
        )

    async def cut_form(self, page: Page) -> Response:
        """What is known of a call, and the question whether it shall be cut."""
        query = page.request.query_params
        place = {"organization": query.get("organization", ""), "session": query.get("session", "")}
        call = await self._call(page, place["organization"], place["session"])
        if isinstance(call, Refused):
            return self.desk.refused(page, call)
        return self._cut(page, call, blank(CUT_FIELDS, {**place, "reason": "operator"}))

    async def cut(self, page: Page) -> Response:
        """Order the cut."""
        fields = Fields(page)
        organization, session = fields.text("organization"), page.form.get("session", "")
        ordered = await cut_call(
            page.services,
            organization_id=organization,
            session_id=session,
            reason=fields.text("reason"),
            ordered_by=who(page)[:ORDERED_BY_CHARACTERS_MAX],
        )
        if isinstance(ordered, Refused):
            call = await self._call(page, organization, session)
            if isinstance(call, Refused):
                return self.desk.refused(page, ordered)
            return self._cut(page, call, fields.refused(CUT_FIELDS, ordered), status=422)
        return self.desk.done(console_links(page).to("live-calls", done="cut"))

    async def _call(self, page: Page, organization: str, session: str) -> LiveCall | Refused:
        calls = await list_live_calls(page.services, organization_id=organization, session_id=session or "-")
        if isinstance(calls, Refused):
            return calls
        return calls[0] if calls else Refused(code=RefusalCode.UNKNOWN_SESSION)

    def _cut(self, page: Page, call: LiveCall, form: FormView, *, status: int = 200) -> Response:
        return self.desk.show(page, "cut.html", status=status, call=call, form=form, words=words)
