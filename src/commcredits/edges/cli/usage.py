"""Commands about usage: its sums, its rows, and its export to a file.

Knows columns and where a file is written. Refuses to know what a row says.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, OrganizationId, instant_option
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
    document_of,
    listing_of,
    moment_text,
    say_more,
    write_json,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from datetime import datetime

    from commcredits.operations.call_records import UsageRow
    from commcredits.operations.paging import Page
    from commcredits.operations.usage import UsageQuery, UsageSums

Begins = Annotated[Any, instant_option("--from", "The first instant of the period.")]
Ends = Annotated[Any, instant_option("--to", "Its last instant, included; at most 366 days later.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Of these calls alone, may be repeated: user=<object id>, call_type=user_out, country=GB, "
        "capability=MCOPSTNPP, charged=true.",
    ),
]

_NAMES: Final = ("user", "call_type", "country", "capability", "charged")


def commands(parts: Parts) -> typer.Typer:
    """The group ``usage``."""
    group = typer.Typer(help="Calls as usage reports tell of them.", no_args_is_help=True)
    _add_list(group, parts)
    _add_sums(group, parts)
    _add_export(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_usage(
        organization: OrganizationId,
        begins: Begins,
        ends: Ends,
        only: Only = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List the usage of a period, newest call first."""
        from commcredits.operations import usage

        query = _query(begins, ends, only)

        async def work() -> Page[UsageRow]:
            async with parts.open_services() as opened:
                return taken(
                    await usage.list_usage(
                        opened.services, organization_id=organization, query=query, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("call", "began", "type", "from", "to", "seconds ", "charge ", "fee ", "currency", "capability"),
            (
                (
                    each.call_id,
                    moment_text(each.started_at),
                    each.call_type.value,
                    each.caller,
                    each.callee,
                    str(each.duration_seconds),
                    amount_text(each.charge_micros),
                    amount_text(each.fee_micros),
                    each.currency,
                    each.capability,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_sums(group: typer.Typer, parts: Parts) -> None:
    @group.command("sums")
    def sum_usage(
        organization: OrganizationId,
        begins: Begins,
        ends: Ends,
        only: Only = None,
        as_json: AsJson = False,
    ) -> None:
        """Show what the usage of a period came to, day by day (UTC) and in all."""
        from commcredits.operations import usage

        query = _query(begins, ends, only)

        async def work() -> UsageSums:
            async with parts.open_services() as opened:
                return taken(await usage.sum_usage(opened.services, organization_id=organization, query=query))

        sums = run(work())
        if as_json:
            write_json(document_of(sums))
            return
        rows = [(day.day.isoformat(), day.calls, day.seconds, day.charge_micros, day.fee_micros) for day in sums.days]
        rows.append(("in all", sums.calls, sums.seconds, sums.charge_micros, sums.fee_micros))
        write_table(
            ("day", "calls ", "seconds ", "charge ", "fee ", "currency"),
            (
                (day, str(calls), str(seconds), amount_text(charge), amount_text(fee), sums.currency)
                for day, calls, seconds, charge, fee in rows
            ),
        )


def _add_export(group: typer.Typer, parts: Parts) -> None:
    @group.command("export")
    def export(
        organization: OrganizationId,
        begins: Begins,
        ends: Ends,
        output: Annotated[str, typer.Option(help="A file; - is standard output.")] = "-",
        only: Only = None,
    ) -> None:
        """Write the usage of a period as a ZIP: the calls as CSV with 25 columns, and parameters.json."""
        from commcredits.operations import call_exports

        query = _query(begins, ends, only)

        async def write(file: IO[bytes]) -> None:
            async with parts.open_services() as opened:
                pieces = taken(
                    await call_exports.export_usage(opened.services, organization_id=organization, query=query)
                )
                async for piece in pieces:
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


def _query(begins: datetime, ends: datetime, only: list[str] | None) -> UsageQuery:
    from commcredits.operations.usage import UsageQuery

    chosen: dict[str, str] = {}
    for text in only or ():
        name, equals, value = text.partition("=")
        if name not in _NAMES or not equals or not value or name in chosen:
            raise typer.BadParameter(f"--only {text[:64]!r}: one each of {', '.join(_NAMES)}, as call_type=user_out")
        chosen[name] = value
    if chosen.get("charged", "true") not in ("true", "false"):
        raise typer.BadParameter("--only charged: true or false")
    return UsageQuery(
        begins=begins,
        ends=ends,
        user_id=chosen.get("user", ""),
        call_type=chosen.get("call_type", ""),
        country=chosen.get("country", ""),
        capability=chosen.get("capability", ""),
        charged_only=chosen.get("charged") == "true",
    )
