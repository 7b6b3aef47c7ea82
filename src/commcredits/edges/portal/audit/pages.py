"""The audit log as pages: who did what, narrowed by time, person, act and subject, and the log as a file.

Knows the filter and the file's name. Refuses to know what an act is called (words.py) and what stands in an entry.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from commcredits.core.calendar import zone_of
from commcredits.core.outcomes import Refused
from commcredits.edges.portal.audit import links
from commcredits.edges.portal.audit.links import AuditLinks
from commcredits.edges.portal.audit.showing import shown_act
from commcredits.edges.portal.audit.words import ACTS
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.operations.audit_export import AuditForm, export_all_audit, export_audit
from commcredits.operations.audit_log import AuditQuery, check_query, list_all_audit, list_audit

ACTS_PER_PAGE: Final = 25
_MEDIA: Final = {AuditForm.CSV: "text/csv", AuditForm.JSON_LINES: "application/jsonl"}
_UTC: Final = "UTC"
_FIELDS: Final = ("from", "to", "actor", "operation", "subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    """What the address asks for: the query, and the fields that say it again; what cannot be read is left out."""

    query: AuditQuery
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPages:
    """Each method answers one address."""

    door: Door

    async def organization_log(self, page: Page) -> Response:
        """What was done to an organization."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        page = page.in_time_zone(organization.time_zone)
        narrowed = _read_filter(page.request.query_params, organization.time_zone)
        cursor = page.request.query_params.get("cursor")
        listed = await list_audit(
            page.services,
            organization_id=page.organization_id,
            query=narrowed.query,
            cursor=cursor,
            limit=ACTS_PER_PAGE,
        )
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        return self.door.html(
            "audit/log.html",
            page,
            organization=organization,
            **_values(page, narrowed, cursor),
            acts=[shown_act(each, page.speech, organization.currency) for each in listed.items],
            next_cursor=listed.next_cursor,
            audit=AuditLinks(root=page.links.root, organization_id=organization.organization_id),
        )

    async def console_log(self, page: Page) -> Response:
        """What was done everywhere."""
        narrowed = _read_filter(page.request.query_params, _UTC)
        cursor = page.request.query_params.get("cursor")
        listed = await list_all_audit(page.services, query=narrowed.query, cursor=cursor, limit=ACTS_PER_PAGE)
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        return self.door.html(
            "audit/log.html",
            page,
            console=True,
            **_values(page, narrowed, cursor),
            acts=[shown_act(each, page.speech, "") for each in listed.items],
            next_cursor=listed.next_cursor,
            audit=AuditLinks(root=page.links.root),
        )

    async def organization_file(self, page: Page) -> Response:
        """An organization's log as a file."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        form = _form_of(page)
        query = _read_filter(page.request.query_params, organization.time_zone).query
        pieces = await export_audit(
            page.services, organization_id=page.organization_id, form=form, begins=query.begins, ends=query.ends
        )
        return self.door.refused(page, pieces) if isinstance(pieces, Refused) else _file(pieces, form)

    async def console_file(self, page: Page) -> Response:
        """Every log as a file."""
        form = _form_of(page)
        query = _read_filter(page.request.query_params, _UTC).query
        pieces = await export_all_audit(page.services, form=form, begins=query.begins, ends=query.ends)
        return self.door.refused(page, pieces) if isinstance(pieces, Refused) else _file(pieces, form)


def audit_routes(door: Door) -> list[BaseRoute]:
    """The addresses of the audit log."""
    pages = AuditPages(door=door)
    return [
        Route(links.ORGANIZATION_LOG, door.guarded(pages.organization_log)),
        Route(links.ORGANIZATION_FILE, door.guarded(pages.organization_file)),
        Route(links.CONSOLE_LOG, door.guarded(pages.console_log)),
        Route(links.CONSOLE_FILE, door.guarded(pages.console_file)),
    ]


def _values(page: Page, narrowed: _Filter, cursor: str | None) -> dict[str, Any]:
    """What both lists show in the same way."""
    choices = sorted(((name, page.speech.say(words)) for name, words in ACTS.items()), key=lambda pair: pair[1])
    return {
        "form": FormView(values={**dict.fromkeys(_FIELDS, ""), **narrowed.fields}, command_id=""),
        "choices": choices,
        "query": dict(narrowed.fields),
        "is_narrowed": bool(narrowed.fields),
        "is_first": cursor is None,
    }


def _read_filter(given: Mapping[str, str], time_zone: str) -> _Filter:
    """The filter of an address. ``to`` is the last day that counts, by the clock of the page."""
    fields = {name: given.get(name, "").strip() for name in _FIELDS}
    begins, ends = _midnight(fields["from"], time_zone), _midnight(fields["to"], time_zone, days=1)
    query = AuditQuery(
        begins=begins, ends=ends, actor=fields["actor"], operation=fields["operation"], subject=fields["subject"]
    )
    if begins is None:
        fields["from"] = ""
    if ends is None:
        fields["to"] = ""
    if check_query(query) is not None:
        return _Filter(query=AuditQuery(), fields={})
    return _Filter(query=query, fields={name: value for name, value in fields.items() if value})


def _midnight(text: str, time_zone: str, *, days: int = 0) -> datetime | None:
    """The beginning of a day, or of one so many days later; None for what is no day."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime.combine(day, time(), zone_of(time_zone)) if 1970 <= day.year <= 9990 else None  # noqa: PLR2004 - years that every clock knows
    except (ValueError, OverflowError):
        return None


def _form_of(page: Page) -> AuditForm:
    form = str(page.request.path_params["form"])
    if form not in set(AuditForm):
        raise HTTPException(404)
    return AuditForm(form)


def _file(pieces: AsyncIterator[bytes], form: AuditForm) -> Response:
    return StreamingResponse(
        pieces,
        media_type=f"{_MEDIA[form]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit.{form.value}"'},
    )
