"""Commands on rate decks.

Knows that a file can be long, and shows how far it is read. Refuses to know what a rate must be like.
"""

from __future__ import annotations

from typing import Annotated

import typer

from commcredits.edges.cli.files import opened_file, pieces_of, size_of
from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, CommandId, Cursor, Limit
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    document_of,
    listing_of,
    moment_text,
    progress,
    say_more,
    write_facts,
    write_json,
    write_table,
)


def commands(parts: Parts) -> typer.Typer:
    """The group ``rates``."""
    group = typer.Typer(help="Publish rate decks, list them.", no_args_is_help=True)
    _add_import(group, parts)

    @group.command("list")
    def list_rate_decks(limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False) -> None:
        """List rate decks, newest first."""
        from commcredits.operations import tariffs
        from commcredits.operations.paging import Page
        from commcredits.operations.tariffs import RateDeckInfo

        async def work() -> Page[RateDeckInfo]:
            async with parts.open_services() as opened:
                return taken(await tariffs.list_rate_decks(opened.services, cursor=cursor, limit=limit))

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("rate deck", "name", "currency", "rates ", "published"),
            (
                (each.rate_deck_id, each.name, each.currency, str(each.rate_count), moment_text(each.published_at))
                for each in page.items
            ),
        )
        say_more(page.next_cursor)

    return group


def _add_import(group: typer.Typer, parts: Parts) -> None:
    @group.command("import")
    def import_rates(
        file: Annotated[
            str, typer.Argument(metavar="FILE", help="CSV in UTF-8 with a header row; - reads it from a pipe.")
        ],
        name: Annotated[str, typer.Option(help="What people call the rate deck.")],
        currency: Annotated[str, typer.Option(help="ISO 4217 code of all its prices.")],
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Publish a rate deck from a CSV file: all of it, or nothing and the line and column that are wrong."""
        from commcredits.operations import tariffs
        from commcredits.operations.tariffs import RateDeckInfo

        async def work() -> RateDeckInfo:
            with opened_file(file) as source, progress("reading rates") as update:
                update(total=size_of(source))
                counted = pieces_of(source, lambda done: update(completed=done))
                async with parts.open_services() as opened:
                    return taken(
                        await tariffs.publish_rate_deck(
                            opened.services,
                            command_id=command_id or opened.services.new_id(),
                            name=name,
                            currency=currency,
                            lines=counted,
                            progress=lambda count: update(description=f"{count} rates read"),
                        )
                    )

        deck = run(work())
        if as_json:
            write_json(document_of(deck))
        else:
            write_facts({"rate deck": deck.rate_deck_id, "name": deck.name, "rates": str(deck.rate_count)})
