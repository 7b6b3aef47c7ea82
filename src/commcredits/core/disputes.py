"""Disputes: the payer's bank asks for the money of a top-up back, and later says who has won.

Knows what becomes of the lot: what is left of it is frozen, then restored or taken. Refuses to know banks and gateways.
What was spent already is owed (domain.md §3, Overdraft); what running calls hold goes on, and is frozen as they
release it.

    succeeded → disputed → succeeded | reversed
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, PauseReason
from commcredits.core.commands import CloseDispute, OpenDispute
from commcredits.core.funds import Lots, LotTerms, give_free, take_free
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.money import MICROS_PER_UNIT, divide_half_up
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.outcomes import Done
from commcredits.core.purchases import TopUp, TopUpAndLot, TopUpState
from commcredits.core.recharge import pause_if_below
from commcredits.core.topups import replaced, unknown_top_up


def open_dispute(account: Account, top_up: TopUp | None, command: OpenDispute, context: Context) -> Decision:
    """Freeze what is left of the top-up's lot; told again, nothing changes."""
    if top_up is None:
        return Decision(outcome=unknown_top_up(command.top_up_id), account=account)
    if top_up.state is not TopUpState.SUCCEEDED or top_up.dispute_reference == command.dispute_reference:
        return Decision(outcome=Done(changed=False), account=account)
    disputed = replace(top_up, state=TopUpState.DISPUTED, dispute_reference=command.dispute_reference)
    account, disputed, transfers = _freeze(replaced(account, disputed), disputed, context.now)
    account, paused = pause_if_below(account, PauseReason.DISPUTE, context)
    notice = _notice(NoticeKind.DISPUTE_OPENED, disputed, account, {"frozen_micros": disputed.disputed_micros})
    return Decision(
        outcome=Done(changed=True),
        account=account,
        transfers=transfers,
        top_ups=(disputed,),
        notices=(notice, *paused),
    )


def close_dispute(account: Account, subject: TopUpAndLot | None, command: CloseDispute, context: Context) -> Decision:
    """Restore the lot, or give the bank what it took: from the frozen part, and for what was spent as a debt."""
    if subject is None or subject.lot is None:
        return Decision(outcome=unknown_top_up(command.top_up_id), account=account)
    top_up, lot = subject.top_up, subject.lot
    if top_up.state is not TopUpState.DISPUTED or top_up.dispute_reference != command.dispute_reference:
        return Decision(outcome=Done(changed=False), account=account)
    if command.won:
        return _won(account, top_up, lot)
    return _lost(account, top_up, lot, command, context)


def freeze_released(account: Account, now: datetime) -> tuple[Account, tuple[TopUp, ...], tuple[Transfer, ...]]:
    """Freeze what running calls have released of disputed lots since; nothing on most accounts."""
    moved: list[TopUp] = []
    transfers: list[Transfer] = []
    for top_up in account.open_top_ups:
        if top_up.state is TopUpState.DISPUTED and _free_micros(account.lots, top_up, now):
            account, frozen, moves = _freeze(account, top_up, now)
            moved.append(frozen)
            transfers.extend(moves)
    return account, tuple(moved), tuple(transfers)


def _freeze(account: Account, top_up: TopUp, now: datetime) -> tuple[Account, TopUp, tuple[Transfer, ...]]:
    free = _free_micros(account.lots, top_up, now)
    if not free:
        return account, top_up, ()
    assert top_up.lot_id is not None, "what succeeded has a lot"
    frozen = replace(top_up, disputed_micros=top_up.disputed_micros + free)
    account = replace(replaced(account, frozen), lots=take_free(account.lots, top_up.lot_id, free))
    transfer = _transfer(LedgerAccount.CUSTOMER_CREDITS, LedgerAccount.DISPUTED, free, TransferReason.DISPUTE, top_up)
    return account, frozen, (transfer,)


def _won(account: Account, top_up: TopUp, lot: LotTerms) -> Decision:
    back = top_up.disputed_micros
    settled = replace(top_up, state=TopUpState.SUCCEEDED, disputed_micros=0)
    transfers: tuple[Transfer, ...] = ()
    lots = account.lots
    if back:
        lots = give_free(lots, lot, back)
        transfers = (
            _transfer(LedgerAccount.DISPUTED, LedgerAccount.CUSTOMER_CREDITS, back, TransferReason.DISPUTE_WON, top_up),
        )
    account = replace(replaced(account, settled), lots=lots)
    notice = _notice(NoticeKind.DISPUTE_WON, settled, account, {"restored_micros": back})
    return Decision(
        outcome=Done(changed=True), account=account, transfers=transfers, top_ups=(settled,), notices=(notice,)
    )


