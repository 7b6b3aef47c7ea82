"""The operator's stock of numbers: filling it, looking for a number, reserving one, and making it an organization's.

Knows reservations and quotas (domain.md §4). Refuses to know what a number is for once it is somebody's
(commcredits.operations.numbers), and to give one number to two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

import asyncpg
from phonenumbers import SUPPORTED_REGIONS

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.numbers import DialledKind, classify
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.quotas import COUNTED_LICENCES, service_number_quota, user_number_quota
from commcredits.core.roster import NumberKind
from commcredits.operations.audit_looks import at_number
from commcredits.operations.inputs import invalid_input, refuse_name
from commcredits.operations.numbers import (
    DISPLAY_NAME_CHARACTERS_MAX,
    PhoneNumber,
    get_number,
    insert_number,
    refuse_kind,
    refuse_number,
)
from commcredits.operations.organizations import get_organization
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.permitting import acts, reads
from commcredits.operations.sandboxes import refuse_sandbox
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, Pool, load_statement
from commcredits.storage.rosters import changing_roster

RESERVATION: Final = timedelta(minutes=10)
"""How long a chosen number waits for whoever chose it (domain.md §4)."""

PLACE_CHARACTERS_MAX: Final = 200
"""Longest name of the place that a number belongs to."""

DIGITS_MAX: Final = 15
"""Most digits that a number can be looked for by."""

_LIST: Final = "number_stock"
_WRITTEN_AT_ONCE: Final = 10_000
_DIGITS: Final = re.compile(rf"[0-9]{{1,{DIGITS_MAX}}}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class StockEntry:
    """A number as the operator puts it in stock; ``country`` empty: what its range says."""

    number: str
    kind: str
    country: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockNumber:
    """A number that can be had. ``dialled_kind`` is what the numbering metadata says of its range."""

    number: str
    kind: NumberKind
    country: str
    place: str
    dialled_kind: DialledKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Until ``reserved_until`` only this organization can acquire the number."""

    number: str
    organization_id: str
    reserved_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """How many numbers an organization has and may have, by ``licences`` that count (commcredits.core.quotas).

    ``service_*`` is about toll and toll-free numbers together. Toll-free ones can be acquired once ``credits_set_up``.
    """

    licences: int
    user_numbers: int
    user_number_quota: int
    service_numbers: int
    service_number_quota: int
    credits_set_up: bool


@acts(Permission.OPERATOR_NUMBERS)
async def add_to_stock(
    services: Services, *, number: str, kind: str, country: str = "", place: str = ""
) -> StockNumber | Refused:
    """Put a number in stock, or correct what is said of one that is there. A number of anybody is taken."""
    refused = (
        refuse_number(number)
        or refuse_kind(kind)
        or (refuse_country(country) if country else None)
        or refuse_name("place", place, PLACE_CHARACTERS_MAX, may_be_empty=True)
    )
    if refused is not None:
        return refused
    entry = StockEntry(number=number, kind=kind, country=country or classify(number).country, place=place)
    taken = await write_stock(services, [entry])
    if taken:
        return Refused(code=RefusalCode.NUMBER_TAKEN, facts={"number": number})
    return stock_number(entry.number, entry.kind, entry.country, entry.place)


async def write_stock(
    services: Services, entries: Sequence[StockEntry], progress: Callable[[int], None] | None = None
) -> frozenset[str]:
    """Put all of these in stock, or none when some are an organization's already: returns those.

    ``progress`` is told how many are written so far.
    """
    # In one order, so that two that write the same numbers wait for each other and not both.
    entries = sorted(entries, key=attrgetter("number"))
    async with services.pool.acquire() as connection, connection.transaction():
        taken: set[str] = set()
        for start in range(0, len(entries), _WRITTEN_AT_ONCE):
            numbers = [each.number for each in entries[start : start + _WRITTEN_AT_ONCE]]
            rows = await connection.fetch(load_statement("list_taken_numbers"), services.shard_id, numbers)
            taken.update(row["number"] for row in rows)
        if taken:
            return frozenset(taken)
        for start in range(0, len(entries), _WRITTEN_AT_ONCE):
            some = entries[start : start + _WRITTEN_AT_ONCE]
            await connection.execute(
                load_statement("insert_stock_numbers"),
                services.shard_id,
                [each.number for each in some],
                [each.kind for each in some],
                [each.country for each in some],
                [each.place for each in some],
                services.clock(),
            )
            if progress is not None:
                progress(start + len(some))
    return frozenset()


@reads(Permission.NUMBERS_READ)
async def search_stock(
    services: Services,
    *,
    kind: str | None = None,
    country: str | None = None,
    place: str | None = None,
    digits: str | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[StockNumber] | Refused:
    """Numbers that can be reserved now, in order: of this kind and country, with this in their place and digits."""
    refused = (
        check_limit(limit)
        or (None if kind is None else refuse_kind(kind))
        or (None if country is None else refuse_country(country))
        or (None if place is None else refuse_name("place", place, PLACE_CHARACTERS_MAX))
    )
    if refused is not None:
        return refused
    if digits is not None and not _DIGITS.fullmatch(digits):
        return invalid_input("digits", digits, f"1 to {DIGITS_MAX} digits")
    after = ("",) if cursor is None else read_cursor(_LIST, cursor, 1)
    if after is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_stock_numbers"),
        services.shard_id,
        *after,
        kind,
        country,
        place,
        digits,
        services.clock(),
        limit + 1,
    )
    items = tuple(stock_number(row["number"], row["kind"], row["country"], row["place"]) for row in rows[:limit])
    next_cursor = write_cursor(_LIST, items[-1].number) if len(rows) > limit else None
    return Page(items=items, next_cursor=next_cursor)


