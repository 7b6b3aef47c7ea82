"""What rates and rate decks look like at the terminal.

Knows columns and words. Refuses to know where they come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.writing import amount_text, moment_text

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.rate_lists import RateRecord
    from commcredits.operations.tariffs import RateDeckInfo

RateDeckId = Annotated[str, typer.Argument(metavar="RATE_DECK", help="The rate deck's id.")]


def deck_facts(deck: RateDeckInfo) -> dict[str, str]:
    """A rate deck in names and values; what does not apply to it is left out."""
    facts = {
        "rate deck": deck.rate_deck_id,
        "name": deck.name,
        "currency": deck.currency,
        "rates": str(deck.rate_count),
        "state": deck.state.value,
        "created": moment_text(deck.created_at),
        "published": moment_text(deck.published_at),
        "in force from": moment_text(deck.in_force_at),
        "replaces": deck.replaces_rate_deck_id or "",
        "rolled back": moment_text(deck.rolled_back_at),
    }
    return {name: value for name, value in facts.items() if value}


def rate_columns() -> tuple[str, ...]:
    """The columns of a table of rates."""
    return ("service", "prefix", "destination", "origin", "per minute ", "fee ", "increments", "from", "until", "more")


def rate_cells(rate: RateRecord) -> tuple[str, ...]:
    """A rate in those columns."""
    return (
        rate.service.value,
        rate.prefix,
        rate.destination,
        rate.origin_country,
        amount_text(rate.price_per_minute_micros),
        amount_text(rate.connection_fee_micros),
        f"{rate.first_increment_seconds}/{rate.next_increment_seconds}",
        moment_text(rate.effective_from),
        moment_text(rate.effective_to),
        shape_text(rate),
    )


def shape_text(rate: RateRecord) -> str:
    """What makes a rate other than flat, on one line."""
    said = [f"{each.band} {amount_text(each.price_per_minute_micros)}" for each in rate.band_prices]
    said += [f"from {each.from_seconds} s {amount_text(each.price_per_minute_micros)}" for each in rate.steps]
    if rate.charge_max_micros is not None:
        said.append(f"at most {amount_text(rate.charge_max_micros)}")
    return ", ".join(said)
