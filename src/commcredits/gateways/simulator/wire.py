"""What travels between the simulated gateway and its callers: one record per body, checked as it is decoded.

Both sides use these records, so that a change of one side that the other can't read does not type-check. Everything
that arrives has a named maximum; numbers are whole; text holds no control characters.
"""

from typing import Annotated, Final, Literal

import msgspec

from commcredits.gateways.simulator.faults import Fault, Operation

BODY_BYTES_MAX: Final = 65_536
AMOUNT_MINOR_MAX: Final = 999_999_999_999
"""More than this the simulated gateway never charges at once."""

_SQLITE_INTEGER_MAX: Final = 2**63 - 1
METADATA_ENTRIES_MAX: Final = 20
PAGE_ITEMS_MAX: Final = 200
SCRIPT_REQUESTS_MAX: Final = 10_000

_NO_CONTROL_CHARACTERS: Final = r"\A[^\x00-\x1f\x7f\ud800-\udfff]*\Z"

Amount = Annotated[int, msgspec.Meta(ge=1, le=_SQLITE_INTEGER_MAX)]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z")]
# Any text may be asked for; what was never given out is simply unknown.
Reference = Annotated[str, msgspec.Meta(max_length=500, pattern=_NO_CONTROL_CHARACTERS)]
CardName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_NO_CONTROL_CHARACTERS)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_NO_CONTROL_CHARACTERS)]
Text = Annotated[str, msgspec.Meta(max_length=500, pattern=_NO_CONTROL_CHARACTERS)]
MetadataName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=_NO_CONTROL_CHARACTERS)]
Metadata = Annotated[dict[MetadataName, Text], msgspec.Meta(max_length=METADATA_ENTRIES_MAX)]
# Only addresses that a browser fetches: a page of ours must never carry a link that runs a script.
ReturnUrl = Annotated[str, msgspec.Meta(max_length=2_000, pattern=r"\Ahttps?://[!-~]+\Z")]

ChargeStatus = Literal["succeeded", "processing", "action_required", "declined"]


class CustomerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make a customer."""

    name: Name
    metadata: Metadata = {}


class PaymentMethodBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Store a test card for a customer, as if it had been typed in on the hosted page."""

    customer: Reference
    card: CardName


class SetupBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open the hosted page on which a customer chooses a test card."""

    customer: Reference
    return_url: ReturnUrl


class ChargeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take money."""

    amount_minor: Amount
    currency: CurrencyCode
    payment_method: Reference
    off_session: bool
    description: Text = ""
    metadata: Metadata = {}
    return_url: ReturnUrl | None = None


class CancelBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close a key of a charge."""

    idempotency_key: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,255}\Z")]


class ResumeBody(CancelBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let a charge's page lead its holder back to there."""

    return_url: ReturnUrl


class RefundBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give money back."""

    charge: Reference
    amount_minor: Amount
    currency: CurrencyCode
    reason: Text = ""


class DisputeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Play the payer's bank: a dispute is opened, then won or lost by the merchant."""

    state: Literal["opened", "won", "lost"]


class ScriptBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let `fault` strike the next `requests` of an operation (None: all, until cleared), perhaps of one method only."""

    fault: Fault
    operation: Operation = "charge"
    requests: Annotated[int, msgspec.Meta(ge=1, le=SCRIPT_REQUESTS_MAX)] | None = None
    payment_method: Reference | None = None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A payer."""

    reference: str
    name: str


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """A stored test card."""

    reference: str
    customer: str
    card: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int
    fingerprint: str
    detached: bool


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """A hosted page that waits for a card; `hosted_path` is completed to `hosted_url` in the answer."""

    reference: str
    hosted_url: str


class DeclineAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Why no money was taken."""

    code: str
    retryable: bool
    message: str


class ChargeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a charge; `reference` is missing when a key was closed before any charge came with it."""

    reference: str | None
    idempotency_key: str
    status: ChargeStatus
    fee_minor: int | None = None
    action_url: str | None = None
    decline: DeclineAnswer | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the gateway's own books."""

    reference: str
    idempotency_key: str
    payment_method: str
    amount_minor: int
    currency: str
    off_session: bool
    description: str
    metadata: dict[str, str]
    status: ChargeStatus
    decline_code: str | None
    fee_minor: int | None
    refunded_minor: int
    dispute_state: str | None
    created_at: str


class RefundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a refund."""

    reference: str
    idempotency_key: str
    charge: str
    amount_minor: int
    currency: str
    status: Literal["succeeded", "refused"]
    refusal_code: str | None = None
    message: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; the body of a webhook is exactly one of these."""

    id: str
    kind: str
    object_reference: str
    idempotency_key: str | None
    occurred_at: str


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """Events in order; `next_cursor` is the place of the last one."""

    items: list[Event]
    next_cursor: str | None
    has_more: bool


class ChargeList(msgspec.Struct, frozen=True, kw_only=True):
    """Charges in the order in which they came."""

    items: list[Charge]
    next_cursor: str | None


class PaymentMethodList(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's stored cards, oldest first."""

    items: list[PaymentMethod]


class DisputeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The dispute of a charge: what the payer's bank asks back, and whether it got it."""

    reference: str
    charge: str
    amount_minor: int
    currency: str
    state: Literal["opened", "won", "lost"]


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent to the merchant's bank for one day."""

    reference: str
    amount_minor: int
    currency: str
    arrives_on: str


class PayoutList(msgspec.Struct, frozen=True, kw_only=True):
    """Payouts in order; `next_cursor` is the place of the last one."""

    items: list[Payout]
    next_cursor: str
    has_more: bool


class CurrencyTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway took and gave back in one currency."""

    currency: str
    charges: int
    charged_minor: int
    refunded_minor: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway took and gave back."""

    items: list[CurrencyTotal]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was not carried out; `message` names the field and what it may hold."""

    status: int
    code: str
    message: str
