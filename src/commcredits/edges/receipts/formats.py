"""How receipts write money, shares and days in each language.

Knows Babel's locale data. Refuses to round: an amount that is no whole number of minor units shows all of its digits.
Decimal appears where integers of millionths become text, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from commcredits.core.money import MICROS_PER_UNIT

LOCALES: Final[Mapping[str, str]] = {"en": "en_GB", "ro": "ro_RO"}
"""Which locale data a language uses: English is international English, day before month."""

MICROS_DIGITS: Final = 6
NO_BREAK_SPACE: Final = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFormats:
    """One language's way of writing the values of a receipt."""

    language: str

    def money(self, amount_micros: int, currency: str, minor_digits: int) -> str:
        """An amount with the ISO code of its currency, and at least so many decimal digits."""
        pattern = _pattern(minor_digits)
        number = format_decimal(_decimal(amount_micros), pattern, self._locale, decimal_quantization=False)
        return f"{number}{NO_BREAK_SPACE}{currency}"

    def rate(self, rate_micros: int) -> str:
        """An exchange rate, with as many decimals as it has."""
        return format_decimal(_decimal(rate_micros), None, self._locale, decimal_quantization=False)

    def percent(self, share_micros: int) -> str:
        """A share such as 210,000 as ``21%``."""
        return format_percent(_decimal(share_micros), None, self._locale, decimal_quantization=False)

    def day(self, day: str) -> str:
        """A calendar day in full, from ``2026-11-22``."""
        return format_date(date.fromisoformat(day), "long", locale=self._locale).replace(" ", NO_BREAK_SPACE)

    def country(self, code: str) -> str:
        """A country's name in the language; its code where the language has no name for it."""
        return str(self._locale.territories.get(code, code))

    @property
    def _locale(self) -> Locale:
        return Locale.parse(LOCALES[self.language])


def decimal_text(amount_micros: int, digits_min: int) -> str:
    """An exact amount for programs: a point, no grouping, at least so many digits after the point."""
    whole, fraction = divmod(amount_micros, MICROS_PER_UNIT)
    digits = f"{fraction:0{MICROS_DIGITS}}".rstrip("0").ljust(digits_min, "0")
    return f"{whole}.{digits}" if digits else str(whole)


def _pattern(minor_digits: int) -> str:
    digits = "0" * minor_digits + "#" * (MICROS_DIGITS - minor_digits)
    return f"#,##0.{digits}"


def _decimal(micros: int) -> Decimal:
    return Decimal(micros).scaleb(-MICROS_DIGITS)
