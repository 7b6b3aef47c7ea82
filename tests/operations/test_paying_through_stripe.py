"""The product pays through Stripe: a card from Stripe's page, an approval, a refund, a dispute, and books that agree.

The operations, the database and the SDK are the real ones; Stripe is the stand-in of `tests.gateways.stripe`.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from commcredits.core.commands import Adjust
from commcredits.core.outcomes import Refused
from commcredits.core.purchases import RefundState, TopUpState
from commcredits.gateways.stripe.gateway import StripeGateway
from commcredits.operations.funding import add_funds
from commcredits.operations.payment_messages import deal_with_waiting_events, receive_webhook
from commcredits.operations.payment_methods import MethodSetup, begin_adding_method, finish_adding_methods
from commcredits.operations.payments import resume_payment
from commcredits.operations.refunds import refund_top_up
from commcredits.operations.reports import read_balance
from commcredits.operations.services import Services
from commcredits.operations.sweeping import sweep_events
from commcredits.operations.verify import verify_books
from commcredits.storage.payment_methods import read_customers
from commcredits.storage.payments import TopUpRecord, read_top_up
from commcredits.storage.refunds import RefundRecord, read_refund
from tests.gateways.stripe.conftest import open_gateway_at
from tests.gateways.stripe.fake_stripe import FakeStripe, fake_stripe
from tests.gateways.stripe.test_stripe_events import signed
from tests.operations.office import SHARD, Office, new_id

FIFTY = 50_000_000


@dataclass(kw_only=True)
class Shop:
    """An organization that pays through Stripe."""

    fake: FakeStripe
    services: Services
    organization_id: str

    async def card(self, behaviour: str = "ok") -> str:
        """The id of a card that was entered on Stripe's page."""
        begun = await begin_adding_method(
            self.services, organization_id=self.organization_id, command_id=new_id(), gateway="stripe"
        )
        assert isinstance(begun, MethodSetup), begun
        assert begun.hosted_url.startswith("https://checkout.stripe.example/")
        (customer,) = await read_customers(self.services.pool, SHARD, self.organization_id, "stripe")
        with self.fake.lock:
            self.fake.books.attach(customer, behaviour)
        kept = await finish_adding_methods(self.services, organization_id=self.organization_id, gateway="stripe")
        assert not isinstance(kept, Refused), kept
        return kept[-1].payment_method_id

    async def buy(self, method: str, amount_micros: int = FIFTY) -> TopUpRecord:
        """A purchase, of fifty unless another amount is said."""
        bought = await add_funds(
            self.services,
            organization_id=self.organization_id,
            command_id=new_id(),
            amount_micros=amount_micros,
            payment_method_id=method,
        )
        assert isinstance(bought, TopUpRecord), bought
        return bought

    async def deliver(self, event_type: str) -> None:
        """Stripe's latest message of that type, twice."""
        with self.fake.lock:
            event = next(each for each in reversed(self.fake.books.events.values()) if each["type"] == event_type)
        body = json.dumps(event).encode()
        for _ in range(2):
            taken = await receive_webhook(self.services, gateway="stripe", headers=signed(body), raw_body=body)
            assert not isinstance(taken, Refused), taken

    async def shown(self, top_up: TopUpRecord) -> TopUpRecord:
        """A purchase as it stands now."""
        found = await read_top_up(self.services.pool, SHARD, self.organization_id, top_up.top_up_id)
        assert found is not None
        return found

    async def books_agree(self) -> bool:
        """Whether journal, lots and balances agree."""
        return not (await verify_books(self.services)).discrepancies


@pytest.fixture
async def shop(office: Office) -> AsyncIterator[Shop]:
    """An organization of that office, with Stripe as its only gateway."""
    with fake_stripe() as fake:
        gateway: StripeGateway = open_gateway_at(fake)
        services = replace(office.services, gateways={"stripe": gateway})
        organization = await office.organization()
        yield Shop(fake=fake, services=services, organization_id=organization.organization_id)
        await gateway.aclose()


async def test_a_card_of_stripes_page_buys_funds_once(shop: Shop) -> None:
    bought = await shop.buy(await shop.card())
    assert bought.state is TopUpState.SUCCEEDED
    assert bought.gateway_reference.startswith("pi_")
    assert shop.fake.books.taken_minor(bought.top_up_id) == 5_000
    await shop.deliver("payment_intent.succeeded")
    assert await shop.services.pool.fetchval("select count(*) from fund_lots") == 1
    assert await shop.books_agree()


