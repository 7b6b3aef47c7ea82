"""Stripe's messages: believed only when signed now by Stripe, and each about what it says in Stripe's documents."""

import json
import time
from typing import Any

import pytest
import stripe

from commcredits.gateways.protocol import EventKind, EventPage, Succeeded, Unavailable, WebhookEvent, WebhookRejected
from commcredits.gateways.stripe.gateway import StripeGateway
from tests.gateways.stripe.conftest import PREVIOUS_SECRET, WEBHOOK_SECRET, open_gateway_at
from tests.gateways.stripe.fake_stripe import FakeStripe, Fault
from tests.gateways.stripe.test_stripe_charges import KEY, charge_of

INTENT = {"id": "pi_1", "object": "payment_intent", "amount": 5_950, "currency": "ron"}
CHARGED = {**INTENT, "status": "succeeded", "metadata": {"commcredits_key": KEY}, "latest_charge": "ch_1"}
WANTS_PAYER = {"type": "card_error", "code": "authentication_required", "decline_code": "authentication_required"}
DISPUTE = {"id": "du_1", "object": "dispute", "amount": 5_950, "currency": "ron", "payment_intent": "pi_1"}
REFUND = {"id": "re_1", "object": "refund", "amount": 100, "currency": "ron", "payment_intent": "pi_1"}
METHOD = {"id": "pm_1", "object": "payment_method", "type": "card", "customer": None}
SETUP = {"id": "seti_1", "object": "setup_intent", "payment_method": "pm_1", "metadata": {"commcredits_key": "setup-1"}}


def body_of(event_type: str, about: dict[str, Any]) -> bytes:
    event = {"id": "evt_1", "object": "event", "type": event_type, "created": 1_785_542_400, "api_version": None}
    return json.dumps({**event, "data": {"object": about, "previous_attributes": {}}}).encode()


def signed(body: bytes, *, secret: str = WEBHOOK_SECRET, age_seconds: int = 0) -> dict[str, str]:
    at = int(time.time()) - age_seconds
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return {"Stripe-Signature": header, "Content-Type": "application/json"}


async def test_a_signed_message_is_translated(gateway: StripeGateway) -> None:
    body = body_of("payment_intent.succeeded", CHARGED)
    events = gateway.verify_webhook(signed(body), body)
    assert isinstance(events, tuple)
    (event,) = events
    assert (event.id, event.kind, event.object_reference) == ("evt_1", EventKind.CHARGE_SUCCEEDED, "pi_1")
    assert event.idempotency_key == KEY
    assert event.occurred_at.timestamp() == 1_785_542_400


async def test_both_secrets_are_good_while_they_are_rotated(gateway: StripeGateway) -> None:
    body = body_of("payment_intent.succeeded", CHARGED)
    for secret in (WEBHOOK_SECRET, PREVIOUS_SECRET):
        assert isinstance(gateway.verify_webhook(signed(body, secret=secret), body), tuple)
    assert isinstance(gateway.verify_webhook(signed(body, secret="whsec_somebody"), body), WebhookRejected)


async def test_a_copy_of_more_than_five_minutes_ago_is_refused(gateway: StripeGateway) -> None:
    body = body_of("payment_intent.succeeded", CHARGED)
    assert isinstance(gateway.verify_webhook(signed(body, age_seconds=290), body), tuple)
    assert isinstance(gateway.verify_webhook(signed(body, age_seconds=310), body), WebhookRejected)


async def test_a_changed_body_is_refused(gateway: StripeGateway) -> None:
    body = body_of("payment_intent.succeeded", CHARGED)
    assert isinstance(gateway.verify_webhook(signed(body), body.replace(b"5950", b"9950")), WebhookRejected)


@pytest.mark.parametrize(
    "signature",
    ["", "t=", "t=1", "t=nan,v1=00", "v1=00", "t=1,v1=ș", "t=" + "9" * 5_000 + ",v1=00", "t=1=2,v1", "," * 4_000],
)
async def test_a_signature_that_is_none_is_refused(gateway: StripeGateway, signature: str) -> None:
    body = body_of("payment_intent.succeeded", CHARGED)
    assert isinstance(gateway.verify_webhook({"stripe-signature": signature}, body), WebhookRejected)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"[" * 50_000, b'{"id": 1}', b"null", b'"text"'])
async def test_a_signed_message_that_is_no_event_is_refused(gateway: StripeGateway, body: bytes) -> None:
    assert isinstance(gateway.verify_webhook(signed(body), body), WebhookRejected)


async def test_without_a_secret_every_message_is_refused(fake: FakeStripe) -> None:
    gateway = open_gateway_at(fake, webhook_secret="", webhook_secret_previous="")
    body = body_of("payment_intent.succeeded", CHARGED)
    assert not gateway.capabilities().webhooks
    assert isinstance(gateway.verify_webhook(signed(body, secret=" "), body), WebhookRejected)
    await gateway.aclose()


