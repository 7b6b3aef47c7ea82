"""Users and resource accounts of an organization: adding, changing, removing, finding and listing them.

Knows what must be known of somebody, and that nobody is removed who has a number or by whose plan others call.
Refuses to know which licences there are to assign (commcredits.operations.licences) and who pays for a call (core).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import asyncpg
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from phonenumbers import SUPPORTED_REGIONS

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.licensing import recount, refuse_licences, refuse_shortage
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.roster import DialOutPolicy, Licence, Party, PartyKind
from commcredits.operations.audit_looks import at_party
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.organizations import get_organization
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.parties import find_parties, insert_parties, party_of, update_parties
from commcredits.storage.rosters import changing_roster, count_licences

DISPLAY_NAME_CHARACTERS_MAX: Final = 200
"""Longest name that people see."""

DEPARTMENT_CHARACTERS_MAX: Final = 200
"""Longest name of a department."""

USER_PRINCIPAL_NAME_CHARACTERS_MAX: Final = 320
"""Longest user principal name: 64 characters, an at sign, 255 characters (RFC 5321 §4.5.3.1)."""

USER_PRINCIPAL_NAME: Final = re.compile(
    r"(?=.{3,320}$)[A-Za-z0-9!#$&'*+=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII
)
"""A user principal name looks like a mail address, so that none can be taken for an object id."""

USER_PRINCIPAL_NAME_ALLOWED: Final = "a user principal name such as front.desk@example.com, in ASCII"
COUNTRY_ALLOWED: Final = (
    "a country of two capital letters (ISO 3166-1) that has telephone numbers, such as RO, or empty"
)

MONTHLY_CAP_MICROS_MAX: Final = 10**16
"""Highest cap: ten thousand million major units. What has more is no cap."""

_LIST: Final = "parties"
_BEFORE_ALL: Final = ("", OPERATOR_ID)
_USER_ALLOWED: Final = "an object id, or a user principal name such as front.desk@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFields:
    """What is to be known of somebody; a field that is not set stays as it is, or takes the default of a new one.

    The fields are those of commcredits.core.roster.Party, with the same meaning and the same units.
    """

    user_principal_name: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    usage_location: str | UnsetType = UNSET
    department: str | UnsetType = UNSET
    dial_out: DialOutPolicy | UnsetType | None = UNSET
    premium_allowed: bool | UnsetType | None = UNSET
    toll_free_allowed: bool | UnsetType = UNSET
    monthly_cap_micros: int | UnsetType | None = UNSET
    shared_calling_account: str | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that are set."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not UNSET}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyInfo:
    """A user or resource account, the numbers assigned to it, and since when it is known."""

    party: Party
    numbers: tuple[str, ...]
    created_at: datetime


@acts(Permission.USERS_WRITE, look=at_party)
async def add_party(
    services: Services, *, organization_id: str, kind: PartyKind, content: PartyFields, party_id: str = ""
) -> PartyInfo | Refused:
    """Add a user or resource account, without licences; ``party_id`` is its object id, empty for a new one.

    The same content again gets the same answer. An object id or a user principal name (in any letter case) of somebody
    else is taken.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    party = _with(
        Party(
            party_id=party_id or services.new_id(),
            kind=kind,
            user_principal_name="",
            display_name="",
            usage_location="",
        ),
        content,
    )
    refused = _refuse_party_id(party.party_id) or refuse_party(party)
    if refused is not None:
        return refused
    async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        known = await find_parties(
            connection,
            services.shard_id,
            organization_id,
            party_ids=[party.party_id],
            names=[party.user_principal_name],
        )
        refused = _refuse_taken(known, party, given_id=party_id) or await _refuse_sharing(
            connection, services.shard_id, organization_id, party
        )
        if refused is not None or known:
            change.withdraw()
        else:
            await insert_parties(connection, services.shard_id, organization_id, [party], created_at=services.clock())
    if refused is not None:
        return refused
    return await get_party(services, organization_id=organization_id, kind=kind, user=party.user_principal_name)


