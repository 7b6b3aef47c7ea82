"""Administrators as records, and what changes of them share.

Knows rows, roles that may be given, and how many may administer an organization. Refuses to know who asks: the
operations for organizations and for the operator's staff do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from pydantic import SecretStr

from commcredits.core.access import Role, permissions_of
from commcredits.core.mail_addresses import ALLOWED, is_mail_address
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.services import Services
from commcredits.operations.visits import digest_of, new_secret
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID

ADMINISTRATORS_MAX: Final = 500
"""Most administrators of one organization, and most staff of the operator."""

NAME_CHARACTERS_MAX: Final = 200
INVITATION_LASTS: Final = timedelta(days=7)
LANGUAGES: Final = ("en", "ro")

ORGANIZATION_ROLES: Final = (
    Role.GLOBAL_ADMINISTRATOR,
    Role.BILLING_ADMINISTRATOR,
    Role.TELEPHONY_ADMINISTRATOR,
    Role.USER_ADMINISTRATOR,
    Role.REPORTS_READER,
    Role.SUPPORT,
)
"""Roles that people of an organization can have: a reporting app is a program, and comes with a key."""

STAFF_ROLES: Final = (Role.OPERATOR_OWNER, Role.OPERATOR_STAFF)
"""Roles of the operator's own people."""

UNKNOWN: Final = Refused(code=RefusalCode.UNKNOWN_ADMINISTRATOR)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvitation:
    """An invitation that waits. ``mail_state`` is none (the link was handed over), waiting, sent or failed."""

    expires_at: datetime
    mail_state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Somebody who administers an organization, or is to. ``state`` is invited, active or disabled.

    ``roles_from_provider`` says that a provider gives the roles anew at each sign-in. ``accepted_at`` is when they
    first came.
    """

    administrator_id: str
    organization_id: str
    address: str
    name: str
    language: str
    roles: tuple[Role, ...]
    roles_from_provider: bool
    state: str
    created_at: datetime
    accepted_at: datetime | None
    signed_in_at: datetime | None
    invitation: OpenInvitation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An administrator with a fresh invitation; ``link`` is there, once, where no letter brings it."""

    administrator: Administrator
    link: SecretStr | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitee:
    """Who shall be invited, as it was asked for; ``by_link`` asks for the link instead of a letter."""

    address: str
    name: str
    roles: Sequence[str]
    language: str
    by_link: bool


def invitation_link(services: Services, token: str) -> str:
    """Where an invitation is accepted."""
    return f"{services.payments.origin.rstrip('/')}/portal/invitation/{token}"


def check_roles(services: Services, organization_id: str, roles: Sequence[str]) -> tuple[Role, ...] | Refused:
    """The roles, each once; none but those of the place, and of nobody more than whoever gives them may do.

    Nobody touches an administrator either who may do more than they: a key of few scopes must not become one.
    """
    allowed = STAFF_ROLES if organization_id == OPERATOR_ID else ORGANIZATION_ROLES
    by_word = {role.value: role for role in allowed}
    wrong = next((word for word in roles if word not in by_word), None)
    if wrong is not None or not roles:
        return invalid_input("roles", wrong or "", "one or more of " + ", ".join(by_word))
    chosen = tuple(role for role in allowed if role.value in roles)
    actor = services.actor
    if actor.organization_id is not None and not permissions_of(chosen) <= actor.permissions:
        return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": "administrators.write"})
    return chosen


async def list_records(services: Services, organization_id: str) -> tuple[Administrator, ...]:
    """Everybody of an organization, or the operator's staff, by name."""
    rows = await services.pool.fetch(load_statement("list_administrators"), services.shard_id, organization_id, None)
    return tuple(_administrator_of(row) for row in rows)


async def find_record(services: Services, organization_id: str, administrator_id: str) -> Administrator | Refused:
    """One of them, or UNKNOWN_ADMINISTRATOR."""
    if not is_identifier(administrator_id):
        return UNKNOWN
    row = await services.pool.fetchrow(
        load_statement("list_administrators"), services.shard_id, organization_id, administrator_id
    )
    return UNKNOWN if row is None else _administrator_of(row)


