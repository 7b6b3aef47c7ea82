"""What a payment gateway is: the calls we make, the outcomes it may have, and the promises it keeps.

A gateway moves money and knows no ledger, no database of ours and no page of ours. It is called between two
transactions: the attempt is recorded with its idempotency key, the gateway is called with that key, the
outcome is recorded. The promises, which `commcredits.gateways.conformance` proves of any plug-in:

* One idempotency key moves money at most once, however often, from however many places, it is sent.
* `Unknown` is not a failure. It means: ask `lookup`, and until that has answered believe nothing.
* `NotFound` is true only now: a charge still on its way may arrive later. What settles a key is charging it
  again with the same content, or `cancel`.
* A refusal is a value. An exception means a bug: a call nobody can mean (`GatewayMisuseError`), or a broken plug-in.
* References are opaque: a gateway that needs two ids to find a payment method packs both into one string.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol, runtime_checkable

from commcredits.gateways.minor_units import NO_EXCEPTIONS, MinorUnitRules
from commcredits.gateways.records import (
    Customer,
    Detached,
    Dispute,
    DisputeState,
    EventKind,
    EventPage,
    Finding,
    PaymentMethod,
    Payout,
    PayoutPage,
    SetupStarted,
    Unavailable,
    WebhookEvent,
    WebhookRejected,
)

__all__ = [
    "IDEMPOTENCY_KEY_LENGTH_MAX",
    "ActionRequired",
    "Capabilities",
    "ChargeOutcome",
    "ChargeRequest",
    "Customer",
    "CustomerRequest",
    "Declined",
    "Detached",
    "Dispute",
    "DisputeState",
    "EventKind",
    "EventPage",
    "Finding",
    "Gateway",
    "GatewayMisuseError",
    "LookupOutcome",
    "NotFound",
    "PaymentMethod",
    "Payout",
    "PayoutPage",
    "Processing",
    "RefundOutcome",
    "RefundProcessing",
    "RefundRefused",
    "RefundRequest",
    "Refunded",
    "SetupRequest",
    "SetupStarted",
    "Succeeded",
    "Unavailable",
    "Unknown",
    "WebhookEvent",
    "WebhookRejected",
]
"""A plug-in needs no other module of ours: the records stand apart for their number alone."""

IDEMPOTENCY_KEY_LENGTH_MAX: Final = 255
_IDEMPOTENCY_KEY: Final = re.compile(rf"[!-~]{{1,{IDEMPOTENCY_KEY_LENGTH_MAX}}}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)


class GatewayMisuseError(Exception):
    """The gateway refused how it was called, such as a known key with other content: a bug, never an outcome."""


def _no_metadata() -> Mapping[str, str]:
    return MappingProxyType({})


def _check_idempotency_key(key: str) -> None:
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise ValueError(f"an idempotency key is 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} printable ASCII characters")


def _check_amount(amount_minor: int, currency: str) -> None:
    if type(amount_minor) is not int or amount_minor < 1:
        raise ValueError("amount_minor is a whole number of minor units, at least 1")
    if not _CURRENCY.fullmatch(currency):
        raise ValueError("currency is an ISO 4217 code of three capital letters")


# What is asked of a gateway.


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """Take `amount_minor` from a stored payment method, once per `idempotency_key`.

    `off_session` says that the payer is not present. `return_url` is where a hosted page of the gateway lets
    the payer go back to. `metadata` is kept by the gateway for people who read its records; put no secret in.
    """

    idempotency_key: str
    amount_minor: int
    currency: str
    payment_method_reference: str
    off_session: bool
    description: str = ""
    metadata: Mapping[str, str] = field(default_factory=_no_metadata)
    return_url: str | None = None

    def __post_init__(self) -> None:
        _check_idempotency_key(self.idempotency_key)
        _check_amount(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Give back `amount_minor` of a charge that succeeded, once per `idempotency_key`."""

    idempotency_key: str
    charge_reference: str
    amount_minor: int
    currency: str
    reason: str = ""

    def __post_init__(self) -> None:
        _check_idempotency_key(self.idempotency_key)
        _check_amount(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRequest:
    """Make the gateway's own record of a payer, once per `idempotency_key`."""

    idempotency_key: str
    name: str
    metadata: Mapping[str, str] = field(default_factory=_no_metadata)

    def __post_init__(self) -> None:
        _check_idempotency_key(self.idempotency_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupRequest:
    """Let a person enter a payment method on a page of the gateway, once per `idempotency_key`."""

    idempotency_key: str
    customer_reference: str
    return_url: str

    def __post_init__(self) -> None:
        _check_idempotency_key(self.idempotency_key)


# What became of a charge.


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The money is taken. `fee_minor` is what the gateway keeps, in the charge's currency, where it says so."""

    reference: str
    fee_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """Accepted and not decided yet; an event or a later `lookup` tells."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequired:
    """The payer must approve at `url`, a page of the gateway. Whoever holds the address may approve: it is a secret.

    `url` is empty where a gateway makes a page only for a payer who is present: `Gateway.resume` does.
    """

    reference: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """No money was taken, and none ever will be for this key.

    `retryable` says that a new attempt (with a new key) with the same payment method may succeed. `message` is
    the gateway's own English sentence, for logs and support; people are shown our sentence for `code`.
    """

    code: str
    retryable: bool
    message: str
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No answer that can be believed: look the key up; never book it as a failure, never retry it with a new key.

    `this_call_did_nothing` is true only when it is certain that this one call moved no money, such as a refused
    connection. It says nothing about earlier calls with the same key, so only an attempt whose first and only call
    this was may be closed on it.
    """

    detail: str
    this_call_did_nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound:
    """The gateway has no such thing at this moment."""


ChargeOutcome = Succeeded | Processing | ActionRequired | Declined | Unknown
LookupOutcome = ChargeOutcome | NotFound


# What became of a refund.


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """The money is on its way back to the payment method that paid."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundProcessing:
    """Accepted and not decided yet; an event or a later `lookup_refund` tells."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRefused:
    """Nothing was given back, and nothing ever will be for this key; `exceeds_charge` means more than is left."""

    code: str
    message: str
    reference: str | None = None


RefundOutcome = Refunded | RefundProcessing | RefundRefused | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a gateway can do. `currencies` None means every currency that has minor units.

    `confirmed_by_hand`: charges and refunds stay processing until a person of the operator says what became of them,
    as of money that arrives at the bank; no lookup ever tells.
    """

    name: str
    off_session: bool
    hosted_setup: bool
    cancels: bool
    partial_refunds: bool
    webhooks: bool
    lists_events: bool
    disputes: bool = False
    payouts: bool = False
    confirmed_by_hand: bool = False
    payee: str = ""
    """Where payers send what is confirmed by hand, such as an IBAN and its owner."""
    currencies: frozenset[str] | None = None
    minor_unit_exceptions: MinorUnitRules = field(default_factory=lambda: NO_EXCEPTIONS)


@runtime_checkable
class Gateway(Protocol):
    """One payment provider. Every call is safe to repeat; none raises for anything a network or a card can do."""

    def capabilities(self) -> Capabilities:
        """Say what this gateway can do, without asking the network."""
        ...

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge once per key. The same key with other content raises `GatewayMisuseError`."""
        ...

    async def lookup(self, idempotency_key: str) -> LookupOutcome:
        """Tell what became of the charge with this key, as things are now."""
        ...

    async def cancel(self, idempotency_key: str) -> ChargeOutcome:
        """Close a key, also one the gateway never saw: after `Declined` no charge with it can ever succeed.

        What was charged already stays so and is told as `Succeeded`; what can't be stopped, as `Processing`.
        """
        ...

    async def resume(self, idempotency_key: str, return_url: str) -> LookupOutcome:
        """Let the payer, who is present now, approve a charge that asked for it: `ActionRequired` with a fresh page.

        Whatever else the charge has come to meanwhile is told instead. Never charges twice.
        """
        ...

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Refund once per key; all refunds of a charge together never exceed it."""
        ...

    async def lookup_refund(self, idempotency_key: str) -> RefundOutcome | NotFound:
        """Tell what became of the refund with this key, as things are now."""
        ...

    async def create_customer(self, request: CustomerRequest) -> Customer | Unavailable:
        """Make a payer's record once per key."""
        ...

    async def begin_setup(self, request: SetupRequest) -> SetupStarted | NotFound | Unavailable:
        """Open a hosted page for a new payment method; `NotFound`: no such customer."""
        ...

    async def describe_payment_method(self, payment_method_reference: str) -> PaymentMethod | NotFound | Unavailable:
        """Tell what may be shown of a stored payment method; a detached one is `NotFound`."""
        ...

    async def list_payment_methods(self, customer_reference: str) -> tuple[PaymentMethod, ...] | NotFound | Unavailable:
        """List what a customer can pay with, oldest first."""
        ...

    async def detach_payment_method(self, payment_method_reference: str) -> Detached | NotFound | Unavailable:
        """Make a payment method unusable; detaching twice is `Detached` twice."""
        ...

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes) -> tuple[WebhookEvent, ...] | WebhookRejected:
        """Prove a message's origin from its headers and exact bytes, and translate it. Names of headers ignore case."""
        ...

    async def list_since(self, cursor: str | None) -> EventPage | Unavailable:
        """List events noted after `cursor` (None: from the first one kept), for sweeps that find lost webhooks."""
        ...

    async def find_dispute(self, charge_reference: str) -> Dispute | NotFound | Unavailable:
        """Tell of the latest dispute of a charge, as things are now."""
        ...

    async def list_payouts(self, cursor: str | None) -> PayoutPage | Unavailable:
        """List payouts noted after `cursor` (None: from the first one kept)."""
        ...

    async def diagnose(self) -> tuple[Finding, ...]:
        """Look at keys, clock and webhooks without moving money; every finding says what to do when it is not well."""
        ...

    async def aclose(self) -> None:
        """Close connections. The gateway can't be used after that."""
        ...
