"""What advice rests on besides use: what licences cost.

Knows the form of a price. Refuses to know what comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from commcredits.core.advice_plans import PLANS, Prices
from commcredits.core.money import MoneyError, parse_micros

PRICES_MAX: Final = 5_000
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_CODES: Final = tuple(plan.value for plan in PLANS)


class PlanPriceSettings(BaseModel):
    """What one licence of a Calling Plan costs a month, in major units; without a ``country``, in all others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    licence: str
    currency: str
    price: str
    country: str = ""

    @field_validator("price")
    @classmethod
    def _amount(cls, text: str) -> str:
        _micros(text)
        return text

    @model_validator(mode="after")
    def _makes_sense(self) -> PlanPriceSettings:
        if self.licence not in _CODES:
            raise ValueError(f"licence {self.licence[:32]!r} is not one of {', '.join(_CODES)}")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"currency {self.currency[:8]!r} is not a code of three capital letters (ISO 4217)")
        if self.country and self.country not in SUPPORTED_REGIONS:
            raise ValueError(f"country {self.country[:8]!r} is not the ISO 3166-1 code of a country, such as RO")
        return self

    def price_micros(self) -> int:
        """The price in millionths."""
        return _micros(self.price)


def prices_by_currency(prices: Iterable[PlanPriceSettings]) -> dict[str, Prices]:
    """The prices as advice reads them."""
    by_currency: dict[str, dict[str, int]] = {}
    for each in prices:
        by_currency.setdefault(each.currency, {})[f"{each.licence}/{each.country}"] = each.price_micros()
    return {currency: Prices(micros=micros) for currency, micros in by_currency.items()}


def _micros(text: str) -> int:
    try:
        micros = parse_micros(text)
    except MoneyError:
        raise ValueError(f"price {text[:32]!r} is not a decimal such as 12 or 8.50") from None
    if micros < 0:
        raise ValueError("price must not be below zero")
    return micros
