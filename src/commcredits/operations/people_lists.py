"""Lists of very many users: narrowed by what is known of them, page by page, counted, and what they can be narrowed to.

Knows filters. Refuses to know what becomes of the people on a list (commcredits.operations.people_bulk).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.core.roster import PartyKind
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.organizations import get_organization
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.people import (
    DEPARTMENT_CHARACTERS_MAX,
    USER_PRINCIPAL_NAME_CHARACTERS_MAX,
    PartyInfo,
    info_of,
    is_country,
    refuse_licence,
)
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

GROUPS_MAX: Final = 450
"""Most countries and departments that a list is offered to be narrowed to; countries first, then the largest."""

_LIST: Final = "people"
_BEFORE_ALL: Final = ("", OPERATOR_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilter:
    """Whom a list shows: everybody who meets all that is set.

    ``text`` is part of the display name or of the user principal name, in any letter case. ``department`` and
    ``country`` None are any, empty is none. ``licence`` is one that somebody has and ``without_licence`` one that
    somebody has not, both by code; empty is any.
    """

    kind: PartyKind = PartyKind.USER
    text: str = ""
    department: str | None = None
    country: str | None = None
    licence: str = ""
    without_licence: str = ""

    def refusal(self) -> Refused | None:
        """What is wrong with the filter, by field, or None."""
        return (
            refuse_name("text", self.text, USER_PRINCIPAL_NAME_CHARACTERS_MAX, may_be_empty=True)
            or refuse_name("department", self.department or "", DEPARTMENT_CHARACTERS_MAX, may_be_empty=True)
            or (self._refuse_country() if self.country else None)
            or (refuse_licence("licence", self.licence) if self.licence else None)
            or (refuse_licence("without_licence", self.without_licence) if self.without_licence else None)
        )

    def _refuse_country(self) -> Refused | None:
        code = self.country or ""
        return None if is_country(code) else invalid_input("country", code, "a country of two capital letters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A department or a usage location, empty for none, and how many people have it."""

    name: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleGroups:
    """What a list can be narrowed to, the largest first."""

    departments: tuple[Group, ...]
    countries: tuple[Group, ...]


def filter_values(narrowed: PeopleFilter) -> tuple[object, ...]:
    """A filter as the statements about people take it, after the organization."""
    return (
        narrowed.kind.value,
        narrowed.text,
        narrowed.department,
        narrowed.country,
        narrowed.licence,
        narrowed.without_licence,
    )


@reads(Permission.USERS_READ)
async def find_people(
    services: Services, *, organization_id: str, narrowed: PeopleFilter, cursor: str | None, limit: int
) -> Page[PartyInfo] | Refused:
    """The users or resource accounts that meet a filter, in order of display name."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit) or narrowed.refusal()
    if refused is not None:
        return refused
    after = _BEFORE_ALL if cursor is None else read_cursor(_LIST, cursor, 2)
    if after is None or not is_identifier(after[1]):
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("find_people"),
        services.shard_id,
        organization_id,
        *filter_values(narrowed),
        *after,
        limit + 1,
    )
    items = tuple(info_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1].party
    return Page(items=items, next_cursor=write_cursor(_LIST, last.display_name, last.party_id))


@reads(Permission.USERS_READ)
async def count_people(services: Services, *, organization_id: str, narrowed: PeopleFilter) -> int | Refused:
    """How many users or resource accounts meet a filter."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = narrowed.refusal()
    if refused is not None:
        return refused
    count: int = await services.pool.fetchval(
        load_statement("count_people"), services.shard_id, organization_id, *filter_values(narrowed)
    )
    return count


@reads(Permission.USERS_READ)
async def list_groups(services: Services, *, organization_id: str, kind: PartyKind) -> PeopleGroups | Refused:
    """The departments and countries of an organization's users or resource accounts."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    rows = await services.pool.fetch(
        load_statement("list_departments"), services.shard_id, organization_id, kind.value, GROUPS_MAX
    )
    return PeopleGroups(
        departments=tuple(
            Group(name=row["department"], people=row["people"]) for row in rows if not row["by_location"]
        ),
        countries=tuple(Group(name=row["usage_location"], people=row["people"]) for row in rows if row["by_location"]),
    )
