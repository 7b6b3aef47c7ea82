"""Commands that tell what calls cost: ``spending``, ``statement``, ``dial-out`` and ``explain-call``.

Knows arguments and columns. Refuses to change anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.options import AsJson, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.spending_writing import write_dial_out, write_explanation, write_spending, write_statement

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from datetime import date

    from commcredits.operations.call_explaining import CallExplanation
    from commcredits.operations.dial_out import DialOutReport
    from commcredits.operations.spending import SpendingReport
    from commcredits.operations.statements import Statement

FirstDay = Annotated[str, typer.Option("--first", metavar="DAY", help="The first day, such as 2026-11-01.")]
LastDay = Annotated[str, typer.Option("--last", metavar="DAY", help="The last day. Default: today.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Write CSV.")]


def add_commands(app: typer.Typer, parts: Parts) -> None:
    """Add the commands to the application."""
    _add_spending(app, parts)
    _add_statement(app, parts)
    _add_dial_out(app, parts)
    _add_explain_call(app, parts)


def _add_spending(app: typer.Typer, parts: Parts) -> None:
    @app.command("spending")
    def report_spending(
        organization: OrganizationId,
        by: Annotated[str, typer.Option(help="department, user, destination, service or capability.")] = "department",
        every: Annotated[str, typer.Option(help="day, week or month. Default: as long as the time is.")] = "",
        first: FirstDay = "",
        last: LastDay = "",
        top: Annotated[int, typer.Option(help="How many lines at most.")] = 20,
        as_csv: AsCsv = False,
        as_json: AsJson = False,
    ) -> None:
        """Report what calls cost over time, by default in the last 30 days."""
        from commcredits.operations import spending

        async def work() -> SpendingReport:
            async with parts.open_services() as opened:
                return taken(
                    await spending.report_spending(
                        opened.services,
                        organization_id=organization,
                        by=by,
                        every=every,
                        first_day=_day("--first", first),
                        last_day=_day("--last", last),
                        top=spending.TOP_MAX if as_csv else top,
                    )
                )

        write_spending(run(work()), as_json=as_json, as_csv=as_csv)


def _add_statement(app: typer.Typer, parts: Parts) -> None:
    @app.command("statement")
    def show_statement(
        organization: OrganizationId,
        month: Annotated[
            str, typer.Option(metavar="MONTH", help="Such as 2026-11. Default: the one that is now.")
        ] = "",
        as_csv: AsCsv = False,
        as_json: AsJson = False,
    ) -> None:
        """Show what came and went in a month, from its opening to its closing balance."""
        from commcredits.operations import statements

        async def work() -> Statement:
            async with parts.open_services() as opened:
                return taken(await statements.get_statement(opened.services, organization_id=organization, month=month))

        write_statement(run(work()), as_json=as_json, as_csv=as_csv)


def _add_dial_out(app: typer.Typer, parts: Parts) -> None:
    @app.command("dial-out")
    def report_dial_out(
        organization: OrganizationId,
        first: FirstDay = "",
        last: LastDay = "",
        as_csv: AsCsv = False,
        as_json: AsJson = False,
    ) -> None:
        """Report conference dial-out by organizer, by default of the month so far."""
        from commcredits.operations import dial_out

        async def work() -> DialOutReport:
            async with parts.open_services() as opened:
                return taken(
                    await dial_out.report_dial_out(
                        opened.services,
                        organization_id=organization,
                        first_day=_day("--first", first),
                        last_day=_day("--last", last),
                    )
                )

        write_dial_out(run(work()), as_json=as_json, as_csv=as_csv)


def _add_explain_call(app: typer.Typer, parts: Parts) -> None:
    @app.command("explain-call")
    def explain_call(
        organization: OrganizationId,
        session: Annotated[str, typer.Argument(metavar="CALL", help="The id that its switch gave the call.")],
        as_json: AsJson = False,
    ) -> None:
        """Say what paid for a call, step by step, or why it was refused and what would have changed that."""
        from commcredits.operations import call_explaining

        async def work() -> CallExplanation:
            async with parts.open_services() as opened:
                return taken(
                    await call_explaining.explain_call(
                        opened.services, organization_id=organization, session_id=session
                    )
                )

        write_explanation(run(work()), as_json=as_json)


def _day(option: str, text: str) -> date | None:
    from datetime import date

    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a day such as 2026-11-22", param_hint=option) from None
