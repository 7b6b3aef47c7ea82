"""Documents to be rendered: every tax treatment, as receipt and as credit note, in several currencies.

Knows how one is made without a database. Refuses to know formats.
"""

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from commcredits.core.parties import Party
from commcredits.core.receipts import (
    ExchangeRate,
    PaidWith,
    ReceiptCause,
    ReceiptDocument,
    ReceiptTerms,
    Settled,
    receipt_of,
)
from commcredits.core.taxes import Tax, TaxTreatment
from commcredits.edges import translations
from commcredits.edges.receipts.sheet import Sheet, sheet_of
from tests.operations.selling import BUYER, TERMS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CARD = PaidWith(kind="card", brand="Visa", last4="4242")
BANK = PaidWith(kind="bank_transfer", brand="", last4="")
ROMANIAN = replace(BUYER, tax_id_checked=True)
GERMAN = Party(
    legal_name="Beispiel GmbH",
    address_lines=("Hauptstraße 1",),
    city="Berlin",
    country="DE",
    tax_id="DE136695976",
    tax_id_checked=True,
)
BRITISH = Party(
    legal_name="Example Ltd", address_lines=("1 High Street",), city="Leeds", country="GB", tax_id="980780684",
    tax_id_checked=True, registration_number="01234567",
)  # fmt: skip
GERMAN_SELLER = ReceiptTerms(
    seller=replace(GERMAN, iban="DE89370400440532013000", mail="rechnung@example.com"), time_zone="Europe/Berlin"
)
BRITISH_SELLER = ReceiptTerms(seller=BRITISH, time_zone="Europe/London")
WITH_YEN = replace(
    TERMS,
    exchange_rates=(*TERMS.exchange_rates, ExchangeRate(currency="JPY", from_day="2026-01-01", rate_micros=29_400)),
)
TREATMENTS = {
    "taxed": Tax(treatment=TaxTreatment.ON_TOP_UP, rate_micros=210_000),
    "taxed at a rate with decimals": Tax(treatment=TaxTreatment.ON_TOP_UP, rate_micros=55_000),
    "taxed at zero": Tax(treatment=TaxTreatment.ON_TOP_UP, rate_micros=0),
    "reverse charge": Tax(treatment=TaxTreatment.REVERSE_CHARGE),
    "taxed on use": Tax(treatment=TaxTreatment.ON_USE, rate_micros=200_000),
    "not taxed": Tax(treatment=TaxTreatment.NONE),
}
"""Each treatment, without an amount."""


def paper(tax: Tax = TREATMENTS["taxed"], *, terms: ReceiptTerms = WITH_YEN, **fields: Any) -> ReceiptDocument:
    """The receipt of 1,250.00 net."""
    currency = fields.get("currency", "EUR")
    digits = 0 if currency == "JPY" else 2
    net = fields.get("net_micros", 1_250_000_000)
    due = tax.treatment is TaxTreatment.ON_TOP_UP
    # Half up to the minor unit, as a purchase is taxed.
    unit = 10 ** (6 - digits)
    charged = (2 * net * tax.rate_micros + 10**6 * unit) // (2 * 10**6 * unit) * unit if due else 0
    content = {
        "cause": ReceiptCause.TOP_UP,
        "organization_id": "01a20676-7205-7000-815e-f9d360e8af00",
        "top_up_id": "01a20676-7205-7000-815e-f9d360e8afcc",
        "settled_at": NOON,
        "currency": currency,
        "minor_digits": digits,
        "net_micros": net,
        "tax_micros": charged,
        "buyer": ROMANIAN,
        "paid_with": CARD,
        **fields,
    }
    settled = Settled(tax=replace(tax, micros=charged), **content)
    return receipt_of(settled, terms, number="CC-000001", issued_at=NOON)


def credit_note(receipt: ReceiptDocument, terms: ReceiptTerms = WITH_YEN) -> ReceiptDocument:
    """The credit note for all of a receipt."""
    settled = Settled(
        cause=ReceiptCause.REFUND,
        organization_id="01a20676-7205-7000-815e-f9d360e8af00",
        top_up_id=receipt.top_up_id,
        refund_id="01a20676-7205-7000-815e-f9d360e8afdd",
        settled_at=NOON,
        currency=receipt.currency,
        minor_digits=receipt.minor_digits,
        net_micros=receipt.net_micros,
        tax_micros=receipt.tax_micros,
        tax=Tax(treatment=receipt.tax_treatment, rate_micros=receipt.tax_rate_micros, micros=receipt.tax_micros),
        buyer=receipt.buyer,
        paid_with=receipt.paid_with,
        receipt=receipt,
    )
    return receipt_of(settled, terms, number="CN-000001", issued_at=NOON)


def sheet(document: ReceiptDocument, language: str = "en") -> Sheet:
    """The sheet of a document."""
    return sheet_of(document, language, translations.load(language).gettext)
