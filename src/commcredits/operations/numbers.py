"""Telephone numbers: whose they are, what they are for, and a directory of them in memory for the charging processes.

Knows that a number belongs to one organization, and serves one user or service of it. Refuses to know prices: those go
by prefix, never by whose number it is; and where new numbers come from (commcredits.operations.number_stock).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.numbers import DialledKind, classify, is_e164
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberKind, NumberPurpose, PartyKind
from commcredits.operations.audit_looks import at_number
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.organizations import get_organization
from commcredits.operations.paging import (
    Page,
    check_limit,
    read_cursor,
    read_instant,
    refuse_cursor,
    write_cursor,
    write_instant,
)
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, Pool, load_statement
from commcredits.storage.parties import find_parties
from commcredits.storage.rosters import changing_roster

DISPLAY_NAME_CHARACTERS_MAX: Final = 200
"""Longest name beside a number."""

USER_PRINCIPAL_NAME_CHARACTERS_MAX: Final = 320
"""Longest user principal name."""

PURPOSES: Final = {
    NumberKind.USER: (NumberPurpose.PERSON,),
    NumberKind.TOLL: (NumberPurpose.CONFERENCE_BRIDGE, NumberPurpose.AUTO_ATTENDANT, NumberPurpose.CALL_QUEUE),
    NumberKind.TOLL_FREE: (NumberPurpose.CONFERENCE_BRIDGE, NumberPurpose.AUTO_ATTENDANT, NumberPurpose.CALL_QUEUE),
}
"""What a number of each kind can be for."""

PARTY_KINDS: Final = {
    NumberPurpose.PERSON: PartyKind.USER,
    NumberPurpose.AUTO_ATTENDANT: PartyKind.RESOURCE_ACCOUNT,
    NumberPurpose.CALL_QUEUE: PartyKind.RESOURCE_ACCOUNT,
}
"""Whom a number serves, for each purpose that is somebody's."""

_LIST: Final = "phone_numbers"
_SUBJECT: Final = "phone_numbers"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "")
_ROWS_AT_ONCE: Final = 5_000

# What the driver raises while the database restarts, whatever it was about to do with the connection.
_DATABASE_AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """A number in E.164 form, the organization that pays for its calls, and what it is for.

    ``party_id`` is the object id of the user or resource account that has it. ``country`` and ``dialled_kind`` are what
    the numbering metadata says of its range (commcredits.core.numbers); no price goes by them.
    """

    number: str
    organization_id: str
    kind: NumberKind
    display_name: str
    purpose: NumberPurpose
    party_id: str | None
    country: str
    dialled_kind: DialledKind
    created_at: datetime


@acts(Permission.OPERATOR_NUMBERS, look=at_number)
async def add_number(
    services: Services, *, organization_id: str, number: str, kind: str, display_name: str
) -> PhoneNumber | Refused:
    """Give an organization a number, as the operator may: no quota is asked, and a number in stock leaves it.

    The same content again gets the same answer; a number of anybody is taken.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    refused = _check_number(number, kind, display_name)
    if refused is not None:
        return refused
    async with services.pool.acquire() as connection, connection.transaction():
        added = await insert_number(
            services, connection, organization_id=organization_id, number=number, kind=kind, display_name=display_name
        )
    if added is not None:
        return added
    row = await services.pool.fetchrow(load_statement("get_phone_number"), services.shard_id, number)
    assert row is not None, "numbers are never taken away"
    known = number_of(row)
    if (known.organization_id, known.kind, known.display_name) == (organization_id, kind, display_name):
        return known
    return Refused(code=RefusalCode.NUMBER_TAKEN, facts={"number": number})


async def insert_number(
    services: Services, connection: Connection, *, organization_id: str, number: str, kind: str, display_name: str
) -> PhoneNumber | None:
    """Write down whose a number is, within a transaction; None when it is somebody's already."""
    # Locked before the number is inserted, in the order of whoever acquires it from there.
    in_stock = await connection.fetchrow(load_statement("lock_stock_number"), services.shard_id, number)
    row = await connection.fetchrow(
        load_statement("insert_phone_number"),
        services.shard_id,
        organization_id,
        number,
        kind,
        display_name,
        services.clock(),
    )
    if row is None:
        return None
    if in_stock is not None:
        await connection.execute(load_statement("take_from_stock"), services.shard_id, number, organization_id)
    return number_of(row)


