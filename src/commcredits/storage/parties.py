"""Users and resource accounts in the database: rows to records and back, one or fifty thousand at a time.

Knows rows. Refuses to judge them, and to be used for a change outside of ``changing_roster``
(commcredits.storage.rosters), whose lock makes changes of one organization follow each other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.roster import ConferenceDialOut, DialOutPolicy, Licence, Party, PartyKind, UserDialOut
from commcredits.storage.connection import Connection, load_statement

COPY_SECONDS_MAX: Final = 60
"""How long writing very many people may take."""

# In parts, so that others of this process get their turns while very many rows become records or the other way round.
_LOOKED_UP_AT_ONCE: Final = 5_000
_WRITTEN_AT_ONCE: Final = 5_000

_COLUMNS: Final = (
    "shard_id",
    "organization_id",
    "created_at",
    "kind",
    "party_id",
    "user_principal_name",
    "display_name",
    "usage_location",
    "department",
    "licences",
    "conference_dial_out",
    "user_dial_out",
    "premium_allowed",
    "toll_free_allowed",
    "monthly_cap_micros",
    "shared_calling_account",
)


def party_of(row: asyncpg.Record) -> Party:
    """The core's record of a row of ``parties``."""
    dial_out = None
    if row["conference_dial_out"] is not None:
        dial_out = DialOutPolicy(
            conference=ConferenceDialOut(row["conference_dial_out"]), user=UserDialOut(row["user_dial_out"])
        )
    shared_calling_account = row["shared_calling_account"]
    return Party(
        party_id=str(row["party_id"]),
        kind=PartyKind(row["kind"]),
        user_principal_name=row["user_principal_name"],
        display_name=row["display_name"],
        usage_location=row["usage_location"],
        department=row["department"],
        licences=frozenset(map(Licence, row["licences"])),
        dial_out=dial_out,
        premium_allowed=row["premium_allowed"],
        toll_free_allowed=row["toll_free_allowed"],
        monthly_cap_micros=row["monthly_cap_micros"],
        shared_calling_account="" if shared_calling_account is None else str(shared_calling_account),
    )


async def find_parties(
    connection: Connection, shard_id: int, organization_id: str, *, party_ids: Sequence[str], names: Sequence[str]
) -> list[Party]:
    """Whoever of an organization has one of these object ids or user principal names (in any letter case)."""
    found: dict[str, Party] = {}
    for start in range(0, max(len(party_ids), len(names)), _LOOKED_UP_AT_ONCE):
        part = slice(start, start + _LOOKED_UP_AT_ONCE)
        rows = await connection.fetch(
            load_statement("find_parties"),
            shard_id,
            organization_id,
            list(party_ids[part]),
            [name.lower() for name in names[part]],
        )
        found.update((str(row["party_id"]), party_of(row)) for row in rows)
    return list(found.values())


async def insert_parties(
    connection: Connection, shard_id: int, organization_id: str, parties: Iterable[Party], *, created_at: datetime
) -> None:
    """Write people who are new. Raises asyncpg.UniqueViolationError when an object id or name is taken."""

    async def rows() -> AsyncIterator[tuple[object, ...]]:
        for number, party in enumerate(parties):
            if number % _WRITTEN_AT_ONCE == 0:
                await asyncio.sleep(0)
            yield (shard_id, organization_id, created_at, party.kind.value, *_values(party, _ordered(party)))

    await connection.copy_records_to_table("parties", records=rows(), columns=_COLUMNS, timeout=COPY_SECONDS_MAX)


async def update_parties(connection: Connection, shard_id: int, organization_id: str, parties: Sequence[Party]) -> None:
    """Write people who are known as they are now. Raises asyncpg.UniqueViolationError when a name is taken."""
    for start in range(0, len(parties), _WRITTEN_AT_ONCE):
        rows = [_values(party, ",".join(_ordered(party))) for party in parties[start : start + _WRITTEN_AT_ONCE]]
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(load_statement("update_parties"), shard_id, organization_id, *columns)


def _ordered(party: Party) -> list[str]:
    return sorted(licence.value for licence in party.licences)


def _values(party: Party, licences: object) -> tuple[object, ...]:
    return (
        party.party_id,
        party.user_principal_name,
        party.display_name,
        party.usage_location,
        party.department,
        licences,
        None if party.dial_out is None else party.dial_out.conference.value,
        None if party.dial_out is None else party.dial_out.user.value,
        party.premium_allowed,
        party.toll_free_allowed,
        party.monthly_cap_micros,
        party.shared_calling_account or None,
    )
