"""Mails and webhooks that failed, over all organizations, and trying one again at a person's word.

Knows lists. Refuses to show to whom a mail was written, and what of an endpoint's address stands behind its host: both
are the organization's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.operations.webhook_deliveries import resend_delivery
from commcredits.storage.connection import load_statement

_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class Way(StrEnum):
    """How somebody was to be told."""

    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTelling:
    """A mail or a delivery that was given up; ``status`` is the last HTTP status, ``host`` where a webhook went."""

    told_id: str
    way: Way
    organization_id: str
    organization_name: str
    kind: str
    attempts: int
    made_at: datetime
    settled_at: datetime | None
    status: int | None
    trouble: str
    host: str


@reads(Permission.OPERATOR_READ)
async def list_failed_tellings(
    services: Services, *, way: str, cursor: str | None, limit: int
) -> Page[FailedTelling] | Refused:
    """What was given up, newest first, for as long as it is kept."""
    refused = check_limit(limit)
    if refused is None and way not in set(Way):
        refused = invalid_input("way", way, ", ".join(Way))
    if refused is not None:
        return refused
    before = _LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await services.pool.fetch(load_statement("console/list_told"), services.shard_id, way, before, limit + 1)
    items = tuple(_telling_of(row, Way(way)) for row in rows[:limit])
    return Page(items=items, next_cursor=items[-1].told_id if len(rows) > limit else None)


@acts(Permission.OPERATOR_ORGANIZATIONS)
async def tell_again(services: Services, *, organization_id: str, way: str, told_id: str) -> Done | Refused:
    """Try a mail or a delivery again that was given up; ``changed`` says whether it is tried now because of this."""
    if way == Way.WEBHOOK:
        again = await resend_delivery(services, organization_id=organization_id, delivery_id=told_id)
        return again if isinstance(again, Refused) else Done(changed=True)
    if way != Way.MAIL:
        return invalid_input("way", way, ", ".join(Way))
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("told_id", told_id)
    if isinstance(checked, Refused):
        return checked
    if not services.telling.mails:
        return Refused(code=RefusalCode.INVALID_INPUT, facts={"field": "way", "value": way, "allowed": "a mail server"})
    again_id = await services.pool.fetchval(
        load_statement("console/resend_mail"), services.shard_id, organization_id, told_id, services.clock()
    )
    return Done(changed=again_id is not None)


def _telling_of(row: asyncpg.Record, way: Way) -> FailedTelling:
    return FailedTelling(
        told_id=str(row["told_id"]),
        way=way,
        organization_id=str(row["organization_id"]),
        organization_name=row["name"],
        kind=row["kind"],
        attempts=row["attempts"],
        made_at=row["made_at"],
        settled_at=row["settled_at"],
        status=row["status"],
        trouble=row["trouble"],
        host=(urlsplit(row["goes_to"]).hostname or "") if row["goes_to"] else "",
    )
