"""Prices with bands, steps, a maximum and another rounding: exact, never falling, with an exact inverse."""

from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.rating import (
    CALL_SECONDS_MAX,
    SIXTIETHS,
    affordable_seconds,
    billed_seconds,
    price_micros,
    price_sum,
)
from commcredits.core.tariffs import (
    PLAIN_PRICES,
    BandPrice,
    DeckTerms,
    OwnPrices,
    PriceShape,
    PriceStep,
    Rate,
    Rounding,
    RoundingMode,
    own_prices,
    shape_of,
)
from tests.core.shapes import band, instants, price_by_hand, shaped, shaped_rates, window

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
seconds = st.one_of(st.integers(0, 4_000), st.integers(0, 200_000))
amounts = st.one_of(st.integers(-10, 100), st.integers(0, 10_000_000), st.integers(0, 10**10))

UP_CENTS = Rounding(digits=2, mode=RoundingMode.UP)
HALF_UP_CENTS = Rounding(digits=2, mode=RoundingMode.HALF_UP)
DOWN_CENTS = Rounding(digits=2, mode=RoundingMode.DOWN)


@given(shaped_rates, st.integers(0, 9_000), instants)
def test_a_price_is_what_a_patient_reader_of_the_rules_adds_up(rate: Rate, duration: int, began_at: datetime) -> None:
    assert price_micros(rate, duration, began_at) == price_by_hand(rate, duration, began_at)


@given(shaped_rates, seconds, seconds, instants)
def test_a_longer_call_never_costs_less(rate: Rate, one: int, other: int, began_at: datetime) -> None:
    shorter, longer = sorted((one, other))
    assert price_micros(rate, shorter, began_at) <= price_micros(rate, longer, began_at)


@given(shaped_rates, st.lists(st.integers(1, 3_000), min_size=1, max_size=8), instants)
def test_the_slices_of_a_call_cost_what_the_whole_call_costs(rate: Rate, slices: list[int], began_at: datetime) -> None:
    # Each slice is charged by what the call so far costs more than before it.
    used = charged = 0
    for slice_seconds in slices:
        used += slice_seconds
        charged += price_micros(rate, used, began_at) - charged
    assert charged == price_micros(rate, sum(slices), began_at)
    assert price_micros(rate, billed_seconds(rate, used), began_at) == charged


@given(shaped_rates, amounts, instants)
def test_what_an_amount_affords_is_covered_whole_and_the_most(
    rate: Rate, amount_micros: int, began_at: datetime
) -> None:
    afforded = affordable_seconds(rate, amount_micros, began_at)
    assert billed_seconds(rate, afforded) == afforded <= CALL_SECONDS_MAX
    assert afforded == 0 or price_micros(rate, afforded, began_at) <= amount_micros
    one_more = afforded + rate.next_increment_seconds if afforded else rate.first_increment_seconds
    assert price_micros(rate, one_more, began_at) > amount_micros or one_more > CALL_SECONDS_MAX


@given(shaped_rates, st.integers(1, 100_000), instants)
def test_the_price_of_a_duration_affords_that_duration(rate: Rate, duration: int, began_at: datetime) -> None:
    price = price_micros(rate, duration, began_at)
    assert affordable_seconds(rate, price, began_at) >= billed_seconds(rate, duration)


@given(shaped_rates, seconds, instants)
def test_every_step_of_a_sum_adds_up_to_its_price(rate: Rate, duration: int, began_at: datetime) -> None:
    explained = price_sum(rate, duration, began_at)

    assert explained.price_micros == price_micros(rate, duration, began_at)
    assert explained.billed_seconds == billed_seconds(rate, duration)
    exact = explained.connection_fee_micros * SIXTIETHS + sum(part.cost_sixtieths for part in explained.parts)
    assert exact + explained.rounding_sixtieths == SIXTIETHS * (explained.price_micros + explained.above_maximum_micros)
    reached = 0
    for part in explained.parts:
        assert part.begins_second == reached
        assert part.cost_sixtieths == part.price_per_minute_micros * part.seconds
        first = rate.first_increment_seconds if reached == 0 else rate.next_increment_seconds
        assert part.seconds == first + (part.increments - 1) * rate.next_increment_seconds
        reached += part.seconds
    assert reached == explained.billed_seconds


