"""The fields, and the JSON bodies of requests, about what the operator lets happen with funds.

Knows their names and forms. Refuses to know what is done with them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from commcredits.core.money import MoneyError, parse_micros
from commcredits.core.voucher_codes import CODE_CHARACTERS_MAX
from commcredits.edges.http.administration.forms import (
    AmountMicros,
    CurrencyCode,
    FieldForm,
    Flag,
    Identifier,
    Instant,
    NotOfFormError,
    TimeZoneName,
    prose_form,
    text_form,
    whole_form,
    word_form,
)
from commcredits.operations.adjustments import REASON_CHARACTERS_MAX, REASON_CHARACTERS_MIN, AdjustmentState
from commcredits.operations.funding_rules import Remainder
from commcredits.operations.vouchers import BATCH_MAX, LOT_DAYS_MAX, NOTE_CHARACTERS_MAX

_SIGNED: Final = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,6})?", re.ASCII)
_CODE: Final = re.compile(rf"[0-9A-Za-z -]{{1,{CODE_CHARACTERS_MAX}}}", re.ASCII)


def _signed(value: object) -> int:
    if type(value) is not str or _SIGNED.fullmatch(value) is None:
        raise NotOfFormError
    try:
        return parse_micros(value)
    except MoneyError as error:
        raise NotOfFormError(f"an amount within bounds: {error}") from None


SignedAmountMicros = Annotated[
    int,
    FieldForm(
        read=_signed,
        allowed='a decimal in a JSON string, negative to take funds, 6 digits after the point at most: "-5.00"',
        schema={
            "type": "string",
            "pattern": f"^{_SIGNED.pattern}$",
            "description": "An amount in the currency's major unit; negative for funds that are taken.",
            "examples": ["-5.00"],
        },
    ),
]
AdjustmentReason = Annotated[str, prose_form(REASON_CHARACTERS_MIN, REASON_CHARACTERS_MAX, "Goodwill after an outage")]
VoucherNote = Annotated[str, prose_form(0, NOTE_CHARACTERS_MAX, "Trade fair")]
VoucherCode = Annotated[
    str,
    text_form(_CODE, "the code of a voucher: letters, digits, blanks and hyphens", "7K2QF-0M3XA-9TTNZ-4PGV1"),
]
VoucherQuantity = Annotated[int, whole_form(BATCH_MAX)]
LotDays = Annotated[int, whole_form(LOT_DAYS_MAX)]
RemainderWord = Annotated[Remainder, word_form(Remainder)]
StateQuery = Annotated[
    Annotated[AdjustmentState, word_form(AdjustmentState)] | None,
    Query(alias="state", description="Those in this state alone."),
]
FromQuery = Annotated[Instant, Query(alias="from", description="The first instant of the period.")]
ToQuery = Annotated[Instant, Query(alias="to", description="The instant before which it ends; it must have passed.")]
ZoneQuery = Annotated[
    TimeZoneName | None, Query(alias="time_zone", description="By whose clock dates and months are; left out, UTC.")
]
OrganizationQuery = Annotated[
    Identifier | None, Query(alias="organization_id", description="This organization alone; left out, all of them.")
]


def _strict(**example: Any) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class AdjustmentToRequest(BaseModel):
    """Funds to give, or with a negative amount to take. ``currency``, when given, must be the organization's."""

    model_config = _strict(amount="-5.00", reason="Paid out by bank transfer", currency="EUR")

    amount: SignedAmountMicros
    reason: AdjustmentReason
    currency: CurrencyCode | None = None


class VouchersToIssue(BaseModel):
    """A batch of vouchers of ``amount`` each, whose funds last ``lot_days`` from when they are redeemed."""

    model_config = _strict(
        quantity=100,
        amount="5.00",
        currency="EUR",
        redeem_until="2027-01-31T00:00:00Z",
        lot_days=90,
        note="Trade fair",
    )

    quantity: VoucherQuantity
    amount: AmountMicros
    currency: CurrencyCode
    redeem_until: Instant
    lot_days: LotDays
    note: VoucherNote = ""


class VoucherToName(BaseModel):
    """A voucher, by its code: here and not in the address, for addresses are logged on the way."""

    model_config = _strict(code="7K2QF-0M3XA-9TTNZ-4PGV1")

    code: VoucherCode


class CurrencyToSet(BaseModel):
    """The currency that an organization pays in from now on."""

    model_config = _strict(currency="RON")

    currency: CurrencyCode


class BillingToSet(BaseModel):
    """When an organization pays for calls: after use, up to ``credit_line``; or in advance, without one."""

    model_config = _strict(post_usage=True, credit_line="500.00")

    post_usage: Flag
    credit_line: AmountMicros | None = None


class ClosingToBegin(BaseModel):
    """What becomes of what was bought and is left; left out, what the operator's settings say."""

    model_config = _strict(remainder="refund")

    remainder: RemainderWord | None = None
