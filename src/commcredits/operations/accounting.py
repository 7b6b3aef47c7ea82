"""The accounting export: the transfers of a period as a file that an accountant's program reads.

Knows periods and which file is wanted. Refuses to hold a period in memory: rows come from a cursor over one snapshot
and leave as text at once. A period must be over, so that the same export is the same file again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.calendar import instant_text, is_time_zone, zone_of
from commcredits.core.ledger import LedgerAccount
from commcredits.core.outcomes import Refused
from commcredits.operations.accounting_chart import BANK, chart_of
from commcredits.operations.accounting_files import EntriesCsv, Entry, JournalCsv, PlainTextJournal, Writer
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

PERIOD_DAYS_MAX: Final = 3_700
"""Longest period of an export: ten years."""

BEGINS_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""Before any books of ours; the first days of the calendar have no local time west of Greenwich."""

_ROWS_AT_ONCE: Final = 500
_QUERY_SECONDS_MAX: Final = 600


class ExportForm(StrEnum):
    """Which file: our journal as CSV, a plain-text journal, or debit and credit lines as CSV."""

    CSV = "csv"
    HLEDGER = "hledger"
    ENTRIES = "entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Transfers from ``begins`` until before ``ends``; dates of a file are those of the clock in ``time_zone``.

    ``organization_id`` None is all organizations; then payouts of gateways are part of it.
    """

    begins: datetime
    ends: datetime
    time_zone: str = "UTC"
    organization_id: str | None = None


@reads(Permission.OPERATOR_ACCOUNTING)
async def check_period(services: Services, period: Period) -> Refused | None:
    """Why this period cannot be told of, or None."""
    if not is_time_zone(period.time_zone):
        return invalid_input("time_zone", period.time_zone, "the IANA name of a time zone, such as Europe/Bucharest")
    if period.begins < BEGINS_FIRST:
        return invalid_input("from", period.begins.isoformat(), f"{instant_text(BEGINS_FIRST)} or later")
    if period.ends > services.clock():
        return invalid_input("to", period.ends.isoformat(), "an instant that has passed: the period must be over")
    # The difference, for a sum may lie beyond the last day that there is.
    if not timedelta(0) < period.ends - period.begins <= timedelta(days=PERIOD_DAYS_MAX):
        allowed = f"an instant after the beginning, at most {PERIOD_DAYS_MAX} days later"
        return invalid_input("to", period.ends.isoformat(), allowed)
    if period.organization_id is None:
        return None
    organization = await get_organization(services, organization_id=period.organization_id)
    return organization if isinstance(organization, Refused) else None


@reads(Permission.OPERATOR_ACCOUNTING)
async def export_period(services: Services, period: Period, form: ExportForm) -> AsyncIterator[bytes] | Refused:
    """The file, piece by piece, in UTF-8. The pieces must be taken without long pauses: they come from one snapshot."""
    refused = await check_period(services, period)
    return refused or _pieces(services, period, _writer(services, period, form), form)


def _writer(services: Services, period: Period, form: ExportForm) -> Writer:
    zone = zone_of(period.time_zone)
    chart = chart_of(services.rules.account_codes)
    match form:
        case ExportForm.CSV:
            return JournalCsv(zone)
        case ExportForm.ENTRIES:
            return EntriesCsv(zone, chart)
        case ExportForm.HLEDGER:
            return PlainTextJournal(zone, chart)


async def _pieces(services: Services, period: Period, writer: Writer, form: ExportForm) -> AsyncIterator[bytes]:
    yield writer.head().encode()
    lines: list[str] = []
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        rows = connection.cursor(
            load_statement("export_journal"),
            services.shard_id,
            period.begins,
            period.ends,
            period.organization_id,
            prefetch=_ROWS_AT_ONCE,
            timeout=_QUERY_SECONDS_MAX,
        )
        async for row in rows:
            lines.append(writer.entry(_entry_of(row)))
            if len(lines) >= _ROWS_AT_ONCE:
                yield "".join(lines).encode()
                lines.clear()
        # The journal ends at the gateway; what comes from there to the bank is in files for other books alone.
        if period.organization_id is None and form is not ExportForm.CSV:
            zone = zone_of(period.time_zone)
            first, after = (instant.astimezone(zone).date() for instant in (period.begins, period.ends))
            payouts = connection.cursor(
                load_statement("export_payouts"), services.shard_id, first, after, prefetch=_ROWS_AT_ONCE
            )
            async for row in payouts:
                lines.append(writer.entry(_payout_of(row, period)))
                if len(lines) >= _ROWS_AT_ONCE:
                    yield "".join(lines).encode()
                    lines.clear()
    yield "".join(lines).encode()


def _entry_of(row: asyncpg.Record) -> Entry:
    return Entry(
        entry_id=str(row["transfer_id"]),
        at=row["at"],
        organization_id=str(row["organization_id"]),
        organization_name=row["name"],
        source=row["source"],
        target=row["target"],
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        reason=row["reason"],
        lot_id="" if row["lot_id"] is None else str(row["lot_id"]),
        session_id=row["session_id"] or "",
        top_up_id="" if row["top_up_id"] is None else str(row["top_up_id"]),
        document=row["document"] or "",
    )


def _payout_of(row: asyncpg.Record, period: Period) -> Entry:
    """A payout debits the bank and credits the gateway; a negative one is taken back by the gateway."""
    zone = zone_of(period.time_zone)
    day = row["arrives_on"]
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)
    accounts = (BANK, LedgerAccount.GATEWAY_CLEARING.value)
    source, target = accounts if row["amount_micros"] > 0 else accounts[::-1]
    return Entry(
        entry_id=f"{row['gateway']}/{row['reference']}",
        at=noon,
        organization_id="",
        organization_name="",
        source=source,
        target=target,
        amount_micros=abs(row["amount_micros"]),
        currency=row["currency"],
        reason="payout",
    )
