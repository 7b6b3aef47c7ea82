"""How often cards and accounts were charged lately, by whichever organization.

Knows rows and the lock that makes the count exact. Refuses to know limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedMethod:
    """A card or account at one gateway: by its fingerprint, which is the same for everybody who adds it."""

    gateway: str
    fingerprint: str


async def note_charged_method(
    connection: Connection, shard_id: int, charged: ChargedMethod, *, first_seen_at: datetime
) -> datetime:
    """When it was first seen; until the transaction ends nobody else counts its attempts."""
    seen: datetime = await connection.fetchval(
        load_statement("seen_charged_method"),
        shard_id,
        OPERATOR_ID,
        charged.gateway,
        charged.fingerprint,
        first_seen_at,
    )
    return seen


async def count_attempts(
    connection: Connection, shard_id: int, charged: ChargedMethod, *, since: datetime
) -> tuple[int, int]:
    """How often it was tried since then, and how often it was declined."""
    statement = load_statement("count_charged_method_attempts")
    row = await connection.fetchrow(statement, shard_id, charged.gateway, charged.fingerprint, since)
    assert row is not None, "a count has one row"
    return row["attempts"], row["declines"]


async def insert_attempt(
    connection: Connection, shard_id: int, charged: ChargedMethod, *, organization_id: str, top_up_id: str, at: datetime
) -> None:
    """Count one more."""
    statement = load_statement("insert_charged_method_attempt")
    await connection.execute(statement, shard_id, organization_id, top_up_id, charged.gateway, charged.fingerprint, at)
