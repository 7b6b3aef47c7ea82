"""Calls of people through committers that know nothing of each other: minutes, limits and rosters hold all the same."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from commcredits.core.commands import CallType, Command, Service
from commcredits.core.outcomes import Granted, Outcome, RefusalCode
from commcredits.core.roster import Licence, Limits, Roster
from commcredits.storage.committer import Committer
from commcredits.storage.rosters import changing_roster
from tests.storage.committer.staff import (
    BRITISH,
    CREDITS,
    DOMESTIC,
    DOMESTIC_SECOND_MICROS,
    Staff,
    open_staff,
    publish_rates,
    rates,
)
from tests.storage.committer.world import (
    SHARD,
    WAIT_SECONDS_MAX,
    World,
    assign_deck,
    codes,
    end,
    execute_all,
    granted,
    held_micros,
    is_refused,
    lock,
    submit_all,
    update,
)

PLAN = Licence.DOMESTIC_120
POOL = "pool:MCOPSTN5:RO"
POOL_MINUTES = 120
NUMBER = "+40211230001"


@pytest.fixture
async def staff(world: World) -> AsyncIterator[Staff]:
    """An organization with 1,000.00 and without people yet."""
    async with open_staff(world, funds_micros=1_000_000_000) as opened:
        yield opened


@pytest.fixture
async def either_staff(either_world: World) -> AsyncIterator[Staff]:
    """The same on either server."""
    async with open_staff(either_world, funds_micros=1_000_000_000) as opened:
        yield opened


async def through_both(committers: Sequence[Committer], staff: Staff, count: int, **more: Any) -> list[Outcome]:
    """The answers to so many calls at once of two users, half of them through each committer."""
    calls = [staff.call(f"call-{number}", ("sales", "desk")[number % 3 == 0], **more) for number in range(count)]
    answers = [
        answer
        for number, committer in enumerate(committers)
        for answer in submit_all(committer, calls[number :: len(committers)])
    ]
    return await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)


# ---- minutes


async def test_a_pool_that_two_committers_share_is_never_overdrawn(either_staff: Staff) -> None:
    staff = either_staff
    await staff.hire("sales", PLAN)
    await staff.hire("desk", PLAN)
    async with staff.world.committer() as one, staff.world.committer() as other:
        answers = codes(await through_both([one, other], staff, 400))
    assert answers.count("granted") == 2 * POOL_MINUTES
    assert set(answers) == {"granted", "credits_not_licensed"}
    assert await staff.meter(POOL) == (0, 2 * POOL_MINUTES)
    await staff.check_books()


async def test_calls_that_come_and_go_through_two_committers_use_every_minute_once(staff: Staff) -> None:
    await staff.hire("sales", PLAN, CREDITS)
    await staff.hire("desk", PLAN, CREDITS)

    async def caller(committer: Committer, number: int) -> None:
        chance = random.Random(number)
        for turn in range(12):
            session_id, who = f"call-{number}-{turn}", ("sales", "desk")[number % 2]
            call = staff.call(session_id, who, slice_seconds=chance.randrange(1, 300))
            granted(await committer.execute(call))
            if turn % 3 == 0:
                await committer.execute(update(staff.organization_id, session_id, 1, chance.randrange(100)))
            if turn % 5:
                await committer.execute(end(staff.organization_id, session_id, chance.randrange(300)))

    async with staff.world.committer() as one, staff.world.committer() as other:
        await asyncio.wait_for(
            asyncio.gather(*(caller((one, other)[number % 2], number) for number in range(24))), WAIT_SECONDS_MAX
        )
        used, held = await staff.meter(POOL)
        left = 2 * POOL_MINUTES - used - held
        assert 0 <= left < POOL_MINUTES
        last = granted(await one.execute(staff.call("last", "sales", slice_seconds=60 * (left + 1))))
    assert (last.included_seconds, last.held_micros) == (60 * left, 60 * DOMESTIC_SECOND_MICROS)
    await staff.check_books()


# ---- limits


async def test_no_more_calls_run_at_once_than_organization_and_user_may(either_staff: Staff) -> None:
    staff = either_staff
    await staff.hire("sales", CREDITS)
    await staff.hire("desk", CREDITS)
    await staff.rule(limits=Limits(calls_max=30, user_calls_max=20))
    async with staff.world.committer() as one, staff.world.committer() as other:
        answers = await through_both([one, other], staff, 200, callee=BRITISH)
        assert codes(answers).count("granted") == 30
        assert codes(answers).count("too_many_calls") == 170
        assert (await staff.meter(f"calls:user:{staff.ids['sales']}", ""))[1] <= 20
        running = await staff.world.database.fetchval("select session_id from call_sessions where live limit 1")
        await other.execute(end(staff.organization_id, running, 1))
        assert isinstance(await one.execute(staff.call("one-more", "desk", callee=BRITISH)), Granted)
    assert await staff.meter("calls", "") == (0, 30)
    await staff.check_books()


async def test_a_cap_is_never_exceeded_through_two_committers_and_blocks_once(either_staff: Staff) -> None:
    staff = either_staff
    await staff.hire("sales", CREDITS)
    await staff.hire("desk", CREDITS, department="Support")
    limits = Limits(user_hourly_max_micros=10_000_000, department_monthly_max_micros={"Support": 5_500_000})
    await staff.rule(limits=limits)
    async with staff.world.committer() as one, staff.world.committer() as other:
        answers = await through_both([one, other], staff, 200, callee=BRITISH)
    # 0.60 a minute: sixteen calls of the one and a part of another, nine of the other and a part.
    assert held_micros(answers) == 10_000_000 + 5_500_000
    assert codes(answers).count("granted") == 17 + 10
    assert set(codes(answers)) == {"granted", "blocked", "cap_reached"}
    blocks = await staff.world.database.fetch("select subject::text, reason, spent_micros from blocks")
    assert [tuple(block) for block in blocks] == [(staff.ids["sales"], "spend_velocity", 10_000_000)]
    assert await staff.meter("cap:department:Support") == (0, 5_500_000)
    await staff.check_books()


async def test_a_block_that_one_committer_sets_and_another_lifts_binds_both(staff: Staff) -> None:
    await staff.hire("sales", CREDITS)
    await staff.rule(limits=Limits(user_hourly_max_micros=1_000_000))
    async with staff.world.committer() as one, staff.world.committer() as other:
        await other.execute(staff.call("before", "sales", callee=BRITISH, slice_seconds=20))
        assert granted(await one.execute(staff.call("call", "sales", callee=BRITISH, slice_seconds=90))).final
        assert is_refused(await other.execute(staff.call("after", "sales", callee=BRITISH)), RefusalCode.BLOCKED)
        block_id = str(await staff.world.database.fetchval("select block_id from blocks"))
        await other.execute(staff.lift(block_id))
        for session_id in ("before", "call"):
            await other.execute(end(staff.organization_id, session_id, 20))
        assert isinstance(await one.execute(staff.call("again", "sales", callee=BRITISH)), Granted)
    assert await staff.world.count("blocks") == 1
    await staff.check_books(lifted=True)


# ---- rosters


async def test_every_committer_sees_a_change_of_people_with_its_next_decision(staff: Staff) -> None:
    await staff.hire("sales", PLAN, CREDITS, number=NUMBER)
    await staff.hire("desk", CREDITS)

    async def answers(step: str, **fields: Any) -> list[str]:
        """What each of two committers says to a call from the number, and how many seconds its minutes pay."""
        found = []
        for name, committer in (("one", one), ("other", other)):
            outcome = await committer.execute(staff.call(f"{step}-{name}", caller=NUMBER, **fields))
            found.append(str(outcome.included_seconds) if isinstance(outcome, Granted) else codes([outcome])[0])
        return found

    async with staff.world.committer() as one, staff.world.committer() as other:
        assert await answers("with a plan") == ["60", "60"]
        await staff.license("sales", CREDITS)
        assert await answers("without a plan") == ["0", "0"]
        await staff.license("sales", PLAN)
        assert await answers("without credits") == ["60", "60"]
        assert await answers("abroad", callee=BRITISH) == ["credits_not_licensed"] * 2
        await staff.assign(NUMBER, None)
        await staff.assign(NUMBER, "desk")
        assert await answers("of somebody else") == ["0", "0"]
        await staff.change("desk", "licences", [])
        assert await answers("of somebody else without credits") == ["credits_not_licensed"] * 2
        await staff.assign(NUMBER, None)
        assert await answers("of nobody") == ["0", "0"]
        await staff.rule(Roster(version=0, limits=Limits(calls_max=1)))
        assert await answers("one at a time") == ["0", "too_many_calls"]
    await staff.check_books()


async def test_somebody_who_was_looked_for_in_vain_is_found_once_there(staff: Staff) -> None:
    await staff.hire("desk", CREDITS)
    async with staff.world.committer() as committer:
        assert is_refused(await committer.execute(staff.call("one", "sales")), RefusalCode.UNKNOWN_USER)
        party_id = await staff.hire("sales", CREDITS, number=NUMBER)
        assert isinstance(await committer.execute(staff.call("two", "sales")), Granted)
        call = await staff.world.call("two")
        assert call is not None
        assert str(call["party_id"]) == party_id


async def test_a_change_of_people_between_deciding_and_writing_is_decided_again(staff: Staff) -> None:
    """The committer has decided on a licence that goes away before it can write."""
    await staff.hire("sales", PLAN)
    async with staff.world.committer() as committer:
        await committer.execute(staff.call("warm", "sales"))
        async with changing_roster(staff.pool, SHARD, staff.organization_id) as connection:
            await connection.execute("update parties set licences = '{}'")
            await lock(connection, staff.organization_id)
            answers = submit_all(committer, [staff.call(f"call-{number}", "sales") for number in range(5)])
            await staff.world.blocked()
        assert codes(await asyncio.gather(*answers)) == ["credits_not_licensed"] * 5
    assert await staff.meter(POOL) == (0, 1)
    await staff.check_books()


async def test_calls_that_other_committers_began_end_in_each(staff: Staff) -> None:
    """What is known of the pool is older than the call then, and holds none of its minutes yet."""
    await staff.hire("sales", PLAN, CREDITS)
    async with staff.world.committer() as one, staff.world.committer() as other:
        for number in range(5):
            call = f"call-{number}"
            await other.execute(staff.call(f"warm-{number}", "sales"))
            await other.execute(end(staff.organization_id, f"warm-{number}", 1))
            granted(await one.execute(staff.call(call, "sales", slice_seconds=600)))
            assert codes([await other.execute(end(staff.organization_id, call, 599))]) == ["ended"]
    assert await staff.meter(POOL) == (5 * (1 + 10), 0)
    await staff.check_books()


# ---- what was not read, and what reads otherwise than it was written


async def test_meters_are_read_of_a_call_whose_block_is_lifted_in_its_batch(staff: Staff) -> None:
    await staff.hire("sales", CREDITS)
    limits = Limits(calls_max=5, user_hourly_max_micros=1_000_000, user_monthly_max_micros=100_000_000)
    await staff.rule(limits=limits)
    async with staff.world.committer() as committer:
        await committer.execute(staff.call("running", "sales", callee=BRITISH, slice_seconds=30))
        assert granted(await committer.execute(staff.call("fast", "sales", callee=BRITISH, slice_seconds=90))).final
        await committer.execute(end(staff.organization_id, "fast", 60))
    block_id = str(await staff.world.database.fetchval("select block_id from blocks"))
    async with staff.world.committer() as cold:
        answers = await execute_all(cold, [staff.lift(block_id), staff.call("again", "sales", callee=BRITISH)])
        assert codes(answers) == ["done", "granted"]
    assert await staff.meter("calls", "") == (0, 2)
    await staff.check_books(lifted=True)


async def test_meters_are_read_of_a_call_whose_rate_is_assigned_in_its_batch(staff: Staff) -> None:
    await staff.hire("sales", CREDITS)
    await staff.rule(limits=Limits(calls_max=5, user_monthly_max_micros=100_000_000))
    without = await publish_rates(staff.world, rates()[:1])
    again = await publish_rates(staff.world, rates())
    async with staff.world.committer() as committer:
        await committer.execute(staff.call("running", "sales", callee=BRITISH))
        await committer.execute(assign_deck(staff.organization_id, without))
    async with staff.world.committer() as cold:
        commands: list[Command] = [
            assign_deck(staff.organization_id, again),
            staff.call("priced", "sales", callee=BRITISH),
        ]
        assert codes(await execute_all(cold, commands)) == ["done", "granted"]
    assert await staff.meter("calls", "") == (0, 2)
    await staff.check_books()


async def test_a_call_that_costs_nobody_anything_goes_on_whoever_reads_it(staff: Staff) -> None:
    """Alone in its batch: an empty text alone once read as none, and the call as one that nothing pays for."""
    await staff.hire("sales", PLAN, number=NUMBER)
    called = staff.call("called", service=Service.TOLL_IN, call_type=CallType.USER_IN, caller=DOMESTIC, callee=NUMBER)
    async with staff.world.committer() as committer:
        await committer.execute(called)
    async with staff.world.committer() as committer:
        extended = granted(await committer.execute(update(staff.organization_id, "called", 1, 55)))
    assert (extended.granted_seconds, extended.final) == (115, False)
    await staff.check_books()
