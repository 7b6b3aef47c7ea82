"""Stripe's events: proving that a message is Stripe's, listing what messages may have lost, and what each is about.

Nothing of a message is read before its signature is proven. An event is only a nudge, so what it says of amounts and
states is not passed on.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import stripe
from pydantic import SecretStr

from commcredits.gateways.protocol import (
    DisputeState,
    EventKind,
    EventPage,
    Unavailable,
    WebhookEvent,
    WebhookRejected,
)
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import LIST_PAGE, StripeCalls, asking, is_missing, read
from commcredits.gateways.stripe.keys import KEY_FIELD
from commcredits.gateways.stripe.translation import dispute_state_of, needs_payer
from commcredits.gateways.stripe.troubles import unavailable_of

SIGNATURE_SECONDS_MAX: Final = 300
"""How old a signed message may be: Stripe signs each sending anew, so an older one is somebody's copy."""

WEBHOOK_BYTES_MAX: Final = 256 * 1024
SIGNATURE_LENGTH_MAX: Final = 4_096
EVENT_PAGES_MAX: Final = 200
"""Pages of 100 events that are walked back to find the first one kept; Stripe keeps a month of them."""

EVENT_TYPES: Final = (
    "payment_intent.succeeded",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "payment_method.attached",
    "payment_method.detached",
    "setup_intent.succeeded",
)
"""What a webhook endpoint has to send, and what sweeps ask for; Stripe takes at most 20 in one question."""

_CHARGES: Final = {
    "payment_intent.succeeded": EventKind.CHARGE_SUCCEEDED,
    "payment_intent.processing": EventKind.CHARGE_PROCESSING,
    "payment_intent.requires_action": EventKind.CHARGE_ACTION_REQUIRED,
    "payment_intent.payment_failed": EventKind.CHARGE_DECLINED,
    "payment_intent.canceled": EventKind.CHARGE_DECLINED,
}
_REFUNDS: Final = {
    "succeeded": EventKind.REFUND_SUCCEEDED,
    "failed": EventKind.REFUND_REFUSED,
    "canceled": EventKind.REFUND_REFUSED,
}
_DISPUTES: Final = {
    DisputeState.OPEN: EventKind.DISPUTE_OPENED,
    DisputeState.WON: EventKind.DISPUTE_WON,
    DisputeState.LOST: EventKind.DISPUTE_LOST,
}


def verify(
    secrets: tuple[SecretStr, ...], headers: Mapping[str, str], raw_body: bytes
) -> tuple[WebhookEvent, ...] | WebhookRejected:
    """Prove a message's origin with any of the endpoint's secrets, then translate it."""
    if not secrets:
        return WebhookRejected(reason="no webhook secret is set")
    if len(raw_body) > WEBHOOK_BYTES_MAX:
        return WebhookRejected(reason=f"the body is longer than {WEBHOOK_BYTES_MAX} bytes")
    signature = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
    if not signature or len(signature) > SIGNATURE_LENGTH_MAX or not signature.isascii():
        return WebhookRejected(reason="there is no signature that can be read")
    if not any(_is_signed(secret, signature, raw_body) for secret in secrets):
        return WebhookRejected(reason="no signature of ours, or one of more than five minutes ago")
    try:
        return (event_of(msgspec.json.decode(raw_body, type=shapes.Event)),)
    except (msgspec.DecodeError, ValueError, OverflowError, OSError):
        return WebhookRejected(reason="the body is not an event")


def _is_signed(secret: SecretStr, signature: str, raw_body: bytes) -> bool:
    try:
        stripe.WebhookSignature.verify_header(raw_body, signature, secret.get_secret_value(), SIGNATURE_SECONDS_MAX)
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        return False
    return True


async def list_since(calls: StripeCalls, cursor: str | None) -> EventPage | Unavailable:
    """List events after `cursor`, an event's id, oldest first; one that Stripe no longer keeps starts anew."""
    try:
        if cursor is not None:
            try:
                return await _page_after(calls, cursor)
            except stripe.InvalidRequestError as error:
                if not is_missing(error):
                    raise
        return await _first_page(calls)
    except stripe.StripeError as error:
        return unavailable_of(error)
    except (ValueError, OverflowError, OSError):
        return Unavailable(detail="the list of events can't be read")


