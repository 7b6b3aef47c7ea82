"""While a batch commits the next one is decided on what it will leave: that must never be seen when it does not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count

import pytest

from commcredits.core.commands import Command, PaymentState, RecordPayment
from commcredits.core.outcomes import Ended, Granted, Outcome, TopUpTaken
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    authorise,
    breathe,
    codes,
    end,
    eventually,
    execute_all,
    grant,
    held_micros,
    new_id,
    request_top_up,
    start,
    submit_all,
    update,
)

CALLERS = 64
SMALL_BATCHES = CommitterTerms(batch_commands_max=16)
"""So small that there is always a next batch to decide while one commits."""
ANSWERS_BETWEEN_MAX = 40 * CALLERS
"""How many others may be answered while one command waits: some tens of batches, which is plenty."""


class Traffic:
    """Callers who keep a committer busy with calls of these organizations."""

    def __init__(self, committer: Committer, organizations: list[str]) -> None:
        self._committer = committer
        self._organizations = organizations
        self._numbers = count()
        self.answered = 0
        self.stopping = False

    async def run(self) -> None:
        """Call until told to stop."""
        await asyncio.gather(*(self._caller() for _ in range(CALLERS)))

    async def _caller(self) -> None:
        while not self.stopping:
            number = next(self._numbers)
            organization = self._organizations[number % len(self._organizations)]
            await self._expect(authorise(organization, f"traffic-{number}"), Granted)
            await self._expect(end(organization, f"traffic-{number}", 1), Ended)

    async def _expect(self, command: Command, kind: type[Outcome]) -> None:
        outcome = await asyncio.wait_for(self._committer.execute(command), WAIT_SECONDS_MAX)
        assert isinstance(outcome, kind), (command, outcome)
        self.answered += 1


@asynccontextmanager
async def traffic(committer: Committer, organizations: list[str]) -> AsyncIterator[Traffic]:
    """Traffic that flows while the block runs, and of which everybody is answered at its end."""
    flowing = Traffic(committer, organizations)
    running = asyncio.create_task(flowing.run())
    await eventually(lambda: _has(flowing, 4 * CALLERS), "the traffic never flowed")
    yield flowing
    flowing.stopping = True
    await asyncio.wait_for(running, WAIT_SECONDS_MAX)


async def _has(flowing: Traffic, answers: int) -> bool:
    return flowing.answered >= answers


@pytest.mark.parametrize(
    "rare",
    [
        lambda organization: grant(organization, 1_000_000),
        lambda organization: start(organization, "nobody"),
        lambda organization: authorise(organization, new_id()),
    ],
    ids=["an account command", "a call that is not known", "an organization that is not known"],
)
async def test_a_command_that_needs_reading_is_not_passed_over_by_those_that_need_none(
    world: World, rare: Callable[[str], Command]
) -> None:
    *busy, stranger = await world.open_organizations(11, funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer, traffic(committer, busy) as flowing:
        for organization in (stranger, busy[0]):
            before = flowing.answered
            await asyncio.wait_for(committer.execute(rare(organization)), WAIT_SECONDS_MAX)
            assert flowing.answered - before <= ANSWERS_BETWEEN_MAX
    await world.check_books()


async def test_a_poisoned_command_under_traffic_costs_nobody_an_answer(world: World) -> None:
    *organizations, broken = await world.open_organizations(11, funds_micros=100_000_000)
    async with world.committer(SMALL_BATCHES) as committer:
        await execute_all(committer, [authorise(each, "poisoned") for each in (*organizations, broken)])
        await world.database.execute("update call_sessions set memory = 'junk' where organization_id = $1", broken)
        async with traffic(committer, organizations):
            for _again in range(3):
                poison = [end(each, "poisoned", 5, cause="\x00") for each in organizations]
                unreadable = update(broken, "poisoned", 1, 5)
                outcomes = await execute_all(committer, [*poison, unreadable])
                assert codes(outcomes[:-1]) == ["internal_error"] * len(poison)
    assert await world.count("call_sessions", "state = 'ended'") >= 4 * CALLERS
    await world.check_books()


async def test_nothing_is_decided_ahead_of_commands_that_are_being_parted_from_a_poisoned_one(world: World) -> None:
    slow, poisoned, other = await world.open_organizations(3, funds_micros=100_000_000)
    async with world.committer() as committer:
        await execute_all(committer, [authorise(each, "before") for each in (slow, poisoned, other)])
        async with world.locked(slow):
            answers = submit_all(committer, [authorise(slow, "call"), end(poisoned, "before", 5, cause="\x00")])
            await world.blocked()
            for session in ("first", "second", "third"):
                answers += submit_all(committer, [authorise(other, session)])
                await breathe()
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
    assert codes(outcomes) == ["granted", "internal_error", "granted", "granted", "granted"]
    await world.check_books()


async def test_what_was_decided_on_a_batch_that_another_process_beat_is_decided_again(either_world: World) -> None:
    world = either_world
    organization = await world.open_organization(funds_micros=4 * 600_000)
    async with world.committer() as one, world.committer() as other:
        await asyncio.gather(*(each.execute(start(organization, "nobody")) for each in (one, other)))
        async with world.locked(organization):
            answers = []
            for committer, name in ((one, "one"), (other, "other")):
                answers += submit_all(committer, [authorise(organization, f"{name}-1")])
            await eventually(lambda: world.are_blocked(2), "the two never met")
            for committer, name in ((one, "one"), (other, "other")):
                answers += submit_all(
                    committer, [end(organization, f"{name}-1", 30), authorise(organization, f"{name}-2")]
                )
                answers += submit_all(committer, [authorise(organization, f"{name}-{number}") for number in (3, 4)])
            await breathe()
            assert not any(answer.done() for answer in answers), "nobody is answered on what may never be"
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)

    assert set(codes(outcomes)) <= {"granted", "ended", "insufficient_funds", "session_ended"}
    posted, held = await world.amounts(organization)
    assert held <= posted
    live = await world.count("call_sessions", "live")
    assert live == sum(isinstance(outcome, Granted) for outcome in outcomes) - codes(outcomes).count("ended")
    await world.check_books()


@pytest.mark.parametrize("commits", [True, False], ids=["which commits", "whose connection is lost"])
async def test_what_was_decided_ahead_stands_or_falls_with_the_batch_before_it(world: World, *, commits: bool) -> None:
    organization = await world.open_organization(funds_micros=3 * 600_000)
    async with world.committer() as committer:
        await committer.execute(start(organization, "nobody"))
        async with world.locked(organization):
            answers = submit_all(committer, [authorise(organization, "first")])
            await world.blocked()
            # In order, whether they are decided ahead, wait, or wait again.
            later: list[Command] = [
                update(organization, "first", 1, 10),
                update(organization, "first", 2, 20),
                end(organization, "first", 30),
                *(authorise(organization, f"next-{number}") for number in range(3)),
            ]
            for command in later:
                answers += submit_all(committer, [command])
                await breathe()
            assert not any(answer.done() for answer in answers)
            if not commits:
                await world.end_committers()
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)

    assert codes(outcomes) == ["granted", "granted", "granted", "ended", "granted", "granted", "granted"]
    assert [each.charged_micros for each in outcomes if isinstance(each, Ended)] == [300_000]
    assert held_micros(outcomes[4:]) == 1_500_000
    assert await world.amounts(organization) == (1_500_000, 1_500_000)
    await world.check_books()


async def test_what_was_decided_ahead_and_thrown_away_is_not_taken_for_what_is_known(world: World) -> None:
    slow, contested = await world.open_organizations(2, funds_micros=600_000)
    async with world.committer() as here, world.committer() as there:
        await execute_all(here, [start(each, "nobody") for each in (slow, contested)])
        async with world.locked(slow):
            answers = submit_all(here, [authorise(slow, "call")])
            await world.blocked()
            answers += submit_all(here, [authorise(contested, "never written")])
            await breathe()
            # The account gets the version that was foreseen here, but by another call.
            assert isinstance(await there.execute(authorise(contested, "real")), Granted)
            await world.end_committers()
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)

    assert codes(outcomes) == ["granted", "insufficient_funds"]
    await world.check_books()


async def test_commands_that_need_reading_are_not_decided_ahead_without_it(world: World) -> None:
    slow, organization = await world.open_organizations(2, funds_micros=5_000_000)
    gift = grant(organization, 1_000_000, command_id="gift")
    purchase = request_top_up(organization, command_id="buy")
    async with world.committer() as before:
        first = await execute_all(before, [authorise(organization, "call"), gift, purchase])
    assert isinstance(first[2], TopUpTaken)
    paid = RecordPayment(
        organization_id=organization, top_up_id=first[2].top_up_id, state=PaymentState.SUCCEEDED, gateway="simulator"
    )
    async with world.committer() as committer:
        await execute_all(committer, [start(each, "nobody") for each in (slow, organization)])
        needy: list[Command] = [update(organization, "call", 1, 10), gift, purchase, paid, paid]
        for number, command in enumerate(needy):
            async with world.locked(slow):
                answers = submit_all(committer, [authorise(slow, f"call-{number}", slice_seconds=1)])
                await world.blocked()
                answers += submit_all(committer, [command])
                await breathe()
            outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
            assert codes(outcomes)[1] == ["granted", "lotgranted", "topuptaken", "topuptaken", "topuptaken"][number]
    assert await world.count("fund_lots", f"organization_id = '{organization}'") == 3
    await world.check_books()


async def test_commands_decided_ahead_are_answered_when_the_committer_is_closed_or_cancelled(world: World) -> None:
    organization = await world.open_organization(funds_micros=100_000_000)
    for number, cancelled in enumerate([False, True]):
        committer = world.new_committer()
        running = asyncio.create_task(committer.run())
        await committer.execute(start(organization, "nobody"))
        async with world.locked(organization):
            answers = submit_all(committer, [authorise(organization, f"under way {number}")])
            await world.blocked()
            answers += submit_all(committer, [authorise(organization, f"ahead {number}-{each}") for each in range(5)])
            await breathe()
            answers += submit_all(committer, [authorise(organization, f"waiting {number}-{each}") for each in range(5)])
            closing = asyncio.create_task(committer.close())
            await asyncio.sleep(0)
            if cancelled:
                running.cancel()
        await asyncio.wait_for(asyncio.gather(closing, asyncio.wait([running])), WAIT_SECONDS_MAX)
        assert codes(answer.result() for answer in answers) == ["busy" if cancelled else "granted"] * 11
    await world.idle()
    await world.check_books()
