"""Advice by hand, on numbers that can be checked on paper."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commcredits.core.advice_anomalies import unusual_days
from commcredits.core.advice_expiry import LotLeft, expiring
from commcredits.core.advice_forecast import days_left, forecast
from commcredits.core.advice_pace import Pace, pace_of
from commcredits.core.advice_plans import Prices, cheaper_plans
from commcredits.core.advice_pools import Caller, MonthOfCalls
from commcredits.core.advice_recharge import delays_of
from commcredits.core.advice_series import ONE, DayOfSpend, nice_up, quantile
from commcredits.core.roster import Licence
from tests.advice.plan_cases import PRICES, UNIT, advised_cost, best_cost, office

MONDAY = date(2026, 11, 2)


def days(*charged: int, first: date = MONDAY) -> list[DayOfSpend]:
    return [DayOfSpend(day=first + timedelta(days=n), charged_micros=each * UNIT) for n, each in enumerate(charged)]


def steady(units: int = 10) -> Pace:
    return Pace(on=MONDAY, level_micros=units * UNIT, rise_micros=0, weekdays=(ONE,) * 7, days=28)


def test_two_weeks_with_quiet_weekends_are_expected_to_come_again() -> None:
    pace = pace_of(days(*([10] * 5 + [0, 0]) * 8))
    assert pace is not None
    assert pace.of_day(date(2026, 12, 28)) > 4 * pace.of_day(date(2026, 12, 27))
    assert abs(pace.of_days(date(2026, 12, 28), 7) - 50 * UNIT) < UNIT


def test_thirteen_days_are_no_history_and_days_of_nothing_are_no_pace() -> None:
    assert pace_of(days(*[10] * 13)) is None
    assert pace_of(days(*[0] * 60)) is None


def test_one_night_is_no_pace() -> None:
    calm, shaken = pace_of(days(*[10] * 56)), pace_of(days(*[10] * 50, 4_000, *[10] * 5))
    assert calm is not None
    assert shaken is not None
    assert shaken.level_micros < 2 * calm.level_micros


@pytest.mark.parametrize(
    ("available", "expected"), [(0, 0), (-5, 0), (1, 0), (10, 1), (11, 1), (35, 3), (40, 4), (10_000, None)]
)
def test_a_balance_lasts_for_as_many_days_as_it_pays(available: int, expected: int | None) -> None:
    assert days_left(steady(), available * UNIT, MONDAY).days == expected


def test_a_forecast_counts_only_what_is_left_of_today() -> None:
    seen = days(*[10] * 56, first=MONDAY - timedelta(days=56))
    pace = pace_of(seen)
    assert pace is not None
    whole, half = forecast(seen, pace, 3), forecast(seen, pace, 3, first_day_share=ONE // 2)
    assert abs(whole.micros - 30 * UNIT) < UNIT
    assert abs(half.micros - 25 * UNIT) < UNIT
    assert forecast(seen, pace, 0).micros == 0


def test_the_earliest_lot_is_used_first_and_what_is_left_at_its_end_is_told() -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    lots = [
        LotLeft(lot_id="first", left_micros=25 * UNIT, expires_at=now + timedelta(days=2)),
        LotLeft(lot_id="second", left_micros=1_000 * UNIT, expires_at=now + timedelta(days=10)),
    ]
    found = {each.lot_id: each.unused.micros for each in expiring(lots, steady(), now, "UTC", shares=(ONE, ONE))}
    # Two whole days of 10, half of a third on which the first ends; then the second pays.
    assert found["first"] == 0 if "first" in found else True
    assert found["second"] == 1_000 * UNIT - (5 + 7 * 10 + 5) * UNIT
    assert [each.lot_id for each in expiring(lots, None, now, "UTC", shares=(ONE, ONE))] == ["first", "second"]


def test_a_day_of_forty_times_the_usual_is_unusual_and_a_busy_one_is_not() -> None:
    assert [each.times for each in unusual_days(days(*[10] * 40, 400))] == [40 * ONE]
    assert unusual_days(days(*[10, 11, 9] * 14, 16)) == ()
    assert unusual_days(days(*[0] * 40, 400)) == (), "nothing at all before: everything would be unusual"


def test_own_recharges_shift_the_delays_and_never_wipe_out_the_experience_of_all() -> None:
    own = {each.seconds: each.share for each in delays_of([30] * 400)}
    slow = {each.seconds: each.share for each in delays_of([200_000] * 400)}
    assert own[300] > 990_000
    assert own[31 * 3_600] > 0
    assert slow[72 * 3_600] > 900_000


def caller(name: str, plan: Licence, minutes: int, abroad: int = 0, *, has_credits: bool = True) -> Caller:
    month = MonthOfCalls(
        domestic_minutes=minutes,
        domestic_micros=minutes * UNIT // 10,
        international_minutes=abroad,
        international_micros=abroad * UNIT // 2,
    )
    return Caller(user_id=name, country="RO", plan=plan, has_credits=has_credits, months=(month,) * 3)


def test_whoever_calls_abroad_all_day_is_cheaper_with_minutes_abroad() -> None:
    (move,) = cheaper_plans([caller("ana", Licence.DOMESTIC_120, 100, 300)], PRICES)
    assert (move.new, move.months_held) == (Licence.DOMESTIC_AND_INTERNATIONAL, 3)
    # 300 minutes at 0.50 are saved; the licence costs 18 more.
    assert (move.credits_micros, move.licence_micros, move.saving_micros) == (150 * UNIT, 18 * UNIT, 132 * UNIT)


def test_minutes_that_others_live_on_are_not_taken_away() -> None:
    """Ben uses nothing, but Ana's 240 minutes are hers and his: without his licence she would pay for 120 of them."""
    together = [caller("ana", Licence.DOMESTIC_120, 240), caller("ben", Licence.DOMESTIC_120, 0)]
    assert [move.user_id for move in cheaper_plans(together, PRICES)] != ["ben"]
    alone = [caller("ana", Licence.DOMESTIC_120, 100), caller("ben", Licence.DOMESTIC_120, 0)]
    assert [(move.user_id, move.new) for move in cheaper_plans(alone, PRICES)] == [("ben", Licence.PAY_AS_YOU_GO_1)]


