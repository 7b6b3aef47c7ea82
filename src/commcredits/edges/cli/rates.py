"""Commands on rate decks: writing one from a file, finding one, and what stands in it.

Knows that a file can be long, and shows how far it is. Refuses to know what a rate must be like.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commcredits.edges.cli import rate_explaining, rate_life
from commcredits.edges.cli.files import opened_file, pieces_of, size_of
from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, CommandId, Cursor, Limit, optional_instant
from commcredits.edges.cli.parts import CannotRunError, Parts
from commcredits.edges.cli.rate_words import RateDeckId, deck_facts, rate_cells, rate_columns
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
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.tariffs import RateDeckInfo, RatesChecked

RateFile = Annotated[
    str, typer.Argument(metavar="FILE", help="CSV in UTF-8 with a header row; - reads it from a pipe.")
]
DeckName = Annotated[str, typer.Option(help="What people call the rate deck.")]
DeckCurrency = Annotated[str, typer.Option(help="ISO 4217 code of all its prices.")]
TermsFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="JSON with what the deck says for all of its rates: time zone, bands, rounding."),
]


def commands(parts: Parts) -> typer.Typer:
    """The group ``rates``."""
    group = typer.Typer(help="Draft, publish and roll back rate decks; explain prices.", no_args_is_help=True)
    _add_import(group, parts)
    _add_draft(group, parts)
    _add_list(group, parts)
    _add_show(group, parts)
    _add_find(group, parts)
    rate_life.add_commands(group, parts)
    rate_explaining.add_commands(group, parts)
    return group


def _add_import(group: typer.Typer, parts: Parts) -> None:
    @group.command("import")
    def import_rates(
        file: RateFile,
        name: DeckName,
        currency: DeckCurrency,
        terms: TermsFile = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Publish a rate deck from a CSV file: all of it, or nothing and the line and column that are wrong."""
        from commcredits.operations import tariffs

        deck = run(_write(parts, tariffs.publish_rate_deck, file, _fields(name, currency, terms), command_id))
        _show_written(deck, as_json=as_json)


