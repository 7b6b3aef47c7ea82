"""Reports on margins: asked for by a person, made by the worker, and kept, so that a page shows one at once.

Knows who asked, and how far one is. Refuses to add up calls itself (commcredits.operations.margins).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg
import msgspec

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.cost_decks import cost_spans, list_cost_decks
from commcredits.operations.inputs import check_currency, invalid_input
from commcredits.operations.margins import Margin, MarginTotals, sum_margins
from commcredits.operations.organizations import check_identifier
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

PERIOD_DAYS_MAX: Final = 366
"""Longest period of a report."""

OPEN_MAX: Final = 10
"""Most reports that wait to be made."""

ROWS_MAX: Final = 200
"""Most rows of each kind that a report keeps: the worst margins, and it says how many there were."""

_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class ReportState(StrEnum):
    """Where a report is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginRow:
    """The calls to a destination, of a service or of an organization; amounts in millionths."""

    key: str
    name: str
    calls: int
    seconds: int
    charged_micros: int
    cost_micros: int

    @property
    def margin_micros(self) -> int:
        """What is left of the charge."""
        return self.charged_micros - self.cost_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginResult:
    """The totals of a report, and its rows, the worst margin first.

    ``charged`` are calls that credits paid. ``included`` are those that licences paid: they brought nothing by the
    call, and so stand in no row. ``uncosted_calls`` have no rate in the cost deck, and are counted as costing nothing.
    """

    charged: MarginRow
    included: MarginRow
    uncosted_calls: int
    uncosted_charged_micros: int
    costs_known_from: datetime
    destinations: tuple[MarginRow, ...]
    destination_count: int
    services: tuple[MarginRow, ...]
    organizations: tuple[MarginRow, ...]
    organization_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginReport:
    """A report; ``result`` is None until it is done, and in lists."""

    report_id: str
    currency: str
    begins_at: datetime
    ends_at: datetime
    state: ReportState
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    calls: int
    failure: str
    result: MarginResult | None


@acts(Permission.OPERATOR_RATES)
async def ask_for_margins(
    services: Services, *, currency: str, begins_at: datetime, ends_at: datetime
) -> MarginReport | Refused:
    """Have the worker add up a period of all organizations with this currency; its end is left out.

    UNKNOWN_COST_DECK where no cost deck of that currency is in force in the period, BUSY while too many wait.
    """
    digits = check_currency(currency)
    if isinstance(digits, Refused):
        return digits
    if not begins_at < ends_at <= begins_at + timedelta(days=PERIOD_DAYS_MAX):
        return invalid_input("ends_at", ends_at.isoformat(), f"after the beginning, within {PERIOD_DAYS_MAX} days")
    decks = await list_cost_decks(services, currency=currency)
    if isinstance(decks, Refused) or not cost_spans(decks, begins_at, ends_at):
        return Refused(code=RefusalCode.UNKNOWN_COST_DECK, facts={"currency": currency})
    waiting = await services.pool.fetchval(load_statement("console/count_margins_open"), services.shard_id)
    if waiting >= OPEN_MAX:
        return Refused(code=RefusalCode.BUSY, facts={"command": "ask_for_margins"})
    report_id = services.new_id()
    await services.pool.execute(
        load_statement("console/ask_margins"),
        services.shard_id,
        report_id,
        currency,
        begins_at,
        ends_at,
        services.actor.name or services.actor.actor_id,
        services.clock(),
    )
    return await get_margins(services, report_id=report_id)


@reads(Permission.OPERATOR_RATES)
async def get_margins(services: Services, *, report_id: str) -> MarginReport | Refused:
    """One report, with its result once it is made."""
    checked = check_identifier("report_id", report_id)
    if isinstance(checked, Refused):
        return checked
    rows = await services.pool.fetch(load_statement("console/list_margins"), services.shard_id, _LAST, report_id, 1)
    return _report_of(rows[0]) if rows else invalid_input("report_id", report_id, "the id of a report on margins")


