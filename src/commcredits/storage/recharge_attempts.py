"""Attempts of auto-recharge as rows, each with what its decline led to.

Knows rows. Refuses to move a top-up from state to state: only the committer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from commcredits.storage.connection import Connection, Pool, load_statement
from commcredits.storage.payments import TopUpRecord, top_up_record_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargeAttemptRecord:
    """An attempt, and the facts of the notice that told of its decline; none where it was not declined."""

    top_up: TopUpRecord
    declined_facts: Mapping[str, str | int]


async def read_recharge_attempts(
    connection: Connection | Pool, shard_id: int, organization_id: str, *, before: str | None, limit: int
) -> tuple[RechargeAttemptRecord, ...]:
    """An organization's attempts, newest first, from the one before this id on."""
    rows = await connection.fetch(load_statement("list_recharge_attempts"), shard_id, organization_id, before, limit)
    return tuple(
        RechargeAttemptRecord(
            top_up=top_up_record_of(row),
            declined_facts={} if row["declined_facts"] is None else msgspec.json.decode(row["declined_facts"]),
        )
        for row in rows
    )
