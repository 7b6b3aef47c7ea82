"""Receipts and billing details as they are answered.

Knows how amounts and instants are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from pydantic import BaseModel

from commcredits.core.money import format_micros
from commcredits.core.parties import Party
from commcredits.core.receipts import ReceiptCause, ReceiptDocument, ReceiptKind
from commcredits.core.taxes import TaxTreatment
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Time, time

_PERCENT = 100


class BillingDetails(BaseModel):
    """Who buys, or sells. ``tax_id_checked`` says that the check digits of the tax id are right."""

    legal_name: str
    address_lines: list[str]
    city: str
    postal_code: str
    county: str
    country: str
    tax_id: str
    tax_id_checked: bool
    registration_number: str
    mail: str
    reference: str


class ReceiptPaidWith(BaseModel):
    """What may be shown of the payment method."""

    kind: str
    brand: str
    last4: str


class CorrectedReceipt(BaseModel):
    """The receipt that a credit note corrects; ``issued_on`` is a day."""

    number: str
    issued_on: str


class OwnCurrencyTax(BaseModel):
    """The tax in the seller's own currency, and what one unit of the currency that was paid in is there."""

    currency: Currency
    amount: Amount
    rate: Amount


class Receipt(BaseModel):
    """A receipt or credit note, as it was issued. Days are calendar days where the seller is.

    ``tax_rate`` is in percent; ``supplied_on`` is the day of the payment.
    """

    number: str
    kind: ReceiptKind
    cause: ReceiptCause
    issued_at: Time
    issued_on: str
    supplied_on: str
    seller: BillingDetails
    buyer: BillingDetails
    currency: Currency
    net: Amount
    tax: Amount
    gross: Amount
    tax_treatment: TaxTreatment
    tax_rate: Amount
    tax_in_own_currency: OwnCurrencyTax | None
    paid_with: ReceiptPaidWith
    top_up_id: Identity
    refund_id: Identity | None
    corrects: CorrectedReceipt | None


def billing_details(party: Party) -> BillingDetails:
    """A party as it is answered."""
    return BillingDetails(
        legal_name=party.legal_name,
        address_lines=list(party.address_lines),
        city=party.city,
        postal_code=party.postal_code,
        county=party.county,
        country=party.country,
        tax_id=party.tax_id,
        tax_id_checked=party.tax_id_checked,
        registration_number=party.registration_number,
        mail=party.mail,
        reference=party.reference,
    )


def receipt(document: ReceiptDocument) -> Receipt:
    """A document as it is answered."""
    own, corrects = document.tax_in_own_currency, document.corrects
    return Receipt(
        number=document.number,
        kind=document.kind,
        cause=document.cause,
        issued_at=time(document.issued_at),
        issued_on=document.issued_on,
        supplied_on=document.supplied_on,
        seller=billing_details(document.seller),
        buyer=billing_details(document.buyer),
        currency=document.currency,
        net=format_micros(document.net_micros),
        tax=format_micros(document.tax_micros),
        gross=format_micros(document.gross_micros),
        tax_treatment=document.tax_treatment,
        tax_rate=format_micros(document.tax_rate_micros * _PERCENT),
        tax_in_own_currency=None
        if own is None
        else OwnCurrencyTax(
            currency=own.currency, amount=format_micros(own.micros), rate=format_micros(own.rate_micros)
        ),
        paid_with=ReceiptPaidWith(
            kind=document.paid_with.kind, brand=document.paid_with.brand, last4=document.paid_with.last4
        ),
        top_up_id=document.top_up_id,
        refund_id=document.refund_id or None,
        corrects=None if corrects is None else CorrectedReceipt(number=corrects.number, issued_on=corrects.issued_on),
    )
