"""What the JSON bodies about auto-recharge and balance alerts hold, and what each field may be.

Knows fields and their forms. Refuses to know what a rule may say; the core does.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict

from commcredits.core.account import RechargeMode
from commcredits.core.alerting import ALERTS_MAX
from commcredits.core.money import MoneyError, parse_micros
from commcredits.core.recharge_rules import EXPIRY_AHEAD_DAYS_MAX
from commcredits.edges.http.administration.forms import (
    AmountMicros,
    CurrencyCode,
    FieldForm,
    Flag,
    Identifier,
    NotOfFormError,
    whole_form,
    word_form,
)

_ID: Final = "019353b4-7c1e-7000-8000-0123456789ab"
_AMOUNT_CHARACTERS_MAX: Final = 17

RechargeModeWord = Annotated[RechargeMode, word_form(RechargeMode)]
ExpiryAheadDays = Annotated[int, whole_form(EXPIRY_AHEAD_DAYS_MAX)]


def _amounts(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > ALERTS_MAX:
        raise NotOfFormError
    return tuple(_amount(each) for each in value)


def _amount(value: object) -> int:
    # Not isinstance: a number that is too long for any field arrives as a subclass of str.
    if type(value) is not str or len(value) > _AMOUNT_CHARACTERS_MAX or value.startswith("-"):
        raise NotOfFormError
    try:
        amount_micros = parse_micros(value)
    except MoneyError:
        raise NotOfFormError from None
    if not amount_micros:
        raise NotOfFormError
    return amount_micros


AmountsMicros = Annotated[
    tuple[int, ...],
    FieldForm(
        read=_amounts,
        allowed=f'an array of at most {ALERTS_MAX} decimals in JSON strings, above 0: ["50.00", "10.00"]',
        schema={
            "type": "array",
            "maxItems": ALERTS_MAX,
            "items": {"type": "string", "pattern": r"^[0-9]{1,10}(?:\.[0-9]{1,6})?$"},
            "examples": [["50.00", "10.00"]],
        },
    ),
]


class AutoRechargeToSave(BaseModel):
    """An auto-recharge rule; it takes the place of the whole rule before it.

    ``mode`` says how much a recharge charges: fixed, the recharge amount; close_gap, the fewest whole recharge amounts
    that reach the trigger; to_target, the difference to ``target_amount``. Without ``monthly_cap`` ten times the amount
    holds. ``backup_payment_method`` is tried when the first is declined. Funds that expire within
    ``expiry_ahead_days`` count as gone already. ``currency`` is as in a top-up.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "enabled": True,
                    "mode": "fixed",
                    "recharge_amount": "100.00",
                    "trigger_amount": "20.00",
                    "monthly_cap": "500.00",
                    "payment_method": _ID,
                    "currency": "EUR",
                }
            ]
        },
    )

    enabled: Flag
    trigger_amount: AmountMicros
    payment_method: Identifier
    recharge_amount: AmountMicros | None = None
    mode: RechargeModeWord = RechargeMode.FIXED
    target_amount: AmountMicros | None = None
    monthly_cap: AmountMicros | None = None
    backup_payment_method: Identifier | None = None
    expiry_ahead_days: ExpiryAheadDays = 0
    currency: CurrencyCode | None = None


class BalanceAlertsToSave(BaseModel):
    """The amounts to hear of when the posted balance falls below them, in the organization's currency; none: []."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"amounts": ["50.00", "10.00"]}]}
    )

    amounts: AmountsMicros
