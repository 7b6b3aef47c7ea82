"""Auto-recharge: when a recharge is due, and what a rule may say.

Knows the rule of domain.md §3: strictly below the trigger, a fixed amount, one open attempt, a cool-down, a monthly
cap, a back-off after declines. Refuses to know gateways; it opens attempts, and operations take them there.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.account import (
    Account,
    Context,
    Decision,
    FundingTerms,
    OrganizationStatus,
    RechargeRule,
    TopUp,
    TopUpKind,
    TopUpState,
)
from commcredits.core.calendar import month_of
from commcredits.core.commands import SaveRechargeRule
from commcredits.core.funds import available_micros
from commcredits.core.outcomes import Outcome, RechargeRuleSaved, RefusalCode, Refused
from commcredits.core.topups import give_back_to_cap, may_recharge, refuse_amount


class RechargeStanding(StrEnum):
    """Why a recharge happens now, or what it waits for."""

    OFF = "off"
    ABOVE_TRIGGER = "above_trigger"
    ATTEMPT_OPEN = "attempt_open"
    SUSPENDED = "suspended"
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
    if available_micros(account.lots, context.now) >= rule.trigger_amount_micros:
        return RechargeStanding.ABOVE_TRIGGER
    if any(top_up.kind is TopUpKind.AUTO_RECHARGE for top_up in account.open_top_ups):
        return RechargeStanding.ATTEMPT_OPEN
    if state.suspended:
        return RechargeStanding.SUSPENDED
    if state.retry_at is not None and context.now < state.retry_at:
        return RechargeStanding.BACK_OFF
    if state.cool_down_until is not None and context.now < state.cool_down_until:
        return RechargeStanding.COOL_DOWN
    _month, spent = _month_so_far(account, context)
    if spent + rule.recharge_amount_micros > rule.monthly_cap_micros:
        return RechargeStanding.CAP_REACHED
    return RechargeStanding.DUE


def recharge_if_due(decision: Decision, context: Context) -> Decision:
    """The decision, with an attempt opened in the same breath when the account it leaves is below its trigger."""
    account = decision.account
    rule = account.recharge.rule
    if rule is None or not rule.enabled or standing(account, context) is not RechargeStanding.DUE:
        return decision
    opened = _open_attempt(account, rule, context)
    return replace(decision, account=opened.account, top_ups=(*decision.top_ups, opened.top_up))


def save_rule(account: Account, command: SaveRechargeRule, context: Context) -> Decision:
    """Put a rule in force. Attempts not yet sent are cancelled: they belong to the old rule; sent ones go on.

    Saving forgets declines and a suspension (an administrator acted), but neither the cool-down of a sent attempt nor
    what the month has taken: saving again and again must not recharge again and again. Switching off is never refused:
    amounts that could not be in force are left out of it, and the rule keeps those that it had.
    """
    cap = command.monthly_cap_micros
    if cap is None:
        cap = command.recharge_amount_micros * context.funding.cap_multiple_default
    rule: RechargeRule | None = RechargeRule(
        enabled=command.enabled,
        recharge_amount_micros=command.recharge_amount_micros,
        trigger_amount_micros=command.trigger_amount_micros,
        monthly_cap_micros=cap,
        payment_method=command.payment_method,
    )
    refusal = _refuse_rule(account, command, cap, context.funding)
    if refusal is not None:
        if command.enabled:
            return Decision(outcome=refusal, account=account)
        before = account.recharge.rule
        rule = None if before is None else replace(before, enabled=False)
    account, cancelled = cancel_due(account, context, reason="rule_changed" if command.enabled else "rule_switched_off")
    state = replace(account.recharge, rule=rule, declines=0, retry_at=None, suspended=False)
    account = replace(account, recharge=state)
    starts = standing(account, context) is RechargeStanding.DUE
    outcome = RechargeRuleSaved(recharge_started=starts)
    return Decision(outcome=outcome, account=account, top_ups=cancelled)


def cancel_due(account: Account, context: Context, *, reason: str) -> tuple[Account, tuple[TopUp, ...]]:
    """Cancel attempts that no gateway has seen; they take nothing of the month's cap."""
    cancelled = tuple(
        replace(top_up, state=TopUpState.CANCELLED, settled_at=context.now, reason=reason)
        for top_up in account.open_top_ups
        if top_up.state is TopUpState.DUE
    )
    if not cancelled:
        return account, ()
    state = account.recharge
    for top_up in cancelled:
        state = give_back_to_cap(state, top_up, account.time_zone)
    still_open = tuple(each for each in account.open_top_ups if each.state is not TopUpState.DUE)
    return replace(account, recharge=state, open_top_ups=still_open), cancelled


def _open_attempt(account: Account, rule: RechargeRule, context: Context) -> _Opened:
    month, spent = _month_so_far(account, context)
    top_up = TopUp(
        top_up_id=context.new_id(),
        kind=TopUpKind.AUTO_RECHARGE,
        state=TopUpState.DUE,
        amount_micros=rule.recharge_amount_micros,
        payment_method=rule.payment_method,
        created_at=context.now,
    )
    state = replace(account.recharge, month=month, month_micros=spent + rule.recharge_amount_micros)
    return _Opened(
        account=replace(account, recharge=state, open_top_ups=(*account.open_top_ups, top_up)), top_up=top_up
    )


def _month_so_far(account: Account, context: Context) -> tuple[str, int]:
    """The month whose cap counts, and what it has taken. A clock that is put back does not open last month again."""
    state = account.recharge
    month = max(month_of(context.now, account.time_zone), state.month)
    return month, state.month_micros if state.month == month else 0


def _refuse_rule(account: Account, command: SaveRechargeRule, cap: int, terms: FundingTerms) -> Outcome | None:
    if account.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    if account.country in terms.unavailable_countries:
        return Refused(code=RefusalCode.COUNTRY_NOT_AVAILABLE, facts={"country": account.country})
    refusal = refuse_amount(account, command.recharge_amount_micros, terms)
    if refusal is not None:
        return refusal
    if command.trigger_amount_micros <= 0 or command.trigger_amount_micros > terms.top_up_maximum_micros:
        return Refused(
            code=RefusalCode.TRIGGER_NOT_ALLOWED,
            facts={"amount_micros": command.trigger_amount_micros, "maximum_micros": terms.top_up_maximum_micros},
        )
    if cap < command.recharge_amount_micros:
        facts = {"amount_micros": cap, "minimum_micros": command.recharge_amount_micros}
        return Refused(code=RefusalCode.CAP_BELOW_AMOUNT, facts=facts)
    return None
