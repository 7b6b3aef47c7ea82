"""The gateway of payments that a person confirms: bank transfers, and purchase orders that are billed later.

Knows no bank. A charge stays `Processing` until the operator has seen the money and confirms the attempt in our own
books; until then nothing is granted (domain.md §3, Payment). It keeps no books, so it answers every question the same
way at any time and in any process, and there is nothing of it to lose.
"""

from collections.abc import Mapping
from typing import Final

from commcredits.gateways.bank_transfer.references import (
    customer_reference,
    is_customer,
    kind_of,
    order_number,
    payment_reference,
)
from commcredits.gateways.protocol import (
    Capabilities,
    ChargeOutcome,
    ChargeRequest,
    Customer,
    CustomerRequest,
    Declined,
    Detached,
    Dispute,
    EventPage,
    Finding,
    LookupOutcome,
    NotFound,
    PaymentMethod,
    PayoutPage,
    Processing,
    RefundOutcome,
    RefundProcessing,
    RefundRequest,
    SetupRequest,
    SetupStarted,
    Unavailable,
    WebhookEvent,
    WebhookRejected,
)

NAME: Final = "bank_transfer"


def open_bank_transfer(settings: Mapping[str, str]) -> "BankTransferGateway":
    """Open the plug-in. `account` is what payers are told to pay to, such as an IBAN and its owner; it may be left out.

    Raises `ValueError` for any other setting.
    """
    unknown = set(settings) - {"account"}
    if unknown:
        raise ValueError(f"the bank transfer gateway has no setting {', '.join(sorted(unknown))}")
    return BankTransferGateway(account=settings.get("account", ""))


class BankTransferGateway:
    """Bank transfers and purchase orders as a `Gateway`."""

    def __init__(self, *, account: str = "") -> None:
        self._account = account

    def __repr__(self) -> str:
        return "BankTransferGateway()"

    def capabilities(self) -> Capabilities:
        """Say what can be done by hand: everything, and nothing by itself."""
        return Capabilities(
            name=NAME,
            off_session=False,
            hosted_setup=False,
            cancels=True,
            partial_refunds=True,
            webhooks=False,
            lists_events=False,
            confirmed_by_hand=True,
            payee=self._account,
        )

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Ask for a transfer: the reference is what its payer writes on it."""
        if kind_of(request.payment_method_reference) is None:
            return Declined(
                code="unknown_payment_method", retryable=False, message="no way to pay by hand has this reference"
            )
        return Processing(reference=payment_reference(request.idempotency_key))

    async def lookup(self, idempotency_key: str) -> LookupOutcome:
        """Say again that somebody has to confirm it."""
        return Processing(reference=payment_reference(idempotency_key))

    async def cancel(self, idempotency_key: str) -> ChargeOutcome:
        """Close a key: what arrives for it all the same is for a person to sort out."""
        return Declined(
            code="cancelled",
            retryable=True,
            message="the payment was called off",
            reference=payment_reference(idempotency_key),
        )

    async def resume(self, idempotency_key: str, return_url: str) -> LookupOutcome:  # noqa: ARG002 - no page leads back
        """Say again that somebody has to confirm it: there is no page for the payer."""
        return await self.lookup(idempotency_key)

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Ask for a transfer back; somebody makes it, and confirms it."""
        return RefundProcessing(reference=payment_reference(request.idempotency_key))

    async def lookup_refund(self, idempotency_key: str) -> RefundOutcome | NotFound:
        """Say again that somebody has to confirm it."""
        return RefundProcessing(reference=payment_reference(idempotency_key))

    async def create_customer(self, request: CustomerRequest) -> Customer | Unavailable:
        """Name a payer."""
        return Customer(reference=customer_reference(request.idempotency_key))

    async def begin_setup(self, request: SetupRequest) -> SetupStarted | NotFound | Unavailable:
        """Refuse: there is no page to enter anything on."""
        if not is_customer(request.customer_reference):
            return NotFound()
        return Unavailable(detail="there is nothing to set up: a bank transfer is added by its reference")

    async def describe_payment_method(self, payment_method_reference: str) -> PaymentMethod | NotFound | Unavailable:
        """Tell of a way to pay by hand; the number of an order stands where a card has its brand."""
        kind = kind_of(payment_method_reference)
        if kind is None:
            return NotFound()
        return PaymentMethod(
            reference=payment_method_reference,
            customer_reference="",
            kind=kind,
            brand=order_number(payment_method_reference) if kind == "purchase_order" else "",
            last4="",
        )

    async def list_payment_methods(self, customer_reference: str) -> tuple[PaymentMethod, ...] | NotFound | Unavailable:
        """List nothing: ways to pay by hand belong to no payer here."""
        return () if is_customer(customer_reference) else NotFound()

    async def detach_payment_method(self, payment_method_reference: str) -> Detached | NotFound | Unavailable:
        """Forget what was never kept."""
        return NotFound() if kind_of(payment_method_reference) is None else Detached()

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes) -> tuple[WebhookEvent, ...] | WebhookRejected:  # noqa: ARG002 - nobody can prove anything here
        """Refuse every message: no bank of ours sends any."""
        return WebhookRejected(reason="bank transfers are confirmed by hand and send no messages")

    async def list_since(self, cursor: str | None) -> EventPage | Unavailable:
        """List no events."""
        return EventPage(events=(), next_cursor=cursor, has_more=False)

    async def find_dispute(self, charge_reference: str) -> Dispute | NotFound | Unavailable:  # noqa: ARG002 - transfers cannot be disputed
        """Find none: a transfer is not taken back by the payer's bank."""
        return NotFound()

    async def list_payouts(self, cursor: str | None) -> PayoutPage | Unavailable:
        """List none: the money arrives where it was sent."""
        return PayoutPage(payouts=(), next_cursor=cursor, has_more=False)

    async def diagnose(self) -> tuple[Finding, ...]:
        """Say whether payers are told where to pay to."""
        told = bool(self._account)
        detail = "payers are told the account" if told else "set account, so that payers are told where to pay to"
        return (Finding(check="account", well=told, detail=detail),)

    async def aclose(self) -> None:
        """Close nothing."""
