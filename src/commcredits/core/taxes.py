"""Tax on purchases: which row of the operator's dated table applies, and how much that is.

Knows what the table can say: no tax, on the top-up, or on use; and that a buyer with a checked tax id may owe it
himself. Refuses to know the law: the table is the operator's (domain.md §3, Tax).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from commcredits.core.money import MICROS_PER_UNIT


class TaxTreatment(StrEnum):
    """When tax is due on credits, or why it is not."""

    NONE = "none"
    ON_TOP_UP = "on_top_up"
    ON_USE = "on_use"
    """The purchase is no supply yet; revenue contains the tax."""
    REVERSE_CHARGE = "reverse_charge"
    """The buyer owes it: he has a tax id, and the row says that this is enough."""


class TaxRow(Struct, frozen=True, kw_only=True, gc=False):
    """What holds for buyers in ``country`` from an instant on; ``rate_micros`` is a share: 210,000 is 21 %.

    ``reverse_charge_with_tax_id``: a buyer whose tax id was checked owes the tax himself.
    """

    country: str
    effective_from: datetime
    treatment: TaxTreatment
    rate_micros: int = 0
    reverse_charge_with_tax_id: bool = False


class Tax(Struct, frozen=True, kw_only=True, gc=False):
    """The tax of one purchase: how it is treated, at which share, and ``micros`` to be paid beside the net amount."""

    treatment: TaxTreatment = TaxTreatment.NONE
    rate_micros: int = 0
    micros: int = 0


NO_TAX = Tax()


def row_in_force(rows: Iterable[TaxRow], country: str, now: datetime) -> TaxRow | None:
    """The latest row of a country that is in force at an instant; None when the operator has said nothing of it."""
    latest: TaxRow | None = None
    for row in rows:
        if row.country != country or row.effective_from > now:
            continue
        if latest is None or row.effective_from >= latest.effective_from:
            latest = row
    return latest


def tax_on_purchase(
    rows: Iterable[TaxRow], *, country: str, has_tax_id: bool, amount_micros: int, minor_digits: int, now: datetime
) -> Tax:
    """The tax of buying ``amount_micros`` net now, rounded half up to the currency's minor unit."""
    row = row_in_force(rows, country, now)
    if row is None or row.treatment is TaxTreatment.NONE:
        return NO_TAX
    if row.reverse_charge_with_tax_id and has_tax_id:
        return Tax(treatment=TaxTreatment.REVERSE_CHARGE)
    if row.treatment is not TaxTreatment.ON_TOP_UP:
        return Tax(treatment=row.treatment, rate_micros=row.rate_micros)
    unit_micros = MICROS_PER_UNIT // 10**minor_digits
    divisor = MICROS_PER_UNIT * unit_micros
    units = (2 * amount_micros * row.rate_micros + divisor) // (2 * divisor)
    return Tax(treatment=row.treatment, rate_micros=row.rate_micros, micros=units * unit_micros)


def tax_share_micros(*, tax_micros: int, amount_micros: int, part_micros: int, minor_digits: int) -> int:
    """The tax of the first ``part_micros`` of a purchase, in whole minor units, half up; all of it for the whole.

    Shares of growing parts never fall, so what several refunds give back adds up to the tax and never to more.
    """
    unit_micros: int = MICROS_PER_UNIT // 10**minor_digits
    divisor = amount_micros * unit_micros
    return (2 * tax_micros * part_micros + divisor) // (2 * divisor) * unit_micros
