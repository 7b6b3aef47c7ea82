"""Rating: started increments, rounded once, and an inverse that neither overspends nor leaves a second unsold."""

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.rating import CALL_SECONDS_MAX, affordable_seconds, billed_seconds, price_micros
from commcredits.core.tariffs import Rate
from tests.core.books import rate, units
from tests.core.rates import rates

seconds = st.one_of(st.integers(0, 4_000), st.integers(0, CALL_SECONDS_MAX))
amounts = st.one_of(st.integers(0, 10_000_000), st.integers(0, 10**13))


@pytest.mark.parametrize(
    ("increments", "duration_seconds", "billed"),
    [
        ((60, 11), 560, 566),
        ((12, 13), 560, 571),
        ((60, 60), 1, 60),
        ((60, 60), 60, 60),
        ((60, 60), 61, 120),
        ((30, 6), 30, 30),
        ((30, 6), 31, 36),
        ((1, 1), 0, 0),
        ((60, 60), 0, 0),
    ],
)
def test_a_started_increment_is_billed_whole(increments: tuple[int, int], duration_seconds: int, billed: int) -> None:
    assert billed_seconds(rate(increments=increments), duration_seconds) == billed


@pytest.mark.parametrize(("duration_seconds", "price"), [(32, "0.0036"), (57, "0.006"), (75, "0.0078")])
def test_thirty_then_six_at_six_thousandths_a_minute(duration_seconds: int, price: str) -> None:
    assert price_micros(rate(per_minute="0.006", increments=(30, 6)), duration_seconds) == units(price)


def test_the_whole_call_is_rounded_once_up_to_the_next_millionth() -> None:
    thirds = rate(per_minute="0.000020")
    assert [price_micros(thirds, duration) for duration in (1, 2, 3, 4)] == [1, 1, 1, 2]


def test_a_call_of_no_seconds_costs_nothing_not_even_the_connection_fee() -> None:
    assert price_micros(rate(fee="0.10"), 0) == 0
    assert price_micros(rate(fee="0.10"), 1) == units("0.11")


@given(rates, st.integers(1, 4_000))
def test_a_price_is_the_fee_and_each_started_increment_in_exact_arithmetic(priced: Rate, duration: int) -> None:
    billed = priced.first_increment_seconds
    while billed < duration:
        billed += priced.next_increment_seconds
    exact = Fraction(priced.price_per_minute_micros * billed, 60)
    assert price_micros(priced, duration) == priced.connection_fee_micros + ceil(exact)


@given(rates, seconds, seconds)
def test_a_longer_call_never_costs_less(priced: Rate, one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert price_micros(priced, shorter) <= price_micros(priced, longer)


@given(rates, seconds)
def test_rounding_up_to_increments_changes_neither_price_nor_itself(priced: Rate, duration: int) -> None:
    billed = billed_seconds(priced, duration)
    assert billed >= duration
    assert billed_seconds(priced, billed) == billed
    assert price_micros(priced, billed) == price_micros(priced, duration)


@given(rates, amounts)
def test_what_an_amount_affords_is_covered_whole_and_the_most(priced: Rate, amount_micros: int) -> None:
    afforded = affordable_seconds(priced, amount_micros)
    assert billed_seconds(priced, afforded) == afforded
    assert price_micros(priced, afforded) <= amount_micros
    one_more = afforded + priced.next_increment_seconds if afforded else priced.first_increment_seconds
    assert price_micros(priced, one_more) > amount_micros or one_more > CALL_SECONDS_MAX


@given(rates, amounts, amounts)
def test_more_money_never_buys_less_time(priced: Rate, one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert affordable_seconds(priced, less) <= affordable_seconds(priced, more)


@given(rates, st.integers(1, 100_000))
def test_the_price_of_a_duration_affords_that_duration(priced: Rate, duration: int) -> None:
    assert affordable_seconds(priced, price_micros(priced, duration)) >= billed_seconds(priced, duration)


def test_a_free_rate_affords_the_longest_call_there_is() -> None:
    assert affordable_seconds(rate(per_minute="0"), 0) == CALL_SECONDS_MAX
    assert affordable_seconds(rate(per_minute="0", increments=(60, 7)), 0) == 60 + (CALL_SECONDS_MAX - 60) // 7 * 7


def test_a_free_minute_behind_a_fee_is_worth_nothing_to_who_cannot_pay_the_fee() -> None:
    assert affordable_seconds(rate(per_minute="0", fee="0.10"), units("0.099999")) == 0
    assert affordable_seconds(rate(per_minute="0", fee="0.10"), units("0.10")) == CALL_SECONDS_MAX


@given(rates, st.integers(max_value=-1))
def test_a_debt_affords_nothing(priced: Rate, amount_micros: int) -> None:
    assert affordable_seconds(priced, amount_micros) == 0
