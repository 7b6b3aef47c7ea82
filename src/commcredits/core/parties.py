"""Seller and buyer of a receipt: what must be said of them, and in which form.

Knows lengths, and the counties and sectors of Romania, whose e-invoices name them by code. Refuses to know whether an
address exists.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct
from phonenumbers import SUPPORTED_REGIONS

ADDRESS_LINES_MAX: Final = 3
ROMANIA: Final = "RO"
BUCHAREST: Final = "RO-B"

_COUNTY_CODES: Final = (
    "AB", "AG", "AR", "B", "BC", "BH", "BN", "BR", "BT", "BV", "BZ", "CJ", "CL", "CS", "CT", "CV", "DB", "DJ", "GJ",
    "GL", "GR", "HD", "HR", "IF", "IL", "IS", "MH", "MM", "MS", "NT", "OT", "PH", "SB", "SJ", "SM", "SV", "TL", "TM",
    "TR", "VL", "VN", "VS",
)  # fmt: skip

ROMANIAN_COUNTIES: Final = frozenset(f"RO-{code}" for code in _COUNTY_CODES)
"""Codes of ISO 3166-2 that e-invoices of Romania name counties by; Bucharest is one of them."""

BUCHAREST_SECTORS: Final = frozenset(f"SECTOR{number}" for number in range(1, 7))
"""What stands for the city in an e-invoice of somebody in Bucharest."""

_LENGTHS: Final = {
    "legal_name": (1, 200),
    "city": (1, 50),
    "postal_code": (0, 20),
    "county": (0, 50),
    "registration_number": (0, 50),
    "mail": (0, 254),
    "reference": (0, 100),
}
"""Fewest and most characters of each text."""

_ADDRESS_LENGTHS: Final = (150, 100, 100)
"""Most characters of each address line, as e-invoices of Romania allow."""

_MAIL: Final = re.compile(r"[^@\s<>\",;]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", re.ASCII)


class Party(Struct, frozen=True, kw_only=True, gc=False):
    """Who sells or buys. ``tax_id_checked`` says that the check digits of ``tax_id`` are right.

    ``county`` is a code such as RO-CJ in Romania and any name elsewhere; ``reference`` is what a buyer wants to read on
    each receipt, such as a purchase order.
    """

    legal_name: str
    country: str
    address_lines: tuple[str, ...] = ()
    city: str = ""
    postal_code: str = ""
    county: str = ""
    tax_id: str = ""
    tax_id_checked: bool = False
    registration_number: str = ""
    mail: str = ""
    iban: str = ""
    reference: str = ""


class WrongField(Struct, frozen=True, kw_only=True, gc=False):
    """A field that is not of its form, what it holds, and what is allowed."""

    field: str
    value: str
    allowed: str


def wrong_field(party: Party) -> WrongField | None:
    """The first field of a party that is not of its form, or None; tax id and IBAN are checked where they are read."""
    if party.country not in SUPPORTED_REGIONS:
        return WrongField(field="country", value=party.country, allowed="the ISO 3166-1 code of a country, such as RO")
    for field, (least, most) in _LENGTHS.items():
        wrong = _wrong_text(field, getattr(party, field), least, most)
        if wrong is not None:
            return wrong
    if not 1 <= len(party.address_lines) <= ADDRESS_LINES_MAX:
        count = str(len(party.address_lines))
        return WrongField(field="address_lines", value=count, allowed=f"1 to {ADDRESS_LINES_MAX} lines")
    for number, line in enumerate(party.address_lines):
        wrong = _wrong_text("address_lines", line, 1, _ADDRESS_LENGTHS[number])
        if wrong is not None:
            return wrong
    if party.mail and not _MAIL.fullmatch(party.mail):
        return WrongField(field="mail", value="", allowed="one mail address, such as billing@example.com")
    return _wrong_in_romania(party) if party.country == ROMANIA else None


def _wrong_text(field: str, value: str, least: int, most: int) -> WrongField | None:
    if least <= len(value) <= most and value.isprintable() and value == value.strip():
        return None
    return WrongField(field=field, value=value, allowed=f"{least} to {most} characters on one line")


def _wrong_in_romania(party: Party) -> WrongField | None:
    if party.county not in ROMANIAN_COUNTIES:
        return WrongField(field="county", value=party.county, allowed="the code of a Romanian county, such as RO-CJ")
    if party.county == BUCHAREST and party.city not in BUCHAREST_SECTORS:
        return WrongField(field="city", value=party.city, allowed="SECTOR1 to SECTOR6, for an address in Bucharest")
    return None
