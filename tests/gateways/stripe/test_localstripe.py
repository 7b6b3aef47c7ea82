"""Through the SDK to a stand-in for Stripe that we did not write: pay, decline, approve, refund, be told."""

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
import pytest_asyncio

from commcredits.gateways.protocol import (
    ActionRequired,
    Customer,
    CustomerRequest,
    Declined,
    Detached,
    EventKind,
    NotFound,
    PaymentMethod,
    Refunded,
    RefundRefused,
    RefundRequest,
    Succeeded,
    Unknown,
    WebhookEvent,
    WebhookRejected,
)
from commcredits.gateways.stripe.gateway import StripeGateway
from commcredits.gateways.stripe.options import read_options
from tests.gateways.stripe.conftest import WEBHOOK_SECRET
from tests.gateways.stripe.localstripe_process import SECRET_KEY, LocalStripe, OldStripe, Unplugged, local_stripe
from tests.gateways.stripe.test_stripe_charges import charge_of
from tests.gateways.webhook_receiver import receiving

PAYS = "4242424242424242"
DECLINES = "4000000000000341"
ASKS_ITS_HOLDER = "4000002760003184"


@pytest.fixture(scope="module")
def local() -> Iterator[LocalStripe]:
    """One process for these tests; each uses keys of its own."""
    with local_stripe() as running:
        yield running


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """A key that no other test has."""
    return f"local-{request.node.name}".replace(" ", "-")


@pytest.fixture
def http(local: LocalStripe) -> OldStripe:
    """The gateway's way to localstripe."""
    return OldStripe(local.base_url)


def _gateway(local: LocalStripe, http: OldStripe) -> StripeGateway:
    settings = {"secret_key": SECRET_KEY, "api_base": local.base_url, "webhook_secret": WEBHOOK_SECRET}
    return StripeGateway(read_options(settings), http=http)


@pytest_asyncio.fixture
async def gateway(local: LocalStripe, http: OldStripe) -> AsyncIterator[StripeGateway]:
    """Our gateway, connected to localstripe."""
    opened = _gateway(local, http)
    yield opened
    await opened.aclose()


async def test_a_good_card_pays_once_however_often_it_is_asked(
    local: LocalStripe, gateway: StripeGateway, key: str
) -> None:
    """Localstripe knows no idempotency at all: the search is what keeps the key from being charged again."""
    request = charge_of(local.store_card(PAYS), key=key)
    charged = await gateway.charge(request)
    assert isinstance(charged, Succeeded)
    assert await gateway.charge(request) == charged
    assert await gateway.lookup(key) == charged
    (intent,) = local.intents_of(key)
    assert (intent["id"], intent["status"], intent["amount"]) == (charged.reference, "succeeded", 5_950)


async def test_a_bad_card_is_declined_and_its_payment_closed(
    local: LocalStripe, gateway: StripeGateway, key: str
) -> None:
    declined = await gateway.charge(charge_of(local.store_card(DECLINES), key=key))
    assert isinstance(declined, Declined)
    assert declined.code == "card_declined"
    assert isinstance(await gateway.lookup(key), Declined)
    (intent,) = local.intents_of(key)
    assert intent["status"] == "canceled"


@pytest.mark.parametrize("approve", [True, False])
async def test_a_card_that_asks_its_holder_waits_for_them(
    local: LocalStripe, gateway: StripeGateway, key: str, *, approve: bool
) -> None:
    asked = await gateway.charge(charge_of(local.store_card(ASKS_ITS_HOLDER), key=key))
    assert isinstance(asked, ActionRequired)
    assert await gateway.lookup(key) == asked
    local.authenticate(asked.reference, approve=approve)
    assert isinstance(await gateway.lookup(key), Succeeded if approve else Declined)


async def test_a_wait_for_the_holder_can_be_ended(local: LocalStripe, gateway: StripeGateway, key: str) -> None:
    request = charge_of(local.store_card(ASKS_ITS_HOLDER), key=key)
    await gateway.charge(request)
    assert isinstance(await gateway.cancel(key), Declined)
    assert isinstance(await gateway.charge(request), Declined)


async def test_a_closed_key_is_never_charged(local: LocalStripe, gateway: StripeGateway, key: str) -> None:
    assert isinstance(await gateway.cancel(key), Declined)
    assert isinstance(await gateway.charge(charge_of(local.store_card(PAYS), key=key)), Declined)
    assert [intent["status"] for intent in local.intents_of(key)] == ["canceled"]


