"""Telephone numbers: only the international form passes."""

import pytest

from commcredits.core.numbers import EMERGENCY_NUMBERS, is_e164


@pytest.mark.parametrize("number", ["+40722000001", "+12025550123", "+80012345678", "+29012", "+123456789012345"])
def test_a_number_in_international_form_is_one(number: str) -> None:
    assert is_e164(number)


@pytest.mark.parametrize(
    "number",
    [
        "", "+", "112", "40722000001", "0040722000001", "+0722000001", "+4072", "+1234567890123456", "+40 722 000 001",
        "+40-722", "+40722000001\n", " +40722000001", "++40722000001", "+4072200000a",
        "+٤٠٧٢٢٠٠٠٠٠١", "tel:+40722000001",
    ],
)  # fmt: skip
def test_anything_else_is_not_a_number(number: str) -> None:
    assert not is_e164(number)


def test_no_emergency_number_could_be_taken_for_a_number_that_is_charged() -> None:
    assert not any(is_e164(number) or is_e164("+" + number) for number in EMERGENCY_NUMBERS)
