"""Usage: the calls of a period as rows, their sums by day, and all of them one after the other.

Knows which calls a report is asked for, and reads them in order of time from one place to the next, so that a million
calls need no more memory than a thousand. Refuses to know what a row says (commcredits.operations.call_records), and
to tell of calls whose records are kept no longer. A call stands in it once it is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.calendar import instant_text
from commcredits.core.commands import CallType
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.call_records import UsageRow, rows_of
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name, refuse_visible_ascii
from commcredits.operations.organizations import Organization, get_organization
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
from commcredits.storage.connection import load_statement

PERIOD_DAYS_MAX: Final = 366
"""Longest period of a usage report or an export: a year."""

BEGINS_FIRST: Final = datetime(2000, 1, 2, tzinfo=UTC)
"""Before any call there is."""

CALLS_AT_ONCE: Final = 2_000
"""How many calls are read at once where all of a period are wanted."""

READ_SECONDS_MAX: Final = 120

USER_PRINCIPAL_NAME_CHARACTERS_MAX: Final = 320

_LIST: Final = "usage"
_CAPABILITY_CHARACTERS_MAX: Final = 40
_COUNTRY_CHARACTERS: Final = 2
_LAST_DAY: Final = datetime(9990, 1, 1, tzinfo=UTC)
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "")

Place = tuple[datetime, str]
"""Where in a list of calls one stands: when it was authorised, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuery:
    """Calls that began at ``begins`` or later and not after ``ends``, both included.

    Of these, where they are named: one user's (object id), of one call type, with an external party in one country
    (ISO 3166-1 alpha-2), paid by one capability, and with ``charged_only`` those that cost anything.
    """

    begins: datetime
    ends: datetime
    user_id: str = ""
    call_type: str = ""
    country: str = ""
    capability: str = ""
    charged_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfUsage:
    """What the calls that began on one day (UTC) came to; amounts in millionths, the charge without connection fees."""

    day: date
    calls: int
    seconds: int
    charge_micros: int
    fee_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSums:
    """Every day of the period, also those without calls, and all of them together."""

    days: tuple[DayOfUsage, ...]
    calls: int
    seconds: int
    charge_micros: int
    fee_micros: int
    currency: str


