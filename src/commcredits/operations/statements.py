"""Statements: what an organization had when a month began, what came and went, and what it had when the month was over.

Knows the journal and nothing else, so that a statement is the ledger's own word: opening balance and lines come to the
closing balance, to the millionth, and the closing balance is the next one's opening. A statement of a month that is
over does not change: whatever corrects a call of it is a transfer of the month in which it is corrected, and stands
there.
Refuses to show sums that do not come to the balance: where they do not, every transfer is read (decision record 0026).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.calendar import bounds_of, month_of
from commcredits.core.commands import Service
from commcredits.core.ledger import LedgerAccount, TransferReason, revenue_account
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.operations.spending_days import next_month
from commcredits.operations.spending_journal import BEGINNING, by_day
from commcredits.storage.connection import Connection, load_statement

_MONTH: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])", re.ASCII)
_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_CREDITS: Final = LedgerAccount.CUSTOMER_CREDITS
_OWED: Final = LedgerAccount.RECEIVABLE

Moved = Mapping[date, Mapping[tuple[LedgerAccount, LedgerAccount, TransferReason], int]]
"""By month: what moved from one account to another for a reason, in millionths."""


class StatementEntry(StrEnum):
    """What a line of a statement is about, in the order of lines. Stable: files show these words."""

    PURCHASES = "purchases"
    PROMOTIONS = "promotions"
    MOVED_IN = "moved_in"
    USE = "use"
    GIVEN_BACK = "given_back"
    REFUNDS = "refunds"
    REFUNDS_UNDONE = "refunds_undone"
    EXPIRY = "expiry"
    CLOSING = "closing"
    DISPUTES = "disputes"
    DISPUTES_WON = "disputes_won"
    ADJUSTMENTS = "adjustments"
    DEBT_REPAID = "debt_repaid"
    CREDIT_LINE = "credit_line"


ENTRY_OF_REASON: Final[Mapping[TransferReason, StatementEntry]] = {
    TransferReason.TOP_UP: StatementEntry.PURCHASES,
    TransferReason.PROMOTION: StatementEntry.PROMOTIONS,
    TransferReason.OPENING_BALANCE: StatementEntry.MOVED_IN,
    TransferReason.CALL: StatementEntry.USE,
    TransferReason.CALL_CORRECTION: StatementEntry.GIVEN_BACK,
    TransferReason.REFUND: StatementEntry.REFUNDS,
    TransferReason.REFUND_UNDONE: StatementEntry.REFUNDS_UNDONE,
    TransferReason.EXPIRY: StatementEntry.EXPIRY,
    TransferReason.CLOSING: StatementEntry.CLOSING,
    TransferReason.DISPUTE: StatementEntry.DISPUTES,
    TransferReason.DISPUTE_WON: StatementEntry.DISPUTES_WON,
    TransferReason.ADJUSTMENT: StatementEntry.ADJUSTMENTS,
    TransferReason.REPAYMENT: StatementEntry.DEBT_REPAID,
    TransferReason.CREDIT_LINE: StatementEntry.CREDIT_LINE,
}
"""Every reason for which the balance moves; a test holds it complete."""

_SERVICES: Final = {
    revenue_account(service): service
    for service in (Service.OUTBOUND, Service.TOLL_FREE_IN, Service.TOLL_IN, Service.CONFERENCE_DIAL_OUT)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """What came (above zero) or went (below zero) for one reason; ``service`` of calls, None else."""

    entry: StatementEntry
    service: Service | None
    amount_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One month of the balance; amounts in millionths of ``currency``.

    ``opening_micros`` and the lines come to ``closing_micros``; of a month that is not over (``is_over``) that is the
    posted balance now. What calls and disputes found no funds for is owed and no part of the balance: it was
    ``owed_opening_micros``, and is ``owed_closing_micros``. ``tax_micros`` was paid with the purchases, as their
    receipts say, and ``tax_given_back_micros`` given back with refunds; neither is in any balance.
    """

    month: str
    begins_at: datetime
    ends_at: datetime
    is_over: bool
    opening_micros: int
    lines: tuple[StatementLine, ...]
    closing_micros: int
    owed_opening_micros: int
    owed_closing_micros: int
    tax_micros: int
    tax_given_back_micros: int
    currency: str
    time_zone: str
    as_of: datetime

    def sum_of(self, *entries: StatementEntry) -> int:
        """What the lines of these entries come to."""
        return sum(line.amount_micros for line in self.lines if line.entry in entries)


@reads(Permission.FUNDS_READ)
async def list_statements(services: Services, *, organization_id: str) -> tuple[Statement, ...] | Refused:
    """The statements of every month since the first transfer, the newest first; the current month is the first one."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    now = services.clock()
    moved = await _moved(services, organization)
    current = _month_day(month_of(now, organization.time_zone))
    month = min((current, *moved))
    last = max((current, *moved))
    statements = []
    while month <= last:
        statements.append(_statement(moved, month, organization, now))
        month = next_month(month)
    return tuple(reversed(statements))


@reads(Permission.FUNDS_READ)
async def get_statement(services: Services, *, organization_id: str, month: str = "") -> Statement | Refused:
    """The statement of a month of the organization's own time zone, as ``2026-11``; empty: the one that is now."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    now = services.clock()
    current = month_of(now, organization.time_zone)
    wanted = month or current
    if _MONTH.fullmatch(wanted) is None or wanted > current:
        return invalid_input("month", month, f"a month such as 2026-11, not after {current}")
    return _statement(await _moved(services, organization), _month_day(wanted), organization, now)