@reads(Permission.OPERATOR_RATES)
async def list_margins(services: Services, *, cursor: str | None, limit: int) -> Page[MarginReport] | Refused:
    """Reports, newest first, without their results."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await services.pool.fetch(load_statement("console/list_margins"), services.shard_id, before, None, limit + 1)
    items = tuple(_report_of(row) for row in rows[:limit])
    return Page(items=items, next_cursor=items[-1].report_id if len(rows) > limit else None)


async def make_margin_reports(services: Services) -> int:
    """Make the report that was asked for first, unless another process makes one; returns how many were made."""
    async with services.pool.acquire() as connection:
        if not await connection.fetchval(load_statement("console/count_margins_open"), services.shard_id):
            return 0
        if not await connection.fetchval(load_statement("console/lock_margins"), services.shard_id):
            return 0
        try:
            row = await connection.fetchrow(
                load_statement("console/begin_margins"), services.shard_id, services.clock()
            )
            if row is None:
                return 0
            await _make(services, row)
        finally:
            await connection.execute(load_statement("console/unlock_margins"), services.shard_id)
    return 1


async def _make(services: Services, row: asyncpg.Record) -> None:
    report_id = str(row["report_id"])
    try:
        calls, result = await _result(services, row)
    except Exception as error:
        # It is told in full by the round's log, and is not tried again and again.
        await _settle(services, report_id, ReportState.FAILED, failure=type(error).__name__)
        raise
    await _settle(services, report_id, ReportState.DONE, calls=calls, result=msgspec.json.encode(result).decode())


async def _result(services: Services, row: asyncpg.Record) -> tuple[int, MarginResult]:
    decks = await list_cost_decks(services, currency=row["currency"])
    assert isinstance(decks, tuple), "the product may read its decks"
    spans = cost_spans(decks, row["begins_at"], row["ends_at"])
    counted = await services.pool.fetch(
        load_statement("console/count_calls_of_currency"),
        services.shard_id,
        row["currency"],
        row["begins_at"],
        row["ends_at"],
        timeout=300,
    )
    names = {str(each["organization_id"]): each["name"] for each in counted}
    organizations = {str(each["organization_id"]): each["calls"] for each in counted}
    totals = await sum_margins(services, organizations=organizations, spans=spans, tell=lambda _calls: None)
    return totals.calls, _result_of(totals, names, spans[0].begins_at)


def _result_of(totals: MarginTotals, names: Mapping[str, str], known_from: datetime) -> MarginResult:
    return MarginResult(
        charged=_row("", "", totals.charged),
        included=_row("", "", totals.included),
        uncosted_calls=totals.uncosted_calls,
        uncosted_charged_micros=totals.uncosted_charged_micros,
        costs_known_from=known_from,
        destinations=_rows(totals.destinations, {}),
        destination_count=len(totals.destinations),
        services=_rows(totals.services, {}),
        organizations=_rows(totals.organizations, names),
        organization_count=len(totals.organizations),
    )


def _rows(groups: Mapping[str, Margin], names: Mapping[str, str]) -> tuple[MarginRow, ...]:
    worst = sorted(groups.items(), key=lambda each: (each[1].margin_micros, each[0]))[:ROWS_MAX]
    return tuple(_row(key, names.get(key, ""), margin) for key, margin in worst)


def _row(key: str, name: str, margin: Margin) -> MarginRow:
    return MarginRow(
        key=key,
        name=name,
        calls=margin.calls,
        seconds=margin.seconds,
        charged_micros=margin.charged_micros,
        cost_micros=margin.cost_micros,
    )


async def _settle(
    services: Services, report_id: str, state: ReportState, *, calls: int = 0, result: str = "", failure: str = ""
) -> None:
    await services.pool.execute(
        load_statement("console/settle_margins"),
        services.shard_id,
        report_id,
        state.value,
        services.clock(),
        calls,
        result,
        failure,
    )


def _report_of(row: asyncpg.Record) -> MarginReport:
    return MarginReport(
        report_id=str(row["report_id"]),
        currency=row["currency"],
        begins_at=row["begins_at"],
        ends_at=row["ends_at"],
        state=ReportState(row["state"]),
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        ended_at=row["ended_at"],
        calls=row["calls"],
        failure=row["failure"],
        result=msgspec.json.decode(row["result"], type=MarginResult) if row["result"] else None,
    )
