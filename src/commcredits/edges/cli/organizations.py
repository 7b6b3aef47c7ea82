"""Commands on organizations.

Knows arguments and what is shown. Refuses to know what an organization must be like; the operations do.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from commcredits.edges.cli import billing_terms
from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    AsJson,
    CommandId,
    Cursor,
    Limit,
    OrganizationId,
    optional_instant,
)
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.rate_words import RateDeckId
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

_OWN_DETAILS = ("minor_digits",)
"""Fields of a record that are the product's own business."""


def commands(parts: Parts) -> typer.Typer:
    """The group ``organizations``."""
    group = typer.Typer(help="Open, list and close organizations; rate deck, currency, billing.", no_args_is_help=True)
    _add_opening(group, parts)
    _add_list(group, parts)
    billing_terms.add_commands(group, parts)

    @group.command("assign-rate-deck")
    def assign_rate_deck(
        organization: OrganizationId,
        rate_deck: RateDeckId,
        at: Annotated[Any, optional_instant("From when it prices calls; default: from now on.")] = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Price an organization's calls by a rate deck; running calls keep their rate."""
        from commcredits.core.outcomes import Done
        from commcredits.operations import tariffs

        async def work() -> Done:
            async with parts.open_services() as opened:
                return taken(
                    await tariffs.assign_rate_deck(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        rate_deck_id=rate_deck,
                        in_force_at=at,
                    )
                )

        done = run(work())
        if as_json:
            write_json({"changed": done.changed})
        else:
            since = "now on" if at is None else moment_text(at)
            write_line(
                f"The rate deck prices the calls that begin from {since}." if done.changed else "It was so before."
            )

    return group


def _add_opening(group: typer.Typer, parts: Parts) -> None:
    @group.command("open")
    def open_organization(
        name: Annotated[str, typer.Option(help="What it is called.")],
        country: Annotated[str, typer.Option(help="ISO 3166-1 code, such as RO.")],
        currency: Annotated[str, typer.Option(help="ISO 4217 code of its balance, such as RON.")],
        time_zone: Annotated[str, typer.Option(help="IANA name, such as Europe/Bucharest.")],
        language: Annotated[str, typer.Option(help="Language of its pages and mails: en or ro.")] = "en",
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Open an organization with an empty balance."""
        from commcredits.operations import organizations
        from commcredits.operations.organizations import Organization

        async def work() -> Organization:
            async with parts.open_services() as opened:
                return taken(
                    await organizations.open_organization(
                        opened.services,
                        command_id=command_id or opened.services.new_id(),
                        name=name,
                        country=country,
                        currency=currency,
                        time_zone=time_zone,
                        language=language,
                    )
                )

        organization = run(work())
        if as_json:
            write_json(document_of(organization, without=_OWN_DETAILS))
        else:
            write_facts(
                {
                    "organization": organization.organization_id,
                    "name": organization.name,
                    "country": organization.country,
                    "currency": organization.currency,
                }
            )


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_organizations(limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False) -> None:
        """List organizations in order of name."""
        from commcredits.operations import organizations
        from commcredits.operations.organizations import Organization
        from commcredits.operations.paging import Page

        async def work() -> Page[Organization]:
            async with parts.open_services() as opened:
                return taken(await organizations.list_organizations(opened.services, cursor=cursor, limit=limit))

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each, without=_OWN_DETAILS) for each in page.items), page.next_cursor))
            return
        write_table(
            ("organization", "name", "country", "currency", "time zone", "status", "rate deck"),
            (
                (
                    each.organization_id,
                    each.name,
                    each.country,
                    each.currency,
                    each.time_zone,
                    each.status,
                    each.rate_deck_id or "none",
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)
