"""How Stripe counts money where it differs from ISO 4217. Facts of Stripe's page "Supported currencies", nothing else.

| currency                    | ISO 4217 | Stripe                                                              |
|-----------------------------|----------|---------------------------------------------------------------------|
| ISK, UGX                    | 0 digits | two digits, the last two zero: 5 ISK is 500                         |
| MGA                         | 2 digits | none                                                                |
| BHD, JOD, KWD, OMR, TND     | 3 digits | three digits, the last one zero: 5.12 KWD is 5120                   |
| HUF, TWD                    | 2 digits | two for charges, but paid out in whole units: we charge whole units |

HUF and TWD may be charged in hundredths; charging only whole units keeps each charge and its payout the same number.
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
        "HUF": _WHOLE_UNITS_IN_HUNDREDTHS,
        "TWD": _WHOLE_UNITS_IN_HUNDREDTHS,
        "MGA": MinorUnitRule(digits=0),
        "BHD": _THOUSANDTHS_BY_TEN,
        "JOD": _THOUSANDTHS_BY_TEN,
        "KWD": _THOUSANDTHS_BY_TEN,
        "OMR": _THOUSANDTHS_BY_TEN,
        "TND": _THOUSANDTHS_BY_TEN,
    }
)
