"""Adjustments of all organizations: what waits for a second person, and what was given and taken.

Knows lists. Refuses to decide anything (commcredits.operations.adjustments).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.adjustments import Adjustment, adjustment_of
from commcredits.operations.organizations import check_identifier
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import reads
from commcredits.operations.second_person import is_same_person
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedAdjustment:
    """An adjustment and whose account it is about; ``is_own`` says that whoever looks has asked for it."""

    adjustment: Adjustment
    organization_name: str
    is_own: bool


@reads(Permission.OPERATOR_FUNDS)
async def list_all_adjustments(
    services: Services, *, waiting_only: bool, cursor: str | None, limit: int
) -> Page[OwnedAdjustment] | Refused:
    """Adjustments, newest first: those that wait for a second person alone, or all."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await services.pool.fetch(
        load_statement("console/list_all_adjustments"), services.shard_id, before, waiting_only, limit + 1
    )
    actor = services.actor
    items = tuple(
        OwnedAdjustment(
            adjustment=adjustment_of(row),
            organization_name=row["name"],
            is_own=is_same_person(actor, actor.name, asked_by=row["requested_by"], asked_actor=row["requested_actor"]),
        )
        for row in rows[:limit]
    )
    last = items[-1].adjustment.adjustment_id if len(rows) > limit else None
    return Page(items=items, next_cursor=last)
