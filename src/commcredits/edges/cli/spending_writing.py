"""How spending, statements, dial-out and explained calls are written, for people and for programs.

Knows the form. Refuses to know what is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commcredits.edges.cli.spending_documents import (
    dial_out_document,
    explanation_document,
    spending_document,
    statement_document,
)
from commcredits.edges.cli.writing import (
    amount_text,
    moment_text,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.call_explaining import CallExplanation
    from commcredits.operations.dial_out import DialOutReport
    from commcredits.operations.spending import SpendingReport, Spent
    from commcredits.operations.statements import Statement


def write_spending(report: SpendingReport, *, as_json: bool, as_csv: bool) -> None:
    """Lines, others and the total; then time."""
    if as_csv:
        from commcredits.operations.report_files import spending_csv

        write_line(spending_csv(report).rstrip())
        return
    if as_json:
        write_json(spending_document(report))
        return
    lines = [
        (line.display_name or line.user_principal_name or line.key, line.name, line.spent) for line in report.lines
    ]
    if report.others_count:
        lines.append((f"{report.others_count} others", "", report.others))
    lines.append(("all", "", report.total))
    write_table(
        (report.by.value, "name", "calls ", "seconds ", "pool minutes ", "charged ", "currency"),
        ((key, name, *_cells(spent), report.currency) for key, name, spent in lines),
    )
    write_table(
        (report.every.value, "calls ", "seconds ", "pool minutes ", "charged ", "currency"),
        (
            (bucket.isoformat(), *_cells(spent), report.currency)
            for bucket, spent in zip(report.buckets, report.over_time, strict=True)
        ),
    )


def write_statement(statement: Statement, *, as_json: bool, as_csv: bool) -> None:
    """From the opening balance to the closing one."""
    if as_csv:
        from commcredits.operations.report_files import statement_csv

        write_line(statement_csv(statement).rstrip())
        return
    if as_json:
        write_json(statement_document(statement))
        return
    amounts = {"opening balance": statement.opening_micros}
    for line in statement.lines:
        name = line.entry.value if line.service is None else f"{line.entry.value}: {line.service.value}"
        amounts[name.replace("_", " ")] = line.amount_micros
    amounts["closing balance"] = statement.closing_micros
    if statement.owed_opening_micros or statement.owed_closing_micros:
        amounts |= {"owed at opening": statement.owed_opening_micros, "owed at closing": statement.owed_closing_micros}
    if statement.tax_micros or statement.tax_given_back_micros:
        amounts |= {"tax on purchases": statement.tax_micros, "tax given back": statement.tax_given_back_micros}
    write_facts({"month": statement.month + ("" if statement.is_over else ", not over yet")})
    write_facts({name: f"{amount_text(micros):>16} {statement.currency}" for name, micros in amounts.items()})


def write_dial_out(report: DialOutReport, *, as_json: bool, as_csv: bool) -> None:
    """A line for each organizer."""
    if as_csv:
        from commcredits.operations.report_files import dial_out_csv

        write_line(dial_out_csv(report).rstrip())
        return
    if as_json:
        write_json(dial_out_document(report))
        return
    write_table(
        ("organizer", "country", "legs ", "seconds ", "pool minutes ", "charged ", "currency"),
        (
            (
                each.display_name or each.user_principal_name or each.user_id,
                each.country,
                *_cells(each.spent),
                report.currency,
            )
            for each in report.organizers
        ),
    )


def write_explanation(told: CallExplanation, *, as_json: bool) -> None:
    """The call, what paid, the sum, the lots, what bound it and what came later."""
    if as_json:
        write_json(explanation_document(told))
        return
    call = told.call
    facts = {
        "call": call.session_id,
        "from": call.caller,
        "to": call.callee,
        "state": call.state.value,
        "user": call.user_display_name or told.user_principal_name,
        "who pays": "every call from the balance"
        if told.row is None
        else f"row {told.row.number}: {told.row.situation}",
        "seconds": str(call.duration_seconds),
        "charged": f"{amount_text(call.charged_micros)} {call.currency}",
    }
    if told.minutes is not None:
        facts["minutes"] = f"{told.minutes.minutes} of {told.minutes.pool}, {told.minutes.period}"
        if told.minutes.crossed_at is not None:
            facts["credits from"] = moment_text(told.minutes.crossed_at)
    if told.money is not None:
        money = told.money
        facts["rate"] = f"+{money.rate.prefix} {money.rate.destination}, deck {money.deck_name}"
        facts["billed seconds"] = str(money.sum.billed_seconds)
        facts["connection fee"] = f"{amount_text(money.sum.connection_fee_micros)} {call.currency}"
    for limit in told.limits:
        facts[f"bound by {limit.key}"] = limit.period or "while it ran"
    if told.refusal is not None:
        facts["refused"] = told.refusal.code.value
        facts["would change it"] = ", ".join(told.refusal.would_change_it)
    write_facts(facts)
    if told.lots:
        write_table(
            ("fund lot", "source", "purchased", "expires", "drawn ", "currency"),
            (
                (
                    lot.lot_id,
                    lot.source.value,
                    moment_text(lot.purchased_at),
                    moment_text(lot.expires_at),
                    amount_text(lot.drawn_micros),
                    call.currency,
                )
                for lot in told.lots
            ),
        )
    for each in told.later:
        write_line(f"{moment_text(each.at)}  {each.reason.value}  {amount_text(each.amount_micros)} {call.currency}")


def _cells(spent: Spent) -> tuple[str, str, str, str]:
    return (str(spent.calls), str(spent.seconds), str(spent.pool_minutes), amount_text(spent.charged_micros))
