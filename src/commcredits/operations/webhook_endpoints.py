"""Webhook endpoints: where an organization's own programs hear of notices.

Knows addresses, choices, secrets and when an endpoint is disabled. Refuses to call anybody. A secret leaves here twice
only: to whoever made it, once, and to whoever signs.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.audit_looks import at_endpoints
from commcredits.operations.inputs import invalid_input, refuse_name
from commcredits.operations.notice_kinds import NoticeGroup, check_kinds
from commcredits.operations.notices import add_notices
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.operations.webhook_addresses import check_target
from commcredits.storage.connection import Connection, load_statement

ENDPOINTS_MAX: Final = 10
"""Most endpoints of one organization."""

DESCRIPTION_CHARACTERS_MAX: Final = 200

OVERLAP_SECONDS: Final = 24 * 3_600
"""How long the secret before signs beside a new one."""

BY_HAND: Final = "by_hand"

_SECRET_BITS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as it stands. ``state`` is enabled or disabled, ``disabled_because`` failing, gone or by_hand.

    ``failing_since`` is since when it has taken nothing; ``old_secret_until`` until when two secrets sign.
    """

    endpoint_id: str
    url: str
    description: str
    kinds: tuple[str, ...]
    state: str
    disabled_because: str
    disabled_at: datetime | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointWithSecret:
    """An endpoint, and its new secret, which is told this once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@reads(Permission.WEBHOOKS_READ)
async def list_endpoints(services: Services, *, organization_id: str) -> tuple[Endpoint, ...] | Refused:
    """An organization's endpoints, oldest first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    rows = await services.pool.fetch(load_statement("list_endpoints"), services.shard_id, organization_id, None)
    return tuple(_endpoint_of(row) for row in rows)


@acts(Permission.WEBHOOKS_WRITE, look=at_endpoints)
async def add_endpoint(
    services: Services, *, organization_id: str, url: str, description: str = "", kinds: Sequence[str] = ()
) -> EndpointWithSecret | Refused:
    """Tell an address of notices of these kinds and groups from now on; without kinds of all. Its secret is new."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    chosen = await _check(services, url, description, kinds)
    if isinstance(chosen, Refused):
        return chosen
    place = (services.shard_id, organization_id)
    endpoint_id, secret = services.new_id(), _new_secret(services)
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.execute(load_statement("lock_organization"), *place)
        added = await connection.fetchval(
            load_statement("insert_endpoint"),
            *place,
            endpoint_id,
            url,
            description,
            list(chosen),
            secret,
            services.clock(),
            ENDPOINTS_MAX,
        )
    if added is None:
        return invalid_input("url", url, f"one of at most {ENDPOINTS_MAX} endpoints; remove another first")
    endpoint = await _get(services, organization_id, endpoint_id)
    return endpoint if isinstance(endpoint, Refused) else EndpointWithSecret(endpoint=endpoint, secret=secret)


@acts(Permission.WEBHOOKS_WRITE, look=at_endpoints)
async def change_endpoint(
    services: Services,
    *,
    organization_id: str,
    endpoint_id: str,
    url: str,
    description: str = "",
    kinds: Sequence[str] = (),
) -> Endpoint | Refused:
    """Send to another address, or other kinds; what is under way goes to the new address too."""
    known = await _known(services, organization_id, endpoint_id)
    if isinstance(known, Refused):
        return known
    chosen = await _check(services, url, description, kinds)
    if isinstance(chosen, Refused):
        return chosen
    place = (services.shard_id, organization_id, endpoint_id)
    await services.pool.execute(load_statement("update_endpoint"), *place, url, description, list(chosen))
    return await _get(services, organization_id, endpoint_id)


@acts(Permission.WEBHOOKS_WRITE)
async def rotate_secret(services: Services, *, organization_id: str, endpoint_id: str) -> EndpointWithSecret | Refused:
    """A new secret; for a day the one before signs beside it, so that a receiver can change over in between.

    Rotated again within that day, the oldest of the three stops signing at once.
    """
    known = await _known(services, organization_id, endpoint_id)
    if isinstance(known, Refused):
        return known
    secret = _new_secret(services)
    until = services.clock() + timedelta(seconds=OVERLAP_SECONDS)
    place = (services.shard_id, organization_id, endpoint_id)
    await services.pool.execute(load_statement("rotate_endpoint_secret"), *place, secret, until)
    endpoint = await _get(services, organization_id, endpoint_id)
    return endpoint if isinstance(endpoint, Refused) else EndpointWithSecret(endpoint=endpoint, secret=secret)


@acts(Permission.WEBHOOKS_WRITE, look=at_endpoints)
async def enable_endpoint(services: Services, *, organization_id: str, endpoint_id: str) -> Endpoint | Refused:
    """Send to it again; what had failed meanwhile is sent again only where somebody asks for it."""
    known = await _known(services, organization_id, endpoint_id)
    if isinstance(known, Refused):
        return known
    place = (services.shard_id, organization_id, endpoint_id)
    await services.pool.execute(load_statement("enable_endpoint"), *place)
    return await _get(services, organization_id, endpoint_id)


@acts(Permission.WEBHOOKS_WRITE, look=at_endpoints)
async def disable_endpoint(services: Services, *, organization_id: str, endpoint_id: str) -> Endpoint | Refused:
    """Send nothing more to it until somebody enables it; nobody is told, for somebody wanted it."""
    known = await _known(services, organization_id, endpoint_id)
    if isinstance(known, Refused):
        return known
    place = (services.shard_id, organization_id, endpoint_id)
    await services.pool.execute(load_statement("disable_endpoint"), *place, BY_HAND, services.clock())
    return await _get(services, organization_id, endpoint_id)


@acts(Permission.WEBHOOKS_WRITE, look=at_endpoints)
async def remove_endpoint(services: Services, *, organization_id: str, endpoint_id: str) -> Done | Refused:
    """Forget an endpoint with the log of its deliveries; changes nothing where there is none."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("endpoint_id", endpoint_id)
    if isinstance(checked, Refused):
        return checked
    place = (services.shard_id, organization_id, endpoint_id)
    gone: int = await services.pool.fetchval(load_statement("delete_endpoint"), *place)
    return Done(changed=gone > 0)


