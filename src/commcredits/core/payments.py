"""What a gateway says of an attempt to buy funds, written down: the lot of a success, the wait after a decline.

Knows the moves of an attempt that was sent (commcredits.core.topups has the table). Refuses to know how a gateway is
reached; what it answered arrives as a command. Funds are granted once per attempt, and only after the payment
succeeded (domain.md §3).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import Account, BackupUse, Context, Decision, RechargeState
from commcredits.core.calendar import month_of, twelve_months_after
from commcredits.core.commands import PaymentState, RecordPayment
from commcredits.core.funds import Lot, LotSource, LotTerms, add
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.purchases import TopUp, TopUpKind, TopUpState
from commcredits.core.recharge import tell_of_cap
from commcredits.core.topups import NOT_APPROVED, TOO_MANY_ATTEMPTS, give_back_to_cap, replaced, taken, unknown_top_up

_BOUGHT_NOTHING: Final = frozenset({TopUpState.DECLINED, TopUpState.CANCELLED})

_AS_GOOD_AS_DECLINED: Final = frozenset({NOT_APPROVED, TOO_MANY_ATTEMPTS})
"""Why an attempt was not taken though its gateway could be reached: the next one has to wait."""

_SETTLED_WELL: Final = frozenset({TopUpState.SUCCEEDED, TopUpState.DISPUTED, TopUpState.REVERSED})

_SOURCE: Final = {TopUpKind.MANUAL: LotSource.MANUAL, TopUpKind.AUTO_RECHARGE: LotSource.AUTO_RECHARGE}


def record_payment(account: Account, top_up: TopUp | None, command: RecordPayment, context: Context) -> Decision:
    """Write down what the gateway said of an attempt; a repetition, or news older than what is known, changes nothing.

    A success counts even for an attempt that was taken for declined or not taken at all: the customer has paid.
    """
    if top_up is None:
        return Decision(outcome=unknown_top_up(command.top_up_id), account=account)
    if top_up.state in _SETTLED_WELL:
        return _note_fee(account, top_up, command)
    if top_up.sent_at is None:
        return Decision(outcome=taken(top_up, account), account=account)
    if command.state is PaymentState.SUCCEEDED:
        return _succeed(account, top_up, command, context)
    if top_up.state in _BOUGHT_NOTHING:
        return Decision(outcome=taken(top_up, account), account=account)
    if command.state is PaymentState.DECLINED:
        return _decline(account, top_up, command, context)
    if command.state is PaymentState.NOT_TAKEN:
        return _nottaken(account, top_up, command, context)
    if command.state is PaymentState.UNKNOWN and top_up.state is not TopUpState.SENT:
        # Not to know is no news of an attempt of which something is known, such as where its buyer has to confirm it.
        return Decision(outcome=taken(top_up, account), account=account)
    waiting = replace(
        top_up,
        state=TopUpState(command.state.value),
        gateway=command.gateway,
        gateway_reference=command.gateway_reference or top_up.gateway_reference,
        reason=command.reason,
        action_url=command.action_url,
    )
    if waiting == top_up:
        return Decision(outcome=taken(top_up, account), account=account)
    notices: tuple[Notice, ...] = ()
    if waiting.state is TopUpState.ACTION_REQUIRED and top_up.state is not TopUpState.ACTION_REQUIRED:
        notices = (notice_of(NoticeKind.AUTHENTICATION_NEEDED, waiting, account),)
    return Decision(
        outcome=taken(waiting, account), account=replaced(account, waiting), top_ups=(waiting,), notices=notices
    )


def _succeed(account: Account, top_up: TopUp, command: RecordPayment, context: Context) -> Decision:
    terms = LotTerms(
        lot_id=context.new_id(),
        source=_SOURCE[top_up.kind],
        purchased_at=context.now,
        expires_at=twelve_months_after(context.now),
    )
    lot = Lot(terms=terms, free_micros=top_up.amount_micros, held_micros=0)
    paid = replace(
        top_up,
        state=TopUpState.SUCCEEDED,
        settled_at=context.now,
        gateway=command.gateway,
        gateway_reference=command.gateway_reference or top_up.gateway_reference,
        reason="",
        action_url="",
        lot_id=terms.lot_id,
        fee_micros=command.fee_micros,
    )
    notices: tuple[Notice, ...]
    recharge = account.recharge
    if top_up.kind is TopUpKind.AUTO_RECHARGE:
        if top_up.state in _BOUGHT_NOTHING:
            recharge = _count_again(recharge, top_up, account.time_zone)
        backup = BackupUse.NONE if recharge.backup_use is BackupUse.ONCE else recharge.backup_use
        recharge = replace(recharge, declines=0, retry_at=None, backup_use=backup)
        recharge, of_cap = tell_of_cap(account, recharge, context)
        notices = (notice_of(NoticeKind.RECHARGE_SUCCEEDED, paid, account), *of_cap)
    else:
        notices = (notice_of(NoticeKind.TOP_UP_SUCCEEDED, paid, account),)
    account = replace(replaced(account, paid), lots=add(account.lots, lot), recharge=recharge)
    return Decision(
        outcome=taken(paid, account),
        account=account,
        transfers=_purchase_transfers(paid),
        new_lots=(lot,),
        top_ups=(paid,),
        notices=notices,
    )


def _purchase_transfers(paid: TopUp) -> tuple[Transfer, ...]:
    """Net funds into the lot; the tax and the gateway's fee, where there are any, beside it."""
    purchase = Transfer(
        source=LedgerAccount.GATEWAY_CLEARING,
        target=LedgerAccount.CUSTOMER_CREDITS,
        amount_micros=paid.amount_micros,
        reason=TransferReason.TOP_UP,
        lot_id=paid.lot_id,
        top_up_id=paid.top_up_id,
    )
    tax: tuple[Transfer, ...] = ()
    if paid.tax.micros:
        tax = (
            Transfer(
                source=LedgerAccount.GATEWAY_CLEARING,
                target=LedgerAccount.TAX,
                amount_micros=paid.tax.micros,
                reason=TransferReason.TAX,
                lot_id=None,
                top_up_id=paid.top_up_id,
            ),
        )
    return (purchase, *tax, *_fee_transfers(paid))


