"""What an organization's account can be asked to do, as frozen records.

Knows the words of the trade. Refuses to know who asks and by which protocol: every edge translates into these. All
ids are text; the edge that builds a command has checked the form of each field, and the core checks its meaning.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Service(StrEnum):
    """What kind of leg is charged; a rate belongs to one of them."""

    OUTBOUND = "outbound"
    TOLL_FREE_IN = "toll_free_in"
    CONFERENCE_DIAL_OUT = "conference_dial_out"
    EMERGENCY = "emergency"


class Authorise(Struct, frozen=True, kw_only=True, gc=False):
    """May this call be made, and for how long? Holds the first slice.

    ``slice_seconds`` asks for a slice of that length instead of the operator's; ``answered`` says that the call runs
    already. The session id is the idempotency id.
    """

    organization_id: str
    session_id: str
    service: Service
    caller: str
    callee: str
    slice_seconds: int | None = None
    answered: bool = False


class Start(Struct, frozen=True, kw_only=True, gc=False):
    """The call was answered now."""

    organization_id: str
    session_id: str


class Update(Struct, frozen=True, kw_only=True, gc=False):
    """``used_seconds`` have passed since the answer; hold the next slice.

    ``request_number`` is the caller's own, rising count; the same number again is a retransmission (RFC 8506 §8.2).
    """

    organization_id: str
    session_id: str
    request_number: int
    used_seconds: int
    slice_seconds: int | None = None


class End(Struct, frozen=True, kw_only=True, gc=False):
    """The call is over after ``used_seconds``; 0 means that it was never answered."""

    organization_id: str
    session_id: str
    used_seconds: int
    cause: str = ""


class Expire(Struct, frozen=True, kw_only=True, gc=False):
    """Close a session whose switch went silent, if this grant is still its latest (the reaper's command)."""

    organization_id: str
    session_id: str
    grant_number: int


class RequestTopUp(Struct, frozen=True, kw_only=True, gc=False):
    """Buy funds by hand: opens an attempt in state ``sent``, which its caller alone takes to the gateway."""

    organization_id: str
    command_id: str
    amount_micros: int
    payment_method: str


class SendTopUp(Struct, frozen=True, kw_only=True, gc=False):
    """Claim a due auto-recharge attempt; refused when it was cancelled or claimed before."""

    organization_id: str
    top_up_id: str


class PaymentState(StrEnum):
    """What the gateway said of a charge, in the ledger's words."""

    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    PROCESSING = "processing"
    ACTION_REQUIRED = "action_required"
    UNKNOWN = "unknown"
    NOT_TAKEN = "not_taken"
    """No money moved and none will for this attempt, for no fault of the payer's: the gateway was never reached."""


class RecordPayment(Struct, frozen=True, kw_only=True, gc=False):
    """What became of an attempt that was sent. ``retryable`` matters for DECLINED alone."""

    organization_id: str
    top_up_id: str
    state: PaymentState
    gateway: str
    gateway_reference: str = ""
    reason: str = ""
    action_url: str = ""
    retryable: bool = False


class SaveRechargeRule(Struct, frozen=True, kw_only=True, gc=False):
    """Set the auto-recharge rule. Amounts in millionths; no cap given means ten times the recharge amount."""

    organization_id: str
    command_id: str
    enabled: bool
    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int | None
    payment_method: str


class CheckRecharge(Struct, frozen=True, kw_only=True, gc=False):
    """Look again whether a recharge is due: cool-down over, back-off over, a new month."""

    organization_id: str


class GrantPromotion(Struct, frozen=True, kw_only=True, gc=False):
    """Add promotional funds that expire at ``expires_at``; drawn before paid ones."""

    organization_id: str
    command_id: str
    amount_micros: int
    expires_at: datetime
    reason: str


class ExpireLots(Struct, frozen=True, kw_only=True, gc=False):
    """Book the breakage of lots whose expiry has passed."""

    organization_id: str


class AssignRateDeck(Struct, frozen=True, kw_only=True, gc=False):
    """Price this organization's calls by that deck from now on; running calls keep their rate."""

    organization_id: str
    command_id: str
    rate_deck_id: str
    rate_deck_currency: str


CallCommand = Authorise | Start | Update | End | Expire
AccountCommand = (
    RequestTopUp
    | SendTopUp
    | RecordPayment
    | SaveRechargeRule
    | CheckRecharge
    | GrantPromotion
    | ExpireLots
    | AssignRateDeck
)
Command = CallCommand | AccountCommand
