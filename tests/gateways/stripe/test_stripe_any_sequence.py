"""Any sequence of charging, cancelling and looking up, with answers lost, processes killed and days passing.

Seeded, so that a failing run repeats. What the stand-in's own books say is the truth.
"""

import asyncio
import random
from collections.abc import Awaitable

import pytest

from commcredits.gateways.protocol import Declined, LookupOutcome, Succeeded, Unknown
from commcredits.gateways.stripe.gateway import StripeGateway
from commcredits.gateways.stripe.options import read_options
from commcredits.gateways.stripe.transport import Transport
from tests.gateways.stripe.fake_stripe import SECRET_KEY, FakeStripe, Fault
from tests.gateways.stripe.test_stripe_charges import KEY, RETURN_URL, charge_of

STEPS = 14
PATHS = ("POST /v1/payment_intents", "/confirm", "/cancel", "/search", "GET /v1/payment_intents")
CARDS = ("ok", "ok", "authenticate", "decline:insufficient_funds", "decline:stolen_card")


class HastyTransport(Transport):
    """Our transport, without the SDK's pauses between two tries."""

    async def sleep_async(self, secs: float) -> None:
        """Go on at once."""


def _gateway(fake: FakeStripe) -> StripeGateway:
    options = read_options({"secret_key": SECRET_KEY, "api_base": fake.base_url, "answer_seconds_max": "5"})
    return StripeGateway(options, http=HastyTransport(options.api_base, options.answer_seconds_max))


def _fault(chance: random.Random) -> Fault:
    return Fault(
        chance.choice(PATHS),
        status=chance.choice((0, 0, 429, 500, 503)),
        after_acting=chance.random() < 0.6,
        times=chance.choice((1, 1, 4)),
    )


async def _until_killed(call: Awaitable[LookupOutcome], seconds: float | None) -> LookupOutcome | None:
    """What a call says, or nothing where its process is killed first."""
    try:
        return await asyncio.wait_for(call, seconds)
    except TimeoutError:
        return None


@pytest.mark.parametrize("seed", range(30))
async def test_a_key_is_taken_at_most_once_and_never_after_it_was_declined(fake: FakeStripe, seed: int) -> None:
    chance = random.Random(seed)
    fake.books.search_lags = chance.random() < 0.5
    request = charge_of(fake.store_card(chance.choice(CARDS)))
    gateways = [_gateway(fake), _gateway(fake)]
    declined_after: list[str] = []
    for step in range(STEPS):
        gateway = chance.choice(gateways)
        fake.faults = [_fault(chance) for _ in range(chance.choice((0, 0, 1, 2)))]
        killed_after = chance.choice((None, None, 0.005, 0.02, 0.04))
        match chance.choice(("charge", "charge", "charge", "cancel", "lookup", "resume", "approve", "day", "minute")):
            case "charge":
                outcome = await _until_killed(gateway.charge(request), killed_after)
            case "cancel":
                outcome = await _until_killed(gateway.cancel(KEY), killed_after)
            case "lookup":
                outcome = await _until_killed(gateway.lookup(KEY), killed_after)
            case "resume":
                outcome = await _until_killed(gateway.resume(KEY, RETURN_URL), killed_after)
            case other:
                outcome = None
                await asyncio.sleep(0.03)  # What a killed process had sent is executed by then.
                with fake.lock:
                    _pass(fake, other, chance)
        if isinstance(outcome, Declined):
            declined_after.append(f"step {step}")
        if isinstance(outcome, Succeeded):
            assert fake.books.taken_minor(KEY) == request.amount_minor
        if declined_after:
            assert fake.books.taken_minor(KEY) == 0, declined_after
        assert fake.books.taken_minor(KEY) in {0, request.amount_minor}
    await _settles(fake, gateways[0])
    for gateway in gateways:
        await gateway.aclose()


def _pass(fake: FakeStripe, what: str, chance: random.Random) -> None:
    if what == "day":
        fake.forget_keys()
    if what == "minute":
        fake.books.catch_up()
    if what == "approve":
        for intent in fake.books.intents:
            fake.books.authenticate(intent, approve=chance.random() < 0.7)


async def _settles(fake: FakeStripe, gateway: StripeGateway) -> None:
    """Once the faults are over, closing the key says the truth for good."""
    await asyncio.sleep(0.03)
    fake.faults = []
    with fake.lock:
        fake.forget_keys()
    final = await gateway.cancel(KEY)
    assert isinstance(final, Succeeded | Declined), final
    assert isinstance(final, Succeeded) == (fake.books.taken_minor(KEY) > 0)
    assert type(await gateway.lookup(KEY)) is type(final)
    assert len([each for each in fake.books.intents.values() if each["status"] == "succeeded"]) <= 1


@pytest.mark.parametrize("path", [*PATHS[:2], "/search", "/payment_methods"])
@pytest.mark.parametrize("status", [0, 401, 409, 429, 500, 503])
@pytest.mark.parametrize("after_acting", [False, True])
async def test_who_says_that_nothing_was_done_has_done_nothing(
    fake: FakeStripe, path: str, status: int, *, after_acting: bool
) -> None:
    """Whoever closes a first and only attempt on that word loses no money."""
    gateway = _gateway(fake)
    error = {"type": "idempotency_error", "code": "idempotency_key_in_use"} if status == 409 else {"type": "api_error"}
    # Stripe says 401, 409 and 429 before it acts.
    acts = after_acting and status not in {401, 409, 429}
    fake.faults.append(Fault(path, status=status, after_acting=acts, times=9, error=error))
    outcome = await gateway.charge(charge_of(fake.store_card()))
    await gateway.aclose()
    if isinstance(outcome, Unknown) and outcome.this_call_did_nothing:
        assert fake.books.taken_minor(KEY) == 0
    if path == "/confirm" and acts:
        assert isinstance(outcome, Unknown)
        assert not outcome.this_call_did_nothing
    if path == "/confirm" and status in {401, 429}:
        assert isinstance(outcome, Unknown)
        assert outcome.this_call_did_nothing
