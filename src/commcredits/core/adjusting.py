"""Operator adjustments: funds given, or taken, by hand.

Knows what becomes of lots and debts. Refuses to know who may adjust and who has to agree: operations see to it.
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, OrganizationStatus, PauseReason
from commcredits.core.calendar import twelve_months_after
from commcredits.core.commands import Adjust
from commcredits.core.funds import LOTS_MAX, Lot, LotSource, LotTerms, add, draw, hold, own_micros
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.outcomes import Adjusted, RefusalCode, Refused
from commcredits.core.recharge import pause_if_below
from commcredits.core.topups import too_many_lots


def adjust(account: Account, command: Adjust, context: Context) -> Decision:
    """Give funds as a lot of twelve months, or take free ones in their order of use; what is not there is owed."""
    if account.status is OrganizationStatus.CLOSED:
        return Decision(outcome=Refused(code=RefusalCode.ORGANIZATION_CLOSED), account=account)
    amount = command.amount_micros
    if not 0 < abs(amount) <= AMOUNT_MICROS_MAX:
        facts = {"amount_micros": amount, "minimum_micros": -AMOUNT_MICROS_MAX, "maximum_micros": AMOUNT_MICROS_MAX}
        code = RefusalCode.AMOUNT_ABOVE_MAXIMUM if amount > 0 else RefusalCode.AMOUNT_BELOW_MINIMUM
        return Decision(outcome=Refused(code=code, facts=facts), account=account)
    return _give(account, amount, context) if amount > 0 else _take(account, -amount, context)


def _give(account: Account, amount_micros: int, context: Context) -> Decision:
    if len(account.lots) >= LOTS_MAX:
        return Decision(outcome=too_many_lots(), account=account)
    terms = LotTerms(
        lot_id=context.new_id(),
        source=LotSource.ADJUSTMENT,
        purchased_at=context.now,
        expires_at=twelve_months_after(context.now),
    )
    lot = Lot(terms=terms, free_micros=amount_micros, held_micros=0)
    transfer = Transfer(
        source=LedgerAccount.ADJUSTMENTS,
        target=LedgerAccount.CUSTOMER_CREDITS,
        amount_micros=amount_micros,
        reason=TransferReason.ADJUSTMENT,
        lot_id=terms.lot_id,
    )
    outcome = Adjusted(amount_micros=amount_micros, owed_micros=0, currency=account.currency, lot_id=terms.lot_id)
    return Decision(
        outcome=outcome, account=account.with_lots(add(account.lots, lot)), transfers=(transfer,), new_lots=(lot,)
    )


def _take(account: Account, amount_micros: int, context: Context) -> Decision:
    there = min(amount_micros, own_micros(account.lots, context.now))
    owed = amount_micros - there
    lots, parts = hold(account.lots, (), there, context.now)
    lots, _parts, drawn = draw(lots, parts, there)
    taken = [(LedgerAccount.CUSTOMER_CREDITS, amount, lot_id) for lot_id, amount in drawn]
    sources: list[tuple[LedgerAccount, int, str | None]] = [*taken]
    if owed:
        sources.append((LedgerAccount.RECEIVABLE, owed, None))
    transfers = tuple(
        Transfer(
            source=source,
            target=LedgerAccount.ADJUSTMENTS,
            amount_micros=amount,
            reason=TransferReason.ADJUSTMENT,
            lot_id=lot_id,
        )
        for source, amount, lot_id in sources
    )
    account = replace(account, lots=lots, owed_micros=account.owed_micros + owed)
    account, paused = pause_if_below(account, PauseReason.ADJUSTMENT, context)
    outcome = Adjusted(amount_micros=-amount_micros, owed_micros=owed, currency=account.currency)
    return Decision(outcome=outcome, account=account, transfers=transfers, notices=paused)
