"""Commands on telephone numbers.

Knows arguments and what is shown. Refuses to know prices: those go by prefix, never by whose number it is.
"""

from __future__ import annotations

from typing import Annotated

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
    write_json,
    write_line,
    write_table,
)


def commands(parts: Parts) -> typer.Typer:
    """The group ``numbers``."""
    group = typer.Typer(help="Give organizations telephone numbers, list them.", no_args_is_help=True)

    _add_adding(group, parts)
    _add_list(group, parts)
    return group


def _add_adding(group: typer.Typer, parts: Parts) -> None:
    @group.command("add")
    def add_number(
        organization: OrganizationId,
        number: Annotated[str, typer.Argument(metavar="NUMBER", help="E.164, such as +40212345678.")],
        kind: Annotated[str, typer.Option(help="user, or toll_free: the called organization pays.")] = "user",
        display_name: Annotated[str, typer.Option(help="What is shown beside it.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Give an organization a telephone number."""
        from commcredits.operations import numbers
        from commcredits.operations.numbers import PhoneNumber

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

        added = run(work())
        if as_json:
            write_json(document_of(added))
        else:
            write_line(f"{added.number} is the organization's ({added.kind}).")


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_numbers(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's telephone numbers, newest first."""
        from commcredits.operations import numbers
        from commcredits.operations.numbers import PhoneNumber
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
            ("number", "kind", "display name", "added"),
            ((each.number, each.kind, each.display_name, moment_text(each.created_at)) for each in page.items),
        )
        say_more(page.next_cursor)
