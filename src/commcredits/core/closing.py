"""Closing an organization: no new calls and purchases at once, running calls to their end, then what is left goes.

Knows when nothing of the account is under way, and books the remainder. Refuses to know refunds: whoever owes them asks
for them before the end; what is left then is forfeited (domain.md §3, Closing).
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, OrganizationStatus
from commcredits.core.funds import LotSource, held_micros, take_free
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.post_usage import close_line
from commcredits.core.recharge_rules import switch_off


def close(account: Account, context: Context) -> Decision:
    """Begin to close: the rule is switched off for good, and what is free of a line of credit is gone."""
    if account.status is OrganizationStatus.CLOSED:
        return Decision(outcome=Refused(code=RefusalCode.ORGANIZATION_CLOSED), account=account)
    if account.status is OrganizationStatus.CLOSING:
        return Decision(outcome=Done(changed=False), account=account)
    account, cancelled, notices = switch_off(account, context, reason="organization_closed")
    account, transfers = close_line(replace(account, status=OrganizationStatus.CLOSING, post_usage=False))
    return Decision(
        outcome=Done(changed=True), account=account, transfers=transfers, top_ups=cancelled, notices=notices
    )


def finish(account: Account, context: Context) -> Decision:
    """Close, unless calls hold funds or purchases are open; free funds become breakage.

    Also of an organization that is closed: a call corrected or a refund refused after the end has brought funds back.
    """
    if account.status is OrganizationStatus.OPEN or held_micros(account.lots) or account.open_top_ups:
        return Decision(outcome=Done(changed=False), account=account)
    transfers: list[Transfer] = []
    lots = account.lots
    for lot in account.lots:
        # What has expired is booked as expired, after this decision as after any other.
        if lot.free_micros and lot.terms.expires_at > context.now and lot.terms.source is not LotSource.POST_USAGE:
            lots = take_free(lots, lot.terms.lot_id, lot.free_micros)
            transfers.append(_forfeited(lot.terms.lot_id, lot.free_micros))
    if account.status is OrganizationStatus.CLOSED and not transfers:
        return Decision(outcome=Done(changed=False), account=account)
    closed = replace(account, status=OrganizationStatus.CLOSED, lots=lots)
    return Decision(outcome=Done(changed=True), account=closed, transfers=tuple(transfers))


def _forfeited(lot_id: str, amount_micros: int) -> Transfer:
    return Transfer(
        source=LedgerAccount.CUSTOMER_CREDITS,
        target=LedgerAccount.BREAKAGE,
        amount_micros=amount_micros,
        reason=TransferReason.CLOSING,
        lot_id=lot_id,
    )
