"""The list of live calls is right while calls end and the search for silent ones goes on."""

import asyncio
from datetime import datetime, timedelta

from commcredits.core.commands import Command
from commcredits.storage.connection import Connection, connect, load_statement
from tests.storage.committer.world import (
    SHARD,
    WAIT_SECONDS_MAX,
    World,
    authorise,
    codes,
    end,
    execute_all,
    submit_all,
    update,
)


async def silent(connection: Connection, now: datetime) -> list[tuple[str, int]]:
    rows = await connection.fetch(load_statement("list_silent_sessions"), SHARD, now, 100)
    return [(row["session_id"], row["grant_number"]) for row in rows]


async def test_a_silent_call_is_found_when_its_latest_grant_has_ended_and_no_other(world: World) -> None:
    organization = await world.open_organization(funds_micros=10_000_000)
    async with world.committer() as committer:
        calls = ("silent", "lively", "over")
        await execute_all(committer, [authorise(organization, session) for session in calls])
        authorised_at = world.clock.now
        world.clock.advance(seconds=200)
        commands: list[Command] = [update(organization, "lively", 1, 60), end(organization, "over", 60)]
        await execute_all(committer, commands)

    # A minute's slice, the margin, and the time that a call may ring.
    first_end = authorised_at + timedelta(seconds=60 + 30 + 180)
    assert await silent(world.database, first_end - timedelta(seconds=1)) == []
    assert await silent(world.database, first_end) == [("silent", 1)]
    assert await silent(world.database, first_end + timedelta(seconds=19)) == [("silent", 1)]
    assert await silent(world.database, first_end + timedelta(seconds=20)) == [("silent", 1), ("lively", 2)]
    await world.check_books()


async def test_a_call_that_ends_while_it_is_looked_at_does_not_stay_on_the_list(world: World) -> None:
    organization = await world.open_organization(funds_micros=10_000_000)
    reaper = await connect(world.url)
    async with world.committer() as committer:
        await committer.execute(authorise(organization, "call"))
        world.clock.advance(seconds=250)
        await committer.execute(update(organization, "call", 1, 250))
        async with reaper.transaction():
            assert await silent(reaper, world.clock.now + timedelta(seconds=60)) == []  # it is put off
            (answer,) = submit_all(committer, [end(organization, "call", 270)])
            await world.blocked()
        assert codes([await asyncio.wait_for(answer, WAIT_SECONDS_MAX)]) == ["ended"]
    await reaper.close()

    assert await silent(world.database, world.clock.now + timedelta(days=1)) == []
    assert await world.count("live_calls") == 0
    await world.check_books()


async def test_a_search_never_waits_for_a_batch_that_takes_calls_off_the_list(world: World) -> None:
    organization = await world.open_organization(funds_micros=10_000_000)
    async with world.committer() as committer:
        await execute_all(committer, [authorise(organization, f"{number}") for number in range(3)])
    async with world.database.transaction():
        await world.database.execute("delete from live_calls where session_id = '1'")
        searcher = await connect(world.url)
        found = await asyncio.wait_for(silent(searcher, world.clock.now + timedelta(days=1)), WAIT_SECONDS_MAX)
        await searcher.close()
    assert sorted(found) == [("0", 1), ("2", 1)]
