"""Funds that nobody pays for: promotional grants, and opening balances that an organization moves in with.

Knows their terms. Refuses to know who may give them: operations do.
"""

from __future__ import annotations

from commcredits.core.account import Account, Context, Decision, OrganizationStatus
from commcredits.core.commands import GrantPromotion, ImportLot
from commcredits.core.funds import LOTS_MAX, Lot, LotSource, LotTerms, add
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.outcomes import LotGranted, RefusalCode, Refused
from commcredits.core.topups import too_many_lots


def grant_promotion(account: Account, command: GrantPromotion, context: Context) -> Decision:
    """Add promotional funds; the operator gives them, so neither minimum nor country applies."""
    if account.status is not OrganizationStatus.OPEN:
        return Decision(outcome=Refused(code=RefusalCode.ORGANIZATION_CLOSED), account=account)
    maximum = context.funding.top_up_maximum_micros
    if not 0 < command.amount_micros <= maximum:
        code = RefusalCode.AMOUNT_ABOVE_MAXIMUM if command.amount_micros > 0 else RefusalCode.AMOUNT_BELOW_MINIMUM
        facts = {"amount_micros": command.amount_micros, "minimum_micros": 1, "maximum_micros": maximum}
        return Decision(outcome=Refused(code=code, facts=facts), account=account)
    if command.expires_at <= context.now:
        facts_expiry = {"expires_at": command.expires_at.isoformat(), "now": context.now.isoformat()}
        return Decision(outcome=Refused(code=RefusalCode.EXPIRY_NOT_ALLOWED, facts=facts_expiry), account=account)
    if len(account.lots) >= LOTS_MAX:
        return Decision(outcome=too_many_lots(), account=account)
    terms = LotTerms(
        lot_id=context.new_id(),
        source=LotSource.PROMOTION,
        purchased_at=context.now,
        expires_at=command.expires_at,
    )
    lot = Lot(terms=terms, free_micros=command.amount_micros, held_micros=0)
    transfer = Transfer(
        source=LedgerAccount.PROMOTIONS,
        target=LedgerAccount.CUSTOMER_CREDITS,
        amount_micros=command.amount_micros,
        reason=TransferReason.PROMOTION,
        lot_id=terms.lot_id,
    )
    outcome = LotGranted(
        lot_id=terms.lot_id,
        amount_micros=command.amount_micros,
        currency=account.currency,
        expires_at=command.expires_at,
    )
    return Decision(
        outcome=outcome, account=account.with_lots(add(account.lots, lot)), transfers=(transfer,), new_lots=(lot,)
    )


def import_lot(account: Account, command: ImportLot, context: Context) -> Decision:
    """Take over an opening balance with its own dates; neither minimum, maximum nor country applies to it."""
    refused = _refuse_opening_balance(account, command, context)
    if refused is not None:
        return Decision(outcome=refused, account=account)
    terms = LotTerms(
        lot_id=context.new_id(),
        source=LotSource.PROMOTION if command.promotional else LotSource.OPENING_BALANCE,
        purchased_at=command.purchased_at,
        expires_at=command.expires_at,
    )
    lot = Lot(terms=terms, free_micros=command.amount_micros, held_micros=0)
    transfer = Transfer(
        source=LedgerAccount.ADJUSTMENTS,
        target=LedgerAccount.CUSTOMER_CREDITS,
        amount_micros=command.amount_micros,
        reason=TransferReason.OPENING_BALANCE,
        lot_id=terms.lot_id,
    )
    outcome = LotGranted(
        lot_id=terms.lot_id,
        amount_micros=command.amount_micros,
        currency=account.currency,
        expires_at=command.expires_at,
    )
    return Decision(
        outcome=outcome, account=account.with_lots(add(account.lots, lot)), transfers=(transfer,), new_lots=(lot,)
    )


def _refuse_opening_balance(account: Account, command: ImportLot, context: Context) -> Refused | None:
    if account.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    facts: dict[str, str | int] = {"amount_micros": command.amount_micros, "minimum_micros": 1}
    if command.amount_micros < 1:
        return Refused(code=RefusalCode.AMOUNT_BELOW_MINIMUM, facts=facts)
    if command.amount_micros > AMOUNT_MICROS_MAX:
        facts["maximum_micros"] = AMOUNT_MICROS_MAX
        return Refused(code=RefusalCode.AMOUNT_ABOVE_MAXIMUM, facts=facts)
    if not command.purchased_at <= context.now < command.expires_at:
        dates: dict[str, str | int] = {
            "purchased_at": command.purchased_at.isoformat(),
            "expires_at": command.expires_at.isoformat(),
            "now": context.now.isoformat(),
        }
        return Refused(code=RefusalCode.EXPIRY_NOT_ALLOWED, facts=dates)
    return too_many_lots() if len(account.lots) >= LOTS_MAX else None
