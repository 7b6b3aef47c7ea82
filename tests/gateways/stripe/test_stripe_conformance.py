"""The Stripe gateway keeps every promise of the conformance suite, through the real SDK, against a stand-in."""

from functools import partial

import pytest

from commcredits.gateways.conformance import GatewayConformance, Subject
from commcredits.gateways.protocol import ActionRequired
from tests.gateways.stripe.conftest import open_gateway_at
from tests.gateways.stripe.fake_stripe import FakeStripe, Fault


class _StripeConformance(GatewayConformance):
    def subject_at(self, fake: FakeStripe) -> Subject:
        async def store(behaviour: str) -> str:
            return fake.store_card(behaviour)

        async def lose_next_answer() -> None:
            fake.faults.append(Fault("/confirm"))

        async def taken_minor(key: str) -> int:
            with fake.lock:
                return fake.books.taken_minor(key)

        async def decide(asked: ActionRequired, *, approve: bool) -> None:
            with fake.lock:
                fake.books.authenticate(asked.reference, approve=approve)

        async def approve(asked: ActionRequired) -> None:
            await decide(asked, approve=True)

        async def refuse(asked: ActionRequired) -> None:
            await decide(asked, approve=False)

        return Subject(
            open_gateway=lambda: open_gateway_at(fake),
            currency="RON",
            amount_minor=25_000,
            approved_method=partial(store, "ok"),
            declined_method=partial(store, "decline:insufficient_funds"),
            action_method=partial(store, "authenticate"),
            processing_method=partial(store, "processing"),
            taken_minor=taken_minor,
            lose_next_answer=lose_next_answer,
            approve=approve,
            refuse=refuse,
        )


class TestStripe(_StripeConformance):
    @pytest.fixture
    def subject(self, fake: FakeStripe) -> Subject:
        return self.subject_at(fake)


class TestStripeWhileItsSearchLagsBehind(_StripeConformance):
    @pytest.fixture
    def subject(self, fake: FakeStripe) -> Subject:
        fake.books.search_lags = True
        return self.subject_at(fake)
