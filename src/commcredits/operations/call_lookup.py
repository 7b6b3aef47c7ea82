"""Calls looked up by who made them, with which number, and when: for whoever is asked about one.

Knows filters and pages. Refuses to let a search tell more than the page shows: of an external number that is masked,
only the digits that are shown can be searched for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import SessionState
from commcredits.core.commands import CallType, Service
from commcredits.core.covering import pool_minutes
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.call_records import INBOUND_TYPES, SERVICES_IN
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
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
from commcredits.operations.people import USER_PRINCIPAL_NAME_CHARACTERS_MAX
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

SPAN: Final = timedelta(days=31)
"""How far back a look-up reaches from the instant that it is asked for."""

_LIST: Final = "look_up"
_NUMBER: Final = re.compile(r"\+?[0-9*]{3,20}", re.ASCII)
_LAST_ID: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """Which calls: of ``user`` (an object id or a user principal name), with ``number`` on either side; empty: of all.

    ``until`` is the instant before which they began, at most SPAN before it; None: now.
    """

    user: str = ""
    number: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCall:
    """A call as a list shows it; numbers as the organization may see them. ``refusal`` is why it was refused."""

    session_id: str
    service: Service
    call_type: CallType | None
    user_id: str | None
    display_name: str
    user_principal_name: str
    caller: str
    callee: str
    destination: str
    state: SessionState
    began_at: datetime
    seconds: int
    pool_minutes: int
    charged_micros: int
    currency: str
    refusal: RefusalCode | None


@reads(Permission.CALLS_READ)
async def look_up_calls(
    services: Services, *, organization_id: str, query: CallQuery, cursor: str | None, limit: int
) -> Page[FoundCall] | Refused:
    """The calls that a query is for, newest first; those whose records are no longer kept are left out."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    until = query.until or services.clock() + timedelta(minutes=1)
    refused = check_limit(limit) or _refuse(query)
    if refused is not None:
        return refused
    before = (until, _LAST_ID) if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    user_id = await _user_id(services, organization_id, query.user)
    if isinstance(user_id, Refused):
        return user_id
    rows = await services.pool.fetch(
        load_statement("look_up_calls"), *_arguments(services, organization, query, until, before, user_id, limit + 1)
    )
    items = tuple(_found(row, organization, services) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.began_at), last.session_id))


def _arguments(
    services: Services,
    organization: Organization,
    query: CallQuery,
    until: datetime,
    before: tuple[datetime, str],
    user_id: str | None,
    limit: int,
) -> tuple[Any, ...]:
    privacy, now = services.reports.privacy, services.clock()
    kept = {location: privacy.kept_since(location, now) for location in privacy.retention_days}
    return (
        services.shard_id,
        organization.organization_id,
        until - SPAN,
        until,
        *before,
        user_id,
        query.number or None,
        privacy.masked_digits.get(organization.country, 0),
        list(kept),
        list(kept.values()),
        privacy.kept_since("", now),
        limit,
        organization.country,
    )


async def _user_id(services: Services, organization_id: str, user: str) -> str | Refused | None:
    if not user:
        return None
    row = await services.pool.fetchrow(
        load_statement("get_party"), services.shard_id, organization_id, user if is_identifier(user) else None, user
    )
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": user})
    return str(row["party_id"])


def _refuse(query: CallQuery) -> Refused | None:
    if query.number and _NUMBER.fullmatch(query.number) is None:
        return invalid_input("number", query.number, "a number in international form, such as +442079460000")
    if query.until is not None and not 2000 < query.until.year < 9000:  # noqa: PLR2004 - years that time zones can reckon with
        return invalid_input("until", query.until.isoformat(), "an instant of this millennium")
    return refuse_name("user", query.user, USER_PRINCIPAL_NAME_CHARACTERS_MAX, may_be_empty=True)


def _found(row: asyncpg.Record, organization: Organization, services: Services) -> FoundCall:
    service, state = Service(row["service"]), SessionState(row["state"])
    call_type = None if row["call_type"] is None else CallType(row["call_type"])
    inbound = service in SERVICES_IN if call_type is None else call_type in INBOUND_TYPES
    caller, callee = services.reports.privacy.shown(
        row["caller"], row["callee"], inbound=inbound, country=organization.country
    )
    return FoundCall(
        session_id=row["session_id"],
        service=service,
        call_type=call_type,
        user_id=None if row["user_id"] is None else str(row["user_id"]),
        display_name=row["display_name"] or "",
        user_principal_name=row["user_principal_name"] or "",
        caller=caller,
        callee=callee,
        destination=row["rate_destination"] or "",
        state=state,
        began_at=row["authorised_at"],
        seconds=row["used_seconds"],
        pool_minutes=pool_minutes(row["included_seconds"], row["used_seconds"]),
        charged_micros=row["charged_micros"],
        currency=organization.currency,
        refusal=RefusalCode(row["cause"]) if state is SessionState.REFUSED else None,
    )


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    began_at = None if key is None else read_instant(key[0])
    return None if key is None or began_at is None else (began_at, key[1])
