"""Auto-recharge in numbers that anybody can check, through the same world as every run (domain.md §3)."""

import pytest

from commcredits.core.purchases import TopUpState
from tests.simulation import people
from tests.simulation.stories import balance, charged, only, recharges, save, spend, work, world_of_one
from tests.simulation.world import UNIT


def test_from_26_to_21_with_trigger_25_and_target_50_charges_29() -> None:
    world = world_of_one(balance_micros=26 * UNIT)
    save(world, mode="to_target", trigger_amount_micros=25 * UNIT, target_amount_micros=50 * UNIT)
    assert recharges(world) == []
    spend(world, 5)
    work(world)
    assert charged(world) == [29 * UNIT]
    assert balance(world) == 50 * UNIT


def test_a_gap_of_several_increments_closes_in_one_charge() -> None:
    world = world_of_one(balance_micros=50 * UNIT)
    save(world, mode="close_gap", trigger_amount_micros=50 * UNIT, recharge_amount_micros=10 * UNIT)
    spend(world, 34)
    work(world)
    assert balance(world) == 56 * UNIT  # 16 were left, 34 were missing: four times 10
    assert charged(world) == [40 * UNIT]


def test_exactly_at_the_trigger_nothing_is_bought() -> None:
    world = world_of_one(balance_micros=30 * UNIT)
    save(world, trigger_amount_micros=25 * UNIT)
    spend(world, 5)
    work(world)
    assert balance(world) == 25 * UNIT
    assert recharges(world) == []


def test_one_millionth_below_the_trigger_something_is_bought() -> None:
    world = world_of_one(balance_micros=30 * UNIT - 1)
    save(world, trigger_amount_micros=25 * UNIT)
    spend(world, 5)
    work(world)
    assert charged(world) == [100 * UNIT]
    assert balance(world) == 125 * UNIT - 1


@pytest.mark.parametrize("seed", range(50))
def test_five_charges_of_20_at_once_recharge_once_and_leave_exactly_100(seed: int) -> None:
    world = world_of_one(seed, balance_micros=100 * UNIT)
    save(world)
    for _ in range(5):
        world.begin("switch", people.spend(world, only(world), 20), "a call of 20")
    for worker in ("worker-1", "worker-2"):
        for name in ("run_due", "check", "run_due"):
            world.begin(worker, people.work(world, name), name)
    world.drain()
    work(world)
    assert [each.state for each in recharges(world)] == [TopUpState.SUCCEEDED]
    assert charged(world) == [100 * UNIT]
    assert balance(world) == 100 * UNIT
