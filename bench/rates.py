"""What a large deck costs to import, and one table of what rating costs: a call at a time and in columns.

docs/benchmarks.md tells how to read the figures; ``python -m bench.columnar`` measures rating alone.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from random import Random
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.columnar import RatingFigures, deck_of
from bench.world import SHARD_ID, new_committer, now
from commcredits.core.access import SYSTEM
from commcredits.core.account import FundingTerms
from commcredits.core.commands import Service
from commcredits.core.money import format_micros
from commcredits.core.outcomes import Refused
from commcredits.operations.services import Services
from commcredits.operations.tariffs import publish_rate_deck
from commcredits.storage.connection import open_pool
from commcredits.storage.decks import load_deck
from commcredits.storage.embedded import EmbeddedServer
from commcredits.storage.identifiers import IdentifierSource

RATES: Final = 200_000
RECORDS: Final = 1_000_000

_HEADER: Final = ",".join(
    (
        *("prefix", "destination", "service", "price_per_minute", "connection_fee"),
        *("first_increment", "next_increment", "effective_from", "effective_to"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFigures:
    """How long a deck's file takes to become a published deck, and the deck to be ready for look-up, in seconds."""

    rates: int
    import_seconds: float
    load_seconds: float


async def measure_import(server: EmbeddedServer) -> ImportFigures:
    """Publish a deck of ``RATES`` rates from CSV, as an operator does, and read it as a charging process does."""
    file = _file()
    new_id = IdentifierSource()
    async with await open_pool(server.url, min_size=1, max_size=2, application_name="bench") as pool:
        services = Services(
            actor=SYSTEM,
            shard_id=SHARD_ID,
            pool=pool,
            executor=new_committer(server.url, new_id),
            gateways={},
            clock=now,
            new_id=new_id,
            funding=FundingTerms(top_up_minimum_micros={}),
        )
        began = time.perf_counter()
        deck = await publish_rate_deck(
            services, command_id="large", name="Large", currency="EUR", lines=io.BytesIO(file)
        )
        imported = time.perf_counter()
        assert not isinstance(deck, Refused), f"the benchmark's deck was refused: {deck}"
        async with pool.acquire() as connection:
            await load_deck(connection, SHARD_ID, deck.rate_deck_id)
        loaded = time.perf_counter()
    return ImportFigures(rates=deck.rate_count, import_seconds=imported - began, load_seconds=loaded - imported)


def print_rating(figures: list[RatingFigures], imported: ImportFigures) -> None:
    """One table for rating, one line for the import."""
    console = Console(width=140)
    table = Table(title=f"Rating: {RATES:,} rates; {RECORDS:,} records in columns")
    for name in ("prices", "core: look-ups/s", "core: µs to price", "columns: s to get ready", "columns: records/s"):
        table.add_column(name, justify="left" if name == "prices" else "right")
    for row in figures:
        table.add_row(
            row.shape,
            f"{row.lookups_per_second:,.0f}",
            f"{row.core_us_per_call:.2f}",
            f"{row.ready_seconds:.1f}",
            f"{row.columnar_records_per_second:,.0f}",
        )
    console.print(table)
    console.print(
        f"A file of {imported.rates:,} rates is published in {imported.import_seconds:.1f} s and ready for look-up "
        f"in {imported.load_seconds:.1f} s."
    )


def _file() -> bytes:
    deck = deck_of("flat", RATES, Random("import"))
    lines = [_HEADER]
    for of_prefix in deck.rates[Service.OUTBOUND].values():
        for rate in of_prefix:
            price = format_micros(rate.price_per_minute_micros)
            first, following = rate.first_increment_seconds, rate.next_increment_seconds
            lines.append(f"{rate.prefix},{rate.destination},outbound,{price},0,{first},{following},2026-11-01,")
    return "\n".join(lines).encode()
