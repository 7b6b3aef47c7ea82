"""What stands on a receipt in one language, in order: labels and texts, ready to be laid out as a page.

Knows the sentences. Refuses to know markup: HTML and PDF lay out the same sheet, so that they cannot say two things.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commcredits.core.parties import Party
from commcredits.core.receipts import ReceiptCause, ReceiptDocument, ReceiptKind
from commcredits.core.tax_ids import is_eu_member
from commcredits.core.taxes import TaxTreatment
from commcredits.edges.receipts.formats import NO_BREAK_SPACE, ReceiptFormats
from commcredits.edges.translations import marked

Translate = Callable[[str], str]
"""A sentence in the language of the sheet."""

_TITLES = {ReceiptKind.RECEIPT: marked("Receipt"), ReceiptKind.CREDIT_NOTE: marked("Credit note")}
_VAT, _TAX = marked("VAT"), marked("Tax")
_NOTES_OF_TREATMENTS = {
    TaxTreatment.REVERSE_CHARGE: marked("Reverse charge: the buyer owes the tax."),
    TaxTreatment.ON_USE: marked("No tax is due on this purchase. It is due when the credits are used."),
    TaxTreatment.NONE: marked("No tax is charged on this purchase."),
}
_WHAT = {
    ReceiptCause.TOP_UP: marked("Communication credits"),
    ReceiptCause.REFUND: marked("Refund of communication credits"),
    ReceiptCause.DISPUTE: marked("Payment taken back by the payer's bank"),
}
_TAX_DIGITS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A value with what it is; ``strong`` for the sum that counts most."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyBlock:
    """Seller or buyer: a heading, the name, and lines under it."""

    heading: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A receipt ready to be laid out; ``columns`` head the cells of the one ``row``."""

    language: str
    title: str
    number: str
    facts: tuple[Labelled, ...]
    parties: tuple[PartyBlock, PartyBlock]
    columns: tuple[str, ...]
    row: tuple[str, ...]
    totals: tuple[Labelled, ...]
    notes: tuple[str, ...]


def sheet_of(document: ReceiptDocument, language: str, translate: Translate) -> Sheet:
    """The sheet of a document; ``translate`` speaks ``language``."""
    formats = ReceiptFormats(language=language)
    tax = translate(_VAT if is_eu_member(document.seller.country) else _TAX)
    return Sheet(
        language=language,
        title=translate(_TITLES[document.kind]),
        number=document.number,
        facts=_facts(document, formats, translate),
        parties=(
            _party(translate(marked("Seller")), document.seller, formats, translate),
            _party(translate(marked("Buyer")), document.buyer, formats, translate),
        ),
        columns=(
            translate(marked("Description")),
            translate(marked("Net amount")),
            translate(marked("%(tax)s rate")) % {"tax": tax},
            tax,
            translate(marked("Gross amount")),
        ),
        row=(
            translate(_WHAT[document.cause]),
            _money(document.net_micros, document, formats),
            _rate(document, formats),
            _money(document.tax_micros, document, formats),
            _money(document.gross_micros, document, formats),
        ),
        totals=_totals(document, tax, formats, translate),
        notes=_notes(document, translate),
    )


def _facts(document: ReceiptDocument, formats: ReceiptFormats, translate: Translate) -> tuple[Labelled, ...]:
    paid = document.kind is ReceiptKind.RECEIPT
    facts = [
        Labelled(label=translate(marked("Issued on")), value=formats.day(document.issued_on)),
        Labelled(
            label=translate(marked("Paid on") if paid else marked("Paid back on")),
            value=formats.day(document.supplied_on),
        ),
    ]
    if document.corrects is not None:
        corrected = translate(marked("%(number)s of %(day)s")) % {
            "number": document.corrects.number,
            "day": formats.day(document.corrects.issued_on),
        }
        facts.append(Labelled(label=translate(marked("Corrects receipt")), value=corrected))
    method = _method(document)
    if method:
        facts.append(Labelled(label=translate(marked("Payment method")), value=method))
    if document.buyer.reference:
        facts.append(Labelled(label=translate(marked("Your reference")), value=document.buyer.reference))
    facts.append(Labelled(label=translate(marked("Top-up")), value=document.top_up_id))
    return tuple(facts)


def _method(document: ReceiptDocument) -> str:
    shown = document.paid_with.brand or document.paid_with.kind
    return f"{shown} •••• {document.paid_with.last4}" if document.paid_with.last4 else shown


def _party(heading: str, party: Party, formats: ReceiptFormats, translate: Translate) -> PartyBlock:
    place = " ".join(part for part in (party.postal_code, party.city) if part)
    land = ", ".join(part for part in (party.county, formats.country(party.country)) if part)
    lines = [*party.address_lines, place, land]
    if party.tax_id:
        lines.append(translate(marked("Tax ID: %(value)s")) % {"value": party.tax_id})
    if party.registration_number:
        lines.append(translate(marked("Registration number: %(value)s")) % {"value": party.registration_number})
    if party.mail:
        lines.append(party.mail)
    if party.iban:
        lines.append(f"IBAN: {party.iban}")
    return PartyBlock(heading=heading, name=party.legal_name, lines=tuple(line for line in lines if line))


def _rate(document: ReceiptDocument, formats: ReceiptFormats) -> str:
    charged = document.tax_treatment is TaxTreatment.ON_TOP_UP
    return formats.percent(document.tax_rate_micros) if charged else "–"


def _totals(document: ReceiptDocument, tax: str, formats: ReceiptFormats, translate: Translate) -> tuple[Labelled, ...]:
    paid = document.kind is ReceiptKind.RECEIPT
    rate = _rate(document, formats)
    totals = [
        Labelled(label=translate(marked("Net amount")), value=_money(document.net_micros, document, formats)),
        Labelled(label=tax if rate == "–" else f"{tax} {rate}", value=_money(document.tax_micros, document, formats)),
        Labelled(
            label=translate(marked("Total paid") if paid else marked("Total paid back")),
            value=_money(document.gross_micros, document, formats),
            strong=True,
        ),
    ]
    own = document.tax_in_own_currency
    if own is not None and own.micros:
        label = translate(marked("%(tax)s in %(currency)s, at %(rate)s for 1 %(paid_in)s")) % {
            "tax": tax,
            "currency": own.currency,
            "rate": formats.rate(own.rate_micros),
            "paid_in": document.currency,
        }
        totals.append(Labelled(label=label, value=formats.money(own.micros, own.currency, _TAX_DIGITS)))
    return tuple(totals)


def _notes(document: ReceiptDocument, translate: Translate) -> tuple[str, ...]:
    note = _NOTES_OF_TREATMENTS.get(document.tax_treatment)
    settled = (
        translate(marked("Paid in full. Nothing is left to pay."))
        if document.kind is ReceiptKind.RECEIPT
        else translate(marked("The amount went back to the payment method that paid."))
    )
    return (settled,) if note is None else (translate(note), settled)


def _money(amount_micros: int, document: ReceiptDocument, formats: ReceiptFormats) -> str:
    return formats.money(amount_micros, document.currency, document.minor_digits).replace(" ", NO_BREAK_SPACE)
