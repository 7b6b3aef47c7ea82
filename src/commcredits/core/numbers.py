"""Telephone numbers: the E.164 form, and the short numbers that must always get through.

Knows forms. Refuses to know prices: those go by prefix (commcredits.core.tariffs) and never by what kind of number the
numbering metadata takes it for.
"""

from __future__ import annotations

import re
from typing import Final

E164: Final = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)
"""International form, ITU-T E.164: a plus sign and 5 to 15 digits, the first not zero."""

EMERGENCY_NUMBERS: Final = frozenset(
    {
        "000",
        "110",
        "111",
        "112",
        "113",
        "114",
        "115",
        "117",
        "118",
        "119",
        "120",
        "122",
        "911",
        "995",
        "997",
        "998",
        "999",
    }
)
"""Short numbers of police, fire and ambulance services across countries; an operator can replace the set."""


def is_e164(text: str) -> bool:
    """Whether the text is a number in international form."""
    return E164.fullmatch(text) is not None
