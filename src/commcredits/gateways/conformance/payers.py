"""Promises about payers, their payment methods, and events."""

import asyncio
from typing import Final

import pytest

from commcredits.gateways.conformance.subject import (
    Subject,
    charge_of,
    check_with_one,
    new_key,
    settled_lookup,
)
from commcredits.gateways.protocol import (
    Customer,
    CustomerRequest,
    Declined,
    Detached,
    EventPage,
    Gateway,
    NotFound,
    PaymentMethod,
    SetupRequest,
    SetupStarted,
    WebhookRejected,
)


class PayerPromises:
    """What is told of payers, and who may tell us of events."""

    def test_a_customer_is_made_once_per_key(self, subject: Subject) -> None:
        """A retried sign-up makes no second payer."""

        async def check(gateway: Gateway) -> None:
            request = CustomerRequest(idempotency_key=new_key(), name="Conformance")
            first, second = await asyncio.gather(gateway.create_customer(request), gateway.create_customer(request))
            assert first == second

        check_with_one(subject, check)

    def test_a_payment_method_is_described_without_its_number(self, subject: Subject) -> None:
        """Four digits are all that is ever told."""

        async def check(gateway: Gateway) -> None:
            method = await gateway.describe_payment_method(await subject.approved_method())
            assert isinstance(method, PaymentMethod)
            assert len(method.last4) == len("0000")
            listed = await gateway.list_payment_methods(method.customer_reference)
            assert isinstance(listed, tuple)
            assert method in listed

        check_with_one(subject, check)

    def test_a_detached_payment_method_is_gone_and_can_not_be_charged(self, subject: Subject) -> None:
        """Replaced means replaced."""

        async def check(gateway: Gateway) -> None:
            method = await subject.approved_method()
            assert await gateway.detach_payment_method(method) == Detached()
            assert await gateway.detach_payment_method(method) == Detached()
            assert await gateway.describe_payment_method(method) == NotFound()
            assert isinstance(await gateway.charge(charge_of(subject, method, new_key())), Declined)

        check_with_one(subject, check)

    def test_a_setup_gives_a_page_and_keeps_its_address_out_of_logs(self, subject: Subject) -> None:
        """Whoever has the address may add a card."""

        async def check(gateway: Gateway) -> None:
            if not gateway.capabilities().hosted_setup:
                pytest.skip("the gateway has no hosted set-up")
            customer = await gateway.create_customer(CustomerRequest(idempotency_key=new_key(), name="Conformance"))
            assert isinstance(customer, Customer)
            request = SetupRequest(
                idempotency_key=new_key(), customer_reference=customer.reference, return_url="http://127.0.0.1/return"
            )
            started = await gateway.begin_setup(request)
            assert isinstance(started, SetupStarted)
            assert started.hosted_url.startswith(("http://", "https://"))
            assert started.hosted_url not in repr(started)
            assert started == await gateway.begin_setup(request)

        check_with_one(subject, check)

    def test_a_sweep_finds_every_charge_once(self, subject: Subject) -> None:
        """The list has what webhooks may lose, and its cursor neither skips nor repeats."""

        async def check(gateway: Gateway) -> None:
            if not gateway.capabilities().lists_events:
                pytest.skip("the gateway lists no events")
            start = (await _sweep(gateway, None))[1]
            key = new_key()
            await gateway.charge(charge_of(subject, await subject.approved_method(), key))
            await settled_lookup(gateway, key)
            found, cursor = await _sweep(gateway, start)
            assert len([event_id for event_id, event_key in found if event_key == key]) >= 1
            assert len({event_id for event_id, _ in found}) == len(found)
            assert (await _sweep(gateway, cursor))[0] == []

        check_with_one(subject, check)

    def test_a_forged_webhook_is_rejected(self, subject: Subject) -> None:
        """No header, no text and no signature of anybody else's opens the door, and none raises."""

        async def check(gateway: Gateway) -> None:
            for headers, body in FORGED_WEBHOOKS:
                assert isinstance(gateway.verify_webhook(headers, body), WebhookRejected), (headers, body)

        check_with_one(subject, check)


FORGED_WEBHOOKS: Final[tuple[tuple[dict[str, str], bytes], ...]] = (
    ({}, b""),
    ({}, b"{}"),
    ({"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}, b"{}"),
    ({"webhook-id": "evt_1", "webhook-timestamp": "nan", "webhook-signature": "v1,AAAA"}, b"{}"),
    ({"webhook-id": "evt_1", "webhook-timestamp": "9" * 400, "webhook-signature": "v1,AAAA"}, b"{}"),
    ({"webhook-id": "evt_1", "webhook-timestamp": "4102444800", "webhook-signature": ""}, b"\xff\xfe"),
    ({"webhook-id": "evt_1", "webhook-timestamp": "4102444800", "webhook-signature": "no comma"}, b"{}"),
    ({"Webhook-Id": "evt_1", "Webhook-Timestamp": "4102444800", "Webhook-Signature": "v1,!"}, b"[" * 100_000),
    ({"stripe-signature": "t=1,v1=00"}, b"{}"),
)


PAGES_MAX: Final = 1_000


async def _sweep(gateway: Gateway, cursor: str | None) -> tuple[list[tuple[str, str | None]], str | None]:
    found: list[tuple[str, str | None]] = []
    for _ in range(PAGES_MAX):
        page = await gateway.list_since(cursor)
        assert isinstance(page, EventPage), page
        found += [(event.id, event.idempotency_key) for event in page.events]
        cursor = page.next_cursor
        if not page.has_more:
            return found, cursor
    raise AssertionError(f"the list of events has more than {PAGES_MAX} pages")
