"""Users and resource accounts that are simply there, with licences, for tests that are about something else.

Knows the way in which people come into the database. Refuses to judge them.
"""

from commcredits.operations.services import Services
from commcredits.storage.rosters import changing_roster

INSERT = """
    insert into parties (
        shard_id, organization_id, party_id, kind, user_principal_name, display_name, usage_location, department,
        licences, toll_free_allowed, created_at
    )
    select $1, $2, person.party_id, $3, person.name, person.name, 'RO', '', $6, true, $7
    from unnest($4::uuid[], $5::text[]) as person (party_id, name)
"""


async def hire(
    services: Services, organization_id: str, *names: str, kind: str = "user", licences: tuple[str, ...] = ()
) -> str:
    """The object id of the last of these new users or resource accounts."""
    ids = [services.new_id() for _ in names]
    async with changing_roster(services.pool, services.shard_id, organization_id) as connection:
        await connection.execute(
            INSERT,
            services.shard_id,
            organization_id,
            kind,
            ids,
            list(names),
            list(licences),
            services.clock(),
        )
    return ids[-1]


async def account_version(services: Services, organization_id: str) -> int:
    """Moves with everything that a decision about the organization's calls rests on."""
    version: int = await services.pool.fetchval(
        "select version from accounts where organization_id = $1", organization_id
    )
    return version


async def has_roster(services: Services, organization_id: str) -> bool:
    """Whether the organization's calls are looked at as calls of people."""
    found: bool = await services.pool.fetchval(
        "select exists (select from rosters where organization_id = $1)", organization_id
    )
    return found
