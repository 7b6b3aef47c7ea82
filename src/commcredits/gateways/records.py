"""What a gateway tells of payers, disputes, payouts and events, as records; `protocol` says which call gives which.

Knows no gateway. Refuses to say what is done with any of it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

# Payers and their payment methods.


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """The gateway gave no usable answer to a question that moves no money: ask again later."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The gateway's record of a payer."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStarted:
    """A page of the gateway waits at `hosted_url`. Whoever holds the address may add a method: it is a secret."""

    reference: str
    hosted_url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethod:
    """What may be shown of a stored payment method; never a whole number of a card or an account.

    `fingerprint` is the same for the same card or account, where the gateway tells it.
    """

    reference: str
    customer_reference: str
    kind: str
    brand: str
    last4: str
    expiry_month: int | None = None
    expiry_year: int | None = None
    fingerprint: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    """The payment method can't be charged any more."""


# Disputes, payouts, and whether all is set up.


class DisputeState(StrEnum):
    """Where a dispute stands; an early warning that takes no money is none yet."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """The payer's bank asks for `amount_minor` of a charge back; when it is lost, that much is gone."""

    reference: str
    charge_reference: str
    amount_minor: int
    currency: str
    state: DisputeState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """What the gateway has sent to the operator's bank account: charges less refunds, disputes and fees."""

    reference: str
    amount_minor: int
    currency: str
    arrives_on: date
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutPage:
    """Payouts in the order in which the gateway noted them; `next_cursor` goes into the next call, also when empty."""

    payouts: tuple[Payout, ...]
    next_cursor: str | None
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: what, whether it is well, and what was found or is to be done."""

    check: str
    well: bool
    detail: str


# Events.


class EventKind(StrEnum):
    """What an event is about. An event only nudges: read the object back before believing anything."""

    CHARGE_SUCCEEDED = "charge_succeeded"
    CHARGE_PROCESSING = "charge_processing"
    CHARGE_ACTION_REQUIRED = "charge_action_required"
    CHARGE_DECLINED = "charge_declined"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_REFUSED = "refund_refused"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    PAYMENT_METHOD_ADDED = "payment_method_added"
    PAYMENT_METHOD_DETACHED = "payment_method_detached"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One normalised event. Events arrive twice and out of order: `id` tells duplicates, nothing tells the order.

    `object_reference` names the charge (also for disputes), the refund or the payment method;
    `idempotency_key` is ours, where the gateway carries it.
    """

    id: str
    kind: EventKind
    object_reference: str
    idempotency_key: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRejected:
    """The message is not proven to come from the gateway, or is not readable; answer it with a 400 and do nothing."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events in the order in which the gateway noted them; `next_cursor` goes into the next call, also when empty."""

    events: tuple[WebhookEvent, ...]
    next_cursor: str | None
    has_more: bool
