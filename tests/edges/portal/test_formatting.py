"""Money, dates and numbers as each language writes them, and amounts as each language types them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.edges.portal import charts
from commcredits.edges.portal.formatting import AmountProblem, Formats, currency_digits
from commcredits.edges.portal.ports import DayOfConsumptionView

NBSP = "\u00a0"
ENGLISH = Formats(language="en", time_zone="Europe/Bucharest")
ROMANIAN = Formats(language="ro", time_zone="Europe/Bucharest")
INSTANT = datetime(2027, 11, 22, 22, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("micros", "currency", "english", "romanian"),
    [
        (1_234_567_900_000, "RON", "RON_1,234,567.90", "1.234.567,90_RON"),
        (500_000_000, "EUR", "EUR_500.00", "500,00_EUR"),
        (3_600, "EUR", "EUR_0.0036", "0,0036_EUR"),
        (1, "USD", "USD_0.000001", "0,000001_USD"),
        (-3_840_000, "USD", "-USD_3.84", "-3,84_USD"),
        (1_500_000_000, "JPY", "JPY_1,500", "1.500_JPY"),
        (1_500_000, "KWD", "KWD_1.500", "1,500_KWD"),
        (1_500_000, "RSD", "RSD_1.50", "1,50_RSD"),
        (0, "EUR", "EUR_0.00", "0,00_EUR"),
    ],
)
def test_money_is_exact_and_names_its_currency_by_code(micros: int, currency: str, english: str, romanian: str) -> None:
    assert ENGLISH.money(micros, currency) == english.replace("_", NBSP)
    assert ROMANIAN.money(micros, currency) == romanian.replace("_", NBSP)


def test_a_headline_never_shows_more_than_there_is() -> None:
    assert ROMANIAN.money_down(9_999_999, "EUR") == f"9,99{NBSP}EUR"
    assert ROMANIAN.money_down(-1, "EUR") == f"-0,01{NBSP}EUR"
    assert ENGLISH.money_down(1_999_999, "JPY") == f"JPY{NBSP}1"


def test_what_comes_in_has_its_sign() -> None:
    assert ROMANIAN.added(500_000_000, "EUR") == f"+500,00{NBSP}EUR"


def test_digits_of_a_currency_are_those_of_the_standard() -> None:
    assert [currency_digits(code) for code in ("EUR", "JPY", "KWD", "RSD", "IQD", "XXX", "???")] == [
        2,
        0,
        3,
        2,
        3,
        0,
        2,
    ]


def test_instants_are_shown_in_the_zone_of_the_organization() -> None:
    assert ENGLISH.day(INSTANT) == f"23{NBSP}Nov{NBSP}2027"
    assert ROMANIAN.day(INSTANT) == f"23{NBSP}nov.{NBSP}2027"
    assert ROMANIAN.minute(INSTANT) == f"23{NBSP}nov., 00:30"
    assert ENGLISH.second(INSTANT) == f"23{NBSP}Nov{NBSP}2027, 00:30:05"
    assert ENGLISH.machine(INSTANT) == "2027-11-22T22:30:05Z"
    assert ROMANIAN.calendar_day(date(2026, 11, 22)) == f"22{NBSP}nov."
    assert ROMANIAN.calendar_day_long(date(2026, 11, 22)) == "22 noiembrie 2026"
    assert ENGLISH.month(INSTANT) == f"November{NBSP}2027"


def test_funds_that_never_expire_have_a_day_too() -> None:
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert ENGLISH.day(never) == f"31{NBSP}Dec{NBSP}9999"
    assert ENGLISH.second(never).endswith("23:59:59")


def test_counts_take_the_languages_plural() -> None:
    assert [ROMANIAN.days(number) for number in (1, 2, 24, 101)] == ["1 zi", "2 zile", "24 de zile", "101 zile"]
    assert ENGLISH.days(24) == "24 days"
    assert ROMANIAN.count(12_345) == "12.345"


def test_a_duration_is_short() -> None:
    assert [ENGLISH.duration(seconds) for seconds in (0, 59, 272, 3_600, 4_000)] == [
        "0s",
        "59s",
        f"4m{NBSP}32s",
        "1h",
        f"1h{NBSP}6m",
    ]
    assert ROMANIAN.duration(272) == f"4{NBSP}min.{NBSP}32{NBSP}s"


def test_a_number_is_spaced_and_a_masked_or_short_one_is_left_alone() -> None:
    assert ENGLISH.phone("+40215550101") == f"+40{NBSP}21{NBSP}555{NBSP}0101"
    for untouched in ("+40744***", "112", "", "anonymous"):
        assert ENGLISH.phone(untouched) == untouched


@pytest.mark.parametrize(
    ("typed", "english", "romanian"),
    [
        ("1.234,50", AmountProblem.NOT_AN_AMOUNT, 1_234_500_000),
        ("1,234.50", 1_234_500_000, AmountProblem.NOT_AN_AMOUNT),
        ("1234", 1_234_000_000, 1_234_000_000),
        ("1.234", AmountProblem.TOO_MANY_DECIMALS, 1_234_000_000),
        ("1,234", 1_234_000_000, AmountProblem.TOO_MANY_DECIMALS),
        ("12.34", 12_340_000, AmountProblem.NOT_AN_AMOUNT),
        ("1,23,456", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        (f" 50{NBSP}", 50_000_000, 50_000_000),
        ("", AmountProblem.MISSING, AmountProblem.MISSING),
        ("+50", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("-50", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("5e1", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("50 EUR", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("50_000", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("٥٠", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("Infinity", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("9" * 40, AmountProblem.TOO_LARGE, AmountProblem.TOO_LARGE),
        ("9" * 20, AmountProblem.TOO_LARGE, AmountProblem.TOO_LARGE),
        (".", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
        ("50,", AmountProblem.NOT_AN_AMOUNT, AmountProblem.NOT_AN_AMOUNT),
    ],
)
def test_an_amount_is_read_in_the_languages_own_way_alone(
    typed: str, english: int | AmountProblem, romanian: int | AmountProblem
) -> None:
    assert ENGLISH.parse_amount(typed, "EUR") == english
    assert ROMANIAN.parse_amount(typed, "EUR") == romanian


def test_a_currency_without_decimals_takes_whole_amounts_alone() -> None:
    assert ENGLISH.parse_amount("1,500", "JPY") == 1_500_000_000
    assert ENGLISH.parse_amount("1500.5", "JPY") is AmountProblem.TOO_MANY_DECIMALS
    assert ENGLISH.amount(1_234_000_000, "JPY") == "1,234"


@given(
    cents=st.integers(min_value=0, max_value=AMOUNT_MICROS_MAX // 10_000),
    formats=st.sampled_from([ENGLISH, ROMANIAN]),
)
def test_what_the_portal_writes_into_a_field_it_reads_back(cents: int, formats: Formats) -> None:
    micros = cents * 10_000
    assert formats.parse_amount(formats.typed_amount(micros, "EUR"), "EUR") == micros
    assert formats.parse_amount(formats.amount(micros, "EUR"), "EUR") == micros


@given(text=st.text(max_size=30), formats=st.sampled_from([ENGLISH, ROMANIAN]))
def test_nothing_that_is_typed_breaks_the_reading(text: str, formats: Formats) -> None:
    read = formats.parse_amount(text, "EUR")
    assert isinstance(read, AmountProblem) or 0 <= read <= AMOUNT_MICROS_MAX


@given(charges=st.lists(st.integers(min_value=0, max_value=10**12), max_size=40))
def test_bars_stay_inside_the_drawing_and_every_charge_shows(charges: list[int]) -> None:
    days = [DayOfConsumptionView(day=date(2026, 11, 1), charged_micros=each) for each in charges]
    drawn = charts.bars(days)
    assert len(drawn) == (len(days) if any(charges) else 0)
    for bar in drawn:
        assert bar.x >= 0
        assert bar.x + bar.width <= charts.CHART_WIDTH
        assert bar.y >= 0
        assert bar.y + bar.height == charts.CHART_HEIGHT
        assert (bar.height > 0) == (bar.consumption.charged_micros > 0)
        assert bar.width > 0


@given(part=st.integers(-(10**15), 10**15), whole=st.integers(-(10**15), 10**15))
def test_a_share_stays_inside_its_bar(part: int, whole: int) -> None:
    assert 0 <= charts.share(part, whole, 600) <= 600
