"""What Romania asks of an e-invoice beyond the European standard, as far as we check it.

Knows some of the rules BR-RO-… of CIUS-RO. Refuses to claim more: the tax office's own rules are not run here, and only
the tax office says whether it takes a document.
"""

from __future__ import annotations

from typing import Final

from commcredits.core.outcomes import Refused
from commcredits.core.parties import BUCHAREST, BUCHAREST_SECTORS, ROMANIA, ROMANIAN_COUNTIES, Party
from commcredits.core.receipts import ReceiptDocument
from commcredits.operations.inputs import invalid_input

CIUS_RO: Final = "urn:cen.eu:en16931:2017#compliant#urn:efactura.mfinante.ro:CIUS-RO:1.0.1"
"""The specification that a document names as its own (BT-24)."""

LEU: Final = "RON"


def is_romanian(document: ReceiptDocument) -> bool:
    """Whether these rules hold: the seller is in Romania."""
    return document.seller.country == ROMANIA


def refuse_for_romania(document: ReceiptDocument) -> Refused | None:
    """Why a seller in Romania cannot send this as an e-invoice, or None as far as we know."""
    for who, party in (("seller", document.seller), ("buyer", document.buyer)):
        refused = _refuse_party(who, party)
        if refused is not None:
            return refused
    own = document.tax_in_own_currency
    if document.currency != LEU and (own is None or own.currency != LEU):
        allowed = f"a rate from {document.currency} to {LEU} in the setting, as the VAT is told in {LEU} too"
        return invalid_input("exchange_rates", document.currency, allowed)
    return None


def _refuse_party(who: str, party: Party) -> Refused | None:
    if not party.address_lines:
        return invalid_input(f"{who}.address_lines", "", "given: save billing details before the purchase")
    if not party.city:
        return invalid_input(f"{who}.city", "", "given: save billing details before the purchase")
    if not party.tax_id and not party.registration_number:
        return invalid_input(f"{who}.tax_id", "", "given, or the registration number")
    if party.country != ROMANIA:
        return None
    if party.county not in ROMANIAN_COUNTIES:
        return invalid_input(f"{who}.county", party.county, "the code of a Romanian county, such as RO-CJ")
    if party.county == BUCHAREST and party.city not in BUCHAREST_SECTORS:
        return invalid_input(f"{who}.city", party.city, "SECTOR1 to SECTOR6, for an address in Bucharest")
    return None
