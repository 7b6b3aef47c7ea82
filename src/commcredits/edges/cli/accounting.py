"""Commands for accountants: a period as a file, its sums, and the tax that revenue contains.

Knows where a file is written. Refuses to know debits and credits.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from commcredits.edges.cli.options import AsJson, instant_option
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import amount_text, complain, document_of, listing_of, write_json, write_table

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from datetime import datetime

    from commcredits.operations.accounting import Period
    from commcredits.operations.accounting_summary import AccountSum, TaxOnUse

Begins = Annotated[Any, instant_option("--from", "The first instant of the period.")]
Ends = Annotated[Any, instant_option("--to", "The instant before which it ends; it must have passed.")]
Zone = Annotated[str, typer.Option(metavar="NAME", help="By whose clock dates and months are.")]
OfOrganization = Annotated[
    str | None, typer.Option("--organization", metavar="ID", help="This organization alone; else all of them.")
]


def commands(parts: Parts) -> typer.Typer:
    """The group ``accounting``."""
    group = typer.Typer(help="Files and sums of a period, for accountants.", no_args_is_help=True)
    _add_export(group, parts)
    _add_sums(group, parts)
    _add_taxes(group, parts)
    return group


def _add_export(group: typer.Typer, parts: Parts) -> None:
    @group.command("export")
    def export(
        begins: Begins,
        ends: Ends,
        form: Annotated[str, typer.Option("--format", help="csv, hledger or entries.")] = "csv",
        output: Annotated[str, typer.Option(help="A file; - is standard output.")] = "-",
        time_zone: Zone = "UTC",
        organization: OfOrganization = None,
    ) -> None:
        """Write a period's transfers: our journal, a journal for hledger and ledger, or lines of debit and credit."""
        from commcredits.operations.accounting import ExportForm, export_period

        known = {each.value: each for each in ExportForm}
        if form not in known:
            raise typer.BadParameter(f"{form[:32]!r} is none of {', '.join(known)}")

        async def write(file: IO[bytes]) -> None:
            async with parts.open_services() as opened:
                period = _period(begins, ends, time_zone, organization)
                async for piece in taken(await export_period(opened.services, period, known[form])):
                    file.write(piece)
                file.flush()

        if output == "-":
            run(write(sys.stdout.buffer))
            return
        try:
            with Path(output).open("wb") as file:
                run(write(file))
        except OSError as error:
            complain(f"--output: {output!r} cannot be written: {error.strerror}")
            raise typer.Exit(ExitStatus.CANNOT_RUN) from None


def _add_sums(group: typer.Typer, parts: Parts) -> None:
    @group.command("accounts")
    def sum_accounts(begins: Begins, ends: Ends, organization: OfOrganization = None, as_json: AsJson = False) -> None:
        """Show what a period debited and credited each account; debits are positive."""
        from commcredits.operations import accounting_summary

        async def work() -> tuple[AccountSum, ...]:
            async with parts.open_services() as opened:
                period = _period(begins, ends, "UTC", organization)
                return taken(await accounting_summary.sum_accounts(opened.services, period))

        sums = run(work())
        if as_json:
            write_json(listing_of(document_of(each) for each in sums))
            return
        write_table(
            ("code", "account", "opening ", "debit ", "credit ", "closing ", "currency"),
            (
                (
                    each.code,
                    each.name,
                    *(
                        amount_text(micros)
                        for micros in (
                            each.opening_micros,
                            each.debit_micros,
                            each.credit_micros,
                            each.closing_micros,
                        )
                    ),
                    each.currency,
                )
                for each in sums
            ),
        )


def _add_taxes(group: typer.Typer, parts: Parts) -> None:
    @group.command("tax-on-use")
    def tax_on_use(begins: Begins, ends: Ends, time_zone: Zone = "UTC", as_json: AsJson = False) -> None:
        """Show the tax that each month's revenue contains, in countries where it is due on use."""
        from commcredits.operations import accounting_summary

        async def work() -> tuple[TaxOnUse, ...]:
            async with parts.open_services() as opened:
                period = _period(begins, ends, time_zone, None)
                return taken(await accounting_summary.tax_on_use(opened.services, period))

        taxes = run(work())
        if as_json:
            write_json(listing_of(document_of(each) for each in taxes))
            return
        write_table(
            ("month", "country", "rate ", "revenue ", "given ", "taxed before ", "taxable ", "tax ", "currency"),
            (
                (
                    each.month,
                    each.country,
                    amount_text(each.rate_micros),
                    amount_text(each.revenue_micros),
                    amount_text(each.given_micros),
                    amount_text(each.taxed_before_micros),
                    amount_text(each.taxable_micros),
                    amount_text(each.tax_micros),
                    each.currency,
                )
                for each in taxes
            ),
        )


def _period(begins: datetime, ends: datetime, time_zone: str, organization: str | None) -> Period:
    from commcredits.operations.accounting import Period

    return Period(begins=begins, ends=ends, time_zone=time_zone, organization_id=organization)
