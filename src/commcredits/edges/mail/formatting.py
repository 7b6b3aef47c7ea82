"""How letters write money, dates and months.

Knows Babel's locale data and ISO 4217. Refuses to know sentences. Decimal appears here and nowhere else in this edge.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern
from iso4217 import Currency

_LOCALES: Final = {"en": "en_GB", "ro": "ro_RO"}
_MICROS_DIGITS: Final = 6
_NO_BREAK_SPACE: Final = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """One language's way of writing values; ``time_zone`` is the IANA zone that instants are written in."""

    language: str
    time_zone: str

    def money(self, amount_micros: int, currency: str) -> str:
        """An exact amount with its ISO code: at least the currency's own digits, more only where they are not zero."""
        digits = _currency_digits(currency)
        standard = self._locale.currency_formats["standard"].pattern
        # A code that stands before the number needs a space that a sign such as £ does not.
        spaced = f"¤{_NO_BREAK_SPACE}" if standard.startswith("¤") else "¤"
        pattern = _pattern(standard.replace("¤", spaced.replace("¤", "¤¤")), (digits, max(digits, _MICROS_DIGITS)))
        amount = Decimal(amount_micros).scaleb(-_MICROS_DIGITS)
        return str(pattern.apply(amount, self._locale, currency=currency, currency_digits=False))

    def count(self, number: int) -> str:
        """A whole number with the language's grouping."""
        return format_decimal(number, locale=self._locale)

    def percent(self, percent: int) -> str:
        """A share in percent: ``80%``, ``80 %``."""
        return format_percent(Decimal(percent).scaleb(-2), locale=self._locale)

    def day(self, instant: datetime) -> str:
        """The day of an instant, such as ``22 November 2027``."""
        return format_date(self._local(instant).date(), "long", locale=self._locale)

    def minute(self, instant: datetime) -> str:
        """Day and time of an instant to the minute."""
        local = self._local(instant)
        return f"{self.day(instant)}, {format_skeleton('Hm', local, tzinfo=local.tzinfo, locale=self._locale)}"

    def month(self, text: str) -> str:
        """A month that is written as ``2026-11``: ``November 2026``."""
        year, month = text.split("-")
        return format_skeleton("yMMMM", date(int(year), int(month), 1), locale=self._locale)

    def country(self, code: str) -> str:
        """The name of a country; its code where the language has no name for it."""
        return str(self._locale.territories.get(code, code))

    @property
    def _locale(self) -> Locale:
        return _locale(_LOCALES[self.language])

    def _local(self, instant: datetime) -> datetime:
        try:
            return instant.astimezone(ZoneInfo(self.time_zone))
        except OverflowError:
            # "Never" is written as the end of 9999, which is another year east of Greenwich.
            return instant.astimezone(UTC)


def _currency_digits(currency: str) -> int:
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        return 2
    return 0 if exponent is None else exponent


@lru_cache(maxsize=8)
def _locale(name: str) -> Locale:
    return Locale.parse(name)


@lru_cache(maxsize=256)
def _pattern(pattern: str, fraction_digits: tuple[int, int]) -> NumberPattern:
    """The pattern with its own count of decimals: Babel would take a currency's digits from CLDR, which errs."""
    parsed = copy(parse_pattern(pattern))
    parsed.frac_prec = fraction_digits
    return parsed
