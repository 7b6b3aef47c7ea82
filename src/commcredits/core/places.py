"""Countries that plans speak of: Zone A of conference dial-out, and those that international minutes cover.

Knows ISO 3166-1 codes. Refuses to know numbers (commcredits.core.numbers) and licences (commcredits.core.plans).
"""

from __future__ import annotations

from typing import Final

ZONE_A: Final = frozenset(
    [
        "AU",
        "AT",
        "BE",
        "BR",
        "BG",
        "CA",
        "CN",
        "HR",
        "CZ",
        "DK",
        "EE",
        "FI",
        "FR",
        "DE",
        "GR",
        "HK",
        "HU",
        "IN",
        "IE",
        "IT",
        "JP",
        "LU",
        "MY",
        "MX",
        "NL",
        "NZ",
        "NO",
        "PL",
        "PT",
        "PR",
        "RO",
        "RU",
        "SG",
        "SK",
        "SI",
        "ZA",
        "KR",
        "ES",
        "SE",
        "CH",
        "TW",
        "TH",
        "GB",
        "US",
    ]
)
"""The 44 countries that the conference dial-out pool covers (domain.md §4)."""

PLAN_COUNTRIES: Final = frozenset(ZONE_A)
"""The countries that international minutes cover; an operator can replace the list."""
