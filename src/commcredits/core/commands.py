"""What an organization's account can be asked to do, as frozen records.

Knows the words of the trade. Refuses to know who asks and by which protocol: every edge translates into these. All
ids are text; the edge that builds a command has checked the form of each field, and the core checks its meaning.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from commcredits.core.roster import BlockedKind


class Service(StrEnum):
    """What kind of leg is charged; a rate belongs to one of them."""

    OUTBOUND = "outbound"
    TOLL_FREE_IN = "toll_free_in"
    TOLL_IN = "toll_in"
    CONFERENCE_DIAL_OUT = "conference_dial_out"
    EMERGENCY = "emergency"


class CallType(StrEnum):
    """What a call is to the organization; decides who pays (domain.md §5)."""

    USER_IN = "user_in"
    USER_OUT = "user_out"
    USER_OUT_TRANSFER = "user_out_transfer"
    USER_OUT_FORWARDING = "user_out_forwarding"
    USER_OUT_CONF = "user_out_conf"
    CONF_IN = "conf_in"
    CONF_OUT = "conf_out"
    UCAP_IN = "ucap_in"
    UCAP_OUT = "ucap_out"
    UNASSIGNED_IN = "unassigned_in"
    EMERGENCY_OUT = "emergency_out"
    DR_IN = "dr_in"
    DR_OUT = "dr_out"


class Authorise(Struct, frozen=True, kw_only=True, gc=False):
    """May this call be made, and for how long? Holds the first slice.

    ``slice_seconds`` asks for a slice of that length instead of the operator's; ``answered`` says that the call runs
    already. The session id is the idempotency id. ``user`` is the object id or the user principal name of the calling
    user, of the organizer for conference legs, or of the resource account; empty: whoever has the organization's
    number. ``call_type`` empty: what the service and the organization's number make it. ``switch`` is the link that
    the call is told over, as ``diameter:<name>``; empty where nobody could be told anything about it.
    """

    organization_id: str
    session_id: str
    service: Service
    caller: str
    callee: str
    slice_seconds: int | None = None
    answered: bool = False
    call_type: CallType | None = None
    user: str = ""
    conference_id: str = ""
    switch: str = ""


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
    fee_micros: int = 0
    """What the gateway kept of a success; it may become known later, by the same command once more."""


class SaveRechargeRule(Struct, frozen=True, kw_only=True, gc=False):
    """Set the auto-recharge rule. Amounts in millionths; no cap given means ten times the recharge amount.

    ``mode`` is fixed, to_target or close_gap; the target counts in the mode to_target alone, and no cap given then
    means ten times the target.
    """

    organization_id: str
    command_id: str
    enabled: bool
    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int | None
    payment_method: str
    mode: str = "fixed"
    target_amount_micros: int = 0
    backup_payment_method: str = ""
    expiry_ahead_days: int = 0


class ChoosePaymentMethods(Struct, frozen=True, kw_only=True, gc=False):
    """Let the rule, if there is one, pay with these from now on; an attempt that was sent already goes on with its own.

    An administrator has acted: declines and a suspension are forgotten, as when a rule is saved.
    """

    organization_id: str
    command_id: str
    payment_method: str
    backup_payment_method: str = ""


class SaveBalanceAlerts(Struct, frozen=True, kw_only=True, gc=False):
    """Tell whenever the posted balance falls below one of these amounts, in millionths."""

    organization_id: str
    command_id: str
    amounts_micros: tuple[int, ...]


class RequestRefund(Struct, frozen=True, kw_only=True, gc=False):
    """Give back what is left unused of a top-up, or a part of it, net; the caller takes it to the gateway.

    ``amount_micros`` None: all that is free. ``requested_by`` says who did it.
    """

    organization_id: str
    command_id: str
    top_up_id: str
    amount_micros: int | None
    reason: str
    requested_by: str


class RecordRefund(Struct, frozen=True, kw_only=True, gc=False):
    """What the gateway said of a refund: refunded, refused, processing or unknown."""

    organization_id: str
    refund_id: str
    top_up_id: str
    state: str
    gateway_reference: str = ""
    refusal: str = ""


class OpenDispute(Struct, frozen=True, kw_only=True, gc=False):
    """The payer's bank asks for the money of a top-up back: what is left of its lot is frozen."""

    organization_id: str
    top_up_id: str
    dispute_reference: str


