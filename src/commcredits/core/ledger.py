"""The chart of accounts, and transfers between two of them.

Knows double entry: an amount leaves one account and enters another, so an unbalanced entry cannot be written down.
Refuses to know how entries are stored. A correction is another transfer; holds are not postings.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from commcredits.core.commands import Service


class LedgerAccount(StrEnum):
    """The named accounts; each organization has one of each, in its own currency.

    In the words of bookkeeping, a transfer debits the account that it leaves and credits the one that it enters.
    """

    CUSTOMER_CREDITS = "customer_credits"
    GATEWAY_CLEARING = "gateway_clearing"
    REVENUE_OUTBOUND = "revenue_outbound"
    REVENUE_TOLL_FREE_IN = "revenue_toll_free_in"
    REVENUE_TOLL_IN = "revenue_toll_in"
    REVENUE_CONFERENCE_DIAL_OUT = "revenue_conference_dial_out"
    BREAKAGE = "breakage"
    PROMOTIONS = "promotions"
    REFUNDS = "refunds"
    TAX = "tax"
    ADJUSTMENTS = "adjustments"
    RECEIVABLE = "receivable"
    DISPUTED = "disputed"
    """Frozen funds, whose payer has asked a bank for the money back."""
    GATEWAY_FEES = "gateway_fees"
    """What gateways keep for their service."""


class TransferReason(StrEnum):
    """Why money moved."""

    TOP_UP = "top_up"
    PROMOTION = "promotion"
    CALL = "call"
    CALL_CORRECTION = "call_correction"
    EXPIRY = "expiry"
    OPENING_BALANCE = "opening_balance"
    CALL_OWED = "call_owed"
    """A call recorded after the fact found no funds: what it cost is owed, from the receivable to revenue."""
    REPAYMENT = "repayment"
    """New funds pay what is owed first: from customer credits to the receivable."""
    DEBT_CORRECTION = "debt_correction"
    """A call that was owed for was priced anew for less: from revenue back to the receivable."""
    TAX = "tax"
    """The tax that a purchase was charged with, or gives back: between gateway clearing and tax."""
    GATEWAY_FEE = "gateway_fee"
    """An expense that leaves less at the gateway: from gateway fees to gateway clearing."""
    REFUND = "refund"
    """Funds and their tax on the way back to the payer: to refunds, and from there to gateway clearing."""
    REFUND_UNDONE = "refund_undone"
    """The gateway refused it: from refunds back to credits and tax, or to the receivable where it pays a debt.

    First from gateway clearing to refunds, where the payer's bank has sent back what had arrived.
    """
    DISPUTE = "dispute"
    """Funds that a dispute has frozen: from credits to disputed."""
    DISPUTE_WON = "dispute_won"
    """From disputed back to credits."""
    DISPUTE_LOST = "dispute_lost"
    """The bank took the money back: from disputed, and for what was spent from the receivable, to gateway clearing."""
    ADJUSTMENT = "adjustment"
    """The operator gave or took funds; what was not there to be taken is owed, from the receivable to adjustments."""
    CLOSING = "closing"
    """What was left of an organization that closed and is refunded to nobody: from credits to breakage."""
    CREDIT_LINE = "credit_line"
    """What calls may use and pay after use: between the receivable and credits."""


class Transfer(Struct, frozen=True, kw_only=True, gc=False):
    """``amount_micros`` > 0 leaves ``source`` and enters ``target``.

    ``lot_id`` names the fund lot that a transfer from or to customer credits draws on or fills; None for a transfer
    that touches no lot. Raises ValueError for an amount that is not positive and for two equal accounts: bugs both.
    """

    source: LedgerAccount
    target: LedgerAccount
    amount_micros: int
    reason: TransferReason
    lot_id: str | None
    session_id: str | None = None
    top_up_id: str | None = None

    def __post_init__(self) -> None:
        if self.amount_micros <= 0 or self.source is self.target:
            raise ValueError(f"not a transfer: {self.amount_micros} from {self.source} to {self.target}")


_REVENUE = {
    Service.OUTBOUND: LedgerAccount.REVENUE_OUTBOUND,
    Service.TOLL_FREE_IN: LedgerAccount.REVENUE_TOLL_FREE_IN,
    Service.TOLL_IN: LedgerAccount.REVENUE_TOLL_IN,
    Service.CONFERENCE_DIAL_OUT: LedgerAccount.REVENUE_CONFERENCE_DIAL_OUT,
}


def revenue_account(service: Service) -> LedgerAccount:
    """The revenue account of a service; an emergency call earns nothing and has none (KeyError, a bug)."""
    return _REVENUE[service]


def balance_micros(account: LedgerAccount, transfers: Iterable[Transfer]) -> int:
    """What entered an account less what left it, in millionths."""
    return sum(
        (transfer.target is account) * transfer.amount_micros - (transfer.source is account) * transfer.amount_micros
        for transfer in transfers
    )
