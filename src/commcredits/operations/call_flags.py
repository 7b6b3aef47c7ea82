"""Flags: what was noticed about calls that an operator should look at, and telling the log of each.

Knows lists. Refuses to decide what is flagged: the core does, and whoever compares a switch's calls with ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog

from commcredits.core.access import Permission
from commcredits.core.flags import FlagKind
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import is_identifier
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
from commcredits.operations.permitting import reads
from commcredits.operations.reconciling import NOBODY
from commcredits.operations.services import Services
from commcredits.storage.codec import decode_facts
from commcredits.storage.connection import load_statement

ANNOUNCED_AT_ONCE_MAX: Final = 1_000
"""Most flags that are told in one round; the next round tells the rest."""

_LIST: Final = "flags"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRecord:
    """One thing about one call; ``organization_id`` is None for a call of nobody whom we know.

    ``facts`` are what it rests on: seconds reported, granted, passed or charged, and names of links.
    """

    organization_id: str | None
    session_id: str
    kind: FlagKind
    noticed_at: datetime
    facts: Mapping[str, str | int]


@reads(Permission.OPERATOR_CALLS)
async def list_flags(
    services: Services, *, organization_id: str | None = None, cursor: str | None, limit: int
) -> Page[FlagRecord] | Refused:
    """Flags, newest first: of one organization's calls, or of everybody's."""
    if organization_id is not None:
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
        load_statement("list_call_flags"), services.shard_id, *before, organization_id, limit + 1
    )
    items = tuple(_flag_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(
        items=items,
        next_cursor=write_cursor(
            _LIST, write_instant(last.noticed_at), last.organization_id or NOBODY, last.session_id, last.kind.value
        ),
    )


async def announce_flags(services: Services) -> int:
    """Tell the log of flags that it was not told of yet, each in a warning of its own; returns how many.

    Each is told once, unless the worker is cut off between telling and writing down that it told.
    """
    log = structlog.get_logger("flags")
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            load_statement("list_flags_to_announce"), services.shard_id, ANNOUNCED_AT_ONCE_MAX
        )
        for row in rows:
            log.warning(
                "call flagged",
                organization_id=str(row["organization_id"]),
                session_id=row["session_id"],
                kind=row["kind"],
                noticed_at=row["noticed_at"].isoformat(),
                **decode_facts(row["facts"]),
            )
        if rows:
            told = tuple([row[name] for row in rows] for name in ("organization_id", "session_id", "kind"))
            await connection.execute(load_statement("mark_flags_announced"), services.shard_id, *told, services.clock())
    return len(rows)


def _read_position(cursor: str) -> tuple[datetime, str, str, str] | None:
    key = read_cursor(_LIST, cursor, 4)
    noticed_at = None if key is None else read_instant(key[0])
    if key is None or noticed_at is None or not is_identifier(key[1]):
        return None
    return noticed_at, key[1], key[2], key[3]


def _flag_of(row: asyncpg.Record) -> FlagRecord:
    organization_id = str(row["organization_id"])
    return FlagRecord(
        organization_id=None if organization_id == NOBODY else organization_id,
        session_id=row["session_id"],
        kind=FlagKind(row["kind"]),
        noticed_at=row["noticed_at"],
        facts=decode_facts(row["facts"]),
    )
