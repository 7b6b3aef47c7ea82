"""What of a call's external party may be shown, and for how long call records are kept (domain.md §7, Privacy).

Knows how many last digits each organization's country hides, and the days of retention by the user's country. Refuses
to know where calls are shown: operations apply this, never pages. Charging and switches see whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from msgspec import Struct

MASKED_DIGITS: Final[Mapping[str, int]] = MappingProxyType(
    {"BE": 3, "CH": 4, "DE": 3, "DK": 3, "ES": 3, "FI": 3, "FR": 4, "IT": 3, "NL": 3, "NO": 3, "SE": 3}
)
"""How many last digits of the external party are hidden, by the organization's country; others are shown in full."""

RETENTION_DAYS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "CA": 150,
        "CH": 365,
        "DK": 365,
        "FI": 365,
        "FR": 365,
        "IT": 730,
        "KR": 365,
        "MX": 720,
        "NL": 180,
        "NO": 150,
        "SE": 180,
        "GB": 450,
    }
)
"""For how many days call records are kept, by the user's country."""

RETENTION_DAYS_DEFAULT: Final = 365
"""For how many days they are kept where the table says nothing."""

MASK: Final = "*"
"""What stands in the place of a hidden digit."""

_SHORT_CODE_DIGITS_MAX: Final = 6
"""A number of so few digits is a short code, such as 112 or 118932: a service, and nobody's own line."""


class Privacy(Struct, frozen=True, kw_only=True, gc=False):
    """The two tables, as the operator's settings have them."""

    masked_digits: Mapping[str, int] = MASKED_DIGITS
    retention_days: Mapping[str, int] = RETENTION_DAYS
    retention_days_default: int = RETENTION_DAYS_DEFAULT

    def shown(self, caller: str, callee: str, *, inbound: bool, country: str) -> tuple[str, str]:
        """Caller and callee as an organization of that country is shown them: the external one without its end."""
        digits = self.masked_digits.get(country, 0)
        return (mask(caller, digits), callee) if inbound else (caller, mask(callee, digits))

    def kept_days(self, location: str) -> int:
        """For how many days calls of a user in that country are kept."""
        return self.retention_days.get(location, self.retention_days_default)

    def kept_since(self, location: str, now: datetime) -> datetime:
        """The instant from which on a call of a user in that country must have begun to be shown still."""
        return now - timedelta(days=self.kept_days(location))

    def periods(self) -> tuple[int, ...]:
        """Every number of days that something is kept for, shortest first."""
        return tuple(sorted({*self.retention_days.values(), self.retention_days_default}))

    def locations_kept(self, days: int) -> tuple[str, ...]:
        """The countries that the table names with that many days."""
        return tuple(sorted(location for location, kept in self.retention_days.items() if kept == days))


def mask(number: str, digits: int) -> str:
    """The number with its last ``digits`` digits hidden; short codes as they are.

    Whatever else stands between digits stays, so that a number keeps its length and its form.
    """
    if digits <= 0 or sum(character.isdigit() for character in number) <= _SHORT_CODE_DIGITS_MAX:
        return number
    masked = list(number)
    left = digits
    for place in range(len(masked) - 1, -1, -1):
        if masked[place].isdigit():
            masked[place] = MASK
            left -= 1
            if not left:
                break
    return "".join(masked)
