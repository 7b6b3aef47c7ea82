"""``python -m bench.columnar``: what rating costs, a call at a time and in columns, under one large deck.

docs/columnar.md tells how to read the figures.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from rich.console import Console
from rich.table import Table

from commcredits.columnar.engine import open_rater
from commcredits.columnar.records import CallRecord, call_records
from commcredits.core.commands import Service
from commcredits.core.rating import price_micros
from commcredits.core.tariffs import BandPrice, PriceShape, PriceStep, Rate, RateDeck, Window, find_rate, index_deck

MONTH: Final = datetime(2026, 11, 1, tzinfo=UTC)
MONTH_SECONDS: Final = 30 * 86_400
ALL_DAYS: Final = tuple(range(7))

SHAPES: Final[dict[str, PriceShape | None]] = {
    "flat": None,
    "steps": PriceShape(steps=(PriceStep(from_seconds=600, price_per_minute_micros=3_000),)),
    "bands": PriceShape(
        time_zone="Europe/Bucharest",
        holidays=("2026-11-30",),
        bands=(
            BandPrice(
                band="night",
                windows=(
                    Window(weekdays=ALL_DAYS, from_minute=0, to_minute=480),
                    Window(weekdays=ALL_DAYS, from_minute=1_200, to_minute=1_440),
                ),
                price_per_minute_micros=4_000,
            ),
            BandPrice(
                band="weekend",
                windows=(Window(weekdays=(5, 6), from_minute=0, to_minute=1_440, holidays=True),),
                price_per_minute_micros=5_000,
            ),
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingFigures:
    """What one shape of prices measured. ``ready_seconds`` is how long a deck takes to become columns, once."""

    shape: str
    lookups_per_second: float
    core_us_per_call: float
    ready_seconds: float
    columnar_records_per_second: float


def deck_of(shape: str, rates: int, dice: Random) -> RateDeck:
    """A deck of so many prefixes of 2 to 9 digits, most of them of 5 to 7, as the decks of carriers are."""
    prefixes: set[str] = set()
    while len(prefixes) < rates:
        digits = dice.choice((2, 3, 4, 5, 5, 6, 6, 6, 7, 7, 8, 9))
        prefixes.add(f"{dice.randrange(20, 99)}{dice.randrange(10**7):07d}"[:digits])
    return index_deck(
        "deck",
        "EUR",
        (
            Rate(
                prefix=prefix,
                destination="Somewhere",
                service=Service.OUTBOUND,
                price_per_minute_micros=dice.randrange(1_000, 500_000),
                connection_fee_micros=0,
                first_increment_seconds=60 if number % 2 else 1,
                next_increment_seconds=60 if number % 4 == 1 else 1,
                effective_from=MONTH,
                shape=SHAPES[shape],
            )
            for number, prefix in enumerate(sorted(prefixes))
        ),
    )


def calls_of(deck: RateDeck, count: int, dice: Random) -> Iterator[CallRecord]:
    """So many calls of a month, of three minutes on average, every one to another number that the deck has."""
    prefixes = list(deck.rates[Service.OUTBOUND])
    for number in range(count):
        yield CallRecord(
            call_id=f"call-{number}",
            service=Service.OUTBOUND,
            number=f"+{dice.choice(prefixes)}{dice.randrange(10**6):06d}",
            started_at=MONTH + timedelta(seconds=dice.randrange(MONTH_SECONDS)),
            duration_seconds=1 + int(dice.expovariate(1 / 180)),
        )


def measure(shape: str, *, rates: int, records: int, core_calls: int, threads: int) -> RatingFigures:
    """Look-ups and prices by the core, one call after another, then the records in columns, all of them at once."""
    dice = Random(shape)
    deck = deck_of(shape, rates, dice)
    calls = list(calls_of(deck, records, dice))
    some = calls[:core_calls]

    began = time.perf_counter()
    found = [find_rate(deck, call.service, call.number, call.started_at) for call in some]
    looked_up = time.perf_counter()
    for rate, call in zip(found, some, strict=True):
        if rate is not None:
            price_micros(rate, call.duration_seconds, call.started_at)
    priced = time.perf_counter()

    table = call_records(calls)
    opened = time.perf_counter()
    with open_rater(deck, threads=threads) as rater:
        ready = time.perf_counter()
        rater.rate(table.slice(0, 1_000))
        warm = time.perf_counter()
        rated = rater.rate(table)
        done = time.perf_counter()
    if rated["price_micros"].null_count:
        raise RuntimeError("a call of the benchmark has no price")
    return RatingFigures(
        shape=shape,
        lookups_per_second=len(some) / (looked_up - began),
        core_us_per_call=(priced - looked_up) * 1_000_000 / len(some),
        ready_seconds=ready - opened,
        columnar_records_per_second=records / (done - warm),
    )


def main() -> None:
    """Read the command line, measure each shape, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.columnar", description=__doc__)
    parser.add_argument("--rates", type=int, default=200_000, help="rates in the deck")
    parser.add_argument("--records", type=int, default=1_000_000, help="records rated in columns")
    parser.add_argument("--core-calls", type=int, default=100_000, help="calls rated by the core, one after another")
    parser.add_argument("--threads", type=int, default=2, help="threads of the columnar engine")
    arguments = parser.parse_args()
    table = Table(
        title=f"Rating: {arguments.rates:,} rates, {arguments.records:,} records, {arguments.threads} threads"
    )
    for name in ("prices", "core: look-ups/s", "core: µs to price", "columns: s to get ready", "columns: records/s"):
        table.add_column(name, justify="left" if name == "prices" else "right")
    for shape in SHAPES:
        figures = measure(
            shape,
            rates=arguments.rates,
            records=arguments.records,
            core_calls=arguments.core_calls,
            threads=arguments.threads,
        )
        table.add_row(
            shape,
            f"{figures.lookups_per_second:,.0f}",
            f"{figures.core_us_per_call:.2f}",
            f"{figures.ready_seconds:.1f}",
            f"{figures.columnar_records_per_second:,.0f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
