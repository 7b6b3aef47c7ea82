"""Purchases, refunds and what limits a rule as documents and rows: how they are written down and read back.

Knows columns and keys. Refuses to decide. What changes seldom travels as one document, so that the statement of every
batch does not carry a parameter for each of its columns.
"""

from __future__ import annotations

from typing import Final

import asyncpg
import msgspec

from commcredits.core.account import (
    NO_ALERTS,
    BackupUse,
    BalanceAlerts,
    PauseReason,
    RechargeMode,
    RechargeRule,
    RechargeState,
)
from commcredits.core.funds import LotSource, LotTerms
from commcredits.core.purchases import Refund, RefundState, TopUp, TopUpKind, TopUpState
from commcredits.core.taxes import NO_TAX, Tax, TaxTreatment

_encode: Final = msgspec.json.Encoder().encode


def encode_top_up(top_up: TopUp) -> str:
    """A row of ``top_ups``."""
    return _encode(
        {
            "top_up_id": top_up.top_up_id,
            "kind": top_up.kind,
            "state": top_up.state,
            "amount_micros": top_up.amount_micros,
            "payment_method": top_up.payment_method,
            "created_at": top_up.created_at,
            "sent_at": top_up.sent_at,
            "settled_at": top_up.settled_at,
            "gateway": top_up.gateway,
            "gateway_reference": top_up.gateway_reference,
            "reason": top_up.reason,
            "action_url": top_up.action_url,
            "lot_id": top_up.lot_id,
            "tax_treatment": top_up.tax.treatment,
            "tax_rate_micros": top_up.tax.rate_micros,
            "tax_micros": top_up.tax.micros,
            "fee_micros": top_up.fee_micros,
            "refunded_micros": top_up.refunded_micros,
            "refunded_tax_micros": top_up.refunded_tax_micros,
            "disputed_micros": top_up.disputed_micros,
            "dispute_reference": top_up.dispute_reference,
        }
    ).decode()


def encode_rule(state: RechargeState) -> str:
    """A row of ``recharge_rules``."""
    rule = state.rule
    assert rule is not None, "there is nothing to write of no rule"
    return _encode(
        {
            "enabled": rule.enabled,
            "recharge_amount_micros": rule.recharge_amount_micros,
            "trigger_amount_micros": rule.trigger_amount_micros,
            "monthly_cap_micros": rule.monthly_cap_micros,
            "payment_method": rule.payment_method,
            "mode": rule.mode,
            "target_amount_micros": rule.target_amount_micros,
            "backup_payment_method": rule.backup_payment_method,
            "expiry_ahead_days": rule.expiry_ahead_days,
            "cool_down_until": state.cool_down_until,
            "declines": state.declines,
            "retry_at": state.retry_at,
            "suspended": state.suspended,
            "month": state.month,
            "month_micros": state.month_micros,
            "backup_use": state.backup_use,
            "paused": state.paused,
            "cap_told_percent": state.cap_told_percent,
        }
    ).decode()


def encode_refund(refund: Refund) -> str:
    """A refund, its lot by its id."""
    return _encode(
        {
            "refund_id": refund.refund_id,
            "top_up_id": refund.top_up_id,
            "lot_id": refund.lot.lot_id,
            "state": refund.state,
            "amount_micros": refund.amount_micros,
            "tax_micros": refund.tax_micros,
            "reason": refund.reason,
            "requested_by": refund.requested_by,
            "created_at": refund.created_at,
            "settled_at": refund.settled_at,
            "gateway_reference": refund.gateway_reference,
            "refusal": refund.refusal,
        }
    ).decode()


def top_up_of(row: asyncpg.Record) -> TopUp:
    """The core's record of a row of ``top_ups``."""
    return TopUp(
        top_up_id=str(row["top_up_id"]),
        kind=TopUpKind(row["kind"]),
        state=TopUpState(row["state"]),
        amount_micros=row["amount_micros"],
        payment_method=row["payment_method"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        settled_at=row["settled_at"],
        gateway=row["gateway"],
        gateway_reference=row["gateway_reference"],
        reason=row["reason"],
        action_url=row["action_url"],
        lot_id=None if row["lot_id"] is None else str(row["lot_id"]),
        tax=tax_of(row),
        fee_micros=row["fee_micros"],
        refunded_micros=row["refunded_micros"],
        refunded_tax_micros=row["refunded_tax_micros"],
        disputed_micros=row["disputed_micros"],
        dispute_reference=row["dispute_reference"],
    )


def tax_of(row: asyncpg.Record) -> Tax:
    """The tax of a row of ``top_ups``."""
    if row["tax_treatment"] == TaxTreatment.NONE:
        return NO_TAX
    return Tax(
        treatment=TaxTreatment(row["tax_treatment"]), rate_micros=row["tax_rate_micros"], micros=row["tax_micros"]
    )


def refund_of(row: asyncpg.Record) -> Refund:
    """The core's record of a row that joins ``refunds`` and its lot's row of ``fund_lots``."""
    return Refund(
        refund_id=str(row["refund_id"]),
        top_up_id=str(row["top_up_id"]),
        lot=LotTerms(
            lot_id=str(row["lot_id"]),
            source=LotSource(row["source"]),
            purchased_at=row["purchased_at"],
            expires_at=row["expires_at"],
        ),
        state=RefundState(row["state"]),
        amount_micros=row["amount_micros"],
        tax_micros=row["tax_micros"],
        reason=row["reason"],
        requested_by=row["requested_by"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
        gateway_reference=row["gateway_reference"],
        refusal=row["refusal"],
    )


def recharge_of(row: asyncpg.Record) -> RechargeState:
    """The rule and its state of a row of ``load_accounts.sql``."""
    if row["enabled"] is None:
        return RechargeState()
    return RechargeState(
        rule=RechargeRule(
            enabled=row["enabled"],
            recharge_amount_micros=row["recharge_amount_micros"],
            trigger_amount_micros=row["trigger_amount_micros"],
            monthly_cap_micros=row["monthly_cap_micros"],
            payment_method=row["payment_method"],
            mode=RechargeMode(row["mode"]),
            target_amount_micros=row["target_amount_micros"],
            backup_payment_method=row["backup_payment_method"],
            expiry_ahead_days=row["expiry_ahead_days"],
        ),
        cool_down_until=row["cool_down_until"],
        declines=row["declines"],
        retry_at=row["retry_at"],
        suspended=row["suspended"],
        month=row["month"],
        month_micros=row["month_micros"],
        backup_use=BackupUse(row["backup_use"]),
        paused=None if row["paused"] is None else PauseReason(row["paused"]),
        cap_told_percent=row["cap_told_percent"],
    )


def alerts_of(row: asyncpg.Record) -> BalanceAlerts:
    """The alerts of a row of ``load_accounts.sql``."""
    if row["zero_told"] is None:
        return NO_ALERTS
    return BalanceAlerts(amounts_micros=tuple(row["alert_amounts_micros"]), zero_told=row["zero_told"])