async def disable_and_tell(
    connection: Connection, services: Services, *, organization_id: str, endpoint_id: str, reason: str
) -> bool:
    """Within a transaction: disable an endpoint that takes nothing, and notice it; whether it was enabled before."""
    now = services.clock()
    place = (services.shard_id, organization_id, endpoint_id)
    url = await connection.fetchval(load_statement("disable_endpoint"), *place, reason, now)
    if url is None:
        return False
    # The host alone: what stands behind it may be a key of the receiver's.
    facts: dict[str, str | int] = {"endpoint_id": endpoint_id, "host": urlsplit(url).netloc, "reason": reason}
    key = f"{endpoint_id}:{now.isoformat()}"
    notice = Notice(kind=NoticeKind.WEBHOOK_DISABLED, key=key, facts=facts)
    await add_notices(connection, services, [(organization_id, notice)])
    return True


async def _check(services: Services, url: str, description: str, kinds: Sequence[str]) -> tuple[str, ...] | Refused:
    """The chosen kinds, or the refusal of the first thing that is wrong."""
    refused = refuse_name("description", description, DESCRIPTION_CHARACTERS_MAX, may_be_empty=True)
    if refused is not None:
        return refused
    chosen = check_kinds(kinds or (NoticeGroup.ALL.value,))
    if isinstance(chosen, Refused):
        return chosen
    try:
        target = await check_target(
            url, resolve=services.telling.resolve, loopback_allowed=services.telling.loopback_allowed
        )
    except (OSError, TimeoutError):
        return Refused(code=RefusalCode.BUSY)
    return target if isinstance(target, Refused) else chosen


async def _known(services: Services, organization_id: str, endpoint_id: str) -> Endpoint | Refused:
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("endpoint_id", endpoint_id)
    if isinstance(checked, Refused):
        return checked
    return await _get(services, organization_id, endpoint_id)


async def _get(services: Services, organization_id: str, endpoint_id: str) -> Endpoint | Refused:
    row = await services.pool.fetchrow(
        load_statement("list_endpoints"), services.shard_id, organization_id, endpoint_id
    )
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_ENDPOINT, facts={"endpoint_id": endpoint_id})
    return _endpoint_of(row)


def _new_secret(services: Services) -> str:
    """A fresh secret, written as Standard Webhooks wants it."""
    drawn = services.random_bits(_SECRET_BITS).to_bytes(_SECRET_BITS // 8)
    return "whsec_" + base64.b64encode(drawn).decode()


def _endpoint_of(row: asyncpg.Record) -> Endpoint:
    return Endpoint(
        endpoint_id=str(row["endpoint_id"]),
        url=row["url"],
        description=row["description"],
        kinds=tuple(row["kinds"]),
        state=row["state"],
        disabled_because=row["disabled_because"],
        disabled_at=row["disabled_at"],
        failing_since=row["failing_since"],
        old_secret_until=row["old_secret_until"],
        created_at=row["created_at"],
    )
