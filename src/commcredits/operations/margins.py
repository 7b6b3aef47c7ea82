"""What calls brought beside what they cost, for all organizations of a currency: in columns, or call by call.

Knows that a carrier bills every second, also those that licences pay, and keeps the latter apart: what they bring
stands on no call. Refuses to know when a report is made (commcredits.operations.margin_reports).
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from commcredits.columnar.comparing import COPIED, Comparer, Sums, last_of, read_copied, split_by_charge
from commcredits.columnar.deck_tables import DeckError
from commcredits.columnar.engine import ColumnarMissingError, open_rater
from commcredits.columnar.records import RecordsError
from commcredits.core.admission import rate_in
from commcredits.core.commands import Service
from commcredits.core.rating import price_micros
from commcredits.core.tariffs import RateDeck
from commcredits.operations.cost_decks import CostSpan
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.decks import load_deck

COPIED_AT_ONCE: Final = 100_000
"""How many calls are copied at once."""

READ_SECONDS_MAX: Final = 120

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REFUSED: Final = "refused"


@dataclass(slots=True, kw_only=True)
class Margin:
    """Calls, their seconds, what they were charged and what they cost, in millionths."""

    calls: int = 0
    seconds: int = 0
    charged_micros: int = 0
    cost_micros: int = 0

    @property
    def margin_micros(self) -> int:
        """What is left of the charge; below zero where calls cost more than they bring."""
        return self.charged_micros - self.cost_micros

    def add(self, calls: int, seconds: int, charged_micros: int, cost_micros: int) -> None:
        """Count more calls."""
        self.calls += calls
        self.seconds += seconds
        self.charged_micros += charged_micros
        self.cost_micros += cost_micros


@dataclass(slots=True, kw_only=True)
class MarginTotals:
    """Calls that credits paid, by destination, service and organization; and those that licences paid, together.

    ``uncosted_calls`` are in both counts, at no cost: the cost deck has no rate for them.
    """

    calls: int = 0
    uncosted_calls: int = 0
    uncosted_charged_micros: int = 0
    charged: Margin = field(default_factory=Margin)
    included: Margin = field(default_factory=Margin)
    destinations: dict[str, Margin] = field(default_factory=dict)
    services: dict[str, Margin] = field(default_factory=dict)
    organizations: dict[str, Margin] = field(default_factory=dict)


async def sum_margins(
    services: Services, *, organizations: Mapping[str, int], spans: tuple[CostSpan, ...], tell: Callable[[int], None]
) -> MarginTotals:
    """The totals of organizations, by id with about how many calls each has; ``tell`` hears how many calls are done."""
    totals = MarginTotals()
    for span in spans:
        async with services.pool.acquire() as connection:
            deck = await load_deck(connection, services.shard_id, span.rate_deck_id, drafts=True)
        await _add_span(services, organizations, span, deck, totals, tell)
    return totals


async def _add_span(
    services: Services,
    organizations: Mapping[str, int],
    span: CostSpan,
    deck: RateDeck,
    totals: MarginTotals,
    tell: Callable[[int], None],
) -> None:
    with ExitStack() as opened:
        comparer = None
        try:
            rater = await asyncio.to_thread(opened.enter_context, open_rater(deck))
            comparer = Comparer(rater, deck.services_with_origin, dearest_max=0)
        except (ColumnarMissingError, DeckError):
            # Slower, and to the millionth the same.
            comparer = None
        async for content in _copies(services, organizations, span):
            if comparer is not None:
                try:
                    await _in_thread(_add_columns, comparer, content, totals)
                except RecordsError:
                    await _in_thread(_add_rows, deck, content, totals)
            else:
                await _in_thread(_add_rows, deck, content, totals)
            tell(totals.calls)


async def _copies(services: Services, organizations: Mapping[str, int], span: CostSpan) -> AsyncIterator[bytes]:
    """The calls of a span as CSV, many organizations at once where they have few."""
    for together in _batches(organizations):
        after: tuple[datetime, str] = (span.begins_at - timedelta(microseconds=1), "")
        while True:
            content = await _copy(services, together, span, after)
            if not content:
                break
            yield content
            last = _last_line(content)
            if last is None:
                break
            after = last


def _batches(organizations: Mapping[str, int]) -> list[list[str]]:
    batches: list[list[str]] = []
    filled = COPIED_AT_ONCE
    for organization_id, calls in organizations.items():
        if filled + calls > COPIED_AT_ONCE:
            batches.append([])
            filled = 0
        batches[-1].append(organization_id)
        filled += calls
    return batches


async def _copy(services: Services, together: list[str], span: CostSpan, after: tuple[datetime, str]) -> bytes:
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    async with services.pool.acquire() as connection:
        await connection.copy_from_query(
            load_statement("console/copy_calls_of_margins"),
            services.shard_id,
            together,
            span.begins_at,
            span.ends_at,
            *after,
            COPIED_AT_ONCE,
            output=take,
            format="csv",
            timeout=READ_SECONDS_MAX,
        )
    return b"".join(pieces)


def _last_line(content: bytes) -> tuple[datetime, str] | None:
    """Where the next copy begins; None where this one was not full, and so the last."""
    if content.count(b"\n") < COPIED_AT_ONCE:
        return None
    return last_of(read_copied(content))


def _add_columns(comparer: Comparer, content: bytes, totals: MarginTotals) -> None:
    charged, uncharged = split_by_charge(read_copied(content))
    totals.calls += charged.num_rows + uncharged.num_rows
    paid = comparer.compare(charged)
    for groups, known in (
        (paid.destinations, totals.destinations),
        (paid.services, totals.services),
        (paid.users, totals.organizations),
    ):
        for key, sums in groups.items():
            _add(known.setdefault(key, Margin()), sums)
    for sums in paid.services.values():
        _add(totals.charged, sums)
    free = comparer.compare(uncharged)
    for sums in free.services.values():
        _add(totals.included, sums)
    totals.uncosted_calls += paid.free_calls + free.free_calls
    totals.uncosted_charged_micros += paid.free_charged_micros


def _add(known: Margin, sums: Sums) -> None:
    known.add(sums.calls, sums.seconds, sums.charged_micros, sums.would_cost_micros)


def _add_rows(deck: RateDeck, content: bytes, totals: MarginTotals) -> None:
    for row in csv.DictReader(io.StringIO(content.decode("utf-8")), fieldnames=list(COPIED)):
        if row["live"] == "0" and row["state"] != _REFUSED:
            totals.calls += 1
            _add_row(deck, row, totals)


def _add_row(deck: RateDeck, row: Mapping[str, str], totals: MarginTotals) -> None:
    service, seconds, charged = Service(row["service"]), int(row["used_seconds"]), int(row["charged_micros"])
    if service is Service.EMERGENCY or not seconds:
        return
    began_at = _EPOCH + timedelta(microseconds=int(row["began_us"]))
    rate = rate_in(deck, service, row["caller"], row["callee"], began_at)
    cost = 0 if rate is None else price_micros(rate, seconds, began_at)
    totals.uncosted_calls += rate is None
    counted: tuple[int, int, int, int] = (1, seconds, charged, cost)
    if not charged:
        totals.included.add(*counted)
        return
    totals.uncosted_charged_micros += charged if rate is None else 0
    totals.charged.add(*counted)
    destination = row["destination"] if rate is None else rate.destination
    totals.destinations.setdefault(destination, Margin()).add(*counted)
    totals.services.setdefault(service.value, Margin()).add(*counted)
    totals.organizations.setdefault(row["user_id"], Margin()).add(*counted)


async def _in_thread(work: Callable[..., None], *given: Any) -> None:
    """Long work, done while others have their turns; it is waited for even by whoever is cancelled."""
    working = asyncio.ensure_future(asyncio.to_thread(work, *given))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise
