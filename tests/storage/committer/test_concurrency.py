"""Many at once, on one account and on many, in one process and in two: never a millionth too much, and no error."""

import asyncio
import random
from datetime import timedelta
from itertools import count

import pytest

from commcredits.core.commands import Command, ExpireLots
from commcredits.core.outcomes import Done, Ended, Granted, Outcome, RefusalCode
from commcredits.storage.committer import Committer
from tests.storage.committer.process import other_process
from tests.storage.committer.world import (
    COMMITTER_NAME,
    NOON,
    SECOND_MICROS,
    WAIT_SECONDS_MAX,
    World,
    authorise,
    codes,
    end,
    eventually,
    execute_all,
    grant,
    granted,
    held_micros,
    is_refused,
    lock,
    start,
    submit_all,
    update,
)

FULL_GRANTS = 150
FUNDS_MICROS = FULL_GRANTS * 600_000 + 17 * SECOND_MICROS + 4_321
"""A hundred and fifty whole minutes, seventeen seconds, and less than a second's price."""


async def _check_used_up(world: World, organization: str, outcomes: list[Outcome]) -> None:
    grants = [outcome for outcome in outcomes if isinstance(outcome, Granted)]
    refused = [outcome for outcome in outcomes if is_refused(outcome, RefusalCode.INSUFFICIENT_FUNDS)]
    assert len(grants) + len(refused) == len(outcomes), codes(outcomes)
    assert [grant.final for grant in grants].count(True) == 1
    assert len(grants) == FULL_GRANTS + 1
    assert held_micros(outcomes) == FUNDS_MICROS - 4_321
    assert await world.amounts(organization) == (FUNDS_MICROS, FUNDS_MICROS - 4_321)
    assert await world.count("call_sessions", "live") == len(grants)
    assert await world.count("call_sessions", "state = 'refused'") == len(refused)
    await world.check_books()


async def test_two_processes_use_one_organizations_funds_up_and_never_over_hold(world: World) -> None:
    organization = await world.open_organization(funds_micros=FUNDS_MICROS)
    async with other_process(world) as one, other_process(world) as other:
        # Both are warm, so that each starts from a cache that the other makes stale.
        await asyncio.gather(*(each.execute(start(organization, "nobody")) for each in (one, other)))
        answers = [(one, other)[number % 2].submit(authorise(organization, f"call-{number}")) for number in range(500)]
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)

    await _check_used_up(world, organization, list(outcomes))


async def test_two_committers_that_take_turns_use_one_organizations_funds_up_and_never_over_hold(
    either_world: World,
) -> None:
    world = either_world
    organization = await world.open_organization(funds_micros=FUNDS_MICROS)
    numbers = count()
    outcomes: list[Outcome] = []

    async def caller(committer: Committer) -> None:
        while (number := next(numbers)) < 400:
            outcomes.append(await committer.execute(authorise(organization, f"call-{number}")))

    async with world.committer() as one, world.committer() as other, asyncio.timeout(WAIT_SECONDS_MAX):
        await asyncio.gather(*(caller((one, other)[number % 2]) for number in range(32)))

    await _check_used_up(world, organization, outcomes)


async def test_two_committers_over_the_same_organizations_in_random_order_answer_without_error(world: World) -> None:
    organizations = await world.open_organizations(200, funds_micros=3_000_000)
    numbers = count()
    outcomes: list[Outcome] = []

    async def caller(committer: Committer, chance: random.Random) -> None:
        for _call in range(8):
            organization, session = chance.choice(organizations), f"call-{next(numbers)}"
            commands: list[Command] = [
                authorise(organization, session),
                start(organization, session),
                update(organization, session, 1, 5),
                end(organization, session, 9),
            ]
            outcomes.extend([await committer.execute(command) for command in commands])

    async with world.committer() as one, world.committer() as other, asyncio.timeout(WAIT_SECONDS_MAX):
        await asyncio.gather(*(caller((one, other)[seed % 2], random.Random(seed)) for seed in range(256)))

    refused = set(codes(outcomes)) - {"granted", "started", "ended"}
    assert refused <= {"insufficient_funds", "session_ended"}, refused
    assert len(outcomes) == 256 * 8 * 4
    assert not await world.had_a_deadlock(), "rows are locked in the order of their ids"
    await world.check_books()


async def test_a_deadlock_with_somebody_elses_locks_costs_nobody_an_answer(world: World) -> None:
    organizations = await world.open_organizations(2, funds_micros=1_000_000)
    async with world.committer() as committer:
        async with world.locked(organizations[1]) as holder:
            # Whoever waits longest looks for a deadlock first and is the one to be told: the committer.
            await holder.execute("set local deadlock_timeout = '30s'")
            answers = submit_all(committer, [authorise(organization, "call") for organization in organizations])
            await world.blocked()
            await asyncio.wait_for(lock(holder, organizations[0]), WAIT_SECONDS_MAX)
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)

    await eventually(world.had_a_deadlock, "the two never met in a deadlock")
    assert codes(outcomes) == ["granted", "granted"]
    await world.check_books()


async def test_a_batch_redone_under_lock_waits_for_the_lock_and_is_decided_on_what_it_then_finds(world: World) -> None:
    organization = await world.open_organization(funds_micros=600_000)
    async with world.committer() as one, world.committer() as other:
        await other.execute(start(organization, "nobody"))
        await one.execute(authorise(organization, "first"))
        async with world.locked(organization):
            (answer,) = submit_all(other, [authorise(organization, "second")])
            await world.blocked()
            (ending,) = submit_all(one, [end(organization, "first", 1)])
        outcomes = await asyncio.wait_for(asyncio.gather(answer, ending), WAIT_SECONDS_MAX)

    assert codes(outcomes)[1] == "ended"
    assert await world.count("call_sessions", "live") == (1 if isinstance(outcomes[0], Granted) else 0)
    await world.check_books()


