"""What happened to an organization's money: balance, lots, journal, calls, consumption by day.

Knows how to read. Refuses to change anything, and to show as available what has expired, booked or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import SessionState
from commcredits.core.calendar import last_days
from commcredits.core.commands import CallType, Service
from commcredits.core.covering import pool_minutes
from commcredits.core.funds import LotSource
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.plans import CREDITS_CAPABILITY
from commcredits.operations.call_records import INBOUND_TYPES, SERVICES_IN
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_visible_ascii
from commcredits.operations.organizations import Organization, check_organization_id, get_organization
from commcredits.operations.paging import (
    Page,
    check_limit,
    read_cursor,
    read_instant,
    refuse_cursor,
    write_cursor,
    write_instant,
)
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.operations.spending_days import plan_days, read_summed
from commcredits.storage.connection import load_statement

DAYS_MAX: Final = 366
"""Most days of consumption in one answer."""

SESSION_ID_CHARACTERS_MAX: Final = 128
"""Longest id that a switch may give a call."""

_JOURNAL: Final = "journal"
_CALLS: Final = "calls"
_ALL_KEYS_TOGETHER: Final = True
_EVERY_CALL: Final = "service"
"""The dimension of the sums by day that has every call once, whoever made it."""
_LAST_ID: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_NEWEST_CALL: Final = (datetime.max.replace(tzinfo=UTC), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Amounts at the instant ``as_of``, in millionths: ``available_micros`` = ``posted_micros`` − ``held_micros``.

    ``owed_micros`` is what calls recorded after the fact found no funds for; the next funds repay it first. A line of
    credit is no funds and in none of these: ``credit_line_micros`` is how large it is for an organization that pays
    after use, 0 else, and ``credit_line_used_micros`` what calls have used and hold of it.
    """

    posted_micros: int
    held_micros: int
    available_micros: int
    owed_micros: int
    currency: str
    as_of: datetime
    post_usage: bool = False
    credit_line_micros: int = 0
    credit_line_used_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRecord:
    """A fund lot with anything left: of ``amount_micros``, ``free_micros`` may be spent and calls hold the other."""

    lot_id: str
    source: LotSource
    purchased_at: datetime
    expires_at: datetime
    amount_micros: int
    free_micros: int
    held_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One transfer: the amount left ``source`` and entered ``target``; one that touches no lot has no ``lot_id``."""

    transfer_id: str
    at: datetime
    source: LedgerAccount
    target: LedgerAccount
    amount_micros: int
    reason: TransferReason
    lot_id: str | None
    session_id: str | None
    top_up_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call, running, over or refused.

    ``duration_seconds`` counts from its answer and is what it was charged for so far; ``overrun_seconds`` is how much
    longer its switch let it run; ``switch`` is the link that it is told over, empty where it named none. ``refusal`` is
    the reason of a refused call, ``cause`` the switch's word for the end of another one. ``destination``,
    ``rate_deck_id`` and ``rate_prefix`` are those of the rate that priced it.

    Of an organization with people and rules, a call tells whose it is (``user_id`` is None when it is nobody's, and the
    display name empty when there is nobody by that id any more), what kind of call, and what paid: ``pool_minutes`` of
    a minute pool so far, the rest is charged. ``capability`` is the licence that paid first; credits pay what is
    charged beyond a pool. It is empty for a refused call, and where no licence is behind it.
    """

    session_id: str
    service: Service
    call_type: CallType | None
    user_id: str | None
    user_display_name: str
    caller: str
    callee: str
    destination: str
    state: SessionState
    authorised_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: int
    overrun_seconds: int
    switch: str
    pool_minutes: int
    charged_micros: int
    held_micros: int
    currency: str
    capability: str
    cause: str
    refusal: RefusalCode | None
    rate_deck_id: str | None
    rate_prefix: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfConsumption:
    """What the calls that were authorised on one calendar day of the organization's zone came to, refused ones not."""

    day: date
    calls: int
    duration_seconds: int
    charged_micros: int


