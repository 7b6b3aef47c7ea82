"""Parties are read as the standards write them, and what is no number is not made one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.diameter.credit_control.addresses import number_of, user_of


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("tel:+40722000001", "+40722000001"),
        ("tel:+40-722-000.001", "+40722000001"),
        ("TEL:+1(206)5550100", "+12065550100"),
        ("tel:722000001;phone-context=+40", "+40722000001"),
        ("sip:+40722000001@ims.example", "+40722000001"),
        ("sip:+40722000001@ims.example:5060;user=phone", "+40722000001"),
        ("sips:+40722000001;ext=1@ims.example", "+40722000001"),
        ("<sip:+40722000001@ims.example>", "+40722000001"),
        ("sip:%2B40722000001@ims.example", "+40722000001"),
        ("sip:40722000001@ims.example", "+40722000001"),
        ("40722000001", "+40722000001"),
        ("0040722000001", "+40722000001"),
        ("tel:112", "112"),
        ("sip:112@ims.example", "112"),
        ("urn:service:sos", "112"),
        ("urn:service:sos.fire", "112"),
        ("0722000001", "0722000001"),
        ("sip:0722000001@ims.example", "0722000001"),
        ("sip:ana@ims.example", ""),
        ("sip:anonymous@anonymous.invalid", ""),
        ("", ""),
        ("tel:", ""),
        ("sip:@", ""),
    ],
)
def test_a_number_is_read_out_of_an_address(address: str, number: str) -> None:
    assert number_of(address) == number


@pytest.mark.parametrize(
    ("address", "user"),
    [
        ("ana@example.com", "ana@example.com"),
        ("sip:ana@example.com", "ana@example.com"),
        ("sip:ana@example.com;transport=tcp", "ana@example.com"),
        ("sip:+40722000001@example.com", ""),
        ("0722@example.com", ""),
        ("tel:+40722000001", ""),
        ("226011234567890", ""),
        ("@example.com", ""),
        ("ana@", ""),
        ("an a@example.com", ""),
    ],
)
def test_a_user_is_read_out_of_an_address(address: str, user: str) -> None:
    assert user_of(address) == user


@given(st.text(max_size=400))
def test_any_text_is_read_without_an_error_and_to_a_bounded_length(text: str) -> None:
    assert len(number_of(text)) <= 600
    assert len(user_of(text)) <= 256
