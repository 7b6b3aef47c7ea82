"""Rating in columns says what the core says, to the millionth, on every record."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.columnar.engine import rate_records
from commcredits.columnar.records import CallRecord, call_records
from commcredits.core.commands import Service
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.core.tariffs import PriceShape, PriceStep, Rate, RateDeck, Rounding, RoundingMode, index_deck
from tests.columnar.random_decks import Answer, core_answer, random_deck, random_records
from tests.core.books import rate, units
from tests.core.shapes import EVENTFUL, band, instants, price_by_hand, shaped, shaped_rates, window

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def columnar_answers(deck: RateDeck, records: Sequence[CallRecord]) -> list[Answer]:
    rated = rate_records(call_records(records), deck, threads=1).to_pylist()
    assert [row["call_id"] for row in rated] == [record.call_id for record in records]
    assert all(row["free_call"] == (row["rate_prefix"] is None) == (row["rate"] is None) for row in rated)
    return [Answer(**{name: row[name] for name in Answer.__slots__}) for row in rated]


def call(seconds: int, number: str = "+442079460000", at: datetime = NOON, origin: str = "") -> CallRecord:
    return CallRecord(
        call_id="call",
        service=Service.OUTBOUND,
        number=number,
        started_at=at,
        duration_seconds=seconds,
        origin_country=origin,
    )


def prices(rates: list[Rate], *records: CallRecord) -> list[int | None]:
    return [answer.price_micros for answer in columnar_answers(index_deck("deck", "EUR", rates), records)]


@pytest.mark.parametrize("seed", range(6))
def test_every_record_under_a_random_deck_costs_what_the_core_says(seed: int) -> None:
    dice = Random(seed)
    deck = random_deck(dice, prefixes=600)
    records = random_records(dice, deck, count=4_000)
    by_core = [core_answer(deck, record) for record in records]
    assert columnar_answers(deck, records) == by_core
    # The dice show enough of everything for that to mean something.
    assert sum(answer.price_micros is None for answer in by_core) > 200
    assert len({answer.price_micros for answer in by_core}) > 700


@pytest.mark.slow
@pytest.mark.timeout(300)  # thousands of steps of one processor, which others may want as well
@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(shaped_rates, instants, st.one_of(st.integers(0, 4_000), st.integers(0, CALL_SECONDS_MAX))),
        min_size=1,
        max_size=9,
    )
)
def test_any_rate_prices_any_call_as_the_core_does(drawn: list[tuple[Rate, datetime, int]]) -> None:
    rates = [replace(each, prefix=str(number)) for number, (each, _, _) in enumerate(drawn, start=1)]
    deck = index_deck("deck", "EUR", rates)
    records = [call(seconds, f"+{number}0", at) for number, (_, at, seconds) in enumerate(drawn, start=1)]
    assert columnar_answers(deck, records) == [core_answer(deck, record) for record in records]


@pytest.mark.parametrize("increments", [(1, 1), (60, 60), (60, 11), (1, 3_600)])
def test_in_the_nights_in_which_clocks_change_bands_begin_and_end_with_the_clock_on_the_wall(
    increments: tuple[int, int],
) -> None:
    shape = PriceShape(
        time_zone="Europe/Bucharest",
        bands=(
            band("deep night", 60_000, window("02:30", "03:30")),
            band("night", 120_001, window("00:00", "08:00"), window("20:00", "24:00")),
        ),
    )
    priced = shaped(shape, fee_micros=1_000, increments=increments)
    began = [eventful + timedelta(minutes=minutes) for eventful in EVENTFUL for minutes in (-300, -95, -60, -1, 0, 1)]
    calls = [call(seconds, at=at) for at in began for seconds in (59, 3_599, 20_000)]
    assert prices([priced], *calls) == [price_by_hand(priced, each.duration_seconds, each.started_at) for each in calls]


@pytest.mark.parametrize(
    ("increments", "per_minute", "seconds", "billed", "price"),
    [
        ((60, 11), "0.60", 560, 566, "5.66"),
        ((12, 13), "0.60", 560, 571, "5.71"),
        ((30, 6), "0.006", 32, 36, "0.0036"),
        ((30, 6), "0.006", 57, 60, "0.006"),
        ((30, 6), "0.006", 75, 78, "0.0078"),
        ((1, 1), "0.60", 1_230, 1_230, "12.30"),
    ],
)
def test_known_answers(increments: tuple[int, int], per_minute: str, seconds: int, billed: int, price: str) -> None:
    deck = index_deck("deck", "EUR", [rate(per_minute=per_minute, increments=increments)])
    (answer,) = columnar_answers(deck, [call(seconds)])
    assert (answer.billed_seconds, answer.price_micros) == (billed, units(price))


def test_a_call_without_a_rate_is_flagged_and_has_no_price() -> None:
    deck = index_deck("deck", "EUR", [rate(prefix="40")])
    rated = rate_records(call_records([call(60), call(60, "+40")]), deck).to_pylist()
    assert [row["free_call"] for row in rated] == [True, False]
    assert rated[0]["price_micros"] is None
    assert rated[0]["rate_prefix"] is None


def test_without_any_rate_every_call_is_flagged() -> None:
    assert prices([], call(60)) == [None]


def test_an_expired_longer_prefix_falls_back_to_the_shorter_one_at_that_microsecond() -> None:
    rates = [rate(prefix="44"), rate(prefix="4420", per_minute="0.02", effective_to=NOON)]
    assert prices(rates, call(60, at=NOON - MICROSECOND), call(60, at=NOON)) == [units("0.02"), units("0.60")]


def test_a_rate_bound_to_the_origin_counts_before_one_from_anywhere_and_never_for_others() -> None:
    rates = [
        rate(prefix="4", per_minute="0.04"),
        replace(rate(prefix="44", per_minute="0.01"), origin_country="RO"),
        replace(rate(prefix="44", per_minute="0.02"), origin_country="US"),
    ]
    calls = [call(60, origin=origin) for origin in ("RO", "US", "DE", "")]
    assert prices(rates, *calls) == [units("0.01"), units("0.02"), units("0.04"), units("0.04")]


def test_a_number_shorter_than_a_prefix_does_not_match_it() -> None:
    assert prices([rate(prefix="442079460000")], call(60, "+44207946000")) == [None]


def test_minutes_of_a_pool_are_not_priced_and_the_rest_is_from_the_instant_at_which_they_ended() -> None:
    # Half of the call is over when the dear band begins, and so are its minutes.
    shape = PriceShape(bands=(band("day", 600_000, window("12:00", "24:00")),))
    priced = shaped(shape, price_micros=60_000)
    began = NOON - timedelta(minutes=10)
    whole = CallRecord(
        call_id="split",
        service=Service.OUTBOUND,
        number="+44",
        started_at=began,
        duration_seconds=1_200,
        included_seconds=600,
    )
    assert prices([priced], whole, call(1_200, at=began)) == [units("6"), units("6.6")]


def test_records_that_look_alike_are_each_rated() -> None:
    shape = PriceShape(bands=(band("day", 600_000, window("00:00", "24:00")),))
    assert prices([shaped(shape)], *[call(60)] * 3) == [units("0.60")] * 3


@pytest.mark.parametrize(("mode", "price"), [("up", "0.02"), ("half_up", "0.02"), ("down", "0.01")])
def test_the_whole_call_is_rounded_once_to_the_digits_of_the_deck(mode: str, price: str) -> None:
    shape = PriceShape(rounding=Rounding(digits=2, mode=RoundingMode(mode)))
    assert prices([shaped(shape, price_micros=15_000)], call(60)) == [units(price)]


def test_a_call_costs_at_most_the_maximum_charge_and_only_what_lies_behind_a_step_is_cheaper() -> None:
    steps = (PriceStep(from_seconds=60, price_per_minute_micros=60_000),)
    rates = [shaped(PriceShape(steps=steps)), replace(shaped(PriceShape(charge_max_micros=1)), prefix="40")]
    assert prices(rates, call(120), call(120, "+40")) == [units("0.66"), 1]


def test_the_dearest_rates_and_the_longest_calls_are_exact() -> None:
    dear = replace(rate(increments=(1, 1)), price_per_minute_micros=10**12 - 1, connection_fee_micros=10**12)
    deck = index_deck("deck", "EUR", [dear])
    record = call(CALL_SECONDS_MAX)
    assert columnar_answers(deck, [record]) == [core_answer(deck, record)]