async def invite(services: Services, organization_id: str, invitee: Invitee) -> Invited | Refused:
    """Keep somebody new and invite them: by letter, or by a link where no letters are sent or one was asked for."""
    roles = check_roles(services, organization_id, invitee.roles)
    if isinstance(roles, Refused):
        return roles
    if not is_mail_address(invitee.address):
        return invalid_input("address", invitee.address, ALLOWED)
    refused = refuse_name("name", invitee.name, NAME_CHARACTERS_MAX)
    if refused is not None:
        return refused
    if invitee.language not in LANGUAGES:
        return invalid_input("language", invitee.language, " or ".join(LANGUAGES))
    administrator_id = services.new_id()
    async with services.pool.acquire() as connection, connection.transaction():
        kept = await connection.fetchval(
            load_statement("insert_administrator"),
            services.shard_id,
            organization_id,
            administrator_id,
            invitee.address,
            invitee.name.strip(),
            invitee.language,
            [role.value for role in roles],
            False,  # noqa: FBT003 - a parameter of the statement: the roles are given here
            "invited",
            services.clock(),
            None,
            ADMINISTRATORS_MAX,
        )
        if kept is None:
            return await _why_not_kept(connection, services, organization_id)
        token = await _new_invitation(connection, services, organization_id, administrator_id, by_link=invitee.by_link)
    return await _invited(services, organization_id, administrator_id, token)


async def invite_again(
    services: Services, organization_id: str, administrator_id: str, *, by_link: bool
) -> Invited | Refused:
    """A fresh invitation in the place of the one that is open: for whoever lost the letter, or every passkey."""
    found = await find_record(services, organization_id, administrator_id)
    if isinstance(found, Refused):
        return found
    held = check_roles(services, organization_id, found.roles)
    if isinstance(held, Refused):
        return held  # whoever has the link is that administrator
    if found.state == "disabled":
        return invalid_input("state", found.state, "invited or active: enable them first")
    place = (services.shard_id, organization_id, administrator_id)
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.fetch(load_statement("lock_administrators"), services.shard_id, organization_id)
        await connection.execute(load_statement("withdraw_invitation"), *place, services.clock())
        token = await _new_invitation(connection, services, organization_id, administrator_id, by_link=by_link)
    return await _invited(services, organization_id, administrator_id, token)


async def withdraw(services: Services, organization_id: str, administrator_id: str) -> Done | Refused:
    """End the invitation that is open; whoever never came is forgotten."""
    if not is_identifier(administrator_id):
        return UNKNOWN
    place = (services.shard_id, organization_id, administrator_id)
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.fetch(load_statement("lock_administrators"), services.shard_id, organization_id)
        withdrawn = await connection.fetchval(load_statement("withdraw_invitation"), *place, services.clock())
        if withdrawn is not None:
            await connection.execute(load_statement("delete_invited_administrator"), *place)
    return Done(changed=withdrawn is not None)


async def change_roles(
    services: Services, organization_id: str, administrator_id: str, roles: Sequence[str]
) -> Administrator | Refused:
    """Give somebody other roles; they sign in again with them."""
    chosen = check_roles(services, organization_id, roles)
    if isinstance(chosen, Refused):
        return chosen
    if not is_identifier(administrator_id):
        return UNKNOWN
    place = (services.shard_id, organization_id, administrator_id)
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(load_statement("lock_administrators"), services.shard_id, organization_id)
        row = _one_of(rows, administrator_id)
        if row is None:
            return UNKNOWN
        held = check_roles(services, organization_id, row["roles"])
        if isinstance(held, Refused):
            return held
        if row["roles_from_provider"]:
            return invalid_input("roles", ", ".join(roles), "given by the provider, which says them at each sign-in")
        if not _holds_the_last_key(organization_id, chosen) and _is_last(organization_id, rows, administrator_id):
            return Refused(code=RefusalCode.LAST_ADMINISTRATOR)
        if set(row["roles"]) != {role.value for role in chosen}:
            words = [role.value for role in chosen]
            await connection.execute(load_statement("set_administrator_roles"), *place, words)
            await connection.execute(load_statement("end_visits_of_administrator"), *place, services.clock(), None)
    return await find_record(services, organization_id, administrator_id)


