"""How the portal writes money, dates, durations and numbers, and how it reads an amount that a person typed.

Knows Babel's locale data and ISO 4217. Refuses to know sentences. Nothing else in this edge formats a value by hand.
Decimal appears here and nowhere else: text is where integers of millionths become people's numbers and back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import NumberPattern, format_decimal, get_decimal_symbol, get_group_symbol, parse_pattern
from babel.units import format_unit
from iso4217 import Currency

from commcredits.core.money import AMOUNT_MICROS_MAX, MICROS_PER_UNIT, divide_down

NO_BREAK_SPACE: Final = "\u00a0"
MICROS_DIGITS: Final = 6

LOCALES: Final[Mapping[str, str]] = {"en": "en_GB", "ro": "ro_RO"}
"""Which locale data a language of the portal uses: English is international English, day before month, 24 hours."""

_UNIT_LENGTHS: Final[Mapping[str, Literal["short", "long", "narrow"]]] = {"en": "narrow", "ro": "short"}
_LEADING_CURRENCY: Final = "¤"
_TYPED_AMOUNT_LENGTH_MAX: Final = 24
_MINUTE_SECONDS: Final = 60
_HOUR_SECONDS: Final = 3600


class AmountProblem(StrEnum):
    """Why a typed amount was not taken."""

    MISSING = "missing"
    NOT_AN_AMOUNT = "not_an_amount"
    TOO_MANY_DECIMALS = "too_many_decimals"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """One language's way of writing values; ``time_zone`` is the IANA zone that instants are shown in."""

    language: str
    time_zone: str = "UTC"

    @property
    def locale(self) -> Locale:
        """Babel's data for the language."""
        return _locale(LOCALES[self.language])

    def money(self, amount_micros: int, currency: str) -> str:
        """An exact amount with its ISO code: at least the currency's own digits, more only where they are not zero."""
        digits = currency_digits(currency)
        return self._money(amount_micros, currency, (digits, max(digits, MICROS_DIGITS)))

    def money_down(self, amount_micros: int, currency: str) -> str:
        """An amount rounded down to the currency's own digits, for a headline: never more than there is."""
        digits = currency_digits(currency)
        step = 10 ** (MICROS_DIGITS - min(digits, MICROS_DIGITS))
        return self._money(divide_down(amount_micros, step) * step, currency, (digits, digits))

    def added(self, amount_micros: int, currency: str) -> str:
        """A positive amount that comes in, with its plus sign."""
        return f"{self.locale.number_symbols['latn']['plusSign']}{self.money(amount_micros, currency)}"

    def typed_amount(self, amount_micros: int, currency: str) -> str:
        """An amount as it stands in an input field: no code and no grouping, readable by parse_amount."""
        digits = currency_digits(currency)
        pattern = _pattern("0.0", (digits, max(digits, MICROS_DIGITS)))
        return str(pattern.apply(_decimal(amount_micros), self.locale))

    def amount(self, amount_micros: int, currency: str) -> str:
        """An amount with grouping and without its code, as an example of what may be typed: ``1,234.50``."""
        digits = currency_digits(currency)
        return str(_pattern("#,##0.0", (digits, digits)).apply(_decimal(amount_micros), self.locale))

    def count(self, number: int) -> str:
        """A whole number with the language's grouping."""
        return format_decimal(number, locale=self.locale)

    def percent(self, share_micros: int) -> str:
        """A share in millionths as per cent, with as many decimals as it has: ``21%``, ``5.5%``."""
        pattern = _pattern(self.locale.percent_formats[None].pattern, (0, MICROS_DIGITS))
        return str(pattern.apply(_decimal(share_micros), self.locale))

    def day(self, instant: datetime) -> str:
        """The day of an instant, such as ``22 Nov 2027``."""
        return self._skeleton("yMMMd", instant)

    def minute(self, instant: datetime) -> str:
        """Day and time of an instant to the minute, without the year: ``22 Nov, 17:32``."""
        return f"{self._skeleton('MMMd', instant)}, {self._skeleton('Hm', instant)}"

    def second(self, instant: datetime) -> str:
        """Day and time of an instant to the second."""
        return f"{self.day(instant)}, {self._skeleton('Hms', instant)}"

    def calendar_day(self, day: date) -> str:
        """A calendar day without the year: ``22 Nov``."""
        return _unbroken(format_skeleton("MMMd", day, locale=self.locale))

    def calendar_day_long(self, day: date) -> str:
        """A calendar day in full: ``22 November 2027``."""
        return format_date(day, "long", locale=self.locale)

    def document_day(self, text: str) -> str:
        """The day of a document, written as ISO 8601 has it: ``22 Nov 2026``."""
        return _unbroken(format_skeleton("yMMMd", date.fromisoformat(text), locale=self.locale))

    def month(self, instant: datetime) -> str:
        """The month of an instant, standing alone: ``November 2026``."""
        return self._skeleton("yMMMM", instant)

    def machine(self, instant: datetime) -> str:
        """An instant for the ``datetime`` attribute, RFC 3339 in UTC."""
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")

    def days(self, number: int) -> str:
        """A number of days in words: ``24 days``, ``24 de zile``."""
        return format_unit(number, "duration-day", "long", locale=self.locale)

    def duration(self, seconds: int) -> str:
        """A duration of a call: ``4m 32s``, ``4 min. 32 s``; from an hour on, without the seconds."""
        hours, rest = divmod(seconds, _HOUR_SECONDS)
        minutes, rest = divmod(rest, _MINUTE_SECONDS)
        parts = [(hours, "hour"), (minutes, "minute"), (0 if hours else rest, "second")]
        written = [self._unit(number, unit) for number, unit in parts if number]
        return _unbroken(" ".join(written)) if written else self._unit(0, "second")

    def phone(self, number: str) -> str:
        """A number in international form with its spaces; anything else, such as a masked number, as it came."""
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return number
        written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        return _unbroken(written) if written.replace(" ", "").replace("-", "") == number else number

    def country(self, code: str) -> str:
        """The name of a country; its code where the language has no name for it."""
        return str(self.locale.territories.get(code, code))

    def parse_amount(self, text: str, currency: str) -> int | AmountProblem:
        """The millionths that a typed amount names, or what is wrong with it.

        Strict: plain digits or groups of three in the language's way, then at most as many decimals as the currency
        has. ``1.234,50`` is an amount in Romanian and ``1,234.50`` in English, never the other way round; no sign,
        exponent, currency code or letter is taken.
        """
        stripped = text.strip(f" \t{NO_BREAK_SPACE}")
        if not stripped:
            return AmountProblem.MISSING
        if len(stripped) > _TYPED_AMOUNT_LENGTH_MAX:
            return AmountProblem.TOO_LARGE if stripped.isascii() and stripped.isdigit() else AmountProblem.NOT_AN_AMOUNT
        match = _amount_pattern(get_group_symbol(self.locale), get_decimal_symbol(self.locale)).fullmatch(stripped)
        if match is None:
            return AmountProblem.NOT_AN_AMOUNT
        whole, decimals = match["whole"].replace(get_group_symbol(self.locale), ""), match["decimals"] or ""
        if len(decimals) > min(currency_digits(currency), MICROS_DIGITS):
            return AmountProblem.TOO_MANY_DECIMALS
        micros = int(whole) * MICROS_PER_UNIT + int(decimals.ljust(MICROS_DIGITS, "0"))
        return AmountProblem.TOO_LARGE if micros > AMOUNT_MICROS_MAX else micros

    def _money(self, amount_micros: int, currency: str, digits: tuple[int, int]) -> str:
        symbols = self.locale.currency_formats["standard"].pattern
        # A code that stands before the number needs a space that a sign such as £ does not.
        spaced = f"{_LEADING_CURRENCY}{NO_BREAK_SPACE}" if symbols.startswith(_LEADING_CURRENCY) else _LEADING_CURRENCY
        pattern = _pattern(symbols.replace(_LEADING_CURRENCY, spaced.replace("¤", "¤¤")), digits)
        return str(pattern.apply(_decimal(amount_micros), self.locale, currency=currency, currency_digits=False))

    def _unit(self, number: int, unit: str) -> str:
        return _unbroken(format_unit(number, f"duration-{unit}", _UNIT_LENGTHS[self.language], locale=self.locale))

    def _skeleton(self, skeleton: str, instant: datetime) -> str:
        try:
            instant = instant.astimezone(ZoneInfo(self.time_zone))
        except OverflowError:
            # "Never" is written as the end of 9999, which is another year east of Greenwich: shown in UTC instead.
            instant = instant.astimezone(UTC)
        return _unbroken(format_skeleton(skeleton, instant, tzinfo=instant.tzinfo, locale=self.locale))


def currency_digits(currency: str) -> int:
    """Decimal digits of a currency by ISO 4217; two for a code that the standard does not list."""
    try:
        exponent = Currency(currency).exponent
    except ValueError:
        return 2
    return 0 if exponent is None else exponent


def _decimal(amount_micros: int) -> Decimal:
    return Decimal(amount_micros).scaleb(-MICROS_DIGITS)


def _unbroken(text: str) -> str:
    return text.replace(" ", NO_BREAK_SPACE)


@lru_cache(maxsize=8)
def _locale(name: str) -> Locale:
    return Locale.parse(name)


@lru_cache(maxsize=256)
def _pattern(pattern: str, fraction_digits: tuple[int, int]) -> NumberPattern:
    """The pattern with its own count of decimals: Babel would take a currency's digits from CLDR, which errs."""
    parsed = copy(parse_pattern(pattern))
    parsed.frac_prec = fraction_digits
    return parsed


@lru_cache(maxsize=8)
def _amount_pattern(group: str, decimal: str) -> re.Pattern[str]:
    group, decimal = re.escape(group), re.escape(decimal)
    return re.compile(
        rf"(?P<whole>[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+)(?:{decimal}(?P<decimals>[0-9]+))?", re.ASCII
    )
