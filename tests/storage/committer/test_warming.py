"""Commands that need reading are read for beside the committer: in order, answered once, and at nobody else's cost."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from commcredits.core.commands import Command
from commcredits.core.outcomes import Ended, Granted, LotGranted, RefusalCode, Refused, Started
from commcredits.core.roster import Licence, Limits
from commcredits.storage import connection, warming
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from commcredits.storage.connection import connect
from tests.storage.committer.staff import BRITISH, CREDITS, DOMESTIC, open_staff
from tests.storage.committer.test_deciding_ahead import CALLERS, SMALL_BATCHES, traffic
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    authorise,
    breathe,
    codes,
    end,
    ended,
    eventually,
    execute_all,
    grant,
    granted,
    is_refused,
    new_id,
    start,
    submit_all,
    update,
)


@asynccontextmanager
async def unread(world: World) -> AsyncIterator[None]:
    """While the block runs no account can be read, and those that are known can be written."""
    async with untouched(world, "rosters"):
        yield


@asynccontextmanager
async def untouched(world: World, table: str) -> AsyncIterator[None]:
    """While the block runs nobody else reads or writes that table; it begins once the others let go of it."""
    holder = await connect(world.url, application_name="holder")
    try:
        async with holder.transaction():
            await holder.execute(f"lock table {table} in access exclusive mode")
            yield
    finally:
        await holder.close()


async def test_calls_of_organizations_that_are_not_known_yet_hold_up_nobody(world: World) -> None:
    known, *strangers = await world.open_organizations(21, funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer, traffic(committer, [known]) as flowing:
        async with unread(world):
            waiting = asyncio.gather(*(committer.execute(authorise(each, "cold")) for each in strangers))
            await world.blocked()
            before = flowing.answered
            await eventually(lambda: _flows(flowing.answered, before), "the others had to wait")
            assert not waiting.done()
        outcomes = await asyncio.wait_for(waiting, WAIT_SECONDS_MAX)
    assert all(isinstance(outcome, Granted) for outcome in outcomes)
    await world.check_books()


@pytest.mark.parametrize(
    "cold",
    [lambda organization: authorise(organization, "cold"), lambda organization: grant(organization, 1_000_000)],
    ids=["a call", "an account command"],
)
@pytest.mark.parametrize("strangers", [1, 16], ids=["one", "a whole batch"])
async def test_whoever_comes_while_nobody_but_unknown_organizations_waits_is_not_held_up_by_them(
    world: World, cold: Callable[[str], Command], strangers: int
) -> None:
    known, *unknown = await world.open_organizations(1 + strangers, funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer:
        granted(await committer.execute(authorise(known, "first")))
        async with unread(world):
            waiting = submit_all(committer, [*map(cold, unknown), authorise(known, "behind them")])
            await world.blocked()
            later = committer.execute(authorise(known, "while they are read"))
            held_up = await asyncio.wait_for(asyncio.gather(waiting.pop(), later), WAIT_SECONDS_MAX)
            assert codes(held_up) == ["granted"] * 2
            assert not any(each.done() for each in waiting)
        outcomes = await asyncio.wait_for(asyncio.gather(*waiting), WAIT_SECONDS_MAX)
    assert {type(outcome) for outcome in outcomes} <= {Granted, LotGranted}
    await world.check_books()


async def test_what_the_database_does_not_hand_out_in_time_is_busy_and_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The committer would wait for it as long as the warmer has, and everybody else with it."""
    known, stranger = await world.open_organizations(2, funds_micros=100_000_000)
    monkeypatch.setattr(connection, "COMMAND_SECONDS_MAX", 1)
    async with world.committer() as committer:
        granted(await committer.execute(authorise(known, "first")))
        async with unread(world):
            for _again in range(2):
                (cold,) = submit_all(committer, [authorise(stranger, "cold")])
                await world.blocked()
                assert is_refused(await asyncio.wait_for(cold, WAIT_SECONDS_MAX), RefusalCode.BUSY)
                granted(await asyncio.wait_for(committer.execute(authorise(known, new_id())), WAIT_SECONDS_MAX))
            await world.idle()
        granted(await committer.execute(authorise(stranger, "cold")))
    await world.check_books()


