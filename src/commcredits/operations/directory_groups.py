"""Groups of an organization's own directory (SCIM, RFC 7643): their members have their licences.

Knows which licences come and go with a membership. Refuses to know the protocol. Licences move first, all of a change
or none of it: where too few were bought, the group stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.directory_licences import licences_of_groups
from commcredits.operations.directory_users import (
    EXTERNAL_ID_CHARACTERS_MAX,
    SEARCHED_MAX,
    DirectoryUser,
    find_directory_users,
)
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.licences import Assignment, change_licences
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

GROUPS_MAX: Final = 1_000
"""Most groups of one organization."""

NAME_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryGroup:
    """A group, and the object ids of its members."""

    group_id: str
    display_name: str
    external_id: str
    members: tuple[str, ...]
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupContent:
    """What a directory says of a group."""

    display_name: str
    external_id: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStretch:
    """Some of a list, from a place on, and how many there are in all."""

    groups: tuple[DirectoryGroup, ...]
    total: int


@reads(Permission.USERS_WRITE)
async def find_directory_groups(
    services: Services,
    *,
    organization_id: str,
    group_id: str = "",
    display_name: str = "",
    external_id: str = "",
    offset: int = 0,
    limit: int = 100,
) -> GroupStretch | Refused:
    """Groups by id, by name or by the directory's own id; without any of them a stretch of all."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if group_id and not is_identifier(group_id):
        return GroupStretch(groups=(), total=0)
    place = (services.shard_id, organization_id)
    rows = await services.pool.fetch(
        load_statement("scim/list_groups"),
        *place,
        group_id or None,
        display_name.lower(),
        external_id,
        offset,
        min(limit, GROUPS_MAX),
    )
    total = len(rows)
    if not (group_id or display_name or external_id):
        total = await services.pool.fetchval(load_statement("scim/count_groups"), *place)
    return GroupStretch(groups=tuple(_group_of(row) for row in rows), total=total)


@acts(Permission.USERS_WRITE)
async def add_directory_group(
    services: Services, *, organization_id: str, content: GroupContent
) -> DirectoryGroup | Refused:
    """Add a group; its members get its licences. CONFLICT where another group has its name."""
    counted = await find_directory_groups(services, organization_id=organization_id, limit=0)
    if isinstance(counted, Refused):
        return counted
    if counted.total >= GROUPS_MAX:
        return invalid_input("display_name", content.display_name, f"one of at most {GROUPS_MAX} groups")
    return await _save(services, organization_id, services.new_id(), None, content)


@acts(Permission.USERS_WRITE)
async def change_directory_group(
    services: Services, *, organization_id: str, group_id: str, content: GroupContent
) -> DirectoryGroup | Refused:
    """Say anew what a group is called and who is in it; licences follow."""
    before = await _one(services, organization_id, group_id)
    if isinstance(before, Refused):
        return before
    return await _save(services, organization_id, group_id, before, content)


@acts(Permission.USERS_WRITE)
async def remove_directory_group(services: Services, *, organization_id: str, group_id: str) -> Done | Refused:
    """Forget a group; its members lose the licences that no other group of theirs has."""
    before = await _one(services, organization_id, group_id)
    if isinstance(before, Refused):
        return before
    refused = await _move_licences(services, organization_id, before, None)
    if refused is not None:
        return refused
    await services.pool.execute(load_statement("scim/delete_group"), services.shard_id, organization_id, group_id)
    return Done(changed=True)


async def _save(
    services: Services,
    organization_id: str,
    group_id: str,
    before: DirectoryGroup | None,
    content: GroupContent,
) -> DirectoryGroup | Refused:
    refused = refuse_name("display_name", content.display_name, NAME_CHARACTERS_MAX)
    if refused is None and len(content.external_id) > EXTERNAL_ID_CHARACTERS_MAX:
        refused = invalid_input("external_id", content.external_id, f"at most {EXTERNAL_ID_CHARACTERS_MAX} characters")
    if refused is not None:
        return refused
    named = await find_directory_groups(services, organization_id=organization_id, display_name=content.display_name)
    if isinstance(named, Refused):
        return named
    if any(each.group_id != group_id for each in named.groups):
        return Refused(code=RefusalCode.CONFLICT, facts={"display_name": content.display_name})
    refused = await _move_licences(services, organization_id, before, content)
    if refused is not None:
        return refused
    saved = await services.pool.fetchval(
        load_statement("scim/save_group"),
        services.shard_id,
        organization_id,
        group_id,
        content.display_name,
        content.external_id,
        services.clock(),
        list(dict.fromkeys(content.members)),
    )
    if saved is None:
        return Refused(code=RefusalCode.CONFLICT, facts={"display_name": content.display_name})
    return await _one(services, organization_id, group_id)


async def _move_licences(
    services: Services, organization_id: str, before: DirectoryGroup | None, after: GroupContent | None
) -> Refused | None:
    """Give and take what this change of a group means for each member, all at once; why it cannot be, or None."""
    old = set(before.members) if before else set()
    new = set(after.members) if after else set()
    people = await _people(services, organization_id, sorted(old | new))
    if isinstance(people, Refused):
        return people
    unknown = next((each for each in sorted(new) if each not in people), None)
    if unknown is not None:
        return Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": unknown[:64]})
    had = licences_of_groups(services, [before.display_name] if before else [])
    has = licences_of_groups(services, [after.display_name] if after else [])
    group_id = before.group_id if before else ""
    assignments = []
    for party_id, person in people.items():
        if not person.is_active:
            continue
        others = licences_of_groups(services, [name for each, name in person.groups if each != group_id])
        was = had if party_id in old else frozenset()
        becomes = has if party_id in new else frozenset()
        assign, take = becomes - person.licences, (was - becomes - others) & person.licences
        if assign or take:
            assignments.append(Assignment(user=party_id, assign=assign, take=take))
    if not assignments:
        return None
    moved = await change_licences(services, organization_id=organization_id, assignments=assignments)
    return moved if isinstance(moved, Refused) else moved.refused


async def _people(
    services: Services, organization_id: str, party_ids: Sequence[str]
) -> dict[str, DirectoryUser] | Refused:
    wanted = set(party_ids)
    if len(wanted) > SEARCHED_MAX:
        return invalid_input("members", str(len(wanted)), f"at most {SEARCHED_MAX}")
    found: dict[str, DirectoryUser] = {}
    few = 50
    if len(wanted) <= few:
        for party_id in party_ids:
            one = await find_directory_users(services, organization_id=organization_id, party_id=party_id or "-")
            if isinstance(one, Refused):
                return one
            found.update({each.party_id: each for each in one.users})
        return found
    every = await find_directory_users(services, organization_id=organization_id, limit=SEARCHED_MAX)
    if isinstance(every, Refused):
        return every
    return {each.party_id: each for each in every.users if each.party_id in wanted}


async def _one(services: Services, organization_id: str, group_id: str) -> DirectoryGroup | Refused:
    found = await find_directory_groups(services, organization_id=organization_id, group_id=group_id or "-")
    if isinstance(found, Refused):
        return found
    unknown = Refused(code=RefusalCode.UNKNOWN_USER, facts={"group": group_id[:64]})
    return found.groups[0] if found.groups else unknown


def _group_of(row: asyncpg.Record) -> DirectoryGroup:
    return DirectoryGroup(
        group_id=str(row["group_id"]),
        display_name=row["display_name"],
        external_id=row["external_id"],
        members=tuple(str(each) for each in row["member_ids"]),
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
