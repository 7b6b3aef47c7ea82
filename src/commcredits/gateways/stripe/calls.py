"""The calls of Stripe that we make, through its SDK's typed parameters, and their answers as `shapes`.

Decides nothing: it raises what the SDK raises. The API version is pinned, so an answer has the shape that the tests
know, whatever the account's own version is. The SDK repeats by itself only what moves no money; whether a charge is
sent again is our caller's decision.
"""

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
import stripe
from pydantic import SecretStr

from commcredits.gateways.stripe import shapes

if TYPE_CHECKING:
    from stripe import RequestOptions
    from stripe.params import (
        PaymentIntentConfirmParams,
        PaymentIntentCreateParams,
        RefundCreateParams,
    )

API_VERSION: Final = "2026-10-28.endive"
"""The API version that this gateway was written and tested for; a newer SDK may bring a newer one of its own."""

LIST_PAGE: Final = 100
QUIET_RETRIES: Final = 2
"""How often the SDK repeats a question, or the making of a record that is made once per key."""

INTENT_PARTS: Final = ["latest_charge.balance_transaction"]

S = TypeVar("S", bound=msgspec.Struct)


class StripeCalls:
    """One account's calls. What is shown of it never holds the key."""

    def __init__(self, secret_key: SecretStr, api_base: str, http: stripe.HTTPClient) -> None:
        # Telemetry would send timings of earlier calls along and keep an id of this machine in its user's home.
        stripe.enable_telemetry = False
        self._api_base = api_base
        self._http = http
        self.client: Final = stripe.StripeClient(
            secret_key.get_secret_value(),
            stripe_version=API_VERSION,
            base_addresses={"api": api_base},
            max_network_retries=0,
            http_client=http,
        )

    def __repr__(self) -> str:
        return f"StripeCalls({self._api_base!r})"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call] # the SDK leaves this method untyped

    async def create_intent(self, params: "PaymentIntentCreateParams", key: str) -> tuple[shapes.PaymentIntent, bool]:
        """Make a PaymentIntent, unconfirmed; also tells whether Stripe repeated an earlier answer."""
        made = await self.client.v1.payment_intents.create_async(params, _acting(key))
        return read(made, shapes.PaymentIntent), _is_repeated(made)

    async def confirm_intent(
        self, reference: str, params: "PaymentIntentConfirmParams", key: str
    ) -> tuple[shapes.PaymentIntent, bool]:
        """Try to take the money; also tells whether Stripe repeated an earlier answer."""
        confirmed = await self.client.v1.payment_intents.confirm_async(
            reference, {**params, "expand": INTENT_PARTS}, _acting(key)
        )
        return read(confirmed, shapes.PaymentIntent), _is_repeated(confirmed)

    async def cancel_intent(self, reference: str, key: str) -> shapes.PaymentIntent:
        """Close a PaymentIntent for ever."""
        canceled = await self.client.v1.payment_intents.cancel_async(
            reference, {"cancellation_reason": "abandoned", "expand": INTENT_PARTS}, _acting(key)
        )
        return read(canceled, shapes.PaymentIntent)

    async def intent(self, reference: str) -> shapes.PaymentIntent | None:
        """Read a PaymentIntent as it is now; None if there is none."""
        try:
            found = await self.client.v1.payment_intents.retrieve_async(reference, {"expand": INTENT_PARTS}, asking())
        except stripe.InvalidRequestError as error:
            if is_missing(error):
                return None
            raise
        return read(found, shapes.PaymentIntent)

    async def search_intents(self, query: str) -> tuple[shapes.PaymentIntent, ...]:
        """Search PaymentIntents; the index may lag behind, usually by less than a minute."""
        found = await self.client.v1.payment_intents.search_async({"query": query, "limit": 10}, asking())
        return tuple(read(each, shapes.PaymentIntent) for each in found.data)

    async def newest_intents(self, before: str | None) -> tuple[tuple[shapes.PaymentIntent, ...], bool]:
        """List PaymentIntents from the newest, or from the one before `before`, and whether there are more."""
        listed = await self.client.v1.payment_intents.list_async(
            {"limit": LIST_PAGE} if before is None else {"limit": LIST_PAGE, "starting_after": before}, asking()
        )
        return tuple(read(each, shapes.PaymentIntent) for each in listed.data), listed.has_more

    async def create_refund(self, params: "RefundCreateParams", key: str) -> shapes.Refund:
        """Give money back."""
        return read(await self.client.v1.refunds.create_async(params, _acting(key)), shapes.Refund)

    async def refunds_of(self, intent: str) -> tuple[shapes.Refund, ...]:
        """List all refunds of a PaymentIntent; a charge has few."""
        found: list[shapes.Refund] = []
        while True:
            listed = await self.client.v1.refunds.list_async(
                {"payment_intent": intent, "limit": LIST_PAGE}
                if not found
                else {"payment_intent": intent, "limit": LIST_PAGE, "starting_after": found[-1].id},
                asking(),
            )
            found += [read(each, shapes.Refund) for each in listed.data]
            if not listed.has_more or not listed.data:
                return tuple(found)

    async def newest_refunds(self, before: str | None) -> tuple[tuple[shapes.Refund, ...], bool]:
        """List refunds from the newest, or from the one before `before`, and whether there are more."""
        listed = await self.client.v1.refunds.list_async(
            {"limit": LIST_PAGE} if before is None else {"limit": LIST_PAGE, "starting_after": before}, asking()
        )
        return tuple(read(each, shapes.Refund) for each in listed.data), listed.has_more

    async def payment_method(self, reference: str) -> shapes.PaymentMethod | None:
        """Read a payment method, also a detached one; None if there is none."""
        try:
            found = await self.client.v1.payment_methods.retrieve_async(reference, None, asking())
        except stripe.InvalidRequestError as error:
            if is_missing(error):
                return None
            raise
        return read(found, shapes.PaymentMethod)

    async def account(self) -> shapes.Account:
        """Read the account that the key belongs to."""
        return read(await self.client.v1.accounts.retrieve_current_async(None, asking()), shapes.Account)


def read(answer: stripe.StripeObject, shape: type[S]) -> S:
    """Read what we need of an answer; one that lacks it is no answer, and leaves the truth open."""
    try:
        return msgspec.convert(answer.to_dict(), type=shape)
    except msgspec.ValidationError as error:
        raise stripe.APIError(f"an answer without what a {shape.__name__} has") from error


def quietly(key: str) -> "RequestOptions":
    """Options of a call that makes a record once per key and moves no money."""
    return {"idempotency_key": key, "max_network_retries": QUIET_RETRIES}


def asking() -> "RequestOptions":
    """Options of a question."""
    return {"max_network_retries": QUIET_RETRIES}


def is_missing(error: stripe.InvalidRequestError) -> bool:
    """Whether the object that was asked for does not exist, rather than that the question was wrong."""
    return error.code == "resource_missing" or error.http_status == 404  # noqa: PLR2004 - the status "not found"


def _acting(key: str) -> "RequestOptions":
    return {"idempotency_key": key}


def _is_repeated(answer: stripe.StripeObject) -> bool:
    response = answer.last_response
    return response is not None and response.headers.get("idempotent-replayed") == "true"
