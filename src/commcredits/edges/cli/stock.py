"""Commands on the operator's stock of telephone numbers.

Knows that a file can be long, and shows how far it is. Refuses to know who may have a number.
"""

from __future__ import annotations

from typing import Annotated

import typer

from commcredits.edges.cli.files import opened_file, pieces_of, size_of, wrong_lines
from commcredits.edges.cli.numbers import NUMBER_KINDS, Number
from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    document_of,
    listing_of,
    progress,
    say_more,
    write_json,
    write_line,
    write_table,
)


def commands(parts: Parts) -> typer.Typer:
    """The group ``stock``."""
    group = typer.Typer(help="Fill the stock of telephone numbers, search it.", no_args_is_help=True)
    _add_adding(group, parts)
    _add_import(group, parts)
    _add_search(group, parts)
    return group


def _add_adding(group: typer.Typer, parts: Parts) -> None:
    @group.command("add")
    def add_to_stock(
        number: Number,
        kind: Annotated[str, typer.Option(help=NUMBER_KINDS)] = "user",
        country: Annotated[str, typer.Option(help="ISO 3166-1 code; default: what the number's range says.")] = "",
        place: Annotated[str, typer.Option(help="Name of the place that it belongs to.")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Put a number in stock, or correct what is said of one that is there."""
        from commcredits.operations import number_stock
        from commcredits.operations.number_stock import StockNumber

        async def work() -> StockNumber:
            async with parts.open_services() as opened:
                return taken(
                    await number_stock.add_to_stock(
                        opened.services, number=number, kind=kind, country=country, place=place
                    )
                )

        added = run(work())
        if as_json:
            write_json(document_of(added))
        else:
            write_line(f"{added.number} is in stock ({added.kind}).")


def _add_import(group: typer.Typer, parts: Parts) -> None:
    @group.command("import")
    def import_stock(
        file: Annotated[
            str, typer.Argument(metavar="FILE", help="CSV in UTF-8 with a header row; - reads it from a pipe.")
        ],
        as_json: AsJson = False,
    ) -> None:
        """Put the numbers of a CSV file in stock: all of them, or none and every line that is wrong."""
        from commcredits.operations import number_stock_csv
        from commcredits.operations.number_stock_csv import StockImport

        async def work() -> StockImport:
            with opened_file(file) as source, progress("reading numbers") as update:
                update(total=size_of(source))
                pieces = pieces_of(source, lambda done: update(completed=done))
                async with parts.open_services() as opened:
                    return taken(
                        await number_stock_csv.import_stock(
                            opened.services,
                            lines=pieces,
                            progress=lambda what, count: update(description=f"{count} numbers {what}"),
                        )
                    )

        done = run(work())
        if done.error_count:
            raise wrong_lines(done.errors, done.error_count)
        if as_json:
            write_json({"number_count": done.number_count})
        else:
            write_line(f"In stock from the file: {done.number_count}.")


def _add_search(group: typer.Typer, parts: Parts) -> None:
    @group.command("search")
    def search_stock(
        kind: Annotated[str | None, typer.Option(help=NUMBER_KINDS)] = None,
        country: Annotated[str | None, typer.Option(help="ISO 3166-1 code, such as RO.")] = None,
        place: Annotated[str | None, typer.Option(help="Part of the name of a place, in letters of any size.")] = None,
        digits: Annotated[str | None, typer.Option(help="Digits that follow each other somewhere in it.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """Search the stock for numbers that can be reserved now, in order of the number."""
        from commcredits.operations import number_stock
        from commcredits.operations.number_stock import StockNumber
        from commcredits.operations.paging import Page

        async def work() -> Page[StockNumber]:
            async with parts.open_services() as opened:
                return taken(
                    await number_stock.search_stock(
                        opened.services,
                        kind=kind,
                        country=country,
                        place=place,
                        digits=digits,
                        cursor=cursor,
                        limit=limit,
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("number", "kind", "country", "range", "place"),
            ((each.number, each.kind, each.country, each.dialled_kind, each.place) for each in page.items),
        )
        say_more(page.next_cursor)
