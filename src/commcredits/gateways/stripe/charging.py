"""Charging, looking up, cancelling and resuming at Stripe: one key of ours is one PaymentIntent, taken at most once.

The order of a charge, and what each step makes certain (decision 0016 has the whole argument):

1. *Search* for a PaymentIntent of this key: whatever an earlier call made more than a day ago, which Stripe's
   idempotency has forgotten, is found by its metadata, for ever.
2. *Create* it unconfirmed, with an idempotency key derived from ours: whatever was made within the last day comes back
   instead of a second one. Nothing is taken yet.
3. *Confirm* it. A PaymentIntent succeeds at most once, so any number of confirmations takes the money once.

A key is closed by using up the idempotency key of step 2 with a PaymentIntent that says that it is closed, so that a
create that is still on its way can't become a second truth. A declined PaymentIntent is cancelled, because Stripe
would let it be tried again.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import stripe

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    GatewayMisuseError,
    LookupOutcome,
    NotFound,
    Processing,
    Succeeded,
    Unknown,
)
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import StripeCalls
from commcredits.gateways.stripe.closing import cancel_intent, cancel_quietly, close_key
from commcredits.gateways.stripe.finding import find_indexed_intent, find_intent
from commcredits.gateways.stripe.keys import (
    CLOSED_FIELD,
    CONTENT_FIELD,
    METHOD_FIELD,
    call_key,
    charge_metadata,
    content_of,
    digest_of,
)
from commcredits.gateways.stripe.references import is_payment_method
from commcredits.gateways.stripe.translation import CANCELLED, decline_of, needs_payer, outcome_of
from commcredits.gateways.stripe.troubles import Trouble, code_of, detail_of, failure_of, trouble_of, unknown_of

if TYPE_CHECKING:
    from stripe.params import PaymentIntentConfirmParams, PaymentIntentCreateParams

CHARGE_SECONDS_MAX: Final = 3_600
"""A charge that was stopped for longer between its search and its next step starts again: by then the search's answer
may be from before the day that Stripe remembers idempotency keys."""

DESCRIPTION_LENGTH_MAX: Final = 1_000


class Charges:
    """The charges of one account; `clock` tells seconds that also pass while the machine sleeps."""

    def __init__(self, calls: StripeCalls, clock: Callable[[], float]) -> None:
        self._calls = calls
        self._clock = clock

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge once per key; raises `GatewayMisuseError` for a known key with other content."""
        metadata = charge_metadata(request)
        if not is_payment_method(request.payment_method_reference):
            return Declined(
                code="unknown_payment_method", retryable=False, message="Stripe gave out no such payment method."
            )
        began = self._clock()
        try:
            intent = await find_indexed_intent(self._calls, request.idempotency_key)
            made = intent if intent is not None else await self._make(request, metadata, began)
        except stripe.StripeError as error:
            # Up to here nothing is confirmed, so this call took nothing, whatever became of it. A key that another
            # call is using right now is that other call's to tell of.
            return Unknown(detail=detail_of(error), this_call_did_nothing=trouble_of(error) is not Trouble.KEY_IN_USE)
        return await self._take(request, made, began) if isinstance(made, shapes.PaymentIntent) else made

    async def lookup(self, key: str) -> LookupOutcome:
        """Tell what became of a key; a PaymentIntent that nobody has confirmed counts as not found."""
        try:
            found = await find_intent(self._calls, key)
        except stripe.StripeError as error:
            return Unknown(detail=detail_of(error))
        return NotFound() if found is None else await self._outcome_of(found, key)

    async def cancel(self, key: str) -> ChargeOutcome:
        """Close a key for ever, also one that Stripe never saw."""
        try:
            found = await find_intent(self._calls, key)
            if found is None:
                return await close_key(self._calls, key, CANCELLED)
            return await cancel_intent(self._calls, found, key)
        except stripe.StripeError as error:
            return unknown_of(error)

    async def resume(self, key: str, return_url: str) -> LookupOutcome:
        """Confirm again for a payer who is present, which is when Stripe makes a page for them."""
        try:
            found = await find_intent(self._calls, key)
        except stripe.StripeError as error:
            return Unknown(detail=detail_of(error))
        if found is None:
            return NotFound()
        outcome = await self._outcome_of(found, key)
        if not isinstance(outcome, ActionRequired) or _leads_back_to(found, return_url):
            return outcome
        params: PaymentIntentConfirmParams = {"return_url": return_url}
        if found.payment_method is None:
            params["payment_method"] = found.metadata.get(METHOD_FIELD, "")
        # The state and the address are part of the key: a second click gets the same page, and a page for another
        # state of the charge is another request.
        call = f"resume-{found.status}-{digest_of(return_url)[:16]}"
        return await self._confirm(found, key, params, call=call)

    async def _make(
        self, request: ChargeRequest, metadata: dict[str, str], began: float
    ) -> shapes.PaymentIntent | ChargeOutcome:
        """Make the PaymentIntent of a key, or get the one that was made already, or close the key."""
        key = request.idempotency_key
        method = await self._calls.payment_method(request.payment_method_reference)
        if method is None or method.customer is None:
            return await close_key(self._calls, key, "unknown_payment_method")
        if self._is_late(began):
            return _stopped()
        params: PaymentIntentCreateParams = {
            "amount": request.amount_minor,
            "currency": request.currency.lower(),
            "customer": method.customer,
            "payment_method": method.id,
            # Named, not chosen by the account's settings: no other way to pay can creep in, such as one that redirects.
            "allowed_payment_method_types": [method.type],
            # Captured before it answers, so that the answer tells the fee; Stripe's default captures a little later.
            "capture_method": "automatic",
            "description": request.description[:DESCRIPTION_LENGTH_MAX],
            "metadata": metadata,
        }
        try:
            made, repeated = await self._calls.create_intent(params, call_key(key, "create"))
        except stripe.IdempotencyError:
            known = await find_intent(self._calls, key)
            return known if known is not None else Unknown(detail=Trouble.OTHER_CONTENT.value)
        except stripe.InvalidRequestError as error:
            return await close_key(self._calls, key, code_of(error), refused=True)
        if repeated:
            made = await self._calls.intent(made.id) or made
        return made

    async def _take(self, request: ChargeRequest, intent: shapes.PaymentIntent, began: float) -> ChargeOutcome:
        if CLOSED_FIELD not in intent.metadata and intent.metadata.get(CONTENT_FIELD) != content_of(request):
            raise GatewayMisuseError("this idempotency key was charged with other content")
        outcome = await self._outcome_of(intent, request.idempotency_key)
        if not isinstance(outcome, NotFound):
            return outcome
        if self._is_late(began):
            return _stopped()
        params: PaymentIntentConfirmParams = {}
        if request.off_session:
            params["off_session"] = True
        elif request.return_url:
            params["return_url"] = request.return_url
        if intent.payment_method is None:
            params["payment_method"] = request.payment_method_reference
        return await self._confirm(intent, request.idempotency_key, params, call="confirm")

    async def _confirm(
        self, intent: shapes.PaymentIntent, key: str, params: "PaymentIntentConfirmParams", *, call: str
    ) -> ChargeOutcome:
        try:
            confirmed, repeated = await self._calls.confirm_intent(intent.id, params, call_key(key, call))
        except stripe.CardError as error:
            failure = failure_of(error)
            if needs_payer(failure) and call == "confirm":
                return ActionRequired(reference=intent.id, url="")
            await cancel_quietly(self._calls, intent, key)
            return decline_of(intent.id, failure)
        except (stripe.IdempotencyError, stripe.InvalidRequestError) as error:
            return await self._as_it_is(intent, key, refusal=code_of(error), trouble=trouble_of(error))
        except stripe.StripeError as error:
            return unknown_of(error)
        if repeated:
            return await self._as_it_is(intent, key)
        return _settled(outcome_of(confirmed))

    async def _as_it_is(
        self, intent: shapes.PaymentIntent, key: str, *, refusal: str = "", trouble: Trouble = Trouble.OPEN
    ) -> ChargeOutcome:
        """Read a PaymentIntent again; one that Stripe refuses to try at all is closed."""
        try:
            now = await self._calls.intent(intent.id)
            outcome = NotFound() if now is None else await self._outcome_of(now, key)
            if now is not None and trouble is Trouble.REFUSED and isinstance(outcome, NotFound):
                closed = await cancel_intent(self._calls, now, key)
                if isinstance(closed, Declined):
                    message = "Stripe refuses this charge."
                    return Declined(code=refusal, retryable=False, message=message, reference=intent.id)
                return closed
        except stripe.StripeError as error:
            return Unknown(detail=detail_of(error))
        return _settled(outcome)

    async def _outcome_of(self, intent: shapes.PaymentIntent, key: str) -> LookupOutcome:
        """Say what a PaymentIntent came to; one that was declined is closed first, so that it stays declined."""
        outcome = outcome_of(intent)
        if isinstance(outcome, Declined) and intent.status != "canceled":
            await cancel_quietly(self._calls, intent, key)
        return outcome

    def _is_late(self, began: float) -> bool:
        return self._clock() - began > CHARGE_SECONDS_MAX


def _leads_back_to(intent: shapes.PaymentIntent, return_url: str) -> bool:
    redirect = intent.next_action.redirect_to_url if intent.next_action else None
    return redirect is not None and bool(redirect.url) and redirect.return_url == return_url


def _settled(outcome: LookupOutcome) -> ChargeOutcome:
    """After a confirmation nothing is "not tried yet" for certain."""
    match outcome:
        case Succeeded() | Processing() | ActionRequired() | Declined() | Unknown():
            return outcome
        case NotFound():
            return Unknown(detail="the charge was confirmed, and Stripe does not show it yet")


def _stopped() -> Unknown:
    return Unknown(detail="this process was stopped in the middle of the charge", this_call_did_nothing=True)
