"""The same command again: the first answer, whoever is asked and whatever was forgotten; other content: a conflict."""

import msgspec
import pytest

from commcredits.core.commands import Command, SaveRechargeRule
from commcredits.core.outcomes import Granted, Outcome, RefusalCode, TopUpTaken
from commcredits.storage.committer_terms import CommitterTerms
from tests.storage.committer.process import other_process
from tests.storage.committer.world import (
    World,
    assign_deck,
    authorise,
    codes,
    end,
    execute_all,
    grant,
    is_refused,
    new_id,
    request_top_up,
    start,
    update,
)

FORGETFUL = CommitterTerms(cached_accounts_max=1, cached_ended_sessions_max=1)


def save_rule(organization_id: str, *, command_id: str = "", trigger_micros: int = 1_000_000) -> SaveRechargeRule:
    return SaveRechargeRule(
        organization_id=organization_id,
        command_id=command_id or new_id(),
        enabled=True,
        recharge_amount_micros=50_000_000,
        trigger_amount_micros=trigger_micros,
        monthly_cap_micros=None,
        payment_method="card",
    )


def a_whole_call(organization: str) -> list[Command]:
    return [
        authorise(organization, "call"),
        start(organization, "call"),
        update(organization, "call", 1, 30),
        update(organization, "call", 2, 70),
        end(organization, "call", 75),
    ]


def account_commands(organization: str, rate_deck_id: str) -> list[Command]:
    return [
        request_top_up(organization, command_id="buy"),
        save_rule(organization, command_id="rule"),
        grant(organization, 5_000_000, command_id="gift"),
        assign_deck(organization, rate_deck_id, command_id="deck"),
    ]


def repeated(outcome: Outcome) -> Outcome:
    """What a repetition gets: the same, but the right to go to the gateway is given only once."""
    if not isinstance(outcome, TopUpTaken):
        return outcome
    return msgspec.convert({**msgspec.to_builtins(outcome), "send": False}, TopUpTaken)


async def money_rows(world: World) -> tuple[list[int], list[tuple[int, int]]]:
    counts = [await world.count(table) for table in ("journal", "fund_lots", "top_ups", "call_sessions", "commands")]
    return counts, [tuple(row) for row in await world.database.fetch("select posted_micros, held_micros from accounts")]


async def test_every_command_of_a_call_gets_its_first_answer_again_wherever_it_is_repeated(world: World) -> None:
    organization, stranger = await world.open_organizations(2, funds_micros=5_000_000)
    commands = a_whole_call(organization)
    async with world.committer(FORGETFUL) as committer:
        first = [await committer.execute(command) for command in commands]
        rows = await money_rows(world)
        assert [await committer.execute(command) for command in commands] == first
        assert await execute_all(committer, [*commands, *commands]) == [*first, *first]
        # Another organization's call pushes this one out of a cache of one.
        await committer.execute(authorise(stranger, "other"))
        await committer.execute(end(stranger, "other", 0))
        assert [await committer.execute(command) for command in commands] == first
        async with other_process(world) as there:
            assert [await there.execute(command) for command in commands] == first
    async with world.committer() as after_restart:
        assert [await after_restart.execute(command) for command in reversed(commands)] == first[::-1]

    assert codes(first) == ["granted", "started", "granted", "granted", "ended"]
    journal, lots, top_ups, calls, remembered = rows[0]
    assert (await money_rows(world))[0] == [journal, lots, top_ups, calls + 1, remembered]
    await world.check_books()


async def test_every_account_command_gets_its_first_answer_again_wherever_it_is_repeated(world: World) -> None:
    organization, stranger = await world.open_organizations(2)
    commands = account_commands(organization, await world.publish_deck())
    async with world.committer(FORGETFUL) as committer:
        first = [await committer.execute(command) for command in commands]
        again = [repeated(outcome) for outcome in first]
        rows = await money_rows(world)
        assert [await committer.execute(command) for command in commands] == again
        await committer.execute(start(stranger, "nobody"))
        assert await execute_all(committer, [*commands, *commands]) == [*again, *again]
        async with other_process(world) as there:
            assert [await there.execute(command) for command in commands] == again
    async with world.committer() as after_restart:
        assert [await after_restart.execute(command) for command in commands] == again

    assert codes(first) == ["topuptaken", "rechargerulesaved", "lotgranted", "done"]
    assert await money_rows(world) == rows
    await world.check_books()


