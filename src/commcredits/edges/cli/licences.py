"""Commands on licences: how many are bought, and who has which.

Knows arguments, and that a file can be long. Refuses to know which licences go together; the core does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli.files import opened_file, pieces_of, size_of
from commcredits.edges.cli.options import AsJson, DryRun, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.people_writing import stock_document, write_assignments, write_import, write_stock
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.users import File
from commcredits.edges.cli.writing import listing_of, progress, write_json, write_line

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.licensing import LicenceStock
    from commcredits.core.outcomes import Done
    from commcredits.operations.licences import AssignmentReport
    from commcredits.operations.people_import import ImportReport

_QUANTITY: Final = re.compile(r"[0-9]{1,9}", re.ASCII)

Licence = Annotated[str, typer.Argument(metavar="LICENCE", help="Its code, such as MCOPSTN1.")]
Licences = Annotated[list[str], typer.Argument(metavar="LICENCE...", help="Their codes, such as MCOPSTN1 MCOPSTNC.")]
Users = Annotated[
    list[str], typer.Option("--user", metavar="USER", help="Object id or user principal name; may be given many times.")
]


def commands(parts: Parts) -> typer.Typer:
    """The group ``licences``."""
    group = typer.Typer(help="Say how many licences are bought, give and take them.", no_args_is_help=True)
    _add_list(group, parts)
    _add_buying(group, parts)
    _add_assigning(group, parts)
    _add_import(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_licences(organization: OrganizationId, as_json: AsJson = False) -> None:
        """List how many licences of each kind are bought, assigned and free, by the country they were bought for."""
        from commcredits.operations import licences

        async def work() -> tuple[LicenceStock, ...]:
            async with parts.open_services() as opened:
                return taken(await licences.list_licences(opened.services, organization_id=organization))

        stock = run(work())
        if as_json:
            write_json(listing_of(stock_document(each) for each in stock))
        else:
            write_stock(stock)


def _add_buying(group: typer.Typer, parts: Parts) -> None:
    @group.command("buy")
    def set_purchased(
        organization: OrganizationId,
        licence: Licence,
        quantity: Annotated[
            int, typer.Argument(metavar="QUANTITY", parser=_quantity, help="How many there are to be in all.")
        ],
        country: Annotated[str, typer.Option(help="ISO 3166-1 code; default: for no country in particular.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Say how many of a licence are bought, never fewer than are assigned."""
        from commcredits.operations import licences

        async def work() -> Done:
            async with parts.open_services() as opened:
                return taken(
                    await licences.set_purchased(
                        opened.services,
                        organization_id=organization,
                        licence=licence,
                        country=country,
                        quantity=quantity,
                    )
                )

        done = run(work())
        if as_json:
            write_json({"changed": done.changed})
        else:
            write_line(f"{licence}: {quantity} are bought{f' for {country}' if country else ''}.")


def _add_assigning(group: typer.Typer, parts: Parts) -> None:
    @group.command("assign")
    def assign_licences(
        organization: OrganizationId,
        licences: Licences,
        users: Users,
        take: Annotated[
            list[str] | None, typer.Option(metavar="LICENCE", help="Taken before, such as the plan of before.")
        ] = None,
        dry_run: DryRun = False,
        as_json: AsJson = False,
    ) -> None:
        """Give these people these licences, and take others from them: all of it, or nothing."""
        report = run(_change(parts, organization, users, assign=licences, take=take or [], dry_run=dry_run))
        write_assignments(report, dry_run=dry_run, as_json=as_json)

    @group.command("take")
    def take_licences(
        organization: OrganizationId,
        licences: Licences,
        users: Users,
        dry_run: DryRun = False,
        as_json: AsJson = False,
    ) -> None:
        """Take these licences from these people: all of it, or nothing."""
        report = run(_change(parts, organization, users, assign=[], take=licences, dry_run=dry_run))
        write_assignments(report, dry_run=dry_run, as_json=as_json)


def _add_import(group: typer.Typer, parts: Parts) -> None:
    @group.command("import")
    def import_licences(
        organization: OrganizationId, file: File, dry_run: DryRun = False, as_json: AsJson = False
    ) -> None:
        """Give and take licences as a CSV file says: all of it, or nothing and every wrong line."""
        from commcredits.operations import people_import

        async def work() -> ImportReport:
            with opened_file(file) as source, progress("reading licences") as update:
                update(total=size_of(source))
                pieces = pieces_of(source, lambda done: update(completed=done))
                async with parts.open_services() as opened:
                    return taken(
                        await people_import.import_licences(
                            opened.services,
                            organization_id=organization,
                            source=pieces,
                            dry_run=dry_run,
                            progress=lambda what, count: update(description=f"{count} lines {what}"),
                        )
                    )

        write_import(run(work()), dry_run=dry_run, as_json=as_json)


def _quantity(text: str) -> int:
    if not _QUANTITY.fullmatch(text):
        raise typer.BadParameter(f"{text[:32]!r} is not a whole number")
    return int(text)


async def _change(
    parts: Parts, organization_id: str, users: list[str], *, assign: list[str], take: list[str], dry_run: bool
) -> AssignmentReport:
    from commcredits.core.roster import Licence as Code
    from commcredits.operations import licences
    from commcredits.operations.licences import Assignment
    from commcredits.operations.people import refuse_licence

    for code in (*assign, *take):
        taken(refuse_licence("licence", code))
    given, away = frozenset(map(Code, assign)), frozenset(map(Code, take))
    async with parts.open_services() as opened:
        return taken(
            await licences.change_licences(
                opened.services,
                organization_id=organization_id,
                assignments=[Assignment(user=user, assign=given, take=away) for user in users],
                dry_run=dry_run,
            )
        )
