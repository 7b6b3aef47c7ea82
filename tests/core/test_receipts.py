"""Receipts as values: sums that agree, credit notes within what was paid, tax ids written one way."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.parties import Party
from commcredits.core.receipts import (
    ExchangeRate,
    PaidWith,
    ReceiptCause,
    ReceiptTerms,
    Settled,
    read_receipt,
    receipt_number,
    receipt_of,
    within_receipts,
    write_receipt,
)
from commcredits.core.tax_ids import read_tax_id
from commcredits.core.taxes import Tax, TaxTreatment, tax_share_micros

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TERMS = ReceiptTerms(
    seller=Party(legal_name="Exemplu SRL", country="RO"),
    tax_currency="RON",
    exchange_rates=(ExchangeRate(currency="EUR", from_day="2026-11-01", rate_micros=5_093_200),),
)
TAX = Tax(treatment=TaxTreatment.ON_TOP_UP, rate_micros=210_000)
CENTS = st.integers(min_value=1, max_value=10**8).map(lambda cents: cents * 10_000)


def _settled(net_micros: int, tax_micros: int, **fields: object) -> Settled:
    content: dict[str, Any] = {
        "cause": ReceiptCause.TOP_UP,
        "organization_id": "o",
        "top_up_id": "t",
        "settled_at": NOON,
        "currency": "EUR",
        "minor_digits": 2,
        "tax": TAX,
        "buyer": Party(legal_name="Alfa", country="RO"),
        "paid_with": PaidWith(),
        **fields,
    }
    return Settled(net_micros=net_micros, tax_micros=tax_micros, **content)


@given(net=CENTS, tax=st.integers(min_value=0, max_value=10**7).map(lambda cents: cents * 10_000))
def test_net_and_tax_are_gross_and_a_document_reads_back_as_it_was_written(net: int, tax: int) -> None:
    document = receipt_of(_settled(net, tax), TERMS, number=receipt_number("CC", 7), issued_at=NOON)
    assert document.net_micros + document.tax_micros == document.gross_micros
    assert read_receipt(write_receipt(document)) == document
    own = document.tax_in_own_currency
    assert own is not None
    assert own.micros % 10_000 == 0
    assert abs(own.micros * 1_000_000 - tax * 5_093_200) <= 5_000 * 1_000_000


@given(data=st.data(), net=CENTS, rate=st.integers(min_value=0, max_value=300_000))
def test_credit_notes_in_any_parts_add_up_and_never_to_more_than_was_paid(
    data: st.DataObject, net: int, rate: int
) -> None:
    tax = (2 * net * rate + 10**10) // (2 * 10**10) * 10_000
    receipt = receipt_of(_settled(net, tax), TERMS, number="CC-000001", issued_at=NOON)
    owed: list[Settled] = []
    until = 0
    while until < net:
        part = data.draw(st.integers(min_value=1, max_value=(net - until) // 10_000)) * 10_000
        before, after = (
            tax_share_micros(tax_micros=tax, amount_micros=net, part_micros=point, minor_digits=2)
            for point in (until, until + part)
        )
        until += part
        owed.append(
            _settled(
                part, after - before, cause=ReceiptCause.REFUND, refund_id=f"r{len(owed)}", receipt=receipt,
                net_left_micros=net, tax_left_micros=tax,
            )
        )  # fmt: skip
        if len(owed) > 5:
            break
    kept = within_receipts([*owed, *owed])
    refunded = sum(each.net_micros for each in owed)
    assert kept[: len(owed)] == tuple(owed)
    assert sum(each.net_micros for each in kept) == min(net, 2 * refunded)
    assert sum(each.tax_micros for each in kept) <= tax
    if refunded == net:
        assert sum(each.tax_micros for each in owed) == tax


def test_numbers_sort_as_they_were_given_until_a_million_and_go_on_after_it() -> None:
    assert [receipt_number("CC", sequence) for sequence in (1, 999_999, 1_000_000)] == [
        "CC-000001",
        "CC-999999",
        "CC-1000000",
    ]


@pytest.mark.parametrize(
    ("country", "text", "written", "checked"),
    [
        ("RO", "18547290", "RO18547290", True),
        ("RO", " ro 18547290 ", "RO18547290", True),
        ("DE", "DE 136 695 976", "DE136695976", True),
        ("GR", "094259216", "EL094259216", True),
        ("GB", "GB 980 7806 84", "980780684", True),
        ("MD", "1003600012", "1003600012", False),
    ],
)
def test_a_tax_id_is_written_one_way(country: str, text: str, written: str, checked: bool) -> None:  # noqa: FBT001 - a table of cases
    read = read_tax_id(country, text)
    assert read is not None
    assert (read.text, read.checked) == (written, checked)


@pytest.mark.parametrize(
    ("country", "text"),
    [("RO", "18547291"), ("RO", "DE136695976"), ("DE", ""), ("GB", "123456789"), ("MD", "x" * 31), ("MD", "a\u202eb")],
)
def test_what_is_no_tax_id_is_none(country: str, text: str) -> None:
    assert read_tax_id(country, text) is None
