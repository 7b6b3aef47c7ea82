"""Closes keys and PaymentIntents for ever, so that "declined" stays true.

A key that Stripe never saw is closed by spending its idempotency key on a PaymentIntent that says so in its metadata,
is cancelled at once and never has a payment method. Within a day a charge that is still on its way meets the spent
key; after that its search finds the closed PaymentIntent.
"""

from typing import TYPE_CHECKING, Final

import stripe

from commcredits.gateways.protocol import ChargeOutcome, Declined, NotFound, Processing, Succeeded, Unknown
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import StripeCalls
from commcredits.gateways.stripe.finding import find_intent
from commcredits.gateways.stripe.keys import CLOSED_FIELD, call_key, key_metadata
from commcredits.gateways.stripe.translation import closed_outcome, outcome_of

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams

CLOSING_AMOUNT_MINOR: Final = 100_000
"""An amount above every currency's minimum and below every maximum; it is never charged."""

CLOSING_CURRENCY_DEFAULT: Final = "usd"


async def close_key(calls: StripeCalls, key: str, code: str, *, refused: bool = False) -> ChargeOutcome:
    """Close a key of which nothing was found; what was made for it all the same is cancelled or told.

    `refused` says that Stripe has just refused to make its PaymentIntent, so that none can have been made within the
    day; `code` is what a later look at the key will tell.
    """
    params: PaymentIntentCreateParams = {
        "amount": CLOSING_AMOUNT_MINOR,
        "currency": await _closing_currency(calls),
        "allowed_payment_method_types": ["card"],
        "description": "Closed before anything was charged",
        "metadata": {**key_metadata(key), CLOSED_FIELD: code[:100]},
    }
    try:
        closed, _ = await calls.create_intent(params, call_key(key, "create"))
    except stripe.IdempotencyError:
        found = await find_intent(calls, key)
        if found is not None:
            return await cancel_intent(calls, found, key)
        if refused:
            # The key is spent on the refusal itself.
            return Declined(code=code, retryable=False, message="Stripe refuses this charge.")
        return Unknown(detail="a charge with this key was begun, and Stripe does not show it yet")
    await cancel_quietly(calls, closed, key)
    return closed_outcome(code, closed.id)


async def cancel_intent(calls: StripeCalls, intent: shapes.PaymentIntent, key: str) -> ChargeOutcome:
    """Cancel what takes no money yet; what took money, or can't be stopped, is told as it is."""
    outcome = outcome_of(intent)
    if isinstance(outcome, Succeeded | Processing) or intent.status == "canceled":
        return _as_charge(outcome)
    try:
        now = await calls.cancel_intent(intent.id, _cancel_key(intent, key))
    except (stripe.IdempotencyError, stripe.InvalidRequestError):
        # It went on while we were looking.
        again = await calls.intent(intent.id)
        outcome = NotFound() if again is None else outcome_of(again)
        stopped = again is not None and again.status == "canceled"
        return _as_charge(outcome) if stopped or isinstance(outcome, Succeeded | Processing) else _still_open()
    outcome = outcome_of(now)
    return outcome if isinstance(outcome, Declined) else _still_open()


async def cancel_quietly(calls: StripeCalls, intent: shapes.PaymentIntent, key: str) -> None:
    """Cancel what nobody will confirm any more; it is out of the way then, and no promise rests on it."""
    try:
        await calls.cancel_intent(intent.id, _cancel_key(intent, key))
    except stripe.StripeError:
        return


def _cancel_key(intent: shapes.PaymentIntent, key: str) -> str:
    # A refusal to cancel is remembered for a day, so a PaymentIntent that has gone on meanwhile is asked anew.
    return call_key(key, f"cancel-{intent.status}")


def _as_charge(outcome: ChargeOutcome | NotFound) -> ChargeOutcome:
    return _still_open() if isinstance(outcome, NotFound) else outcome


def _still_open() -> Unknown:
    return Unknown(detail="Stripe has not cancelled the charge")


async def _closing_currency(calls: StripeCalls) -> str:
    """A currency that the account surely takes: its own, or dollars where the key may not ask.

    Where that guess is wrong, or the question was lost, Stripe refuses the closing, and the key stays open.
    """
    try:
        return (await calls.account()).default_currency or CLOSING_CURRENCY_DEFAULT
    except stripe.StripeError:
        return CLOSING_CURRENCY_DEFAULT