async def _moved(services: Services, organization: Organization) -> Moved:
    """All that ever moved, by month: as it was added up, and since; every transfer where that is not the balance."""
    place = (services.shard_id, organization.organization_id)
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        account = await connection.fetchrow(load_statement("spending/get_account_balances"), *place)
        summed_to = await connection.fetchval(load_statement("spending/get_journal_progress"), services.shard_id)
        rows = await connection.fetch(load_statement("spending/list_journal_months"), *place)
        found = [(row["month"], row["source"], row["target"], row["reason"], row["amount_micros"]) for row in rows]
        found += await _transfers(connection, *place, summed_to or BEGINNING)
        moved = _by_month(found)
        if account is not None and _all_of(moved, _CREDITS) != account["posted_micros"]:
            moved = _by_month(await _transfers(connection, *place, BEGINNING))
    return moved


async def _transfers(
    connection: Connection, shard_id: int, organization_id: str, since: datetime
) -> list[tuple[date, str, str, str, int]]:
    """What moved since an instant, by the month of the organization's zone."""
    rows = await connection.fetch(
        load_statement("spending/sum_journal_stretch"), shard_id, since, _END, organization_id
    )
    return [
        (day.replace(day=1), source, target, reason, micros)
        for (_of, day, source, target, reason), (_transfers_, micros) in by_day(rows).items()
    ]


def _by_month(rows: Iterable[tuple[date, str, str, str, int]]) -> Moved:
    moved: dict[date, dict[tuple[LedgerAccount, LedgerAccount, TransferReason], int]] = defaultdict(dict)
    for month, source, target, reason, micros in rows:
        key = (LedgerAccount(source), LedgerAccount(target), TransferReason(reason))
        moved[month][key] = moved[month].get(key, 0) + micros
    return moved


def _all_of(moved: Moved, account: LedgerAccount) -> int:
    return sum(_change(of_month, account) for of_month in moved.values())


def _change(
    of_month: Mapping[tuple[LedgerAccount, LedgerAccount, TransferReason], int],
    account: LedgerAccount,
    *,
    without: TransferReason | None = None,
) -> int:
    """What entered an account in a month less what left it."""
    return sum(
        ((target is account) - (source is account)) * micros
        for (source, target, reason), micros in of_month.items()
        if reason is not without
    )


def _statement(moved: Moved, month: date, organization: Organization, now: datetime) -> Statement:
    of_month = moved.get(month, {})
    before = [entries for of, entries in moved.items() if of < month]
    opening = sum(_change(entries, _CREDITS) for entries in before)
    # Debts leave the receivable for whatever was not paid; a line of credit does so too and is told in the balance.
    owed = -sum(_change(entries, _OWED, without=TransferReason.CREDIT_LINE) for entries in before)
    name = f"{month.year:04d}-{month.month:02d}"
    begins_at, ends_at = bounds_of(name, organization.time_zone)
    return Statement(
        month=name,
        begins_at=begins_at,
        ends_at=ends_at,
        is_over=ends_at <= now,
        opening_micros=opening,
        lines=_lines(of_month),
        closing_micros=opening + _change(of_month, _CREDITS),
        owed_opening_micros=owed,
        owed_closing_micros=owed - _change(of_month, _OWED, without=TransferReason.CREDIT_LINE),
        tax_micros=sum(micros for (_from, _to, reason), micros in of_month.items() if reason is TransferReason.TAX),
        tax_given_back_micros=sum(
            ((source is LedgerAccount.TAX) - (target is LedgerAccount.TAX)) * micros
            for (source, target, reason), micros in of_month.items()
            if reason is not TransferReason.TAX
        ),
        currency=organization.currency,
        time_zone=organization.time_zone,
        as_of=now,
    )


def _lines(
    of_month: Mapping[tuple[LedgerAccount, LedgerAccount, TransferReason], int],
) -> tuple[StatementLine, ...]:
    sums: dict[tuple[StatementEntry, Service | None], int] = defaultdict(int)
    for (source, target, reason), micros in of_month.items():
        if _CREDITS in (source, target):
            service = _SERVICES.get(source if target is _CREDITS else target)
            sums[ENTRY_OF_REASON[reason], service] += micros if target is _CREDITS else -micros
    order = {entry: number for number, entry in enumerate(StatementEntry)}
    return tuple(
        StatementLine(entry=entry, service=service, amount_micros=micros)
        for (entry, service), micros in sorted(sums.items(), key=lambda each: (order[each[0][0]], each[0][1] or ""))
    )


def _month_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
