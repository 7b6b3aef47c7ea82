"""Commands on the mappings of files of call records.

Knows arguments. Refuses to know what a mapping says; the operations do.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.files import opened_file
from commcredits.edges.cli.options import AsJson
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    document_of,
    listing_of,
    moment_text,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.outcomes import Refused
    from commcredits.operations.call_mapping_store import NamedMapping
    from commcredits.operations.services import Services

Name = Annotated[str, typer.Argument(metavar="NAME", help="The mapping's name.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``call-mappings``."""
    group = typer.Typer(help="Say how files of call records are read.", no_args_is_help=True)
    _add_list(group, parts)
    _add_saving(group, parts)
    _add_one(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_mappings(as_json: AsJson = False) -> None:
        """List the mappings: those that come with the product, then saved ones."""
        from commcredits.operations import call_mapping_store

        async def work() -> tuple[NamedMapping, ...]:
            async with parts.open_services() as opened:
                return taken(await call_mapping_store.list_mappings(opened.services))

        found = run(work())
        if as_json:
            write_json(listing_of(_document(each) for each in found))
            return
        write_table(
            ("mapping", "saved", "description"),
            ((each.name, moment_text(each.saved_at), each.description) for each in found),
        )


def _add_saving(group: typer.Typer, parts: Parts) -> None:
    @group.command("save")
    def save_mapping(
        file: Annotated[str, typer.Argument(metavar="FILE", help="A JSON document; - reads it from a pipe.")],
        as_json: AsJson = False,
    ) -> None:
        """Save a mapping under the name that it says itself, in the place of the one before."""
        from commcredits.operations import call_mapping_store
        from commcredits.operations.call_mappings import read_mapping

        async def save(services: Services) -> NamedMapping | Refused:
            with opened_file(file) as source:
                document = source.read()
            name = taken(read_mapping(document)).name
            return await call_mapping_store.save_mapping(services, name=name, document=document)

        saved = _done(parts, save)
        if as_json:
            write_json(_document(saved))
        else:
            write_line(f"{saved.name} is saved.")


def _add_one(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_mapping(name: Name, as_json: AsJson = False) -> None:
        """Show a mapping's document, to be changed and saved under a name of one's own."""
        from commcredits.operations import call_mapping_store

        shown = _done(parts, lambda services: call_mapping_store.get_mapping(services, name=name))
        if as_json:
            write_json(_document(shown))
        else:
            write_line(shown.document.rstrip("\n"))

    @group.command("remove")
    def remove_mapping(name: Name, as_json: AsJson = False) -> None:
        """Remove a saved mapping."""
        from commcredits.operations import call_mapping_store

        removed = _done(parts, lambda services: call_mapping_store.remove_mapping(services, name=name))
        if as_json:
            write_json(_document(removed))
        else:
            write_line(f"{removed.name} is removed.")


def _done(parts: Parts, work: Callable[[Services], Awaitable[NamedMapping | Refused]]) -> NamedMapping:
    async def done() -> NamedMapping:
        async with parts.open_services() as opened:
            return taken(await work(opened.services))

    return run(done())


def _document(mapping: NamedMapping) -> dict[str, object]:
    return document_of(mapping, without=("document",), document=json.loads(mapping.document))