class CloseDispute(Struct, frozen=True, kw_only=True, gc=False):
    """A dispute is over: won, and the lot is restored; or lost, and ``lost_micros``, gross, were taken back."""

    organization_id: str
    top_up_id: str
    dispute_reference: str
    won: bool
    lost_micros: int = 0


class Adjust(Struct, frozen=True, kw_only=True, gc=False):
    """Give funds, or take them with a negative amount; operations have seen to the reason and to a second person."""

    organization_id: str
    command_id: str
    amount_micros: int
    reason: str


class SwitchBilling(Struct, frozen=True, kw_only=True, gc=False):
    """Pay calls after use from now on, up to a line of credit once the funds have drained; or in advance again.

    The same again renews the line: what was used of the old one is billed, and calls may use the whole line anew.
    """

    organization_id: str
    command_id: str
    post_usage: bool
    credit_line_micros: int = 0


class CloseOrganization(Struct, frozen=True, kw_only=True, gc=False):
    """Refuse new calls and purchases from now on; calls in progress end as they would."""

    organization_id: str
    command_id: str


class FinishClosing(Struct, frozen=True, kw_only=True, gc=False):
    """Close an organization that is closing, if nothing of it is under way any more, and forfeit what is left.

    The caller has seen that no call is live and no refund open; what the account knows itself is checked here.
    """

    organization_id: str


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
    """Price this organization's calls by that deck; running calls keep their rate.

    From ``in_force_at`` on; None, or an instant that has passed: from now on.
    """

    organization_id: str
    command_id: str
    rate_deck_id: str
    rate_deck_currency: str
    in_force_at: datetime | None = None


class RecordCall(Struct, frozen=True, kw_only=True, gc=False):
    """A call that is over already, told after the fact: rated and charged, whatever the balance (domain.md §3).

    ``record_id`` is the idempotency id and becomes the call's session id.
    """

    organization_id: str
    record_id: str
    service: Service
    caller: str
    callee: str
    started_at: datetime
    duration_seconds: int
    call_type: CallType | None = None
    user: str = ""
    conference_id: str = ""

    @property
    def session_id(self) -> str:
        """The call that it makes."""
        return self.record_id


class CorrectCall(Struct, frozen=True, kw_only=True, gc=False):
    """Price an ended call anew by another deck: the difference is posted by reversing transfers, never by an update."""

    organization_id: str
    session_id: str
    command_id: str
    rate_deck_id: str


class RefundCall(Struct, frozen=True, kw_only=True, gc=False):
    """Give back what an ended call was charged beyond ``used_seconds``: all of it for 0 (RFC 8506 §6.4)."""

    organization_id: str
    session_id: str
    command_id: str
    used_seconds: int = 0


class ImportLot(Struct, frozen=True, kw_only=True, gc=False):
    """An opening balance with its own dates, from the system that the organization moves in from (domain.md §3)."""

    organization_id: str
    command_id: str
    amount_micros: int
    purchased_at: datetime
    expires_at: datetime
    promotional: bool = False


class SetBlock(Struct, frozen=True, kw_only=True, gc=False):
    """Block by hand: ``subject`` is the object id of a user, or the code of a country that calls go to."""

    organization_id: str
    command_id: str
    kind: BlockedKind
    subject: str


class LiftBlock(Struct, frozen=True, kw_only=True, gc=False):
    """Unblock what a fraud limit, or somebody, has blocked; ``lifted_by`` says who did."""

    organization_id: str
    command_id: str
    block_id: str
    lifted_by: str


CallCommand = Authorise | Start | Update | End | Expire | RecordCall | CorrectCall | RefundCall
AccountCommand = (
    RequestTopUp
    | SendTopUp
    | RecordPayment
    | SaveRechargeRule
    | ChoosePaymentMethods
    | SaveBalanceAlerts
    | RequestRefund
    | RecordRefund
    | OpenDispute
    | CloseDispute
    | Adjust
    | SwitchBilling
    | CloseOrganization
    | FinishClosing
    | CheckRecharge
    | GrantPromotion
    | ExpireLots
    | AssignRateDeck
    | ImportLot
    | SetBlock
    | LiftBlock
)
Command = CallCommand | AccountCommand
