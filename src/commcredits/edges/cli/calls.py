"""Commands on calls: listing them, importing those that are over, pricing a period anew.

Knows arguments, and that a file can be long. Refuses to know what a record must be like, and prices.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli import call_handling
from commcredits.edges.cli.call_writing import write_calls, write_correction, write_import, write_simulation
from commcredits.edges.cli.files import opened_file, pieces_of, size_of
from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    AsJson,
    CommandId,
    Cursor,
    Limit,
    OrganizationId,
    instant_option,
)
from commcredits.edges.cli.parts import CannotRunError, Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import document_of, listing_of, progress, say_more, write_json

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.call_mappings import CallMapping
    from commcredits.operations.csv_lines import LineError
    from commcredits.operations.paging import Page
    from commcredits.operations.recorded_calls import CallImport
    from commcredits.operations.reports import CallRecord
    from commcredits.operations.rerating import Correction, Simulation
    from commcredits.operations.services import Services

_REJECTED_COLUMNS: Final = ("line", "column", "value", "allowed", "code")
_JSON: Final = ".json"


def commands(parts: Parts) -> typer.Typer:
    """The group ``calls``."""
    group = typer.Typer(
        help="List, cut and refund calls, import those that are over, price them anew.", no_args_is_help=True
    )
    _add_list(group, parts)
    _add_import(group, parts)
    _add_rerating(group, parts)
    call_handling.add_commands(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_calls(
        organization: OrganizationId,
        session_id: Annotated[str | None, typer.Option(help="Show this call alone.")] = None,
        free: Annotated[
            bool, typer.Option("--free", help="Those alone that were charged nothing for want of a rate.")
        ] = False,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List an organization's calls, running, over and refused, newest first."""
        from commcredits.operations import reports
        from commcredits.operations.paging import Page

        async def work() -> Page[CallRecord]:
            async with parts.open_services() as opened:
                if session_id is not None:
                    call = taken(
                        await reports.get_call(opened.services, organization_id=organization, session_id=session_id)
                    )
                    return Page(items=(call,), next_cursor=None)
                return taken(
                    await reports.list_calls(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit, free=free
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_calls(page.items)
        say_more(page.next_cursor)


def _add_import(group: typer.Typer, parts: Parts) -> None:
    @group.command("import")
    def import_calls(
        organization: OrganizationId,
        file: Annotated[
            str, typer.Argument(metavar="FILE", help="CSV in UTF-8, or a ZIP that holds it; - reads it from a pipe.")
        ],
        mapping: Annotated[
            str,
            typer.Option(
                metavar="NAME|FILE",
                help="How its columns are read: commcredits, pstn_export, asterisk_csv, a saved one, or a JSON file.",
            ),
        ] = "commcredits",
        time_zone: Annotated[
            str | None, typer.Option(help="IANA zone of instants without an offset, not the mapping's.")
        ] = None,
        ignore_users: Annotated[
            bool, typer.Option("--ignore-users", help="Leave out whose calls they were; numbers say it.")
        ] = False,
        rejects: Annotated[
            str | None, typer.Option(metavar="FILE", help="Write every line that is not taken to this CSV file.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Record calls that are over: each is rated and charged once, however often its file comes."""
        from commcredits.operations import recorded_calls

        async def work() -> CallImport:
            with opened_file(file) as source, _rejects_file(rejects) as reject, progress("reading calls") as update:
                update(total=size_of(source))
                pieces = pieces_of(source, lambda done: update(completed=done))
                async with parts.open_services() as opened:
                    return taken(
                        await recorded_calls.import_calls(
                            opened.services,
                            organization_id=organization,
                            source=pieces,
                            mapping=await _mapping(opened.services, mapping),
                            time_zone=time_zone,
                            ignore_users=ignore_users,
                            reject=reject,
                            progress=lambda count: update(description=f"{count} calls recorded"),
                        )
                    )

        write_import(run(work()), as_json=as_json)


def _add_rerating(group: typer.Typer, parts: Parts) -> None:
    @group.command("rerate")
    def rerate_calls(
        organization: OrganizationId,
        begins_at: Annotated[datetime, instant_option("--from", "Calls that began then or later.")],
        ends_at: Annotated[datetime, instant_option("--to", "Calls that began before then.")],
        deck: Annotated[str, typer.Option(metavar="RATE_DECK", help="The rate deck that they are rated by.")],
        correct: Annotated[
            bool, typer.Option("--correct", help="Charge them so, by reversing transfers; without it, only say it.")
        ] = False,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Say what a period would have cost under another rate deck, or charge it so."""
        from commcredits.operations import rerating
        from commcredits.operations.period_rating import Period

        period = Period(begins_at=begins_at, ends_at=ends_at)

        async def work() -> Simulation | Correction:
            with progress("rating calls") as update:
                async with parts.open_services() as opened:

                    def tell(done: int, total: int) -> None:
                        update(completed=done, total=total, description=f"{done} calls rated")

                    if correct:
                        return taken(
                            await rerating.correct_calls(
                                opened.services,
                                organization_id=organization,
                                correction_id=command_id or opened.services.new_id(),
                                period=period,
                                rate_deck_id=deck,
                                progress=tell,
                            )
                        )
                    return taken(
                        await rerating.simulate(
                            opened.services,
                            organization_id=organization,
                            period=period,
                            rate_deck_id=deck,
                            progress=tell,
                        )
                    )

        done = run(work())
        if isinstance(done, rerating.Correction):
            write_correction(done, as_json=as_json)
        else:
            write_simulation(done, as_json=as_json)


async def _mapping(services: Services, named: str) -> CallMapping:
    """The mapping in a JSON file, or of that name."""
    from commcredits.operations.call_mapping_store import find_mapping
    from commcredits.operations.call_mappings import read_mapping

    if named.endswith(_JSON):
        with opened_file(named) as file:
            return taken(read_mapping(file.read()))
    return taken(await find_mapping(services, name=named))


@contextmanager
def _rejects_file(named: str | None) -> Iterator[Callable[[LineError], None] | None]:
    """What writes a line to the file for each line that is not taken. Raises CannotRunError."""
    if named is None:
        yield None
        return
    with ExitStack() as opened:
        try:
            file = opened.enter_context(Path(named).open("w", encoding="utf-8", newline=""))
        except OSError as error:
            raise CannotRunError(f"--rejects: {named!r} cannot be written: {error.strerror or error}") from None
        writer = csv.writer(file)
        writer.writerow(_REJECTED_COLUMNS)
        yield lambda error: writer.writerow((error.line, error.column, error.value, error.allowed, error.code.value))
