"""The sample deck covers the world: real prefixes, one rate for each, prices in a sensible order."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata, parse, region_code_for_number

from commcredits.core.commands import Service
from commcredits.core.money import parse_micros
from commcredits.edges.demo.number_ranges import (
    GEOGRAPHIC_KINDS,
    NO_COUNTRY,
    NumberKind,
    kind_descriptions,
    number_ranges,
)
from commcredits.edges.demo.sample_rates import (
    DECK_COLUMNS,
    SampleRate,
    sample_deck_name,
    sample_rate_rows,
    write_sample_deck,
)
from tests.edges.demo.charging_stub import longest_prefix, rates_by_prefix


@pytest.fixture(scope="module")
def euro_rates() -> tuple[SampleRate, ...]:
    return tuple(sample_rate_rows("EUR"))


def _examples() -> Iterator[tuple[str, str, NumberKind]]:
    """Example number (E.164 without "+"), country and kind: everything the metadata gives an example of."""
    for calling_code, countries in COUNTRY_CODE_TO_REGION_CODE.items():
        for country in countries:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, country)
            assert metadata is not None
            for kind, description in kind_descriptions(metadata).items():
                if description.example_number:
                    yield f"{calling_code}{description.example_number}", country, kind


def test_at_least_99_in_100_example_numbers_find_a_rate_that_names_their_country(
    euro_rates: tuple[SampleRate, ...],
) -> None:
    by_prefix = rates_by_prefix(euro_rates)
    examples = right_country = right_kind = shared = 0
    for number, country, kind in _examples():
        if region_code_for_number(parse(f"+{number}")) != country:
            shared += 1  # the number means several countries, such as +1 800: no prefix can name this one
            assert longest_prefix(by_prefix, "outbound", number) is not None
            continue
        rate = longest_prefix(by_prefix, "outbound", number)
        examples += 1
        right_country += rate is not None and rate.country == country
        right_kind += rate is not None and rate.kind is kind
    print(  # noqa: T201 - the measured share is what one runs this for
        f"{examples} example numbers: country right for {right_country / examples:.2%}, kind for"
        f" {right_kind / examples:.2%}; {shared} more are shared by countries"
    )

    assert examples > 900
    assert right_country / examples >= 0.99
    assert right_kind / examples >= 0.97  # kinds that differ in length alone share their prefixes


def test_every_country_and_every_calling_code_without_one_has_rates(euro_rates: tuple[SampleRate, ...]) -> None:
    own_nothing = {"EH"}  # Western Sahara's numbers are all Moroccan ones

    assert {rate.country for rate in euro_rates} == (SUPPORTED_REGIONS | {NO_COUNTRY}) - own_nothing
    without_country = {each.prefix[:3] for each in number_ranges() if each.country == NO_COUNTRY}
    assert without_country == {"800", "808", "870", "878", "881", "882", "883", "888", "979"}


def test_every_number_kind_of_the_metadata_has_rates(euro_rates: tuple[SampleRate, ...]) -> None:
    assert {rate.kind for rate in euro_rates if rate.service is Service.OUTBOUND} == set(NumberKind)


def test_no_prefix_comes_twice_in_one_service(euro_rates: tuple[SampleRate, ...]) -> None:
    assert len(rates_by_prefix(euro_rates)) == len(euro_rates)


def test_the_deck_has_between_10_000_and_60_000_rates(euro_rates: tuple[SampleRate, ...]) -> None:
    assert 10_000 <= len(euro_rates) <= 60_000


@pytest.mark.parametrize(
    ("number", "destination"),
    [
        ("40211234567", "Romania, fixed"),
        ("40712034567", "Romania, mobile"),
        ("40900123456", "Romania, premium rate"),
        ("493012345678", "Germany, fixed"),
        ("4915123456789", "Germany, mobile"),
        ("12015550123", "United States, fixed or mobile"),
        ("14165550123", "Canada, fixed or mobile"),
        ("18762101234", "Jamaica, mobile"),
        ("447400123456", "United Kingdom, mobile"),
        ("441481256789", "Guernsey, fixed"),
        ("77123456789", "Kazakhstan, fixed"),
        ("73011234567", "Russia, fixed"),
        ("390669812345", "Vatican City, fixed"),
        ("390212345678", "Italy, fixed"),
        ("5491123456789", "Argentina, mobile"),
        ("80012345678", "International freephone +800, toll-free"),
        ("881612345678", "Satellite +881, mobile"),
    ],
)
def test_a_number_everybody_knows_finds_its_destination(
    number: str, destination: str, euro_rates: tuple[SampleRate, ...]
) -> None:
    rate = longest_prefix(rates_by_prefix(euro_rates), "outbound", number)

    assert rate is not None
    assert rate.destination == destination


def test_a_number_that_nobody_assigns_finds_no_rate(euro_rates: tuple[SampleRate, ...]) -> None:
    assert longest_prefix(rates_by_prefix(euro_rates), "outbound", "2105551234") is None


def test_fixed_lines_are_cheaper_than_mobiles_in_every_country(euro_rates: tuple[SampleRate, ...]) -> None:
    prices = {
        (rate.country, rate.kind): rate.price_per_minute_micros
        for rate in euro_rates
        if rate.service is Service.OUTBOUND and rate.country != NO_COUNTRY
    }
    both = [country for country, kind in prices if kind is NumberKind.FIXED and (country, NumberKind.MOBILE) in prices]

    assert len(both) > 200
    assert all(prices[country, NumberKind.FIXED] < prices[country, NumberKind.MOBILE] for country in both)


def test_premium_numbers_and_only_they_have_a_connection_fee(euro_rates: tuple[SampleRate, ...]) -> None:
    assert all((rate.connection_fee_micros > 0) == (rate.kind is NumberKind.PREMIUM) for rate in euro_rates)


def test_the_deck_bills_in_several_increments(euro_rates: tuple[SampleRate, ...]) -> None:
    increments = {(rate.first_increment_seconds, rate.next_increment_seconds) for rate in euro_rates}

    assert increments == {(60, 60), (30, 6), (1, 1)}


def test_a_conference_reaches_no_service_number_at_the_price_of_an_ordinary_one(
    euro_rates: tuple[SampleRate, ...],
) -> None:
    by_prefix = rates_by_prefix(euro_rates)
    for rate in euro_rates:
        if rate.service is Service.OUTBOUND and rate.kind not in GEOGRAPHIC_KINDS:
            in_conference = longest_prefix(by_prefix, "conference_dial_out", rate.prefix)
            assert in_conference is None or in_conference.kind is rate.kind


def test_toll_free_in_is_priced_for_toll_free_numbers_alone(euro_rates: tuple[SampleRate, ...]) -> None:
    kinds = {rate.kind for rate in euro_rates if rate.service is Service.TOLL_FREE_IN}
    prices = {rate.price_per_minute_micros for rate in euro_rates if rate.service is Service.TOLL_FREE_IN}

    assert kinds == {NumberKind.TOLL_FREE}
    assert min(prices) > 0


@pytest.mark.parametrize("currency", ["RON", "EUR", "USD"])
def test_the_written_deck_reads_back_as_the_rates(currency: str, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    started_at = time.process_time()
    rows_written = write_sample_deck(path, currency)
    taken_seconds = time.process_time() - started_at
    print(f"{currency}: {rows_written} rates in {taken_seconds:.1f} s")  # noqa: T201 - the time taken is what one runs this for

    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rates = list(sample_rate_rows(currency))
    assert tuple(rows[0]) == DECK_COLUMNS
    assert rows_written == len(rows) == len(rates)
    for row, rate in zip(rows, rates, strict=True):
        assert (row["prefix"], row["service"], row["destination"]) == (rate.prefix, rate.service, rate.destination)
        assert parse_micros(row["price_per_minute"]) == rate.price_per_minute_micros
        assert parse_micros(row["connection_fee"]) == rate.connection_fee_micros
    assert taken_seconds < 10


def test_the_same_deck_is_written_every_time(euro_rates: tuple[SampleRate, ...]) -> None:
    assert tuple(sample_rate_rows("EUR")) == euro_rates


def test_there_is_no_deck_in_another_currency() -> None:
    with pytest.raises(ValueError, match="GBP"):
        next(sample_rate_rows("GBP"))


def test_the_name_of_the_deck_says_that_its_prices_are_illustrative() -> None:
    assert "illustrative" in sample_deck_name("RON")
