"""A receipt as an e-invoice: EN 16931 in UBL 2.1, through factur-x.

Knows which term of the standard (BT-…, BG-…) each field is, and the category of each tax treatment. Refuses a document
that the standard cannot say, and to claim that a tax office takes it. An extra: factur-x is loaded by whoever writes
one.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any, Final

from commcredits.core.money import MICROS_PER_UNIT
from commcredits.core.outcomes import Refused
from commcredits.core.parties import Party
from commcredits.core.receipts import ReceiptDocument, ReceiptKind
from commcredits.core.tax_ids import is_eu_member
from commcredits.core.taxes import TaxTreatment
from commcredits.edges.receipts.formats import decimal_text
from commcredits.edges.receipts.romania import CIUS_RO, is_romanian, refuse_for_romania
from commcredits.edges.receipts.sheet import Sheet
from commcredits.operations.inputs import invalid_input

_SUM_DIGITS: Final = 2
"""The standard knows sums with two decimals at most (BR-DEC-…)."""

_SUM_STEP_MICROS: Final = MICROS_PER_UNIT // 10**_SUM_DIGITS
_PIECE: Final = "C62"
_TYPES: Final = {ReceiptKind.RECEIPT: "380", ReceiptKind.CREDIT_NOTE: "381"}
_NOT_SUBJECT: Final = "O"
_REVERSE_CHARGE: Final = "AE"
_REASON_CODES: Final = {_NOT_SUBJECT: "VATEX-EU-O", _REVERSE_CHARGE: "VATEX-EU-AE"}
_BY_CARD, _BY_TRANSFER, _NOT_DEFINED = "48", "30", "1"
_CARD: Final = "card"
_LAST4_LENGTH: Final = 4
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"


def can_write_einvoices() -> bool:
    """Whether factur-x is installed here: ``commcredits[invoices]``."""
    return find_spec("facturx") is not None


def refuse_einvoice(document: ReceiptDocument) -> Refused | None:
    """Why this document cannot be said in the standard, or None."""
    own = document.tax_in_own_currency
    sums = (document.net_micros, document.tax_micros, 0 if own is None else own.micros)
    if any(each % _SUM_STEP_MICROS for each in sums):
        return invalid_input("currency", document.currency, "one with at most two decimals, as e-invoices know no more")
    if not document.seller.tax_id and _category(document) != _NOT_SUBJECT:
        return invalid_input("seller.tax_id", "", "given, as the document tells of tax")
    if _category(document) == _REVERSE_CHARGE and not (document.buyer.tax_id or document.buyer.registration_number):
        return invalid_input("buyer.tax_id", "", "given, as the buyer owes the tax")
    return refuse_for_romania(document) if is_romanian(document) else None


def einvoice_of(document: ReceiptDocument, sheet: Sheet) -> bytes:
    """The e-invoice of a document that ``refuse_einvoice`` found nothing against; texts as on its sheet."""
    from facturx import generate_xml  # noqa: PLC0415 - an extra, loaded by whoever writes e-invoices
    from lxml import etree  # noqa: PLC0415 - comes with it

    made = generate_xml(
        _writable(_terms(document, sheet)), flavor="ubl-2.1", level="en16931", check_xsd=False, check_schematron=False
    )
    if not is_romanian(document):
        return bytes(made)
    # The library names the plain standard, whatever it is told.
    root = etree.fromstring(made)
    root.find(f"{{{_UBL}}}CustomizationID").text = CIUS_RO
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _writable(terms: Any) -> Any:
    """The same terms without what XML 1.0 cannot hold (§2.2), even escaped: names may have been taken in with it."""
    match terms:
        case str():
            return _UNWRITABLE.sub("\ufffd", terms)
        case dict():
            return {name: _writable(each) for name, each in terms.items()}
        case list():
            return [_writable(each) for each in terms]
        case _:
            return terms


def _terms(document: ReceiptDocument, sheet: Sheet) -> dict[str, Any]:
    net, tax, gross = (_sum(each) for each in (document.net_micros, document.tax_micros, document.gross_micros))
    terms: dict[str, Any] = {
        "BT-1": document.number,
        "BT-2": document.issued_on,
        "BT-3": _TYPES[document.kind],
        "BT-5": document.currency,
        "BT-72": document.supplied_on,
        "BG-4": _party(document.seller, document),
        "BG-7": _party(document.buyer, document),
        "BG-23": [_breakdown(document, sheet)],
        "BG-25": [_line(document, sheet)],
        "BT-106": net,
        "BT-109": net,
        "BT-110": tax,
        "BT-112": gross,
        "BT-113": gross,
        "BT-115": _sum(0),
        **_payment(document),
    }
    if document.buyer.reference:
        terms["BT-10"] = document.buyer.reference
    if document.corrects is not None:
        terms["BG-3"] = [{"BT-25": document.corrects.number, "BT-26": document.corrects.issued_on}]
    own = document.tax_in_own_currency
    if own is not None:
        terms |= {"BT-6": own.currency, "BT-111": _sum(own.micros)}
    return terms


def _party(party: Party, document: ReceiptDocument) -> dict[str, Any]:
    """A party; where tax has nothing to do with the document (O), nobody's VAT number may stand on it (BR-O-02).

    VAT numbers begin with the letters of a country (BR-CO-09), which the Union's do; another tax id is a local one.
    """
    union = party.tax_id_checked and is_eu_member(party.country)
    vat = party.tax_id if union and _category(document) != _NOT_SUBJECT else ""
    local = party.tax_id if not union and party is document.seller else ""
    shown: dict[str, Any] = {
        "name": party.legal_name,
        "country_code": party.country,
        "city": party.city,
        "postcode": party.postal_code,
        "country_subdivision": party.county,
        "legal_identifier": party.registration_number or ("" if vat else party.tax_id),
        "vat_identifier": vat,
        "tax_identifier": local,
    }
    for number, line in enumerate(party.address_lines, start=1):
        shown[f"addr_l{number}"] = line
    if party.mail:
        shown["contacts"] = [{"email": party.mail}]
    return {name: value for name, value in shown.items() if value}


def _breakdown(document: ReceiptDocument, sheet: Sheet) -> dict[str, str]:
    category = _category(document)
    breakdown = {"BT-116": _sum(document.net_micros), "BT-117": _sum(document.tax_micros), "BT-118": category}
    if category in _REASON_CODES:
        breakdown |= {"BT-120": sheet.notes[0], "BT-121": _REASON_CODES[category]}
    return breakdown | _rate("BT-119", document)


def _line(document: ReceiptDocument, sheet: Sheet) -> dict[str, str]:
    net = _sum(document.net_micros)
    return {
        "BT-126": "1",
        "BT-129": "1",
        "BT-130": _PIECE,
        "BT-131": net,
        "BT-146": net,
        "BT-151": _category(document),
        "BT-153": sheet.row[0],
    } | _rate("BT-152", document)


def _rate(term: str, document: ReceiptDocument) -> dict[str, str]:
    category = _category(document)
    if category == _NOT_SUBJECT:
        return {}
    percent = decimal_text(document.tax_rate_micros * 100, _SUM_DIGITS)
    return {term: percent if category == "S" else _sum(0)}


def _payment(document: ReceiptDocument) -> dict[str, str]:
    """How it was paid; of a card the last digits alone (BR-51)."""
    paid = document.paid_with
    if paid.kind == _CARD and len(paid.last4) == _LAST4_LENGTH:
        return {"BT-81": _BY_CARD, "BT-87": paid.last4, "BT-87-1": paid.brand or _CARD}
    if document.seller.iban and document.kind is ReceiptKind.RECEIPT:
        return {"BT-81": _BY_TRANSFER, "BT-84": document.seller.iban}
    return {"BT-81": _NOT_DEFINED}


def _category(document: ReceiptDocument) -> str:
    """The category of the tax treatment, of the code list UNTDID 5305 as the standard narrows it."""
    match document.tax_treatment:
        case TaxTreatment.REVERSE_CHARGE:
            return _REVERSE_CHARGE
        case TaxTreatment.ON_TOP_UP:
            return "S" if document.tax_rate_micros else "Z"
        case TaxTreatment.NONE | TaxTreatment.ON_USE:
            return _NOT_SUBJECT


def _sum(amount_micros: int) -> str:
    return decimal_text(amount_micros, _SUM_DIGITS)