@acts(Permission.NUMBERS_WRITE)
async def reserve_number(services: Services, *, organization_id: str, number: str) -> Reservation | Refused:
    """Keep a number in stock for an organization for ten minutes.

    A reservation of its own that still holds is not renewed: the answer says until when it holds.
    """
    refused = (
        await _check_organization(services, organization_id)
        or refuse_number(number)
        or await refuse_sandbox(services, organization_id)
    )
    if refused is not None:
        return refused
    now = services.clock()
    async with services.pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(load_statement("lock_stock_number"), services.shard_id, number)
        if row is None or not _may_have(row, organization_id, now):
            return Refused(code=RefusalCode.NUMBER_NOT_AVAILABLE, facts={"number": number})
        until: datetime | None = row["reserved_until"]
        if until is None or until <= now:
            until = now + RESERVATION
            await connection.execute(
                load_statement("reserve_stock_number"), services.shard_id, number, organization_id, until
            )
    return Reservation(number=number, organization_id=organization_id, reserved_until=until)


@acts(Permission.NUMBERS_WRITE, look=at_number)
async def acquire_number(
    services: Services, *, organization_id: str, number: str, display_name: str = ""
) -> PhoneNumber | Refused:
    """Make a number that the organization has reserved its own, within its quota.

    One that it acquired before gets the same answer. A toll-free number needs credits that are set up: the organization
    has or had a fund lot, or has auto-recharge on (domain.md §4).
    """
    refused = (
        await _check_organization(services, organization_id)
        or refuse_number(number)
        or refuse_name("display_name", display_name, DISPLAY_NAME_CHARACTERS_MAX, may_be_empty=True)
        or await refuse_sandbox(services, organization_id)
    )
    if refused is not None:
        return refused
    # The roster's lock lets acquisitions of one organization follow each other, so that its quota is never overrun.
    change = changing_roster(services.pool, services.shard_id, organization_id)
    async with change as connection:
        acquired = await _acquire(services, connection, organization_id, number, display_name)
        if not isinstance(acquired, PhoneNumber):
            change.withdraw()
    if acquired is not None:
        return acquired
    return await get_number(services, organization_id=organization_id, number=number)


@reads(Permission.NUMBERS_READ)
async def get_quotas(services: Services, *, organization_id: str) -> Quotas | Refused:
    """How many numbers an organization has and may have."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    return await _quotas(services.pool, services.shard_id, organization_id)


def refuse_country(country: str) -> Refused | None:
    """Why this is no country with telephone numbers, or None."""
    if country in SUPPORTED_REGIONS:
        return None
    return invalid_input("country", country, "the ISO 3166-1 code of a country with telephone numbers, such as RO")


async def _check_organization(services: Services, organization_id: str) -> Refused | None:
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    return None


def _may_have(row: asyncpg.Record, organization_id: str, now: datetime) -> bool:
    """Whether a number is in stock and reserved for nobody else."""
    if row["acquired_by"] is not None or row["taken"]:
        return False
    return row["reserved_by"] is None or row["reserved_until"] <= now or str(row["reserved_by"]) == organization_id


async def _acquire(
    services: Services, connection: Connection, organization_id: str, number: str, display_name: str
) -> PhoneNumber | Refused | None:
    """Within the roster's lock: the number, why it cannot be had, or None when the organization acquired it before."""
    row = await connection.fetchrow(load_statement("lock_stock_number"), services.shard_id, number)
    not_available = Refused(code=RefusalCode.NUMBER_NOT_AVAILABLE, facts={"number": number})
    if row is None:
        return not_available
    if row["acquired_by"] is not None and str(row["acquired_by"]) == organization_id:
        return None
    now = services.clock()
    if not _may_have(row, organization_id, now) or row["reserved_by"] is None or row["reserved_until"] <= now:
        return not_available
    kind = NumberKind(row["kind"])
    refused = _refuse_quota(kind, await _quotas(connection, services.shard_id, organization_id))
    if refused is not None:
        return refused
    acquired = await insert_number(
        services,
        connection,
        organization_id=organization_id,
        number=number,
        kind=kind,
        display_name=display_name,
    )
    # The operator may have added it to somebody since it was looked at.
    return acquired or not_available


def _refuse_quota(kind: NumberKind, quotas: Quotas) -> Refused | None:
    """Why an organization cannot have one more number of this kind, or None."""
    if kind is NumberKind.TOLL_FREE and not quotas.credits_set_up:
        return Refused(code=RefusalCode.CREDITS_NOT_SET_UP)
    if kind is NumberKind.USER:
        quota, in_use = quotas.user_number_quota, quotas.user_numbers
    else:
        quota, in_use = quotas.service_number_quota, quotas.service_numbers
    if in_use < quota:
        return None
    facts = {"kind": kind.value, "quota": quota, "in_use": in_use, "licences": quotas.licences}
    return Refused(code=RefusalCode.QUOTA_REACHED, facts=facts)


async def _quotas(database: Connection | Pool, shard_id: int, organization_id: str) -> Quotas:
    row = await database.fetchrow(
        load_statement("count_numbers"), shard_id, organization_id, [licence.value for licence in COUNTED_LICENCES]
    )
    assert row is not None, "counts are always a row"
    return Quotas(
        licences=row["licences"],
        user_numbers=row["user_numbers"],
        user_number_quota=user_number_quota(row["licences"]),
        service_numbers=row["service_numbers"],
        service_number_quota=service_number_quota(row["licences"]),
        credits_set_up=row["credits_set_up"],
    )


def stock_number(number: str, kind: str, country: str, place: str) -> StockNumber:
    """A number of the stock from its fields."""
    return StockNumber(
        number=number, kind=NumberKind(kind), country=country, place=place, dialled_kind=classify(number).kind
    )