async def test_more_organizations_than_are_read_at_once_are_read_one_lot_after_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, *strangers = await world.open_organizations(12, funds_micros=100_000_000)
    monkeypatch.setattr(warming, "READ_ORGANIZATIONS_MAX", 3)
    async with world.committer() as committer:
        granted(await committer.execute(authorise(known, "first")))
        commands = [command for each in strangers for command in (authorise(each, "cold"), end(each, "cold", 7))]
        outcomes = await execute_all(committer, commands)
    assert codes(outcomes) == ["granted", "ended"] * len(strangers)
    await world.check_books()


async def _flows(answered: int, before: int) -> bool:
    return answered - before >= 4 * CALLERS


async def test_an_organizations_commands_stay_in_the_order_in_which_they_came(world: World) -> None:
    known, stranger = await world.open_organizations(2, funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer, traffic(committer, [known]):
        async with unread(world):
            first = asyncio.create_task(committer.execute(authorise(stranger, "cold")))
            await world.blocked()
            rest = [
                asyncio.create_task(committer.execute(command))
                for command in (start(stranger, "cold"), update(stranger, "cold", 1, 5), end(stranger, "cold", 7))
            ]
            await breathe()
        outcomes = await asyncio.wait_for(asyncio.gather(first, *rest), WAIT_SECONDS_MAX)
    assert [type(outcome) for outcome in outcomes] == [Granted, Started, Granted, Ended]
    await world.check_books()


async def test_a_call_that_another_process_began_goes_on_here_in_order(world: World) -> None:
    known, shared = await world.open_organizations(2, funds_micros=100_000_000)
    async with world.committer() as other:
        assert isinstance(await other.execute(authorise(shared, "moved")), Granted)
    async with world.committer(SMALL_BATCHES) as committer, traffic(committer, [known, shared]):
        commands = (start(shared, "moved"), update(shared, "moved", 1, 5), end(shared, "moved", 7))
        outcomes = await asyncio.wait_for(
            asyncio.gather(*(committer.execute(command) for command in commands)), WAIT_SECONDS_MAX
        )
    assert [type(outcome) for outcome in outcomes] == [Started, Granted, Ended]
    await world.check_books()


async def test_nothing_is_read_for_an_organization_while_commands_of_it_are_being_written(world: World) -> None:
    """What is read then lacks what is about to be written, and would stand in memory in its place."""
    async with open_staff(world, funds_micros=1_000_000_000) as staff, world.committer() as committer:
        await staff.hire("sales", CREDITS)
        await staff.hire("desk", CREDITS)
        await staff.rule(limits=Limits(calls_max=10))
        await committer.execute(staff.call("known", "sales"))
        async with untouched(world, "parties"), world.locked(staff.organization_id):
            answers = submit_all(committer, [staff.call("written", "sales")])
            await world.blocked()
            answers += submit_all(committer, [staff.call("read for", "desk")])
            for _moment in range(20):
                await breathe()
                assert await world.are_blocked(1)
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
        assert [type(outcome) for outcome in outcomes] == [Granted] * 2
        assert await staff.meter("calls", "") == (0, 3)
        await staff.check_books()


@pytest.mark.parametrize("table", ["parties", "meters"])
async def test_what_was_half_read_when_a_connection_was_lost_is_not_believed(world: World, table: str) -> None:
    """Neither is somebody unknown who was being looked up, nor does a limit begin at nothing."""
    other = await world.open_organization(funds_micros=100_000_000)
    async with open_staff(world, funds_micros=1_000_000_000) as staff, world.committer() as committer:
        await staff.hire("sales", CREDITS)
        await staff.rule(limits=Limits(user_calls_max=1))
        async with world.committer() as elsewhere:
            await elsewhere.execute(staff.call("elsewhere", "sales"))
        await execute_all(committer, [authorise(other, "known"), staff.call("nobody's", "nobody")])
        async with untouched(world, table), world.locked(other):
            writing = submit_all(committer, [authorise(other, "written")])
            await world.blocked()
            reading = submit_all(committer, [staff.call("read for", "sales")])
            await eventually(lambda: world.are_blocked(2), "nothing was read")
            await world.end_committers()
        written, read_for = await asyncio.wait_for(asyncio.gather(*writing, *reading), WAIT_SECONDS_MAX)
        assert isinstance(written, Granted)
        assert is_refused(read_for, RefusalCode.TOO_MANY_CALLS), read_for
        assert await staff.meter(f"calls:user:{staff.ids['sales']}", "") == (0, 1)
        await staff.check_books()


async def test_calls_that_move_between_committers_leave_every_meter_right_however_little_each_remembers(
    world: World,
) -> None:
    async with open_staff(world, funds_micros=1_000_000_000) as staff:
        names = [f"user{number}" for number in range(8)]
        for name in names:
            await staff.hire(name, Licence.DOMESTIC_120, CREDITS, cap_micros=50_000_000)
        await staff.rule(limits=Limits(calls_max=1_000))
        others = await world.open_organizations(5, funds_micros=1_000_000_000)

        async def caller(committers: tuple[Committer, ...], number: int) -> None:
            chance = random.Random(number)
            for turn in range(20):
                session_id = f"call-{number}-{turn}"
                call = staff.call(session_id, chance.choice(names), callee=chance.choice([DOMESTIC, BRITISH]))
                granted(await chance.choice(committers).execute(call))
                granted(await chance.choice(committers).execute(update(staff.organization_id, session_id, 1, 20)))
                first = ended(await chance.choice(committers).execute(end(staff.organization_id, session_id, 30)))
                again = await chance.choice(committers).execute(end(staff.organization_id, session_id, 30))
                assert again == first

        terms = CommitterTerms(batch_commands_max=16, cached_ended_sessions_max=5)
        async with world.committer(terms) as one, world.committer(terms) as two, traffic(one, others):
            callers = (caller((one, two), number) for number in range(24))
            await asyncio.wait_for(asyncio.gather(*callers), WAIT_SECONDS_MAX)
        assert await staff.meter("calls", "") == (0, 0)
        await staff.check_books()


async def test_what_waits_to_be_read_for_is_committed_before_a_committer_closes(world: World) -> None:
    known, *strangers = await world.open_organizations(5, funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer:
        assert isinstance(await committer.execute(authorise(known, "first")), Granted)
        async with unread(world):
            async with traffic(committer, [known]):
                answers = submit_all(committer, [authorise(each, "cold") for each in strangers])
                await world.blocked()
            closing = asyncio.create_task(committer.close())
            await breathe()
            assert not closing.done()
        await asyncio.wait_for(closing, WAIT_SECONDS_MAX)
    assert [type(answer.result()) for answer in answers] == [Granted] * 4


async def test_a_connection_that_is_lost_while_it_reads_costs_nobody_an_answer(world: World) -> None:
    known, *strangers = await world.open_organizations(5, funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer, traffic(committer, [known]):
        async with unread(world):
            waiting = asyncio.gather(*(committer.execute(authorise(each, "cold")) for each in strangers))
            await world.blocked()
            await world.end_committers()
        outcomes = await asyncio.wait_for(waiting, WAIT_SECONDS_MAX)
    assert all(isinstance(outcome, Granted) for outcome in outcomes)
    await world.check_books()


async def test_an_organization_that_does_not_exist_is_unknown_under_traffic_too(world: World) -> None:
    known = await world.open_organization(funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer, traffic(committer, [known]):
        outcomes = await asyncio.wait_for(
            asyncio.gather(*(committer.execute(authorise(new_id(), "cold")) for _ in range(20))), WAIT_SECONDS_MAX
        )
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Refused)} == {RefusalCode.UNKNOWN_ORGANIZATION}
