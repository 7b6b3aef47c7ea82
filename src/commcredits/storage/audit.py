"""The audit log as rows: entries put at the end of chains, and chains read back.

Knows locks and order: a chain grows by one statement, under the lock of its head's row. Refuses to change an entry;
the database refuses too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.audit import AuditEntry, ChainedEntry, content_digest
from commcredits.storage.connection import Connection, Pool, load_statement
from commcredits.storage.identifiers import OPERATOR_ID, identifier_or_none

ROWS_AT_ONCE: Final = 1_000
"""How many entries are in memory at a time while a chain is read."""

WALK_SECONDS_MAX: Final = 3_600
"""How long reading all chains may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPlace:
    """A place in a chain: whose chain, and which entry, counted from 1."""

    organization_id: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """Where a chain ends."""

    organization_id: str
    sequence: int
    hash: bytes


async def append_entry(pool: Pool, shard_id: int, organization_id: str | None, entry: AuditEntry) -> ChainPlace:
    """Put an entry at the end of this organization's chain; durable when this returns.

    None, and whatever is no organization's id, is the operator's chain.
    """
    known = None if organization_id is None else identifier_or_none(organization_id)
    row = await pool.fetchrow(
        load_statement("append_audit_entry"),
        shard_id,
        known,
        OPERATOR_ID,
        content_digest(entry),
        entry.at,
        entry.actor_kind,
        entry.actor_id,
        entry.actor_name,
        list(entry.roles),
        entry.edge,
        entry.source,
        entry.operation,
        entry.answers,
        entry.outcome,
        entry.subject,
        entry.code,
        entry.reason,
        entry.parameters,
        entry.before,
        entry.after,
    )
    assert row is not None, "every entry has a chain"
    return ChainPlace(organization_id=str(row["organization_id"]), sequence=row["sequence"])


async def list_heads(
    connection: Connection | Pool, shard_id: int, organization_id: str | None = None
) -> tuple[ChainHead, ...]:
    """Where the chains end: all of them, or one."""
    rows = await connection.fetch(load_statement("list_audit_heads"), shard_id, organization_id)
    return tuple(
        ChainHead(organization_id=str(row["organization_id"]), sequence=row["sequence"], hash=row["hash"])
        for row in rows
    )


async def walk_chains(
    connection: Connection, shard_id: int, organization_id: str | None, after: int
) -> AsyncIterator[ChainedEntry]:
    """The entries of all chains, or of one from a place on, chain by chain, in the caller's transaction."""
    rows = connection.cursor(
        load_statement("walk_audit_chains"),
        shard_id,
        organization_id,
        after,
        prefetch=ROWS_AT_ONCE,
        timeout=WALK_SECONDS_MAX,
    )
    async for row in rows:
        yield chained_entry(row)


async def read_chain(
    pool: Pool, shard_id: int, head: ChainHead, begins: datetime | None, ends: datetime | None
) -> AsyncIterator[ChainedEntry]:
    """The entries of one chain up to its head, of a time where one is named; nothing is held between the pieces."""
    after = 0
    while True:
        rows = await pool.fetch(
            load_statement("export_audit_entries"),
            shard_id,
            head.organization_id,
            after,
            head.sequence,
            begins,
            ends,
            ROWS_AT_ONCE,
        )
        for row in rows:
            yield chained_entry(row)
        if len(rows) < ROWS_AT_ONCE:
            return
        after = rows[-1]["sequence"]


def chained_entry(row: asyncpg.Record) -> ChainedEntry:
    """The entry of a row, at its place."""
    entry = AuditEntry(
        at=row["at"],
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        actor_name=row["actor_name"],
        roles=tuple(row["roles"]),
        edge=row["edge"],
        source=row["source"],
        operation=row["operation"],
        answers=row["answers"],
        outcome=row["outcome"],
        subject=row["subject"],
        code=row["code"],
        reason=row["reason"],
        parameters=row["parameters"],
        before=row["before"],
        after=row["after"],
    )
    return ChainedEntry(
        organization_id=str(row["organization_id"]),
        sequence=row["sequence"],
        entry=entry,
        previous=row["previous"],
        hash=row["hash"],
    )
