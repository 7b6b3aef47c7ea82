"""The log of webhook deliveries: what became of each, and having one made again.

Knows the rows. Refuses to deliver: commcredits.operations.webhook_delivering does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import invalid_input, is_identifier
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

STATES: Final = ("waiting", "delivered", "failed")

_LIST: Final = "webhook_deliveries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notice on its way to an endpoint, or what became of it.

    ``status`` and ``answer`` are of the latest try: the HTTP status, None where nobody answered, and the beginning of
    what was said. ``trouble`` says why a try did not count; ``next_at`` is when the next one is due, while it waits.
    """

    delivery_id: str
    endpoint_id: str
    notice_id: str
    kind: str
    state: str
    attempts: int
    made_at: datetime
    next_at: datetime | None
    attempted_at: datetime | None
    settled_at: datetime | None
    status: int | None
    answer: str
    trouble: str


@reads(Permission.WEBHOOKS_READ)
async def list_deliveries(
    services: Services,
    *,
    organization_id: str,
    endpoint_id: str | None,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Delivery] | Refused:
    """Deliveries, newest first; those to one endpoint or in one state where asked."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    if endpoint_id is not None:
        checked = check_identifier("endpoint_id", endpoint_id)
        if isinstance(checked, Refused):
            return checked
    if state is not None and state not in STATES:
        return invalid_input("state", state, ", ".join(STATES))
    key = () if cursor is None else read_cursor(_LIST, cursor, 1)
    if key is None or (key and not is_identifier(key[0])):
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_deliveries"),
        services.shard_id,
        organization_id,
        key[0] if key else None,
        endpoint_id,
        state,
        None,
        limit + 1,
    )
    items = tuple(_delivery_of(row) for row in rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_cursor=write_cursor(_LIST, items[-1].delivery_id) if more else None)


@acts(Permission.WEBHOOKS_WRITE)
async def resend_delivery(services: Services, *, organization_id: str, delivery_id: str) -> Delivery | Refused:
    """Make a delivery again at once, with as many tries as a new one; one that waits already goes on waiting.

    Refused where its endpoint is disabled: nobody would take it there.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("delivery_id", delivery_id)
    if isinstance(checked, Refused):
        return checked
    place = (services.shard_id, organization_id)
    await services.pool.execute(load_statement("resend_delivery"), *place, delivery_id, services.clock())
    row = await services.pool.fetchrow(load_statement("list_deliveries"), *place, None, None, None, delivery_id, 1)
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_DELIVERY, facts={"delivery_id": delivery_id})
    if row["state"] != "waiting":
        return invalid_input("delivery_id", delivery_id, "of an endpoint that is enabled; enable that first")
    return _delivery_of(row)


def _delivery_of(row: asyncpg.Record) -> Delivery:
    return Delivery(
        delivery_id=str(row["delivery_id"]),
        endpoint_id=str(row["endpoint_id"]),
        notice_id=str(row["notice_id"]),
        kind=row["kind"],
        state=row["state"],
        attempts=row["attempts"],
        made_at=row["made_at"],
        next_at=row["next_at"] if row["state"] == "waiting" else None,
        attempted_at=row["attempted_at"],
        settled_at=row["settled_at"],
        status=row["status"],
        answer=row["answer"],
        trouble=row["trouble"],
    )