async def disable(services: Services, organization_id: str, administrator_id: str) -> Administrator | Refused:
    """Shut somebody out, at once: every visit of theirs ends, an open invitation too."""
    if not is_identifier(administrator_id):
        return UNKNOWN
    place = (services.shard_id, organization_id, administrator_id)
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(load_statement("lock_administrators"), services.shard_id, organization_id)
        row = _one_of(rows, administrator_id)
        if row is None:
            return UNKNOWN
        held = check_roles(services, organization_id, row["roles"])
        if isinstance(held, Refused):
            return held
        if _is_last(organization_id, rows, administrator_id):
            return Refused(code=RefusalCode.LAST_ADMINISTRATOR)
        await connection.execute(load_statement("set_administrator_state"), *place, "disabled")
        await connection.execute(load_statement("withdraw_invitation"), *place, services.clock())
        await connection.execute(load_statement("end_visits_of_administrator"), *place, services.clock(), None)
    return await find_record(services, organization_id, administrator_id)


async def enable(services: Services, organization_id: str, administrator_id: str) -> Administrator | Refused:
    """Let somebody in again who was disabled; whoever never came needs a fresh invitation."""
    if not is_identifier(administrator_id):
        return UNKNOWN
    place = (services.shard_id, organization_id, administrator_id)
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(load_statement("lock_administrators"), services.shard_id, organization_id)
        row = _one_of(rows, administrator_id)
        if row is None:
            return UNKNOWN
        held = check_roles(services, organization_id, row["roles"])
        if isinstance(held, Refused):
            return held
        if row["state"] == "disabled":
            state = "invited" if row["accepted_at"] is None else "active"
            await connection.execute(load_statement("set_administrator_state"), *place, state)
    return await find_record(services, organization_id, administrator_id)


def _holds_the_last_key(organization_id: str, roles: Sequence[Role]) -> bool:
    """Whether the roles hold the one that somebody must always have."""
    return (Role.OPERATOR_OWNER if organization_id == OPERATOR_ID else Role.GLOBAL_ADMINISTRATOR) in roles


def _is_last(organization_id: str, rows: Sequence[asyncpg.Record], administrator_id: str) -> bool:
    """Whether nobody else who is active has that role."""
    holders = {
        str(row["administrator_id"])
        for row in rows
        if row["state"] == "active" and _holds_the_last_key(organization_id, [Role(word) for word in row["roles"]])
    }
    return holders == {administrator_id}


def _one_of(rows: Sequence[asyncpg.Record], administrator_id: str) -> asyncpg.Record | None:
    return next((row for row in rows if str(row["administrator_id"]) == administrator_id), None)


async def _why_not_kept(connection: Connection, services: Services, organization_id: str) -> Refused:
    rows = await connection.fetch(load_statement("list_administrators"), services.shard_id, organization_id, None)
    if len(rows) >= ADMINISTRATORS_MAX:
        return invalid_input("address", "", f"one of at most {ADMINISTRATORS_MAX} administrators")
    return Refused(code=RefusalCode.ADMINISTRATOR_TAKEN)


async def _new_invitation(
    connection: Connection, services: Services, organization_id: str, administrator_id: str, *, by_link: bool
) -> str | None:
    """Keep an invitation; returns the token where no letter will bring one."""
    now = services.clock()
    invitation_id = services.new_id()
    mailed = services.telling.mails and not (by_link and services.actor.organization_id is None)
    place = (services.shard_id, organization_id)
    await connection.execute(
        load_statement("insert_invitation"),
        *place,
        invitation_id,
        administrator_id,
        services.actor.name[:NAME_CHARACTERS_MAX],
        now,
        now + INVITATION_LASTS,
        "waiting" if mailed else "none",
    )
    if mailed:
        return None
    token = new_secret(services)
    await connection.execute(load_statement("insert_invitation_token"), *place, digest_of(token), invitation_id)
    return token


async def _invited(
    services: Services, organization_id: str, administrator_id: str, token: str | None
) -> Invited | Refused:
    found = await find_record(services, organization_id, administrator_id)
    if isinstance(found, Refused):
        return found
    link = None if token is None else SecretStr(invitation_link(services, token))
    return Invited(administrator=found, link=link)


def _administrator_of(row: asyncpg.Record) -> Administrator:
    invitation = None
    if row["invitation_id"] is not None:
        invitation = OpenInvitation(expires_at=row["expires_at"], mail_state=row["mail_state"])
    return Administrator(
        administrator_id=str(row["administrator_id"]),
        organization_id=str(row["organization_id"]),
        address=row["address"],
        name=row["name"],
        language=row["language"],
        roles=tuple(Role(word) for word in row["roles"]),
        roles_from_provider=row["roles_from_provider"],
        state=row["state"],
        created_at=row["created_at"],
        accepted_at=row["accepted_at"],
        signed_in_at=row["signed_in_at"],
        invitation=invitation,
    )
