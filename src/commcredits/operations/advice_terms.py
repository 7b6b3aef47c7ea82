"""What an operator lets advice know: what licences cost.

Knows its form. Refuses to know where it is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from commcredits.core.advice_plans import Prices

NO_PRICES: Final = Prices(micros={})


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceTerms:
    """``prices`` are what licences cost a month, by currency."""

    prices: Mapping[str, Prices] = field(default_factory=dict)

    def prices_in(self, currency: str) -> Prices:
        """The prices in this currency; none where the operator has not said any."""
        return self.prices.get(currency, NO_PRICES)
