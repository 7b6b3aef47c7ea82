"""Call records as report tools of another system ask for them: calls, blocked users, dial-out (domain.md §7).

Knows periods of at most 90 days with both ends included, pages of 1000 in order of time, and a token that goes on where
a page ended. Refuses to know the names of fields, and a token that was given out for another period.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.calendar import instant_text
from commcredits.core.outcomes import Refused
from commcredits.core.roster import BlockReason
from commcredits.operations.call_records import UsageRow, rows_of
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import Organization
from commcredits.operations.paging import Page, read_cursor, read_instant, write_cursor, write_instant
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.operations.usage import (
    Place,
    UsageQuery,
    before_all,
    checked_organization,
    kept_arguments,
    place_of,
    read_calls_after,
)
from commcredits.storage.connection import load_statement

PERIOD_DAYS_MAX: Final = 90
"""Longest period that may be asked for."""

ROWS_MAX: Final = 1_000
"""Most rows on a page."""

ORGANIZERS_MAX: Final = 50_000
"""Most rows of the report of conference dial-out, which has no pages: more than an organization has organizers."""

_CALLS: Final = "call_records"
_BLOCKED: Final = "blocked_users"
_READ_SECONDS_MAX: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecordsPage:
    """Some rows, the country of the organization, and the token of the next page; None at the end."""

    rows: tuple[UsageRow, ...]
    country: str
    next_token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedUser:
    """A user was blocked, or unblocked, at that instant. ``reason`` is why the block was set, whichever it was."""

    at: datetime
    block_id: str
    blocked: bool
    reason: BlockReason
    user_id: str
    user_principal_name: str
    display_name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOutSum:
    """What one organizer's conferences dialled out; ``charged_micros`` are charges and connection fees together."""

    user_id: str
    user_principal_name: str
    display_name: str
    usage_location: str
    domestic: bool | None
    currency: str
    calls: int
    seconds: int
    charged_micros: int


@reads(Permission.CALL_RECORDS_READ)
async def list_call_records(
    services: Services, *, organization_id: str, begins: datetime, ends: datetime, token: str | None, limit: int
) -> CallRecordsPage | Refused:
    """Calls that began from ``begins`` to ``ends``, oldest first. A call's rows are never on two pages."""
    query = UsageQuery(begins=begins, ends=ends)
    organization = await _checked(services, organization_id, query, limit)
    if isinstance(organization, Refused):
        return organization
    after = before_all(query) if token is None else _read_token(_CALLS, token, query)
    if after is None:
        return _refuse_token(token or "")
    records = await read_calls_after(services, organization, query, after, limit + 1)
    rows: list[UsageRow] = []
    last: Place | None = None
    for record in records[:limit]:
        of_call = tuple(rows_of(record, organization, services.reports))
        if rows and len(rows) + len(of_call) > limit:
            break
        rows.extend(of_call)
        last = place_of(record)
    is_end = last is None or last == place_of(records[-1])
    return CallRecordsPage(
        rows=tuple(rows),
        country=organization.country,
        next_token=None if is_end or last is None else _write_token(_CALLS, query, last),
    )


@reads(Permission.CALL_RECORDS_READ)
async def list_blocked_users(
    services: Services, *, organization_id: str, begins: datetime, ends: datetime, token: str | None, limit: int
) -> Page[BlockedUser] | Refused:
    """When users were blocked and unblocked, in order of time."""
    query = UsageQuery(begins=begins, ends=ends)
    organization = await _checked(services, organization_id, query, limit)
    if isinstance(organization, Refused):
        return organization
    after = before_all(query) if token is None else _read_token(_BLOCKED, token, query)
    if after is None:
        return _refuse_token(token or "")
    rows = await services.pool.fetch(
        load_statement("list_blocked_users"), services.shard_id, organization_id, begins, ends, *after, limit + 1
    )
    items = tuple(
        BlockedUser(
            at=row["at"],
            block_id=str(row["block_id"]),
            blocked=row["blocked"],
            reason=BlockReason(row["reason"]),
            user_id=str(row["party_id"]),
            user_principal_name=row["user_principal_name"] or "",
            display_name=row["display_name"] or "",
            number=row["number"] or "",
        )
        for row in rows[:limit]
    )
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = rows[limit - 1]
    return Page(items=items, next_cursor=_write_token(_BLOCKED, query, (last["at"], last["event_id"])))


@reads(Permission.CALL_RECORDS_READ)
async def sum_dial_out(
    services: Services, *, organization_id: str, begins: datetime, ends: datetime
) -> tuple[DialOutSum, ...] | Refused:
    """What conferences dialled out, by organizer, their country, and whether calls left it."""
    query = UsageQuery(begins=begins, ends=ends)
    organization = await _checked(services, organization_id, query, ROWS_MAX)
    if isinstance(organization, Refused):
        return organization
    rows = await services.pool.fetch(
        load_statement("sum_dial_out_records"),
        *kept_arguments(services, organization, query),
        ORGANIZERS_MAX,
        timeout=_READ_SECONDS_MAX,
    )
    return await asyncio.to_thread(
        lambda: tuple(
            DialOutSum(
                user_id="" if row["party_id"] is None else str(row["party_id"]),
                user_principal_name=row["user_principal_name"] or "",
                display_name=row["display_name"] or "",
                usage_location=row["usage_location"],
                domestic=row["domestic"],
                currency=organization.currency,
                calls=row["calls"],
                seconds=row["seconds"],
                charged_micros=row["charged_micros"],
            )
            for row in rows
        )
    )


async def _checked(services: Services, organization_id: str, query: UsageQuery, limit: int) -> Organization | Refused:
    organization = await checked_organization(services, organization_id, query)
    if isinstance(organization, Refused):
        return organization
    if query.ends - query.begins > timedelta(days=PERIOD_DAYS_MAX):
        allowed = f"an instant at most {PERIOD_DAYS_MAX} days after fromDateTime"
        return invalid_input("toDateTime", instant_text(query.ends), allowed)
    if not 1 <= limit <= ROWS_MAX:
        return invalid_input("$top", str(limit), f"a whole number from 1 to {ROWS_MAX}")
    return organization


def _write_token(name: str, query: UsageQuery, place: Place) -> str:
    """Where a page of this period ended: of no use for another period or list."""
    bounds = (write_instant(query.begins), write_instant(query.ends))
    return write_cursor(name, *bounds, write_instant(place[0]), place[1])


def _read_token(name: str, token: str, query: UsageQuery) -> Place | None:
    key = read_cursor(name, token, 4)
    if key is None or key[:2] != (write_instant(query.begins), write_instant(query.ends)):
        return None
    at = read_instant(key[2])
    # Before the period a token leads nowhere that was ever given out; beyond it there is nothing to read.
    return None if at is None or not before_all(query)[0] <= at <= query.ends else (at, key[3])


def _refuse_token(token: str) -> Refused:
    return invalid_input("$skiptoken", token, "that of the @odata.nextLink of a page of the same period")
