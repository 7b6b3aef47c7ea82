"""Attempts to buy funds, and refunds of them, as records.

Knows their states by name. Refuses to know the moves between them: commcredits.core.topups, .payments, .disputes and
.top_up_refunds hold those.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from commcredits.core.funds import LotTerms
from commcredits.core.taxes import NO_TAX, Tax


class TopUpKind(StrEnum):
    """Bought by a person, or by the rule."""

    MANUAL = "manual"
    AUTO_RECHARGE = "auto_recharge"


class TopUpState(StrEnum):
    """Where an attempt to buy funds stands; commcredits.core.topups holds the table of moves."""

    DUE = "due"
    SENT = "sent"
    PROCESSING = "processing"
    ACTION_REQUIRED = "action_required"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    DISPUTED = "disputed"
    """It succeeded, and the payer's bank has asked for the money back; what is left of its lot is frozen."""
    REVERSED = "reversed"
    """The payer's bank has taken the money back."""


class TopUp(Struct, frozen=True, kw_only=True, gc=False):
    """One attempt to buy funds. Its id is the idempotency key at the gateway: one key, one charge at most.

    ``amount_micros`` is net and becomes the lot; the payer is charged that and ``tax.micros``. Of the net amount,
    ``refunded_micros`` went back or are on their way, with ``refunded_tax_micros`` of the tax, and
    ``disputed_micros`` are frozen. ``fee_micros`` is what the gateway kept. ``dispute_reference`` is the gateway's name
    of the latest dispute.
    """

    top_up_id: str
    kind: TopUpKind
    state: TopUpState
    amount_micros: int
    payment_method: str
    created_at: datetime
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    gateway: str = ""
    gateway_reference: str = ""
    reason: str = ""
    action_url: str = ""
    lot_id: str | None = None
    tax: Tax = NO_TAX
    fee_micros: int = 0
    refunded_micros: int = 0
    refunded_tax_micros: int = 0
    disputed_micros: int = 0
    dispute_reference: str = ""

    @property
    def gross_micros(self) -> int:
        """What the payer is charged."""
        return self.amount_micros + self.tax.micros


class RefundState(StrEnum):
    """Where a refund of a top-up stands; commcredits.core.top_up_refunds holds the table of moves."""

    SENT = "sent"
    PROCESSING = "processing"
    UNKNOWN = "unknown"
    REFUNDED = "refunded"
    REFUSED = "refused"


class Refund(Struct, frozen=True, kw_only=True, gc=False):
    """Money of a top-up on its way back to the method that paid. Its id is the idempotency key at the gateway.

    ``amount_micros`` is net and came out of the lot ``lot``; ``tax_micros`` goes back with it.
    """

    refund_id: str
    top_up_id: str
    lot: LotTerms
    state: RefundState
    amount_micros: int
    tax_micros: int
    reason: str
    requested_by: str
    created_at: datetime
    settled_at: datetime | None = None
    gateway_reference: str = ""
    refusal: str = ""

    @property
    def gross_micros(self) -> int:
        """What the payer gets back."""
        return self.amount_micros + self.tax_micros


class TopUpAndLot(Struct, frozen=True, kw_only=True, gc=False):
    """A top-up with the terms of the lot that it left, which the account may have forgotten as empty."""

    top_up: TopUp
    lot: LotTerms | None


class RefundOfTopUp(Struct, frozen=True, kw_only=True, gc=False):
    """A refund with the top-up that it gives back, both as they stand."""

    refund: Refund
    top_up: TopUp
