"""Killed at every single await: what people asked for happens once or not at all, and nothing is left unresolved."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.simulation import people
from tests.simulation.happenings import leave_alone
from tests.simulation.providers import Mood
from tests.simulation.stories import balance, charged, only, save, spend, still_open, work, world_of_one
from tests.simulation.world import UNIT, World

AWAITS_MAX = 200


def killed_at_every_await(
    story: Callable[[], World], process: str, begin: Callable[[World], Coroutine[Any, Any, Any]]
) -> list[World]:
    """The world of a story, killed at its first await, at its second, and so on to the last, each left alone then."""
    worlds = []
    for awaits in range(AWAITS_MAX):
        world = story()
        task = world.start(process, begin(world), "what will be killed")
        for _ in range(awaits):
            if world.loop.waiting:
                world.run_one()
        ended = task.done()
        world.kill(process)
        leave_alone(world)
        assert still_open(world) == []
        worlds.append(world)
        if ended:
            return worlds
    raise AssertionError("it never ended")


def below_trigger() -> World:
    """A recharge waits to be sent."""
    world = world_of_one(balance_micros=60 * UNIT)
    save(world)
    spend(world, 30)
    return world


def test_a_worker_that_is_killed_while_it_sends_a_recharge_charges_once() -> None:
    worlds = killed_at_every_await(below_trigger, "worker-1", lambda world: people.work(world, "run_due"))
    assert len(worlds) > 10
    for world in worlds:
        # What was claimed and never taken to the provider is closed there; the rule then buys again.
        assert charged(world) == [100 * UNIT]
        assert balance(world) == 130 * UNIT


def test_a_purchase_that_is_killed_is_charged_once_at_most_and_granted_if_it_was() -> None:
    worlds = killed_at_every_await(
        world_of_one,
        "web",
        lambda world: people.buy(world, only(world), "purchase-1", 40 * UNIT, world.methods[only(world)][0]),
    )
    assert len(worlds) > 10
    assert {tuple(charged(world)) for world in worlds} == {(), (40 * UNIT,)}
    for world in worlds:
        assert balance(world) == sum(charged(world))
        world.do(people.buy(world, only(world), "purchase-1", 40 * UNIT, world.methods[only(world)][0]))
        leave_alone(world)
        assert len(charged(world)) <= 1, "the same request bought twice"


@pytest.mark.parametrize("rounds", ["resolve", "sweep", "events"])
def test_a_worker_that_is_killed_while_it_finds_out_grants_once(rounds: str) -> None:
    def processing() -> World:
        world = world_of_one()
        world.set_mood(world.methods[only(world)][0], Mood.PROCESSES)
        world.do(people.buy(world, only(world), "purchase-1", 40 * UNIT, world.methods[only(world)][0]))
        world.pass_time(days=2)
        if rounds == "events":
            work(world, "sweep")
        return world

    for world in killed_at_every_await(processing, "worker-1", lambda world: people.work(world, rounds)):
        assert charged(world) == [40 * UNIT]
        assert balance(world) == 40 * UNIT


def test_a_message_whose_handling_is_killed_is_not_lost() -> None:
    def told() -> World:
        world = world_of_one()
        world.set_mood(world.methods[only(world)][0], Mood.PROCESSES)
        world.do(people.buy(world, only(world), "purchase-1", 40 * UNIT, world.methods[only(world)][0]))
        world.pass_time(days=2)
        return world

    for world in killed_at_every_await(told, "web", lambda world: people.hear(world, 1)):
        assert balance(world) == 40 * UNIT


def test_a_refund_that_is_killed_goes_back_once_or_stays() -> None:
    def bought() -> World:
        world = world_of_one()
        world.do(people.buy(world, only(world), "purchase-1", 40 * UNIT, world.methods[only(world)][0]))
        return world

    def refund(world: World) -> Coroutine[Any, Any, None]:
        (top_up_id,) = world.provider.charges
        return people.refund(world, only(world), top_up_id, 15 * UNIT)

    worlds = killed_at_every_await(bought, "web", refund)
    given_back = [sum(each.refunded_minor for each in world.provider.charges.values()) for world in worlds]
    assert set(given_back) == {0, 1_500}
    for world, minor in zip(worlds, given_back, strict=True):
        assert balance(world) == 40 * UNIT - minor * 10_000
