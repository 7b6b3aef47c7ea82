"""Money becomes minor units exactly, or is refused with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.gateways.minor_units import (
    MinorUnitRule,
    NotWholeMinorUnits,
    UnknownCurrency,
    from_minor_units,
    minor_unit_rule,
    minor_unit_step_micros,
    to_minor_units,
)

TWO_DECIMAL_KRONA = {"ISK": MinorUnitRule(digits=2, step_minor=100), "KWD": MinorUnitRule(digits=3, step_minor=10)}


@pytest.mark.parametrize(
    ("currency", "amount_micros", "amount_minor"),
    [
        ("EUR", 50_000_000, 5_000),
        ("RON", 10_000, 1),
        ("JPY", 50_000_000, 50),
        ("KWD", 1_234_000, 1_234),
        ("CLF", 100, 1),
        # The common locale data shows these without decimals; ISO 4217 counts them with.
        ("RSD", 10_000, 1),
        ("IQD", 1_000, 1),
        ("ALL", 10_000, 1),
        ("MGA", 10_000, 1),
    ],
)
def test_digits_come_from_iso_4217(currency: str, amount_micros: int, amount_minor: int) -> None:
    assert to_minor_units(amount_micros, currency) == amount_minor


def test_an_amount_between_two_cents_is_refused_and_says_what_is_payable() -> None:
    assert to_minor_units(50_001_000, "EUR") == NotWholeMinorUnits(
        amount_micros=50_001_000, currency="EUR", step_micros=10_000
    )


def test_half_a_yen_is_refused() -> None:
    assert isinstance(to_minor_units(500_000, "JPY"), NotWholeMinorUnits)


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "XAU", "XDR", "ZZZ", "EU\n", "ЕUR"])
def test_what_nobody_pays_with_is_refused(currency: str) -> None:
    assert to_minor_units(1_000_000, currency) == UnknownCurrency(currency=currency)
    assert from_minor_units(1, currency) == UnknownCurrency(currency=currency)
    assert minor_unit_step_micros(currency) == UnknownCurrency(currency=currency)


def test_a_gateway_counts_by_its_own_exceptions() -> None:
    assert to_minor_units(500_000_000, "ISK") == 500
    assert to_minor_units(500_000_000, "ISK", TWO_DECIMAL_KRONA) == 50_000
    assert from_minor_units(50_000, "ISK", TWO_DECIMAL_KRONA) == 500_000_000


def test_an_exception_does_not_make_a_fraction_payable() -> None:
    assert to_minor_units(500_500_000, "ISK", TWO_DECIMAL_KRONA) == NotWholeMinorUnits(
        amount_micros=500_500_000, currency="ISK", step_micros=1_000_000
    )
    assert minor_unit_step_micros("KWD", TWO_DECIMAL_KRONA) == 10_000
    assert isinstance(to_minor_units(1_234_000, "KWD", TWO_DECIMAL_KRONA), NotWholeMinorUnits)


@pytest.mark.parametrize("rule", [{"digits": -1}, {"digits": 7}, {"digits": 2, "step_minor": 0}])
def test_a_rule_that_can_not_be_is_not_made(rule: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        MinorUnitRule(**rule)


@given(
    amount_minor=st.integers(min_value=-(10**15), max_value=10**15),
    currency=st.sampled_from(["EUR", "USD", "RON", "JPY", "KWD", "CLF", "ISK", "HUF"]),
)
def test_there_and_back_is_the_same_amount(amount_minor: int, currency: str) -> None:
    amount_micros = from_minor_units(amount_minor, currency)
    assert isinstance(amount_micros, int)
    assert to_minor_units(amount_micros, currency) == amount_minor


@given(amount_micros=st.integers(min_value=0, max_value=10**15), currency=st.sampled_from(["EUR", "JPY", "KWD", "ISK"]))
def test_exactly_the_multiples_of_the_step_are_payable(amount_micros: int, currency: str) -> None:
    step_micros = minor_unit_step_micros(currency, TWO_DECIMAL_KRONA)
    assert isinstance(step_micros, int)
    payable = isinstance(to_minor_units(amount_micros, currency, TWO_DECIMAL_KRONA), int)
    assert payable == (amount_micros % step_micros == 0)


def test_a_rule_is_found_for_every_currency_in_the_sample() -> None:
    assert minor_unit_rule("EUR") == MinorUnitRule(digits=2)
    assert minor_unit_rule("ISK", TWO_DECIMAL_KRONA) == MinorUnitRule(digits=2, step_minor=100)
