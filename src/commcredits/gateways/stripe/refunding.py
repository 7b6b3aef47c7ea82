"""Gives money back at Stripe: once per key, and never more of a charge than was taken.

Stripe forgets idempotency keys after a day and has no search for refunds, but it lists a charge's refunds without
delay; each carries our key. The order of reading matters: first what is left of the charge, then its refunds. So "too
little is left" is never said of a key whose own refund is what took the rest.
"""

from typing import TYPE_CHECKING, Final

import stripe

from commcredits.gateways.protocol import (
    GatewayMisuseError,
    NotFound,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    Unknown,
)
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import StripeCalls
from commcredits.gateways.stripe.keys import (
    CONTENT_FIELD,
    KEY_FIELD,
    REASON_FIELD,
    call_key,
    content_of,
    key_metadata,
)
from commcredits.gateways.stripe.references import is_charge
from commcredits.gateways.stripe.translation import refund_outcome_of
from commcredits.gateways.stripe.troubles import code_of, detail_of, unknown_of

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams

REFUND_PAGES_MAX: Final = 50
"""Pages of 100 refunds that are looked through for one key; who has more is told that nobody knows."""

REASON_LENGTH_MAX: Final = 500


class Refunds:
    """The refunds of one account."""

    def __init__(self, calls: StripeCalls) -> None:
        self._calls = calls

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Refund once per key; raises `GatewayMisuseError` for a known key with other content."""
        if not is_charge(request.charge_reference):
            return RefundRefused(code="unknown_charge", message="Stripe has no such charge.")
        try:
            refusal, known = await self._look(request)
        except stripe.StripeError as error:
            return Unknown(detail=detail_of(error), this_call_did_nothing=True)
        if known is not None:
            return _checked(known, request)
        if refusal is not None:
            return refusal
        params: RefundCreateParams = {
            "payment_intent": request.charge_reference,
            "amount": request.amount_minor,
            "metadata": {
                **key_metadata(request.idempotency_key),
                CONTENT_FIELD: content_of(request),
                REASON_FIELD: request.reason[:REASON_LENGTH_MAX],
            },
        }
        try:
            made = await self._calls.create_refund(params, call_key(request.idempotency_key, "refund"))
        except (stripe.IdempotencyError, stripe.InvalidRequestError, stripe.CardError) as error:
            return await self._refused(request, code_of(error))
        except stripe.StripeError as error:
            return unknown_of(error)
        return refund_outcome_of(made)

    async def lookup(self, key: str) -> RefundOutcome | NotFound:
        """Look through the account's refunds, newest first; a refusal leaves no trace at Stripe and is not found."""
        before: str | None = None
        try:
            for _ in range(REFUND_PAGES_MAX):
                page, has_more = await self._calls.newest_refunds(before)
                for each in page:
                    if _key_of(each) == key:
                        return refund_outcome_of(each)
                if not has_more or not page:
                    return NotFound()
                before = page[-1].id
        except stripe.StripeError as error:
            return Unknown(detail=detail_of(error))
        return Unknown(detail=f"not among the newest {REFUND_PAGES_MAX * 100} refunds")

    async def _look(self, request: RefundRequest) -> tuple[RefundRefused | None, shapes.Refund | None]:
        """Read why a refund can't be given, and the one that was given for this key already."""
        intent = await self._calls.intent(request.charge_reference)
        if intent is None:
            return RefundRefused(code="unknown_charge", message="Stripe has no such charge."), None
        refunds = await self._calls.refunds_of(intent.id)
        known = next((each for each in refunds if _key_of(each) == request.idempotency_key), None)
        return _refusal_of(intent, request), known

    async def _refused(self, request: RefundRequest, code: str) -> RefundOutcome:
        """After Stripe's own refusal: tell what is there now, which says more than its code."""
        try:
            refusal, known = await self._look(request)
        except stripe.StripeError as error:
            return Unknown(detail=detail_of(error))
        if known is not None:
            return _checked(known, request)
        return refusal or RefundRefused(code=code, message="Stripe refuses this refund.")


def _refusal_of(intent: shapes.PaymentIntent, request: RefundRequest) -> RefundRefused | None:
    charge = intent.latest_charge
    if intent.status != "succeeded" or not isinstance(charge, shapes.Charge):
        return RefundRefused(code="not_charged", message="Nothing was taken for this charge.")
    if intent.currency != request.currency.lower():
        return RefundRefused(code="currency_mismatch", message="The charge is in another currency.")
    if request.amount_minor > (charge.amount_captured or charge.amount) - charge.amount_refunded:
        return RefundRefused(code="exceeds_charge", message="More than is left of the charge.")
    return None


def _checked(refund: shapes.Refund, request: RefundRequest) -> RefundOutcome:
    if (refund.metadata or {}).get(CONTENT_FIELD) != content_of(request):
        raise GatewayMisuseError("this idempotency key was refunded with other content")
    return refund_outcome_of(refund)


def _key_of(refund: shapes.Refund) -> str | None:
    return (refund.metadata or {}).get(KEY_FIELD)
