"""The pages of money spent: spending over time, and statements.

Knows which question each page asks and which template shows the answer. Refuses to reckon anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from starlette.responses import Response

from commcredits.core.commands import CallType, Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.reports import charts, words
from commcredits.edges.portal.reports.links import report_links
from commcredits.edges.portal.sentences import SERVICES, Speech
from commcredits.edges.translations import marked
from commcredits.operations.report_files import spending_csv, statement_csv
from commcredits.operations.spending import (
    TOP_MAX,
    SpendingBy,
    SpendingEvery,
    SpendingLine,
    SpendingReport,
    report_spending,
)
from commcredits.operations.spending_days import local_day
from commcredits.operations.statements import Statement, get_statement, list_statements

LINES_SHOWN: Final = 20
"""How many lines a page of spending shows; the file has them all."""

_FIELD_OF: Final[Mapping[str, str]] = {
    "by": "by",
    "every": "every",
    "first_day": "first",
    "last_day": "last",
}
_NOT_A_DAY: Final = marked("Choose a day.")
_PERIOD: Final = marked("Choose a first day that is not after the last one, and at most three years.")
_TOO_FINE: Final = marked("So long a time is told by week or by month.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyPages:
    """Each method answers one address."""

    door: Door

    async def spending(self, page: Page) -> Response:
        """What calls cost over time."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        today = local_day(self.door.now(), frame.organization.time_zone)
        form, report = await self._asked(frame, today, LINES_SHOWN)
        if isinstance(report, Refused) and report.code is not RefusalCode.INVALID_INPUT:
            return self.door.refused(page, report)
        shown = None if isinstance(report, Refused) else report
        return self.door.html(
            "reports/spending.html",
            frame.page,
            status=200 if shown else 422,
            organization=frame.organization,
            form=form,
            report=shown,
            reports=report_links(page),
            names=() if shown is None else tuple(line_name(shown.by, line, frame.page.speech) for line in shown.lines),
            by_words=words.BY,
            every_words=words.EVERY,
            presets=_presets(today),
            wide=None if shown is None else charts.stacked(_bars(shown), charts.WIDE),
            narrow=None if shown is None else charts.stacked(_bars(shown), charts.NARROW),
            query={key: value for key, value in form.values.items() if value},
        )

    async def spending_file(self, page: Page) -> Response:
        """The same, with every line, as a file."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        today = local_day(self.door.now(), frame.organization.time_zone)
        _form, report = await self._asked(frame, today, TOP_MAX)
        if isinstance(report, Refused):
            return self.door.refused(page, report)
        name = f"spending.{report.by}.{report.first_day}.{report.last_day}.csv"
        return csv_answer(spending_csv(report), name)

    async def statements(self, page: Page) -> Response:
        """Every month of the balance."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        listed = await list_statements(frame.page.services, organization_id=page.organization_id)
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        return self.door.html(
            "reports/statements.html",
            frame.page,
            organization=frame.organization,
            listed=[(each, _in(each), _out(each)) for each in listed],
            reports=report_links(page),
        )

    async def statement(self, page: Page) -> Response:
        """One month, ready to be printed."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        found = await get_statement(
            frame.page.services, organization_id=page.organization_id, month=str(page.request.path_params["month"])
        )
        if isinstance(found, Refused):
            return self._no_statement(page, found)
        return self.door.html(
            "reports/statement.html",
            frame.page,
            organization=frame.organization,
            statement=found,
            entries=words.ENTRIES,
            reports=report_links(page),
        )

    async def statement_file(self, page: Page) -> Response:
        """One month as a file."""
        found = await get_statement(
            page.services, organization_id=page.organization_id, month=str(page.request.path_params["month"])
        )
        if isinstance(found, Refused):
            return self._no_statement(page, found)
        return csv_answer(statement_csv(found), f"statement.{found.month}.csv")

    def _no_statement(self, page: Page, refused: Refused) -> Response:
        if refused.code is not RefusalCode.INVALID_INPUT:
            return self.door.refused(page, refused)
        return self.door.problem(
            page,
            status=404,
            title=page.speech.say(marked("There is nothing here")),
            sentence=page.speech.say(marked("There is no statement of such a month.")),
        )

    async def _asked(self, frame: Framed, today: date, top: int) -> tuple[FormView, SpendingReport | Refused]:
        """The report that the address asks for, and the form as it stands above it."""
        query = frame.page.request.query_params
        values = {
            "by": query.get("by", SpendingBy.DEPARTMENT.value)[:20],
            "every": query.get("every", "")[:20],
            "first": query.get("first", (today - timedelta(days=29)).isoformat())[:20],
            "last": query.get("last", today.isoformat())[:20],
        }
        days = {name: read_day(values[name]) for name in ("first", "last")}
        errors = {name: frame.page.speech.say(_NOT_A_DAY) for name, day in days.items() if day is None}
        if errors:
            refused = Refused(code=RefusalCode.INVALID_INPUT)
            return FormView(values=values, command_id="", errors=errors), refused
        report = await report_spending(
            frame.page.services,
            organization_id=frame.organization.organization_id,
            by=values["by"],
            every=values["every"],
            first_day=days["first"],
            last_day=days["last"],
            top=top,
        )
        if isinstance(report, Refused):
            errors = _errors(report, frame.page.speech)
        return FormView(values=values, command_id="", errors=errors), report


def read_day(text: str) -> date | None:
    """The day of a date field; None for what is none."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None  # noqa: PLR2004 - as 2026-11-22
    except ValueError:
        return None


