"""Receipts and credit notes as documents: what a settled purchase, refund or lost dispute is written down as.

Knows what stands on one: a copy of everything as it was when it was issued (decision record 0018). Refuses to know
numbers in use, languages and layouts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.calendar import day_of
from commcredits.core.money import MICROS_PER_UNIT, divide_half_up
from commcredits.core.parties import Party
from commcredits.core.taxes import Tax, TaxTreatment

NUMBER_DIGITS_MIN: Final = 6
"""Numbers of a series are filled up with zeros to so many digits."""

_SUM_DIGITS: Final = 2
"""Decimal digits of the tax in the seller's own currency: e-invoices know no more (EN 16931, BR-DEC-15)."""


class ReceiptKind(StrEnum):
    """For money that came, or for money that went back."""

    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


class ReceiptCause(StrEnum):
    """What a document was issued for; each thing has one document at most."""

    TOP_UP = "top_up"
    REFUND = "refund"
    DISPUTE = "dispute"
    """The payer's bank has taken the money back."""


class ExchangeRate(Struct, frozen=True, kw_only=True, gc=False):
    """What one unit of ``currency`` is in the seller's tax currency, in millionths, from a day on."""

    currency: str
    from_day: str
    rate_micros: int


class ReceiptTerms(Struct, frozen=True, kw_only=True, gc=False):
    """Who sells, and how documents are numbered and dated.

    ``tax_currency`` is the currency in which the seller declares tax; empty where that need not be told.
    """

    seller: Party
    time_zone: str = "UTC"
    series: str = "CC"
    credit_note_series: str = "CN"
    tax_currency: str = ""
    exchange_rates: tuple[ExchangeRate, ...] = ()


class PaidWith(Struct, frozen=True, kw_only=True, gc=False):
    """What may be shown of the method that paid."""

    kind: str = ""
    brand: str = ""
    last4: str = ""


class Preceding(Struct, frozen=True, kw_only=True, gc=False):
    """The receipt that a credit note corrects."""

    number: str
    issued_on: str


class TaxInOwnCurrency(Struct, frozen=True, kw_only=True, gc=False):
    """The tax in the currency in which the seller declares it; ``rate_micros`` is that currency for one unit paid."""

    currency: str
    micros: int
    rate_micros: int


class ReceiptDocument(Struct, frozen=True, kw_only=True, gc=False):
    """A receipt or credit note, whole: nothing on it is looked up again. Amounts are never negative.

    Days are calendar days of the seller's time zone. ``supplied_on`` is the day of the settlement.
    """

    number: str
    kind: ReceiptKind
    cause: ReceiptCause
    issued_at: datetime
    issued_on: str
    supplied_on: str
    seller: Party
    buyer: Party
    currency: str
    minor_digits: int
    net_micros: int
    tax_micros: int
    gross_micros: int
    tax_treatment: TaxTreatment
    tax_rate_micros: int
    top_up_id: str
    paid_with: PaidWith
    refund_id: str = ""
    corrects: Preceding | None = None
    tax_in_own_currency: TaxInOwnCurrency | None = None


class Settled(Struct, frozen=True, kw_only=True, gc=False):
    """A purchase, refund or reversal that a document is owed for; ``tax`` is what the purchase was charged with.

    ``net_left_micros`` and ``tax_left_micros`` are what credit notes have left of ``receipt``, the receipt of the
    top-up, where this is what went back of it.
    """

    cause: ReceiptCause
    organization_id: str
    top_up_id: str
    settled_at: datetime
    currency: str
    minor_digits: int
    net_micros: int
    tax_micros: int
    tax: Tax
    buyer: Party
    paid_with: PaidWith
    refund_id: str = ""
    receipt: ReceiptDocument | None = None
    net_left_micros: int = 0
    tax_left_micros: int = 0

    @property
    def subject_id(self) -> str:
        """What the document is for: the refund, or else the top-up."""
        return self.refund_id or self.top_up_id


_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder(ReceiptDocument).decode


def write_receipt(document: ReceiptDocument) -> str:
    """The document as the text that is kept."""
    return _encode(document).decode()