@reads(Permission.NUMBERS_READ)
async def get_number(services: Services, *, organization_id: str, number: str) -> PhoneNumber | Refused:
    """One number of this organization; another's is as unknown as none."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = refuse_number(number)
    if refused is not None:
        return refused
    row = await services.pool.fetchrow(load_statement("get_phone_number"), services.shard_id, number)
    if row is None or str(row["organization_id"]) != organization_id:
        return Refused(code=RefusalCode.UNKNOWN_NUMBER, facts={"number": number})
    return number_of(row)


@acts(Permission.NUMBERS_WRITE, look=at_number)
async def assign_number(
    services: Services, *, organization_id: str, number: str, purpose: str, user: str | None = None
) -> PhoneNumber | Refused:
    """Say what a number is for: a user number for a person, a service number for a resource account or the bridge.

    ``user`` is the object id or the user principal name of the user (``person``) or of the resource account
    (``auto_attendant``, ``call_queue``); the conference bridge has none. A number that serves somebody has to become
    ``unassigned`` before it serves another. The same content again changes nothing and gets the same answer.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = refuse_number(number) or _check_assignment(purpose, user)
    if refused is not None:
        return refused
    if organization.status is not OrganizationStatus.OPEN and purpose != NumberPurpose.UNASSIGNED:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    change = changing_roster(services.pool, services.shard_id, organization_id)
    async with change as connection:
        assigned = await _assign(connection, services.shard_id, organization_id, number, NumberPurpose(purpose), user)
        if not isinstance(assigned, _Changed):
            change.withdraw()
            return assigned
    return assigned.number


