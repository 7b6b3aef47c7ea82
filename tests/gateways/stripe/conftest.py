"""A stand-in for Stripe, and our gateway connected to it."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from commcredits.gateways.stripe import open_stripe
from commcredits.gateways.stripe.gateway import StripeGateway
from tests.gateways.stripe.fake_stripe import SECRET_KEY, FakeStripe, fake_stripe

WEBHOOK_SECRET = "whsec_bmV3IHNlY3JldCBvZiB0aGUgZW5kcG9pbnQ"
PREVIOUS_SECRET = "whsec_cHJldmlvdXMgc2VjcmV0IG9mIHRoZSBlbmRwb2ludA"


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    """A stand-in with empty books."""
    with fake_stripe() as running:
        yield running


def open_gateway_at(fake: FakeStripe, **settings: str) -> StripeGateway:
    """Our gateway, as the registry opens it, connected to a stand-in."""
    base = {"secret_key": SECRET_KEY, "api_base": fake.base_url, "answer_seconds_max": "5"}
    secrets = {"webhook_secret": WEBHOOK_SECRET, "webhook_secret_previous": PREVIOUS_SECRET}
    return open_stripe({**base, **secrets, **settings})


@pytest_asyncio.fixture
async def gateway(fake: FakeStripe) -> AsyncIterator[StripeGateway]:
    """Our gateway, connected to the stand-in."""
    opened = open_gateway_at(fake)
    yield opened
    await opened.aclose()
