"""How Stripe counts money where it differs from ISO 4217. Facts of Stripe's page "Supported currencies", nothing else.

| currency                    | ISO 4217 | Stripe                                                              |
|-----------------------------|----------|---------------------------------------------------------------------|
| ISK, UGX                    | 0 digits | two digits, the last two zero: 5 ISK is 500                         |
| MGA                         | 2 digits | none                                                                |
| BHD, JOD, KWD, OMR, TND     | 3 digits | three digits, the last one zero: 5.12 KWD is 5120                   |

HUF and TWD are paid out in whole units, and charged and refunded in hundredths as ISO 4217 says. Charging whole units
only would leave refunds of what is left of a purchase, and prices with tax, that Stripe could carry and we could not.
IQD and LYD are three-digit currencies that Stripe does not take; it refuses them itself.
"""

from types import MappingProxyType
from typing import Final

from commcredits.gateways.minor_units import MinorUnitRule, MinorUnitRules

_WHOLE_UNITS_IN_HUNDREDTHS: Final = MinorUnitRule(digits=2, step_minor=100)
_THOUSANDTHS_BY_TEN: Final = MinorUnitRule(digits=3, step_minor=10)

STRIPE_MINOR_UNITS: Final[MinorUnitRules] = MappingProxyType(
    {
        "ISK": _WHOLE_UNITS_IN_HUNDREDTHS,
        "UGX": _WHOLE_UNITS_IN_HUNDREDTHS,
        "MGA": MinorUnitRule(digits=0),
        "BHD": _THOUSANDTHS_BY_TEN,
        "JOD": _THOUSANDTHS_BY_TEN,
        "KWD": _THOUSANDTHS_BY_TEN,
        "OMR": _THOUSANDTHS_BY_TEN,
        "TND": _THOUSANDTHS_BY_TEN,
    }
)