async def test_the_same_command_twice_in_one_batch_takes_effect_once(world: World) -> None:
    organization = await world.open_organization(funds_micros=5_000_000)
    async with world.committer() as committer:
        gift, again, buy, buy_again = await execute_all(
            committer,
            [
                grant(organization, 5_000_000, command_id="gift"),
                grant(organization, 5_000_000, command_id="gift"),
                request_top_up(organization, command_id="buy"),
                request_top_up(organization, command_id="buy"),
            ],
        )
        calls = await execute_all(committer, [authorise(organization, "call"), authorise(organization, "call")])

    assert gift == again
    assert isinstance(buy, TopUpTaken)
    assert isinstance(buy_again, TopUpTaken)
    assert (buy.send, buy_again.send, buy.top_up_id) == (True, False, buy_again.top_up_id)
    assert calls[0] == calls[1]
    assert await world.amounts(organization) == (10_000_000, 600_000)
    await world.check_books()


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_same_id_with_other_content_is_a_conflict_and_changes_nothing(
    world: World, *, restarted: bool
) -> None:
    organization = await world.open_organization(funds_micros=5_000_000)
    others: list[Command] = [
        authorise(organization, "call", callee="+442079460001"),
        update(organization, "call", 2, 71),
        request_top_up(organization, command_id="buy", amount_micros=60_000_000),
        save_rule(organization, command_id="rule", trigger_micros=2_000_000),
        grant(organization, 5_000_001, command_id="gift"),
        assign_deck(organization, world.rate_deck_id, command_id="deck"),
    ]
    async with world.committer() as committer:
        for command in [*a_whole_call(organization)[:4], *account_commands(organization, await world.publish_deck())]:
            await committer.execute(command)
        rows = await money_rows(world)
        if not restarted:
            assert codes(await execute_all(committer, others)) == ["conflict"] * len(others)
    if restarted:
        async with world.committer() as again:
            assert codes(await execute_all(again, others)) == ["conflict"] * len(others)

    assert await money_rows(world) == rows
    await world.check_books()


async def test_a_refusal_is_remembered_although_the_funds_have_come_since(world: World) -> None:
    organization = await world.open_organization()
    commands: list[Command] = [
        authorise(organization, "call"),
        request_top_up(organization, command_id="buy", amount_micros=1),
    ]
    async with world.committer() as committer:
        refused = await execute_all(committer, commands)
        await committer.execute(grant(organization, 5_000_000))
        assert await execute_all(committer, commands) == refused
        assert isinstance(await committer.execute(authorise(organization, "another")), Granted)
    async with world.committer() as after_restart:
        again = await execute_all(after_restart, commands)

    assert codes(refused) == ["insufficient_funds", "amount_below_minimum"]
    assert again == refused


async def test_busy_is_not_remembered(world: World) -> None:
    organization = await world.open_organization(funds_micros=5_000_000)
    async with world.committer(CommitterTerms(queue_commands_max=0)) as full:
        assert is_refused(await full.execute(authorise(organization, "call")), RefusalCode.BUSY)
    async with world.committer() as committer:
        assert isinstance(await committer.execute(authorise(organization, "call")), Granted)


async def test_a_command_id_belongs_to_its_organization_and_its_operation(world: World) -> None:
    one, other = await world.open_organizations(2)
    async with world.committer() as committer:
        outcomes = await execute_all(
            committer,
            [
                grant(one, 1_000_000, command_id="same"),
                grant(other, 2_000_000, command_id="same"),
                request_top_up(one, command_id="same"),
                save_rule(one, command_id="same"),
                authorise(one, "same"),
                authorise(other, "same"),
            ],
        )

    assert codes(outcomes) == ["lotgranted", "lotgranted", "topuptaken", "rechargerulesaved", "granted", "granted"]
    assert (await world.amounts(one), await world.amounts(other)) == ((1_000_000, 600_000), (2_000_000, 600_000))


async def test_commands_that_arrive_together_are_answered_independently(world: World) -> None:
    organization = await world.open_organization(funds_micros=600_000)
    async with world.committer() as committer:
        outcomes = await execute_all(
            committer,
            [
                end(organization, "never", 5),
                authorise(organization, "first"),
                authorise(organization, "second"),
                authorise(organization, "first", slice_seconds=30),
                end(organization, "first", 10),
                authorise(organization, "third", slice_seconds=50),
            ],
        )

    assert codes(outcomes) == ["unknown_session", "granted", "insufficient_funds", "conflict", "ended", "granted"]
    assert await world.amounts(organization) == (500_000, 500_000)
    await world.check_books()
