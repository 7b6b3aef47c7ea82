"""Money: whole millionths in, whole millionths out, and every division says how it rounds."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.money import (
    AMOUNT_MICROS_MAX,
    Money,
    MoneyError,
    divide_down,
    divide_half_up,
    divide_up,
    format_micros,
    parse_micros,
)

amounts = st.integers(-AMOUNT_MICROS_MAX, AMOUNT_MICROS_MAX)
numerators = st.integers(-(10**30), 10**30)
denominators = st.integers(1, 10**12)


@given(amounts)
def test_an_amount_that_was_written_reads_back_the_same(amount_micros: int) -> None:
    assert parse_micros(format_micros(amount_micros)) == amount_micros


@given(amounts)
def test_a_written_amount_has_exactly_six_decimals(amount_micros: int) -> None:
    whole, point, fraction = format_micros(amount_micros).partition(".")
    assert point == "."
    assert len(fraction) == 6
    assert whole.lstrip("-").isdecimal()


@pytest.mark.parametrize(
    ("text", "amount_micros"),
    [
        ("50", 50_000_000),
        ("50.00", 50_000_000),
        ("47.700000", 47_700_000),
        ("0.000001", 1),
        ("-0.000001", -1),
        ("-0", 0),
        ("0012.5", 12_500_000),
        ("1000000000", AMOUNT_MICROS_MAX),
    ],
)
def test_a_plain_decimal_is_an_amount(text: str, amount_micros: int) -> None:
    assert parse_micros(text) == amount_micros


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", ".", "1.", ".5", "+5", "--5", "5-", " 5", "5 ", "5\n", "\n5", "5\x00", "1,5", "1.000,00",
        "1 000", "1_000", "1e3", "1E-6", "0x10", "NaN", "nan", "Infinity", "-inf", "0.0000001",
        "12345678901", "1000000000.000001", "-1000000000.000001", "٥٠", "５０", "⁵", "½", "€5", "5€", "5 EUR", "1.2.3",
        "null", "9" * 10_000,
    ],
)  # fmt: skip
def test_a_hostile_text_is_not_an_amount(text: str) -> None:
    with pytest.raises(MoneyError) as caught:
        parse_micros(text)
    assert len(str(caught.value)) < 200


@given(st.text())
def test_any_text_is_an_amount_in_range_or_refused(text: str) -> None:
    try:
        amount_micros = parse_micros(text)
    except MoneyError:
        return
    assert abs(amount_micros) <= AMOUNT_MICROS_MAX
    assert Fraction(amount_micros, 1_000_000) == Fraction(text)


@given(numerators, denominators)
def test_divisions_round_as_their_names_say(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert divide_up(numerator, denominator) == ceil(exact)
    assert divide_down(numerator, denominator) == floor(exact)
    assert divide_half_up(numerator, denominator) == floor(exact + Fraction(1, 2))


def test_a_half_is_rounded_towards_plus_infinity() -> None:
    assert [divide_half_up(numerator, 2) for numerator in (-3, -1, 1, 3)] == [-1, 0, 1, 2]


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "EU", "E1R", "EUR\n", "ЕUR", "ＥＵＲ"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(MoneyError, match="three capital letters"):
        Money(amount_micros=1, currency=currency)


@given(amounts, amounts)
def test_what_is_added_can_be_taken_away(one: int, other: int) -> None:
    first, second = Money(amount_micros=one, currency="EUR"), Money(amount_micros=other, currency="EUR")
    assert first + second - second == first
    assert (first < second) == (one < other)


def test_two_currencies_never_meet() -> None:
    euros, lei = Money(amount_micros=1, currency="EUR"), Money(amount_micros=1, currency="RON")
    for meeting in (Money.__add__, Money.__sub__, Money.__lt__):
        with pytest.raises(MoneyError, match="two currencies"):
            meeting(euros, lei)
    assert euros != lei


def test_money_says_its_currency() -> None:
    assert str(Money(amount_micros=-12_300_000, currency="EUR")) == "-12.300000 EUR"
