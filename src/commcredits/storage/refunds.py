"""Refunds as rows, and what a person said of payments and refunds that no gateway tells of.

Knows rows. Refuses to move a refund from state to state: only the committer does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from commcredits.core.purchases import RefundState
from commcredits.storage.connection import Connection, Pool, load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRecord:
    """A refund with the charge that it gives back; amounts in millionths, net, and the tax that goes with it."""

    refund_id: str
    organization_id: str
    top_up_id: str
    lot_id: str
    state: RefundState
    amount_micros: int
    tax_micros: int
    currency: str
    reason: str
    requested_by: str
    created_at: datetime
    settled_at: datetime | None
    gateway: str
    gateway_reference: str
    charge_reference: str
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandVerdict:
    """What a person said, the first one for good: ``confirmed`` or ``rejected``, and under which reference."""

    subject_id: str
    verdict: str
    reference: str
    said_by: str
    said_at: datetime


async def read_refunds(
    connection: Connection | Pool, shard_id: int, organization_id: str, *, before: str | None, limit: int
) -> tuple[RefundRecord, ...]:
    """An organization's refunds, newest first, from the one before this id on."""
    rows = await connection.fetch(load_statement("list_refunds"), shard_id, organization_id, before, limit)
    return tuple(_refund_of(row) for row in rows)


async def read_refund(
    connection: Connection | Pool, shard_id: int, organization_id: str, refund_id: str
) -> RefundRecord | None:
    """One refund of this organization, or None."""
    row = await connection.fetchrow(load_statement("get_refund"), shard_id, organization_id, refund_id)
    return None if row is None else _refund_of(row)


async def find_refund(
    connection: Connection | Pool, shard_id: int, *, gateway: str, key: str, reference: str
) -> RefundRecord | None:
    """The refund that a gateway means, whoever's it is, or None."""
    row = await connection.fetchrow(load_statement("find_refund"), shard_id, gateway, key, reference)
    return None if row is None else _refund_of(row)


async def read_unresolved_refunds(
    connection: Connection | Pool, shard_id: int, *, requested_before: datetime, after: str, limit: int
) -> tuple[RefundRecord, ...]:
    """Refunds that were requested before that instant and are not settled, from the one after an id on."""
    statement = load_statement("list_unresolved_refunds")
    rows = await connection.fetch(statement, shard_id, requested_before, after, limit)
    return tuple(_refund_of(row) for row in rows)


async def keep_verdict(pool: Pool, shard_id: int, organization_id: str, verdict: HandVerdict) -> tuple[str, str]:
    """Keep what a person said, unless somebody has before; gives the verdict and the reference that stand."""
    arguments = (verdict.verdict, verdict.reference, verdict.said_by, verdict.said_at)
    statement = load_statement("insert_hand_verdict")
    row = await pool.fetchrow(statement, shard_id, organization_id, verdict.subject_id, *arguments)
    if row is None:  # somebody else has said it in this moment, which the statement could not see yet
        row = await pool.fetchrow(statement, shard_id, organization_id, verdict.subject_id, *arguments)
    assert row is not None, "it was kept, or somebody's was before"
    return row["verdict"], row["reference"]


async def read_verdict(pool: Pool, shard_id: int, organization_id: str, subject_id: str) -> tuple[str, str] | None:
    """The verdict and the reference that stand, or None."""
    row = await pool.fetchrow(load_statement("get_hand_verdict"), shard_id, organization_id, subject_id)
    return None if row is None else (row["verdict"], row["reference"])


def _refund_of(row: asyncpg.Record) -> RefundRecord:
    return RefundRecord(
        refund_id=str(row["refund_id"]),
        organization_id=str(row["organization_id"]),
        top_up_id=str(row["top_up_id"]),
        lot_id=str(row["lot_id"]),
        state=RefundState(row["state"]),
        amount_micros=row["amount_micros"],
        tax_micros=row["tax_micros"],
        currency=row["currency"],
        reason=row["reason"],
        requested_by=row["requested_by"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
        gateway=row["gateway"],
        gateway_reference=row["gateway_reference"],
        charge_reference=row["charge_reference"],
        refusal=row["refusal"],
    )