@reads(Permission.FUNDS_READ)
async def read_balance(services: Services, *, organization_id: str) -> Balance | Refused:
    """The balance now. What has expired is not in it, though it may not be booked yet; what calls hold of it is."""
    now = services.clock()
    rows = await _lot_rows(services, organization_id)
    if isinstance(rows, Refused):
        return rows
    lots = _lots_of(rows, now)
    held = sum(lot.held_micros for lot in lots)
    available = sum(lot.free_micros for lot in lots)
    line = rows[0]["line_micros"] or 0
    unused = sum(row["free_micros"] for row in rows if row["lot_id"] is not None and row["lot_id"] == row["line_id"])
    return Balance(
        posted_micros=available + held,
        held_micros=held,
        available_micros=available,
        owed_micros=rows[0]["owed_micros"],
        currency=rows[0]["currency"],
        as_of=now,
        post_usage=rows[0]["post_usage"],
        credit_line_micros=line,
        credit_line_used_micros=line - unused,
    )


@reads(Permission.FUNDS_READ)
async def list_lots(services: Services, *, organization_id: str) -> tuple[LotRecord, ...] | Refused:
    """The lots with anything left now, in order of use; together they are the balance, without a line of credit."""
    rows = await _lot_rows(services, organization_id)
    return rows if isinstance(rows, Refused) else _lots_of(rows, services.clock())


@reads(Permission.FUNDS_READ)
async def list_journal(
    services: Services, *, organization_id: str, cursor: str | None, limit: int
) -> Page[JournalEntry] | Refused:
    """An organization's transfers, newest first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = (_LAST_ID,) if cursor is None else read_cursor(_JOURNAL, cursor, 1)
    if before is None or not is_identifier(before[0]):
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_journal"), services.shard_id, organization_id, before[0], limit + 1
    )
    items = tuple(_entry_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    return Page(items=items, next_cursor=write_cursor(_JOURNAL, items[-1].transfer_id))


@reads(Permission.CALLS_READ)
async def list_calls(
    services: Services, *, organization_id: str, cursor: str | None, limit: int, free: bool = False
) -> Page[CallRecord] | Refused:
    """An organization's calls, refused ones included, newest first.

    ``free`` lists those alone that were charged nothing for want of a rate (domain.md §5, row 21).
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _NEWEST_CALL if cursor is None else _read_call_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    statement = load_statement("list_free_calls" if free else "list_calls")
    rows = await services.pool.fetch(statement, services.shard_id, organization_id, *before, limit + 1)
    items = tuple(_call_of(row, organization, services) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_CALLS, write_instant(last.authorised_at), last.session_id))


@reads(Permission.CALLS_READ)
async def get_call(services: Services, *, organization_id: str, session_id: str) -> CallRecord | Refused:
    """One call of this organization; another's is as unknown as none."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = refuse_visible_ascii("session_id", session_id, SESSION_ID_CHARACTERS_MAX)
    if refused is not None:
        return refused
    row = await services.pool.fetchrow(load_statement("get_call"), services.shard_id, organization_id, session_id)
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_SESSION, facts={"session_id": session_id})
    return _call_of(row, organization, services)


@reads(Permission.FUNDS_READ)
async def consumption_by_day(
    services: Services, *, organization_id: str, days: int
) -> tuple[DayOfConsumption, ...] | Refused:
    """One entry for each of the last ``days`` calendar days in the organization's zone, today last.

    Days that are summed are read as sums and the others from their calls, in one snapshot (decision record 0026).
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if not 1 <= days <= DAYS_MAX:
        return invalid_input("days", str(days), f"a whole number from 1 to {DAYS_MAX}")
    dates, _bounds = last_days(services.clock(), organization.time_zone, days)
    place = (services.shard_id, organization_id)
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        summed = await read_summed(connection, *place, organization.time_zone)
        plan = plan_days(summed, dates[0], dates[-1], organization.time_zone, by_month=False)
        rows = await connection.fetch(
            load_statement("spending/over_time"),
            *place,
            _EVERY_CALL,
            [],
            list(plan.days),
            [begins for begins, _ in plan.live_bounds],
            [ends for _, ends in plan.live_bounds],
            list(plan.live),
            _ALL_KEYS_TOGETHER,
            [],
        )
    by_day = {row["day"]: row for row in rows}
    consumed = []
    for day in dates:
        row = by_day.get(day)
        consumed.append(
            DayOfConsumption(
                day=day,
                calls=0 if row is None else row["calls"],
                duration_seconds=0 if row is None else row["seconds"],
                charged_micros=0 if row is None else row["charged_micros"],
            )
        )
    return tuple(consumed)


