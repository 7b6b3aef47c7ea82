"""Money as integer millionths of a currency's major unit, and the divisions that say how they round.

Knows exact amounts. Refuses to know binary fractions, exchange rates and how an amount is shown to a person
(decision record 0002).
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

MICROS_PER_UNIT: Final = 1_000_000
"""Millionths in one major unit of any currency."""

AMOUNT_MICROS_MAX: Final = 10**15
"""Largest amount that any input may name: a thousand million major units. Sums of such amounts fit 64 bits."""

_DECIMAL: Final = re.compile(r"(-?)([0-9]{1,10})(?:\.([0-9]{1,6}))?", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


class MoneyError(ValueError):
    """An amount or a currency code that cannot be read; the message says what is allowed."""


class Money(Struct, frozen=True, kw_only=True, gc=False):
    """An amount of one currency.

    ``amount_micros`` counts millionths of the major unit and may be negative; ``currency`` is an ISO 4217 code.
    Raises MoneyError when the code is not three capital letters.
    """

    amount_micros: int
    currency: str

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise MoneyError(f"currency {self.currency[:8]!r} is not a code of three capital letters")

    def __add__(self, other: Money) -> Money:
        """The sum; raises MoneyError for two currencies."""
        self._must_match(other)
        return Money(amount_micros=self.amount_micros + other.amount_micros, currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        """The difference; raises MoneyError for two currencies."""
        self._must_match(other)
        return Money(amount_micros=self.amount_micros - other.amount_micros, currency=self.currency)

    def __lt__(self, other: Money) -> bool:
        """Whether this is less; raises MoneyError for two currencies."""
        self._must_match(other)
        return self.amount_micros < other.amount_micros

    def __str__(self) -> str:
        return f"{format_micros(self.amount_micros)} {self.currency}"

    def _must_match(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"{self.currency} and {other.currency} are two currencies")


def divide_up(numerator: int, denominator: int) -> int:
    """The quotient rounded towards plus infinity; the denominator is positive."""
    return -(-numerator // denominator)


def divide_down(numerator: int, denominator: int) -> int:
    """The quotient rounded towards minus infinity; the denominator is positive."""
    return numerator // denominator


def divide_half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest integer, a half towards plus infinity; the denominator is positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def parse_micros(text: str) -> int:
    """Millionths named by a plain decimal such as ``50``, ``50.00`` or ``-0.000001``.

    At most ten digits before the point and six after it; no sign but a minus, no exponent, no grouping, no spaces.
    Raises MoneyError naming the value and what is allowed.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise MoneyError(f"amount {text[:32]!r} is not a decimal with at most 10 digits before the point and 6 after")
    sign, whole, fraction = match.groups()
    micros = int(whole) * MICROS_PER_UNIT + int((fraction or "").ljust(6, "0"))
    if micros > AMOUNT_MICROS_MAX:
        raise MoneyError(f"amount {text[:32]!r} is above {format_micros(AMOUNT_MICROS_MAX)}")
    return -micros if sign else micros


def format_micros(amount_micros: int) -> str:
    """The decimal with exactly six digits after the point, as the interfaces write it: ``47.700000``."""
    whole, fraction = divmod(abs(amount_micros), MICROS_PER_UNIT)
    return f"{'-' if amount_micros < 0 else ''}{whole}.{fraction:06d}"
