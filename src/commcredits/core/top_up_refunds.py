"""Refunds of top-ups: what is left unused of a lot goes back to the method that paid, tax in proportion.

Knows the moves of a refund. Refuses to know who may ask for one: operations do. The funds leave the balance before the
gateway is asked, so that nobody spends what is on its way back; if the gateway refuses, they return.

    sent → processing | unknown → refunded | refused
    refunded → refused: the payer's bank has sent the money back to the gateway, which happens up to a month later
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, PauseReason
from commcredits.core.commands import RecordRefund, RequestRefund
from commcredits.core.funds import LotTerms, give_free, take_free
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.money import MICROS_PER_UNIT
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.outcomes import RefundTaken, RefusalCode, Refused
from commcredits.core.purchases import Refund, RefundOfTopUp, RefundState, TopUp, TopUpState
from commcredits.core.recharge import pause_if_below
from commcredits.core.taxes import tax_share_micros
from commcredits.core.topups import replaced, unknown_top_up

OPEN_REFUNDS: Final = frozenset({RefundState.SENT, RefundState.PROCESSING, RefundState.UNKNOWN})
"""States in which money may still move."""


def request_refund(account: Account, top_up: TopUp | None, command: RequestRefund, context: Context) -> Decision:
    """Take what shall go back out of the lot; whoever gets this answer, and nobody else, goes to the gateway."""
    if top_up is None:
        return Decision(outcome=unknown_top_up(command.top_up_id), account=account)
    lot, _most = _unused(account, top_up, context.now)
    amount = refund_amount(account, top_up, command.amount_micros, context.now)
    if isinstance(amount, Refused) or lot is None:
        assert isinstance(amount, Refused), "without a lot nothing is unused"
        return Decision(outcome=amount, account=account)
    refund = Refund(
        refund_id=context.new_id(),
        top_up_id=top_up.top_up_id,
        lot=lot,
        state=RefundState.SENT,
        amount_micros=amount,
        tax_micros=max(0, _tax_until(top_up, top_up.refunded_micros + amount, account) - top_up.refunded_tax_micros),
        reason=command.reason,
        requested_by=command.requested_by,
        created_at=context.now,
    )
    known = replace(
        top_up,
        refunded_micros=top_up.refunded_micros + amount,
        refunded_tax_micros=top_up.refunded_tax_micros + refund.tax_micros,
    )
    account = account.with_lots(take_free(account.lots, lot.lot_id, amount))
    account, paused = pause_if_below(account, PauseReason.REFUND, context)
    return Decision(
        outcome=_taken(refund, known, account, send=True),
        remembered=_taken(refund, known, account),
        account=account,
        transfers=_moves(refund),
        top_ups=(known,),
        refunds=(refund,),
        notices=paused,
    )


def refund_amount(account: Account, top_up: TopUp, amount_micros: int | None, now: datetime) -> int | Refused:
    """How much of a top-up would be given back now, net in millionths: this amount, or with None all that is unused.

    NOTHING_TO_REFUND where that is nothing, less than was asked for, or no sum that a payment could carry.
    """
    _lot, most = _unused(account, top_up, now)
    amount = most if amount_micros is None else amount_micros
    if 0 < amount <= most and not amount % _smallest(account):
        return amount
    facts: dict[str, str | int] = {
        "top_up_id": top_up.top_up_id,
        "amount_micros": amount,
        "maximum_micros": most,
        "decimal_digits": account.minor_digits,
        "currency": account.currency,
    }
    return Refused(code=RefusalCode.NOTHING_TO_REFUND, facts=facts)


def record_refund(account: Account, subject: RefundOfTopUp | None, command: RecordRefund, context: Context) -> Decision:
    """Write down what the gateway said of a refund; a repetition, or news older than what is known, changes nothing.

    A refund that was given may be refused after all; one that was refused stays so.
    """
    if subject is None:
        facts = {"refund_id": command.refund_id}
        return Decision(outcome=Refused(code=RefusalCode.UNKNOWN_REFUND, facts=facts), account=account)
    refund, top_up = subject.refund, subject.top_up
    state = RefundState(command.state)
    unsettled = state in OPEN_REFUNDS
    no_news = unsettled and (
        state in {refund.state, RefundState.SENT}
        or (state is RefundState.UNKNOWN and refund.state is not RefundState.SENT)
    )
    sent_back = refund.state is RefundState.REFUNDED and state is RefundState.REFUSED
    if (refund.state not in OPEN_REFUNDS and not sent_back) or no_news:
        return Decision(outcome=_taken(refund, top_up, account), account=account)
    told = replace(
        refund,
        state=state,
        settled_at=None if unsettled else context.now,
        gateway_reference=command.gateway_reference or refund.gateway_reference,
        refusal=command.refusal,
    )
    # The refund's row is written beside the account's, whose version therefore moves with it.
    account = account.with_lots(account.lots)
    if unsettled:
        return Decision(outcome=_taken(told, top_up, account), account=account, refunds=(told,))
    if state is RefundState.REFUNDED:
        return Decision(
            outcome=_taken(told, top_up, account),
            account=account,
            transfers=(_out(told),),
            refunds=(told,),
            notices=(_notice(NoticeKind.REFUND_SUCCEEDED, told, account),),
        )
    return _undo(account, told, top_up, sent_back=sent_back)


def _undo(account: Account, refused: Refund, top_up: TopUp, *, sent_back: bool) -> Decision:
    """Give back what the refund took; of a top-up that a bank has taken back meanwhile, its tax pays the debt first."""
    known = replace(
        top_up,
        refunded_micros=top_up.refunded_micros - refused.amount_micros,
        refunded_tax_micros=top_up.refunded_tax_micros - refused.tax_micros,
    )
    repaid = min(refused.tax_micros, account.owed_micros) if top_up.state is TopUpState.REVERSED else 0
    lots = give_free(account.lots, refused.lot, refused.amount_micros)
    account = replace(replaced(account, known), lots=lots, owed_micros=account.owed_micros - repaid)
    return Decision(
        outcome=_taken(refused, known, account),
        account=account,
        transfers=(*((_back(refused),) if sent_back else ()), *_undone(refused, repaid_micros=repaid)),
        top_ups=(known,),
        refunds=(refused,),
        notices=(_notice(NoticeKind.REFUND_REFUSED, refused, account),),
    )


def _unused(account: Account, top_up: TopUp, now: datetime) -> tuple[LotTerms | None, int]:
    """The lot of a paid top-up that has not expired, and what of it nobody uses or holds, in whole minor units."""
    if top_up.state is TopUpState.SUCCEEDED:
        for each in account.lots:
            if each.terms.lot_id == top_up.lot_id and each.terms.expires_at > now:
                return each.terms, each.free_micros - each.free_micros % _smallest(account)
    return None, 0


def _smallest(account: Account) -> int:
    return int(MICROS_PER_UNIT // 10**account.minor_digits)


def _tax_until(top_up: TopUp, part_micros: int, account: Account) -> int:
    return tax_share_micros(
        tax_micros=top_up.tax.micros,
        amount_micros=top_up.amount_micros,
        part_micros=part_micros,
        minor_digits=account.minor_digits,
    )


def _moves(refund: Refund) -> tuple[Transfer, ...]:
    """Net funds and their tax into the account of refunds."""
    parts = ((LedgerAccount.CUSTOMER_CREDITS, refund.amount_micros), (LedgerAccount.TAX, refund.tax_micros))
    return tuple(
        _line(refund, source, LedgerAccount.REFUNDS, amount, TransferReason.REFUND)
        for source, amount in parts
        if amount
    )


def _undone(refund: Refund, *, repaid_micros: int) -> tuple[Transfer, ...]:
    """Net funds and their tax out of the account of refunds again."""
    parts = (
        (LedgerAccount.CUSTOMER_CREDITS, refund.amount_micros),
        (LedgerAccount.TAX, refund.tax_micros - repaid_micros),
        (LedgerAccount.RECEIVABLE, repaid_micros),
    )
    return tuple(
        _line(refund, LedgerAccount.REFUNDS, target, amount, TransferReason.REFUND_UNDONE)
        for target, amount in parts
        if amount
    )


def _line(
    refund: Refund, source: LedgerAccount, target: LedgerAccount, amount_micros: int, reason: TransferReason
) -> Transfer:
    moves_credits = LedgerAccount.CUSTOMER_CREDITS in (source, target)
    return Transfer(
        source=source,
        target=target,
        amount_micros=amount_micros,
        reason=reason,
        lot_id=refund.lot.lot_id if moves_credits else None,
        top_up_id=refund.top_up_id,
    )


def _out(refund: Refund) -> Transfer:
    return Transfer(
        source=LedgerAccount.REFUNDS,
        target=LedgerAccount.GATEWAY_CLEARING,
        amount_micros=refund.gross_micros,
        reason=TransferReason.REFUND,
        lot_id=None,
        top_up_id=refund.top_up_id,
    )


def _back(refund: Refund) -> Transfer:
    return Transfer(
        source=LedgerAccount.GATEWAY_CLEARING,
        target=LedgerAccount.REFUNDS,
        amount_micros=refund.gross_micros,
        reason=TransferReason.REFUND_UNDONE,
        lot_id=None,
        top_up_id=refund.top_up_id,
    )


def _taken(refund: Refund, top_up: TopUp, account: Account, *, send: bool = False) -> RefundTaken:
    return RefundTaken(
        refund_id=refund.refund_id,
        top_up_id=refund.top_up_id,
        state=refund.state.value,
        amount_micros=refund.amount_micros,
        tax_micros=refund.tax_micros,
        currency=account.currency,
        send=send,
        gateway=top_up.gateway,
        charge_reference=top_up.gateway_reference,
    )


def _notice(kind: NoticeKind, refund: Refund, account: Account) -> Notice:
    facts: dict[str, str | int] = {
        "refund_id": refund.refund_id,
        "top_up_id": refund.top_up_id,
        "amount_micros": refund.amount_micros,
        "tax_micros": refund.tax_micros,
        "currency": account.currency,
        "reason": refund.refusal,
    }
    return Notice(kind=kind, key=refund.refund_id, facts=facts)
