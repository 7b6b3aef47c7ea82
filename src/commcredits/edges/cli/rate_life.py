"""Commands on what becomes of a draft: comparing it, publishing it, rolling it back, discarding it.

Knows arguments and what is shown. Refuses to know whom a publication moves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, CommandId, Cursor, Limit, optional_instant
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.rate_words import RateDeckId, deck_facts, shape_text
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
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
    from commcredits.operations.paging import Page
    from commcredits.operations.rate_comparing import RateDeckComparison, RateDifference
    from commcredits.operations.rate_deck_life import RateDeckMoved
    from commcredits.operations.rate_lists import RateRecord

Replaced = Annotated[str, typer.Argument(metavar="REPLACES", help="The rate deck whose place it would take.")]


def add_commands(group: typer.Typer, parts: Parts) -> None:
    """The commands ``diff``, ``publish``, ``rollback`` and ``discard``."""
    _add_diff(group, parts)
    _add_publish(group, parts)
    _add_rollback(group, parts)
    _add_discard(group, parts)


def _add_diff(group: typer.Typer, parts: Parts) -> None:
    @group.command("diff")
    def diff_rate_decks(
        rate_deck: RateDeckId,
        replaces: Replaced,
        at: Annotated[Any, optional_instant("Compare what is in force at this instant; default: now.")] = None,
        service: Annotated[str | None, typer.Option(help="Rates of this service alone, such as outbound.")] = None,
        difference: Annotated[str | None, typer.Option(help="added, removed or changed; default: all.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """Show what a rate deck would change in the place of another: counts, then rates."""
        from commcredits.operations import rate_comparing

        async def work() -> tuple[RateDeckComparison, Page[RateDifference]]:
            async with parts.open_services() as opened:
                instant = at or opened.services.clock()
                comparison = taken(
                    await rate_comparing.compare_rate_decks(
                        opened.services, earlier_id=replaces, later_id=rate_deck, at=instant
                    )
                )
                page = taken(
                    await rate_comparing.list_rate_differences(
                        opened.services,
                        earlier_id=replaces,
                        later_id=rate_deck,
                        cursor=cursor,
                        limit=limit,
                        at=instant,
                        service=service,
                        difference=difference,
                    )
                )
                return comparison, page

        comparison, page = run(work())
        if as_json:
            listed = listing_of((document_of(each) for each in page.items), page.next_cursor)
            write_json({"comparison": document_of(comparison), **listed})
            return
        _show_comparison(comparison)
        write_table(
            ("", "service", "prefix", "origin", "destination", "now ", "then ", "what else changes"),
            (_cells(each) for each in page.items),
        )
        say_more(page.next_cursor)


def _show_comparison(comparison: RateDeckComparison) -> None:
    write_line(f"What is in force at {moment_text(comparison.at)}:")
    write_table(
        ("service", "added ", "removed ", "changed ", "dearer ", "cheaper ", "unchanged "),
        (
            (
                each.service.value,
                *map(str, (each.added, each.removed, each.changed, each.dearer, each.cheaper, each.unchanged)),
            )
            for each in comparison.services
        ),
    )
    if comparison.terms_changed:
        write_line(f"Said otherwise for all rates: {', '.join(comparison.terms_changed)}.")
    if comparison.earlier_out_of_force or comparison.later_out_of_force:
        write_line(
            f"Not in force then, and not compared: {comparison.later_out_of_force} rates, and "
            f"{comparison.earlier_out_of_force} of the deck to be replaced."
        )


def _cells(each: RateDifference) -> tuple[str, ...]:
    shown = each.later or each.earlier
    assert shown is not None, "a difference has at least one side"
    return (
        each.difference.value,
        shown.service.value,
        shown.prefix,
        shown.origin_country,
        shown.destination,
        "" if each.earlier is None else amount_text(each.earlier.price_per_minute_micros),
        "" if each.later is None else amount_text(each.later.price_per_minute_micros),
        "" if each.earlier is None or each.later is None else _changes(each.earlier, each.later),
    )


def _changes(earlier: RateRecord, later: RateRecord) -> str:
    """What changes beside the price per minute."""
    before, after = _others(earlier), _others(later)
    return ", ".join(
        f"{name} {before[name] or 'none'} → {after[name] or 'none'}" for name in before if before[name] != after[name]
    )


def _others(rate: RateRecord) -> dict[str, str]:
    return {
        "destination": rate.destination,
        "fee": amount_text(rate.connection_fee_micros),
        "increments": f"{rate.first_increment_seconds}/{rate.next_increment_seconds}",
        "more": shape_text(rate),
    }


def _add_publish(group: typer.Typer, parts: Parts) -> None:
    @group.command("publish")
    def publish_draft(
        rate_deck: RateDeckId,
        replaces: Annotated[
            str | None,
            typer.Option(metavar="RATE_DECK", help="Move everybody who is on this rate deck to the published one."),
        ] = None,
        at: Annotated[Any, optional_instant("From when it is in force; default: at once.")] = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Publish a draft, which never changes from then on. Repeat one that was cut short with its command id."""
        from commcredits.operations import rate_deck_life

        async def work() -> RateDeckMoved:
            async with parts.open_services() as opened:
                with progress("moving organizations") as update:
                    return taken(
                        await rate_deck_life.publish_draft(
                            opened.services,
                            command_id=command_id or opened.services.new_id(),
                            rate_deck_id=rate_deck,
                            in_force_at=at,
                            replaces_rate_deck_id=replaces,
                            progress=lambda count: update(description=f"{count} organizations"),
                        )
                    )

        _show_moved(run(work()), as_json=as_json)


def _add_rollback(group: typer.Typer, parts: Parts) -> None:
    @group.command("rollback")
    def roll_back_rate_deck(rate_deck: RateDeckId, command_id: CommandId = None, as_json: AsJson = False) -> None:
        """Put everybody who is on a rate deck, now or next, back on the one that it replaced."""
        from commcredits.operations import rate_deck_life

        async def work() -> RateDeckMoved:
            async with parts.open_services() as opened:
                with progress("moving organizations") as update:
                    return taken(
                        await rate_deck_life.roll_back_rate_deck(
                            opened.services,
                            command_id=command_id or opened.services.new_id(),
                            rate_deck_id=rate_deck,
                            progress=lambda count: update(description=f"{count} organizations"),
                        )
                    )

        _show_moved(run(work()), as_json=as_json)


def _show_moved(moved: RateDeckMoved, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(moved))
        return
    write_facts({**deck_facts(moved.deck), "organizations": str(moved.organizations)})
    for organization_id in moved.left:
        complain(f"organization {organization_id} stays where it is: another rate deck is laid ready for it")


def _add_discard(group: typer.Typer, parts: Parts) -> None:
    @group.command("discard")
    def discard_draft(rate_deck: RateDeckId, as_json: AsJson = False) -> None:
        """Discard a draft with its rates."""
        from commcredits.operations import rate_deck_life
        from commcredits.operations.tariffs import RateDeckInfo

        async def work() -> RateDeckInfo:
            async with parts.open_services() as opened:
                return taken(await rate_deck_life.discard_draft(opened.services, rate_deck_id=rate_deck))

        deck = run(work())
        if as_json:
            write_json(document_of(deck))
        else:
            write_line(f"The draft {deck.name!r} is discarded.")
