"""Spending, statements, dial-out and explained calls as JSON, with the fields of the administration API.

Knows fields. Refuses to know people's words for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commcredits.core.money import format_micros
from commcredits.core.policies import LimitKind
from commcredits.edges.cli.writing import document_of

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.call_explaining import CallExplanation, LimitShare, MoneyPart
    from commcredits.operations.dial_out import DialOutReport
    from commcredits.operations.spending import SpendingReport, Spent
    from commcredits.operations.statements import Statement

Document = dict[str, object]


def spending_document(report: SpendingReport) -> Document:
    """A report of spending."""
    return {
        "by": report.by,
        "every": report.every,
        "first_day": report.first_day.isoformat(),
        "last_day": report.last_day.isoformat(),
        "time_zone": report.time_zone,
        "currency": report.currency,
        "as_of": document_of(report, without=_ALL_BUT_INSTANT)["as_of"],
        "total": _spent(report.total),
        "over_time": [
            {"first_day": bucket.isoformat(), **_spent(spent)}
            for bucket, spent in zip(report.buckets, report.over_time, strict=True)
        ],
        "lines": [
            {
                "key": line.key,
                "name": line.name,
                "display_name": line.display_name,
                "user_principal_name": line.user_principal_name,
                "over_time": [_spent(each) for each in line.over_time] if line.over_time else None,
                **_spent(line.spent),
            }
            for line in report.lines
        ],
        "others": _spent(report.others),
        "others_count": report.others_count,
    }


def statement_document(statement: Statement) -> Document:
    """A month of the balance."""
    return document_of(statement)


def dial_out_document(report: DialOutReport) -> Document:
    """Conference dial-out by organizer."""
    return {
        "first_day": report.first_day.isoformat(),
        "last_day": report.last_day.isoformat(),
        "total": _spent(report.total),
        "organizers": [
            {
                "user_id": each.user_id or None,
                "display_name": each.display_name,
                "user_principal_name": each.user_principal_name,
                "country": each.country,
                **_spent(each.spent),
            }
            for each in report.organizers
        ],
        **document_of(report, without=("first_day", "last_day", "total", "organizers")),
    }


def explanation_document(told: CallExplanation) -> Document:
    """An explained call."""
    refusal = told.refusal
    plain = document_of(told, without=("call", "row", "money", "limits", "refusal"))
    return {
        **plain,
        "call": document_of(told.call),
        "row": None if told.row is None else told.row.number,
        "money": None if told.money is None else _money(told.money),
        "limits": [_limit(limit) for limit in told.limits],
        "refusal_facts": {} if refusal is None else dict(refusal.facts),
        "would_change_it": [] if refusal is None else list(refusal.would_change_it),
    }


_ALL_BUT_INSTANT = (
    "by",
    "every",
    "first_day",
    "last_day",
    "time_zone",
    "currency",
    "total",
    "over_time",
    "buckets",
    "lines",
    "others",
    "others_count",
)


def _money(money: MoneyPart) -> Document:
    plain = document_of(money, without=("rate", "sum"))
    return {
        **plain,
        "prefix": money.rate.prefix,
        "destination": money.rate.destination,
        "first_increment_seconds": money.rate.first_increment_seconds,
        "next_increment_seconds": money.rate.next_increment_seconds,
        "billed_seconds": money.sum.billed_seconds,
        "connection_fee": format_micros(money.sum.connection_fee_micros),
        "parts": [document_of(part) for part in money.sum.parts],
        "rounding_sixtieths": money.sum.rounding_sixtieths,
        "above_maximum": format_micros(money.sum.above_maximum_micros),
        "price": format_micros(money.sum.price_micros),
    }


def _limit(limit: LimitShare) -> Document:
    is_money = limit.kind is LimitKind.MICROS
    return {
        "meter": limit.key,
        "period": limit.period,
        "kind": limit.kind,
        "used": format_micros(limit.used) if is_money else None,
        "held": format_micros(limit.held) if is_money else None,
    }


def _spent(spent: Spent) -> Document:
    return document_of(spent)