def test_nobody_without_credits_loses_minutes_that_they_need() -> None:
    lonely = [caller("ana", Licence.DOMESTIC_240, 200, has_credits=False)]
    assert cheaper_plans(lonely, PRICES) == ()
    idle = [caller("ana", Licence.DOMESTIC_240, 100, has_credits=False)]
    assert [move.new for move in cheaper_plans(idle, PRICES)] == [Licence.DOMESTIC_120]


def test_without_prices_credits_alone_are_compared_and_nobody_moves_down() -> None:
    people = [caller("ana", Licence.DOMESTIC_240, 10), caller("ben", Licence.DOMESTIC_120, 600)]
    moves = cheaper_plans(people, Prices(micros={}))
    assert [(move.user_id, move.licence_micros) for move in moves] == [("ben", None)]


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_advice_on_plans_never_costs_more_than_doing_nothing_nor_less_than_the_optimum(seed: int) -> None:
    callers = office(seed, users=3)
    assert best_cost(callers) <= advised_cost(callers)


@given(st.integers(1, 10**12))
def test_a_rounded_amount_is_never_below_and_hardly_above(units: int) -> None:
    amount = units * UNIT
    rounded = nice_up(amount, UNIT)
    assert amount <= rounded <= amount + max(UNIT, amount // 8)


def test_quantiles_are_values_that_were_seen() -> None:
    assert (quantile([], ONE // 2), quantile([3, 1, 2], ONE // 2), quantile([3, 1, 2], ONE)) == (0, 2, 3)
