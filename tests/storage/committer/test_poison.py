"""One command or one organization that breaks something harms nobody else."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest

from commcredits.core.commands import Command
from commcredits.core.outcomes import Granted, LotGranted, Outcome, RefusalCode
from tests.storage.committer.world import (
    World,
    assign_deck,
    authorise,
    codes,
    end,
    execute_all,
    grant,
    granted,
    is_refused,
    new_id,
    soon,
    start,
    update,
)

Breaking = Callable[[World, str], Awaitable[None]]


async def a_call_that_holds_nothing(world: World, organization: str) -> None:
    """The core finds that more is drawn than held, and raises."""
    await world.database.execute(
        """update call_sessions set part_lot_ids = '{}', part_held_micros = '{}', part_drawn_micros = '{}'
        where organization_id = $1""",
        organization,
    )


async def a_memory_that_cannot_be_read(world: World, organization: str) -> None:
    await world.database.execute("update call_sessions set memory = 'junk' where organization_id = $1", organization)


async def a_lot_that_is_not_known(world: World, organization: str) -> None:
    await world.database.execute(
        "update accounts set lot_ids = array[$2::uuid] where organization_id = $1", organization, new_id()
    )


async def a_deck_that_is_not_published(world: World, organization: str) -> None:
    await world.database.execute(
        "update organizations set rate_deck_id = $2 where organization_id = $1", organization, new_id()
    )


async def a_deck_that_cannot_be_read(world: World, organization: str) -> None:
    broken = await world.publish_deck()
    await world.database.execute("alter table rates disable trigger rates_are_never_updated")
    await world.database.execute("update rates set service = 'telegram' where rate_deck_id = $1", broken)
    await world.database.execute("alter table rates enable trigger rates_are_never_updated")
    await world.database.execute(
        "update organizations set rate_deck_id = $2 where organization_id = $1", organization, broken
    )


async def an_account_that_the_database_refuses(world: World, organization: str) -> None:
    await world.database.execute(
        f"alter table accounts add constraint refused check (organization_id <> '{organization}') not valid"
    )


@pytest.mark.parametrize(
    "breaking",
    [
        a_call_that_holds_nothing,
        a_memory_that_cannot_be_read,
        a_lot_that_is_not_known,
        a_deck_that_is_not_published,
        a_deck_that_cannot_be_read,
        an_account_that_the_database_refuses,
    ],
)
async def test_a_broken_organization_fails_alone(world: World, breaking: Breaking) -> None:
    organizations = await world.open_organizations(9, funds_micros=1_000_000)
    broken = organizations[4]
    async with world.committer() as committer:
        await execute_all(committer, [authorise(each, "before") for each in organizations])
    await breaking(world, broken)

    async with world.committer() as committer:
        ended = await execute_all(committer, [end(each, "before", 20) for each in organizations * 2])
        # Everybody is charged on, whatever becomes of the broken one.
        granted_after = await execute_all(committer, [authorise(each, "after") for each in organizations])
        ended_after = await execute_all(committer, [end(each, "after", 30) for each in organizations])

    for outcomes, code in ((ended, "ended"), (granted_after, "granted"), (ended_after, "ended")):
        told = zip(organizations * 2, codes(outcomes), strict=False)
        assert {answer for organization, answer in told if organization != broken} == {code}
    assert codes(ended)[4::9] == ["internal_error"] * 2
    left = [await world.amounts(each) for each in organizations if each != broken]
    assert left == [(500_000, 0)] * 8
    assert await world.count("journal", f"organization_id = '{broken}' and session_id = 'before'") == 0


@pytest.mark.parametrize(
    "poison",
    [
        lambda organization: end(organization, "poisoned", 10, cause="\x00"),
        lambda organization: end(organization, "poisoned", 10, cause="\ud800"),
        lambda organization: end(organization, "poisoned", 1 << 80),
        lambda organization: grant(organization, 1_000, command_id="\x00"),
        lambda organization: update(organization, "\x00", 1, 5),
        lambda _organization: authorise("not an id", "call"),
    ],
    ids=["a zero byte", "half a character", "a number without end", "a zero byte for an id", "in a look-up", "no id"],
)
async def test_a_command_whose_data_the_database_refuses_fails_alone(
    world: World, poison: Callable[[str], Command]
) -> None:
    organizations = await world.open_organizations(3, funds_micros=2_000_000)
    async with world.committer() as committer:
        await execute_all(committer, [authorise(each, "poisoned") for each in organizations])
        outcomes = await execute_all(
            committer,
            [
                *(authorise(each, "before") for each in organizations),
                poison(organizations[1]),
                *(authorise(each, "after") for each in organizations),
            ],
        )
        assert is_refused(outcomes.pop(3), RefusalCode.INTERNAL_ERROR)
        assert codes(outcomes) == ["granted"] * 6
        # The call whose end was refused goes on, and may end otherwise.
        assert codes(await execute_all(committer, [end(organizations[1], "poisoned", 1)])) == ["ended"]

    assert await world.amounts(organizations[1]) == (1_990_000, 1_200_000)
    await world.check_books()


async def test_a_deck_that_was_never_published_cannot_be_assigned(world: World) -> None:
    one, other = await world.open_organizations(2, funds_micros=1_000_000)
    async with world.committer() as committer:
        outcomes = await execute_all(committer, [assign_deck(one, new_id()), authorise(other, "call")])
        assert codes(outcomes) == ["internal_error", "granted"]
        assert isinstance(await committer.execute(authorise(one, "call")), Granted)


async def test_a_call_that_meets_its_organizations_new_deck_in_one_batch_is_priced_by_it(world: World) -> None:
    organization = await world.open_organization(funds_micros=1_000_000)
    async with world.committer() as committer:
        dearer = await world.publish_deck(second_micros=12_000)
        before, _assigned, after = await execute_all(
            committer,
            [
                authorise(organization, "1", slice_seconds=10),
                assign_deck(organization, dearer),
                authorise(organization, "2", slice_seconds=10),
            ],
        )
    assert (granted(before).held_micros, granted(after).held_micros) == (100_000, 120_000)


async def test_a_callback_that_raises_harms_nobody(world: World, logs: list[MutableMapping[str, Any]]) -> None:
    organizations = await world.open_organizations(3, funds_micros=1_000_000)
    answers: list[Outcome] = []

    def fail(_outcome: Outcome) -> None:
        raise RuntimeError("the caller has a bug")

    async with world.committer() as committer:
        for organization in organizations:
            committer.submit(authorise(organization, "call"), fail)
            committer.submit(start(organization, "call"), answers.append)
        await soon(lambda: len(answers) == 3, "not everybody was answered")
        assert isinstance(await committer.execute(grant(organizations[0], 1)), LotGranted)

    assert codes(answers) == ["started"] * 3
    assert [entry["event"] for entry in logs] == ["callback failed"] * 3
    logs.clear()
    await world.check_books()


async def test_a_callback_may_submit_the_next_command(world: World) -> None:
    organization = await world.open_organization(funds_micros=1_000_000)
    answers: list[Outcome] = []
    async with world.committer() as committer:

        def go_on(outcome: Outcome) -> None:
            answers.append(outcome)
            if len(answers) < 10:
                committer.submit(update(organization, "call", len(answers), len(answers)), go_on)

        committer.submit(authorise(organization, "call", slice_seconds=10), go_on)
        await soon(lambda: len(answers) == 10, "the calls stopped")
    assert codes(answers) == ["granted"] * 10
    await world.check_books()