async def _page_after(calls: StripeCalls, cursor: str) -> EventPage:
    # Stripe lists the newest first; "ending before" gives the page that follows on the cursor, still newest first.
    listed = await calls.client.v1.events.list_async(
        {"types": list(EVENT_TYPES), "limit": LIST_PAGE, "ending_before": cursor}, asking()
    )
    events = [event_of(read(each, shapes.Event)) for each in reversed(listed.data)]
    return EventPage(
        events=tuple(events), next_cursor=events[-1].id if events else cursor, has_more=listed.has_more and bool(events)
    )


async def _first_page(calls: StripeCalls) -> EventPage:
    page: list[stripe.Event] = []
    walked = 0
    while walked < EVENT_PAGES_MAX:
        listed = await calls.client.v1.events.list_async(
            {"types": list(EVENT_TYPES), "limit": LIST_PAGE, "starting_after": page[-1].id}
            if page
            else {"types": list(EVENT_TYPES), "limit": LIST_PAGE},
            asking(),
        )
        if not listed.data:
            break
        page, walked = listed.data, walked + 1
        if not listed.has_more:
            break
    events = [event_of(read(each, shapes.Event)) for each in reversed(page)]
    return EventPage(events=tuple(events), next_cursor=events[-1].id if events else None, has_more=walked > 1)


def event_of(event: shapes.Event) -> WebhookEvent:
    """Say what an event is about; raises `ValueError` or `OverflowError` for an instant that is none."""
    kind, reference, key = _subject_of(event.type, event.data.object)
    return WebhookEvent(
        id=event.id,
        kind=kind,
        object_reference=reference,
        idempotency_key=key,
        occurred_at=datetime.fromtimestamp(event.created, UTC),
    )


def _subject_of(event_type: str, about: dict[str, Any]) -> tuple[EventKind, str, str | None]:
    try:
        if event_type in _CHARGES:
            return _charge_of(event_type, msgspec.convert(about, type=shapes.PaymentIntent))
        if event_type.startswith("refund.") or event_type == "charge.refund.updated":
            refund = msgspec.convert(about, type=shapes.Refund)
            return _REFUNDS.get(refund.status or "", EventKind.OTHER), refund.id, (refund.metadata or {}).get(KEY_FIELD)
        if event_type.startswith("charge.dispute."):
            dispute = msgspec.convert(about, type=shapes.Dispute)
            state = dispute_state_of(dispute.status)
            kind = _DISPUTES[state] if state is not None else EventKind.OTHER
            return kind, dispute.payment_intent or dispute.id, None
        if event_type == "payment_method.attached":
            return EventKind.PAYMENT_METHOD_ADDED, msgspec.convert(about, type=shapes.PaymentMethod).id, None
        if event_type == "payment_method.detached":
            return EventKind.PAYMENT_METHOD_DETACHED, msgspec.convert(about, type=shapes.PaymentMethod).id, None
        if event_type == "setup_intent.succeeded":
            setup = msgspec.convert(about, type=shapes.SetupIntent)
            kind = EventKind.PAYMENT_METHOD_ADDED if setup.payment_method else EventKind.OTHER
            return kind, setup.payment_method or setup.id, (setup.metadata or {}).get(KEY_FIELD)
    except msgspec.ValidationError:
        # A shape that we do not know: the event is told, and nobody acts on it.
        pass
    named = about.get("id")
    return EventKind.OTHER, named if isinstance(named, str) else "", None


def _charge_of(event_type: str, intent: shapes.PaymentIntent) -> tuple[EventKind, str, str | None]:
    kind = _CHARGES[event_type]
    failure = intent.last_payment_error
    if event_type == "payment_intent.payment_failed" and failure is not None and needs_payer(failure):
        kind = EventKind.CHARGE_ACTION_REQUIRED
    return kind, intent.id, intent.metadata.get(KEY_FIELD)
