"""People to test with: the shortest way to users, resource accounts and licences of an organization.

Knows the words of operations. Refuses to know what is tested.
"""

from typing import Any

from commcredits.core.outcomes import Refused
from commcredits.core.roster import Licence, PartyKind, Roster
from commcredits.operations.paging import Page
from commcredits.operations.people import PartyFields, PartyInfo, add_party, change_party, get_party, list_parties
from commcredits.storage.rosters import load_roster
from tests.operations.office import SHARD, Office

BUY = """
insert into licence_stock (shard_id, organization_id, licence, country, purchased) values (0, $1, $2, $3, $4)
on conflict (shard_id, organization_id, licence, country) do update set purchased = excluded.purchased
"""

INSERT_NUMBER = """
insert into phone_numbers (
    shard_id, organization_id, number, kind, display_name, generation, created_at, purpose, party_id
) values (0, $1, $2, 'user', '', 1, now(), 'person', $3)
"""


async def try_to_add(
    office: Office,
    organization_id: str,
    name: str,
    *,
    kind: PartyKind = PartyKind.USER,
    party_id: str = "",
    **fields: Any,
) -> PartyInfo | Refused:
    """What adding a user of this name gets, who is in Romania unless said otherwise."""
    content = PartyFields(**{"user_principal_name": f"{name}@example.com", "usage_location": "RO", **fields})
    return await add_party(
        office.services, organization_id=organization_id, kind=kind, content=content, party_id=party_id
    )


async def add(office: Office, organization_id: str, name: str, **fields: Any) -> PartyInfo:
    """A new user, or resource account if asked for."""
    added = await try_to_add(office, organization_id, name, **fields)
    assert isinstance(added, PartyInfo), added
    return added


async def change(
    office: Office, organization_id: str, user: str, *, kind: PartyKind = PartyKind.USER, **fields: Any
) -> PartyInfo | Refused:
    """What changing these fields of somebody gets."""
    return await change_party(
        office.services, organization_id=organization_id, kind=kind, user=user, content=PartyFields(**fields)
    )


async def get(
    office: Office, organization_id: str, user: str, *, kind: PartyKind = PartyKind.USER
) -> PartyInfo | Refused:
    """What looking somebody up gets."""
    return await get_party(office.services, organization_id=organization_id, kind=kind, user=user)


async def names_of(office: Office, organization_id: str, *, limit: int = 200, **filters: Any) -> list[str]:
    """Names of an organization's users, up to the at sign, page by page."""
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = await list_parties(
            office.services,
            organization_id=organization_id,
            cursor=cursor,
            limit=limit,
            **{"kind": PartyKind.USER, **filters},
        )
        assert isinstance(page, Page), page
        assert len(page.items) <= limit
        names += [each.party.user_principal_name.partition("@")[0] for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return names


async def roster_of(office: Office, organization_id: str) -> Roster | None:
    """What counts for all calls of an organization; None when nobody was ever added."""
    async with office.services.pool.acquire() as connection:
        return await load_roster(connection, SHARD, organization_id)


async def versions(office: Office, organization_id: str) -> tuple[int, int]:
    """The versions of account and roster, which move with every change and with nothing else."""
    version = await office.services.pool.fetchval(
        "select version from accounts where organization_id = $1", organization_id
    )
    roster = await roster_of(office, organization_id)
    return int(version), 0 if roster is None else roster.version


async def hold(office: Office, organization_id: str, user: PartyInfo, *licences: Licence) -> None:
    """Give somebody licences by the rows alone, whatever was bought."""
    await office.services.pool.execute(
        "update parties set licences = $3 where organization_id = $1 and party_id = $2",
        organization_id,
        user.party.party_id,
        [licence.value for licence in licences],
    )


async def buy(office: Office, organization_id: str, licence: Licence, quantity: int, country: str = "") -> None:
    """Buy licences by the rows alone."""
    await office.services.pool.execute(BUY, organization_id, licence.value, country, quantity)


async def give_number(office: Office, organization_id: str, number: str, user: PartyInfo) -> None:
    """Assign a number by the rows alone."""
    await office.services.pool.execute(INSERT_NUMBER, organization_id, number, user.party.party_id)