def read_receipt(text: str) -> ReceiptDocument:
    """The document in a text that ``write_receipt`` wrote."""
    return _decode(text)


def receipt_number(series: str, sequence: int) -> str:
    """How the document of a series with this number is called: ``CC-000001``."""
    return f"{series}-{sequence:0{NUMBER_DIGITS_MIN}}"


def within_receipts(owed: Iterable[Settled]) -> tuple[Settled, ...]:
    """What credit notes are written for: each amount as far as the receipt, less those before it, goes.

    A bank may take again what a refund gave back; that is a debt of the buyer's, and no correction of the receipt.
    """
    credited: dict[str, tuple[int, int]] = {}
    kept = []
    for each in owed:
        if each.receipt is None:
            kept.append(each)
            continue
        net_before, tax_before = credited.get(each.top_up_id, (0, 0))
        net = min(each.net_micros, each.net_left_micros - net_before)
        tax = min(each.tax_micros, each.tax_left_micros - tax_before)
        if net + tax:
            credited[each.top_up_id] = (net_before + net, tax_before + tax)
            kept.append(replace(each, net_micros=net, tax_micros=tax))
    return tuple(kept)


def receipt_of(settled: Settled, terms: ReceiptTerms, *, number: str, issued_at: datetime) -> ReceiptDocument:
    """The document for something settled. A credit note is addressed, and its tax converted, as its receipt was."""
    receipt = settled.receipt
    supplied_on = day_of(settled.settled_at, terms.time_zone)
    return ReceiptDocument(
        number=number,
        kind=ReceiptKind.RECEIPT if settled.cause is ReceiptCause.TOP_UP else ReceiptKind.CREDIT_NOTE,
        cause=settled.cause,
        issued_at=issued_at,
        issued_on=day_of(issued_at, terms.time_zone),
        supplied_on=supplied_on,
        seller=terms.seller if receipt is None else receipt.seller,
        buyer=settled.buyer if receipt is None else receipt.buyer,
        currency=settled.currency,
        minor_digits=settled.minor_digits,
        net_micros=settled.net_micros,
        tax_micros=settled.tax_micros,
        gross_micros=settled.net_micros + settled.tax_micros,
        tax_treatment=settled.tax.treatment,
        tax_rate_micros=settled.tax.rate_micros,
        top_up_id=settled.top_up_id,
        paid_with=settled.paid_with,
        refund_id=settled.refund_id,
        corrects=None if receipt is None else Preceding(number=receipt.number, issued_on=receipt.issued_on),
        tax_in_own_currency=_in_own_currency(settled, terms, supplied_on),
    )


def _in_own_currency(settled: Settled, terms: ReceiptTerms, supplied_on: str) -> TaxInOwnCurrency | None:
    """The tax as the seller declares it; None where it need not be told, or no rate is known."""
    if settled.receipt is not None:
        known = settled.receipt.tax_in_own_currency
        return None if known is None else _converted(settled.tax_micros, known.currency, known.rate_micros)
    if not terms.tax_currency or terms.tax_currency == settled.currency:
        return None
    if not settled.tax_micros:
        return TaxInOwnCurrency(currency=terms.tax_currency, micros=0, rate_micros=0)
    rate = _rate_in_force(terms.exchange_rates, settled.currency, supplied_on)
    return None if rate is None else _converted(settled.tax_micros, terms.tax_currency, rate.rate_micros)


def _rate_in_force(rates: Iterable[ExchangeRate], currency: str, day: str) -> ExchangeRate | None:
    known = [rate for rate in rates if rate.currency == currency and rate.from_day <= day]
    return max(known, key=lambda rate: rate.from_day, default=None)


def _converted(tax_micros: int, currency: str, rate_micros: int) -> TaxInOwnCurrency:
    """Rounded half up to hundredths."""
    unit_micros: int = MICROS_PER_UNIT // 10**_SUM_DIGITS
    units = divide_half_up(tax_micros * rate_micros, MICROS_PER_UNIT * unit_micros)
    return TaxInOwnCurrency(currency=currency, micros=units * unit_micros, rate_micros=rate_micros)
