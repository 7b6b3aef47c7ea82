"""One call the whole way, on the real database: every row that it leaves, to the millionth."""

from commcredits.core.outcomes import Ended, Granted, Started
from tests.storage.committer.world import World, authorise, end, grant, start, update


async def test_a_call_leaves_its_price_in_every_row_to_the_millionth(world: World) -> None:
    organization = await world.open_organization(funds_micros=2_000_000)
    async with world.committer() as committer:
        assert await committer.execute(authorise(organization, "call")) == Granted(
            grant_number=1,
            granted_seconds=60,
            valid_seconds=90,
            final=False,
            charged_micros=0,
            held_micros=600_000,
            currency="EUR",
        )
        assert await world.amounts(organization) == (2_000_000, 600_000)

        assert isinstance(await committer.execute(start(organization, "call")), Started)
        world.clock.advance(seconds=45)
        assert await committer.execute(update(organization, "call", 1, 45)) == Granted(
            grant_number=2,
            granted_seconds=105,
            valid_seconds=90,
            final=False,
            charged_micros=450_000,
            held_micros=600_000,
            currency="EUR",
        )
        assert await world.amounts(organization) == (1_550_000, 600_000)

        world.clock.advance(seconds=26)
        assert await committer.execute(end(organization, "call", 71)) == Ended(
            duration_seconds=71, charged_micros=710_000, currency="EUR"
        )

    assert await world.amounts(organization) == (1_290_000, 0)
    journal = await world.database.fetch("select source, target, amount_micros, reason from journal order by at")
    assert [tuple(line) for line in journal] == [
        ("promotions", "customer_credits", 2_000_000, "promotion"),
        ("customer_credits", "revenue_outbound", 450_000, "call"),
        ("customer_credits", "revenue_outbound", 260_000, "call"),
    ]
    call = await world.call("call")
    assert call is not None
    assert (call["state"], call["live"], call["charged_micros"], call["cause"]) == ("ended", False, 710_000, "normal")
    await world.check_books()


async def test_a_call_that_outlives_a_lot_draws_each_lot_in_turn(world: World) -> None:
    organization = await world.open_organization(funds_micros=250_000)
    async with world.committer() as committer:
        await committer.execute(grant(organization, 1_000_000))
        lots = await world.database.fetchval("select lot_ids from accounts where organization_id = $1", organization)
        await committer.execute(authorise(organization, "call"))
        await committer.execute(end(organization, "call", 60))

    drawn = await world.database.fetch("select lot_id, amount_micros from journal where reason = 'call'")
    assert {line["lot_id"]: line["amount_micros"] for line in drawn} == {lots[0]: 250_000, lots[1]: 350_000}
    account = await world.database.fetchrow("select * from accounts where organization_id = $1", organization)
    assert account is not None
    assert (account["lot_ids"], account["lot_free_micros"], account["lot_held_micros"]) == ([lots[1]], [650_000], [0])
    await world.check_books()


async def test_a_refused_call_is_recorded_and_moves_no_money(world: World) -> None:
    organization = await world.open_organization(funds_micros=9_999)
    async with world.committer() as committer:
        await committer.execute(authorise(organization, "call"))

    call = await world.call("call")
    assert call is not None
    assert (call["state"], call["cause"], call["charged_micros"]) == ("refused", "insufficient_funds", 0)
    assert await world.amounts(organization) == (9_999, 0)
    await world.check_books()


async def test_an_organization_that_does_not_exist_is_unknown_and_leaves_nothing(world: World) -> None:
    async with world.committer() as committer:
        outcome = await committer.execute(authorise("0192e0c8-0000-7000-8000-00000000dead", "call"))
    assert outcome.code == "unknown_organization"  # type: ignore[union-attr]  # any other outcome fails here
    assert await world.call("call") is None
