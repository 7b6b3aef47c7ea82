"""News that could not be looked up is asked for again: a gateway that is down for a moment loses nobody's money."""

from tests.simulation import people
from tests.simulation.providers import CALM, FEE_MINOR, MICROS_PER_MINOR, Mood, Weather
from tests.simulation.stories import balance, only, work, world_of_one
from tests.simulation.world import UNIT, World


def told_while_the_gateway_is_down(mood: Mood) -> World:
    """A purchase of 40, and the message of its success, which arrives while nothing can be looked up."""
    world = world_of_one()
    world.set_mood(world.methods[only(world)][0], mood)
    world.do(people.buy(world, only(world), "purchase-1", 40 * UNIT, world.methods[only(world)][0]))
    world.pass_time(days=2)
    world.provider.weather = Weather(down=100)
    world.do(people.hear(world, len(world.provider.events) - 1))
    world.provider.weather = CALM
    return world


def test_a_success_that_could_not_be_looked_up_is_granted_a_moment_later() -> None:
    world = told_while_the_gateway_is_down(Mood.PROCESSES)
    assert balance(world) == 0
    world.pass_time(minutes=1)
    work(world, "events")
    assert balance(world) == 40 * UNIT


def test_the_fee_of_a_success_that_could_not_be_looked_up_is_booked_a_moment_later() -> None:
    world = told_while_the_gateway_is_down(Mood.PAYS)
    (top_up,) = world.ledger.organizations[only(world)].top_ups.values()
    assert top_up.fee_micros == 0
    world.pass_time(minutes=1)
    work(world, "events")
    (top_up,) = world.ledger.organizations[only(world)].top_ups.values()
    assert top_up.fee_micros == FEE_MINOR * MICROS_PER_MINOR
