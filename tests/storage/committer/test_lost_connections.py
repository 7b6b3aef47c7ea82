"""A connection is lost at the worst moment: each command is answered once, rightly, and charged once."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from commcredits.core.outcomes import Granted, Outcome, RefusalCode, Refused, TopUpTaken
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from tests.storage.committer.proxy import Cut, Proxy, open_proxy
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    authorise,
    codes,
    end,
    eventually,
    execute_all,
    grant,
    granted,
    is_refused,
    request_top_up,
    soon,
    start,
    submit_all,
    update,
)

COMMIT = b"COMMIT;"
EVERYWHERE = pytest.mark.parametrize("where", list(Cut), ids=lambda cut: cut.name.lower())


@pytest.fixture
async def line(world: World) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the world's database, and its address."""
    async with open_proxy(world.url) as opened:
        yield opened


@EVERYWHERE
async def test_a_batch_whose_connection_is_lost_is_charged_once_and_answered_once(
    world: World, line: tuple[Proxy, str], where: Cut
) -> None:
    proxy, url = line
    one, other = await world.open_organizations(2, funds_micros=1_000_000)
    async with world.committer(url=url) as committer:
        await execute_all(committer, [authorise(one, "before"), start(other, "nobody")])
        proxy.cut(b"the-marked-call", where)
        answers = submit_all(
            committer,
            [
                end(one, "before", 10),
                grant(one, 500_000, command_id="gift"),
                authorise(one, "the-marked-call"),
                authorise(one, "refused", slice_seconds=100),
                authorise(other, "call"),
                end(other, "nobody", 1),
            ],
        )
        await soon(lambda: proxy.cuts == 1, "the line was never cut")
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
        proxy.arrive.set()
        await world.idle()

    assert codes(outcomes) == ["ended", "lotgranted", "granted", "granted", "granted", "unknown_session"]
    assert await world.amounts(one) == (1_400_000, 1_400_000)
    assert await world.amounts(other) == (1_000_000, 600_000)
    assert await world.count("journal", "reason in ('call', 'promotion')") == 2 + 2
    await world.check_books()


@EVERYWHERE
async def test_the_right_to_go_to_the_gateway_is_not_lost_with_a_connection_and_not_given_twice(
    world: World, line: tuple[Proxy, str], where: Cut
) -> None:
    proxy, url = line
    organization = await world.open_organization()
    async with world.committer(url=url) as committer:
        proxy.cut(b"the-marked-card", where)
        purchases = [
            request_top_up(organization, command_id=each, payment_method="the-marked-card")
            for each in ("first", "second", "first")
        ]
        first, second, again = await execute_all(committer, purchases)
        assert proxy.cuts == 1
        proxy.arrive.set()
        await world.idle()

    assert [_is_sent(outcome) for outcome in (first, second, again)] == [True, True, False]
    assert await world.count("top_ups") == 2


@EVERYWHERE
async def test_a_commit_under_lock_whose_connection_is_lost_takes_effect_once(
    world: World, line: tuple[Proxy, str], where: Cut
) -> None:
    proxy, url = line
    organization = await world.open_organization(funds_micros=1_000_000)
    async with world.committer() as other, world.committer(url=url) as committer:
        await committer.execute(start(organization, "nobody"))
        await other.execute(grant(organization, 500_000))
        proxy.cut(COMMIT, where)
        answers = submit_all(committer, [authorise(organization, f"call-{number}") for number in range(3)])
        await soon(lambda: proxy.cuts == 1, "the line was never cut")
        if where is Cut.LATE:
            # The transaction is open still: until its end is known nobody can be answered.
            await world.blocked()
            assert not any(answer.done() for answer in answers)
            proxy.arrive.set()
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)

    assert [granted(outcome).granted_seconds for outcome in outcomes] == [60, 60, 30]
    assert await world.amounts(organization) == (1_500_000, 1_500_000)
    assert await world.count("call_sessions") == 3
    await world.check_books()


async def test_a_statement_that_still_waits_when_its_connection_is_lost_never_takes_effect(
    world: World, line: tuple[Proxy, str]
) -> None:
    proxy, url = line
    organization = await world.open_organization(funds_micros=1_000_000)
    async with world.committer(url=url) as committer:
        await committer.execute(start(organization, "nobody"))
        async with world.locked(organization):
            proxy.cut(b"the-marked-call", Cut.DURING)
            answers = submit_all(committer, [authorise(organization, "the-marked-call"), request_top_up(organization)])
            await world.blocked()
            # The first statement waits for the row still, and is before the second one in the row's queue.
            await soon(lambda: proxy.connections == 2, "the committer never connected again")
            await eventually(lambda: world.are_blocked(2), "the second statement never met the first")
        grant, purchase = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
        await world.idle()
    assert granted(grant).held_micros == 600_000
    assert _is_sent(purchase), "only the second statement's answer could be told"
    assert await world.count("top_ups") == 1
    assert await world.amounts(organization) == (1_000_000, 600_000)
    await world.check_books()


