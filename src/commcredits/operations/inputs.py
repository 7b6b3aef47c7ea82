"""The form of what operations are given, and the one shape of a refusal for bad form.

Knows lengths, characters and ids. Refuses to know meaning: whether a thing exists, each operation finds out.
"""

from __future__ import annotations

import re
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.gateways.minor_units import MinorUnitRule, minor_unit_rule

VALUE_CHARACTERS_MAX: Final = 64
"""How much of a refused value is shown again."""

COMMAND_ID_CHARACTERS_MAX: Final = 128
"""Longest id that a caller may give a command."""

MINOR_DIGITS_MAX: Final = 4
"""ISO 4217 gives no currency more digits than this."""

_IDENTIFIER: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_OPERATOR: Final = re.compile(r"[a-z0-9._-]{1,64}", re.ASCII)
_VISIBLE_ASCII: Final = re.compile(r"[!-~]+", re.ASCII)

UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""What no name may hold: control characters, line breaks, marks that reverse the text around them, broken pairs."""


def invalid_input(field: str, value: str, allowed: str) -> Refused:
    """The refusal of one field: which, its value (cut short, made fit to be stored and shown), and what is allowed."""
    shown = UNSHOWABLE.sub("\ufffd", value[:VALUE_CHARACTERS_MAX])
    return Refused(code=RefusalCode.INVALID_INPUT, facts={"field": field, "value": shown, "allowed": allowed})


def is_identifier(text: str) -> bool:
    """Whether this is a UUID in canonical lower-case form."""
    return _IDENTIFIER.fullmatch(text) is not None


def refuse_visible_ascii(field: str, value: str, characters_max: int) -> Refused | None:
    """Why this is not 1 to so many visible ASCII characters, or None: ids that callers choose."""
    if len(value) <= characters_max and _VISIBLE_ASCII.fullmatch(value):
        return None
    return invalid_input(field, value, f"1 to {characters_max} visible ASCII characters without spaces")


def refuse_command_id(command_id: str) -> Refused | None:
    """Why this cannot name a command, or None."""
    return refuse_visible_ascii("command_id", command_id, COMMAND_ID_CHARACTERS_MAX)


def refuse_name(field: str, value: str, characters_max: int, *, may_be_empty: bool = False) -> Refused | None:
    """Why this is not a name that people can read on one line, or None."""
    if may_be_empty and not value:
        return None
    if value.strip() and len(value) <= characters_max and not UNSHOWABLE.search(value):
        return None
    characters_min = 0 if may_be_empty else 1
    return invalid_input(field, value, f"{characters_min} to {characters_max} characters on one line")


def refuse_operator(name: str) -> Refused | None:
    """Why nobody who acts for the operator can have this name, or None."""
    if _OPERATOR.fullmatch(name):
        return None
    return invalid_input("as", name, "1 to 64 small letters, digits, points, underscores and hyphens")


def check_currency(currency: str) -> int | Refused:
    """The decimal digits that ISO 4217 gives a currency, or why this is none that people pay with."""
    rule = minor_unit_rule(currency) if _CURRENCY.fullmatch(currency) else None
    if isinstance(rule, MinorUnitRule) and rule.digits <= MINOR_DIGITS_MAX:
        return rule.digits
    return invalid_input("currency", currency, "the ISO 4217 code of a currency that people pay with, such as EUR")
