"""Advice keeps what it promises on years whose truth is known, out of sample."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.advice.plan_cases import regret
from tests.advice.replay import Tried, coverage, find_days, find_users, try_recharges
from tests.advice.worlds import WORLDS, World, fraud, steady, weekly, with_users

DAYS = 547

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("make", WORLDS, ids=lambda make: make.__name__)
def test_funds_run_out_hardly_more_often_than_promised(make: Callable[[int, int], World]) -> None:
    tried = Tried()
    for seed in (0, 1):
        tried.add(try_recharges(make(seed, DAYS), seed=seed))
    assert tried.months >= 200
    assert tried.dry_share <= 0.02, "one in a hundred is aimed at, and chance has its share in three hundred months"
    assert tried.promised <= 10_000 * tried.advised
    assert 0.3 <= tried.recharges / tried.months <= 6


@pytest.mark.parametrize("make", WORLDS, ids=lambda make: make.__name__)
def test_eight_in_ten_sums_lie_within_the_forecast(make: Callable[[int, int], World]) -> None:
    within = made = 0
    for seed in (0, 1):
        for horizon in (10, 30):
            inside, count, _error = coverage(make(seed, DAYS), horizon=horizon)
            within, made = within + inside, made + count
    assert 0.70 <= within / made <= 0.99


def test_every_night_of_fraud_is_found_and_ordinary_years_are_quiet() -> None:
    right, wrong, missed, _looked = find_days(fraud(3, DAYS))
    assert (right > 0, wrong, missed) == (True, 0, 0)
    assert find_days(steady(3, DAYS))[1] == 0
    assert find_days(weekly(3, DAYS))[1] == 0


def test_nearly_every_strange_day_of_a_person_is_found_and_hardly_any_other() -> None:
    right, wrong, missed, looked = find_users(with_users(3, 300))
    assert right >= 4 * missed
    assert wrong <= looked // 2_000


def test_plans_come_near_the_cheapest_and_never_cost_more() -> None:
    offices, reached, saved, possible = regret(range(500, 560))
    assert reached * 10 >= offices * 6
    assert saved * 100 >= possible * 85
