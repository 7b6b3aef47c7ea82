"""Auto-recharge: when a recharge is due, and how much it charges.

Knows the rule of domain.md §3: strictly below the trigger, a fixed amount or one that is worked out, one open attempt,
a cool-down, a monthly cap, a back-off after declines. Refuses to know gateways; it opens attempts, and operations take
them there. What a rule may say stands in commcredits.core.recharge_rules.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.account import (
    Account,
    BackupUse,
    Context,
    Decision,
    PauseReason,
    RechargeMode,
    RechargeRule,
    RechargeState,
)
from commcredits.core.calendar import month_of
from commcredits.core.funds import available_micros
from commcredits.core.money import MICROS_PER_UNIT
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.purchases import TopUp, TopUpKind, TopUpState
from commcredits.core.topups import OPEN_STATES, may_recharge, tax_of

CAP_NEARLY_PERCENT: Final = 80
CAP_PERCENT: Final = 100


class RechargeStanding(StrEnum):
    """Why a recharge happens now, or what it waits for."""

    OFF = "off"
    ABOVE_TRIGGER = "above_trigger"
    ATTEMPT_OPEN = "attempt_open"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    BACK_OFF = "back_off"
    COOL_DOWN = "cool_down"
    CAP_REACHED = "cap_reached"
    DUE = "due"


class _Opened(Struct, frozen=True, kw_only=True, gc=False):
    account: Account
    top_up: TopUp


def standing(account: Account, context: Context) -> RechargeStanding:
    """Whether the account's rule recharges now; the first reason against it otherwise."""
    state = account.recharge
    rule = state.rule
    if rule is None or not may_recharge(account, context.funding):
        return RechargeStanding.OFF
    measured = measured_micros(account, rule, context)
    if measured >= rule.trigger_amount_micros:
        return RechargeStanding.ABOVE_TRIGGER
    if any(top_up.kind is TopUpKind.AUTO_RECHARGE and top_up.state in OPEN_STATES for top_up in account.open_top_ups):
        return RechargeStanding.ATTEMPT_OPEN
    if state.suspended:
        return RechargeStanding.SUSPENDED
    if state.paused is not None:
        return RechargeStanding.PAUSED
    if state.retry_at is not None and context.now < state.retry_at:
        return RechargeStanding.BACK_OFF
    if state.cool_down_until is not None and context.now < state.cool_down_until:
        return RechargeStanding.COOL_DOWN
    _month, spent = month_so_far(account, context)
    if spent + amount_due_micros(account, rule, context) > rule.monthly_cap_micros:
        return RechargeStanding.CAP_REACHED
    return RechargeStanding.DUE


def measured_micros(account: Account, rule: RechargeRule, context: Context) -> int:
    """What the trigger is compared with: the available balance less what is owed or expires in the days ahead."""
    at = context.now + timedelta(days=rule.expiry_ahead_days) if rule.expiry_ahead_days else context.now
    return available_micros(account.lots, at) - account.owed_micros


