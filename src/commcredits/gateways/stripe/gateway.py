"""Stripe as a `Gateway`: hands each call to the part that knows it, and knows nothing itself.

References are Stripe's own ids: a charge is a PaymentIntent (pi_…), a refund re_…, a payer cus_…, a payment method
pm_…, a set-up cs_…, a dispute dp_… or du_…, a payout po_….

`ActionRequired.url` is Stripe's page when the charge was made on session with a `return_url`. It is empty when the
payer was away: Stripe makes a page only for a confirmation with the payer present, which is what `resume` does.
"""

import time
from collections.abc import Callable, Mapping

import stripe

from commcredits.gateways.protocol import (
    Capabilities,
    ChargeOutcome,
    ChargeRequest,
    Customer,
    CustomerRequest,
    Detached,
    Dispute,
    EventPage,
    Finding,
    LookupOutcome,
    NotFound,
    PaymentMethod,
    PayoutPage,
    RefundOutcome,
    RefundRequest,
    SetupRequest,
    SetupStarted,
    Unavailable,
    WebhookEvent,
    WebhookRejected,
)
from commcredits.gateways.stripe import balance, doctor, events
from commcredits.gateways.stripe.calls import StripeCalls
from commcredits.gateways.stripe.charging import Charges
from commcredits.gateways.stripe.currencies import STRIPE_MINOR_UNITS
from commcredits.gateways.stripe.options import StripeOptions
from commcredits.gateways.stripe.payers import Payers
from commcredits.gateways.stripe.refunding import Refunds
from commcredits.gateways.stripe.transport import Transport


class StripeGateway:
    """One Stripe account; its connections belong to the event loop that uses it first.

    `http` carries the requests, where not our own transport does; `clock` tells Unix seconds.
    """

    def __init__(
        self,
        options: StripeOptions,
        *,
        http: stripe.HTTPClient | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        transport = http if http is not None else Transport(options.api_base, options.answer_seconds_max)
        self._options = options
        self._clock = clock
        self._calls = StripeCalls(options.secret_key, options.api_base, transport)
        self._charges = Charges(self._calls, clock)
        self._refunds = Refunds(self._calls)
        self._payers = Payers(self._calls, options.payment_method_types)

    def __repr__(self) -> str:
        return f"StripeGateway({self._options.api_base!r})"

    def capabilities(self) -> Capabilities:
        """Say what Stripe can do; which currencies an account takes, Stripe says at the charge."""
        return Capabilities(
            name="stripe",
            off_session=True,
            hosted_setup=True,
            cancels=True,
            partial_refunds=True,
            webhooks=bool(self._options.webhook_secrets),
            lists_events=True,
            disputes=True,
            payouts=True,
            minor_unit_exceptions=STRIPE_MINOR_UNITS,
        )

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge once per key."""
        return await self._charges.charge(request)

    async def lookup(self, idempotency_key: str) -> LookupOutcome:
        """Tell what became of the charge with this key."""
        return await self._charges.lookup(idempotency_key)

    async def cancel(self, idempotency_key: str) -> ChargeOutcome:
        """Close a key."""
        return await self._charges.cancel(idempotency_key)

    async def resume(self, idempotency_key: str, return_url: str) -> LookupOutcome:
        """Make the page on which the payer, who is present now, approves."""
        return await self._charges.resume(idempotency_key, return_url)

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Refund once per key."""
        return await self._refunds.refund(request)

    async def lookup_refund(self, idempotency_key: str) -> RefundOutcome | NotFound:
        """Tell what became of the refund with this key."""
        return await self._refunds.lookup(idempotency_key)

    async def create_customer(self, request: CustomerRequest) -> Customer | Unavailable:
        """Make a customer once per key."""
        return await self._payers.create_customer(request)

    async def begin_setup(self, request: SetupRequest) -> SetupStarted | NotFound | Unavailable:
        """Open Stripe's page for a new payment method."""
        return await self._payers.begin_setup(request)

    async def describe_payment_method(self, payment_method_reference: str) -> PaymentMethod | NotFound | Unavailable:
        """Tell what may be shown of a payment method."""
        return await self._payers.describe(payment_method_reference)

    async def list_payment_methods(self, customer_reference: str) -> tuple[PaymentMethod, ...] | NotFound | Unavailable:
        """List a customer's payment methods, oldest first."""
        return await self._payers.list_methods(customer_reference)

    async def detach_payment_method(self, payment_method_reference: str) -> Detached | NotFound | Unavailable:
        """Make a payment method unusable."""
        return await self._payers.detach(payment_method_reference)

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes) -> tuple[WebhookEvent, ...] | WebhookRejected:
        """Prove that a message is Stripe's and not older than five minutes, and translate it."""
        return events.verify(self._options.webhook_secrets, headers, raw_body)

    async def list_since(self, cursor: str | None) -> EventPage | Unavailable:
        """List events after `cursor`, of the month that Stripe keeps."""
        return await events.list_since(self._calls, cursor)

    async def find_dispute(self, charge_reference: str) -> Dispute | NotFound | Unavailable:
        """Tell of the latest dispute of a charge."""
        return await balance.find_dispute(self._calls, charge_reference)

    async def list_payouts(self, cursor: str | None) -> PayoutPage | Unavailable:
        """List payouts after `cursor`."""
        return await balance.list_payouts(self._calls, cursor)

    async def diagnose(self) -> tuple[Finding, ...]:
        """Look at keys, clock and webhooks."""
        return await doctor.diagnose(self._calls, self._options, self._clock)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._calls.close()
