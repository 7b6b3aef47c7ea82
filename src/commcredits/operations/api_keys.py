"""Keys of an organization's programs: created and shown once, listed, rotated, revoked.

Knows what a key may be given, for how long, and how many there may be. Refuses to show a secret twice, for only its
hash is kept, and to give a key what whoever creates it may not do themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.access import ROLE_PERMISSIONS, Permission, Role
from commcredits.core.account import OrganizationStatus
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.inputs import invalid_input, refuse_name
from commcredits.operations.key_secrets import KEY_SIGN, new_key
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import (
    Page,
    check_limit,
    read_cursor,
    read_instant,
    refuse_cursor,
    write_cursor,
    write_instant,
)
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

KEYS_MAX: Final = 100
"""Most keys of one organization that are neither revoked nor expired."""

NAME_CHARACTERS_MAX: Final = 100
NOTE_CHARACTERS_MAX: Final = 500
DAYS_DEFAULT: Final = 365
OVERLAP_HOURS_DEFAULT: Final = 24
OVERLAP_HOURS_MAX: Final = 168

SCOPES: Final = tuple(each.value for each in Permission if not each.is_operators)
"""Every word that a key's scopes may be; none is the operator's."""

_LIST: Final = "api_keys"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), OPERATOR_ID)


class Preset(StrEnum):
    """Scopes that go together, by a name. Stable: interfaces show these."""

    REPORTING_APP = "reporting_app"
    REPORTS_READER = "reports_reader"
    DIRECTORY = "directory"
    BILLING = "billing"
    SWITCH = "switch"
    READ_ONLY = "read_only"


PRESETS: Final = {
    Preset.REPORTING_APP: ROLE_PERMISSIONS[Role.REPORTING_APP],
    Preset.REPORTS_READER: ROLE_PERMISSIONS[Role.REPORTS_READER],
    Preset.DIRECTORY: ROLE_PERMISSIONS[Role.USER_ADMINISTRATOR],
    Preset.BILLING: ROLE_PERMISSIONS[Role.BILLING_ADMINISTRATOR],
    Preset.SWITCH: frozenset({Permission.CHARGING}),
    Preset.READ_ONLY: frozenset(each for each in Permission if each.value.endswith(".read") and not each.is_operators),
}
"""What each preset may do."""


class KeyState(StrEnum):
    """What has become of a key. Stable: interfaces show these."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it stands; ``prefix`` is the part of it that anybody may see.

    ``sandbox_id`` is the sandbox organization that it acts on, None for the organization itself. ``last_used_at`` is
    right to the minute.
    """

    key_id: str
    prefix: str
    name: str
    note: str
    scopes: tuple[str, ...]
    state: KeyState
    sandbox_id: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key, and its whole text, which is told this once."""

    key: ApiKey
    secret: str = field(repr=False)


@reads(Permission.API_KEYS_READ)
async def list_api_keys(
    services: Services, *, organization_id: str, cursor: str | None = None, limit: int = 50
) -> Page[ApiKey] | Refused:
    """An organization's keys, newest first, those that are over among them."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _NEWEST if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_api_keys"), services.shard_id, organization_id, None, *before, limit + 1
    )
    items = tuple(_key_of(row, services.clock()) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.created_at), last.key_id))


@reads(Permission.API_KEYS_READ)
async def get_api_key(services: Services, *, organization_id: str, key_id: str) -> ApiKey | Refused:
    """One key of this organization; another's is as unknown as none."""
    return await _known(services, organization_id, key_id)