def csv_answer(content: str, name: str) -> Response:
    """A file that is kept, never shown."""
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def line_name(by: SpendingBy, line: SpendingLine, speech: Speech) -> tuple[str, str]:
    """A line of a report in words, and what stands beneath."""
    nobody = speech.say(words.NONE_OF[by])
    match by:
        case SpendingBy.USER:
            if not line.key:
                return nobody, ""
            known = line.display_name or line.user_principal_name
            return known or speech.say(marked("Somebody who was removed")), line.user_principal_name
        case SpendingBy.DESTINATION:
            return (speech.formats.country(line.key) if line.key else line.name or nobody), line.name
        case SpendingBy.SERVICE:
            service = speech.say(SERVICES[Service(line.key)])
            return service, speech.say(words.CALL_TYPES[CallType(line.name)]) if line.name else ""
        case _:
            return line.key or nobody, ""


def _bars(report: SpendingReport) -> list[list[int]]:
    """For each bucket, what the dearest lines came to, then all others."""
    series = [line.over_time for line in report.lines if line.over_time]
    bars = []
    for number, spent in enumerate(report.over_time):
        parts = [line[number].charged_micros for line in series]
        bars.append([*parts, spent.charged_micros - sum(parts)])
    return bars


def _presets(today: date) -> tuple[tuple[str, dict[str, str]], ...]:
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    year = month.replace(year=month.year - 1)
    return tuple(
        (label, {"first": first.isoformat(), "last": last.isoformat(), **more})
        for label, first, last, more in (
            (marked("Last 7 days"), today - timedelta(days=6), today, {}),
            (marked("Last 28 days"), today - timedelta(days=27), today, {}),
            (marked("This month"), month, today, {}),
            (marked("Last month"), before, month - timedelta(days=1), {}),
            (marked("Last 12 months"), year, month - timedelta(days=1), {"every": SpendingEvery.MONTH.value}),
        )
    )


def _errors(refused: Refused, speech: Speech) -> dict[str, str]:
    if refused.code is not RefusalCode.INVALID_INPUT:
        return {}
    field = _FIELD_OF.get(str(refused.facts.get("field", "")), "first")
    return {field: speech.say(_TOO_FINE if field == "every" else _PERIOD)}


def _in(statement: Statement) -> int:
    return sum(line.amount_micros for line in statement.lines if line.amount_micros > 0)


def _out(statement: Statement) -> int:
    return sum(line.amount_micros for line in statement.lines if line.amount_micros < 0)
