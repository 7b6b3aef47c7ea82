"""What an error of the SDK means for the truth: whether the call acted, and what may be told of it.

Texts that go on from here hold codes and Stripe's request id, never Stripe's own sentence about a key.
"""

from enum import Enum
from typing import Final

import msgspec
import stripe

from commcredits.gateways.protocol import Unavailable, Unknown
from commcredits.gateways.stripe.shapes import Failure
from commcredits.gateways.stripe.transport import NotSentError

_CONFLICT: Final = 409
_TOO_MANY: Final = 429
_DETAIL_LENGTH_MAX: Final = 200


class Trouble(Enum):
    """What went wrong with a call."""

    NOT_SENT = "no connection to Stripe could be made"
    BUSY = "Stripe is busy"
    KEY_REFUSED = "Stripe refuses the API key or its permissions; see commcredits gateway doctor"
    KEY_IN_USE = "a call with this idempotency key is under way"
    OTHER_CONTENT = "the idempotency key is known with other content"
    DECLINED = "declined"
    REFUSED = "Stripe refuses the request"
    OPEN = "no answer that can be believed"


NOTHING_DONE: Final = frozenset({Trouble.NOT_SENT, Trouble.BUSY, Trouble.KEY_REFUSED})
"""After these it is certain that the call did not act, whatever it was."""


def trouble_of(error: stripe.StripeError) -> Trouble:
    """Classify an error; what is not known leaves the truth open."""
    match error:
        case NotSentError():
            return Trouble.NOT_SENT
        case stripe.RateLimitError():
            return Trouble.BUSY
        case stripe.AuthenticationError() | stripe.PermissionError():
            return Trouble.KEY_REFUSED
        case stripe.IdempotencyError():
            return Trouble.OTHER_CONTENT
        case stripe.CardError():
            return Trouble.DECLINED
        case stripe.InvalidRequestError():
            return Trouble.REFUSED
        case _ if error.http_status == _CONFLICT:
            return Trouble.KEY_IN_USE
        case _ if error.http_status == _TOO_MANY:
            return Trouble.BUSY
        case _:
            return Trouble.OPEN


def failure_of(error: stripe.StripeError) -> Failure:
    """Read the error object of an answer; an empty one when there is none that can be read."""
    body = error.json_body
    raw = body.get("error") if isinstance(body, dict) else None
    try:
        return msgspec.convert(raw, type=Failure)
    except msgspec.ValidationError:
        return Failure()


def code_of(error: stripe.StripeError) -> str:
    """The most telling code of an error."""
    failure = failure_of(error)
    return failure.decline_code or failure.code or "refused"


def unknown_of(error: stripe.StripeError) -> Unknown:
    """Say of a call that could have moved money that nobody knows whether it has."""
    trouble = trouble_of(error)
    return Unknown(detail=detail_of(error), this_call_did_nothing=trouble in NOTHING_DONE)


def unavailable_of(error: stripe.StripeError) -> Unavailable:
    """Say of a question that it was not answered."""
    return Unavailable(detail=detail_of(error))


def detail_of(error: stripe.StripeError) -> str:
    """Put an error into one line for logs: what it was, its code, and the id by which Stripe knows the request."""
    failure = failure_of(error)
    parts = (trouble_of(error).value, failure.code, failure.param, error.http_status, error.request_id)
    return ", ".join(str(part) for part in parts if part)[:_DETAIL_LENGTH_MAX]
