"""The auto-recharge rule: what it may say, and what putting another one in force does to attempts under way.

Knows the limits of domain.md §3. Refuses to decide when a recharge is due: commcredits.core.recharge does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import (
    Account,
    BackupUse,
    Context,
    Decision,
    FundingTerms,
    OrganizationStatus,
    RechargeMode,
    RechargeRule,
    RechargeState,
)
from commcredits.core.commands import ChoosePaymentMethods, SaveRechargeRule
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.outcomes import Done, RechargeRuleSaved, RefusalCode, Refused
from commcredits.core.purchases import TopUp, TopUpState
from commcredits.core.recharge import RechargeStanding, standing
from commcredits.core.topups import give_back_to_cap, refuse_amount

EXPIRY_AHEAD_DAYS_MAX: Final = 90
"""How far ahead a rule may look for funds that expire: three months."""


def save_rule(account: Account, command: SaveRechargeRule, context: Context) -> Decision:
    """Put a rule in force. Attempts not yet sent are cancelled: they belong to the old rule; sent ones go on.

    Saving forgets declines, a suspension and a pause (an administrator acted), but neither the cool-down of a sent
    attempt nor what the month has taken: saving again and again must not recharge again and again. Switching off is
    never refused: amounts that could not be in force are left out of it, and the rule keeps those that it had.
    """
    rule = _rule_of(command, context.funding)
    before = account.recharge.rule
    refusal = _refuse_rule(account, command, context.funding)
    if refusal is not None:
        if command.enabled:
            return Decision(outcome=refusal, account=account)
        if before is None:
            return Decision(outcome=RechargeRuleSaved(recharge_started=False), account=account)
        rule = replace(before, enabled=False)
    account, cancelled = cancel_due(account, context, reason="rule_changed" if command.enabled else "rule_switched_off")
    account = replace(account, recharge=_afresh(account.recharge, rule, context))
    starts = standing(account, context) is RechargeStanding.DUE
    notices: tuple[Notice, ...] = ()
    if before is not None and before.enabled and not command.enabled:
        notices = (Notice(kind=NoticeKind.RECHARGE_SWITCHED_OFF, key=context.new_id(), facts={"reason": "saved"}),)
    outcome = RechargeRuleSaved(recharge_started=starts)
    return Decision(outcome=outcome, account=account, top_ups=cancelled, notices=notices)


def choose_payment_methods(account: Account, command: ChoosePaymentMethods, context: Context) -> Decision:
    """Let the rule pay with other methods; its amounts stay, and what a save forgets is forgotten."""
    before = account.recharge.rule
    if command.payment_method == command.backup_payment_method:
        return Decision(outcome=_same_method(command.payment_method), account=account)
    if before is None:
        return Decision(outcome=Done(changed=False), account=account)
    rule = replace(before, payment_method=command.payment_method, backup_payment_method=command.backup_payment_method)
    if rule == before:
        return Decision(outcome=Done(changed=False), account=account)
    account, cancelled = cancel_due(account, context, reason="rule_changed")
    account = replace(account, recharge=_afresh(account.recharge, rule, context))
    return Decision(outcome=Done(changed=True), account=account, top_ups=cancelled)


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


def switch_off(
    account: Account, context: Context, *, reason: str
) -> tuple[Account, tuple[TopUp, ...], tuple[Notice, ...]]:
    """The account with its rule switched off, final at this instant; nothing when there is none that is on."""
    rule = account.recharge.rule
    if rule is None or not rule.enabled:
        return account, (), ()
    account, cancelled = cancel_due(account, context, reason="rule_switched_off")
    account = replace(account, recharge=replace(account.recharge, rule=replace(rule, enabled=False)))
    notice = Notice(kind=NoticeKind.RECHARGE_SWITCHED_OFF, key=context.new_id(), facts={"reason": reason})
    return account, cancelled, (notice,)


def _afresh(state: RechargeState, rule: RechargeRule, context: Context) -> RechargeState:
    told = state.cap_told_percent
    if state.rule is None or state.rule.monthly_cap_micros != rule.monthly_cap_micros:
        told = 0
    cool_down_until = state.cool_down_until
    if cool_down_until is None and state.backup_use is not BackupUse.NONE:
        # A decline let the backup go without waiting. Its turn is over, and saving may not let attempts follow on.
        cool_down_until = context.now + timedelta(seconds=context.funding.cool_down_seconds)
    return replace(
        state,
        rule=rule,
        cool_down_until=cool_down_until,
        declines=0,
        retry_at=None,
        suspended=False,
        paused=None,
        backup_use=BackupUse.NONE,
        cap_told_percent=told,
    )


def _rule_of(command: SaveRechargeRule, terms: FundingTerms) -> RechargeRule:
    mode = RechargeMode(command.mode)
    usual = command.target_amount_micros if mode is RechargeMode.TO_TARGET else command.recharge_amount_micros
    cap = command.monthly_cap_micros
    return RechargeRule(
        enabled=command.enabled,
        recharge_amount_micros=command.recharge_amount_micros,
        trigger_amount_micros=command.trigger_amount_micros,
        monthly_cap_micros=usual * terms.cap_multiple_default if cap is None else cap,
        payment_method=command.payment_method,
        mode=mode,
        target_amount_micros=command.target_amount_micros,
        backup_payment_method=command.backup_payment_method,
        expiry_ahead_days=command.expiry_ahead_days,
    )


def _refuse_rule(account: Account, command: SaveRechargeRule, terms: FundingTerms) -> Refused | None:
    if account.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    if account.post_usage:
        return Refused(code=RefusalCode.POST_USAGE)
    if account.country in terms.unavailable_countries:
        return Refused(code=RefusalCode.COUNTRY_NOT_AVAILABLE, facts={"country": account.country})
    if command.backup_payment_method == command.payment_method:
        return _same_method(command.payment_method)
    if not 0 <= command.expiry_ahead_days <= EXPIRY_AHEAD_DAYS_MAX:
        facts: dict[str, str | int] = {
            "field": "expiry_ahead_days",
            "value": command.expiry_ahead_days,
            "allowed": f"0 to {EXPIRY_AHEAD_DAYS_MAX}",
        }
        return Refused(code=RefusalCode.INVALID_INPUT, facts=facts)
    return _refuse_amounts(account, command, terms)


def _refuse_amounts(account: Account, command: SaveRechargeRule, terms: FundingTerms) -> Refused | None:
    rule = _rule_of(command, terms)
    trigger, maximum = command.trigger_amount_micros, terms.top_up_maximum_micros
    to_target = rule.mode is RechargeMode.TO_TARGET
    if not to_target:
        refusal = refuse_amount(account, command.recharge_amount_micros, terms)
        if refusal is not None:
            return refusal
    if trigger <= 0 or trigger > maximum:
        facts: dict[str, str | int] = {"amount_micros": trigger, "maximum_micros": maximum}
        return Refused(code=RefusalCode.TRIGGER_NOT_ALLOWED, facts=facts)
    lowest = trigger + terms.target_gap_minimum_micros
    if to_target and not lowest <= rule.target_amount_micros <= maximum:
        facts = {"amount_micros": rule.target_amount_micros, "minimum_micros": lowest, "maximum_micros": maximum}
        return Refused(code=RefusalCode.TARGET_NOT_ALLOWED, facts=facts)
    least = rule.target_amount_micros - trigger if to_target else rule.recharge_amount_micros
    if rule.monthly_cap_micros < least:
        facts = {"amount_micros": rule.monthly_cap_micros, "minimum_micros": least}
        return Refused(code=RefusalCode.CAP_BELOW_AMOUNT, facts=facts)
    return None


def _same_method(payment_method: str) -> Refused:
    facts = {"payment_method_id": payment_method[:64], "reason": "backup_is_the_first"}
    return Refused(code=RefusalCode.PAYMENT_METHOD_NOT_ALLOWED, facts=facts)
