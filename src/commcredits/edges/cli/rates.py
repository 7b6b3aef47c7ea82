"""Commands on rate decks.

Knows that a file can be long, and shows how far it is read. Refuses to know what a rate must be like.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, Annotated, Final

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, CommandId, Cursor, Limit
from commcredits.edges.cli.parts import CannotRunError, Parts
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

STANDARD_INPUT: Final = "-"
PIECE_BYTES: Final = 64 * 1024


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
            with _opened(file) as source, progress("reading rates") as update:
                update(total=_size_of(source))
                counted = _counted(source, lambda done: update(completed=done))
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


def _opened(file: str) -> IO[bytes]:
    if file != STANDARD_INPUT:
        try:
            return Path(file).open("rb")
        except OSError as error:
            raise CannotRunError(f"FILE: {file!r} cannot be read: {error.strerror or error}") from None
    if sys.stdin.isatty():
        raise CannotRunError("FILE: standard input is a terminal; name a file, or pipe one in")
    return sys.stdin.buffer


def _size_of(source: IO[bytes]) -> int | None:
    """Bytes of a plain file; None where nobody knows, as of a pipe."""
    status = os.fstat(source.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


async def _counted(source: IO[bytes], tell: Callable[[int], None]) -> AsyncIterator[bytes]:
    """The pieces of a file, and how much was read after each. A pipe that says nothing can be waited for, and left."""
    count = 0
    async for piece in _plain(source) if _size_of(source) is not None else _pipe(source):
        count += len(piece)
        tell(count)
        yield piece


async def _plain(source: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := source.read(PIECE_BYTES):
        yield piece


async def _pipe(source: IO[bytes]) -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), source
    )
    try:
        while piece := await reader.read(PIECE_BYTES):
            yield piece
    finally:
        transport.close()
