"""Telephone numbers: whose they are, and a directory of them in memory for the charging processes.

Knows that a number belongs to one organization. Refuses to know prices: those go by prefix, never by whose number it
is.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import asyncpg
import structlog

from commcredits.core.account import OrganizationStatus
from commcredits.core.numbers import is_e164
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import invalid_input, refuse_name
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
from commcredits.operations.services import Services
from commcredits.storage.connection import Pool, load_statement

DISPLAY_NAME_CHARACTERS_MAX: Final = 200
"""Longest name beside a number."""

_LIST: Final = "phone_numbers"
_SUBJECT: Final = "phone_numbers"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "")
_ROWS_AT_ONCE: Final = 5_000

# What the driver raises while the database restarts, whatever it was about to do with the connection.
_DATABASE_AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class NumberKind(StrEnum):
    """A person's number; or one whose calls the called organization pays."""

    USER = "user"
    TOLL_FREE = "toll_free"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """A number in E.164 form, and the organization that pays for its calls."""

    number: str
    organization_id: str
    kind: NumberKind
    display_name: str
    created_at: datetime


async def add_number(
    services: Services, *, organization_id: str, number: str, kind: str, display_name: str
) -> PhoneNumber | Refused:
    """Give an organization a number. The same content again gets the same answer; a number of anybody is taken."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    refused = _check_number(number, kind, display_name)
    if refused is not None:
        return refused
    row = await services.pool.fetchrow(
        load_statement("insert_phone_number"),
        services.shard_id,
        organization_id,
        number,
        kind,
        display_name,
        services.clock(),
    )
    if row is not None:
        return _number_of(row)
    known = await services.pool.fetchrow(load_statement("get_phone_number"), services.shard_id, number)
    assert known is not None, "numbers are never taken away"
    found = _number_of(known)
    if (found.organization_id, found.kind, found.display_name) == (organization_id, kind, display_name):
        return found
    return Refused(code=RefusalCode.NUMBER_TAKEN, facts={"number": number})


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
    items = tuple(_number_of(row) for row in rows[:limit])
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


def _check_number(number: str, kind: str, display_name: str) -> Refused | None:
    if not is_e164(number):
        return invalid_input("number", number, "a number in international form: a plus sign and 5 to 15 digits")
    if kind not in tuple(NumberKind):
        return invalid_input("kind", kind, " or ".join(NumberKind))
    return refuse_name("display_name", display_name, DISPLAY_NAME_CHARACTERS_MAX, may_be_empty=True)


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    created_at = None if key is None else read_instant(key[0])
    return None if key is None or created_at is None else (created_at, key[1])


def _number_of(row: asyncpg.Record) -> PhoneNumber:
    return PhoneNumber(
        number=row["number"],
        organization_id=str(row["organization_id"]),
        kind=NumberKind(row["kind"]),
        display_name=row["display_name"],
        created_at=row["created_at"],
    )
