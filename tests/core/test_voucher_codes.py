"""Codes of vouchers are read as they were written, and a slip of the finger is noticed before anybody is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.voucher_codes import CODE_BITS, read_code, write_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
bits_of_a_code = st.integers(0, 2**CODE_BITS - 1)


def test_a_code_carries_more_randomness_than_anybody_can_try_through() -> None:
    assert CODE_BITS >= 80
    assert write_code(0) == "00000-00000-00000-00000"
    assert write_code(1) == "00000-00000-00000-00012"


@given(bits=bits_of_a_code, filling=st.text(alphabet=" -", max_size=3), small=st.booleans())
def test_a_code_is_read_back_however_it_is_typed(bits: int, filling: str, *, small: bool) -> None:
    code = write_code(bits)
    typed = filling.join(code.split("-"))
    assert read_code(typed.lower() if small else typed) == code


@given(bits_of_a_code)
def test_letters_that_look_like_digits_are_read_as_digits(bits: int) -> None:
    code = write_code(bits)
    assert read_code(code.replace("0", "O").replace("1", "I")) == code
    assert read_code(code.replace("0", "o").replace("1", "l")) == code


@given(bits_of_a_code, bits_of_a_code)
def test_two_codes_are_two(one: int, other: int) -> None:
    assert (write_code(one) == write_code(other)) == (one == other)


@given(bits_of_a_code, st.integers(0, 19), st.integers(1, 31))
def test_any_single_wrong_sign_is_noticed(bits: int, place: int, shift: int) -> None:
    signs = write_code(bits).replace("-", "")
    wrong = ALPHABET[(ALPHABET.index(signs[place]) + shift) % 32]
    assert read_code(signs[:place] + wrong + signs[place + 1 :]) is None


@given(bits_of_a_code, st.integers(0, 19), st.integers(0, 19))
def test_any_two_signs_in_each_others_place_are_noticed(bits: int, one: int, other: int) -> None:
    signs = list(write_code(bits).replace("-", ""))
    swapped = signs.copy()
    swapped[one], swapped[other] = signs[other], signs[one]
    assert (read_code("".join(swapped)) is None) == (signs[one] != signs[other])


@given(st.text(max_size=80))
def test_other_text_is_no_code_and_breaks_nothing(text: str) -> None:
    read = read_code(text)
    assert read is None or read_code(read) == read


def test_a_code_of_more_bits_is_a_bug() -> None:
    with pytest.raises(ValueError, match="95 bits"):
        write_code(2**CODE_BITS)
