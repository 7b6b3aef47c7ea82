"""Paying after use: the rest of the balance drains first, then calls use a line of credit that the operator bills.

Knows the line as a lot that stands last in the order of use and never expires. Refuses to know bills. Auto-recharge is
switched off with the move and cannot be switched on while it lasts (domain.md §3, Postpaid move).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, OrganizationStatus
from commcredits.core.commands import SwitchBilling
from commcredits.core.funds import Lot, LotSource, LotTerms, add, take_free
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.recharge_rules import switch_off

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""When a line of credit expires."""


def switch_billing(account: Account, command: SwitchBilling, context: Context) -> Decision:
    """Move to post-usage billing with a fresh line, or back; calls in progress keep what they hold."""
    if account.status is not OrganizationStatus.OPEN:
        return Decision(outcome=Refused(code=RefusalCode.ORGANIZATION_CLOSED), account=account)
    line = command.credit_line_micros if command.post_usage else 0
    if command.post_usage and not 0 < line <= AMOUNT_MICROS_MAX:
        facts: dict[str, str | int] = {
            "field": "credit_line",
            "value": line,
            "allowed": f"1 to {AMOUNT_MICROS_MAX} millionths",
        }
        return Decision(outcome=Refused(code=RefusalCode.INVALID_INPUT, facts=facts), account=account)
    account = replace(account, post_usage=command.post_usage)
    account, cancelled, notices = (
        switch_off(account, context, reason="post_usage") if command.post_usage else (account, (), ())
    )
    account, closed = close_line(account)
    opened: tuple[Transfer, ...] = ()
    lots: tuple[Lot, ...] = ()
    if line:
        lot = _line(line, context)
        lots, opened = (lot,), (_move(line, lot.terms.lot_id, closing=False),)
        account = account.with_lots(add(account.lots, lot))
    return Decision(
        outcome=Done(changed=True),
        account=account,
        transfers=(*closed, *opened),
        new_lots=lots,
        top_ups=cancelled,
        notices=notices,
    )


def close_line(account: Account) -> tuple[Account, tuple[Transfer, ...]]:
    """The account without the unused part of its line; what calls hold of it goes as they release it."""
    return _close(account)


def _close(account: Account, *, but: str = "") -> tuple[Account, tuple[Transfer, ...]]:
    transfers: list[Transfer] = []
    lots = account.lots
    for lot in account.lots:
        if lot.terms.source is LotSource.POST_USAGE and lot.free_micros and lot.terms.lot_id != but:
            lots = take_free(lots, lot.terms.lot_id, lot.free_micros)
            transfers.append(_move(lot.free_micros, lot.terms.lot_id, closing=True))
    return (account.with_lots(lots) if transfers else account), tuple(transfers)


def close_old_lines(account: Account) -> tuple[Account, tuple[Transfer, ...]]:
    """The account without what calls have released of lines that are no longer open.

    While the organization pays after use only the newest line is; otherwise none is. A newest line that is used up is
    forgotten as empty; what calls then release of the one before it stands in its place.
    """
    newest = account.lots[-1].terms.lot_id if account.post_usage and account.lots else ""
    return _close(account, but=newest)


def _line(line_micros: int, context: Context) -> Lot:
    terms = LotTerms(lot_id=context.new_id(), source=LotSource.POST_USAGE, purchased_at=context.now, expires_at=NEVER)
    return Lot(terms=terms, free_micros=line_micros, held_micros=0)


def _move(amount_micros: int, lot_id: str, *, closing: bool) -> Transfer:
    balance, receivable = LedgerAccount.CUSTOMER_CREDITS, LedgerAccount.RECEIVABLE
    return Transfer(
        source=balance if closing else receivable,
        target=receivable if closing else balance,
        amount_micros=amount_micros,
        reason=TransferReason.CREDIT_LINE,
        lot_id=lot_id,
    )
