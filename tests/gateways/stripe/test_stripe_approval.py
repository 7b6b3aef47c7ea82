"""A payer who must approve: asked while away, given a page when present, and never charged twice for clicking."""

import asyncio

from commcredits.gateways.protocol import ActionRequired, Declined, NotFound, Succeeded, Unknown
from commcredits.gateways.stripe.gateway import StripeGateway
from tests.gateways.stripe.fake_stripe import FakeStripe, Fault
from tests.gateways.stripe.test_stripe_charges import KEY, RETURN_URL, charge_of


async def _asked(fake: FakeStripe, gateway: StripeGateway) -> ActionRequired:
    asked = await gateway.charge(charge_of(fake.store_card("authenticate")))
    assert isinstance(asked, ActionRequired)
    return asked


async def test_an_absent_payer_who_must_approve_is_no_decline(fake: FakeStripe, gateway: StripeGateway) -> None:
    """Stripe answers 402 with `authentication_required`, which is a wish and not a refusal."""
    asked = await _asked(fake, gateway)
    assert asked.url == "", "there is no page before the payer is present"
    assert await gateway.lookup(KEY) == asked
    (intent,) = fake.books.intents.values()
    assert intent["status"] == "requires_payment_method", "it can still be approved"


async def test_a_payer_who_comes_gets_a_page_and_pays_once(fake: FakeStripe, gateway: StripeGateway) -> None:
    await _asked(fake, gateway)
    page = await gateway.resume(KEY, RETURN_URL)
    assert isinstance(page, ActionRequired)
    assert page.url.startswith("https://hooks.stripe.example/")
    assert page.url not in repr(page)
    fake.books.authenticate(page.reference, approve=True)
    assert isinstance(await gateway.lookup(KEY), Succeeded)
    assert isinstance(await gateway.resume(KEY, RETURN_URL), Succeeded)
    assert fake.books.taken_minor(KEY) == 5_950
    assert len(fake.books.intents) == 1


async def test_clicking_twice_gives_the_same_page(fake: FakeStripe, gateway: StripeGateway) -> None:
    await _asked(fake, gateway)
    pages = await asyncio.gather(*(gateway.resume(KEY, RETURN_URL) for _ in range(4)))
    known = {page.url for page in pages if isinstance(page, ActionRequired) and page.url}
    assert len(known) == 1
    again = await gateway.resume(KEY, RETURN_URL)
    assert isinstance(again, ActionRequired)
    assert {again.url} == known


async def test_another_way_back_is_another_page(fake: FakeStripe, gateway: StripeGateway) -> None:
    await _asked(fake, gateway)
    first, second = await gateway.resume(KEY, RETURN_URL), await gateway.resume(KEY, f"{RETURN_URL}/2")
    assert isinstance(first, ActionRequired)
    assert isinstance(second, ActionRequired)
    assert first.url != second.url


async def test_a_payer_who_says_no_ends_it(fake: FakeStripe, gateway: StripeGateway) -> None:
    asked = await _asked(fake, gateway)
    await gateway.resume(KEY, RETURN_URL)
    fake.books.authenticate(asked.reference, approve=False)
    refused = await gateway.resume(KEY, RETURN_URL)
    assert isinstance(refused, Declined)
    assert refused.code == "payment_intent_authentication_failure"
    assert fake.books.intents[asked.reference]["status"] == "canceled", "Stripe would let it be tried again"
    assert isinstance(await gateway.charge(charge_of(next(iter(fake.books.methods)))), Declined)
    assert fake.books.taken_minor(KEY) == 0


async def test_a_card_that_is_declined_on_the_page_is_final(fake: FakeStripe, gateway: StripeGateway) -> None:
    await _asked(fake, gateway)
    (method,) = fake.books.methods
    fake.books.behaviours[method] = "decline:stolen_card"
    declined = await gateway.resume(KEY, RETURN_URL)
    assert isinstance(declined, Declined)
    assert declined.code == "stolen_card"
    assert await gateway.lookup(KEY) == declined


async def test_a_closed_approval_can_not_be_taken_up_again(fake: FakeStripe, gateway: StripeGateway) -> None:
    await _asked(fake, gateway)
    assert isinstance(await gateway.cancel(KEY), Declined)
    assert isinstance(await gateway.resume(KEY, RETURN_URL), Declined)
    assert fake.books.taken_minor(KEY) == 0


async def test_there_is_nothing_to_resume_before_there_was_a_charge(fake: FakeStripe, gateway: StripeGateway) -> None:
    assert await gateway.resume(KEY, RETURN_URL) == NotFound()
    fake.faults.append(Fault("/confirm", after_acting=False))
    await gateway.charge(charge_of(fake.store_card("authenticate")))
    assert await gateway.resume(KEY, RETURN_URL) == NotFound()


async def test_a_lost_page_is_unknown_and_the_next_click_finds_it(fake: FakeStripe, gateway: StripeGateway) -> None:
    await _asked(fake, gateway)
    fake.faults.append(Fault("/confirm"))
    assert isinstance(await gateway.resume(KEY, RETURN_URL), Unknown)
    page = await gateway.resume(KEY, RETURN_URL)
    assert isinstance(page, ActionRequired)
    assert page.url
