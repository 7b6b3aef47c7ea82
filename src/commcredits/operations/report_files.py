"""Reports as CSV files, for whoever goes on with them in a program: spending, statements, conference dial-out.

Knows columns, which are stable, and amounts as decimal text. Refuses to know languages, and to hand on text that a
spreadsheet would run.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

from commcredits.core.money import format_micros
from commcredits.operations.accounting_files import harmless
from commcredits.operations.dial_out import DialOutLeg, DialOutReport
from commcredits.operations.spending import SpendingReport, Spent
from commcredits.operations.statements import Statement

_LEG = (
    "call_id",
    "conference_id",
    "began_at",
    "callee",
    "destination",
    "country",
    "seconds",
    "pool_minutes",
    "charged",
    "currency",
    "capability",
)
_SPENT = ("calls", "seconds", "pool_minutes", "charged", "currency")


def spending_csv(report: SpendingReport) -> str:
    """A line for each key, then one for all others together, where there are any, and the total (RFC 4180)."""
    rows = [(report.by.value, "name", "user_principal_name", *_SPENT)]
    rows += [
        (
            harmless(line.key),
            harmless(line.display_name or line.name),
            harmless(line.user_principal_name),
            *_cells(line.spent, report.currency),
        )
        for line in report.lines
    ]
    if report.others_count:
        rows.append(("(others)", str(report.others_count), "", *_cells(report.others, report.currency)))
    rows.append(("(total)", "", "", *_cells(report.total, report.currency)))
    return _written(rows)


def spending_over_time_csv(report: SpendingReport) -> str:
    """A line for each day, week or month."""
    rows = [(report.every.value, *_SPENT)]
    rows += [
        (bucket.isoformat(), *_cells(spent, report.currency))
        for bucket, spent in zip(report.buckets, report.over_time, strict=True)
    ]
    return _written(rows)


def statement_csv(statement: Statement) -> str:
    """The opening balance, a line for each reason and service, the closing balance; then debts and tax beside it."""
    rows = [("month", "entry", "service", "amount", "currency")]

    def row(entry: str, micros: int, service: str = "") -> None:
        rows.append((statement.month, entry, service, format_micros(micros), statement.currency))

    row("opening_balance", statement.opening_micros)
    for line in statement.lines:
        row(line.entry.value, line.amount_micros, "" if line.service is None else line.service.value)
    row("closing_balance", statement.closing_micros)
    row("owed_at_opening", statement.owed_opening_micros)
    row("owed_at_closing", statement.owed_closing_micros)
    row("tax_on_purchases", statement.tax_micros)
    row("tax_given_back", statement.tax_given_back_micros)
    return _written(rows)


def dial_out_csv(report: DialOutReport) -> str:
    """A line for each organizer and country."""
    rows = [("object_id", "user_principal_name", "display_name", "country", *_SPENT)]
    rows += [
        (
            each.user_id,
            harmless(each.user_principal_name),
            harmless(each.display_name),
            each.country,
            *_cells(each.spent, report.currency),
        )
        for each in report.organizers
    ]
    return _written(rows)


def legs_csv(legs: Iterable[DialOutLeg], currency: str) -> str:
    """A line for each conference leg; numbers as the organization may see them."""
    rows = [_LEG]
    rows += [
        (
            harmless(leg.session_id),
            harmless(leg.conference_id),
            leg.began_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            # A number begins with a plus sign, which spreadsheets take for a sum.
            harmless(leg.callee),
            harmless(leg.destination),
            leg.country,
            str(leg.seconds),
            str(leg.pool_minutes),
            format_micros(leg.charged_micros),
            currency,
            leg.capability,
        )
        for leg in legs
    ]
    return _written(rows)


def _cells(spent: Spent, currency: str) -> tuple[str, str, str, str, str]:
    return (
        str(spent.calls),
        str(spent.seconds),
        str(spent.pool_minutes),
        format_micros(spent.charged_micros),
        currency,
    )


def _written(rows: Iterable[tuple[str, ...]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
