"""A call that is told late goes by the deck of its time, also for a committer that never saw that deck assigned."""

from datetime import timedelta

from commcredits.core.commands import RecordCall, Service
from commcredits.core.outcomes import Recorded
from tests.storage.committer.world import CALLEE, World, assign_deck, execute_all


async def test_another_committer_prices_a_late_call_by_the_deck_of_its_time(world: World) -> None:
    organization = await world.open_organization(funds_micros=100_000_000)
    began = world.clock.now
    decks = [await world.publish_deck(second_micros=each) for each in (1_000, 2_000, 3_000)]
    async with world.committer() as committer:
        for deck in decks:
            await committer.execute(assign_deck(organization, deck))
            world.clock.advance(days=1)
    async with world.committer() as committer:
        outcomes = await execute_all(
            committer,
            [
                RecordCall(
                    organization_id=organization,
                    record_id=f"record-{days}",
                    service=Service.OUTBOUND,
                    caller="+40211230001",
                    callee=CALLEE,
                    started_at=began + timedelta(days=days, hours=1),
                    duration_seconds=60,
                )
                for days in range(3)
            ],
        )
    charged = [outcome.charged_micros for outcome in outcomes if isinstance(outcome, Recorded)]
    assert charged == [60_000, 120_000, 180_000]
    await world.check_books()
