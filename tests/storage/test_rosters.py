"""Whoever changes people moves the versions of roster and account in one transaction; a refusal leaves no trace."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from commcredits.core.outcomes import Granted
from commcredits.core.roster import (
    ConferenceDialOut,
    DialOutPolicy,
    Licence,
    Limits,
    PoolSize,
    Roster,
    UserDialOut,
)
from commcredits.storage.connection import Connection, Pool, open_pool
from commcredits.storage.rosters import change_rules, changing_roster, load_roster
from tests.storage.committer.world import SHARD, World, authorise, breathe, granted, new_id, open_world

INSERT_PARTY = """
insert into parties (
    shard_id, organization_id, party_id, kind, user_principal_name, display_name, usage_location, department, licences,
    toll_free_allowed, created_at
) values (0, $1, gen_random_uuid(), 'user', $2, 'Sales', $3, '', $4, true, now())
"""
BUY = "insert into licence_stock (shard_id, organization_id, licence, country, purchased) values (0, $1, $2, $3, $4)"

RULES = Roster(
    version=77,
    assigned={"MCOPSTN5/RO": 99},
    pool_size_by={Licence.DOMESTIC_120: PoolSize.PURCHASED},
    international_stops_both=True,
    dial_out=DialOutPolicy(conference=ConferenceDialOut.ZONE_A, user=UserDialOut.DOMESTIC),
    limits=Limits(calls_max=12, department_monthly_max_micros={"Sales": 5_000_000}),
)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with open_world(database_url) as opened:
        yield opened


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    opened = await open_pool(database_url, min_size=1, max_size=4, application_name="operations")
    yield opened
    await opened.close()


async def add_person(
    connection: Connection, organization_id: str, *licences: Licence, usage_location: str = "RO"
) -> None:
    await connection.execute(INSERT_PARTY, organization_id, new_id(), usage_location, list(licences))


async def account_version(world: World, organization_id: str) -> int:
    version = await world.database.fetchval("select version from accounts where organization_id = $1", organization_id)
    return int(version)


async def roster_of(world: World, organization_id: str) -> Roster:
    roster = await load_roster(world.database, SHARD, organization_id)
    assert roster is not None
    return roster


async def test_an_organization_without_people_has_no_roster(world: World) -> None:
    organization_id = await world.open_organization()
    assert await load_roster(world.database, SHARD, organization_id) is None


async def test_a_change_counts_licences_by_country_and_moves_both_versions(world: World, pool: Pool) -> None:
    organization_id = await world.open_organization()
    before = await account_version(world, organization_id)

    async with changing_roster(pool, SHARD, organization_id) as connection:
        await add_person(connection, organization_id, Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS)
        await add_person(connection, organization_id, Licence.DOMESTIC_120)
        await add_person(connection, organization_id, Licence.DOMESTIC_120, usage_location="GB")
        await add_person(connection, organization_id, Licence.AUDIO_CONFERENCING, usage_location="")
        await add_person(connection, organization_id)

    assert await roster_of(world, organization_id) == Roster(
        version=1, assigned={"MCOPSTN5/RO": 2, "MCOPSTN5/GB": 1, "MCOPSTNC/RO": 1, "MCOMEETADV/": 1}
    )
    assert await account_version(world, organization_id) == before + 1


async def test_licences_bought_for_no_country_count_for_the_organizations_own(world: World, pool: Pool) -> None:
    organization_id = await world.open_organization()
    async with changing_roster(pool, SHARD, organization_id) as connection:
        for licence, country, quantity in (("MCOPSTN5", "", 10), ("MCOPSTN5", "RO", 5), ("MCOPSTN5", "GB", 3)):
            await connection.execute(BUY, organization_id, licence, country, quantity)
        await connection.execute(BUY, organization_id, "MCOPSTN1", "GB", 0)
    assert (await roster_of(world, organization_id)).purchased == {"MCOPSTN5/RO": 15, "MCOPSTN5/GB": 3}


async def test_rules_stay_as_they_are_until_they_are_changed(world: World, pool: Pool) -> None:
    organization_id = await world.open_organization()

    async with changing_roster(pool, SHARD, organization_id) as connection:
        await add_person(connection, organization_id, Licence.DOMESTIC_120)
        await change_rules(connection, SHARD, organization_id, RULES)
    assert await roster_of(world, organization_id) == replace(RULES, version=1, assigned={"MCOPSTN5/RO": 1})

    async with changing_roster(pool, SHARD, organization_id) as connection:
        await add_person(connection, organization_id, Licence.DOMESTIC_120)
    assert await roster_of(world, organization_id) == replace(RULES, version=2, assigned={"MCOPSTN5/RO": 2})


async def test_a_change_that_is_withdrawn_leaves_no_trace(world: World, pool: Pool) -> None:
    organization_id = await world.open_organization()
    before = await account_version(world, organization_id)

    async with (change := changing_roster(pool, SHARD, organization_id)) as connection:
        await add_person(connection, organization_id, Licence.DOMESTIC_120)
        await change_rules(connection, SHARD, organization_id, RULES)
        change.withdraw()

    assert await world.count("parties") == await world.count("rosters") == 0
    assert await account_version(world, organization_id) == before


async def test_a_change_that_fails_leaves_no_trace_and_its_connection_serves_on(world: World, pool: Pool) -> None:
    organization_id = await world.open_organization()
    before = await account_version(world, organization_id)

    async def fail() -> None:
        async with changing_roster(pool, SHARD, organization_id) as connection:
            await add_person(connection, organization_id, Licence.DOMESTIC_120)
            raise ZeroDivisionError

    for _ in range(8):
        with pytest.raises(ZeroDivisionError):
            await fail()

    assert await world.count("parties") == await world.count("rosters") == 0
    assert await account_version(world, organization_id) == before
    assert pool.get_idle_size() == pool.get_size()


async def test_an_organization_that_was_never_opened_gets_no_roster(world: World, pool: Pool) -> None:
    with pytest.raises(LookupError):
        async with changing_roster(pool, SHARD, new_id()):
            pass
    assert await world.count("rosters") == 0


async def test_changes_of_one_organization_follow_each_other_and_none_is_lost(world: World, pool: Pool) -> None:
    organization_id = await world.open_organization()
    before = await account_version(world, organization_id)
    inside = 0

    async def change() -> None:
        nonlocal inside
        async with changing_roster(pool, SHARD, organization_id) as connection:
            inside += 1
            assert inside == 1, "two changes at once"
            roster = await load_roster(connection, SHARD, organization_id)
            assert roster is not None
            calls_max = (roster.limits.calls_max or 0) + 1
            rules = replace(roster, limits=replace(roster.limits, calls_max=calls_max))
            await breathe()
            await change_rules(connection, SHARD, organization_id, rules)
            await add_person(connection, organization_id, Licence.DOMESTIC_120)
            inside -= 1

    await asyncio.gather(*(change() for _ in range(12)))

    roster = await roster_of(world, organization_id)
    assert (roster.version, roster.limits.calls_max, roster.assigned) == (12, 12, {"MCOPSTN5/RO": 12})
    assert await account_version(world, organization_id) == before + 12


async def test_a_change_of_one_organization_does_not_wait_for_that_of_another(world: World, pool: Pool) -> None:
    one, other = await world.open_organizations(2)
    async with changing_roster(pool, SHARD, one), asyncio.timeout(10), changing_roster(pool, SHARD, other):
        pass
    assert (await roster_of(world, one)).version == (await roster_of(world, other)).version == 1


async def test_calls_go_on_while_people_change_and_are_decided_on_the_new_version_after(
    world: World, pool: Pool
) -> None:
    organization_id = await world.open_organization(funds_micros=50_000_000)
    async with world.committer() as committer:
        granted(await committer.execute(authorise(organization_id, "before")))
        async with changing_roster(pool, SHARD, organization_id) as connection:
            await add_person(connection, organization_id, Licence.DOMESTIC_120)
            # Nobody waits for somebody who thinks about a change.
            granted(await asyncio.wait_for(committer.execute(authorise(organization_id, "meanwhile")), 10))
            version = await account_version(world, organization_id)

        assert await account_version(world, organization_id) == version + 1
        # The committer's copy is of the version before the change: what it writes shows that it read anew.
        granted(await committer.execute(authorise(organization_id, "after")))
        assert await account_version(world, organization_id) == version + 2
    await world.check_books()


async def test_changes_and_calls_in_any_order_lose_neither_a_person_nor_a_hold(world: World, pool: Pool) -> None:
    organization_id = await world.open_organization(funds_micros=500_000_000)
    before = await account_version(world, organization_id)

    async def change() -> None:
        for _ in range(10):
            async with changing_roster(pool, SHARD, organization_id) as connection:
                await add_person(connection, organization_id, Licence.DOMESTIC_120)

    async with world.committer() as one, world.committer() as other:

        async def call(number: int) -> bool:
            committer = (one, other)[number % 2]
            return isinstance(await committer.execute(authorise(organization_id, f"call-{number}")), Granted)

        async with asyncio.timeout(30):
            answers = await asyncio.gather(change(), change(), *(call(number) for number in range(60)))

    assert answers[2:] == [True] * 60
    assert (await roster_of(world, organization_id)).assigned == {"MCOPSTN5/RO": 20}
    assert await account_version(world, organization_id) > before + 20
    assert await world.amounts(organization_id) == (500_000_000, 60 * 600_000)
    await world.check_books()
