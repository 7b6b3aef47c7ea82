"""The queue is bounded, closing finishes what waits, and no answer comes before it is durable."""

import asyncio

from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode
from commcredits.storage.committer_terms import CommitterTerms
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    authorise,
    codes,
    end,
    eventually,
    execute_all,
    is_refused,
    soon,
    start,
    submit_all,
)


async def test_nobody_is_answered_before_the_commit(world: World) -> None:
    blocked, free, refused = await world.open_organizations(3, funds_micros=1_000_000)
    answers: list[Outcome] = []
    async with world.committer() as committer:
        async with world.locked(blocked):
            committer.submit(authorise(blocked, "call"), answers.append)
            committer.submit(authorise(free, "call"), answers.append)
            committer.submit(start(refused, "nobody"), answers.append)
            await world.blocked()
            assert answers == []
            assert await world.count("call_sessions") == 0
        await soon(lambda: len(answers) == 3, "the batch was never answered")
    assert codes(answers) == ["granted", "granted", "unknown_session"]


async def test_nobody_is_answered_while_the_commit_waits_for_its_replica(world: World) -> None:
    organization = await world.open_organization(funds_micros=100_000_000)
    answers: list[Outcome] = []
    submitted = 0

    async def is_answered_or_waits() -> bool:
        return len(answers) == submitted or await world.are_blocked(1, on="SyncRep")

    async with world.committer() as committer:
        await committer.execute(start(organization, "nobody"))
        try:
            await _set_replica(world, "one_that_does_not_exist")
            # The server shows the setting a moment before it keeps to it.
            while len(answers) == submitted:
                committer.submit(authorise(organization, f"call-{submitted}"), answers.append)
                submitted += 1
                await eventually(is_answered_or_waits, "no committer ever waited for its replica")
            assert len(answers) == submitted - 1
        finally:
            await _set_replica(world, "")
        await soon(lambda: len(answers) == submitted, "the commit was never answered")
    assert codes(answers) == ["granted"] * submitted


async def test_answers_are_in_the_database_when_they_are_given(world: World) -> None:
    organization = await world.open_organization(funds_micros=100_000_000)
    async with world.committer() as committer:
        for number in range(20):
            granted = await committer.execute(authorise(organization, f"call-{number}"))
            assert isinstance(granted, Granted)
            assert await world.amounts(organization) == (100_000_000, 600_000 * (number + 1))


async def test_one_command_too_many_is_answered_busy_at_once_and_the_others_later(world: World) -> None:
    organization = await world.open_organization(funds_micros=100_000_000)
    async with world.committer(CommitterTerms(queue_commands_max=10)) as committer:
        async with world.locked(organization):
            (under_way,) = submit_all(committer, [authorise(organization, "under way")])
            await world.blocked()
            waiting = submit_all(committer, [authorise(organization, f"call-{number}") for number in range(12)])
            assert [each.done() for each in waiting] == [False] * 10 + [True] * 2
            assert all(is_refused(each.result(), RefusalCode.BUSY) for each in waiting[10:])
        outcomes = await asyncio.wait_for(asyncio.gather(under_way, *waiting[:10]), WAIT_SECONDS_MAX)
        assert all(isinstance(outcome, Granted) for outcome in outcomes)
        assert isinstance(await committer.execute(authorise(organization, "call-11")), Granted)
    await world.check_books()


async def test_more_commands_than_a_batch_takes_are_committed_in_order_in_several(world: World) -> None:
    organization = await world.open_organization(funds_micros=100_000_000)
    async with world.committer(CommitterTerms(batch_commands_max=3)) as committer:
        batches = await world.count("batches")
        calls = [authorise(organization, f"call-{number}") for number in range(4)]
        outcomes = await execute_all(committer, [*calls, *(end(organization, f"call-{n}", n + 1) for n in range(4))])
    assert [each.charged_micros for each in outcomes if isinstance(each, Ended)] == [10_000, 20_000, 30_000, 40_000]
    assert await world.count("batches") == batches + 3
    await world.check_books()


async def test_closing_finishes_what_waits_and_refuses_what_comes_later(world: World) -> None:
    organization = await world.open_organization(funds_micros=100_000_000)
    async with world.committer(CommitterTerms(batch_commands_max=7)) as committer:
        waiting = submit_all(committer, [authorise(organization, f"call-{number}") for number in range(50)])
        closing = asyncio.create_task(committer.close())
        await asyncio.sleep(0)
        (late,) = submit_all(committer, [authorise(organization, "late")])
        assert is_refused(late.result(), RefusalCode.BUSY)
        await closing
        assert [isinstance(each.result(), Granted) for each in waiting] == [True] * 50
    assert await world.count("call_sessions") == 50


async def test_closing_waits_for_a_command_that_was_submitted_in_the_same_breath(world: World) -> None:
    organization = await world.open_organization(funds_micros=1_000_000)
    async with world.committer() as committer:
        await asyncio.sleep(0)
        (answer,) = submit_all(committer, [authorise(organization, "call")])
        await committer.close()
        assert answer.done()
        assert isinstance(answer.result(), Granted)


async def test_a_committer_that_is_cancelled_leaves_nobody_waiting(world: World) -> None:
    organization = await world.open_organization(funds_micros=1_000_000)
    committer = world.new_committer()
    running = asyncio.create_task(committer.run())
    async with world.locked(organization):
        (under_way,) = submit_all(committer, [authorise(organization, "under way")])
        await world.blocked()
        (waiting,) = submit_all(committer, [authorise(organization, "waiting")])
        running.cancel()
        await asyncio.wait([running])
    assert codes([under_way.result(), waiting.result()]) == ["busy", "busy"]
    await asyncio.wait_for(committer.close(), WAIT_SECONDS_MAX)
    await world.check_books()


async def _set_replica(world: World, name: str) -> None:
    """Make every commit wait for a replica of that name, soon; or for none again."""
    await world.database.execute("set synchronous_commit = local")
    await world.database.execute(f"alter system set synchronous_standby_names = '{name}'")
    await world.database.execute("select pg_reload_conf()")
    shown = "select current_setting('synchronous_standby_names')"
    await eventually(lambda: _reads(world, shown, name), "the server never took the setting")


async def _reads(world: World, query: str, value: str) -> bool:
    return bool(await world.database.fetchval(query) == value)
