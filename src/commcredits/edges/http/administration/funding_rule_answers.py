"""What the JSON bodies of answers about adjustments, vouchers, closings and sums of accounts hold.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from commcredits.core.ledger import LedgerAccount
from commcredits.core.money import format_micros
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Time, time, time_or_none
from commcredits.operations import accounting_summary, adjustments, closing, voucher_batches, vouchers
from commcredits.operations.adjustments import AdjustmentState
from commcredits.operations.closing import ClosingWait
from commcredits.operations.funding_rules import Remainder
from commcredits.operations.voucher_batches import VoucherState

Count = Annotated[int, Field(ge=0)]


class Adjustment(BaseModel):
    """Funds given or taken by hand; ``owed`` of what was taken were not there. ``decided_by``: empty for nobody."""

    adjustment_id: Identity
    organization_id: Identity
    amount: Amount
    currency: Currency
    reason: str
    state: AdjustmentState
    requested_by: str
    requested_at: Time
    decided_by: str
    decided_at: Time | None
    owed: Amount
    lot_id: Identity | None
    refusal: str


class VoucherBatch(BaseModel):
    """A batch of vouchers, and how many of them stand where."""

    batch_id: Identity
    quantity: Count
    amount: Amount
    currency: Currency
    redeem_until: Time
    lot_days: Count
    note: str
    issued_by: str
    issued_at: Time
    open_count: Count
    redeemed_count: Count
    voided_count: Count


class IssuedVouchers(BaseModel):
    """The codes of a new batch, which are shown this once."""

    batch_id: Identity
    amount: Amount
    currency: Currency
    redeem_until: Time
    codes: list[str]


class Voucher(BaseModel):
    """What became of one voucher."""

    voucher_id: Identity
    batch_id: Identity
    state: VoucherState
    amount: Amount
    currency: Currency
    redeem_until: Time
    note: str
    redeemed_by: Identity | None
    redeemed_at: Time | None
    lot_id: Identity | None
    voided_by: str
    voided_at: Time | None


class RedeemedVoucher(BaseModel):
    """A voucher has become this lot of promotional funds."""

    voucher_id: Identity
    lot_id: Identity
    amount: Amount
    currency: Currency
    expires_at: Time


class Closing(BaseModel):
    """How far an organization's closing is: closed at an instant, or waiting for something."""

    organization_id: Identity
    remainder: Remainder
    requested_by: str
    requested_at: Time
    closed_at: Time | None
    waits_for: ClosingWait | None


class AccountSum(BaseModel):
    """One account in one currency over a period, debits positive."""

    account: LedgerAccount
    code: str
    name: str
    currency: Currency
    opening: Amount
    debit: Amount
    credit: Amount
    closing: Amount


class TaxOnUse(BaseModel):
    """The tax contained in a month's revenue; nobody paid for ``given``, and ``taxed_before`` was taxed when bought."""

    month: str
    begins: Time
    ends: Time
    country: str
    currency: Currency
    rate: Amount
    revenue: Amount
    given: Amount
    taxed_before: Amount
    taxable: Amount
    tax: Amount


def adjustment(record: adjustments.Adjustment) -> Adjustment:
    """An adjustment as it is answered."""
    return Adjustment(
        adjustment_id=record.adjustment_id,
        organization_id=record.organization_id,
        amount=format_micros(record.amount_micros),
        currency=record.currency,
        reason=record.reason,
        state=record.state,
        requested_by=record.requested_by,
        requested_at=time(record.requested_at),
        decided_by=record.decided_by,
        decided_at=time_or_none(record.decided_at),
        owed=format_micros(record.owed_micros),
        lot_id=record.lot_id,
        refusal=record.refusal,
    )


def voucher_batch(record: voucher_batches.VoucherBatch) -> VoucherBatch:
    """A batch as it is answered."""
    return VoucherBatch(
        batch_id=record.batch_id,
        quantity=record.quantity,
        amount=format_micros(record.amount_micros),
        currency=record.currency,
        redeem_until=time(record.redeem_until),
        lot_days=record.lot_days,
        note=record.note,
        issued_by=record.issued_by,
        issued_at=time(record.issued_at),
        open_count=record.open_count,
        redeemed_count=record.redeemed_count,
        voided_count=record.voided_count,
    )


def issued_vouchers(record: vouchers.IssuedVouchers) -> IssuedVouchers:
    """A new batch with its codes."""
    return IssuedVouchers(
        batch_id=record.batch_id,
        amount=format_micros(record.terms.amount_micros),
        currency=record.terms.currency,
        redeem_until=time(record.terms.redeem_until),
        codes=list(record.codes),
    )


def voucher(record: voucher_batches.Voucher) -> Voucher:
    """A voucher as it is answered."""
    return Voucher(
        voucher_id=record.voucher_id,
        batch_id=record.batch_id,
        state=record.state,
        amount=format_micros(record.amount_micros),
        currency=record.currency,
        redeem_until=time(record.redeem_until),
        note=record.note,
        redeemed_by=record.redeemed_by,
        redeemed_at=time_or_none(record.redeemed_at),
        lot_id=record.lot_id,
        voided_by=record.voided_by,
        voided_at=time_or_none(record.voided_at),
    )


def redeemed_voucher(record: vouchers.RedeemedVoucher) -> RedeemedVoucher:
    """A voucher that has become funds."""
    return RedeemedVoucher(
        voucher_id=record.voucher_id,
        lot_id=record.lot_id,
        amount=format_micros(record.amount_micros),
        currency=record.currency,
        expires_at=time(record.expires_at),
    )


def closing_of(record: closing.Closing) -> Closing:
    """A closing as it is answered."""
    return Closing(
        organization_id=record.organization_id,
        remainder=record.remainder,
        requested_by=record.requested_by,
        requested_at=time(record.requested_at),
        closed_at=time_or_none(record.closed_at),
        waits_for=record.waits_for,
    )


def account_sum(record: accounting_summary.AccountSum) -> AccountSum:
    """The sums of an account as they are answered."""
    return AccountSum(
        account=record.account,
        code=record.code,
        name=record.name,
        currency=record.currency,
        opening=format_micros(record.opening_micros),
        debit=format_micros(record.debit_micros),
        credit=format_micros(record.credit_micros),
        closing=format_micros(record.closing_micros),
    )


def tax_on_use(record: accounting_summary.TaxOnUse) -> TaxOnUse:
    """The tax of a month as it is answered; the rate is a share, 0.210000 for 21 %."""
    return TaxOnUse(
        month=record.month,
        begins=time(record.begins),
        ends=time(record.ends),
        country=record.country,
        currency=record.currency,
        rate=format_micros(record.rate_micros),
        revenue=format_micros(record.revenue_micros),
        given=format_micros(record.given_micros),
        taxed_before=format_micros(record.taxed_before_micros),
        taxable=format_micros(record.taxable_micros),
        tax=format_micros(record.tax_micros),
    )