@given(shaped_rates, seconds, instants)
def test_a_maximum_changes_a_price_only_above_it(rate: Rate, duration: int, began_at: datetime) -> None:
    if rate.shape is None:
        return
    price = price_micros(rate, duration, began_at)
    free = shaped(
        PriceShape(
            time_zone=rate.shape.time_zone,
            holidays=rate.shape.holidays,
            bands=rate.shape.bands,
            steps=rate.shape.steps,
            rounding=rate.shape.rounding,
        ),
        price_micros=rate.price_per_minute_micros,
        fee_micros=rate.connection_fee_micros,
        increments=(rate.first_increment_seconds, rate.next_increment_seconds),
    )
    unbounded = price_micros(free, duration, began_at)
    maximum = rate.shape.charge_max_micros
    assert price == (unbounded if maximum is None else min(unbounded, maximum))


@given(shaped_rates, seconds)
def test_a_shape_that_adds_nothing_prices_like_none(rate: Rate, duration: int) -> None:
    flat, plain = (
        shaped(
            shape,
            price_micros=rate.price_per_minute_micros,
            fee_micros=rate.connection_fee_micros,
            increments=(rate.first_increment_seconds, rate.next_increment_seconds),
        )
        for shape in (None, PriceShape())
    )
    assert price_micros(plain, duration) == price_micros(flat, duration)
    price = price_micros(flat, duration)
    for amount in (price - 1, price, price + 1, 2 * price):
        assert affordable_seconds(plain, amount) == affordable_seconds(flat, amount)


def test_an_increment_is_priced_by_the_band_in_which_it_begins() -> None:
    shape = PriceShape(bands=(band("evening", 60_000, window("20:00", "24:00")),))
    minutes = shaped(shape, increments=(60, 60))
    began = datetime(2026, 11, 22, 19, 58, 30, tzinfo=UTC)
    # Increments begin at 19:58:30, 19:59:30, 20:00:30.
    assert [price_micros(minutes, length, began) for length in (60, 120, 180)] == [600_000, 1_200_000, 1_260_000]


def test_an_increment_that_begins_with_the_band_is_the_bands() -> None:
    shape = PriceShape(bands=(band("evening", 60_000, window("20:00", "24:00")),))
    began = datetime(2026, 11, 22, 19, 59, tzinfo=UTC)
    assert price_micros(shaped(shape, increments=(60, 60)), 61, began) == 660_000
    assert price_micros(shaped(shape, increments=(60, 60)), 61, began - timedelta(microseconds=1)) == 1_200_000


def test_steps_price_the_increments_that_begin_from_them_on() -> None:
    shape = PriceShape(
        steps=(
            PriceStep(from_seconds=600, price_per_minute_micros=300_000),
            PriceStep(from_seconds=1_200, price_per_minute_micros=60_000),
        )
    )
    by_second, by_minute = shaped(shape), shaped(shape, increments=(45, 60))
    assert price_micros(by_second, 600) == 6_000_000
    assert price_micros(by_second, 601) == 6_005_000
    assert price_micros(by_second, 1_260) == 6_000_000 + 3_000_000 + 60_000
    # The tenth next increment begins at second 585 and reaches beyond 600 at the price with which it began.
    assert price_micros(by_minute, 645) == 6_450_000
    assert price_micros(by_minute, 646) == 6_750_000


def test_a_band_needs_to_be_told_when_the_call_began() -> None:
    banded = shaped(PriceShape(bands=(band("night", 1, window("00:00", "06:00")),)))
    with pytest.raises(ValueError, match="time bands"):
        price_micros(banded, 60)
    with pytest.raises(ValueError, match="time bands"):
        affordable_seconds(banded, 60)
    assert price_micros(banded, 0) == 0


