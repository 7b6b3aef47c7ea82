"""A key is charged once at Stripe: within the day and after it, whatever is lost, and wherever a process dies."""

import pytest

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeRequest,
    Declined,
    GatewayMisuseError,
    NotFound,
    Succeeded,
    Unknown,
)
from commcredits.gateways.stripe.gateway import StripeGateway
from commcredits.gateways.stripe.options import read_options
from tests.gateways.stripe.conftest import open_gateway_at
from tests.gateways.stripe.fake_stripe import SECRET_KEY, FakeStripe, Fault

KEY = "0198c5f0-attempt"
RETURN_URL = "https://credits.example/billing"


def charge_of(method: str, *, key: str = KEY, amount_minor: int = 5_950, off_session: bool = True) -> ChargeRequest:
    return ChargeRequest(
        idempotency_key=key,
        amount_minor=amount_minor,
        currency="RON",
        payment_method_reference=method,
        off_session=off_session,
        return_url=None if off_session else RETURN_URL,
    )


async def test_a_charge_is_made_unconfirmed_and_then_confirmed_with_keys_of_its_own(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    charged = await gateway.charge(charge_of(fake.store_card()))
    assert isinstance(charged, Succeeded)
    assert charged.fee_minor == 25 + 89
    (create,), (confirm,) = fake.calls("POST /v1/payment_intents"), fake.calls("/confirm")
    assert create.headers["idempotency-key"] == f"{KEY}-create"
    assert confirm.headers["idempotency-key"] == f"{KEY}-confirm"
    assert create.headers["stripe-version"] == "2026-10-28.endive"
    assert "confirm" not in create.params
    assert create.params["metadata[commcredits_key]"] == KEY
    assert create.params["allowed_payment_method_types[0]"] == "card"
    assert confirm.params["off_session"] == "true"


@pytest.mark.parametrize("search_lags", [False, True])
async def test_a_key_is_not_charged_again_after_stripe_forgot_it(
    fake: FakeStripe, gateway: StripeGateway, *, search_lags: bool
) -> None:
    fake.books.search_lags = search_lags
    request = charge_of(fake.store_card())
    charged = await gateway.charge(request)
    fake.forget_keys()
    assert await gateway.charge(request) == charged
    assert fake.books.taken_minor(KEY) == request.amount_minor
    assert len(fake.books.intents) == 1


@pytest.mark.parametrize("a_day_later", [False, True])
async def test_what_died_between_making_and_confirming_is_confirmed_by_the_next_try(
    fake: FakeStripe, gateway: StripeGateway, *, a_day_later: bool
) -> None:
    fake.faults.append(Fault("/confirm", after_acting=False))
    request = charge_of(fake.store_card())
    assert isinstance(await gateway.charge(request), Unknown)
    assert await gateway.lookup(KEY) == NotFound()
    if a_day_later:
        fake.forget_keys()
    assert isinstance(await gateway.charge(request), Succeeded)
    assert len(fake.books.intents) == 1


async def test_what_died_between_making_and_confirming_can_be_closed(fake: FakeStripe, gateway: StripeGateway) -> None:
    fake.faults.append(Fault("/confirm", after_acting=False))
    request = charge_of(fake.store_card())
    await gateway.charge(request)
    assert isinstance(await gateway.cancel(KEY), Declined)
    assert isinstance(await gateway.charge(request), Declined)
    assert isinstance(await gateway.lookup(KEY), Declined)
    assert fake.books.taken_minor(KEY) == 0


@pytest.mark.parametrize("search_lags", [False, True])
async def test_a_closed_key_stays_closed_after_stripe_forgot_it(
    fake: FakeStripe, gateway: StripeGateway, *, search_lags: bool
) -> None:
    fake.books.search_lags = search_lags
    assert isinstance(await gateway.cancel(KEY), Declined)
    fake.forget_keys()
    closed = await gateway.charge(charge_of(fake.store_card()))
    assert isinstance(closed, Declined)
    assert closed.code == "cancelled"
    assert fake.calls("/confirm") == []


async def test_a_lost_answer_to_the_making_took_nothing_and_makes_no_second_one(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    fake.books.search_lags = True
    fake.faults.append(Fault("POST /v1/payment_intents"))
    request = charge_of(fake.store_card())
    lost = await gateway.charge(request)
    assert isinstance(lost, Unknown)
    assert lost.this_call_did_nothing
    assert isinstance(await gateway.charge(request), Succeeded)
    assert len(fake.books.intents) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_after_the_money_was_taken_is_unknown_until_looked_up(
    fake: FakeStripe, gateway: StripeGateway, status: int
) -> None:
    fake.faults.append(Fault("/confirm", status=status))
    request = charge_of(fake.store_card())
    unknown = await gateway.charge(request)
    assert isinstance(unknown, Unknown)
    assert not unknown.this_call_did_nothing
    assert isinstance(await gateway.lookup(KEY), Succeeded)
    assert isinstance(await gateway.charge(request), Succeeded)
    assert fake.books.taken_minor(KEY) == request.amount_minor


@pytest.mark.parametrize("at", ["/search", "POST /v1/payment_intents", "/confirm"])
async def test_a_busy_stripe_has_done_nothing(fake: FakeStripe, gateway: StripeGateway, at: str) -> None:
    fake.faults.append(Fault(at, status=429, after_acting=False, times=3, error={"type": "invalid_request_error"}))
    busy = await gateway.charge(charge_of(fake.store_card()))
    assert isinstance(busy, Unknown)
    assert busy.this_call_did_nothing
    assert fake.books.taken_minor(KEY) == 0


async def test_a_stripe_that_can_not_be_reached_has_done_nothing() -> None:
    settings = {"secret_key": SECRET_KEY, "api_base": "http://127.0.0.1:9", "answer_seconds_max": "2"}
    gateway = StripeGateway(read_options(settings))
    unreachable = await gateway.charge(charge_of("pm_1"))
    await gateway.aclose()
    assert isinstance(unreachable, Unknown)
    assert unreachable.this_call_did_nothing


async def test_an_answer_that_can_not_be_read_leaves_the_truth_open(fake: FakeStripe, gateway: StripeGateway) -> None:
    fake.faults.append(Fault("/confirm", status=200, error={"id": "pi_without_a_status"}))
    unreadable = await gateway.charge(charge_of(fake.store_card()))
    assert isinstance(unreadable, Unknown)
    assert not unreadable.this_call_did_nothing
    assert isinstance(await gateway.lookup(KEY), Succeeded)


async def test_a_known_key_with_other_content_is_a_bug_also_after_stripe_forgot_it(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    method = fake.store_card()
    await gateway.charge(charge_of(method))
    fake.forget_keys()
    with pytest.raises(GatewayMisuseError):
        await gateway.charge(charge_of(method, amount_minor=6_000))
    assert fake.books.taken_minor(KEY) == 5_950


async def test_a_process_that_was_stopped_for_hours_sends_nothing_on_an_old_search(fake: FakeStripe) -> None:
    """Its search may be from before the day that Stripe remembers keys, so neither making nor confirming is safe."""
    for sends_before_it_stops in (0, 1):
        seconds = iter([0.0] * (1 + sends_before_it_stops) + [90_000.0] * 5)
        options = read_options({"secret_key": SECRET_KEY, "api_base": fake.base_url})
        gateway = StripeGateway(options, clock=lambda seconds=seconds: next(seconds))  # type: ignore[misc] # binds the loop's
        stopped = await gateway.charge(charge_of(fake.store_card(), key=f"stopped-{sends_before_it_stops}"))
        await gateway.aclose()
        assert isinstance(stopped, Unknown)
        assert stopped.this_call_did_nothing
        assert len(fake.calls("POST /v1/payment_intents")) == sends_before_it_stops
    assert fake.calls("/confirm") == []


@pytest.mark.parametrize("amount_minor", [1, 49])
async def test_what_stripe_refuses_to_make_is_declined_and_stays_so(
    fake: FakeStripe, gateway: StripeGateway, amount_minor: int
) -> None:
    request = charge_of(fake.store_card(), amount_minor=amount_minor)
    refused = await gateway.charge(request)
    assert isinstance(refused, Declined)
    assert refused.code == "amount_too_small"
    assert not refused.retryable
    assert isinstance(await gateway.charge(request), Declined)
    assert isinstance(await gateway.lookup(KEY), Declined)


async def test_a_refusal_that_stripe_remembers_under_the_key_is_declined_as_well(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    request = ChargeRequest(
        idempotency_key=KEY,
        amount_minor=5_000,
        currency="IRR",
        payment_method_reference=fake.store_card(),
        off_session=True,
    )
    for _ in range(2):
        assert isinstance(await gateway.charge(request), Declined)
    assert fake.books.intents == {}


async def test_a_method_that_was_taken_away_since_does_not_hide_what_it_paid(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    fake.books.search_lags = True
    method = fake.store_card()
    fake.faults.append(Fault("/confirm"))
    request = charge_of(method)
    assert isinstance(await gateway.charge(request), Unknown)
    await gateway.detach_payment_method(method)
    assert isinstance(await gateway.charge(request), Succeeded)


async def test_a_detached_method_is_declined_for_ever(fake: FakeStripe, gateway: StripeGateway) -> None:
    method = fake.store_card()
    await gateway.detach_payment_method(method)
    declined = await gateway.charge(charge_of(method))
    assert isinstance(declined, Declined)
    assert (declined.code, declined.retryable) == ("unknown_payment_method", False)
    assert isinstance(await gateway.lookup(KEY), Declined)


@pytest.mark.parametrize(
    ("behaviour", "code", "retryable"),
    [
        ("decline:insufficient_funds", "insufficient_funds", True),
        ("decline:do_not_honor", "do_not_honor", True),
        ("decline:do_not_honor:do_not_try_again", "do_not_honor", False),
        ("decline:generic_decline:confirm_card_data", "generic_decline", False),
        ("decline:stolen_card:try_again_later", "stolen_card", False),
        ("decline:lost_card", "lost_card", False),
        ("decline:pickup_card", "pickup_card", False),
        ("decline:fraudulent", "fraudulent", False),
        ("decline:expired_card", "expired_card", False),
        ("decline:a_code_of_next_year", "a_code_of_next_year", False),
    ],
)
async def test_a_decline_says_whether_to_try_again_and_says_the_same_when_looked_up(
    fake: FakeStripe, gateway: StripeGateway, behaviour: str, code: str, *, retryable: bool
) -> None:
    declined = await gateway.charge(charge_of(fake.store_card(behaviour)))
    assert isinstance(declined, Declined)
    assert (declined.code, declined.retryable) == (code, retryable)
    assert await gateway.lookup(KEY) == declined
    (intent,) = fake.books.intents.values()
    assert intent["status"] == "canceled", "Stripe would let a declined PaymentIntent be tried again"


async def test_a_known_key_is_no_other_charge_because_its_answer_was_a_decline(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    request = charge_of(fake.store_card("decline:insufficient_funds"))
    declined = await gateway.charge(request)
    fake.books.behaviours[request.payment_method_reference] = "ok"
    fake.forget_keys()
    assert await gateway.charge(request) == declined
    assert fake.books.taken_minor(KEY) == 0


async def test_a_revoked_key_is_no_decline_of_the_payers_card(fake: FakeStripe) -> None:
    gateway = open_gateway_at(fake, secret_key="sk_test_revoked")
    outcome = await gateway.charge(charge_of(fake.store_card()))
    await gateway.aclose()
    assert isinstance(outcome, Unknown)
    assert outcome.this_call_did_nothing
    assert "sk_test" not in outcome.detail


async def test_a_debit_is_processing_until_its_bank_has_paid(fake: FakeStripe, gateway: StripeGateway) -> None:
    method = fake.store_card("processing", kind="sepa_debit")
    await gateway.charge(charge_of(method))
    (create,) = fake.calls("POST /v1/payment_intents")
    assert create.params["allowed_payment_method_types[0]"] == "sepa_debit"
    assert not isinstance(await gateway.cancel(KEY), Declined)


async def test_an_on_session_charge_that_must_be_approved_tells_its_page(
    fake: FakeStripe, gateway: StripeGateway
) -> None:
    asked = await gateway.charge(charge_of(fake.store_card("authenticate"), off_session=False))
    assert isinstance(asked, ActionRequired)
    assert asked.url.startswith("https://hooks.stripe.example/")
    (confirm,) = fake.calls("/confirm")
    assert confirm.params["return_url"] == RETURN_URL
    assert "off_session" not in confirm.params
