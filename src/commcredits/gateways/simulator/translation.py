"""Reads what the simulated gateway said, and says it in our own records. Pure; the calls themselves are in `client`."""

from datetime import date, datetime
from typing import Final, TypeVar

import httpx
import msgspec

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeOutcome,
    Declined,
    Dispute,
    DisputeState,
    EventKind,
    GatewayMisuseError,
    LookupOutcome,
    NotFound,
    PaymentMethod,
    Payout,
    Processing,
    Refunded,
    RefundOutcome,
    RefundRefused,
    Succeeded,
    Unknown,
    WebhookEvent,
)
from commcredits.gateways.simulator import wire

_HTTP_OK: Final = 200
_HTTP_TOO_MANY: Final = 429
_HTTP_SERVER_ERRORS: Final = range(500, 600)
_EVENT_KINDS: Final = frozenset(kind.value for kind in EventKind)

A = TypeVar("A", bound=msgspec.Struct)


def payment_method_of(stored: wire.PaymentMethod) -> PaymentMethod:
    """Translate a stored test card."""
    return PaymentMethod(
        reference=stored.reference,
        customer_reference=stored.customer,
        kind="card",
        brand=stored.brand,
        last4=stored.last4,
        expiry_month=stored.expiry_month,
        expiry_year=stored.expiry_year,
        fingerprint=stored.fingerprint,
    )


def answer_of(response: httpx.Response, answer_type: type[A]) -> A | wire.Problem | Unknown:
    """Read an answer, or the refusal that it is, or say why it leaves the truth open."""
    if response.status_code == _HTTP_TOO_MANY:
        return Unknown(detail="the gateway is busy (429)", this_call_did_nothing=True)
    if response.status_code in _HTTP_SERVER_ERRORS:
        return Unknown(detail=f"the gateway failed ({response.status_code})")
    try:
        if response.status_code == _HTTP_OK:
            return msgspec.json.decode(response.content, type=answer_type)
        problem = msgspec.json.decode(response.content, type=wire.Problem)
    except msgspec.DecodeError:
        return Unknown(detail=f"an answer that can't be read ({response.status_code})")
    if problem.status != response.status_code:
        return Unknown(detail=f"an answer that contradicts itself ({response.status_code})")
    return problem


def lookup_outcome_of(answer: wire.ChargeAnswer | wire.Problem | Unknown) -> LookupOutcome:
    """Translate what a key came to. Raises GatewayMisuseError for a question that nobody can mean."""
    match answer:
        case wire.ChargeAnswer():
            return charge_outcome_of(answer)
        case wire.Problem(code="no_such_charge"):
            return NotFound()
        case wire.Problem():
            raise GatewayMisuseError(sentence_of(answer))
        case Unknown():
            return answer


def charge_outcome_of(answer: wire.ChargeAnswer) -> ChargeOutcome:
    """Translate what became of a charge; an answer that lacks what its status needs is no answer."""
    match answer:
        case wire.ChargeAnswer(status="succeeded", reference=str(reference)):
            return Succeeded(reference=reference, fee_minor=answer.fee_minor)
        case wire.ChargeAnswer(status="processing", reference=str(reference)):
            return Processing(reference=reference)
        case wire.ChargeAnswer(status="action_required", reference=str(reference), action_url=str(url)):
            return ActionRequired(reference=reference, url=url)
        case wire.ChargeAnswer(status="declined", decline=wire.DeclineAnswer() as decline):
            return Declined(
                code=decline.code, retryable=decline.retryable, message=decline.message, reference=answer.reference
            )
        case _:
            return Unknown(detail=f"an answer that lacks something (status {answer.status})")


def refund_outcome_of(answer: wire.RefundAnswer) -> RefundOutcome:
    """Translate what became of a refund."""
    if answer.status == "succeeded":
        return Refunded(reference=answer.reference)
    return RefundRefused(code=answer.refusal_code or "refused", message=answer.message, reference=answer.reference)


def dispute_of(answer: wire.DisputeAnswer) -> Dispute:
    """Translate a dispute."""
    states = {"opened": DisputeState.OPEN, "won": DisputeState.WON, "lost": DisputeState.LOST}
    return Dispute(
        reference=answer.reference,
        charge_reference=answer.charge,
        amount_minor=answer.amount_minor,
        currency=answer.currency,
        state=states[answer.state],
    )


def payout_of(answer: wire.Payout) -> Payout:
    """Translate a payout."""
    return Payout(
        reference=answer.reference,
        amount_minor=answer.amount_minor,
        currency=answer.currency,
        arrives_on=date.fromisoformat(answer.arrives_on),
        state="paid",
    )


def event_of(event: wire.Event) -> WebhookEvent:
    """Translate an event; raises `ValueError` for an instant that is none."""
    occurred_at = datetime.fromisoformat(event.occurred_at)
    if occurred_at.tzinfo is None:
        raise ValueError("occurred_at has no time zone")
    return WebhookEvent(
        id=event.id,
        kind=EventKind(event.kind) if event.kind in _EVENT_KINDS else EventKind.OTHER,
        object_reference=event.object_reference,
        idempotency_key=event.idempotency_key,
        occurred_at=occurred_at,
    )


def sentence_of(problem: wire.Problem) -> str:
    """Put a refusal that nobody expected into one line."""
    return f"{problem.status} {problem.code}: {problem.message}"
