"""Payers at Stripe and what they pay with. Card numbers are entered on Stripe's own page and never come here."""

from typing import TYPE_CHECKING, Final

import stripe

from commcredits.gateways.protocol import (
    Customer,
    CustomerRequest,
    Detached,
    GatewayMisuseError,
    NotFound,
    PaymentMethod,
    SetupRequest,
    SetupStarted,
    Unavailable,
)
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import LIST_PAGE, StripeCalls, asking, is_missing, quietly, read
from commcredits.gateways.stripe.keys import DIGEST_FIELD, KEY_FIELD, call_key, check_metadata, digest_of, key_metadata
from commcredits.gateways.stripe.references import is_customer, is_payment_method
from commcredits.gateways.stripe.translation import payment_method_of
from commcredits.gateways.stripe.troubles import unavailable_of

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams
    from stripe.params.checkout import SessionCreateParams

NAME_LENGTH_MAX: Final = 256
METHODS_MAX: Final = 300
"""Most payment methods of one customer that are listed."""


class Payers:
    """The customers of one account; `method_types` are what a person may add on the hosted page."""

    def __init__(self, calls: StripeCalls, method_types: tuple[str, ...]) -> None:
        self._calls = calls
        self._v1 = calls.client.v1
        self._method_types = method_types

    async def create_customer(self, request: CustomerRequest) -> Customer | Unavailable:
        """Make a customer once per key, also when the key comes again after the day that Stripe remembers it."""
        metadata = {**request.metadata, **key_metadata(request.idempotency_key)}
        check_metadata(metadata)
        params: CustomerCreateParams = {"name": request.name[:NAME_LENGTH_MAX], "metadata": metadata}
        try:
            known = await self._find_customer(request.idempotency_key)
            if known is not None:
                return known
            made = await self._v1.customers.create_async(params, quietly(call_key(request.idempotency_key, "customer")))
        except stripe.IdempotencyError:
            # It was made within the day under another name; the search will know it in a minute.
            return Unavailable(detail="this customer was made a moment ago under another name")
        except stripe.StripeError as error:
            return unavailable_of(error)
        return Customer(reference=read(made, shapes.Customer).id)

    async def begin_setup(self, request: SetupRequest) -> SetupStarted | NotFound | Unavailable:
        """Open Stripe's page on which a payment method is entered; it stays open for a day.

        Raises `GatewayMisuseError` for a known key with another customer or another page to go back to.
        """
        if not is_customer(request.customer_reference):
            return NotFound()
        metadata = key_metadata(request.idempotency_key)
        params: SessionCreateParams = {
            "mode": "setup",
            "customer": request.customer_reference,
            "success_url": request.return_url,
            "cancel_url": request.return_url,
            "allowed_payment_method_types": list(self._method_types),
            "metadata": metadata,
            "setup_intent_data": {"metadata": metadata},
        }
        try:
            made = await self._v1.checkout.sessions.create_async(
                params, quietly(call_key(request.idempotency_key, "setup"))
            )
            session = read(made, shapes.Session)
        except stripe.IdempotencyError as error:
            raise GatewayMisuseError("this idempotency key opened another page") from error
        except stripe.InvalidRequestError as error:
            return NotFound() if is_missing(error) else unavailable_of(error)
        except stripe.StripeError as error:
            return unavailable_of(error)
        if session.url is None:
            return Unavailable(detail="Stripe has closed this page")
        return SetupStarted(reference=session.id, hosted_url=session.url)

    async def describe(self, reference: str) -> PaymentMethod | NotFound | Unavailable:
        """Tell what may be shown of a payment method."""
        if not is_payment_method(reference):
            return NotFound()
        try:
            found = await self._calls.payment_method(reference)
        except stripe.StripeError as error:
            return unavailable_of(error)
        return NotFound() if found is None else payment_method_of(found)

    async def list_methods(self, customer_reference: str) -> tuple[PaymentMethod, ...] | NotFound | Unavailable:
        """List what a customer can pay with, oldest first."""
        if not is_customer(customer_reference):
            return NotFound()
        found: list[shapes.PaymentMethod] = []
        try:
            while len(found) < METHODS_MAX:
                listed = await self._v1.customers.payment_methods.list_async(
                    customer_reference,
                    {"limit": LIST_PAGE, "starting_after": found[-1].id} if found else {"limit": LIST_PAGE},
                    asking(),
                )
                found += [read(each, shapes.PaymentMethod) for each in listed.data]
                if not listed.has_more or not listed.data:
                    break
        except stripe.InvalidRequestError as error:
            return NotFound() if is_missing(error) else unavailable_of(error)
        except stripe.StripeError as error:
            return unavailable_of(error)
        described = (payment_method_of(each) for each in reversed(found))
        return tuple(each for each in described if isinstance(each, PaymentMethod))

    async def detach(self, reference: str) -> Detached | NotFound | Unavailable:
        """Take a payment method from its customer; no charge can use it after that."""
        if not is_payment_method(reference):
            return NotFound()
        try:
            found = await self._calls.payment_method(reference)
            if found is None:
                return NotFound()
            if found.customer is not None:
                await self._v1.payment_methods.detach_async(reference, None, asking())
        except stripe.StripeError as error:
            return unavailable_of(error)
        return Detached()

    async def _find_customer(self, key: str) -> Customer | None:
        query = f"metadata['{DIGEST_FIELD}']:'{digest_of(key)}'"
        found = await self._v1.customers.search_async({"query": query, "limit": 10}, asking())
        for each in found.data:
            customer = read(each, shapes.Customer)
            if (customer.metadata or {}).get(KEY_FIELD) == key:
                return Customer(reference=customer.id)
        return None