def _add_draft(group: typer.Typer, parts: Parts) -> None:
    @group.command("draft")
    def draft_rates(
        file: RateFile,
        name: DeckName,
        currency: DeckCurrency,
        terms: TermsFile = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check the file, and keep nothing.")] = False,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Draft a rate deck from a CSV file; it prices nothing until it is published."""
        from commcredits.operations import tariffs

        if dry_run:
            checked = run(_check(file, currency, _fields(name, currency, terms)["terms"]))
            _show_checked(checked, as_json=as_json)
            return
        deck = run(_write(parts, tariffs.draft_rate_deck, file, _fields(name, currency, terms), command_id))
        _show_written(deck, as_json=as_json)


def _fields(name: str, currency: str, terms: str | None) -> dict[str, str]:
    return {"name": name, "currency": currency, "terms": "" if terms is None else terms}


async def _write(parts: Parts, write: Any, file: str, fields: dict[str, str], command_id: str | None) -> RateDeckInfo:
    """Read a file and write a deck, with a bar for either."""
    terms = _terms_in(fields["terms"])
    with opened_file(file) as source, progress("reading rates") as update:
        update(total=size_of(source))
        counted = pieces_of(source, lambda done: update(completed=done))
        read = 0

        def say_read(count: int) -> None:
            nonlocal read
            read = count
            update(description=f"{count} rates read")

        async with parts.open_services() as opened:
            deck: RateDeckInfo = taken(
                await write(
                    opened.services,
                    command_id=command_id or opened.services.new_id(),
                    name=fields["name"],
                    currency=fields["currency"],
                    terms=terms,
                    lines=counted,
                    progress=say_read,
                    written=lambda count: update(description=f"{count} rates written", completed=count, total=read),
                )
            )
    return deck


async def _check(file: str, currency: str, terms: str) -> RatesChecked:
    from commcredits.operations import tariffs

    text = _terms_in(terms)
    with opened_file(file) as source, progress("reading rates") as update:
        update(total=size_of(source))
        counted = pieces_of(source, lambda done: update(completed=done))
        return taken(
            await tariffs.check_rates(
                currency=currency,
                terms=text,
                lines=counted,
                progress=lambda count: update(description=f"{count} rates read"),
            )
        )


def _terms_in(file: str) -> str:
    """The text of a file of terms; of no file, none. Raises CannotRunError for one that cannot be read."""
    from commcredits.operations.rate_deck_terms import TERMS_CHARACTERS_MAX

    if not file:
        return ""
    try:
        with Path(file).open(encoding="utf-8") as source:
            return source.read(TERMS_CHARACTERS_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise CannotRunError(f"--terms: {file!r} cannot be read: {reason}") from None


def _show_written(deck: RateDeckInfo, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(deck))
    else:
        write_facts(
            {"rate deck": deck.rate_deck_id, "name": deck.name, "rates": str(deck.rate_count), "state": deck.state}
        )


def _show_checked(checked: RatesChecked, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(checked))
        return
    write_line("The file can be published as it is.")
    write_facts(
        {
            "rates": str(checked.rate_count),
            **{f"of {service}": str(count) for service, count in sorted(checked.services.items())},
            "with bands": str(checked.with_bands),
            "with steps": str(checked.with_steps),
            "with a maximum": str(checked.with_maximum),
            "with an origin": str(checked.with_origin),
        }
    )


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_rate_decks(
        state: Annotated[
            str | None, typer.Option(help="draft, published or discarded; default: all but discarded.")
        ] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List rate decks, newest first."""
        from commcredits.operations import tariffs
        from commcredits.operations.paging import Page

        async def work() -> Page[RateDeckInfo]:
            async with parts.open_services() as opened:
                return taken(await tariffs.list_rate_decks(opened.services, cursor=cursor, limit=limit, state=state))

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("rate deck", "name", "currency", "rates ", "state", "created", "published"),
            (
                (
                    each.rate_deck_id,
                    each.name,
                    each.currency,
                    str(each.rate_count),
                    each.state,
                    moment_text(each.created_at),
                    moment_text(each.published_at),
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_show(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_rate_deck(rate_deck: RateDeckId, as_json: AsJson = False) -> None:
        """Show a rate deck, and what it says once for all of its rates."""
        from commcredits.core.tariffs import DeckTerms
        from commcredits.operations import tariffs
        from commcredits.operations.rate_deck_terms import terms_document

        async def work() -> tuple[RateDeckInfo, DeckTerms]:
            async with parts.open_services() as opened:
                deck = taken(await tariffs.get_rate_deck(opened.services, rate_deck_id=rate_deck))
                terms = taken(await tariffs.get_rate_deck_terms(opened.services, rate_deck_id=rate_deck))
                return deck, terms

        deck, terms = run(work())
        said = terms_document(terms)
        if as_json:
            write_json(document_of(deck, terms=said))
            return
        rounding = f"{terms.rounding.mode} to {terms.rounding.digits} digits"
        write_facts({**deck_facts(deck), "time zone": terms.time_zone, "rounding": rounding})
        if terms.holidays:
            write_facts({"holidays": ", ".join(terms.holidays)})
        if terms.bands:
            write_table(
                ("band", "weekdays", "from", "to", "holidays"),
                (
                    (name, each.get("weekdays", ""), each["from"], each["to"], "yes" if each["holidays"] else "no")
                    for name, windows in said["bands"].items()
                    for each in windows
                ),
            )


def _add_find(group: typer.Typer, parts: Parts) -> None:
    @group.command("find")
    def find_rates(
        rate_deck: RateDeckId,
        service: Annotated[str | None, typer.Option(help="Rates of this service alone, such as outbound.")] = None,
        prefix: Annotated[str, typer.Option(help="Whose prefix begins with these digits.")] = "",
        destination: Annotated[str, typer.Option(help="Whose destination's name holds this text.")] = "",
        at: Annotated[Any, optional_instant("That are in force at this instant.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List rates of a rate deck in order of service, prefix, origin and time."""
        from commcredits.operations import rate_lists
        from commcredits.operations.paging import Page
        from commcredits.operations.rate_lists import RateRecord

        async def work() -> Page[RateRecord]:
            async with parts.open_services() as opened:
                return taken(
                    await rate_lists.list_rates(
                        opened.services,
                        rate_deck_id=rate_deck,
                        cursor=cursor,
                        limit=limit,
                        service=service,
                        prefix=prefix,
                        destination=destination,
                        at=at,
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(rate_columns(), (rate_cells(each) for each in page.items))
        say_more(page.next_cursor)
