"""Refunds at Stripe: once per key, also after Stripe forgot it, and never more than was taken."""

import asyncio

import pytest

from commcredits.gateways.protocol import (
    GatewayMisuseError,
    NotFound,
    Refunded,
    RefundProcessing,
    RefundRefused,
    RefundRequest,
    Succeeded,
    Unknown,
)
from commcredits.gateways.stripe.gateway import StripeGateway
from tests.gateways.stripe.fake_stripe import FakeStripe, Fault
from tests.gateways.stripe.test_stripe_charges import charge_of


async def _charged(fake: FakeStripe, gateway: StripeGateway) -> str:
    charged = await gateway.charge(charge_of(fake.store_card()))
    assert isinstance(charged, Succeeded)
    return charged.reference


def refund_of(charge: str, amount_minor: int, *, key: str = "refund-1", currency: str = "RON") -> RefundRequest:
    return RefundRequest(
        idempotency_key=key, charge_reference=charge, amount_minor=amount_minor, currency=currency, reason="asked for"
    )


async def test_a_key_is_not_refunded_again_after_stripe_forgot_it(fake: FakeStripe, gateway: StripeGateway) -> None:
    charge = await _charged(fake, gateway)
    first = await gateway.refund(refund_of(charge, 1_000))
    fake.forget_keys()
    assert await gateway.refund(refund_of(charge, 1_000)) == first
    assert await gateway.lookup_refund("refund-1") == first
    assert len(fake.books.refunds) == 1


async def test_a_lost_answer_is_unknown_and_the_retry_gives_nothing_more(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    charge = await _charged(fake, gateway)
    fake.faults.append(Fault("POST /v1/refunds"))
    lost = await gateway.refund(refund_of(charge, 5_950))
    assert isinstance(lost, Unknown)
    assert not lost.this_call_did_nothing
    assert isinstance(await gateway.refund(refund_of(charge, 5_950)), Refunded)
    assert len(fake.books.refunds) == 1


async def test_the_whole_charge_is_refunded_once_by_many_tries_at_once(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    """None of them says that too little is left: what took the rest is their own refund."""
    charge = await _charged(fake, gateway)
    outcomes = await asyncio.gather(*(gateway.refund(refund_of(charge, 5_950)) for _ in range(6)))
    assert all(isinstance(outcome, Refunded | Unknown) for outcome in outcomes), outcomes
    assert len(fake.books.refunds) == 1


async def test_more_than_is_left_is_not_even_asked_for(fake: FakeStripe, gateway: StripeGateway) -> None:
    charge = await _charged(fake, gateway)
    await gateway.refund(refund_of(charge, 5_000))
    refused = await gateway.refund(refund_of(charge, 951, key="refund-2"))
    assert isinstance(refused, RefundRefused)
    assert refused.code == "exceeds_charge"
    assert len(fake.calls("POST /v1/refunds")) == 1
    assert isinstance(await gateway.refund(refund_of(charge, 950, key="refund-3")), Refunded)


async def test_stripes_own_refusal_of_too_much_is_told_as_such(fake: FakeStripe, gateway: StripeGateway) -> None:
    """Somebody refunded in the dashboard between our look and our request."""
    charge = await _charged(fake, gateway)
    look = gateway._refunds._look  # noqa: SLF001 - the moment between looking and asking has no other handle

    async def look_and_be_overtaken(request: RefundRequest) -> object:
        seen = await look(request)
        with fake.lock:
            if not fake.books.refunds:
                fake.books.make_refund({"payment_intent": charge, "amount": "5950"})
        return seen

    gateway._refunds._look = look_and_be_overtaken  # type: ignore[method-assign, assignment] # noqa: SLF001 - the same handle as above
    refused = await gateway.refund(refund_of(charge, 100))
    assert isinstance(refused, RefundRefused)
    assert refused.code == "exceeds_charge"


@pytest.mark.parametrize("reference", ["pi_unknown", "no-such-charge", "../../account"])
async def test_a_charge_that_stripe_does_not_know_is_refused(gateway: StripeGateway, reference: str) -> None:
    refused = await gateway.refund(refund_of(reference, 1))
    assert isinstance(refused, RefundRefused)
    assert refused.code == "unknown_charge"


async def test_another_currency_and_other_content_are_told_apart(fake: FakeStripe, gateway: StripeGateway) -> None:
    charge = await _charged(fake, gateway)
    refused = await gateway.refund(refund_of(charge, 100, currency="EUR"))
    assert isinstance(refused, RefundRefused)
    assert refused.code == "currency_mismatch"
    await gateway.refund(refund_of(charge, 100))
    with pytest.raises(GatewayMisuseError):
        await gateway.refund(refund_of(charge, 200))


async def test_a_refund_that_its_bank_sends_back_is_refused_in_the_end(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    charge = await _charged(fake, gateway)
    await gateway.refund(refund_of(charge, 100))
    (refund,) = fake.books.refunds.values()
    refund["status"] = "pending"
    assert isinstance(await gateway.lookup_refund("refund-1"), RefundProcessing)
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    failed = await gateway.lookup_refund("refund-1")
    assert isinstance(failed, RefundRefused)
    assert failed.code == "expired_or_canceled_card"


async def test_a_refund_is_found_behind_a_page_of_others(fake: FakeStripe, gateway: StripeGateway) -> None:
    charge = await _charged(fake, gateway)
    first = await gateway.refund(refund_of(charge, 1))
    for _ in range(150):
        fake.books.make_refund({"payment_intent": charge, "amount": "1"})
    assert await gateway.lookup_refund("refund-1") == first
    assert await gateway.refund(refund_of(charge, 1)) == first
    assert await gateway.lookup_refund("refund-2") == NotFound()
