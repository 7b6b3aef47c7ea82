"""Commands on the telephone numbers of an organization.

Knows arguments and what is shown. Refuses to know prices: those go by prefix, never by whose number it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    document_of,
    listing_of,
    moment_text,
    say_more,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.numbers import PhoneNumber

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="E.164, such as +40212345678.")]
DisplayName = Annotated[str, typer.Option(help="What is shown beside it.")]
NUMBER_KINDS = "user, or the service numbers toll (the caller pays) and toll_free (the called organization pays)."


def commands(parts: Parts) -> typer.Typer:
    """The group ``numbers``."""
    group = typer.Typer(help="Give organizations telephone numbers, and say whom they serve.", no_args_is_help=True)
    _add_adding(group, parts)
    _add_list(group, parts)
    _add_assigning(group, parts)
    _add_reserving(group, parts)
    _add_acquiring(group, parts)
    _add_quotas(group, parts)
    return group


def _add_adding(group: typer.Typer, parts: Parts) -> None:
    @group.command("add")
    def add_number(
        organization: OrganizationId,
        number: Number,
        kind: Annotated[str, typer.Option(help=NUMBER_KINDS)] = "user",
        display_name: DisplayName = "",
        as_json: AsJson = False,
    ) -> None:
        """Give an organization a telephone number, whatever its quota."""
        from commcredits.operations import numbers

        async def work() -> PhoneNumber:
            async with parts.open_services() as opened:
                return taken(
                    await numbers.add_number(
                        opened.services,
                        organization_id=organization,
                        number=number,
                        kind=kind,
                        display_name=display_name,
                    )
                )

        _write_as_own(run(work()), as_json=as_json)


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_numbers(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's telephone numbers, newest first."""
        from commcredits.operations import numbers
        from commcredits.operations.paging import Page

        async def work() -> Page[PhoneNumber]:
            async with parts.open_services() as opened:
                return taken(
                    await numbers.list_numbers(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("number", "kind", "country", "range", "purpose", "object id", "display name", "added"),
            (
                (
                    each.number,
                    each.kind,
                    each.country,
                    each.dialled_kind,
                    each.purpose,
                    each.party_id or "",
                    each.display_name,
                    moment_text(each.created_at),
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_assigning(group: typer.Typer, parts: Parts) -> None:
    def assign(organization: str, number: str, purpose: str, user: str | None, *, as_json: bool) -> None:
        from commcredits.operations import numbers

        async def work() -> PhoneNumber:
            async with parts.open_services() as opened:
                return taken(
                    await numbers.assign_number(
                        opened.services, organization_id=organization, number=number, purpose=purpose, user=user
                    )
                )

        assigned = run(work())
        if as_json:
            write_json(document_of(assigned))
        else:
            serves = user or ("nobody" if assigned.purpose == "unassigned" else "everybody")
            write_line(f"{assigned.number} serves {serves} ({assigned.purpose}).")

    @group.command("assign")
    def assign_number(
        organization: OrganizationId,
        number: Number,
        purpose: Annotated[
            str,
            typer.Option(help="person for a user number; conference_bridge, auto_attendant or call_queue for others."),
        ],
        user: Annotated[
            str | None, typer.Option(help="Object id or user principal name of whom it serves; none for the bridge.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Say whom a number serves: a user, a resource account, or the conference bridge."""
        assign(organization, number, purpose, user, as_json=as_json)

    @group.command("unassign")
    def unassign_number(organization: OrganizationId, number: Number, as_json: AsJson = False) -> None:
        """Take a number back from whom it serves; it stays the organization's."""
        assign(organization, number, "unassigned", None, as_json=as_json)


def _add_reserving(group: typer.Typer, parts: Parts) -> None:
    @group.command("reserve")
    def reserve_number(organization: OrganizationId, number: Number, as_json: AsJson = False) -> None:
        """Keep a number in stock for an organization for ten minutes."""
        from commcredits.operations import number_stock
        from commcredits.operations.number_stock import Reservation

        async def work() -> Reservation:
            async with parts.open_services() as opened:
                return taken(
                    await number_stock.reserve_number(opened.services, organization_id=organization, number=number)
                )

        reserved = run(work())
        if as_json:
            write_json(document_of(reserved))
        else:
            write_line(f"{reserved.number} is reserved until {moment_text(reserved.reserved_until)}.")


def _add_acquiring(group: typer.Typer, parts: Parts) -> None:
    @group.command("acquire")
    def acquire_number(
        organization: OrganizationId, number: Number, display_name: DisplayName = "", as_json: AsJson = False
    ) -> None:
        """Make a reserved number the organization's, within its quota."""
        from commcredits.operations import number_stock

        async def work() -> PhoneNumber:
            async with parts.open_services() as opened:
                return taken(
                    await number_stock.acquire_number(
                        opened.services, organization_id=organization, number=number, display_name=display_name
                    )
                )

        _write_as_own(run(work()), as_json=as_json)


def _add_quotas(group: typer.Typer, parts: Parts) -> None:
    @group.command("quotas")
    def show_quotas(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show how many numbers an organization has, and how many its licences allow."""
        from commcredits.operations import number_stock
        from commcredits.operations.number_stock import Quotas

        async def work() -> Quotas:
            async with parts.open_services() as opened:
                return taken(await number_stock.get_quotas(opened.services, organization_id=organization))

        quotas = run(work())
        if as_json:
            write_json(document_of(quotas))
            return
        write_facts(
            {
                "licences that count": str(quotas.licences),
                "user numbers": f"{quotas.user_numbers} of {quotas.user_number_quota}",
                "service numbers": f"{quotas.service_numbers} of {quotas.service_number_quota}",
                "toll-free numbers": "can be acquired" if quotas.credits_set_up else "once credits are set up",
            }
        )


def _write_as_own(number: PhoneNumber, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(number))
    else:
        write_line(f"{number.number} is the organization's ({number.kind}).")