@acts(Permission.USERS_WRITE, look=at_party)
async def change_party(
    services: Services,
    *,
    organization_id: str,
    kind: PartyKind,
    user: str,
    content: PartyFields,
    expected: Callable[[Party], bool] | None = None,
) -> PartyInfo | Refused:
    """Change what is known of somebody; ``user`` is an object id or a user principal name.

    Licences move along to another country, if enough were bought that may be used there. ``expected`` looks at whoever
    is about to become another: CONFLICT where it says that this is not what the change was made for.
    """
    refused = refuse_user(user)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        changed = await _change(connection, services.shard_id, organization_id, kind, user, content, expected)
        if changed is None or isinstance(changed, Refused):
            change.withdraw()
    if isinstance(changed, Refused):
        return changed
    name = user if changed is None else changed.party_id
    return await get_party(services, organization_id=organization_id, kind=kind, user=name)


@acts(Permission.USERS_WRITE, look=at_party)
async def remove_party(services: Services, *, organization_id: str, kind: PartyKind, user: str) -> Done | Refused:
    """Remove somebody, whose licences are free then; calls and reports keep the object id.

    Refused while numbers are assigned, and while other users call by the plan of this resource account.
    """
    found = await get_party(services, organization_id=organization_id, kind=kind, user=user)
    if isinstance(found, Refused):
        return found
    party_id = found.party.party_id
    async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        place = (services.shard_id, organization_id, party_id)
        row = await connection.fetchrow(load_statement("get_party"), *place, "")
        sharing = await connection.fetchval(load_statement("count_shared_calling"), *place)
        if row is None:
            refused: Refused | None = _unknown(user)
        elif row["numbers"]:
            facts = {"number": min(row["numbers"]), "numbers": len(row["numbers"])}
            refused = Refused(code=RefusalCode.NUMBER_IN_USE, facts=facts)
        elif sharing:
            allowed = f"a resource account by whose plan nobody calls; {sharing} users call by this one's"
            refused = invalid_input("user", user, allowed)
        else:
            refused = None
            await connection.execute(load_statement("delete_party"), *place)
        if refused is not None:
            change.withdraw()
    return refused or Done(changed=True)


@reads(Permission.USERS_READ)
async def get_party(services: Services, *, organization_id: str, kind: PartyKind, user: str) -> PartyInfo | Refused:
    """One user or resource account of an organization, by object id or user principal name in any letter case."""
    refused = refuse_user(user)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    row = await services.pool.fetchrow(
        load_statement("get_party"), services.shard_id, organization_id, user if is_identifier(user) else None, user
    )
    return _unknown(user) if row is None or row["kind"] != kind else info_of(row)