async def test_a_payer_who_must_approve_does_so_on_stripes_page_and_pays_once(shop: Shop) -> None:
    asked = await shop.buy(await shop.card("authenticate"))
    assert asked.state is TopUpState.ACTION_REQUIRED
    resumed = await resume_payment(shop.services, organization_id=shop.organization_id, top_up_id=asked.top_up_id)
    assert isinstance(resumed, TopUpRecord), resumed
    assert resumed.action_url.startswith("https://hooks.stripe.example/")
    with shop.fake.lock:
        shop.fake.books.authenticate(asked.gateway_reference, approve=True)
    await shop.deliver("payment_intent.succeeded")
    assert (await shop.shown(asked)).state is TopUpState.SUCCEEDED
    assert await shop.services.pool.fetchval("select count(*) from fund_lots") == 1
    assert await shop.books_agree()


async def test_a_declined_card_grants_nothing_and_says_why(shop: Shop) -> None:
    declined = await shop.buy(await shop.card("decline:insufficient_funds"))
    assert (declined.state, declined.reason) == (TopUpState.DECLINED, "insufficient_funds")
    assert await shop.services.pool.fetchval("select count(*) from fund_lots") == 0


async def test_a_refund_goes_back_through_stripe(shop: Shop) -> None:
    bought = await shop.buy(await shop.card())
    refund = await refund_top_up(
        shop.services,
        organization_id=shop.organization_id,
        command_id=new_id(),
        top_up_id=bought.top_up_id,
        amount_micros=20_000_000,
        reason="not needed",
        requested_by="operator",
    )
    assert not isinstance(refund, Refused), refund
    assert [each["amount"] for each in shop.fake.books.refunds.values()] == [2_000]
    await shop.deliver("refund.created")
    assert (await shop.shown(bought)).refunded_micros == 20_000_000
    assert await shop.books_agree()


async def test_a_refund_that_the_payers_bank_sends_back_weeks_later_returns_the_funds(shop: Shop) -> None:
    bought = await shop.buy(await shop.card())
    refund = await refund_top_up(
        shop.services,
        organization_id=shop.organization_id,
        command_id=new_id(),
        top_up_id=bought.top_up_id,
        amount_micros=20_000_000,
        reason="not needed",
        requested_by="operator",
    )
    assert isinstance(refund, RefundRecord)
    assert refund.state is RefundState.REFUNDED
    with shop.fake.lock:
        (given,) = shop.fake.books.refunds.values()
        given |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        shop.fake.books.tell("refund.failed", given)
    await shop.deliver("refund.failed")
    known = await read_refund(shop.services.pool, SHARD, shop.organization_id, refund.refund_id)
    assert known is not None
    assert (known.state, known.refusal) == (RefundState.REFUSED, "lost_or_stolen_card")
    assert (await shop.shown(bought)).refunded_micros == 0
    balance = await read_balance(shop.services, organization_id=shop.organization_id)
    assert not isinstance(balance, Refused)
    assert balance.posted_micros == FIFTY
    assert len(shop.fake.books.refunds) == 1
    assert await shop.books_agree()


@pytest.mark.parametrize(("currency", "back_minor"), [("HUF", 499_876), ("TWD", 499_876), ("JPY", 4_998)])
async def test_what_is_left_goes_back_in_currencies_that_are_paid_out_in_whole_units(
    office: Office, shop: Shop, currency: str, back_minor: int
) -> None:
    organization = await office.organization(currency=currency)
    shop = replace(shop, organization_id=organization.organization_id)
    bought = await shop.buy(await shop.card(), 5_000_000_000)
    await office.execute(
        Adjust(organization_id=shop.organization_id, command_id=new_id(), amount_micros=-1_234_567, reason="used")
    )
    refund = await refund_top_up(
        shop.services,
        organization_id=shop.organization_id,
        command_id=new_id(),
        top_up_id=bought.top_up_id,
        amount_micros=None,
        reason="all that is left",
        requested_by="operator",
    )
    assert isinstance(refund, RefundRecord)
    assert refund.state is RefundState.REFUNDED
    assert [each["amount"] for each in shop.fake.books.refunds.values()] == [back_minor]
    assert await shop.books_agree()


async def test_a_dispute_whose_messages_were_lost_is_found_by_the_sweep(shop: Shop) -> None:
    bought = await shop.buy(await shop.card())
    with shop.fake.lock:
        shop.fake.books.dispute(bought.gateway_reference, "needs_response")
    await sweep_events(shop.services)
    await deal_with_waiting_events(shop.services)
    disputed = await shop.shown(bought)
    assert (disputed.state, disputed.disputed_micros) == (TopUpState.DISPUTED, FIFTY)
    assert await shop.books_agree()
