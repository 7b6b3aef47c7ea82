"""Rates as a JSON array are the rates of a CSV file, and what is wrong with one is named by its place."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.tariffs import PLAIN_TERMS, BandPrice, DeckTerms, PriceShape, PriceStep, Rate, Window
from commcredits.operations import rate_deck_json
from commcredits.operations.rate_deck_json import JsonRates, read_json_rates

RATE: dict[str, Any] = {
    "prefix": "44",
    "destination": "United Kingdom",
    "service": "outbound",
    "price_per_minute": "0.60",
    "connection_fee": "0.05",
    "first_increment": 60,
    "next_increment": 1,
    "effective_from": "2020-01-01",
}
NIGHT = (Window(weekdays=(0,), from_minute=0, to_minute=360),)
TERMS = DeckTerms(time_zone="Europe/Bucharest", bands={"night": NIGHT, "day": NIGHT})


def minute(band: str, price: object) -> dict[str, object]:
    return {"band": band, "price_per_minute": price}


def read(*rates: object, terms: DeckTerms = TERMS) -> list[Rate] | Refused:
    return read_json_rates(JsonRates(value=list(rates)), "EUR", terms)


def test_a_rate_is_an_object_with_the_columns_of_a_file() -> None:
    assert read(RATE) == [
        Rate(
            prefix="44",
            destination="United Kingdom",
            service=Service.OUTBOUND,
            price_per_minute_micros=600_000,
            connection_fee_micros=50_000,
            first_increment_seconds=60,
            next_increment_seconds=1,
            effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        )
    ]


def test_what_may_be_left_out_may_also_be_null_or_empty() -> None:
    left_out: dict[str, object] = {
        "effective_to": None,
        "origin_country": "",
        "band_prices": None,
        "steps": [],
        "charge_max": None,
    }
    assert read({**RATE, **left_out, "currency": "EUR"}) == read(RATE)
    assert read({**RATE, "band_prices": []}) == read(RATE)


def test_bands_and_steps_are_spelled_out() -> None:
    banded = {
        **RATE,
        "band_prices": [minute("day", "1"), minute("night", "0.1")],
        "charge_max": "5",
        "origin_country": "DE",
    }
    stepped = {**RATE, "prefix": "45", "steps": [{"from_seconds": 600, "price_per_minute": "0.005"}]}
    rates = read(banded, stepped)
    assert isinstance(rates, list), rates
    assert rates[0].origin_country == "DE"
    assert [rate.shape for rate in rates] == [
        PriceShape(
            time_zone="Europe/Bucharest",
            bands=(
                BandPrice(band="day", windows=NIGHT, price_per_minute_micros=1_000_000),
                BandPrice(band="night", windows=NIGHT, price_per_minute_micros=100_000),
            ),
            charge_max_micros=5_000_000,
        ),
        PriceShape(steps=(PriceStep(from_seconds=600, price_per_minute_micros=5_000),)),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prefix", 44),
        ("prefix", "0"),
        ("prefix", None),
        ("destination", ""),
        ("service", "emergency"),
        ("price_per_minute", 0.6),
        ("price_per_minute", 1),
        ("price_per_minute", "-1"),
        ("connection_fee", None),
        ("first_increment", "60"),
        ("first_increment", 60.0),
        ("first_increment", True),
        ("next_increment", 0),
        ("next_increment", 10**30),
        ("effective_from", "yesterday"),
        ("effective_to", "2019-01-01"),
        ("origin_country", "XX"),
        ("origin_country", "de"),
        ("band_prices", "night:0.1"),
        ("band_prices", {"night": "0.1"}),
        ("band_prices", [minute("night", 0.1)]),
        ("band_prices", [minute("noon", "0.1")]),
        ("band_prices", [minute("night", "0.1"), minute("night", "0.2")]),
        ("band_prices", [minute("night", "-0.1")]),
        ("band_prices", [minute("night:0.1;day", "0.2")]),
        ("band_prices", [minute("night", "0.1;day:0.2")]),
        ("band_prices", [{**minute("night", "0.1"), "note": ""}]),
        ("steps", {"600": "0.1"}),
        ("steps", [{"from_seconds": "600", "price_per_minute": "0.1"}]),
        ("steps", [{"from_seconds": 600, "price_per_minute": 0.1}]),
        ("steps", [{"from_seconds": 0, "price_per_minute": "0.1"}]),
        ("steps", [{"from_seconds": 600}]),
        ("steps", [{"from_seconds": 600, "price_per_minute": "0.1", "note": ""}]),
        ("steps", [{"from_seconds": 600, "price_per_minute": "0.1;700:0.2"}]),
        ("steps", [600]),
        ("steps", [{"from_seconds": 600 - step, "price_per_minute": "0.1"} for step in range(2)]),
        ("charge_max", "-1"),
        ("charge_max", 5),
        ("currency", "RON"),
    ],
)
def test_a_field_that_is_wrong_is_named_by_its_place(field: str, value: object) -> None:
    refused = read(RATE, {**RATE, "prefix": "49", field: value})
    assert isinstance(refused, Refused), refused
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, f"rates.1.{field}")
    assert refused.facts["allowed"]


@pytest.mark.parametrize("field", sorted(RATE))
def test_a_field_that_every_rate_has_may_not_be_left_out(field: str) -> None:
    refused = read({name: value for name, value in RATE.items() if name != field})
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == f"rates.0.{field}"


def test_bands_and_steps_exclude_each_other() -> None:
    refused = read(
        {**RATE, "band_prices": [minute("day", "1")], "steps": [{"from_seconds": 600, "price_per_minute": "0.005"}]}
    )
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "rates.0.steps"


def test_two_rates_in_force_at_once_are_named_both() -> None:
    refused = read({**RATE, "effective_from": "2021-01-01"}, {**RATE, "prefix": "49"}, RATE)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "rates.2.effective_from"
    assert "rates.0" in str(refused.facts["allowed"])


@pytest.mark.parametrize("value", [None, {}, [], "rates", 1, [RATE] * 4, [[]], ["44"], [{**RATE, "note": ""}]])
def test_what_is_no_array_of_rates_is_refused(value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_deck_json, "JSON_RATES_MAX", 3)
    refused = read_json_rates(JsonRates(value=value), "EUR", PLAIN_TERMS)
    assert isinstance(refused, Refused)
    assert str(refused.facts["field"]).startswith("rates")


def test_the_order_of_fields_does_not_matter_to_a_digest() -> None:
    turned = dict(reversed(RATE.items()))
    assert JsonRates(value=[turned]).digest() == JsonRates(value=[RATE]).digest()
    assert JsonRates(value=[{**RATE, "prefix": "45"}]).digest() != JsonRates(value=[RATE]).digest()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=10), children, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from([*RATE, "steps", "band_prices", "charge_max"]), json_values) | json_values)
)
def test_no_array_makes_reading_fail(value: list[object]) -> None:
    assert isinstance(read_json_rates(JsonRates(value=value), "EUR", TERMS), list | Refused)


@given(st.dictionaries(st.sampled_from([*RATE, "steps", "band_prices", "charge_max"]), json_values, min_size=1))
def test_no_change_to_a_rate_makes_reading_fail(changes: dict[str, object]) -> None:
    assert isinstance(read({**RATE, **changes}), list | Refused)