@reads(Permission.CALL_RECORDS_READ)
async def list_usage(
    services: Services, *, organization_id: str, query: UsageQuery, cursor: str | None, limit: int
) -> Page[UsageRow] | Refused:
    """Rows of a period, newest call first; ``limit`` counts calls, of which some are two rows, in order of time."""
    organization = await checked_organization(services, organization_id, query)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _NEWEST if cursor is None else read_place(_LIST, cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    statement = "list_usage_of_user_newest" if query.user_id else "list_usage_newest"
    records = await _fetch(services, organization, query, statement, before, limit + 1)
    rows = tuple(row for record in records[:limit] for row in _rows(services, organization, query, record))
    if len(records) <= limit:
        return Page(items=rows, next_cursor=None)
    return Page(items=rows, next_cursor=write_place(_LIST, place_of(records[limit - 1])))


@reads(Permission.CALL_RECORDS_READ)
async def sum_usage(services: Services, *, organization_id: str, query: UsageQuery) -> UsageSums | Refused:
    """What the calls of a period came to, day by day (UTC) and in all."""
    organization = await checked_organization(services, organization_id, query)
    if isinstance(organization, Refused):
        return organization
    days, bounds = _days_of(query)
    statement = "sum_usage_of_user" if query.user_id else "sum_usage"
    arguments: list[Any] = [*_arguments(services, organization, query), bounds]
    if query.user_id:
        arguments.append(query.user_id)
    records = await services.pool.fetch(load_statement(statement), *arguments, timeout=READ_SECONDS_MAX)
    found = {record["day_number"]: record for record in records}
    summed = tuple(_day_of(day, found.get(number)) for number, day in enumerate(days, start=1))
    return UsageSums(
        days=summed,
        calls=sum(day.calls for day in summed),
        seconds=sum(day.seconds for day in summed),
        charge_micros=sum(day.charge_micros for day in summed),
        fee_micros=sum(day.fee_micros for day in summed),
        currency=organization.currency,
    )


@reads(Permission.CALL_RECORDS_READ)
async def read_usage(
    services: Services, *, organization_id: str, query: UsageQuery
) -> AsyncIterator[list[UsageRow]] | Refused:
    """All rows of a period, oldest first, some thousands at a time; nothing is held until the next are asked for."""
    organization = await checked_organization(services, organization_id, query)
    if isinstance(organization, Refused):
        return organization
    return _all_rows(services, organization, query)


@reads(Permission.CALL_RECORDS_READ)
async def find_usage_user(services: Services, *, organization_id: str, user: str) -> str | Refused:
    """The object id of whom a sign-in name or an object id means; of nobody where it is an id that nobody has."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if is_identifier(user):
        return user
    refused = refuse_name("user", user, USER_PRINCIPAL_NAME_CHARACTERS_MAX)
    if refused is not None:
        return refused
    party_id = await services.pool.fetchval(load_statement("find_usage_user"), services.shard_id, organization_id, user)
    if party_id is None:
        return Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": user})
    return str(party_id)


async def checked_organization(services: Services, organization_id: str, query: UsageQuery) -> Organization | Refused:
    """The organization whose calls are asked for; or why there is none, or no such query."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    return refuse_query(query) or organization


def refuse_query(query: UsageQuery) -> Refused | None:
    """Why no report can answer this, or None."""
    if not BEGINS_FIRST <= query.begins <= _LAST_DAY:
        allowed = f"an instant from {instant_text(BEGINS_FIRST)} on"
        return invalid_input("from", query.begins.isoformat(), allowed)
    if not timedelta(0) <= query.ends - query.begins <= timedelta(days=PERIOD_DAYS_MAX):
        allowed = f"an instant not before the beginning, at most {PERIOD_DAYS_MAX} days after it"
        return invalid_input("to", query.ends.isoformat(), allowed)
    if query.user_id and not is_identifier(query.user_id):
        return invalid_input("user_id", query.user_id, "the object id of a user, a UUID in lower case")
    if query.call_type and query.call_type not in set(CallType):
        return invalid_input("call_type", query.call_type, ", ".join(CallType))
    if query.country and not (
        query.country.isascii() and query.country.isupper() and len(query.country) == _COUNTRY_CHARACTERS
    ):
        return invalid_input("country", query.country, "the ISO 3166-1 code of a country, such as GB")
    if query.capability:
        return refuse_visible_ascii("capability", query.capability, _CAPABILITY_CHARACTERS_MAX)
    return None


async def read_calls_after(
    services: Services, organization: Organization, query: UsageQuery, after: Place, limit: int
) -> list[asyncpg.Record]:
    """The next calls of a period, oldest first, as ``usage_calls`` tells of them."""
    statement = "list_usage_of_user" if query.user_id else "list_usage"
    return await _fetch(services, organization, query, statement, after, limit)


def before_all(query: UsageQuery) -> Place:
    """The place before the first call of a period."""
    return (query.begins - timedelta(days=2), "")


def place_of(record: asyncpg.Record) -> Place:
    """Where a call stands."""
    return (record["authorised_at"], record["session_id"])


def write_place(list_name: str, place: Place, *more: str) -> str:
    """A cursor that goes on after this call; ``more`` is kept in it too."""
    return write_cursor(list_name, write_instant(place[0]), place[1], *more)


def read_place(list_name: str, cursor: str) -> Place | None:
    """The place in a cursor that ``write_place`` wrote without more; None for any other text."""
    key = read_cursor(list_name, cursor, 2)
    at = None if key is None else read_instant(key[0])
    return None if key is None or at is None else (at, key[1])


async def _all_rows(services: Services, organization: Organization, query: UsageQuery) -> AsyncIterator[list[UsageRow]]:
    after = before_all(query)
    while True:
        records = await read_calls_after(services, organization, query, after, CALLS_AT_ONCE)
        if not records:
            return
        after = place_of(records[-1])
        # Making rows takes a processor for some hundredths of a second; others have their turns meanwhile.
        yield await asyncio.to_thread(_rows_of_all, services, organization, query, records)


def _rows_of_all(
    services: Services, organization: Organization, query: UsageQuery, records: list[asyncpg.Record]
) -> list[UsageRow]:
    return [row for record in records for row in _rows(services, organization, query, record)]


def _rows(
    services: Services, organization: Organization, query: UsageQuery, record: asyncpg.Record
) -> tuple[UsageRow, ...]:
    """The rows of a call that were asked for: of one that two sources paid, perhaps the one alone."""
    return tuple(
        row
        for row in rows_of(record, organization, services.reports)
        if (not query.capability or row.capability == query.capability)
        and (not query.charged_only or row.charge_micros or row.fee_micros)
    )


async def _fetch(
    services: Services, organization: Organization, query: UsageQuery, statement: str, place: Place, limit: int
) -> list[asyncpg.Record]:
    arguments: list[Any] = [*_arguments(services, organization, query), *place, limit]
    if query.user_id:
        arguments.append(query.user_id)
    found: list[asyncpg.Record] = await services.pool.fetch(
        load_statement(statement), *arguments, timeout=READ_SECONDS_MAX
    )
    return found


def _arguments(services: Services, organization: Organization, query: UsageQuery) -> tuple[Any, ...]:
    """What every statement about usage is given first, in order."""
    return (
        *kept_arguments(services, organization, query),
        query.call_type or None,
        query.country or None,
        query.capability or None,
        query.charged_only,
    )


def kept_arguments(services: Services, organization: Organization, query: UsageQuery) -> tuple[Any, ...]:
    """Whose calls, of which period, and which countries' records begin within it."""
    privacy, now = services.reports.privacy, services.clock()
    kept = {location: privacy.kept_since(location, now) for location in privacy.retention_days}
    default = privacy.kept_since("", now)
    if query.begins >= max(default, *kept.values()):
        kept = {}
    return (
        services.shard_id,
        organization.organization_id,
        query.begins,
        query.ends,
        list(kept),
        list(kept.values()),
        default,
        organization.country,
    )


def _days_of(query: UsageQuery) -> tuple[list[date], list[datetime]]:
    """The days (UTC) that a period touches, and their bounds: as many, and the end of the last."""
    first, last = query.begins.astimezone(UTC).date(), query.ends.astimezone(UTC).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    bounds = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in [*days, last + timedelta(days=1)]]
    return days, bounds


def _day_of(day: date, record: asyncpg.Record | None) -> DayOfUsage:
    if record is None:
        return DayOfUsage(day=day, calls=0, seconds=0, charge_micros=0, fee_micros=0)
    return DayOfUsage(
        day=day,
        calls=record["calls"],
        seconds=record["seconds"],
        charge_micros=record["charged_micros"] - record["fee_micros"],
        fee_micros=record["fee_micros"],
    )
