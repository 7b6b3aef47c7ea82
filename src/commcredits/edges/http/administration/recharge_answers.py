"""What the JSON bodies of answers about auto-recharge and balance alerts hold.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from pydantic import BaseModel

from commcredits.core.account import BackupUse, PauseReason, RechargeMode
from commcredits.core.money import format_micros
from commcredits.core.recharge import RechargeStanding
from commcredits.core.recharge_outlook import NextKind
from commcredits.core.recharge_outlook import NextStep as NextStepRecord
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Time, time, time_or_none
from commcredits.operations.balance_alerts import BalanceAlerts as BalanceAlertsRecord
from commcredits.operations.recharge_attempts import AttemptFollowUp, AttemptOutcome
from commcredits.operations.recharge_attempts import RechargeAttempt as RechargeAttemptRecord
from commcredits.operations.recharging import AutoRecharge as AutoRechargeRecord


class NextStep(BaseModel):
    """What comes next if nobody acts, and when.

    ``amount`` is net, and null where it depends on how far the balance falls. At ``at`` a wait is over: a cool-down, a
    back-off, the month of the cap, the time to approve; or funds expire that leave too little.
    """

    kind: NextKind
    at: Time | None
    amount: Amount | None
    payment_method: Identity | None


class AutoRecharge(BaseModel):
    """The auto-recharge rule, how it stands and what comes next.

    ``measured`` is what the trigger is compared with: the available balance less what is owed, and less what expires
    within ``expiry_ahead_days``. ``recharged_this_month`` counts against the cap of ``month``, which is over at
    ``month_ends_at``. ``retry_at`` is when a rule that waits after a decline or an attempt may act again.
    """

    enabled: bool
    mode: RechargeMode
    recharge_amount: Amount
    target_amount: Amount
    trigger_amount: Amount
    monthly_cap: Amount
    payment_method: Identity
    backup_payment_method: Identity | None
    expiry_ahead_days: int
    currency: Currency
    measured: Amount
    recharged_this_month: Amount
    cap_left: Amount
    month: str
    month_ends_at: Time
    standing: RechargeStanding
    retry_at: Time | None
    declines: int
    suspended: bool
    paused: PauseReason | None
    backup_use: BackupUse
    next_step: NextStep


class AutoRechargeSaved(AutoRecharge):
    """The rule in force; ``recharge_started`` says that the balance was below its trigger already."""

    recharge_started: bool


class RechargeAttempt(BaseModel):
    """An attempt, what became of it and why, and what followed.

    ``reason`` is the gateway's code of a decline, or why the attempt was cancelled; empty where nothing went wrong.
    ``retry_at`` belongs to the follow-up retry. ``amount`` is net, and ``tax`` was charged beside it.
    """

    top_up_id: Identity
    outcome: AttemptOutcome
    reason: str
    follow_up: AttemptFollowUp
    retry_at: Time | None
    amount: Amount
    tax: Amount
    currency: Currency
    payment_method: Identity
    brand: str
    last4: str
    created_at: Time
    sent_at: Time | None
    settled_at: Time | None


class BalanceAlerts(BaseModel):
    """The amounts that are told of when the posted balance falls below them, highest first."""

    amounts: list[Amount]
    currency: Currency


def auto_recharge(record: AutoRechargeRecord, currency: str) -> AutoRecharge:
    """An auto-recharge rule as it is answered."""
    return AutoRecharge(
        enabled=record.enabled,
        mode=record.mode,
        recharge_amount=format_micros(record.recharge_amount_micros),
        target_amount=format_micros(record.target_amount_micros),
        trigger_amount=format_micros(record.trigger_amount_micros),
        monthly_cap=format_micros(record.monthly_cap_micros),
        payment_method=record.payment_method_id,
        backup_payment_method=record.backup_payment_method_id,
        expiry_ahead_days=record.expiry_ahead_days,
        currency=currency,
        measured=format_micros(record.measured_micros),
        recharged_this_month=format_micros(record.recharged_this_month_micros),
        cap_left=format_micros(record.cap_left_micros),
        month=record.month,
        month_ends_at=time(record.month_ends_at),
        standing=record.standing,
        retry_at=time_or_none(record.retry_at),
        declines=record.declines,
        suspended=record.suspended,
        paused=record.paused,
        backup_use=record.backup_use,
        next_step=_next_step(record.next_step),
    )


def recharge_attempt(record: RechargeAttemptRecord) -> RechargeAttempt:
    """An attempt as it is answered."""
    return RechargeAttempt(
        top_up_id=record.top_up_id,
        outcome=record.outcome,
        reason=record.reason,
        follow_up=record.follow_up,
        retry_at=time_or_none(record.retry_at),
        amount=format_micros(record.amount_micros),
        tax=format_micros(record.tax_micros),
        currency=record.currency,
        payment_method=record.payment_method_id,
        brand=record.brand,
        last4=record.last4,
        created_at=time(record.created_at),
        sent_at=time_or_none(record.sent_at),
        settled_at=time_or_none(record.settled_at),
    )


def balance_alerts(record: BalanceAlertsRecord, currency: str) -> BalanceAlerts:
    """The alerts as they are answered."""
    return BalanceAlerts(amounts=[format_micros(amount) for amount in record.amounts_micros], currency=currency)


def _next_step(record: NextStepRecord) -> NextStep:
    return NextStep(
        kind=record.kind,
        at=time_or_none(record.at),
        amount=None if record.amount_micros is None else format_micros(record.amount_micros),
        payment_method=record.payment_method_id,
    )
