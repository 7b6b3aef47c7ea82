"""Users as an organization's own directory keeps them (SCIM, RFC 7643): found, added, changed, switched off, removed.

Knows what a directory says of somebody beyond what users are here. Refuses to know the protocol. Whoever is switched
off loses the licences, and keeps calls and reports; switched on again, those of their groups come back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.operations.directory_licences import licences_of_groups
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.licences import Assignment, change_licences
from commcredits.operations.organizations import get_organization
from commcredits.operations.people import PartyFields, add_party, change_party, remove_party
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

SEARCHED_MAX: Final = 20_000
"""Most users that are looked through for what no index finds."""

EXTERNAL_ID_CHARACTERS_MAX: Final = 256
NAME_PART_CHARACTERS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUser:
    """A user as a directory sees them; ``groups`` are ids and names."""

    party_id: str
    user_name: str
    display_name: str
    given_name: str
    family_name: str
    usage_location: str
    department: str
    external_id: str
    is_active: bool
    licences: frozenset[Licence]
    groups: tuple[tuple[str, str], ...]
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserContent:
    """What a directory says of a user. Without ``usage_location`` it is the organization's country."""

    user_name: str
    display_name: str = ""
    given_name: str = ""
    family_name: str = ""
    usage_location: str = ""
    department: str = ""
    external_id: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some of a list, from a place on, and how many there are in all."""

    users: tuple[DirectoryUser, ...] = field(default_factory=tuple)
    total: int


@reads(Permission.USERS_WRITE)
async def find_directory_users(
    services: Services,
    *,
    organization_id: str,
    party_id: str = "",
    user_name: str = "",
    external_id: str = "",
    offset: int = 0,
    limit: int = 100,
) -> Stretch | Refused:
    """Users by id, by name or by the directory's own id; without any of them a stretch of all."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if party_id and not is_identifier(party_id):
        return Stretch(total=0)
    place = (services.shard_id, organization_id)
    rows = await services.pool.fetch(
        load_statement("scim/list_users"),
        *place,
        party_id or None,
        user_name.lower(),
        external_id,
        offset,
        min(limit, SEARCHED_MAX),
    )
    total = len(rows)
    if not (party_id or user_name or external_id):
        total = await services.pool.fetchval(load_statement("scim/count_users"), *place)
    return Stretch(users=tuple(_user_of(row) for row in rows), total=total)


@acts(Permission.USERS_WRITE)
async def add_directory_user(
    services: Services, *, organization_id: str, content: UserContent
) -> DirectoryUser | Refused:
    """Add a user of the directory; USER_TAKEN where the name is somebody's already."""
    fields = await _fields(services, organization_id, content)
    if isinstance(fields, Refused):
        return fields
    known = await find_directory_users(services, organization_id=organization_id, user_name=content.user_name)
    if isinstance(known, Refused):
        return known
    if known.users:
        return Refused(code=RefusalCode.USER_TAKEN, facts={"user_principal_name": content.user_name})
    added = await add_party(services, organization_id=organization_id, kind=PartyKind.USER, content=fields)
    if isinstance(added, Refused):
        return added
    return await _keep(services, organization_id, added.party.party_id, content)


@acts(Permission.USERS_WRITE)
async def change_directory_user(
    services: Services, *, organization_id: str, party_id: str, content: UserContent
) -> DirectoryUser | Refused:
    """Say anew what a directory knows of a user; switching one off takes every licence."""
    before = await _one(services, organization_id, party_id)
    if isinstance(before, Refused):
        return before
    fields = await _fields(services, organization_id, content)
    if isinstance(fields, Refused):
        return fields
    if before.is_active and not content.is_active:
        change = Assignment(user=party_id, take=before.licences)
    elif content.is_active and not before.is_active:
        names = [name for _id, name in before.groups]
        change = Assignment(user=party_id, assign=licences_of_groups(services, names))
    else:
        change = Assignment(user=party_id)
    if change.assign or change.take:
        moved = await change_licences(services, organization_id=organization_id, assignments=[change])
        if isinstance(moved, Refused):
            return moved
        if moved.refused is not None:
            return moved.refused
    changed = await change_party(
        services, organization_id=organization_id, kind=PartyKind.USER, user=party_id, content=fields
    )
    if isinstance(changed, Refused):
        return changed
    return await _keep(services, organization_id, party_id, content)


@acts(Permission.USERS_WRITE)
async def remove_directory_user(services: Services, *, organization_id: str, party_id: str) -> Done | Refused:
    """Remove a user whose numbers are nobody's; calls and reports keep the object id."""
    before = await _one(services, organization_id, party_id)
    if isinstance(before, Refused):
        return before
    removed = await remove_party(services, organization_id=organization_id, kind=PartyKind.USER, user=party_id)
    if isinstance(removed, Done):
        await services.pool.execute(load_statement("scim/forget_user"), services.shard_id, organization_id, party_id)
    return removed


async def _fields(services: Services, organization_id: str, content: UserContent) -> PartyFields | Refused:
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if len(content.external_id) > EXTERNAL_ID_CHARACTERS_MAX or not content.external_id.isprintable():
        allowed = f"at most {EXTERNAL_ID_CHARACTERS_MAX} printable characters"
        return invalid_input("external_id", content.external_id, allowed)
    refused = refuse_name("given_name", content.given_name, NAME_PART_CHARACTERS_MAX, may_be_empty=True) or refuse_name(
        "family_name", content.family_name, NAME_PART_CHARACTERS_MAX, may_be_empty=True
    )
    if refused is not None:
        return refused
    name = content.display_name or f"{content.given_name} {content.family_name}".strip()
    return PartyFields(
        user_principal_name=content.user_name,
        display_name=name,
        usage_location=content.usage_location or organization.country,
        department=content.department,
    )


async def _one(services: Services, organization_id: str, party_id: str) -> DirectoryUser | Refused:
    found = await find_directory_users(services, organization_id=organization_id, party_id=party_id or "-")
    if isinstance(found, Refused):
        return found
    return found.users[0] if found.users else Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": party_id[:64]})


async def _keep(
    services: Services, organization_id: str, party_id: str, content: UserContent
) -> DirectoryUser | Refused:
    await services.pool.execute(
        load_statement("scim/save_user"),
        services.shard_id,
        organization_id,
        party_id,
        content.external_id,
        content.is_active,
        content.given_name,
        content.family_name,
        services.clock(),
    )
    return await _one(services, organization_id, party_id)


def _user_of(row: asyncpg.Record) -> DirectoryUser:
    return DirectoryUser(
        party_id=str(row["party_id"]),
        user_name=row["user_principal_name"],
        display_name=row["display_name"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        usage_location=row["usage_location"],
        department=row["department"],
        external_id=row["external_id"],
        is_active=row["is_active"],
        licences=frozenset(Licence(each) for each in row["licences"]),
        groups=tuple(zip((str(each) for each in row["group_ids"]), row["group_names"], strict=True)),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
