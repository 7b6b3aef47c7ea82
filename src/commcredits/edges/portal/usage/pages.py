"""The pages of usage: the report, and the exports of it.

Knows which question each page asks and which template shows the answer. Refuses to reckon anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from starlette.datastructures import QueryParams
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.calls.links import call_links
from commcredits.edges.portal.countries import countries_of
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.reports import charts
from commcredits.edges.portal.reports.words import CALL_TYPES
from commcredits.edges.portal.usage import links
from commcredits.edges.portal.usage.columns import COLUMNS, cells_of, style_of
from commcredits.edges.portal.usage.forms import (
    CAPABILITIES,
    COLUMNS_COOKIE,
    FIELDS,
    Asked,
    read_asked,
    written,
)
from commcredits.edges.portal.usage.links import usage_links
from commcredits.edges.translations import marked
from commcredits.operations.call_exports import (
    fetch_export,
    list_exports,
    remove_export,
    request_export,
)
from commcredits.operations.call_records import UsageRow
from commcredits.operations.paging import Page as ListPage
from commcredits.operations.usage import UsageQuery, UsageSums, find_usage_user, list_usage, sum_usage

CALLS_SHOWN: Final = 50
"""How many calls a page of the report shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePages:
    """Each method answers one address."""

    door: Door

    async def usage(self, page: Page) -> Response:
        """Calls of a period: how many on each day, then one by one, then what they came to."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        cookie = page.request.cookies.get(COLUMNS_COOKIE, "")
        asked = read_asked(page.request.query_params, cookie, self.door.now(), frame.page.speech)
        query = await self._query(page, asked)
        asked, query = _with_problem(asked, query, page)
        if isinstance(query, Refused):
            return self.door.refused(page, query)
        if query is None:
            return self._report(frame, asked, None, None)
        sums = await sum_usage(page.services, organization_id=page.organization_id, query=query)
        if isinstance(sums, Refused):
            return self.door.refused(page, sums)
        listed = await list_usage(
            page.services, organization_id=page.organization_id, query=query, cursor=asked.cursor, limit=CALLS_SHOWN
        )
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        return self._report(frame, asked, sums, listed)

    async def exports(self, page: Page) -> Response:
        """The exports there are, and how far each is."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        exports = await list_exports(page.services, organization_id=page.organization_id)
        if isinstance(exports, Refused):
            return self.door.refused(page, exports)
        template = "usage/_exports.html" if page.is_fragment else "usage/exports.html"
        return self.door.html(
            template,
            frame.page,
            organization=frame.organization,
            exports=exports,
            is_open=any(each.is_open for each in exports),
            usage=usage_links(page),
            is_asked=page.request.query_params.get("asked") == "yes",
        )

    async def ask(self, page: Page) -> Response:
        """Have an export written."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        params = QueryParams([(name, page.form.get(name, "")) for name in FIELDS])
        asked = read_asked(params, "", self.door.now(), frame.page.speech)
        query = await self._query(page, asked)
        asked, query = _with_problem(asked, query, page)
        if query is None:
            return self._report(frame, asked, None, None)
        export = (
            query
            if isinstance(query, Refused)
            else await request_export(page.services, organization_id=page.organization_id, query=query)
        )
        if isinstance(export, Refused):
            return self.door.refused(page, export)
        return self.door.see_other(f"{usage_links(page).exports()}?asked=yes")

    async def file(self, page: Page) -> Response:
        """A written export."""
        fetched = await fetch_export(
            page.services, organization_id=page.organization_id, export_id=str(page.request.path_params["export_id"])
        )
        if isinstance(fetched, Refused):
            return self.door.refused(page, fetched)
        export, pieces = fetched
        headers = {
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "Content-Length": str(export.bytes_written),
        }
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    async def remove(self, page: Page) -> Response:
        """Remove an export."""
        removed = await remove_export(
            page.services, organization_id=page.organization_id, export_id=str(page.request.path_params["export_id"])
        )
        if isinstance(removed, Refused):
            return self.door.refused(page, removed)
        return self.door.see_other(usage_links(page).exports())

    async def _query(self, page: Page, asked: Asked) -> UsageQuery | Refused | None:
        """The question for the operations; None where the form is wrong already."""
        if asked.form.errors:
            return None
        values = asked.form.values
        user_id: str | Refused = ""
        if values["user"]:
            user_id = await find_usage_user(page.services, organization_id=page.organization_id, user=values["user"])
        if isinstance(user_id, Refused):
            return user_id
        return UsageQuery(
            begins=asked.begins,
            ends=asked.ends(self.door.now()),
            user_id=user_id,
            call_type=values["call_type"] if values["call_type"] in set(CALL_TYPES) else "",
            country=values["country"] if values["country"] in dict(countries_of(page.language)) else "",
            capability=values["capability"] if values["capability"] in CAPABILITIES else "",
            charged_only=values["charged"] == "yes",
        )

    def _report(
        self, frame: Framed, asked: Asked, sums: UsageSums | None, listed: ListPage[UsageRow] | None
    ) -> Response:
        page, speech = frame.page, frame.page.speech
        rows = () if listed is None else listed.items
        days = () if sums is None else sums.days
        usage = usage_links(page)
        calls = call_links(page) if page.may("calls.read") else None
        response = self.door.html(
            "usage/usage.html",
            page,
            status=422 if asked.form.errors else 200,
            organization=frame.organization,
            form=asked.form,
            asked=asked,
            sums=sums,
            rows=[(row, cells_of(row, asked.columns, speech)) for row in rows],
            calls=calls,
            columns=COLUMNS,
            style_of=style_of,
            call_types=[(each.value, speech.say(label)) for each, label in CALL_TYPES.items()],
            countries=countries_of(page.language),
            capabilities=[(each, each) for each in CAPABILITIES],
            wide=charts.stacked([(day.calls,) for day in days], charts.WIDE),
            narrow=charts.stacked([(day.calls,) for day in days], charts.NARROW),
            usage=usage,
            first_page=usage.usage(asked.query()),
            next_page=usage.usage(asked.query(cursor=listed.next_cursor)) if listed and listed.next_cursor else "",
            other_size=usage.usage(asked.query(full="" if asked.is_full else "yes")),
        )
        if asked.columns_in_address:
            self.door.set_preference(response, page, COLUMNS_COOKIE, written(asked.columns))
        return response


def usage_routes(door: Door) -> list[BaseRoute]:
    """The addresses of usage."""
    pages, guarded = UsagePages(door=door), door.guarded
    return [
        Route(links.USAGE, guarded(pages.usage)),
        Route(links.EXPORTS, guarded(pages.exports)),
        Route(links.EXPORTS, guarded(pages.ask), methods=["POST"]),
        Route(links.PROGRESS, guarded(pages.exports, renews=False)),
        Route(links.EXPORT_FILE, guarded(pages.file)),
        Route(links.REMOVE_EXPORT, guarded(pages.remove), methods=["POST"]),
    ]


def _with_problem(
    asked: Asked, query: UsageQuery | Refused | None, page: Page
) -> tuple[Asked, UsageQuery | Refused | None]:
    """A refusal of what was typed, told at its field; every other one goes on."""
    if not isinstance(query, Refused) or query.code not in (RefusalCode.UNKNOWN_USER, RefusalCode.INVALID_INPUT):
        return asked, query
    sentence = page.speech.say(marked("Nobody here signs in by this name."))
    form = replace(asked.form, errors={**asked.form.errors, "user": sentence})
    return replace(asked, form=form), None
