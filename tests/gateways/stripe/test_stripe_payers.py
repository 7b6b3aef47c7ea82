"""Payers at Stripe: made once, entered on Stripe's own page, and described without a number."""

import pytest

from commcredits.gateways.protocol import (
    Customer,
    CustomerRequest,
    Detached,
    GatewayMisuseError,
    NotFound,
    PaymentMethod,
    SetupRequest,
    SetupStarted,
    Unavailable,
)
from commcredits.gateways.stripe.gateway import StripeGateway
from tests.gateways.stripe.conftest import open_gateway_at
from tests.gateways.stripe.fake_stripe import FakeStripe, Fault

RETURN_URL = "https://credits.example/billing"


async def _customer(gateway: StripeGateway) -> str:
    made = await gateway.create_customer(CustomerRequest(idempotency_key="organization-1", name="Țepeș SRL"))
    assert isinstance(made, Customer)
    return made.reference


async def test_a_payer_is_not_made_again_after_stripe_forgot_the_key(fake: FakeStripe, gateway: StripeGateway) -> None:
    first = await _customer(gateway)
    fake.forget_keys()
    assert await _customer(gateway) == first
    assert len(fake.books.customers) == 1


async def test_a_lost_answer_makes_no_second_payer(fake: FakeStripe, gateway: StripeGateway) -> None:
    fake.books.search_lags = True
    fake.faults.append(Fault("POST /v1/customers"))
    await _customer(gateway)
    assert len(fake.books.customers) == 1


@pytest.mark.parametrize("types", ["card", "card,sepa_debit"])
async def test_a_method_is_entered_on_stripes_page_of_the_kinds_that_are_set(fake: FakeStripe, types: str) -> None:
    gateway = open_gateway_at(fake, payment_method_types=types)
    request = SetupRequest(
        idempotency_key="setup-1", customer_reference=await _customer(gateway), return_url=RETURN_URL
    )
    started = await gateway.begin_setup(request)
    await gateway.aclose()
    assert isinstance(started, SetupStarted)
    assert started.hosted_url.startswith("https://checkout.stripe.example/")
    assert started.hosted_url not in repr(started)
    (sent,) = fake.calls("/checkout/sessions")
    assert sent.params["mode"] == "setup"
    assert sent.params["success_url"] == sent.params["cancel_url"] == RETURN_URL
    allowed = [value for name, value in sent.params.items() if name.startswith("allowed_payment_method_types")]
    assert allowed == types.split(",")
    assert sent.params["setup_intent_data[metadata][commcredits_key]"] == "setup-1"


async def test_a_known_key_opens_no_page_for_another_payer(gateway: StripeGateway) -> None:
    first = await gateway.create_customer(CustomerRequest(idempotency_key="organization-2", name="Ana SRL"))
    assert isinstance(first, Customer)
    request = SetupRequest(idempotency_key="setup-1", customer_reference=first.reference, return_url=RETURN_URL)
    assert isinstance(await gateway.begin_setup(request), SetupStarted)
    another = SetupRequest(
        idempotency_key="setup-1", customer_reference=await _customer(gateway), return_url=RETURN_URL
    )
    with pytest.raises(GatewayMisuseError):
        await gateway.begin_setup(another)


async def test_an_unknown_payer_has_no_page(gateway: StripeGateway) -> None:
    for customer in ("cus_unknown", "../account", ""):
        request = SetupRequest(idempotency_key="setup-1", customer_reference=customer, return_url=RETURN_URL)
        assert await gateway.begin_setup(request) == NotFound()
        assert await gateway.list_payment_methods(customer) == NotFound()


async def test_only_what_may_be_shown_is_told(fake: FakeStripe, gateway: StripeGateway) -> None:
    customer = await _customer(gateway)
    card, debit = fake.books.attach(customer, "ok"), fake.books.attach(customer, "ok", "sepa_debit")
    assert await gateway.list_payment_methods(customer) == (
        PaymentMethod(
            reference=card,
            customer_reference=customer,
            kind="card",
            brand="visa",
            last4="4242",
            expiry_month=12,
            expiry_year=2031,
            fingerprint="fp-ok",
            country="RO",
        ),
        PaymentMethod(
            reference=debit,
            customer_reference=customer,
            kind="sepa_debit",
            brand="sepa_debit",
            last4="3000",
            fingerprint="fp-ok",
            country="DE",
        ),
    )


async def test_the_oldest_of_very_many_methods_is_told_first(fake: FakeStripe, gateway: StripeGateway) -> None:
    customer = await _customer(gateway)
    made = [fake.books.attach(customer, "ok") for _ in range(130)]
    listed = await gateway.list_payment_methods(customer)
    assert isinstance(listed, tuple)
    assert [method.reference for method in listed] == made


async def test_a_detached_method_is_gone_and_detaching_twice_is_no_error(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    method = fake.store_card()
    for _ in range(2):
        assert await gateway.detach_payment_method(method) == Detached()
    assert await gateway.describe_payment_method(method) == NotFound()
    assert await gateway.detach_payment_method("pm_unknown") == NotFound()
    assert await gateway.describe_payment_method("../../balance") == NotFound()


async def test_what_stripe_does_not_answer_is_unavailable(fake: FakeStripe, gateway: StripeGateway) -> None:
    fake.faults.append(Fault("/search", status=503, times=3))
    request = CustomerRequest(idempotency_key="organization-1", name="Țepeș SRL")
    assert isinstance(await gateway.create_customer(request), Unavailable)
    method = fake.store_card()
    fake.faults.append(Fault(f"/{method}", status=500, times=6))
    assert isinstance(await gateway.describe_payment_method(method), Unavailable)
    assert isinstance(await gateway.detach_payment_method(method), Unavailable)