# ---- a stale cache


async def test_a_stale_cache_refuses_nobody_who_has_been_topped_up_by_another_process(world: World) -> None:
    organization = await world.open_organization()
    async with world.committer() as here, other_process(world) as there:
        refused = await here.execute(authorise(organization, "before"))
        assert is_refused(refused, RefusalCode.INSUFFICIENT_FUNDS)

        await there.execute(grant(organization, 600_000))

        assert granted(await here.execute(authorise(organization, "after"))).granted_seconds == 60
    await world.check_books()


async def test_a_stale_cache_grants_nothing_that_another_process_has_held(world: World) -> None:
    organization = await world.open_organization(funds_micros=600_000)
    async with world.committer() as here, other_process(world) as there:
        await here.execute(start(organization, "nobody"))

        granted(await there.execute(authorise(organization, "there")))

        refused = await here.execute(authorise(organization, "here"))
        assert is_refused(refused, RefusalCode.INSUFFICIENT_FUNDS)
    assert await world.amounts(organization) == (600_000, 600_000)


async def test_of_a_batch_in_which_one_organization_has_moved_the_others_are_written_and_nothing_of_it_twice(
    world: World,
) -> None:
    moved, *others = [await world.open_organization(funds_micros=5_000_000) for _ in range(3)]
    async with world.committer() as here, other_process(world) as there:
        for each in (moved, *others):
            granted(await here.execute(authorise(each, "call")))
        await there.execute(grant(moved, 1_000_000))

        steps = [update(each, "call", 1, 10) for each in (others[0], moved, others[1])]
        begins = [authorise(each, "new") for each in (others[0], moved, others[1])]
        outcomes = await execute_all(here, [*steps, *begins])

    assert [granted(outcome).charged_micros for outcome in outcomes] == [100_000] * 3 + [0] * 3
    assert await world.count("journal", "reason = 'call'") == 3
    assert await world.count("call_sessions", "live") == 6
    assert await world.count("live_calls") == 6
    await world.check_books()


async def test_an_answer_that_changes_nothing_is_not_given_from_a_stale_cache(world: World) -> None:
    organization = await world.open_organization()
    async with world.committer() as here, other_process(world) as there:
        nothing_expires = ExpireLots(organization_id=organization)
        assert await here.execute(nothing_expires) == Done(changed=False)

        await there.execute(grant(organization, 1_000, expires_at=NOON + timedelta(minutes=1)))
        world.clock.advance(minutes=1)

        assert await here.execute(nothing_expires) == Done(changed=True)
    assert await world.amounts(organization) == (0, 0)
    await world.check_books()


async def test_a_call_goes_on_in_another_process_than_the_one_that_authorised_it(world: World) -> None:
    organization = await world.open_organization(funds_micros=5_000_000)
    async with world.committer() as here, other_process(world) as there:
        granted(await here.execute(authorise(organization, "call")))
        await there.execute(start(organization, "call"))
        assert granted(await here.execute(update(organization, "call", 1, 10))).charged_micros == 100_000
        assert granted(await there.execute(update(organization, "call", 2, 20))).charged_micros == 200_000
        assert await here.execute(end(organization, "call", 30)) == Ended(
            duration_seconds=30, charged_micros=300_000, currency="EUR"
        )
        assert is_refused(await there.execute(update(organization, "call", 3, 40)), RefusalCode.SESSION_ENDED)
    await world.check_books()


@pytest.mark.parametrize("same", [True, False])
async def test_a_call_that_another_process_authorised_meanwhile_is_decided_again_with_that_call(
    world: World, *, same: bool
) -> None:
    organization = await world.open_organization(funds_micros=5_000_000)
    async with world.committer() as here, other_process(world) as there:
        await here.execute(start(organization, "nobody"))
        first = await there.execute(authorise(organization, "call"))

        again = authorise(organization, "call", slice_seconds=60 if same else 61)
        outcomes = await execute_all(here, [again, authorise(organization, "another")])

    assert outcomes[0] == first if same else is_refused(outcomes[0], RefusalCode.CONFLICT)
    assert isinstance(outcomes[1], Granted)
    assert await world.amounts(organization) == (5_000_000, 1_200_000)
    await world.check_books()


async def test_a_call_that_only_the_database_knows_is_found_although_the_version_has_not_moved(world: World) -> None:
    organization = await world.open_organization(funds_micros=5_000_000)
    async with world.committer() as before:
        first = await before.execute(authorise(organization, "call"))
    async with world.committer() as after:
        # The account is read at its latest version; the call is not, for calls to be authorised are taken for new.
        await after.execute(start(organization, "nobody"))
        assert await after.execute(authorise(organization, "call")) == first
    assert await world.amounts(organization) == (5_000_000, 600_000)


async def test_every_committer_names_itself_to_the_database(world: World) -> None:
    organization = await world.open_organization()
    async with world.committer() as committer:
        await committer.execute(start(organization, "nobody"))
        named = "select count(*) from pg_stat_activity where datname = current_database() and application_name = $1"
        assert await world.database.fetchval(named, COMMITTER_NAME) == 1
