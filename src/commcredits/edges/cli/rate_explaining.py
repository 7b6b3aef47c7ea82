"""The command that explains a price: which rate, why that one and none of the others, and each step of the sum.

Knows words for reasons. Refuses to compute anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from commcredits.edges.cli.options import AsJson, Instant, whole_option
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.rate_words import rate_cells, rate_columns
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    document_of,
    exact_text,
    moment_text,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.rating import PriceSum
    from commcredits.operations.rate_explaining import RateExplanation

_CALL_SECONDS_MAX: Final = 30 * 24 * 3_600
_REASONS: Final[Mapping[str, str]] = {
    "chosen": "this one",
    "shorter_prefix": "a longer prefix comes first",
    "from_anywhere": "one for the caller's country comes first",
    "other_origin": "only for calls from its origin",
    "not_yet_in_force": "not yet in force",
    "no_longer_in_force": "no longer in force",
}
_SIXTIETHS: Final = 60


def add_commands(group: typer.Typer, parts: Parts) -> None:
    """The command ``explain``."""

    @group.command("explain")
    def explain_rate(
        number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number that is called, E.164.")],
        at: Instant,
        seconds: Annotated[Any, whole_option("How long the call lasts", 0, _CALL_SECONDS_MAX)],
        deck: Annotated[str, typer.Option(metavar="RATE_DECK", help="By this rate deck; drafts can be asked.")] = "",
        organization: Annotated[
            str, typer.Option(metavar="ORGANIZATION", help="By the rate deck that this organization has then.")
        ] = "",
        service: Annotated[str, typer.Option(help="The service that the call is.")] = "outbound",
        origin: Annotated[str, typer.Option(metavar="COUNTRY", help="Where the call comes from (ISO 3166-1).")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Explain what a call costs: which rate, why that one, each step of the sum."""
        from commcredits.operations import rate_explaining

        async def work() -> RateExplanation:
            async with parts.open_services() as opened:
                return taken(
                    await rate_explaining.explain_rate(
                        opened.services,
                        number=number,
                        service=service,
                        at=at,
                        seconds=seconds,
                        rate_deck_id=deck,
                        organization_id=organization,
                        origin_country=origin,
                    )
                )

        explanation = run(work())
        if as_json:
            write_json(document_of(explanation))
        else:
            _show(explanation)


def _show(explanation: RateExplanation) -> None:
    origin = f" from {explanation.origin_country}" if explanation.origin_country else ""
    call = f"{explanation.service.value} to {explanation.number}{origin}, {explanation.seconds} s"
    write_facts(
        {
            "call": f"{call}, at {moment_text(explanation.at)}",
            "rate deck": f"{explanation.deck.rate_deck_id} {explanation.deck.name} ({explanation.deck.state.value})",
        }
    )
    write_table(
        (*rate_columns(), "why"),
        ((*rate_cells(each.rate), _REASONS[each.verdict.value]) for each in explanation.candidates),
    )
    if explanation.sum is None:
        write_line("No rate prices this call: it is refused.")
        return
    _show_parts(explanation.sum, explanation.at, explanation.time_zone)
    _show_sum(explanation.sum, explanation)


def _show_parts(total: PriceSum, at: datetime, time_zone: str) -> None:
    from datetime import timedelta

    from commcredits.core.calendar import zone_of

    zone = zone_of(time_zone)
    write_table(
        ("from second ", f"in {time_zone}", "band", "increments ", "seconds ", "per minute ", "cost "),
        (
            (
                str(part.begins_second),
                f"{(at + timedelta(seconds=part.begins_second)).astimezone(zone):%a %Y-%m-%d %H:%M:%S %z}",
                part.band,
                str(part.increments),
                str(part.seconds),
                amount_text(part.price_per_minute_micros),
                exact_text(part.cost_sixtieths),
            )
            for part in total.parts
        ),
    )


def _show_sum(total: PriceSum, explanation: RateExplanation) -> None:
    rounding = explanation.rounding
    write_facts(
        {
            "connection fee": amount_text(total.connection_fee_micros),
            "parts": exact_text(sum(part.cost_sixtieths for part in total.parts)),
            f"rounded {rounding.mode.value} to {rounding.digits} digits": exact_text(total.rounding_sixtieths),
            "above the maximum": exact_text(-total.above_maximum_micros * _SIXTIETHS),
            "price": f"{amount_text(total.price_micros)} {explanation.deck.currency}",
        }
    )
