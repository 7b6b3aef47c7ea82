"""Calls told after the fact and calls priced anew, among calls that run: each once, whatever comes with them."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from commcredits.core.commands import Command, Expire, RecordCall, Service
from commcredits.core.outcomes import Ended, Outcome, Recorded, RefusalCode
from commcredits.core.roster import Licence, Limits
from tests.storage.committer.staff import BRITISH, CREDITS, Staff, open_staff, publish_rates, rates, recorded
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    codes,
    end,
    execute_all,
    grant,
    granted,
    is_refused,
    submit_all,
    update,
)

PLAN = Licence.DOMESTIC_120
POOL = "pool:MCOPSTN5:RO"
NUMBER = "+40211230001"


@pytest.fixture
async def staff(world: World) -> AsyncIterator[Staff]:
    """An organization with 1,000.00, two users with 120 minutes each, and a cap that nobody reaches."""
    async with open_staff(world, funds_micros=1_000_000_000) as opened:
        await opened.hire("sales", PLAN, CREDITS, number=NUMBER)
        await opened.hire("desk", PLAN, CREDITS)
        await opened.rule(limits=Limits(calls_max=500, user_monthly_max_micros=900_000_000))
        yield opened


def records(staff: Staff, count: int) -> list[RecordCall]:
    """So many records of both users, at home and abroad, of minutes and seconds."""
    chance = random.Random(count)
    return [
        staff.record(
            f"record-{number}",
            chance.choice(["sales", "desk"]),
            callee=chance.choice(["+40316300000", BRITISH]),
            seconds=chance.randrange(0, 200),
        )
        for number in range(count)
    ]


async def test_thousands_of_records_are_booked_once_however_often_they_are_told(staff: Staff) -> None:
    told = records(staff, 3_000)
    async with staff.world.committer() as one, staff.world.committer() as other:
        shuffled = random.Random(1).sample(told, len(told))
        answers = [*submit_all(one, told), *submit_all(other, shuffled), *submit_all(one, told[:500])]
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
    first = dict(zip([each.record_id for each in told], outcomes, strict=False))
    repeated = [*told, *shuffled, *told[:500]]
    for command, outcome in zip(repeated, outcomes, strict=True):
        assert recorded(outcome) == first[command.record_id]
    assert await staff.world.count("call_sessions") == len(told)
    charged = sum(recorded(outcome).charged_micros for outcome in first.values())
    owed = await staff.world.database.fetchval("select owed_micros from accounts where owed_micros > 0")
    assert owed == charged - 1_000_000_000 == sum(recorded(outcome).owed_micros for outcome in first.values())
    assert await staff.meter(POOL) == (240, 0)
    await staff.check_books()


async def test_records_and_running_calls_share_a_batch_a_pool_and_a_balance(staff: Staff) -> None:
    told = records(staff, 300)
    live: list[Command] = [staff.call(f"call-{number}", "sales", slice_seconds=120) for number in range(60)]
    ends: list[Command] = [end(staff.organization_id, f"call-{number}", 70) for number in range(40)]
    commands: list[Command] = [*told[:100], *live, *told[:200], *ends, *told]
    async with staff.world.committer() as committer:
        outcomes = await execute_all(committer, commands)
        again = await execute_all(committer, told)
    assert set(codes(outcomes)) == {"recorded", "granted", "ended"}
    assert again == outcomes[-300:]
    used, held = await staff.meter(POOL)
    assert used + held <= 240
    assert await staff.world.count("call_sessions") == 360
    await staff.check_books()


async def test_a_record_under_the_id_of_a_running_call_is_a_conflict_and_the_other_way_round(staff: Staff) -> None:
    record = staff.record("one", "sales")
    async with staff.world.committer() as committer:
        answers = await execute_all(committer, [record, staff.call("one", "sales")])
        assert codes(answers) == ["recorded", "conflict"]
        assert codes(await execute_all(committer, [staff.call("two", "sales")])) == ["granted"]
    async with staff.world.committer() as cold:
        assert is_refused(await cold.execute(replace(record, record_id="two")), RefusalCode.CONFLICT)
        assert is_refused(await cold.execute(staff.call("one", "sales")), RefusalCode.CONFLICT)
    await staff.check_books()


async def test_a_record_from_the_end_of_the_calendar_is_refused_alone(staff: Staff) -> None:
    """East of Greenwich the year 10000 has begun by then, which no calendar here has."""
    await staff.world.database.execute("update organizations set time_zone = 'Asia/Tokyo'")
    future = replace(staff.record("future", "sales"), started_at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    async with staff.world.committer() as committer:
        answers = await execute_all(committer, [staff.call("call", "sales"), future, staff.record("record", "sales")])
    assert codes(answers) == ["granted", "invalid_input", "recorded"]
    await staff.check_books()


async def test_a_record_of_a_caller_who_is_not_known_is_booked_also_alone(staff: Staff) -> None:
    """An empty text alone in a batch once read as none, which no call may have for a caller."""
    record = replace(staff.record("withheld"), service=Service.TOLL_IN, caller="", callee=NUMBER)
    async with staff.world.committer() as committer:
        assert recorded(await committer.execute(record)).charged_micros == 0
    call = await staff.world.call("withheld")
    assert call is not None
    assert (call["caller"], str(call["party_id"])) == ("", staff.ids["sales"])


async def test_a_record_is_priced_anew_in_its_own_batch_and_in_a_later_one(staff: Staff) -> None:
    dear = await publish_rates(staff.world, rates(factor=3))
    cheap = await publish_rates(staff.world, rates())
    corrections = [staff.correct("record", dear), staff.correct("record", cheap), staff.correct("record", dear)]
    async with staff.world.committer() as committer:
        answers = await execute_all(
            committer, [staff.record("record", "sales", callee=BRITISH), corrections[0], corrections[0]]
        )
        assert [recorded(answer).charged_micros for answer in answers] == [600_000, 1_800_000, 1_800_000]
    async with staff.world.committer() as cold:
        answers = await execute_all(cold, [*corrections, *corrections])
        assert [recorded(answer).charged_micros for answer in answers] == [1_800_000, 600_000, 1_800_000] * 2
    assert (await staff.world.amounts(staff.organization_id))[0] == 1_000_000_000 - 1_800_000
    assert await staff.world.count("journal", "reason = 'call_correction'") == 1
    await staff.check_books()


async def test_a_call_is_priced_anew_in_the_batch_in_which_it_ran_on_and_ended(staff: Staff) -> None:
    dear = await publish_rates(staff.world, rates(factor=2))
    organization = staff.organization_id
    async with staff.world.committer() as committer:
        await execute_all(committer, [staff.call("home", "sales"), staff.call("abroad", "sales", callee=BRITISH)])
        answers = await execute_all(
            committer,
            [
                command
                for call in ("home", "abroad")
                for command in (
                    update(organization, call, 1, 50),
                    end(organization, call, 100),
                    staff.correct(call, dear),
                )
            ],
        )
    assert [recorded(answers[place]).charged_micros for place in (2, 5)] == [0, 2_000_000]
    row = await staff.world.call("abroad")
    assert row is not None
    assert (row["granted_seconds"], row["grant_number"], row["state"]) == (110, 2, "ended")
    await staff.check_books()
    await staff.world.check_books()


async def test_calls_of_all_kinds_are_corrected_while_others_run(staff: Staff) -> None:
    decks = [await publish_rates(staff.world, rates(factor=factor)) for factor in (1, 2, 5)]

    async def play(number: int) -> None:
        chance = random.Random(number)
        committer = (one, other)[number % 2]
        for turn in range(8):
            session_id = f"call-{number}-{turn}"
            callee = chance.choice(["+40316300000", BRITISH])
            if chance.random() < 0.5:
                await committer.execute(staff.record(session_id, "sales", callee=callee, seconds=chance.randrange(90)))
            else:
                granted(await committer.execute(staff.call(session_id, "desk", callee=callee, answered=True)))
                if chance.random() < 0.8:
                    await committer.execute(end(staff.organization_id, session_id, chance.randrange(60)))
            for _again in range(chance.randrange(3)):
                outcome = await committer.execute(staff.correct(session_id, chance.choice(decks)))
                assert isinstance(outcome, Recorded) or is_refused(outcome, RefusalCode.CONFLICT), outcome

    async with staff.world.committer() as one, staff.world.committer() as other:
        await asyncio.wait_for(asyncio.gather(*(play(number) for number in range(30))), WAIT_SECONDS_MAX)
    assert await staff.world.count("journal", "reason = 'call_correction'") > 0
    await staff.check_books()


@pytest.fixture
async def poor(world: World) -> AsyncIterator[Staff]:
    """An organization with 0.60 and one user who has credits."""
    async with open_staff(world, funds_micros=600_000) as opened:
        await opened.hire("sales", CREDITS)
        yield opened


async def test_debts_are_repaid_and_forgiven_to_the_millionth_in_one_batch_and_in_many(poor: Staff) -> None:
    cheap = await publish_rates(poor.world, rates())
    dear = await publish_rates(poor.world, rates(factor=2))
    organization = poor.organization_id
    commands: list[Command] = [
        poor.record("one", "sales", callee=BRITISH, seconds=100),
        poor.record("two", "sales", callee=BRITISH, seconds=30),
        poor.correct("one", dear),
        poor.correct("two", dear),
        poor.correct("one", cheap),
        grant(organization, 250_000),
        poor.correct("two", cheap),
    ]
    async with poor.world.committer() as committer:
        outcomes = await execute_all(committer, commands)
    owed = [(each.charged_micros, each.owed_micros) for each in outcomes if isinstance(each, Recorded)]
    assert owed == [
        (1_000_000, 400_000),
        (300_000, 300_000),
        (2_000_000, 1_400_000),
        (600_000, 600_000),
        (1_000_000, 400_000),
        (300_000, 300_000),
    ]
    async with poor.world.committer() as cold:
        await cold.execute(grant(organization, 1_000_000))
    assert await poor.world.amounts(organization) == (1_850_000 - 1_300_000, 0)
    await poor.check_books()


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "each in its own"])
async def test_the_true_end_of_a_call_that_was_priced_anew_gives_back_what_it_owes(poor: Staff, together: bool) -> None:  # noqa: FBT001 - a parameter of the test
    dear = await publish_rates(poor.world, rates(factor=2))
    organization = poor.organization_id
    async with poor.world.committer() as committer:
        await committer.execute(poor.call("call", "sales", callee=BRITISH, answered=True))
        poor.world.clock.advance(seconds=100)
        commands: list[Command] = [
            Expire(organization_id=organization, session_id="call", grant_number=1),
            poor.correct("call", dear),
            end(organization, "call", 20),
        ]
        outcomes: list[Outcome]
        if together:
            outcomes = await execute_all(committer, commands)
        else:
            outcomes = [await committer.execute(command) for command in commands]
    assert recorded(outcomes[1]).owed_micros == 600_000
    assert isinstance(outcomes[2], Ended)
    assert outcomes[2].charged_micros == 400_000
    assert await poor.world.amounts(organization) == (200_000, 0)
    await poor.check_books()
