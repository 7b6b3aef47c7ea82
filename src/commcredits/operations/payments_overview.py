"""Money on its way over all organizations: purchases that are stuck, disputes, refunds that are not settled.

Knows which are open for how long, and asks a gateway about one at a person's word. Refuses to decide what became of a
payment: its gateway says that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.core.topups import OPEN_STATES
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import check_identifier
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.payments import find_top_up, resolve_top_up
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.payments import TopUpRecord, top_up_record_of

_FIRST: Final = "00000000-0000-0000-0000-000000000000"
_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedTopUp:
    """A purchase, whose it is, the gateway that it goes through, and whether a person confirms payments there."""

    top_up: TopUpRecord
    organization_name: str
    gateway: str
    by_hand: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRefund:
    """A refund that is not settled; amounts in millionths, tax beside it."""

    refund_id: str
    organization_id: str
    organization_name: str
    top_up_id: str
    state: str
    amount_micros: int
    tax_micros: int
    currency: str
    reason: str
    requested_by: str
    created_at: datetime
    gateway: str
    by_hand: bool


@reads(Permission.OPERATOR_FUNDS)
async def list_open_attempts(
    services: Services, *, older_seconds: int = 0, state: str = "", cursor: str | None, limit: int
) -> Page[OwnedTopUp] | Refused:
    """Purchases that are not settled and are older than so many seconds, oldest first; in one state if asked."""
    refused = check_limit(limit)
    if refused is None and state and state not in {each.value for each in OPEN_STATES}:
        refused = invalid_input("state", state, ", ".join(sorted(each.value for each in OPEN_STATES)))
    if refused is not None:
        return refused
    after = _FIRST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(after, Refused):
        return after
    before = services.clock() - timedelta(seconds=older_seconds)
    rows = await services.pool.fetch(
        load_statement("console/list_stuck_attempts"), services.shard_id, before, after, state, limit + 1
    )
    return _page(services, rows, limit)


@reads(Permission.OPERATOR_FUNDS)
async def list_all_disputes(services: Services, *, cursor: str | None, limit: int) -> Page[OwnedTopUp] | Refused:
    """Purchases that were ever disputed, newest first."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await services.pool.fetch(load_statement("console/list_disputed"), services.shard_id, before, limit + 1)
    return _page(services, rows, limit)


@reads(Permission.OPERATOR_FUNDS)
async def list_open_refunds(services: Services, *, cursor: str | None, limit: int) -> Page[OpenRefund] | Refused:
    """Refunds that are not settled, oldest first."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    after = _FIRST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(after, Refused):
        return after
    rows = await services.pool.fetch(load_statement("console/list_open_refunds"), services.shard_id, after, limit + 1)
    items = tuple(_refund_of(services, row) for row in rows[:limit])
    return Page(items=items, next_cursor=items[-1].refund_id if len(rows) > limit else None)


@acts(Permission.OPERATOR_FUNDS)
async def look_up_top_up(services: Services, *, organization_id: str, top_up_id: str) -> TopUpRecord | Refused:
    """Ask the gateway now what became of a purchase, and record what it says; the purchase as it stands then.

    GATEWAY_NOT_READY where the gateway has no answer. It is asked, never charged again.
    """
    top_up = await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)
    if isinstance(top_up, Refused):
        return top_up
    if top_up.state is TopUpState.DUE:
        return Refused(code=RefusalCode.PAYMENT_NOT_OPEN, facts={"top_up_id": top_up_id, "state": top_up.state.value})
    outcome = await resolve_top_up(services, top_up)
    if isinstance(outcome, Refused):
        return outcome
    return await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)


def _page(services: Services, rows: list[asyncpg.Record], limit: int) -> Page[OwnedTopUp]:
    items = tuple(
        OwnedTopUp(
            top_up=top_up_record_of(row),
            organization_name=row["name"],
            gateway=row["through"],
            by_hand=_is_by_hand(services, row["through"]),
        )
        for row in rows[:limit]
    )
    return Page(items=items, next_cursor=items[-1].top_up.top_up_id if len(rows) > limit else None)


def _refund_of(services: Services, row: asyncpg.Record) -> OpenRefund:
    return OpenRefund(
        refund_id=str(row["refund_id"]),
        organization_id=str(row["organization_id"]),
        organization_name=row["name"],
        top_up_id=str(row["top_up_id"]),
        state=row["state"],
        amount_micros=row["amount_micros"],
        tax_micros=row["tax_micros"],
        currency=row["currency"],
        reason=row["reason"],
        requested_by=row["requested_by"],
        created_at=row["created_at"],
        gateway=row["gateway"],
        by_hand=_is_by_hand(services, row["gateway"]),
    )


def _is_by_hand(services: Services, gateway: str) -> bool:
    through = services.gateways.get(gateway)
    return through is not None and through.capabilities().confirmed_by_hand
