"""Requests about receipts and billing details that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import JSON, ORGANIZATION, UNKNOWN_ID, Hostile, get, send
from tests.edges.http.administration.walk_over_receipts import DETAILS

BILLING_DETAILS = f"{ORGANIZATION}/billing-details"
RECEIPTS = f"{ORGANIZATION}/receipts"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_receipt"}


def _save(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, BILLING_DETAILS, {**DETAILS, wrong: value}, wrong, **{"method": "PUT", "headers": JSON, **others})


HOSTILE_RECEIPTS = [
    _save("a buyer without a name", "legal_name", ""),
    _save("a buyer's name of 201 characters", "legal_name", "n" * 201),
    _save("a buyer's name on two lines", "legal_name", "Alfa\nBeta"),
    _save("a buyer's name that turns the text around it", "legal_name", "Alfa \u202e SRL"),
    _save("a buyer's name that is a number", "legal_name", 7),
    _save("an address that is a text", "address_lines", "Bd. Unirii 10"),
    _save("an address of no lines", "address_lines", []),
    _save("an address of a thousand lines", "address_lines", ["x"] * 1_000),
    _save("an address of numbers", "address_lines", [1, 2]),
    _save("an address with NUL", "address_lines", ["Bd.\0Unirii"]),
    _save("a second address line of 150 characters", "address_lines", ["x", "y" * 150]),
    _save("a county that is none", "county", "RO-XX"),
    _save("Bucharest without a sector", "county", "RO-B", field="city"),
    _save("another country than the organization's", "country", "DE"),
    _save("a country that is a sentence", "country", "Romania"),
    _save("a tax id with wrong check digits", "tax_id", "RO10000009", code="tax_id_not_valid", field=""),
    _save("a tax id of another country", "tax_id", "DE136695976", code="tax_id_not_valid", field=""),
    _save("a tax id of 31 characters", "tax_id", "1" * 31),
    _save("a mail address with a header in it", "mail", "a@example.com\r\nBcc: b@example.com"),
    _save("a mail address of two", "mail", "a@example.com,b@example.com"),
    _save("a mail address with a name", "mail", "A <a@example.com>"),
    _save("the seller's IBAN", "iban", "RO49AAAA1B31007593840000"),
    _save("a tax id that calls itself checked", "tax_id_checked", value=True),
    send("billing details of nobody", f"{NOWHERE}/billing-details", DETAILS, "", method="PUT", headers=JSON, status=404,
         code="unknown_organization"),
    get("a receipt's number that is none", f"{RECEIPTS}/1", "number"),
    get("a receipt's number in small letters", f"{RECEIPTS}/cc-000001", "number"),
    get("a receipt's number of a megabyte", f"{RECEIPTS}/CC-{'0' * 60_000}", "number"),
    get("a receipt that climbs out of its folder", f"{RECEIPTS}/..%2f..%2fetc.pdf", "number", status=404,
        code="not_found", field=""),
    get("a receipt that there is not", f"{RECEIPTS}/CC-999999", "", **UNKNOWN),
    get("another organization's receipt", f"{RECEIPTS}/{{foreign_receipt}}", "", **UNKNOWN),
    get("another organization's receipt as a page", f"{RECEIPTS}/{{foreign_receipt}}.html", "", **UNKNOWN),
    get("another organization's receipt as PDF", f"{RECEIPTS}/{{foreign_receipt}}.pdf", "", **UNKNOWN),
    get("another organization's e-invoice", f"{RECEIPTS}/{{foreign_receipt}}.xml", "", **UNKNOWN),
    get("a receipt in a format that is none", f"{RECEIPTS}/CC-000001.exe", "number"),
    get("a receipt in a language that is none", f"{RECEIPTS}/{{receipt}}.html?language=xx", "language"),
    get("a receipt in a language of markup", f"{RECEIPTS}/{{receipt}}.html?language=<b>", "language"),
    get("receipts of nobody", f"{NOWHERE}/receipts", "", status=404, code="unknown_organization"),
    get("a cursor of receipts that is none", f"{RECEIPTS}?cursor=me", "cursor"),
    get("a page of no receipts", f"{RECEIPTS}?limit=0", "limit"),
]  # fmt: skip
"""What is asked of receipts, and what is said of buyers."""