def amount_due_micros(account: Account, rule: RechargeRule, context: Context) -> int:
    """What a recharge would charge now, net: whole minor units, and no more than one top-up may be.

    To a target, the difference to it; to close a gap, the fewest whole recharge amounts that reach the trigger, at
    least one, in one charge (domain.md §3).
    """
    maximum = context.funding.top_up_maximum_micros
    amount = rule.recharge_amount_micros
    if rule.mode is RechargeMode.FIXED:
        return amount
    measured = measured_micros(account, rule, context)
    if rule.mode is RechargeMode.TO_TARGET:
        unit: int = MICROS_PER_UNIT // 10**account.minor_digits
        missing = max(rule.target_amount_micros - measured, unit)
        return min(-(-missing // unit), maximum // unit) * unit
    missing = rule.trigger_amount_micros - measured
    return max(1, min(-(-missing // amount), maximum // amount)) * amount


def recharge_if_due(decision: Decision, context: Context) -> Decision:
    """The decision, with an attempt opened in the same breath when the account it leaves is below its trigger."""
    account = decision.account
    rule = account.recharge.rule
    if rule is None or not rule.enabled:
        return decision
    if not rule.expiry_ahead_days and available_micros(account.lots, context.now) >= (
        rule.trigger_amount_micros + account.owed_micros
    ):
        # Every step of every call comes by here, and nearly always there is enough.
        return decision
    stands = standing(account, context)
    if stands is RechargeStanding.DUE:
        opened = _open_attempt(account, rule, context)
        return replace(decision, account=opened.account, top_ups=(*decision.top_ups, opened.top_up))
    if stands is RechargeStanding.CAP_REACHED:
        state, notices = tell_of_cap(account, account.recharge, context, percent=CAP_PERCENT)
        if notices:
            account = replace(account, recharge=state)
            return replace(decision, account=account, notices=(*decision.notices, *notices))
    return decision


def tell_of_cap(
    account: Account, state: RechargeState, context: Context, *, percent: int | None = None
) -> tuple[RechargeState, tuple[Notice, ...]]:
    """The notice that 80 or 100 % of the month's cap are reached, once each; ``percent`` says so where no sum does."""
    rule = state.rule
    if rule is None or not rule.enabled:
        return state, ()
    month, spent = month_so_far(replace(account, recharge=state), context)
    reached = spent * 100 // rule.monthly_cap_micros if percent is None else percent
    told = state.cap_told_percent if state.month == month else 0
    if reached >= CAP_PERCENT > told:
        kind, told = NoticeKind.CAP_REACHED, CAP_PERCENT
    elif CAP_NEARLY_PERCENT <= reached < CAP_PERCENT and told < CAP_NEARLY_PERCENT:
        kind, told = NoticeKind.CAP_NEARLY_REACHED, CAP_NEARLY_PERCENT
    else:
        return state, ()
    facts: dict[str, str | int] = {
        "month": month,
        "recharged_micros": spent,
        "monthly_cap_micros": rule.monthly_cap_micros,
        "currency": account.currency,
    }
    notice = Notice(kind=kind, key=f"{month}:{rule.monthly_cap_micros}", facts=facts)
    return replace(state, month=month, month_micros=spent, cap_told_percent=told), (notice,)


def pause_if_below(account: Account, reason: PauseReason, context: Context) -> tuple[Account, tuple[Notice, ...]]:
    """A rule does not recharge what a dispute, a refund or an adjustment has taken: it waits, and somebody is told."""
    state = account.recharge
    rule = state.rule
    if rule is None or not rule.enabled or state.paused is not None:
        return account, ()
    if measured_micros(account, rule, context) >= rule.trigger_amount_micros:
        return account, ()
    facts: dict[str, str | int] = {
        "reason": reason.value,
        "trigger_amount_micros": rule.trigger_amount_micros,
        "currency": account.currency,
    }
    notice = Notice(kind=NoticeKind.RECHARGE_PAUSED, key=context.new_id(), facts=facts)
    return replace(account, recharge=replace(state, paused=reason)), (notice,)


def month_so_far(account: Account, context: Context) -> tuple[str, int]:
    """The month whose cap counts, and what it has taken. A clock that is put back does not open last month again."""
    state = account.recharge
    month = max(month_of(context.now, account.time_zone), state.month)
    return month, state.month_micros if state.month == month else 0


def _open_attempt(account: Account, rule: RechargeRule, context: Context) -> _Opened:
    month, spent = month_so_far(account, context)
    state = account.recharge
    amount = amount_due_micros(account, rule, context)
    backup = rule.backup_payment_method if state.backup_use is not BackupUse.NONE else ""
    top_up = TopUp(
        top_up_id=context.new_id(),
        kind=TopUpKind.AUTO_RECHARGE,
        state=TopUpState.DUE,
        amount_micros=amount,
        payment_method=backup or rule.payment_method,
        created_at=context.now,
        tax=tax_of(account, amount, context),
    )
    told = state.cap_told_percent if state.month == month else 0
    state = replace(state, month=month, month_micros=spent + amount, cap_told_percent=told)
    return _Opened(
        account=replace(account, recharge=state, open_top_ups=(*account.open_top_ups, top_up)), top_up=top_up
    )
