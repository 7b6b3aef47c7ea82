"""What went wrong elsewhere, told in public: each of these as a story that ends well here (domain.md §3)."""

from datetime import timedelta

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.storage.payments import TopUpRecord
from tests.simulation import people
from tests.simulation.happenings import leave_alone
from tests.simulation.providers import Mood, Weather
from tests.simulation.stories import balance, charged, only, recharges, save, spend, work, world_of_one
from tests.simulation.world import UNIT

LOOPS = 29
TRIES = 486
SECONDS_BETWEEN = 33
"""486 tries at this distance take four and a half hours."""


def test_a_loop_that_spends_everything_at_once_recharges_once_and_not_29_times() -> None:
    world = world_of_one(balance_micros=60 * UNIT)
    save(world)
    for _ in range(LOOPS):
        spend(world, max(1, balance(world) // UNIT))
        work(world)
        world.pass_time(seconds=1)
    assert charged(world) == [100 * UNIT]


def test_a_loop_that_never_ends_stops_at_the_cap_of_the_month() -> None:
    world = world_of_one(balance_micros=60 * UNIT)
    save(world, monthly_cap_micros=250 * UNIT)
    for _ in range(LOOPS):
        spend(world, max(1, balance(world) // UNIT))
        work(world)
        world.pass_time(minutes=6)
    assert charged(world) == [100 * UNIT, 100 * UNIT]


def test_486_tries_in_four_and_a_half_hours_are_two_declined_attempts() -> None:
    world = world_of_one(balance_micros=10 * UNIT)
    world.set_mood(world.methods[only(world)][0], Mood.DECLINES)
    save(world)
    began = world.now
    for _ in range(TRIES):
        work(world)
        world.pass_time(seconds=SECONDS_BETWEEN)
    assert timedelta(hours=4.4) < world.now - began < timedelta(hours=4.6)
    assert [each.state for each in recharges(world)] == [TopUpState.DECLINED, TopUpState.DECLINED]
    first, second = recharges(world)
    assert second.created_at - first.created_at >= timedelta(hours=1)
    assert charged(world) == []


@pytest.mark.parametrize("backups", [False, True])
def test_somebody_who_saves_again_after_each_decline_asks_the_banks_once_in_five_minutes(*, backups: bool) -> None:
    world = world_of_one(balance_micros=10 * UNIT)
    first, second = world.methods[only(world)]
    for method_id in (first, second):
        world.set_mood(method_id, Mood.DECLINES)
    began = world.now
    for _ in range(TRIES):
        save(world, backup_payment_method_id=second if backups else "")
        work(world, "run_due")
        world.pass_time(seconds=SECONDS_BETWEEN)
    cool_downs = (world.now - began) // timedelta(minutes=5) + 1
    sent = [each for each in recharges(world) if each.sent_at is not None]
    assert len(sent) <= cool_downs * (2 if backups else 1)
    assert charged(world) == []


def test_saving_while_the_backup_has_its_turn_waits_for_the_cool_down() -> None:
    world = world_of_one(balance_micros=10 * UNIT)
    first, second = world.methods[only(world)]
    world.set_mood(first, Mood.DECLINES)
    save(world, backup_payment_method_id=second)
    work(world, "run_due")
    assert [each.state for each in recharges(world)] == [TopUpState.DECLINED, TopUpState.DUE]
    save(world, backup_payment_method_id=second)
    assert [each.state for each in recharges(world)] == [TopUpState.DECLINED, TopUpState.CANCELLED]
    world.pass_time(minutes=5)
    work(world, "check")
    assert [each.state for each in recharges(world)][2:] == [TopUpState.DUE]


def test_a_purchase_whose_answers_get_lost_is_charged_once_and_not_three_times() -> None:
    world = world_of_one()
    world.provider.weather = Weather(lost_after=100)
    method_id = world.methods[only(world)][0]
    told = []
    for _ in range(3):
        answer = world.do(people.buy(world, only(world), "purchase-1", 40 * UNIT, method_id))
        assert isinstance(answer, TopUpRecord)
        told.append(answer.state)
        world.pass_time(seconds=61)
        work(world, "resolve", "run_due")
    assert told == [TopUpState.UNKNOWN, TopUpState.SUCCEEDED, TopUpState.SUCCEEDED]
    leave_alone(world)
    assert charged(world) == [40 * UNIT]
    assert balance(world) == 40 * UNIT


@pytest.mark.parametrize("mood", [Mood.PROCESSES, Mood.ASKS_AND_APPROVES, Mood.PROCESSES_THEN_DECLINES])
def test_a_rule_that_was_switched_off_stays_off_whatever_becomes_of_its_last_attempt(mood: Mood) -> None:
    world = world_of_one(balance_micros=60 * UNIT)
    method_id = world.methods[only(world)][0]
    world.set_mood(method_id, mood)
    save(world)
    spend(world, 30)
    work(world, "run_due")
    assert [each.state for each in recharges(world)] != [TopUpState.DUE]
    world.do(people.switch_off(world, only(world)))
    leave_alone(world)
    spend(world, 30)
    world.do(people.choose_methods(world, only(world), *reversed(world.methods[only(world)])))
    leave_alone(world)
    rule = world.ledger.organizations[only(world)].account.recharge.rule
    assert rule is not None
    assert not rule.enabled
    assert len(recharges(world)) == 1


def test_an_attempt_that_was_not_sent_yet_dies_with_its_rule() -> None:
    world = world_of_one(balance_micros=60 * UNIT)
    save(world)
    spend(world, 30)
    world.do(people.switch_off(world, only(world)))
    work(world)
    leave_alone(world)
    assert [each.state for each in recharges(world)] == [TopUpState.CANCELLED]
    assert charged(world) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_request_that_comes_twice_at_once_and_again_later_buys_once(seed: int) -> None:
    world = world_of_one(seed)
    method_id = world.methods[only(world)][0]
    for process in ("web", "switch", "web"):
        world.begin(process, people.buy(world, only(world), "purchase-1", 40 * UNIT, method_id), "the same purchase")
    world.drain()
    leave_alone(world)
    again = world.do(people.buy(world, only(world), "purchase-1", 40 * UNIT, method_id))
    assert isinstance(again, TopUpRecord)
    assert charged(world) == [40 * UNIT]
    assert balance(world) == 40 * UNIT
    other = world.do(people.buy(world, only(world), "purchase-1", 50 * UNIT, method_id))
    assert isinstance(other, Refused)
    assert other.code is RefusalCode.CONFLICT