@pytest.mark.parametrize(
    ("event_type", "about", "kind", "reference", "key"),
    [
        ("payment_intent.processing", {**CHARGED, "status": "processing"}, EventKind.CHARGE_PROCESSING, "pi_1", KEY),
        ("payment_intent.requires_action", CHARGED, EventKind.CHARGE_ACTION_REQUIRED, "pi_1", KEY),
        ("payment_intent.payment_failed", CHARGED, EventKind.CHARGE_DECLINED, "pi_1", KEY),
        (
            "payment_intent.payment_failed",
            {**CHARGED, "last_payment_error": WANTS_PAYER},
            EventKind.CHARGE_ACTION_REQUIRED,
            "pi_1",
            KEY,
        ),
        ("payment_intent.canceled", CHARGED, EventKind.CHARGE_DECLINED, "pi_1", KEY),
        ("payment_intent.succeeded", {**CHARGED, "metadata": {}}, EventKind.CHARGE_SUCCEEDED, "pi_1", None),
        ("refund.created", {**REFUND, "status": "pending", "metadata": {}}, EventKind.OTHER, "re_1", None),
        ("refund.updated", {**REFUND, "status": "succeeded"}, EventKind.REFUND_SUCCEEDED, "re_1", None),
        (
            "refund.failed",
            {**REFUND, "status": "failed", "metadata": {"commcredits_key": "refund-1"}},
            EventKind.REFUND_REFUSED,
            "re_1",
            "refund-1",
        ),
        ("charge.dispute.created", {**DISPUTE, "status": "needs_response"}, EventKind.DISPUTE_OPENED, "pi_1", None),
        ("charge.dispute.created", {**DISPUTE, "status": "warning_needs_response"}, EventKind.OTHER, "pi_1", None),
        ("charge.dispute.closed", {**DISPUTE, "status": "won"}, EventKind.DISPUTE_WON, "pi_1", None),
        ("charge.dispute.closed", {**DISPUTE, "status": "lost"}, EventKind.DISPUTE_LOST, "pi_1", None),
        ("charge.dispute.closed", {**DISPUTE, "status": "warning_closed"}, EventKind.OTHER, "pi_1", None),
        ("payment_method.attached", METHOD, EventKind.PAYMENT_METHOD_ADDED, "pm_1", None),
        ("payment_method.detached", METHOD, EventKind.PAYMENT_METHOD_DETACHED, "pm_1", None),
        ("setup_intent.succeeded", SETUP, EventKind.PAYMENT_METHOD_ADDED, "pm_1", "setup-1"),
        ("customer.created", {"id": "cus_1", "object": "customer"}, EventKind.OTHER, "cus_1", None),
        ("payment_intent.succeeded", {"id": "pi_1"}, EventKind.OTHER, "pi_1", None),
        ("an.event.of.next.year", {}, EventKind.OTHER, "", None),
    ],
)
async def test_each_message_is_about_what_stripe_says(
    gateway: StripeGateway, event_type: str, about: dict[str, Any], kind: EventKind, reference: str, key: str | None
) -> None:
    body = body_of(event_type, about)
    events = gateway.verify_webhook(signed(body), body)
    assert isinstance(events, tuple)
    (event,) = events
    assert (event.kind, event.object_reference, event.idempotency_key) == (kind, reference, key)


async def _swept(gateway: StripeGateway, cursor: str | None) -> tuple[list[WebhookEvent], str | None]:
    found: list[WebhookEvent] = []
    while True:
        page = await gateway.list_since(cursor)
        assert isinstance(page, EventPage)
        found += page.events
        cursor = page.next_cursor
        if not page.has_more:
            return found, cursor


async def test_a_sweep_over_many_pages_tells_every_event_once_and_the_oldest_first(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    for _ in range(250):
        fake.books.tell("payment_intent.succeeded", {**CHARGED})
    ids = list(fake.books.events)
    swept, cursor = await _swept(gateway, None)
    assert [event.id for event in swept] == ids
    for _ in range(230):
        fake.books.tell("refund.updated", {**REFUND, "status": "succeeded"})
    more, cursor = await _swept(gateway, cursor)
    assert [event.id for event in more] == list(fake.books.events)[250:]
    assert await _swept(gateway, cursor) == ([], cursor)


async def test_a_sweep_after_a_month_begins_with_what_is_still_kept(fake: FakeStripe, gateway: StripeGateway) -> None:
    await gateway.charge(charge_of(fake.store_card()))
    swept, _ = await _swept(gateway, "evt_of_last_year")
    assert [event.kind for event in swept][-1] is EventKind.CHARGE_SUCCEEDED


async def test_what_stripe_does_not_answer_is_unavailable(fake: FakeStripe, gateway: StripeGateway) -> None:
    fake.faults.append(Fault("/events", status=503, times=3))
    assert isinstance(await gateway.list_since(None), Unavailable)


async def test_a_message_that_is_listed_and_one_that_is_sent_are_the_same(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    charged = await gateway.charge(charge_of(fake.store_card()))
    assert isinstance(charged, Succeeded)
    (listed,) = [event for event in (await _swept(gateway, None))[0] if event.object_reference == charged.reference]
    body = json.dumps(fake.books.events[listed.id]).encode()
    assert gateway.verify_webhook(signed(body), body) == (listed,)
