"""What commands on calls write, for people and for programs.

Knows the form. JSON has the same fields as the administration API. Refuses to know what is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import typer

from commcredits.edges.cli.refusing import ExitStatus, RefusedError, sentence_of
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
    document_of,
    moment_text,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.recorded_calls import CallImport
    from commcredits.operations.reports import CallRecord
    from commcredits.operations.rerating import Correction, Simulation
    from commcredits.operations.simulated_totals import GroupTotals

_ROWS_MAX: Final = 10
"""How many rows of each table of a simulation people are shown; programs get all."""


def write_calls(calls: Iterable[CallRecord]) -> None:
    """A table of calls."""
    write_table(
        (
            "authorised",
            "user",
            "caller",
            "callee",
            "destination",
            "state",
            "seconds ",
            "minutes ",
            "charged ",
            "currency",
            "why",
        ),
        (
            (
                moment_text(each.authorised_at),
                each.user_display_name,
                each.caller,
                each.callee,
                each.destination,
                each.state,
                str(each.duration_seconds),
                str(each.pool_minutes) if each.pool_minutes else "",
                amount_text(each.charged_micros),
                each.currency,
                each.refusal or each.cause,
            )
            for each in calls
        ),
    )


def write_import(report: CallImport, *, as_json: bool) -> None:
    """What became of a file. Raises typer.Exit when not all of it was taken."""
    if as_json and report.refused is None:
        write_json(document_of(report, without=("refused",)))
    elif not as_json:
        amounts = {"charged": report.charged_micros, "owed": report.owed_micros}
        write_facts(
            {
                "recorded": str(report.accepted),
                "known before": str(report.known),
                "left out by the mapping": str(report.skipped),
                "not taken": str(report.rejected),
                "without a rate": str(report.free_calls),
                "minutes of pools": str(report.pool_minutes),
                **{name: f"{amount_text(micros)} {report.currency}" for name, micros in amounts.items()},
            }
        )
    for error in report.rejections:
        complain(sentence_of(error.refused()))
    if report.refused is not None:
        complain(sentence_of(report.refused))
        complain(f"stopped before the end, after {report.accepted} calls; the same file again goes on from there")
        raise typer.Exit(RefusedError(report.refused).status)
    if report.rejected:
        complain(f"lines that were not taken: {report.rejected}; all others are recorded")
        raise typer.Exit(ExitStatus.NOT_ALL)


def write_simulation(report: Simulation, *, as_json: bool) -> None:
    """What a period would have cost."""
    if as_json:
        write_json(document_of(report))
        return
    amounts = {
        "charged": report.charged_micros,
        "would cost": report.would_cost_micros,
        "difference": report.difference_micros,
    }
    write_facts(
        {
            "calls": str(report.calls),
            "not priced by any deck": str(report.unpriced),
            "without a rate there": str(report.free_calls),
            **{name: f"{amount_text(micros)} {report.currency}" for name, micros in amounts.items()},
        }
    )
    for name, groups in (("destination", report.destinations), ("service", report.services), ("user", report.users)):
        _write_groups(name, groups)
    if report.dearest:
        write_table(
            ("call", "began", "callee", "destination", "seconds ", "charged ", "would cost ", "difference "),
            (
                (
                    each.session_id,
                    moment_text(each.began_at),
                    each.callee,
                    each.destination,
                    str(each.seconds),
                    amount_text(each.charged_micros),
                    amount_text(each.would_cost_micros),
                    amount_text(each.difference_micros),
                )
                for each in report.dearest[:_ROWS_MAX]
            ),
        )
    if report.note:
        write_line(f"Rated call by call: {report.note}.")


def write_correction(report: Correction, *, as_json: bool) -> None:
    """What a correction did. Raises typer.Exit when it stopped before the end, or calls were kept as they are."""
    if as_json and report.refused is None:
        write_json(document_of(report, without=("refused",)))
    elif not as_json:
        amounts = {
            "charged": report.charged_micros,
            "owed of it": report.owed_micros,
            "given back": report.given_back_micros,
            "debt forgiven of it": report.debt_forgiven_micros,
        }
        write_facts(
            {
                "correction": report.correction_id,
                "corrected": str(report.corrected),
                "unchanged": str(report.unchanged),
                "running": str(report.running),
                "refused calls": str(report.refused_calls),
                "without a rate there": str(report.free_calls),
                **{name: f"{amount_text(micros)} {report.currency}" for name, micros in amounts.items()},
            }
        )
    for kept in report.kept_calls:
        complain(f"call {kept.session_id} stays as it is [{kept.code}]")
    if report.refused is not None:
        complain(sentence_of(report.refused))
        complain(f"stopped before the end; --command-id {report.correction_id} goes on from there")
        raise typer.Exit(RefusedError(report.refused).status)
    if report.kept:
        complain(f"calls that stay as they are: {report.kept}")
        raise typer.Exit(ExitStatus.NOT_ALL)


def _write_groups(name: str, groups: Sequence[GroupTotals]) -> None:
    if groups:
        write_table(
            (name, "calls ", "charged ", "would cost ", "difference "),
            (
                (
                    each.name or each.key,
                    str(each.calls),
                    amount_text(each.charged_micros),
                    amount_text(each.would_cost_micros),
                    amount_text(each.difference_micros),
                )
                for each in groups[:_ROWS_MAX]
            ),
        )
