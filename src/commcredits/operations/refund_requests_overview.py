"""Refunds that were asked for, of all organizations: what waits for a second person, and what was given back.

Knows lists. Refuses to decide anything (commcredits.operations.refund_requests).
"""

from __future__ import annotations

from dataclasses import dataclass

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.agreeing import LAST
from commcredits.operations.organizations import check_identifier
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import reads
from commcredits.operations.refund_requests import RefundRequest, refund_request_of
from commcredits.operations.second_person import is_same_person
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedRefundRequest:
    """A refund that was asked for, and whose it is; ``is_own`` says that whoever looks has asked for it."""

    request: RefundRequest
    organization_name: str
    is_own: bool


@reads(Permission.OPERATOR_FUNDS)
async def list_all_refund_requests(
    services: Services, *, waiting_only: bool, cursor: str | None, limit: int
) -> Page[OwnedRefundRequest] | Refused:
    """Refunds that were asked for, newest first: those that wait for a second person alone, or all."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await services.pool.fetch(
        load_statement("console/list_all_refund_requests"), services.shard_id, before, waiting_only, limit + 1
    )
    actor = services.actor
    items = tuple(
        OwnedRefundRequest(
            request=refund_request_of(row),
            organization_name=row["name"],
            is_own=is_same_person(actor, actor.name, asked_by=row["requested_by"], asked_actor=row["requested_actor"]),
        )
        for row in rows[:limit]
    )
    return Page(items=items, next_cursor=items[-1].request.refund_request_id if len(rows) > limit else None)
