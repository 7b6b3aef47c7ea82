"""The parts of Stripe's objects that we read, as records. What else Stripe says is skipped; nothing here decides.

Fields that Stripe may leave out, or that older answers lack, have a default.
"""

from typing import Any

import msgspec


class Method(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payment method as part of an error."""

    id: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a payment failed: `last_payment_error`, or the error of an answer."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None
    message: str | None = None
    param: str | None = None
    payment_method: Method | None = None


class BalanceTransaction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a charge did to the operator's balance."""

    fee: int | None = None
    currency: str = ""


class ChargeOutcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an issuer or Stripe's own rules said of a charge."""

    reason: str | None = None
    advice_code: str | None = None
    seller_message: str | None = None


class Charge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One try to take the money of a PaymentIntent."""

    id: str
    status: str = ""
    amount: int = 0
    amount_captured: int = 0
    amount_refunded: int = 0
    currency: str = ""
    failure_code: str | None = None
    failure_message: str | None = None
    outcome: ChargeOutcome | None = None
    balance_transaction: BalanceTransaction | str | None = None


class Redirect(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the payer approves, and where that leads back to."""

    url: str | None = None
    return_url: str | None = None


class NextAction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a PaymentIntent waits for."""

    type: str = ""
    redirect_to_url: Redirect | None = None


class PaymentIntent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A charge on its way."""

    id: str
    status: str
    amount: int
    currency: str
    created: int = 0
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    customer: str | None = None
    payment_method: str | None = None
    latest_charge: Charge | str | None = None
    last_payment_error: Failure | None = None
    next_action: NextAction | None = None


class Refund(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Money on its way back."""

    id: str
    amount: int
    currency: str
    status: str | None = None
    failure_reason: str | None = None
    payment_intent: str | None = None
    metadata: dict[str, str] | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What may be shown of a card."""

    brand: str = ""
    last4: str = ""
    exp_month: int | None = None
    exp_year: int | None = None
    fingerprint: str | None = None
    country: str | None = None


class BankAccount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What may be shown of an account that is debited."""

    last4: str | None = None
    fingerprint: str | None = None
    country: str | None = None


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stored payment method; one without a customer can't be charged."""

    id: str
    type: str
    customer: str | None = None
    created: int = 0
    card: Card | None = None
    sepa_debit: BankAccount | None = None


class Named(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An object of which only its id matters: a customer, an event's object."""

    id: str = ""


class Customer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payer's record."""

    id: str
    metadata: dict[str, str] | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A page of Stripe on which a payment method is entered."""

    id: str
    url: str | None = None


class SetupIntent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The entering of a payment method."""

    id: str
    payment_method: str | None = None
    metadata: dict[str, str] | None = None


class Dispute(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payer's bank asks for a charge back."""

    id: str
    amount: int
    currency: str
    status: str
    reason: str = ""
    payment_intent: str | None = None


class Payout(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Money sent to the operator's bank account; `arrival_date` is in seconds."""

    id: str
    amount: int
    currency: str
    status: str
    arrival_date: int


class EventData(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an event is about, as it was then."""

    object: dict[str, Any]


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of Stripe; `created` is in seconds."""

    id: str
    type: str
    created: int
    data: EventData


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where Stripe sends webhooks to."""

    url: str = ""
    status: str = ""
    enabled_events: list[str] = msgspec.field(default_factory=list)


class Account(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The operator's account at Stripe."""

    charges_enabled: bool | None = None
    country: str | None = None
    default_currency: str | None = None


class Balance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The operator's balance; read because every key may read it."""

    livemode: bool
