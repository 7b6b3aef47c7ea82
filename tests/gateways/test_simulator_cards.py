"""Each test card does what its line in the table says."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx
import pytest

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    Dispute,
    DisputeState,
    NotFound,
    PayoutPage,
    Processing,
    Refunded,
    RefundRefused,
    RefundRequest,
    Succeeded,
    Unknown,
)
from commcredits.gateways.simulator.cards import TEST_CARDS
from commcredits.gateways.simulator.client import SimulatorGateway
from tests.gateways.simulator_process import SimulatorProcess, store_card, taken_minor

ROOT = Path(__file__).resolve().parents[2]


async def pay_with(
    gateway: SimulatorGateway, simulator: SimulatorProcess, card: str, key: str, *, off_session: bool = True
) -> ChargeOutcome:
    method = await store_card(simulator, card)
    return await gateway.charge(
        ChargeRequest(
            idempotency_key=key,
            amount_minor=5_000,
            currency="EUR",
            payment_method_reference=method,
            off_session=off_session,
        )
    )


@pytest.mark.parametrize("card", ["sim_ok", "sim_ok_second", "sim_expiring", "sim_webhook_twice", "sim_webhook_lost"])
async def test_a_good_card_pays_and_the_fee_is_told(
    gateway: SimulatorGateway, simulator: SimulatorProcess, card: str
) -> None:
    outcome = await pay_with(gateway, simulator, card, f"card-{card}")
    assert isinstance(outcome, Succeeded)
    assert outcome.fee_minor == 25 + 75
    assert await taken_minor(simulator, f"card-{card}") == 5_000


@pytest.mark.parametrize(
    ("card", "code", "retryable"),
    [
        ("sim_decline_insufficient_funds", "insufficient_funds", True),
        ("sim_decline_expired_card", "expired_card", False),
        ("sim_decline_stolen_card", "stolen_card", False),
        ("sim_decline_do_not_honour", "do_not_honour", True),
    ],
)
async def test_a_bad_card_is_declined_with_its_reason(
    gateway: SimulatorGateway, simulator: SimulatorProcess, card: str, code: str, *, retryable: bool
) -> None:
    outcome = await pay_with(gateway, simulator, card, f"card-{card}")
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.retryable) == (code, retryable)
    assert outcome.message
    assert await taken_minor(simulator, f"card-{card}") == 0


async def test_a_card_that_asks_only_off_session_pays_at_once_when_its_holder_is_there(
    gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    card = "sim_authenticate_off_session"
    assert isinstance(await pay_with(gateway, simulator, card, "off-session", off_session=True), ActionRequired)
    assert isinstance(await pay_with(gateway, simulator, card, "on-session", off_session=False), Succeeded)


async def test_a_card_in_processing_may_be_declined_in_the_end(
    gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    card = "sim_processing_then_declined"
    first = await pay_with(gateway, simulator, card, "slow-decline")
    assert isinstance(first, Processing)
    await asyncio.sleep(2.1)
    found = await gateway.lookup("slow-decline")
    assert isinstance(found, Declined)
    assert found.reference == first.reference
    assert await taken_minor(simulator, "slow-decline") == 0


async def test_a_charge_whose_answer_is_lost_was_made(gateway: SimulatorGateway, simulator: SimulatorProcess) -> None:
    outcome = await pay_with(gateway, simulator, "sim_timeout_after_charge", "lost-after")
    assert isinstance(outcome, Unknown)
    assert isinstance(await gateway.lookup("lost-after"), Succeeded)
    assert await taken_minor(simulator, "lost-after") == 5_000


async def test_a_charge_that_is_lost_on_the_way_was_not_made(
    gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    outcome = await pay_with(gateway, simulator, "sim_timeout_before_charge", "lost-before")
    assert isinstance(outcome, Unknown)
    assert await gateway.lookup("lost-before") == NotFound()


async def test_a_slow_charge_is_found_while_its_answer_is_awaited(
    impatient_gateway: SimulatorGateway, gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    assert isinstance(await pay_with(impatient_gateway, simulator, "sim_delay", "slow"), Unknown)
    assert isinstance(await gateway.lookup("slow"), Succeeded)


async def test_not_found_is_only_true_now_because_a_slow_request_may_still_arrive(
    impatient_gateway: SimulatorGateway, gateway: SimulatorGateway, simulator: SimulatorProcess, key: str
) -> None:
    outcome = await pay_with(impatient_gateway, simulator, "sim_delay_before_charge", key)
    assert isinstance(outcome, Unknown)
    assert await gateway.lookup(key) == NotFound()
    await asyncio.sleep(2.5)
    assert isinstance(await gateway.lookup(key), Succeeded)


async def test_a_cancelled_key_stays_closed_for_a_request_that_arrives_late(
    impatient_gateway: SimulatorGateway, gateway: SimulatorGateway, simulator: SimulatorProcess, key: str
) -> None:
    assert isinstance(await pay_with(impatient_gateway, simulator, "sim_delay_before_charge", key), Unknown)
    assert isinstance(await gateway.cancel(key), Declined)
    await asyncio.sleep(2.5)
    assert isinstance(await gateway.lookup(key), Declined)
    assert await taken_minor(simulator, key) == 0


async def test_a_card_may_refuse_refunds(gateway: SimulatorGateway, simulator: SimulatorProcess) -> None:
    charged = await pay_with(gateway, simulator, "sim_refund_refused", "no-refund")
    assert isinstance(charged, Succeeded)
    refused = await gateway.refund(
        RefundRequest(idempotency_key="no-refund-1", charge_reference=charged.reference, amount_minor=1, currency="EUR")
    )
    assert isinstance(refused, RefundRefused)
    assert refused.code == "refund_refused"


async def test_a_dispute_stops_refunds_until_it_is_won(
    impatient_gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    charged = await pay_with(impatient_gateway, simulator, "sim_ok", "disputed")
    assert isinstance(charged, Succeeded)

    def refund(key: str) -> RefundRequest:
        return RefundRequest(
            idempotency_key=key, charge_reference=charged.reference, amount_minor=5_000, currency="EUR"
        )

    async with simulator.control() as control:
        await control.dispute(charged.reference, "opened")
        assert isinstance(await impatient_gateway.refund(refund("refund-1")), RefundRefused)
        await control.dispute(charged.reference, "won")
        assert isinstance(await impatient_gateway.refund(refund("refund-2")), Refunded)
        with pytest.raises(httpx.HTTPStatusError):
            await control.dispute(charged.reference, "lost")


async def test_a_dispute_is_told_with_what_is_asked_back_and_how_it_ended(
    impatient_gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    charged = await pay_with(impatient_gateway, simulator, "sim_ok", "told-dispute")
    assert isinstance(charged, Succeeded)
    assert isinstance(await impatient_gateway.find_dispute(charged.reference), NotFound)
    given_back = RefundRequest(
        idempotency_key="told-dispute-refund", charge_reference=charged.reference, amount_minor=1_500, currency="EUR"
    )
    assert isinstance(await impatient_gateway.refund(given_back), Refunded)
    states = []
    async with simulator.control() as control:
        states_told: tuple[Literal["opened", "lost"], ...] = ("opened", "lost")
        for state in states_told:
            await control.dispute(charged.reference, state)
            found = await impatient_gateway.find_dispute(charged.reference)
            assert isinstance(found, Dispute)
            states.append((found.charge_reference, found.amount_minor, found.currency, found.state))
    assert states == [
        (charged.reference, 3_500, "EUR", DisputeState.OPEN),
        (charged.reference, 3_500, "EUR", DisputeState.LOST),
    ]


async def test_nothing_is_paid_out_before_its_day_is_over(
    impatient_gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    assert isinstance(await pay_with(impatient_gateway, simulator, "sim_ok", "paid-out"), Succeeded)
    page = await impatient_gateway.list_payouts(None)
    assert isinstance(page, PayoutPage)
    assert (page.payouts, page.has_more) == ((), False)


async def test_a_card_lasts_to_the_end_of_its_last_month(
    gateway: SimulatorGateway, simulator: SimulatorProcess
) -> None:
    method = await gateway.describe_payment_method(await store_card(simulator, "sim_expiring"))
    now = datetime.now(UTC)
    assert (getattr(method, "expiry_year", None), getattr(method, "expiry_month", None)) == (now.year, now.month)


async def test_the_same_card_has_the_same_fingerprint(gateway: SimulatorGateway, simulator: SimulatorProcess) -> None:
    described = [
        await gateway.describe_payment_method(await store_card(simulator, card))
        for card in ("sim_ok", "sim_ok", "sim_ok_second")
    ]
    first, again, other = [getattr(method, "fingerprint", None) for method in described]
    assert first == again != other


def test_no_card_looks_like_a_card_number() -> None:
    assert all(re.fullmatch(r"sim_[a-z_]+", name) for name in TEST_CARDS)
    assert len({card.last4 for card in TEST_CARDS.values()}) == len(TEST_CARDS)


def test_the_documentation_has_every_card() -> None:
    page = (ROOT / "docs" / "gateways.md").read_text("utf-8")
    assert [card.name for card in TEST_CARDS.values() if f"| `{card.name}` | {card.does} |" not in page] == []