def _lost(account: Account, top_up: TopUp, lot: LotTerms, command: CloseDispute, context: Context) -> Decision:
    """Split what the bank took into net and tax; net comes out of what is frozen, and the rest of that is restored."""
    net, tax = _split(account, top_up, command.lost_micros)
    from_frozen = min(net, top_up.disputed_micros)
    restored, owed = top_up.disputed_micros - from_frozen, net - from_frozen
    reason, clearing = TransferReason.DISPUTE_LOST, LedgerAccount.GATEWAY_CLEARING
    transfers = [
        _transfer(source, clearing, amount, reason, top_up)
        for source, amount in (
            (LedgerAccount.DISPUTED, from_frozen),
            (LedgerAccount.RECEIVABLE, owed),
            (LedgerAccount.TAX, tax),
        )
        if amount
    ]
    lots = account.lots
    if restored:
        lots = give_free(lots, lot, restored)
        transfers.append(
            _transfer(
                LedgerAccount.DISPUTED, LedgerAccount.CUSTOMER_CREDITS, restored, TransferReason.DISPUTE_WON, top_up
            )
        )
    settled = replace(
        top_up, state=TopUpState.REVERSED, disputed_micros=0, settled_at=context.now, reason="dispute_lost"
    )
    account = replace(replaced(account, settled), lots=lots, owed_micros=account.owed_micros + owed)
    account, paused = pause_if_below(account, PauseReason.DISPUTE, context)
    facts = {"lost_micros": net + tax, "owed_micros": owed}
    notice = _notice(NoticeKind.DISPUTE_LOST, settled, account, facts)
    return Decision(
        outcome=Done(changed=True),
        account=account,
        transfers=tuple(transfers),
        top_ups=(settled,),
        notices=(notice, *paused),
    )


def _split(account: Account, top_up: TopUp, lost_micros: int) -> tuple[int, int]:
    """The net part and the tax of what was taken back; never more than was paid.

    Beyond what refunds have left, the bank takes what went back already, or is on its way and will be refused: that is
    all net, and so owed. A refund that is refused then pays this debt, its tax included. Both parts are whole minor
    units, as they stand on a credit note.
    """
    net_left = top_up.amount_micros - top_up.refunded_micros
    tax_left = top_up.tax.micros - top_up.refunded_tax_micros
    lost = max(0, min(lost_micros, top_up.gross_micros))
    left = net_left + tax_left
    unit: int = MICROS_PER_UNIT // 10**account.minor_digits
    tax = tax_left if lost >= left else divide_half_up(tax_left * lost, left * unit) * unit
    tax = min(tax, lost)
    return lost - tax, tax


def _free_micros(lots: Lots, top_up: TopUp, now: datetime) -> int:
    """What can be frozen; the free part of an expired lot is breakage already, whether or not that is booked."""
    for lot in lots:
        if lot.terms.lot_id == top_up.lot_id and lot.terms.expires_at > now:
            return lot.free_micros
    return 0


def _transfer(
    source: LedgerAccount, target: LedgerAccount, amount_micros: int, reason: TransferReason, top_up: TopUp
) -> Transfer:
    """A line of the journal that names the top-up, and its lot where credits move."""
    moves_credits = LedgerAccount.CUSTOMER_CREDITS in (source, target)
    return Transfer(
        source=source,
        target=target,
        amount_micros=amount_micros,
        reason=reason,
        lot_id=top_up.lot_id if moves_credits else None,
        top_up_id=top_up.top_up_id,
    )


def _notice(kind: NoticeKind, top_up: TopUp, account: Account, more: Mapping[str, int]) -> Notice:
    facts: dict[str, str | int] = {
        "top_up_id": top_up.top_up_id,
        "amount_micros": top_up.amount_micros,
        "currency": account.currency,
        **more,
    }
    return Notice(kind=kind, key=f"{top_up.top_up_id}:{top_up.dispute_reference}", facts=facts)