@pytest.mark.parametrize(
    ("rounding", "prices"),
    [
        # 0.006 a minute by the second: 25 s are 0.0025, 50 s are 0.005, 51 s are 0.0051, 150 s are 0.015.
        (UP_CENTS, [10_000, 10_000, 10_000, 20_000]),
        (HALF_UP_CENTS, [0, 10_000, 10_000, 20_000]),
        (DOWN_CENTS, [0, 0, 0, 10_000]),
        (Rounding(digits=0, mode=RoundingMode.UP), [1_000_000] * 4),
        (Rounding(digits=4, mode=RoundingMode.UP), [2_500, 5_000, 5_100, 15_000]),
    ],
)
def test_a_deck_may_round_otherwise(rounding: Rounding, prices: list[int]) -> None:
    rate = shaped(PriceShape(rounding=rounding), price_micros=6_000)
    assert [price_micros(rate, duration) for duration in (25, 50, 51, 150)] == prices


def test_the_connection_fee_is_inside_the_rounded_sum() -> None:
    rate = shaped(PriceShape(rounding=UP_CENTS), price_micros=6_000, fee_micros=3_000)
    assert price_micros(rate, 70) == 10_000
    assert price_micros(rate, 71) == 20_000


def test_a_price_rounded_down_to_nothing_is_affordable_without_money() -> None:
    rate = shaped(PriceShape(rounding=DOWN_CENTS), price_micros=6_000)
    assert affordable_seconds(rate, 0) == 99
    assert affordable_seconds(rate, -1) == 0


def test_who_can_pay_the_maximum_can_talk_as_long_as_anybody() -> None:
    rate = shaped(PriceShape(charge_max_micros=5_000_000), increments=(60, 7))
    assert affordable_seconds(rate, 4_999_999) == 60 + 439 // 7 * 7
    assert affordable_seconds(rate, 5_000_000) == 60 + (CALL_SECONDS_MAX - 60) // 7 * 7
    assert price_micros(rate, CALL_SECONDS_MAX) == 5_000_000


@pytest.mark.alone
def test_a_call_of_thirty_days_with_bands_is_priced_in_a_moment() -> None:
    shape = PriceShape(
        time_zone="Europe/Bucharest",
        holidays=tuple(f"2026-12-{day:02d}" for day in range(1, 32)),
        bands=tuple(
            BandPrice(band=f"hour-{hour}", windows=(window(f"{hour}:00", f"{hour}:30"),), price_per_minute_micros=hour)
            for hour in range(24)
        ),
    )
    rate = shaped(shape)
    began = perf_counter()
    price = price_micros(rate, CALL_SECONDS_MAX, NOON)
    assert affordable_seconds(rate, price, NOON) == CALL_SECONDS_MAX
    assert perf_counter() - began < 2


@given(shaped_rates)
def test_a_shape_is_the_lines_own_prices_under_the_decks_terms(rate: Rate) -> None:
    shape = rate.shape
    own = own_prices(shape)
    if shape is None:
        assert own == PLAIN_PRICES
        assert shape_of(own, DeckTerms()) is None
        return
    if len({each.band for each in shape.bands}) < len(shape.bands):
        return  # names of a deck stand for one thing each
    terms = DeckTerms(
        time_zone=shape.time_zone,
        holidays=shape.holidays,
        bands={each.band: each.windows for each in shape.bands},
        rounding=shape.rounding,
    )
    if shape.bands or own != PLAIN_PRICES or shape.rounding != Rounding():
        assert shape_of(own, terms) == shape


def test_what_a_deck_says_of_bands_does_not_weigh_on_lines_without_any() -> None:
    terms = DeckTerms(
        time_zone="Europe/Bucharest", holidays=("2026-12-25",), bands={"peak": (window("8:00", "20:00"),)}
    )
    assert shape_of(PLAIN_PRICES, terms) is None
    assert shape_of(OwnPrices(charge_max_micros=5), terms) == PriceShape(charge_max_micros=5)
    with pytest.raises(KeyError):
        shape_of(OwnPrices(bands=(("night", 1),)), terms)
