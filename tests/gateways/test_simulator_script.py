"""A script lets things go wrong on purpose: for the next requests, or for one payment method."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeRequest,
    Declined,
    NotFound,
    Processing,
    Refunded,
    RefundRefused,
    RefundRequest,
    Succeeded,
    Unknown,
)
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from commcredits.gateways.simulator.faults import (
    FAULTS_OF_OPERATION,
    Authenticate,
    Decline,
    DeclineCode,
    Delay,
    Error,
    LoseAnswer,
    Process,
    RefuseRefund,
)
from tests.gateways.simulator_process import NO_TRUST, SimulatorProcess, store_card, taken_minor

ROOT = Path(__file__).resolve().parents[2]


def charge_of(method: str, key: str) -> ChargeRequest:
    return ChargeRequest(
        idempotency_key=key, amount_minor=5_000, currency="EUR", payment_method_reference=method, off_session=True
    )


@pytest.fixture
async def method(simulator: SimulatorProcess) -> str:
    return await store_card(simulator, "sim_ok")


async def test_the_next_charges_are_declined_and_then_no_more(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Decline(code=DeclineCode.INSUFFICIENT_FUNDS), requests=2)
    outcomes = [await gateway.charge(charge_of(method, f"{key}-{number}")) for number in range(3)]
    assert [type(outcome) for outcome in outcomes] == [Declined, Declined, Succeeded]


async def test_a_fault_of_one_payment_method_leaves_the_others_alone(
    simulator: SimulatorProcess, gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    other = await store_card(simulator, "sim_ok")
    await control.script(Decline(), requests=None, payment_method_reference=method)
    outcomes = [await gateway.charge(charge_of(who, f"{who}-{n}")) for n in range(2) for who in (method, other)]
    assert [type(outcome) for outcome in outcomes] == [Declined, Succeeded, Declined, Succeeded]
    await control.clear_script()
    assert isinstance(await gateway.charge(charge_of(method, f"{key}-after")), Succeeded)


async def test_a_retry_of_a_declined_key_repeats_the_decline_and_uses_nothing_up(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Decline(), requests=1)
    first = await gateway.charge(charge_of(method, key))
    assert isinstance(first, Declined)
    await control.script(Decline(), requests=1)
    assert await gateway.charge(charge_of(method, key)) == first
    assert isinstance(await gateway.charge(charge_of(method, f"{key}-fresh")), Declined)


async def test_any_card_can_be_asked_for_authentication(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Authenticate())
    assert isinstance(await gateway.charge(charge_of(method, key)), ActionRequired)


async def test_any_charge_can_be_put_into_processing(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Process(milliseconds=50))
    assert isinstance(await gateway.charge(charge_of(method, key)), Processing)
    await asyncio.sleep(0.1)
    assert isinstance(await gateway.lookup(key), Succeeded)


@pytest.mark.parametrize("fault", [LoseAnswer(), LoseAnswer(manner="hang"), Error(after_acting=True)])
async def test_an_answer_lost_after_charging_is_unknown_and_the_money_was_taken(
    simulator: SimulatorProcess,
    impatient_gateway: SimulatorGateway,
    gateway: SimulatorGateway,
    control: SimulatorControl,
    method: str,
    fault: LoseAnswer | Error,
    key: str,
) -> None:
    await control.script(fault)
    outcome = await impatient_gateway.charge(charge_of(method, key))
    assert isinstance(outcome, Unknown)
    assert not outcome.this_call_did_nothing
    assert isinstance(await gateway.lookup(key), Succeeded)
    assert await taken_minor(simulator, key) == 5_000


@pytest.mark.parametrize(
    "fault", [LoseAnswer(before_acting=True), LoseAnswer(manner="hang", before_acting=True), Error(), Error(status=503)]
)
async def test_an_answer_lost_before_charging_is_just_as_unknown_and_nothing_was_taken(
    simulator: SimulatorProcess,
    impatient_gateway: SimulatorGateway,
    gateway: SimulatorGateway,
    control: SimulatorControl,
    method: str,
    fault: LoseAnswer | Error,
    key: str,
) -> None:
    await control.script(fault)
    outcome = await impatient_gateway.charge(charge_of(method, key))
    assert isinstance(outcome, Unknown)
    assert not outcome.this_call_did_nothing
    assert await gateway.lookup(key) == NotFound()
    assert await taken_minor(simulator, key) == 0


async def test_too_many_requests_never_charges_even_if_told_to(
    simulator: SimulatorProcess, gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Error(status=429, after_acting=True))
    outcome = await gateway.charge(charge_of(method, key))
    assert isinstance(outcome, Unknown)
    assert outcome.this_call_did_nothing
    assert await taken_minor(simulator, key) == 0


async def test_faults_of_several_kinds_strike_one_request_together(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Decline())
    await control.script(LoseAnswer())
    assert isinstance(await gateway.charge(charge_of(method, key)), Unknown)
    assert isinstance(await gateway.lookup(key), Declined)


async def test_an_outage_may_swallow_every_try_and_every_lookup(
    simulator: SimulatorProcess, gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(LoseAnswer(), requests=None)
    await control.script(Error(status=503), operation="lookup", requests=None)
    for _ in range(3):
        assert isinstance(await gateway.charge(charge_of(method, key)), Unknown)
        assert isinstance(await gateway.lookup(key), Unknown)
    await control.clear_script()
    assert isinstance(await gateway.lookup(key), Succeeded)
    assert await taken_minor(simulator, key) == 5_000


async def test_a_delay_answers_late_and_truly(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Delay(milliseconds=200))
    started_at = asyncio.get_running_loop().time()
    assert isinstance(await gateway.charge(charge_of(method, key)), Succeeded)
    assert asyncio.get_running_loop().time() - started_at >= 0.19


async def test_two_tries_of_a_late_charge_take_the_money_once(
    simulator: SimulatorProcess, gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(Delay(milliseconds=150, before_acting=True), requests=1)
    outcomes = await asyncio.gather(*(gateway.charge(charge_of(method, key)) for _ in range(2)))
    assert outcomes[0] == outcomes[1]
    assert await taken_minor(simulator, key) == 5_000


async def test_refunds_can_be_refused_and_their_answers_lost(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    charged = await gateway.charge(charge_of(method, key))
    assert isinstance(charged, Succeeded)
    request = RefundRequest(
        idempotency_key=f"{key}-1", charge_reference=charged.reference, amount_minor=2_000, currency="EUR"
    )
    await control.script(LoseAnswer(), operation="refund")
    assert isinstance(await gateway.refund(request), Unknown)
    assert isinstance(await gateway.lookup_refund(f"{key}-1"), Refunded)
    assert await gateway.refund(request) == await gateway.lookup_refund(f"{key}-1")
    await control.script(RefuseRefund(), operation="refund")
    assert isinstance(await gateway.refund(replace(request, idempotency_key=f"{key}-2")), RefundRefused)
    booked = [charge for charge in await control.charges() if charge.idempotency_key == key]
    assert [(charge.amount_minor, charge.refunded_minor) for charge in booked] == [(5_000, 2_000)]


async def test_a_cancellation_can_be_lost_too(
    gateway: SimulatorGateway, control: SimulatorControl, method: str, key: str
) -> None:
    await control.script(LoseAnswer(), operation="cancel")
    assert isinstance(await gateway.cancel(key), Unknown)
    assert isinstance(await gateway.charge(charge_of(method, key)), Declined)


async def test_the_script_survives_a_restart_and_shows_what_is_left(own_simulator: SimulatorProcess) -> None:
    method = await store_card(own_simulator, "sim_ok")
    async with own_simulator.control() as control:
        await control.script(Decline(), requests=3)
        await control.script(Delay(milliseconds=1), requests=None, payment_method_reference=method)
    own_simulator.stop()
    own_simulator.start()
    async with httpx.AsyncClient(base_url=own_simulator.base_url, trust_env=False, verify=NO_TRUST) as http:
        items = (await http.get("/script")).json()["items"]
    assert [(item["fault"]["kind"], item["requests"], item["payment_method"]) for item in items] == [
        ("decline", 3, None),
        ("delay", None, method),
    ]


@pytest.mark.parametrize(
    ("operation", "fault"),
    [("refund", {"kind": "decline"}), ("lookup", {"kind": "repeat_webhook"}), ("charge", {"kind": "refuse_refund"})],
)
async def test_a_fault_that_can_not_strike_is_refused(
    simulator: SimulatorProcess, operation: str, fault: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=simulator.base_url, trust_env=False, verify=NO_TRUST) as http:
        answer = await http.post("/script", json={"operation": operation, "fault": fault})
    assert answer.status_code == 422
    assert answer.json()["code"] == "fault_not_allowed"


def test_the_documentation_has_every_fault() -> None:
    page = (ROOT / "docs" / "gateways.md").read_text("utf-8")
    kinds = {kind for kinds in FAULTS_OF_OPERATION.values() for kind in kinds}
    tags = {str(kind.__struct_config__.tag) for kind in kinds if issubclass(kind, msgspec.Struct)}
    assert sorted(tag for tag in tags if f"| `{tag}` |" not in page) == []
