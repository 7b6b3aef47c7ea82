"""What auto-recharge will do next, and when, if nobody acts and nothing is used meanwhile.

Knows how the rule stands and what its waits end with. Refuses to decide: commcredits.core.recharge does, at the next
change or check. An outlook that is read twice is the same twice, for it is worked out from the account alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from commcredits.core.account import Account, BackupUse, Context, RechargeMode, RechargeRule
from commcredits.core.calendar import bounds_of
from commcredits.core.purchases import TopUp, TopUpKind, TopUpState
from commcredits.core.recharge import RechargeStanding, amount_due_micros, measured_micros, month_so_far, standing
from commcredits.core.topups import OPEN_STATES


class NextKind(StrEnum):
    """What comes next. Stable: edges have a sentence for each."""

    NOTHING = "nothing"
    """The rule is off, or the organization may not buy; it stays so until somebody acts."""
    WATCH = "watch"
    """There is enough. A recharge follows once the balance is below the trigger; at ``at``, expiry alone does that."""
    CHARGE = "charge"
    """An attempt goes to the gateway within moments."""
    ANSWER = "answer"
    """The gateway has the attempt; its answer is waited for, or looked up."""
    APPROVAL = "approval"
    """The payer has to approve; at ``at`` the attempt is given up."""
    COOL_DOWN = "cool_down"
    """The last attempt was a moment ago; the next may follow at ``at``."""
    RETRY = "retry"
    """The last attempt was declined; the next follows at ``at``."""
    SAVE = "save"
    """Suspended after declines: nothing until an administrator saves the rule or chooses other methods."""
    LOOK = "look"
    """Paused, for funds were taken that nobody used: nothing until an administrator has saved the rule."""
    NEXT_MONTH = "next_month"
    """The month's cap leaves no room; at ``at`` another month begins."""


class NextStep(Struct, frozen=True, kw_only=True, gc=False):
    """The next step. ``amount_micros`` is net, None where it depends on how far the balance falls.

    ``payment_method_id`` is None where nothing will be charged.
    """

    kind: NextKind
    at: datetime | None = None
    amount_micros: int | None = None
    payment_method_id: str | None = None


_NOTHING = NextStep(kind=NextKind.NOTHING)


def next_step(account: Account, context: Context, *, approval_seconds: int) -> NextStep:
    """What follows; ``approval_seconds`` is how long a payer has to approve an attempt."""
    for top_up in account.open_top_ups:
        if top_up.kind is TopUpKind.AUTO_RECHARGE and top_up.state in OPEN_STATES:
            return _of_attempt(top_up, approval_seconds)
    rule = account.recharge.rule
    stands = standing(account, context)
    if rule is None or stands is RechargeStanding.OFF:
        return _NOTHING
    if stands is RechargeStanding.SUSPENDED:
        return NextStep(kind=NextKind.SAVE)
    if stands is RechargeStanding.PAUSED:
        return NextStep(kind=NextKind.LOOK)
    method = payment_method_next(account, rule)
    if stands is RechargeStanding.ABOVE_TRIGGER:
        amount = rule.recharge_amount_micros if rule.mode is RechargeMode.FIXED else None
        return NextStep(
            kind=NextKind.WATCH,
            at=_falls_by_expiry_at(account, rule, context),
            amount_micros=amount,
            payment_method_id=method,
        )
    kind, at = _wait(account, stands, context)
    return NextStep(kind=kind, at=at, amount_micros=amount_due_micros(account, rule, context), payment_method_id=method)


def payment_method_next(account: Account, rule: RechargeRule) -> str:
    """The method that an attempt opened now would charge: the backup where the first was declined."""
    backup = rule.backup_payment_method if account.recharge.backup_use is not BackupUse.NONE else ""
    return backup or rule.payment_method


def month_ends_at(account: Account, context: Context) -> datetime:
    """When the month whose cap counts is over, in the organization's zone; an instant in UTC."""
    month, _spent = month_so_far(account, context)
    return bounds_of(month, account.time_zone)[1]


def _of_attempt(top_up: TopUp, approval_seconds: int) -> NextStep:
    kind, at = NextKind.ANSWER, None
    if top_up.state is TopUpState.DUE:
        kind = NextKind.CHARGE
    elif top_up.state is TopUpState.ACTION_REQUIRED:
        kind, at = NextKind.APPROVAL, (top_up.sent_at or top_up.created_at) + timedelta(seconds=approval_seconds)
    return NextStep(kind=kind, at=at, amount_micros=top_up.amount_micros, payment_method_id=top_up.payment_method)


def _wait(account: Account, stands: RechargeStanding, context: Context) -> tuple[NextKind, datetime | None]:
    """What a rule below its trigger waits for; each wait that it has is over at the instant given."""
    state = account.recharge
    if stands is RechargeStanding.CAP_REACHED:
        return NextKind.NEXT_MONTH, month_ends_at(account, context)
    waits = [at for at in (state.retry_at, state.cool_down_until) if at is not None and at > context.now]
    if stands is RechargeStanding.BACK_OFF:
        return NextKind.RETRY, max(waits)
    if stands is RechargeStanding.COOL_DOWN:
        return NextKind.COOL_DOWN, max(waits)
    return NextKind.CHARGE, None


def _falls_by_expiry_at(account: Account, rule: RechargeRule, context: Context) -> datetime | None:
    """When funds that expire take the balance below the trigger, if nothing is used; None: never."""
    left = measured_micros(account, rule, context)
    ahead = timedelta(days=rule.expiry_ahead_days)
    counted = [lot for lot in account.lots if lot.free_micros and lot.terms.expires_at > context.now + ahead]
    for lot in sorted(counted, key=lambda each: each.terms.expires_at):
        left -= lot.free_micros
        if left < rule.trigger_amount_micros:
            return lot.terms.expires_at - ahead
    return None
