"""One command on one account: which function decides it, and what follows every decision.

Knows the table from commands to functions. Refuses to know order and time: whoever calls gives the commands one by one
and the instant with them. Around each decision two things happen that no command may skip: what has expired is booked
as breakage, and a balance that has fallen below its trigger opens a recharge.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from commcredits.core import (
    adjusting,
    alerting,
    authorising,
    blocking,
    charging,
    closing,
    disputes,
    granting,
    payments,
    post_usage,
    recharge,
    recharge_rules,
    recorded,
    refunding,
    top_up_refunds,
    topups,
)
from commcredits.core.account import NOTHING_AROUND, Account, Context, Decision, Session, Surroundings
from commcredits.core.admission import Admission
from commcredits.core.commands import (
    AccountCommand,
    Adjust,
    AssignRateDeck,
    Authorise,
    CheckRecharge,
    ChoosePaymentMethods,
    CloseDispute,
    CloseOrganization,
    Command,
    CorrectCall,
    End,
    Expire,
    ExpireLots,
    FinishClosing,
    GrantPromotion,
    ImportLot,
    LiftBlock,
    OpenDispute,
    RecordCall,
    RecordPayment,
    RecordRefund,
    RefundCall,
    RequestRefund,
    RequestTopUp,
    SaveBalanceAlerts,
    SaveRechargeRule,
    SendTopUp,
    SetBlock,
    Start,
    SwitchBilling,
    Update,
)
from commcredits.core.funds import LotSource, draw, expire, hold, own_micros
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.purchases import RefundOfTopUp, TopUp, TopUpAndLot

Subject = Session | TopUp | TopUpAndLot | RefundOfTopUp | None
"""The call, top-up or refund that a command names, as it stands; None when there is none."""


_MoneyCommand = (
    GrantPromotion
    | ImportLot
    | RequestRefund
    | RecordRefund
    | OpenDispute
    | CloseDispute
    | Adjust
    | SwitchBilling
    | CloseOrganization
    | FinishClosing
    | SaveBalanceAlerts
)


_OF_SANDBOXES: Final = (
    GrantPromotion,
    CheckRecharge,
    ExpireLots,
    AssignRateDeck,
    SetBlock,
    LiftBlock,
    CloseOrganization,
    FinishClosing,
    SaveBalanceAlerts,
)
"""What a sandbox can be asked for beside its calls; whatever else there is or comes may move real money."""


def decide(
    account: Account,
    subject: Subject,
    command: Command,
    context: Context,
    around: Surroundings = NOTHING_AROUND,
    admission: Admission | None = None,
) -> Decision:
    """What a command gets for an answer and all that it changes.

    ``around`` holds the people, numbers and meters that the command touches; nothing for an organization without a
    roster. ``admission`` is what ``admit`` says of a call by this account and context, if somebody has asked already.
    Returns the account unchanged, as the same object, when nothing changes at all. Raises only for a bug, or when
    account, subject and surroundings are not of one instant.
    """
    return _after(account, _decide_call_first(account, subject, command, context, around, admission), context)


def _decide_call_first(
    account: Account,
    subject: Subject,
    command: Command,
    context: Context,
    around: Surroundings,
    admission: Admission | None,
) -> Decision:
    """Calls stand first and most frequent on top: there are a thousand of their commands to one of the others."""
    match command:
        case Authorise():
            return authorising.authorise(account, _session(subject), command, context, around, admission)
        case Update():
            return charging.update(account, _session(subject), command, context, around)
        case End():
            return charging.end(account, _session(subject), command, context, around)
        case Start():
            return charging.start(account, _session(subject), command, context)
        case Expire():
            return charging.expire(account, _session(subject), command, context, around)
        case RecordCall():
            return recorded.record(account, _session(subject), command, context, around, admission)
        case CorrectCall():
            return recorded.correct(account, _session(subject), command, context, around)
        case RefundCall():
            return refunding.refund(account, _session(subject), command, context, around)
        case _:
            return _decide_funds(account, subject, command, context, around)


def _decide_funds(
    account: Account, subject: Subject, command: AccountCommand, context: Context, around: Surroundings
) -> Decision:
    if account.is_sandbox and not isinstance(command, _OF_SANDBOXES):
        return Decision(outcome=Refused(code=RefusalCode.SANDBOX_NOT_ALLOWED), account=account)
    match command:
        case RequestTopUp():
            return topups.request(account, command, context)
        case SendTopUp():
            return topups.send(account, _top_up(subject), command, context)
        case RecordPayment():
            return payments.record_payment(account, _top_up(subject), command, context)
        case SaveRechargeRule():
            return recharge_rules.save_rule(account, command, context)
        case ChoosePaymentMethods():
            return recharge_rules.choose_payment_methods(account, command, context)
        case CheckRecharge() | ExpireLots():
            return topups.nothing_changed(account)
        case AssignRateDeck():
            return _assign_rate_deck(account, command, context)
        case SetBlock():
            return blocking.set_block(account, command, context)
        case LiftBlock():
            return blocking.lift(account, command, context, around)
        case _:
            return _decide_money(account, subject, command, context)


def _decide_money(account: Account, subject: Subject, command: _MoneyCommand, context: Context) -> Decision:
    match command:
        case GrantPromotion():
            return granting.grant_promotion(account, command, context)
        case ImportLot():
            return granting.import_lot(account, command, context)
        case RequestRefund():
            return top_up_refunds.request_refund(account, _top_up(subject), command, context)
        case RecordRefund():
            return top_up_refunds.record_refund(account, _refund(subject), command, context)
        case OpenDispute():
            return disputes.open_dispute(account, _top_up(subject), command, context)
        case CloseDispute():
            return disputes.close_dispute(account, _top_up_and_lot(subject), command, context)
        case Adjust():
            return adjusting.adjust(account, command, context)
        case SwitchBilling():
            return post_usage.switch_billing(account, command, context)
        case CloseOrganization():
            return closing.close(account, context)
        case FinishClosing():
            return closing.finish(account, context)
        case SaveBalanceAlerts():
            return alerting.save_alerts(account, command)


def _after(before: Account, decision: Decision, context: Context) -> Decision:
    """Freeze, pay what is owed, book what has expired, then look at the trigger: the balance may have fallen."""
    account = decision.account
    if account.open_top_ups:
        decision = _freeze_released(decision, context)
        account = decision.account
    lots = account.lots
    if lots and lots[-1].terms.source is LotSource.POST_USAGE:
        account, closed = post_usage.close_old_lines(account)
        if closed:
            decision = replace(decision, account=account, transfers=(*decision.transfers, *closed))
    if account.owed_micros:
        decision = _repay(decision, context)
        account = decision.account
    lots, breakage = expire(account.lots, context.now)
    if lots is not account.lots:
        transfers = tuple(
            Transfer(
                source=LedgerAccount.CUSTOMER_CREDITS,
                target=LedgerAccount.BREAKAGE,
                amount_micros=amount,
                reason=TransferReason.EXPIRY,
                lot_id=lot_id,
            )
            for lot_id, amount in breakage
        )
        decision = replace(
            decision,
            account=account.with_lots(lots),
            transfers=(*decision.transfers, *transfers),
        )
        account = decision.account
    if account.recharge.rule is not None:
        decision = recharge.recharge_if_due(decision, context)
    decision = alerting.alert(before, decision, context)
    if isinstance(decision.outcome, Done) and decision.account is not before:
        return replace(decision, outcome=Done(changed=True))
    return decision


def _freeze_released(decision: Decision, context: Context) -> Decision:
    account, top_ups, transfers = disputes.freeze_released(decision.account, context.now)
    if not top_ups:
        return decision
    return replace(
        decision,
        account=account,
        top_ups=(*decision.top_ups, *top_ups),
        transfers=(*decision.transfers, *transfers),
    )


def _repay(decision: Decision, context: Context) -> Decision:
    """Whatever is free pays first what calls told after the fact found no funds for (domain.md §3, Overdraft)."""
    account = decision.account
    paid = min(account.owed_micros, own_micros(account.lots, context.now))
    if not paid:
        return decision
    lots, parts = hold(account.lots, (), paid, context.now)
    lots, _parts, drawn = draw(lots, parts, paid)
    repayments = tuple(
        Transfer(
            source=LedgerAccount.CUSTOMER_CREDITS,
            target=LedgerAccount.RECEIVABLE,
            amount_micros=amount,
            reason=TransferReason.REPAYMENT,
            lot_id=lot_id,
        )
        for lot_id, amount in drawn
    )
    return replace(
        decision,
        account=replace(account, lots=lots, owed_micros=account.owed_micros - paid),
        transfers=(*decision.transfers, *repayments),
    )


def _assign_rate_deck(account: Account, command: AssignRateDeck, context: Context) -> Decision:
    """Put a deck in force now, or lay it ready for its instant, in the place of what was laid ready before."""
    if command.rate_deck_currency != account.currency:
        facts = {"currency": command.rate_deck_currency, "allowed": account.currency}
        return Decision(outcome=Refused(code=RefusalCode.CURRENCY_MISMATCH, facts=facts), account=account)
    current = account.rate_deck_at(context.now)
    if command.in_force_at is not None and command.in_force_at > context.now:
        assigned = replace(
            account,
            rate_deck_id=current,
            next_rate_deck_id=command.rate_deck_id,
            next_rate_deck_at=command.in_force_at,
        )
    else:
        assigned = replace(account, rate_deck_id=command.rate_deck_id, next_rate_deck_id=None, next_rate_deck_at=None)
    changed = assigned != account
    return Decision(outcome=Done(changed=changed), account=assigned if changed else account)


def _session(subject: Subject) -> Session | None:
    assert subject is None or isinstance(subject, Session), "a call command was given a top-up"
    return subject


def _top_up(subject: Subject) -> TopUp | None:
    assert subject is None or isinstance(subject, TopUp), "a payment command was given a call"
    return subject


def _top_up_and_lot(subject: Subject) -> TopUpAndLot | None:
    assert subject is None or isinstance(subject, TopUpAndLot), "the end of a dispute was given something else"
    return subject


def _refund(subject: Subject) -> RefundOfTopUp | None:
    assert subject is None or isinstance(subject, RefundOfTopUp), "a refund command was given something else"
    return subject
