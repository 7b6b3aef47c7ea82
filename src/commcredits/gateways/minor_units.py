"""Money crosses to a gateway here: millionths of the major unit become minor units, exactly or not at all.

The digits of a currency come from ISO 4217. A gateway that counts some currency differently says so in its
own table of exceptions. This module rounds nothing: who computes an amount rounds it, by a function that
says how, to a multiple of `minor_unit_step_micros`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from iso4217 import Currency

from commcredits.core.money import MICROS_PER_UNIT

DIGITS_MAX: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class MinorUnitRule:
    """How one gateway counts one currency: `digits` after the point, in multiples of `step_minor`.

    A gateway that wants a currency without cents in hundredths takes `digits=2, step_minor=100`.
    """

    digits: int
    step_minor: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.digits <= DIGITS_MAX:
            raise ValueError(f"digits must be 0 to {DIGITS_MAX}, not {self.digits}")
        if self.step_minor < 1:
            raise ValueError(f"step_minor must be at least 1, not {self.step_minor}")


MinorUnitRules = Mapping[str, MinorUnitRule]
NO_EXCEPTIONS: Final[MinorUnitRules] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCurrency:
    """ISO 4217 gives this code no minor unit: it is no currency, or one that nobody pays with, like gold."""

    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotWholeMinorUnits:
    """The amount falls between two payable amounts; `step_micros` is the distance between those."""

    amount_micros: int
    currency: str
    step_micros: int


def minor_unit_rule(currency: str, exceptions: MinorUnitRules = NO_EXCEPTIONS) -> MinorUnitRule | UnknownCurrency:
    """Find how `currency` is counted: by the gateway's exception if there is one, else by ISO 4217."""
    exception = exceptions.get(currency)
    if exception is not None:
        return exception
    try:
        digits = Currency(currency).exponent
    except ValueError:
        return UnknownCurrency(currency=currency)
    if digits is None:
        return UnknownCurrency(currency=currency)
    return MinorUnitRule(digits=digits)


def minor_unit_step_micros(currency: str, exceptions: MinorUnitRules = NO_EXCEPTIONS) -> int | UnknownCurrency:
    """Give the smallest payable amount of `currency`, in millionths; every payable amount is a multiple of it."""
    rule = minor_unit_rule(currency, exceptions)
    if isinstance(rule, UnknownCurrency):
        return rule
    return _micros_per_minor(rule) * rule.step_minor


def to_minor_units(
    amount_micros: int, currency: str, exceptions: MinorUnitRules = NO_EXCEPTIONS
) -> int | NotWholeMinorUnits | UnknownCurrency:
    """Convert millionths into minor units; an amount that is not payable exactly is refused, never rounded."""
    rule = minor_unit_rule(currency, exceptions)
    if isinstance(rule, UnknownCurrency):
        return rule
    step_micros = _micros_per_minor(rule) * rule.step_minor
    if amount_micros % step_micros != 0:
        return NotWholeMinorUnits(amount_micros=amount_micros, currency=currency, step_micros=step_micros)
    return amount_micros // _micros_per_minor(rule)


def from_minor_units(
    amount_minor: int, currency: str, exceptions: MinorUnitRules = NO_EXCEPTIONS
) -> int | UnknownCurrency:
    """Convert minor units into millionths; this direction is always exact."""
    rule = minor_unit_rule(currency, exceptions)
    if isinstance(rule, UnknownCurrency):
        return rule
    return amount_minor * _micros_per_minor(rule)


def _micros_per_minor(rule: MinorUnitRule) -> int:
    return MICROS_PER_UNIT // int(10**rule.digits)