def _fee_transfers(paid: TopUp) -> tuple[Transfer, ...]:
    if paid.fee_micros <= 0:
        return ()
    return (
        Transfer(
            source=LedgerAccount.GATEWAY_FEES,
            target=LedgerAccount.GATEWAY_CLEARING,
            amount_micros=paid.fee_micros,
            reason=TransferReason.GATEWAY_FEE,
            lot_id=None,
            top_up_id=paid.top_up_id,
        ),
    )


def _note_fee(account: Account, top_up: TopUp, command: RecordPayment) -> Decision:
    """A success told again changes nothing, unless it brings the fee that was not known the first time."""
    if command.state is not PaymentState.SUCCEEDED or command.fee_micros <= 0 or top_up.fee_micros:
        return Decision(outcome=taken(top_up, account), account=account)
    known = replace(top_up, fee_micros=command.fee_micros)
    # The top-up's row is written beside the account's, whose version therefore moves with it.
    account = replaced(account.with_lots(account.lots), known)
    return Decision(outcome=taken(known, account), account=account, transfers=_fee_transfers(known), top_ups=(known,))


def _decline(account: Account, top_up: TopUp, command: RecordPayment, context: Context) -> Decision:
    declined = replace(
        top_up,
        state=TopUpState.DECLINED,
        settled_at=context.now,
        gateway=command.gateway,
        gateway_reference=command.gateway_reference or top_up.gateway_reference,
        reason=command.reason,
        action_url="",
    )
    account = replaced(account, declined)
    if top_up.kind is not TopUpKind.AUTO_RECHARGE:
        failed = notice_of(NoticeKind.TOP_UP_FAILED, declined, account)
        return Decision(outcome=taken(declined, account), account=account, top_ups=(declined,), notices=(failed,))
    account, notices = _after_decline(account, declined, context, retryable=command.retryable)
    return Decision(outcome=taken(declined, account), account=account, top_ups=(declined,), notices=notices)