@acts(Permission.API_KEYS_WRITE, needs_proof=True)
async def create_api_key(
    services: Services,
    *,
    organization_id: str,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    note: str = "",
    is_sandbox: bool = False,
) -> NewApiKey | Refused:
    """Give a program a key with these scopes, until an instant; without one for a year.

    ``is_sandbox``: it acts on the organization's sandbox, and on nothing else. Each scope must be a permission that
    whoever creates the key has, and none of the operator's.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    now = services.clock()
    days = min(DAYS_DEFAULT, services.keys.days_max)
    expires_at = expires_at or now + timedelta(days=days)
    refused = (
        refuse_name("name", name, NAME_CHARACTERS_MAX)
        or refuse_name("note", note, NOTE_CHARACTERS_MAX, may_be_empty=True)
        or _refuse_scopes(services, scopes)
        or _refuse_expiry(services, expires_at)
    )
    if refused is not None:
        return refused
    sandbox_id = None
    if is_sandbox:
        sandbox_id = await services.pool.fetchval(load_statement("find_sandbox"), services.shard_id, organization_id)
        if sandbox_id is None:
            return invalid_input("sandbox", "true", "false, or the sandbox opened first")
    return await _insert(
        services,
        organization_id,
        key=_Wanted(
            name=name,
            note=note,
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            sandbox_id=None if sandbox_id is None else str(sandbox_id),
            expires_at=expires_at,
        ),
    )


@acts(Permission.API_KEYS_WRITE, needs_proof=True)
async def rotate_api_key(
    services: Services, *, organization_id: str, key_id: str, overlap_hours: int = OVERLAP_HOURS_DEFAULT
) -> NewApiKey | Refused:
    """A new key in the place of one: same name, scopes and length of life; the old one lasts so many hours more.

    Whoever rotates must have each of the scopes, as for a new key. A key that is over is not rotated.
    """
    known = await _known(services, organization_id, key_id)
    if isinstance(known, Refused):
        return known
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
        return invalid_input("overlap_hours", str(overlap_hours), f"a whole number from 0 to {OVERLAP_HOURS_MAX}")
    if known.state is not KeyState.ACTIVE:
        return Refused(code=RefusalCode.UNKNOWN_API_KEY, facts={"key_id": key_id, "state": known.state.value})
    refused = _refuse_scopes(services, known.scopes)
    if refused is not None:
        return refused
    now = services.clock()
    lasts = min(known.expires_at - known.created_at, timedelta(days=services.keys.days_max))
    return await _insert(
        services,
        organization_id,
        key=_Wanted(
            name=known.name,
            note=known.note,
            scopes=known.scopes,
            sandbox_id=known.sandbox_id,
            expires_at=now + lasts,
        ),
        replaces=key_id,
        old_until=now + timedelta(hours=overlap_hours),
    )


@acts(Permission.API_KEYS_WRITE)
async def revoke_api_key(services: Services, *, organization_id: str, key_id: str) -> Done | Refused:
    """End a key, and every token that it got; it opens nothing any more within two seconds, and stays listed."""
    known = await _known(services, organization_id, key_id)
    if isinstance(known, Refused):
        return known
    status = await services.pool.execute(
        load_statement("revoke_api_key"),
        services.shard_id,
        organization_id,
        key_id,
        services.clock(),
        services.actor.name,
    )
    return Done(changed=not status.endswith(" 0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A key that is about to be made, checked."""

    name: str
    note: str
    scopes: tuple[str, ...]
    sandbox_id: str | None
    expires_at: datetime


async def _insert(
    services: Services,
    organization_id: str,
    *,
    key: _Wanted,
    replaces: str | None = None,
    old_until: datetime | None = None,
) -> NewApiKey | Refused:
    place = (services.shard_id, organization_id)
    key_id, shown = services.new_id(), new_key(services.random_bits)
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.execute(load_statement("lock_organization"), *place)
        added = await connection.fetchval(
            load_statement("insert_api_key"),
            *place,
            key_id,
            shown.prefix,
            shown.secret_hash,
            key.name,
            key.note,
            list(key.scopes),
            key.sandbox_id,
            services.clock(),
            services.actor.actor_id,
            services.actor.name,
            key.expires_at,
            KEYS_MAX,
        )
        if added is not None and replaces is not None:
            await connection.execute(load_statement("shorten_api_key"), *place, replaces, old_until)
    if added is None:
        return invalid_input("name", key.name, f"one of at most {KEYS_MAX} keys in use; revoke another first")
    made = await _known(services, organization_id, key_id)
    return made if isinstance(made, Refused) else NewApiKey(key=made, secret=shown.text)


async def _known(services: Services, organization_id: str, key_id: str) -> ApiKey | Refused:
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("key_id", key_id)
    if isinstance(checked, Refused):
        return checked
    row = await services.pool.fetchrow(
        load_statement("list_api_keys"), services.shard_id, organization_id, key_id, *_NEWEST, 1
    )
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_API_KEY, facts={"key_id": key_id})
    return _key_of(row, services.clock())


def grantable(services: Services) -> tuple[str, ...]:
    """The scopes that whoever acts can give a key: the permissions that they have, without the operator's."""
    return tuple(scope for scope in SCOPES if Permission(scope) in services.actor.permissions)


def _refuse_scopes(services: Services, scopes: Sequence[str]) -> Refused | None:
    allowed = grantable(services)
    if not scopes or len(set(scopes)) != len(scopes):
        return invalid_input("scopes", ", ".join(scopes), f"one or more of {', '.join(allowed)}, each once")
    wrong = next((scope for scope in scopes if scope not in allowed), None)
    return None if wrong is None else invalid_input("scopes", wrong, f"what you may do yourself: {', '.join(allowed)}")


def _refuse_expiry(services: Services, expires_at: datetime) -> Refused | None:
    now, days = services.clock(), services.keys.days_max
    if now < expires_at <= now + timedelta(days=days):
        return None
    return invalid_input("expires_at", expires_at.isoformat(), f"an instant within the next {days} days")


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    created_at = None if key is None else read_instant(key[0])
    if key is None or created_at is None or isinstance(check_identifier("cursor", key[1]), Refused):
        return None
    return created_at, key[1]


def _key_of(row: asyncpg.Record, now: datetime) -> ApiKey:
    state = KeyState.ACTIVE if now < row["expires_at"] else KeyState.EXPIRED
    return ApiKey(
        key_id=str(row["key_id"]),
        prefix=KEY_SIGN + row["prefix"],
        name=row["name"],
        note=row["note"],
        scopes=tuple(row["scopes"]),
        state=state if row["revoked_at"] is None else KeyState.REVOKED,
        sandbox_id=None if row["sandbox_id"] is None else str(row["sandbox_id"]),
        created_at=row["created_at"],
        created_by=row["created_by_name"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by_name"],
    )
