"""Giving back what a call was charged too much: its debt is forgiven first, then its draws are undone.

Knows one call's parts and its organization's debt. Refuses to know why the call costs less: another deck prices it
(commcredits.core.recorded), or its true end came late (commcredits.core.charging).
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.account import Account, Session
from commcredits.core.funds import Parts, restore
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason, revenue_account
from commcredits.core.outcomes import RefusalCode, Refused


class GivenBack(Struct, frozen=True, kw_only=True, gc=False):
    """The account, the call's parts and what of its charge is still a debt, and the transfers that made them so."""

    account: Account
    parts: Parts
    owed_micros: int
    transfers: tuple[Transfer, ...]


def give_back(account: Account, session: Session, amount_micros: int) -> GivenBack | Refused:
    """Give back that amount of what the call was charged, in millionths.

    Refused when its debt was repaid from other lots since: which of them to fill again is for a person to say.
    """
    from_debt = min(amount_micros, session.owed_micros, account.owed_micros)
    if amount_micros - from_debt > sum(part.drawn_micros for part in session.parts):
        facts: dict[str, str | int] = {
            "session_id": session.terms.session_id,
            "repaid_micros": session.owed_micros - from_debt,
            "currency": account.currency,
        }
        return Refused(code=RefusalCode.CONFLICT, facts=facts)
    lots, parts, restored = restore(account.lots, session.parts, amount_micros - from_debt)
    # Asked only where something is given back: an emergency call, which may end late as any other, has no revenue.
    corrections = [
        Transfer(
            source=revenue_account(session.terms.service),
            target=LedgerAccount.CUSTOMER_CREDITS,
            amount_micros=amount,
            reason=TransferReason.CALL_CORRECTION,
            lot_id=lot_id,
            session_id=session.terms.session_id,
        )
        for lot_id, amount in restored
    ]
    if from_debt:
        corrections.append(
            Transfer(
                source=revenue_account(session.terms.service),
                target=LedgerAccount.RECEIVABLE,
                amount_micros=from_debt,
                reason=TransferReason.DEBT_CORRECTION,
                lot_id=None,
                session_id=session.terms.session_id,
            )
        )
    after = account.with_lots(lots)
    return GivenBack(
        account=replace(after, owed_micros=account.owed_micros - from_debt) if from_debt else after,
        parts=parts,
        owed_micros=session.owed_micros - from_debt,
        transfers=tuple(corrections),
    )
