"""Parties as Diameter names them: SIP and tel URIs, plain numbers, network access identifiers.

Knows how a telephone number is written in each (RFC 3261 §19.1, RFC 3966, RFC 5031) and brings it to +E.164. Refuses to
know whose number it is, and to guess: a number that could be local is left as it came, and refused later.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

ADDRESS_CHARACTERS_MAX: Final = 256
"""Longer addresses are read as far as this: no number is."""

EMERGENCY_URN: Final = "urn:service:sos"
"""Emergency services of any kind (RFC 5031 §4.2)."""

EMERGENCY_NUMBER: Final = "112"
"""What such a call is recorded as."""

_PLAIN: Final = re.compile(r"tel:\+[0-9]{1,20}", re.ASCII)
"""How clients write nearly all numbers."""

_SCHEME: Final = re.compile(r"(sips?|tel):", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\+?[0-9().\- ]+", re.ASCII)
_SEPARATORS: Final = str.maketrans("", "", "().- ")
_CONTEXT: Final = "phone-context="
_INTERNATIONAL_DIGITS: Final = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)


def number_of(address: str) -> str:
    """The telephone number of a party, as +E.164 where it is one in international form, else its digits as they came.

    Empty where the address holds no number. Digits without a plus sign are international when there are seven to
    fifteen of them and the first is no zero: that is how clients write E.164 that strip the sign (TS 32.299 §7.2.33).
    Two zeros before a number stand for the sign.
    """
    if _PLAIN.fullmatch(address) is not None:
        return address[4:]
    address = address[:ADDRESS_CHARACTERS_MAX].strip().strip("<>")
    if address[: len(EMERGENCY_URN)].lower() == EMERGENCY_URN:
        return EMERGENCY_NUMBER
    scheme = _SCHEME.match(address)
    rest = address if scheme is None else address[scheme.end() :]
    user = rest.partition("@")[0] if scheme is None or scheme[1][0] in "sS" else rest
    number, *parameters = unquote(user).split(";")
    # A password after the number is nothing that anybody still writes, but it is in the grammar.
    number = number.partition(":")[0].strip()
    if _NUMBER.fullmatch(number) is None:
        return ""
    digits = number.translate(_SEPARATORS)
    if digits.startswith("+"):
        return digits
    for parameter in parameters:
        if parameter.lower().startswith(_CONTEXT + "+"):
            return parameter[len(_CONTEXT) :].translate(_SEPARATORS) + digits
    return _in_international_form(digits)


def user_of(address: str) -> str:
    """The user principal name of a party that is named and not numbered, as ``sip:ana@example.com``; empty if none."""
    address = address[:ADDRESS_CHARACTERS_MAX].strip().strip("<>")
    scheme = _SCHEME.match(address)
    if scheme is not None and scheme[1][0] not in "sS":
        return ""
    name = (address if scheme is None else address[scheme.end() :]).partition(";")[0]
    user, at, host = name.partition("@")
    if not at or not user or not host or _NUMBER.fullmatch(unquote(user)) is not None:
        return ""
    return name if name.isascii() and name.isprintable() and " " not in name else ""


def _in_international_form(digits: str) -> str:
    if _INTERNATIONAL_DIGITS.fullmatch(digits) is not None:
        return f"+{digits}"
    if digits.startswith("00") and _INTERNATIONAL_DIGITS.fullmatch(digits[2:]) is not None:
        return f"+{digits[2:]}"
    return digits