@pytest.mark.parametrize("lost", ["post /v1/payment_intents", "/confirm"])
async def test_a_lost_answer_charges_nothing_twice(
    local: LocalStripe, gateway: StripeGateway, http: OldStripe, key: str, lost: str
) -> None:
    request = charge_of(local.store_card(PAYS), key=key)
    http.lose_next.append(lost)
    unknown = await gateway.charge(request)
    assert isinstance(unknown, Unknown)
    assert unknown.this_call_did_nothing is (lost != "/confirm")
    assert isinstance(await gateway.lookup(key), Succeeded if lost == "/confirm" else NotFound)
    assert isinstance(await gateway.charge(request), Succeeded)
    assert len(local.intents_of(key)) == 1


@pytest.mark.parametrize(("status", "nothing_done"), [(429, True), (500, False), (503, False)])
async def test_an_answer_of_trouble_is_unknown(
    local: LocalStripe, gateway: StripeGateway, http: OldStripe, key: str, status: int, *, nothing_done: bool
) -> None:
    http.refuse_next.append(("/confirm", status))
    unknown = await gateway.charge(charge_of(local.store_card(PAYS), key=key))
    assert isinstance(unknown, Unknown)
    assert unknown.this_call_did_nothing is nothing_done


async def test_without_a_network_nothing_was_done(local: LocalStripe, key: str) -> None:
    gateway = _gateway(local, Unplugged(local.base_url))
    unknown = await gateway.charge(charge_of(local.store_card(PAYS), key=key))
    await gateway.aclose()
    assert isinstance(unknown, Unknown)
    assert unknown.this_call_did_nothing
    assert local.intents_of(key) == []


async def test_parts_are_refunded_until_nothing_is_left(local: LocalStripe, gateway: StripeGateway, key: str) -> None:
    """Localstripe would give back more than was paid; the gateway does not ask it to."""
    charged = await gateway.charge(charge_of(local.store_card(PAYS), key=key))
    assert isinstance(charged, Succeeded)
    refund = partial(RefundRequest, charge_reference=charged.reference, currency="RON")
    first = await gateway.refund(refund(idempotency_key=f"{key}-1", amount_minor=5_000))
    assert isinstance(first, Refunded)
    refused = await gateway.refund(refund(idempotency_key=f"{key}-2", amount_minor=951))
    assert isinstance(refused, RefundRefused)
    assert refused.code == "exceeds_charge"
    assert isinstance(await gateway.refund(refund(idempotency_key=f"{key}-3", amount_minor=950)), Refunded)
    assert await gateway.refund(refund(idempotency_key=f"{key}-1", amount_minor=5_000)) == first
    assert await gateway.lookup_refund(f"{key}-1") == first


async def test_a_webhook_is_proven_and_its_copy_with_another_word_is_not(
    local: LocalStripe, gateway: StripeGateway, key: str
) -> None:
    async with receiving() as receiver:
        local.send_webhooks_to(receiver.url, WEBHOOK_SECRET)
        charged = await gateway.charge(charge_of(local.store_card(PAYS), key=key))
        assert isinstance(charged, Succeeded)
        told: list[WebhookEvent] = []
        while not any(event.kind is EventKind.CHARGE_SUCCEEDED for event in told):
            messages = await receiver.wait_for(len(receiver.messages) + 1)
            proven = [gateway.verify_webhook(headers, body) for headers, body in messages]
            assert all(isinstance(events, tuple) for events in proven), proven
            told = [event for events in proven for event in events if event.idempotency_key == key]  # type: ignore[union-attr] # all are proven
        headers, body = receiver.messages[-1]
    assert {event.object_reference for event in told} == {charged.reference}
    assert isinstance(gateway.verify_webhook(headers, body.replace(b"succeeded", b"processing")), WebhookRejected)


async def test_a_payer_and_their_card(local: LocalStripe, gateway: StripeGateway, key: str) -> None:
    made = await gateway.create_customer(CustomerRequest(idempotency_key=key, name="Țepeș SRL"))
    assert isinstance(made, Customer)
    assert await gateway.create_customer(CustomerRequest(idempotency_key=key, name="Țepeș SRL")) == made
    reference = local.store_card(PAYS)
    described = await gateway.describe_payment_method(reference)
    assert isinstance(described, PaymentMethod)
    assert (described.brand, described.last4, described.expiry_year) == ("visa", "4242", 2031)
    assert await gateway.list_payment_methods(described.customer_reference) == (described,)
    assert await gateway.detach_payment_method(reference) == Detached()
    assert await gateway.describe_payment_method(reference) == NotFound()