@reads(Permission.USERS_READ)
async def list_parties(
    services: Services,
    *,
    organization_id: str,
    kind: PartyKind,
    text: str = "",
    department: str | None = None,
    licence: str = "",
    cursor: str | None,
    limit: int,
) -> Page[PartyInfo] | Refused:
    """An organization's users or resource accounts in order of display name.

    ``text`` is part of the display name or of the user principal name, in any letter case; ``department`` None is any,
    empty is none; ``licence`` empty is any.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = (
        check_limit(limit)
        or refuse_name("text", text, USER_PRINCIPAL_NAME_CHARACTERS_MAX, may_be_empty=True)
        or refuse_name("department", department or "", DEPARTMENT_CHARACTERS_MAX, may_be_empty=True)
        or (refuse_licence("licence", licence) if licence else None)
    )
    if refused is not None:
        return refused
    after = _BEFORE_ALL if cursor is None else read_cursor(_LIST, cursor, 2)
    if after is None or not is_identifier(after[1]):
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_parties"),
        services.shard_id,
        organization_id,
        *after,
        kind.value,
        text,
        department,
        licence,
        limit + 1,
    )
    items = tuple(info_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1].party
    return Page(items=items, next_cursor=write_cursor(_LIST, last.display_name, last.party_id))


def refuse_user(user: str) -> Refused | None:
    """Why this is neither an object id nor a user principal name, or None."""
    if is_identifier(user) or USER_PRINCIPAL_NAME.fullmatch(user):
        return None
    return invalid_input("user", user, _USER_ALLOWED)


def refuse_licence(field: str, code: str) -> Refused | None:
    """Why this is no licence, or None."""
    return None if code in tuple(Licence) else invalid_input(field, code, f"one of {', '.join(Licence)}")


def is_country(code: str) -> bool:
    """Whether this is the code of a country that has telephone numbers."""
    return code in SUPPORTED_REGIONS


def refuse_party(party: Party) -> Refused | None:
    """What is wrong with somebody, field by field, or None."""
    cap_micros = party.monthly_cap_micros
    if not USER_PRINCIPAL_NAME.fullmatch(party.user_principal_name):
        return invalid_input("user_principal_name", party.user_principal_name, USER_PRINCIPAL_NAME_ALLOWED)
    if party.usage_location and not is_country(party.usage_location):
        return invalid_input("usage_location", party.usage_location, COUNTRY_ALLOWED)
    if cap_micros is not None and not 0 <= cap_micros <= MONTHLY_CAP_MICROS_MAX:
        return invalid_input("monthly_cap_micros", str(cap_micros), "an amount of at least 0 that money can have")
    return (
        refuse_name("display_name", party.display_name, DISPLAY_NAME_CHARACTERS_MAX, may_be_empty=True)
        or refuse_name("department", party.department, DEPARTMENT_CHARACTERS_MAX, may_be_empty=True)
        or refuse_licences(party.kind, party.usage_location, party.licences)
    )


async def _change(
    connection: Connection,
    shard_id: int,
    organization_id: str,
    kind: PartyKind,
    user: str,
    content: PartyFields,
    expected: Callable[[Party], bool] | None,
) -> Party | Refused | None:
    """Whoever was changed; None when nothing is other than before."""
    row = await connection.fetchrow(
        load_statement("get_party"), shard_id, organization_id, user if is_identifier(user) else None, user
    )
    if row is None or row["kind"] != kind:
        return _unknown(user)
    before = party_of(row)
    party = _with(before, content)
    if party == before:
        return None
    if expected is not None and not expected(before):
        return Refused(code=RefusalCode.CONFLICT)
    refused = refuse_party(party) or await _refuse_sharing(connection, shard_id, organization_id, party)
    if refused is not None:
        return refused
    known = await find_parties(connection, shard_id, organization_id, party_ids=[], names=[party.user_principal_name])
    if any(each.party_id != party.party_id for each in known):
        return Refused(code=RefusalCode.USER_TAKEN, facts={"user_principal_name": party.user_principal_name})
    if party.licences and party.usage_location != before.usage_location:
        counts = await count_licences(connection, shard_id, organization_id)
        assigned = recount(counts.assigned, [before], [party])
        refused = refuse_shortage(counts.assigned, assigned, counts.bought)
        if refused is not None:
            return refused
    await update_parties(connection, shard_id, organization_id, [party])
    return party


def _with(party: Party, content: PartyFields) -> Party:
    return replace(party, **content.given())


def _refuse_party_id(party_id: str) -> Refused | None:
    if is_identifier(party_id) and party_id != OPERATOR_ID:
        return None
    return invalid_input("party_id", party_id, "a UUID in lower case, such as 018f3c5e-8a70-7000-8000-000000000001")


def _refuse_taken(known: list[Party], party: Party, *, given_id: str) -> Refused | None:
    """Why somebody cannot be added beside these, or None: they are nobody, or just this one with other licences."""
    if not known:
        return None
    same = replace(known[0], licences=party.licences, party_id=given_id and known[0].party_id)
    if len(known) == 1 and same == replace(party, party_id=given_id):
        return None
    return Refused(code=RefusalCode.USER_TAKEN, facts={"user_principal_name": party.user_principal_name})


async def _refuse_sharing(connection: Connection, shard_id: int, organization_id: str, party: Party) -> Refused | None:
    """Why somebody cannot call by the plan that he is to call by, or None."""
    account_id = party.shared_calling_account
    if not account_id:
        return None
    if party.kind is PartyKind.USER and is_identifier(account_id):
        found = await find_parties(connection, shard_id, organization_id, party_ids=[account_id], names=[])
        if found and found[0].kind is PartyKind.RESOURCE_ACCOUNT:
            return None
    allowed = "for a user the object id of a resource account of the organization, or empty"
    return invalid_input("shared_calling_account", account_id, allowed)


def _unknown(user: str) -> Refused:
    return Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": user})


def info_of(row: asyncpg.Record) -> PartyInfo:
    """Somebody from a row with the numbers that are assigned to them."""
    return PartyInfo(party=party_of(row), numbers=tuple(sorted(row["numbers"])), created_at=row["created_at"])