async def test_more_updates_than_a_call_remembers_keep_their_answers_when_their_commit_is_lost(
    world: World, line: tuple[Proxy, str]
) -> None:
    proxy, url = line
    organization = await world.open_organization(funds_micros=10_000_000)
    async with world.committer(url=url) as committer:
        await committer.execute(authorise(organization, "call"))
        proxy.cut(b"the-marked-call", Cut.AFTER)
        outcomes = await execute_all(
            committer,
            [
                authorise(organization, "the-marked-call"),
                *(update(organization, "call", number, 10 * number) for number in range(1, 6)),
            ],
        )
    assert proxy.cuts == 1
    assert [granted(outcome).charged_micros for outcome in outcomes] == [0, 100_000, 200_000, 300_000, 400_000, 500_000]
    await world.check_books()


async def test_a_database_that_stays_away_is_answered_busy_and_found_again_without_help(
    world: World, line: tuple[Proxy, str]
) -> None:
    proxy, url = line
    organization = await world.open_organization(funds_micros=10_000_000)
    async with world.committer(CommitterTerms(outage_seconds_max=1.0), url=url) as committer:
        await committer.execute(start(organization, "nobody"))
        proxy.closed = True
        proxy.cut(b"the-marked-call", Cut.AFTER)
        (under_way,) = submit_all(committer, [authorise(organization, "the-marked-call")])
        await soon(lambda: proxy.cuts == 1, "the line was never cut")
        (waiting,) = submit_all(committer, [authorise(organization, "waiting")])
        lost = await asyncio.wait_for(asyncio.gather(under_way, waiting), WAIT_SECONDS_MAX)
        assert [is_refused(outcome, RefusalCode.BUSY) for outcome in lost] == [True, True]
        tried = proxy.connections
        assert is_refused(await committer.execute(authorise(organization, "later")), RefusalCode.BUSY)
        assert proxy.connections <= tried + 2, "while the database is away, one look must do"

        proxy.closed = False
        outcomes = await execute_all(
            committer, [authorise(organization, session) for session in ("the-marked-call", "waiting", "later")]
        )
    assert codes(outcomes) == ["granted"] * 3
    assert await world.amounts(organization) == (10_000_000, 1_800_000)
    await world.check_books()


async def test_a_database_that_only_reads_is_answered_busy_until_it_writes_again(world: World) -> None:
    organization = await world.open_organization(funds_micros=10_000_000)
    name = await world.database.fetchval("select quote_ident(current_database())")
    await world.database.execute(f"alter database {name} set default_transaction_read_only = on")
    async with world.committer(CommitterTerms(outage_seconds_max=1.0)) as committer:
        refused = await execute_all(committer, [authorise(organization, f"call-{number}") for number in range(3)])
        assert codes(refused) == ["busy"] * 3
        await world.database.execute(f"alter database {name} reset default_transaction_read_only")
        assert isinstance(await committer.execute(authorise(organization, "call-1")), Granted)


async def test_a_committer_whose_connection_is_ended_under_load_answers_everybody(world: World) -> None:
    organizations = await world.open_organizations(20, funds_micros=100_000_000)
    outcomes: list[Outcome] = []

    async def caller(committer: Committer, number: int) -> None:
        for turn in range(20):
            organization, session = organizations[(number + turn) % 20], f"call-{number}-{turn}"
            outcomes.append(await committer.execute(authorise(organization, session)))
            outcomes.append(await committer.execute(end(organization, session, 1)))

    async with world.committer() as committer, asyncio.timeout(WAIT_SECONDS_MAX):
        load = asyncio.gather(*(caller(committer, number) for number in range(64)))
        for answered in range(200, 2_400, 200):
            await soon(partial(_have, outcomes, answered), "the load came to a halt")
            await world.end_committers()
        await load

    assert [outcome for outcome in outcomes if isinstance(outcome, Refused)] == []
    assert await world.count("journal", "reason = 'call'") == 64 * 20
    await world.check_books()


def _have(outcomes: list[Outcome], number: int) -> bool:
    return len(outcomes) >= number


def _is_sent(outcome: Outcome) -> bool:
    assert isinstance(outcome, TopUpTaken), outcome
    return outcome.send