@reads(Permission.NUMBERS_READ)
async def list_numbers(
    services: Services, *, organization_id: str, cursor: str | None, limit: int
) -> Page[PhoneNumber] | Refused:
    """An organization's numbers, newest first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _NEWEST if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_phone_numbers"), services.shard_id, organization_id, *before, limit + 1
    )
    items = tuple(number_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.created_at), last.number))


class NumberDirectory:
    """Every number of a shard and its organization, in memory; reading it costs no round trip.

    Load it once, then let ``follow`` run: a number that is added anywhere is known here within its interval.
    """

    __slots__ = ("_generation", "_organization_ids", "_organizations")

    def __init__(self) -> None:
        self._organizations: dict[str, str] = {}
        # One object per organization, however many numbers it has.
        self._organization_ids: dict[str, str] = {}
        self._generation = 0

    def __len__(self) -> int:
        return len(self._organizations)

    @property
    def generation(self) -> int:
        """Up to which addition every number is known."""
        return self._generation

    def organization_of(self, e164: str) -> str | None:
        """The id of the organization that owns the number; None when nobody does."""
        return self._organizations.get(e164)

    async def load(self, pool: Pool, shard_id: int) -> int:
        """Take in the numbers that are newer than those known; returns how many. Raises what the driver raises."""
        count = 0
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            # Read before the numbers, for all of this generation and those before it are visible by then.
            generation = await connection.fetchval(load_statement("get_generation"), shard_id, _SUBJECT)
            rows = connection.cursor(
                load_statement("load_phone_numbers"), shard_id, self._generation, prefetch=_ROWS_AT_ONCE
            )
            async for row in rows:
                organization_id = str(row["organization_id"])
                organization_id = self._organization_ids.setdefault(organization_id, organization_id)
                self._organizations[row["number"]] = organization_id
                count += 1
        self._generation = generation or 0
        return count

    async def follow(self, pool: Pool, shard_id: int, interval_seconds: float) -> None:
        """Take in what is added, until cancelled. While the database is away, what is known stays known."""
        log = structlog.get_logger("numbers")
        away = False
        while True:
            await asyncio.sleep(interval_seconds)
            try:
                moved = await pool.fetchval(load_statement("get_generation"), shard_id, _SUBJECT)
                if moved is not None and moved > self._generation:
                    await self.load(pool, shard_id)
            except _DATABASE_AWAY as error:
                if not away:
                    log.warning("number directory cannot be followed", reason=f"{type(error).__name__}: {error}")
                away = True
                continue
            if away:
                log.info("number directory is followed again", numbers=len(self))
            away = False


def refuse_number(number: str) -> Refused | None:
    """Why this is not a number in international form, or None."""
    if is_e164(number):
        return None
    return invalid_input("number", number, "a number in international form: a plus sign and 5 to 15 digits")


def refuse_kind(kind: str) -> Refused | None:
    """Why this is no kind of number, or None."""
    return None if kind in tuple(NumberKind) else invalid_input("kind", kind, ", ".join(NumberKind))


def _check_number(number: str, kind: str, display_name: str) -> Refused | None:
    return (
        refuse_number(number)
        or refuse_kind(kind)
        or refuse_name("display_name", display_name, DISPLAY_NAME_CHARACTERS_MAX, may_be_empty=True)
    )


def _check_assignment(purpose: str, user: str | None) -> Refused | None:
    if purpose not in tuple(NumberPurpose):
        return invalid_input("purpose", purpose, ", ".join(NumberPurpose))
    if NumberPurpose(purpose) not in PARTY_KINDS:
        return None if user is None else invalid_input("user", user, f"left out where the purpose is {purpose}")
    if user is None:
        return invalid_input("user", "", f"an object id or a user principal name where the purpose is {purpose}")
    return refuse_name("user", user, USER_PRINCIPAL_NAME_CHARACTERS_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changed:
    """What a number has become."""

    number: PhoneNumber


async def _assign(
    connection: Connection,
    shard_id: int,
    organization_id: str,
    number: str,
    purpose: NumberPurpose,
    user: str | None,
) -> _Changed | PhoneNumber | Refused:
    """Within the roster's lock: the number as it becomes, as it was already, or why it cannot."""
    row = await connection.fetchrow(load_statement("get_phone_number"), shard_id, number)
    if row is None or str(row["organization_id"]) != organization_id:
        return Refused(code=RefusalCode.UNKNOWN_NUMBER, facts={"number": number})
    known = number_of(row)
    if purpose is not NumberPurpose.UNASSIGNED and purpose not in PURPOSES[known.kind]:
        allowed = ", ".join((*PURPOSES[known.kind], NumberPurpose.UNASSIGNED))
        return invalid_input("purpose", purpose, f"one of {allowed}, for this is a {known.kind} number")
    party_id = None
    if user is not None:
        ids = [user] if is_identifier(user) else []
        found = await find_parties(connection, shard_id, organization_id, party_ids=ids, names=[user])
        if not found:
            return Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": user})
        # Should somebody be called like another's object id, the object id counts.
        party = next((each for each in found if each.party_id == user), found[0])
        if party.kind is not PARTY_KINDS[purpose]:
            return invalid_input("user", user, f"a {PARTY_KINDS[purpose].replace('_', ' ')} for purpose {purpose}")
        party_id = party.party_id
    if (known.purpose, known.party_id) == (purpose, party_id):
        return known
    if NumberPurpose.UNASSIGNED not in (known.purpose, purpose):
        facts = {"number": number, "purpose": known.purpose.value, "party_id": known.party_id or ""}
        return Refused(code=RefusalCode.NUMBER_IN_USE, facts=facts)
    row = await connection.fetchrow(
        load_statement("assign_phone_number"), shard_id, organization_id, number, purpose, party_id
    )
    assert row is not None, "it was just read, and numbers are never taken away"
    return _Changed(number=number_of(row))


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    created_at = None if key is None else read_instant(key[0])
    return None if key is None or created_at is None else (created_at, key[1])


def number_of(row: asyncpg.Record) -> PhoneNumber:
    """A number from its row."""
    facts = classify(row["number"])
    return PhoneNumber(
        number=row["number"],
        organization_id=str(row["organization_id"]),
        kind=NumberKind(row["kind"]),
        display_name=row["display_name"],
        purpose=NumberPurpose(row["purpose"]),
        party_id=None if row["party_id"] is None else str(row["party_id"]),
        country=facts.country,
        dialled_kind=facts.kind,
        created_at=row["created_at"],
    )