def _nottaken(account: Account, top_up: TopUp, command: RecordPayment, context: Context) -> Decision:
    """The gateway never had it: no decline to count, and the cap is given back; the cool-down still spaces attempts.

    A recharge that its payer did not approve in time counts as a decline: nobody is asked anew every day. So does one
    with a new card that was tried too often, which has to rest.
    """
    cancelled = replace(
        top_up, state=TopUpState.CANCELLED, settled_at=context.now, gateway=command.gateway, reason=command.reason
    )
    account = replaced(account, cancelled)
    notices: tuple[Notice, ...] = ()
    if top_up.kind is TopUpKind.AUTO_RECHARGE and command.reason in _AS_GOOD_AS_DECLINED:
        account, notices = _after_decline(account, cancelled, context, retryable=True)
    elif top_up.kind is TopUpKind.AUTO_RECHARGE:
        account = replace(account, recharge=give_back_to_cap(account.recharge, top_up, account.time_zone))
    return Decision(outcome=taken(cancelled, account), account=account, top_ups=(cancelled,), notices=notices)


def _after_decline(
    account: Account, declined: TopUp, context: Context, *, retryable: bool
) -> tuple[Account, tuple[Notice, ...]]:
    """Try the backup method at once, if this was not it; else wait longer after each decline, and in the end stop.

    What cannot be retried stops at once, and goes on with the backup for good: a bank that has said "never" is not
    asked again until an administrator has acted. A rule that does not pay with this method, or is off, has nothing to
    learn from its decline.
    """
    state = give_back_to_cap(account.recharge, declined, account.time_zone)
    rule = state.rule
    if (
        rule is None
        or not rule.enabled
        or declined.payment_method not in (rule.payment_method, rule.backup_payment_method)
    ):
        failed = notice_of(NoticeKind.RECHARGE_FAILED, declined, account, {"next": "rule_changed"})
        return replace(account, recharge=state), (failed,)
    if rule.backup_payment_method and declined.payment_method == rule.payment_method:
        use = BackupUse.ONCE if retryable else BackupUse.LASTING
        state = replace(state, backup_use=use, cool_down_until=None)
        failed = notice_of(NoticeKind.RECHARGE_FAILED, declined, account, {"next": "backup"})
        return replace(account, recharge=state), (failed,)
    back_off = context.funding.back_off_seconds
    declines = state.declines + 1
    use = BackupUse.NONE if state.backup_use is BackupUse.ONCE else state.backup_use
    state = replace(state, declines=declines, retry_at=None, backup_use=use)
    if declines > len(back_off) or not retryable:
        state = replace(state, suspended=True)
        told = (
            notice_of(NoticeKind.RECHARGE_FAILED, declined, account, {"next": "suspended"}),
            notice_of(NoticeKind.RECHARGE_SUSPENDED, declined, account),
        )
        return replace(account, recharge=state), told
    retry_at = context.now + timedelta(seconds=back_off[declines - 1])
    failed = notice_of(
        NoticeKind.RECHARGE_FAILED, declined, account, {"next": "retry", "retry_at": retry_at.isoformat()}
    )
    return replace(account, recharge=replace(state, retry_at=retry_at)), (failed,)


def notice_of(kind: NoticeKind, top_up: TopUp, account: Account, more: Mapping[str, str | int] | None = None) -> Notice:
    """What there is to tell of an attempt, once per attempt and kind."""
    facts: dict[str, str | int] = {
        "top_up_id": top_up.top_up_id,
        "amount_micros": top_up.amount_micros,
        "tax_micros": top_up.tax.micros,
        "currency": account.currency,
        "payment_method": top_up.payment_method,
        "reason": top_up.reason,
    }
    return Notice(kind=kind, key=top_up.top_up_id, facts={**facts, **(more or {})})


def _count_again(state: RechargeState, top_up: TopUp, time_zone: str) -> RechargeState:
    """A success that was first taken for a failure counts in its month after all."""
    if state.month != month_of(top_up.created_at, time_zone):
        return state
    return replace(state, month_micros=state.month_micros + top_up.amount_micros)
