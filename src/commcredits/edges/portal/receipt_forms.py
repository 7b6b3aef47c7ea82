"""The form of billing details, and what is said of a field that is not of its form.

Knows the fields and the names of Romania's counties. Refuses to check: the operation does, and names the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.parties import ADDRESS_LINES_MAX, BUCHAREST, ROMANIA, Party
from commcredits.edges.portal.forms import FormView, new_command_id
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked

ADDRESS: Final = "address_"
"""What the names of the address lines begin with; a number from 1 on follows."""

_TEXTS: Final = ("legal_name", "city", "postal_code", "county", "tax_id", "registration_number", "mail", "reference")
_LINES: Final = tuple(f"{ADDRESS}{number + 1}" for number in range(ADDRESS_LINES_MAX))
FIELDS: Final = (*_TEXTS, *_LINES)

_CHARACTERS_MAX: Final = 254

ROMANIAN_COUNTY_NAMES: Final[Mapping[str, str]] = {
    "AB": "Alba", "AR": "Arad", "AG": "Argeș", "BC": "Bacău", "BH": "Bihor", "BN": "Bistrița-Năsăud", "BT": "Botoșani",
    "BR": "Brăila", "BV": "Brașov", "B": "București", "BZ": "Buzău", "CL": "Călărași", "CS": "Caraș-Severin",
    "CJ": "Cluj", "CT": "Constanța", "CV": "Covasna", "DB": "Dâmbovița", "DJ": "Dolj", "GL": "Galați", "GR": "Giurgiu",
    "GJ": "Gorj", "HR": "Harghita", "HD": "Hunedoara", "IL": "Ialomița", "IS": "Iași", "IF": "Ilfov",
    "MM": "Maramureș", "MH": "Mehedinți", "MS": "Mureș", "NT": "Neamț", "OT": "Olt", "PH": "Prahova", "SJ": "Sălaj",
    "SM": "Satu Mare", "SB": "Sibiu", "SV": "Suceava", "TR": "Teleorman", "TM": "Timiș", "TL": "Tulcea",
    "VL": "Vâlcea", "VS": "Vaslui", "VN": "Vrancea",
}  # fmt: skip
"""The counties by the last part of their codes (ISO 3166-2), in order of name: proper names, the same everywhere."""

_WRONG: Final[Mapping[str, str]] = {
    "legal_name": marked("Enter the name in full, at most 200 characters."),
    "address_lines": marked("Enter at least one line: the first at most 150 characters, the others at most 100."),
    "city": marked("Enter the town, at most 50 characters."),
    "postal_code": marked("Enter at most 20 characters."),
    "county": marked("Enter at most 50 characters."),
    "registration_number": marked("Enter at most 50 characters."),
    "mail": marked("Enter one mail address, such as billing@example.com."),
    "reference": marked("Enter at most 100 characters."),
    "tax_id": marked("The tax ID is not valid."),
}
_COUNTY_OF_ROMANIA: Final = marked("Choose the county.")
_SECTOR: Final = marked("In Bucharest, enter the sector: SECTOR1 to SECTOR6.")


def counties_of(country: str) -> Mapping[str, str]:
    """The names of a country's counties by code, where e-invoices name them by code; empty elsewhere."""
    if country != ROMANIA:
        return {}
    return {f"{ROMANIA}-{code}": name for code, name in ROMANIAN_COUNTY_NAMES.items()}


def saved_details(details: Party) -> FormView:
    """The details in force."""
    lines = dict(zip(_LINES, (*details.address_lines, *[""] * ADDRESS_LINES_MAX), strict=False))
    values = {name: str(getattr(details, name)) for name in _TEXTS}
    return FormView(values={**values, **lines}, command_id=new_command_id())


def read_details(fields: Mapping[str, str]) -> Party:
    """What the form says, without the spaces around it; in Bucharest, a sector in any spelling."""
    typed = {name: " ".join(fields.get(name, "").split())[: _CHARACTERS_MAX + 1] for name in FIELDS}
    if typed["county"] == BUCHAREST:
        typed["city"] = typed["city"].upper().replace(" ", "")
    return Party(
        legal_name=typed["legal_name"],
        country="",
        address_lines=tuple(typed[name] for name in _LINES if typed[name]),
        city=typed["city"],
        postal_code=typed["postal_code"],
        county=typed["county"],
        tax_id=typed["tax_id"],
        registration_number=typed["registration_number"],
        mail=typed["mail"],
        reference=typed["reference"],
    )


def refused_details(refusal: Refused, fields: Mapping[str, str], country: str, speech: Speech) -> FormView:
    """The form after the operation refused it, with the sentence beside the field that it names."""
    values = {name: fields.get(name, "") for name in FIELDS}
    named = str(refusal.facts.get("field", ""))
    if refusal.code is RefusalCode.TAX_ID_NOT_VALID:
        named = "tax_id"
    sentence = _WRONG.get(named)
    if sentence is None:
        problem = speech.refusal(refusal, "")
        return FormView(values=values, problem=problem, command_id=new_command_id())
    if named == "county" and country == ROMANIA:
        sentence = _COUNTY_OF_ROMANIA
    if named == "city" and fields.get("county") == BUCHAREST:
        sentence = _SECTOR
    place = _LINES[0] if named == "address_lines" else named
    return FormView(values=values, errors={place: speech.say(sentence)}, command_id=new_command_id())
