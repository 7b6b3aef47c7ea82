"""Conference dial-out: what the legs of conferences came to, by organizer, and the legs of one of them.

Knows calls of the service conference dial-out. Refuses to know why one is in the pool and another is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import invalid_input, is_identifier
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.operations.spending import SPAN_DAYS_MAX, TOP_MAX, Spent, people_by_id, rows_by_key
from commcredits.operations.spending_days import DAY, day_bounds, local_day, plan_days, read_summed
from commcredits.storage.connection import load_statement

LEGS_MAX = 1_000
"""Most legs of one organizer that are told."""

_DIMENSION = "dial_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizerDialOut:
    """What conference legs of one organizer came to; ``country`` is the organizer's usage location when they called.

    ``user_id`` is empty for legs that no organizer was told for, and the names are for one who is not there any more.
    """

    user_id: str
    display_name: str
    user_principal_name: str
    country: str
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOutReport:
    """Organizers with what their legs came to, from ``first_day`` to ``last_day``, the dearest first.

    ``organizers`` are those that were asked for; ``total`` is that of all.
    """

    first_day: date
    last_day: date
    organizers: tuple[OrganizerDialOut, ...]
    total: Spent
    currency: str
    time_zone: str
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOutLeg:
    """One leg: when it began, whom it called, how long, what it cost and which licence paid first."""

    session_id: str
    conference_id: str
    began_at: datetime
    callee: str
    destination: str
    country: str
    seconds: int
    pool_minutes: int
    charged_micros: int
    capability: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOutLegs:
    """The legs of one organizer, newest first; the names are empty for one who is not there any more."""

    user_id: str
    display_name: str
    user_principal_name: str
    legs: tuple[DialOutLeg, ...]


@reads(Permission.REPORTS_READ)
async def report_dial_out(
    services: Services,
    *,
    organization_id: str,
    first_day: date | None = None,
    last_day: date | None = None,
    skipped: int = 0,
    limit: int = TOP_MAX,
) -> DialOutReport | Refused:
    """Conference dial-out by organizer in days of the organization's zone; by default of the month that is now.

    Told are ``limit`` organizers after the ``skipped`` dearest ones; by default all, at most TOP_MAX.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    now, zone = services.clock(), organization.time_zone
    last = last_day or local_day(now, zone)
    first = first_day or last.replace(day=1)
    refused = _refuse_days(first, last)
    if refused is None and not 0 <= skipped <= TOP_MAX:
        refused = invalid_input("skipped", str(skipped), f"a whole number from 0 to {TOP_MAX}")
    if refused is None and not 1 <= limit <= TOP_MAX:
        refused = invalid_input("limit", str(limit), f"a whole number from 1 to {TOP_MAX}")
    if refused is not None:
        return refused
    place = (services.shard_id, organization_id)
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        plan = plan_days(await read_summed(connection, *place, zone), first, last, zone, by_month=True)
        rows = await rows_by_key(connection, *place, _DIMENSION, plan, TOP_MAX)
        told = rows[skipped : skipped + limit]
        people = await people_by_id(connection, *place, (row["key"] for row in told))
    return DialOutReport(
        first_day=first,
        last_day=last,
        organizers=tuple(_organizer(row, people.get(row["key"])) for row in told),
        total=_sum(rows),
        currency=organization.currency,
        time_zone=zone,
        as_of=now,
    )


@reads(Permission.REPORTS_READ)
async def list_dial_out_legs(
    services: Services, *, organization_id: str, user_id: str, first_day: date, last_day: date
) -> DialOutLegs | Refused:
    """The latest conference legs of one organizer that began on these days, newest first, at most LEGS_MAX.

    Numbers are masked by the organization's country, and records no longer kept are left out (domain.md §7, Privacy).
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = _refuse_days(first_day, last_day)
    if refused is not None:
        return refused
    if not is_identifier(user_id):
        return invalid_input("user_id", user_id, "the object id of a user")
    place, zone = (services.shard_id, organization_id), organization.time_zone
    async with services.pool.acquire() as connection:
        rows = await connection.fetch(
            load_statement("spending/list_dial_out_legs"),
            *place,
            user_id,
            day_bounds(first_day, zone)[0],
            day_bounds(last_day, zone)[1],
            LEGS_MAX,
        )
        organizer = (await people_by_id(connection, *place, [user_id])).get(user_id)
    privacy, now = services.reports.privacy, services.clock()
    return DialOutLegs(
        user_id=user_id,
        display_name="" if organizer is None else organizer["display_name"],
        user_principal_name="" if organizer is None else organizer["user_principal_name"],
        legs=tuple(
            _leg(row, privacy.shown("", row["callee"], inbound=False, country=organization.country)[1])
            for row in rows
            if row["authorised_at"] >= privacy.kept_since(row["usage_location"] or organization.country, now)
        ),
    )


def _organizer(row: asyncpg.Record, person: asyncpg.Record | None) -> OrganizerDialOut:
    return OrganizerDialOut(
        user_id=row["key"],
        display_name="" if person is None else person["display_name"],
        user_principal_name="" if person is None else person["user_principal_name"],
        country=row["name"],
        spent=_sum([row]),
    )


def _sum(rows: list[asyncpg.Record]) -> Spent:
    return Spent(
        calls=sum(row["calls"] for row in rows),
        seconds=sum(row["seconds"] for row in rows),
        pool_minutes=sum(row["pool_minutes"] for row in rows),
        charged_micros=sum(row["charged_micros"] for row in rows),
    )


def _leg(row: asyncpg.Record, callee: str) -> DialOutLeg:
    return DialOutLeg(
        session_id=row["session_id"],
        conference_id=row["conference_id"] or "",
        began_at=row["authorised_at"],
        callee=callee,
        destination=row["rate_destination"] or "",
        country=row["other_country"] or "",
        seconds=row["used_seconds"],
        pool_minutes=row["pool_minutes"],
        charged_micros=row["charged_micros"],
        capability=row["capability"] or "",
    )


def _refuse_days(first: date, last: date) -> Refused | None:
    if not date(2000, 1, 2) <= first <= last <= date(9000, 1, 1):
        return invalid_input("first_day", first.isoformat(), f"a day not after the last one, {last.isoformat()}")
    if last - first >= SPAN_DAYS_MAX * DAY:
        return invalid_input("last_day", last.isoformat(), f"at most {SPAN_DAYS_MAX} days after the first one")
    return None
