"""Tax ids: which are well formed, and how they are written.

Knows the check digits of many countries, through python-stdnum. Refuses to know whether an id was ever given out: no
register is asked.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

TAX_ID_CHARACTERS_MAX: Final = 30
"""Longest tax id; those that are known have 15 characters at most."""

_PREFIXES: Final = {"GR": "EL"}
"""Where the tax id of a country of the EU begins with other letters than the code of the country."""


class TaxId(Struct, frozen=True, kw_only=True, gc=False):
    """A tax id as it is written on documents; ``checked`` says that its check digits are right."""

    text: str
    checked: bool


def is_eu_member(country: str) -> bool:
    """Whether tax ids of this country are VAT numbers of the European Union."""
    return country.lower() in eu_vat.MEMBER_STATES


def read_tax_id(country: str, text: str) -> TaxId | None:
    """The tax id of a country, written the one way it is; None when its form or its check digits are wrong.

    In the European Union it begins with the letters of its country, which are added when they were left out. Where no
    rule is known, any line of visible characters is taken and ``checked`` is False.
    """
    given = text.strip().upper()
    if not given or len(given) > TAX_ID_CHARACTERS_MAX or not given.isprintable():
        return None
    if is_eu_member(country):
        return _of_the_union(_PREFIXES.get(country, country), given)
    module = get_cc_module(country.lower(), "vat")
    if module is None:
        return TaxId(text=given, checked=False)
    try:
        return TaxId(text=str(module.validate(given)), checked=True)
    except ValidationError:
        return None


def allowed_tax_id(country: str) -> str:
    """What a tax id of this country must be, for people."""
    if is_eu_member(country):
        prefix = _PREFIXES.get(country, country)
        return f"a VAT number of {country}: {prefix} and the number, its check digits right"
    if get_cc_module(country.lower(), "vat") is None:
        return f"1 to {TAX_ID_CHARACTERS_MAX} visible characters"
    return f"a tax id of {country}, its check digits right"


def _of_the_union(prefix: str, given: str) -> TaxId | None:
    bare = "".join(given.split())
    try:
        return TaxId(text=str(eu_vat.validate(bare if bare.startswith(prefix) else prefix + bare)), checked=True)
    except ValidationError:
        return None