async def _lot_rows(services: Services, organization_id: str) -> list[asyncpg.Record] | Refused:
    checked = check_organization_id(organization_id)
    if isinstance(checked, Refused):
        return checked
    rows = await services.pool.fetch(load_statement("list_lots"), services.shard_id, organization_id)
    return rows or Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": organization_id})


def _lots_of(rows: list[asyncpg.Record], now: datetime) -> tuple[LotRecord, ...]:
    """The lots with anything left at that instant: of an expired one, only what calls hold (domain.md §3)."""
    lots = (
        LotRecord(
            lot_id=str(row["lot_id"]),
            source=LotSource(row["source"]),
            purchased_at=row["purchased_at"],
            expires_at=row["expires_at"],
            amount_micros=row["amount_micros"],
            free_micros=row["free_micros"] if now < row["expires_at"] else 0,
            held_micros=row["held_micros"],
        )
        for row in rows
        if row["lot_id"] is not None and row["source"] != LotSource.POST_USAGE.value
    )
    return tuple(lot for lot in lots if lot.free_micros or lot.held_micros)


def _read_call_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_CALLS, cursor, 2)
    authorised_at = None if key is None else read_instant(key[0])
    return None if key is None or authorised_at is None else (authorised_at, key[1])


def _entry_of(row: asyncpg.Record) -> JournalEntry:
    return JournalEntry(
        transfer_id=str(row["transfer_id"]),
        at=row["at"],
        source=LedgerAccount(row["source"]),
        target=LedgerAccount(row["target"]),
        amount_micros=row["amount_micros"],
        reason=TransferReason(row["reason"]),
        lot_id=None if row["lot_id"] is None else str(row["lot_id"]),
        session_id=row["session_id"],
        top_up_id=None if row["top_up_id"] is None else str(row["top_up_id"]),
    )


def _call_of(row: asyncpg.Record, organization: Organization, services: Services) -> CallRecord:
    state = SessionState(row["state"])
    refused = state is SessionState.REFUSED
    service = Service(row["service"])
    call_type = None if row["call_type"] is None else CallType(row["call_type"])
    inbound = service in SERVICES_IN if call_type is None else call_type in INBOUND_TYPES
    caller, callee = services.reports.privacy.shown(
        row["caller"], row["callee"], inbound=inbound, country=organization.country
    )
    return CallRecord(
        session_id=row["session_id"],
        service=service,
        call_type=call_type,
        user_id=None if row["user_id"] is None else str(row["user_id"]),
        user_display_name=row["user_display_name"] or "",
        caller=caller,
        callee=callee,
        destination=row["rate_destination"] or "",
        state=state,
        authorised_at=row["authorised_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        duration_seconds=row["used_seconds"],
        overrun_seconds=row["overrun_seconds"],
        switch=row["switch"],
        pool_minutes=pool_minutes(row["included_seconds"], row["used_seconds"]),
        charged_micros=row["charged_micros"],
        held_micros=row["held_micros"] or 0,
        currency=organization.currency,
        capability="" if refused else _capability_of(row),
        cause="" if refused else row["cause"],
        refusal=RefusalCode(row["cause"]) if refused else None,
        rate_deck_id=None if row["rate_deck_id"] is None else str(row["rate_deck_id"]),
        rate_prefix=row["rate_prefix"],
    )


def _capability_of(row: asyncpg.Record) -> str:
    """The licence that paid first: credits', for a call that found nothing left in its pool."""
    without_minutes = row["pool_key"] and not row["included_seconds"]
    return CREDITS_CAPABILITY if without_minutes else row["capability"] or ""
