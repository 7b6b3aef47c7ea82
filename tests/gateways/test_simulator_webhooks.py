"""Webhooks are signed, repeated until accepted, and as unreliable as the script wants."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeRequest,
    EventKind,
    EventPage,
    Processing,
    Refunded,
    RefundRequest,
    Succeeded,
    WebhookRejected,
)
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from commcredits.gateways.simulator.faults import DelayWebhook, DropWebhook, RepeatWebhook
from commcredits.gateways.simulator.signing import new_webhook_secret, signed_headers
from tests.gateways.simulator_process import SimulatorProcess, store_card
from tests.gateways.webhook_receiver import Receiver, receiving

SECRET = new_webhook_secret()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    simulator: SimulatorProcess
    gateway: SimulatorGateway
    control: SimulatorControl
    receiver: Receiver

    def kinds(self) -> list[str]:
        """Which events of charges and refunds came, in the order in which they came."""
        kinds = [str(json.loads(body)["kind"]) for _, body in self.receiver.messages]
        return [kind for kind in kinds if not kind.startswith("payment_method")]


@asynccontextmanager
async def scene(folder: Path, *statuses: int) -> AsyncIterator[Scene]:
    """A receiver, and a simulator that sends it webhooks."""
    async with receiving(*statuses) as receiver:
        simulator = SimulatorProcess(
            state_path=folder / "simulator.sqlite",
            arguments=("--webhook-url", receiver.url),
            environment={"COMMCREDITS_SIMULATOR_WEBHOOK_SECRET": SECRET.get_secret_value()},
        ).start()
        gateway = SimulatorGateway(simulator.base_url, webhook_secret=SECRET)
        try:
            async with simulator.control() as control:
                yield Scene(simulator=simulator, gateway=gateway, control=control, receiver=receiver)
        finally:
            await gateway.aclose()
            simulator.stop()


def charge_of(method: str, key: str) -> ChargeRequest:
    return ChargeRequest(
        idempotency_key=key, amount_minor=5_000, currency="EUR", payment_method_reference=method, off_session=True
    )


async def test_a_webhook_is_proven_and_translated(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        charged = await play.gateway.charge(charge_of(await store_card(play.simulator, "sim_ok"), "top-up-1"))
        assert isinstance(charged, Succeeded)
        headers, body = (await play.receiver.wait_for(2))[1]
        events = play.gateway.verify_webhook(headers, body)
        assert not isinstance(events, WebhookRejected)
        (event,) = events
        assert event.kind is EventKind.CHARGE_SUCCEEDED
        assert (event.object_reference, event.idempotency_key) == (charged.reference, "top-up-1")
        assert abs(event.occurred_at - datetime.now(UTC)) < timedelta(minutes=1)
        upper = {name.title(): value for name, value in headers.items()}
        assert play.gateway.verify_webhook(upper, body) == events


async def test_a_charge_a_refund_and_a_dispute_are_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        charged = await play.gateway.charge(charge_of(await store_card(play.simulator, "sim_ok"), "told"))
        assert isinstance(charged, Succeeded)
        refund = RefundRequest(
            idempotency_key="told-1", charge_reference=charged.reference, amount_minor=1, currency="EUR"
        )
        assert isinstance(await play.gateway.refund(refund), Refunded)
        await play.control.dispute(charged.reference, "opened")
        await play.control.dispute(charged.reference, "lost")
        await play.receiver.wait_for(5)
        assert play.kinds() == ["charge_succeeded", "refund_succeeded", "dispute_opened", "dispute_lost"]


async def test_a_charge_in_processing_is_told_when_it_is_decided_without_being_asked(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        outcome = await play.gateway.charge(charge_of(await store_card(play.simulator, "sim_processing"), "slow"))
        assert isinstance(outcome, Processing)
        await play.receiver.wait_for(3)
        assert play.kinds() == ["charge_processing", "charge_succeeded"]


async def test_a_cancelled_wait_for_the_payer_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        outcome = await play.gateway.charge(charge_of(await store_card(play.simulator, "sim_authenticate"), "ask"))
        assert isinstance(outcome, ActionRequired)
        await play.gateway.cancel("ask")
        await play.receiver.wait_for(3)
        assert play.kinds() == ["charge_action_required", "charge_declined"]


async def test_a_webhook_may_come_twice_with_the_same_id(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        method = await store_card(play.simulator, "sim_ok")
        await play.control.script(RepeatWebhook(copies=3))
        await play.gateway.charge(charge_of(method, "repeated"))
        messages = (await play.receiver.wait_for(4))[1:]
        assert len({headers["webhook-id"] for headers, _ in messages}) == 1
        assert len({body for _, body in messages}) == 1


async def test_webhooks_may_come_out_of_order(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        method = await store_card(play.simulator, "sim_ok")
        await play.control.script(DelayWebhook(milliseconds=600))
        first = await play.gateway.charge(charge_of(method, "first"))
        assert isinstance(first, Succeeded)
        await play.gateway.charge(charge_of(method, "second"))
        messages = (await play.receiver.wait_for(3))[1:]
        assert [json.loads(body)["idempotency_key"] for _, body in messages] == ["second", "first"]


async def test_a_later_state_may_be_told_before_an_earlier_one(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        await play.gateway.charge(charge_of(await store_card(play.simulator, "sim_webhook_out_of_order"), "order"))
        await play.receiver.wait_for(3)
        assert play.kinds() == ["charge_succeeded", "charge_processing"]


async def test_a_lost_webhook_is_found_by_a_sweep(tmp_path: Path) -> None:
    async with scene(tmp_path) as play:
        method = await store_card(play.simulator, "sim_ok")
        await play.control.script(DropWebhook())
        await play.gateway.charge(charge_of(method, "dropped"))
        await play.gateway.charge(charge_of(method, "told"))
        await play.receiver.wait_for(2)
        assert [json.loads(body)["idempotency_key"] for _, body in play.receiver.messages[1:]] == ["told"]
        page = await play.gateway.list_since(None)
        assert isinstance(page, EventPage)
        keys = [event.idempotency_key for event in page.events if event.kind is EventKind.CHARGE_SUCCEEDED]
        assert keys == ["dropped", "told"]


async def test_a_webhook_that_is_not_accepted_comes_again(tmp_path: Path) -> None:
    async with scene(tmp_path, 500) as play:
        await store_card(play.simulator, "sim_ok")
        first, second = await play.receiver.wait_for(2)
        assert first[1] == second[1]
        assert first[0]["webhook-id"] == second[0]["webhook-id"]


async def test_a_webhook_that_was_not_sent_yet_survives_a_kill(tmp_path: Path) -> None:
    async with scene(tmp_path, 503) as play:
        await store_card(play.simulator, "sim_ok")
        await play.receiver.wait_for(1)
        assert play.simulator.process is not None
        play.simulator.process.kill()
        play.simulator.process.communicate(timeout=10)
        play.simulator.start()
        first, second = await play.receiver.wait_for(2)
        assert first[0]["webhook-id"] == second[0]["webhook-id"]


def test_a_webhook_of_somebody_else_is_rejected() -> None:
    gateway = SimulatorGateway("http://127.0.0.1:1", webhook_secret=SECRET)
    body = '{"id":"evt_1"}'
    stranger = signed_headers(new_webhook_secret(), event_id="evt_1", body=body, now=datetime.now(UTC))
    assert isinstance(gateway.verify_webhook(stranger, body.encode()), WebhookRejected)


def test_a_changed_webhook_is_rejected() -> None:
    gateway = SimulatorGateway("http://127.0.0.1:1", webhook_secret=SECRET)
    headers = signed_headers(SECRET, event_id="evt_1", body='{"amount":1}', now=datetime.now(UTC))
    assert isinstance(gateway.verify_webhook(headers, b'{"amount":2}'), WebhookRejected)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_webhook_of_another_time_is_rejected(minutes: int) -> None:
    gateway = SimulatorGateway("http://127.0.0.1:1", webhook_secret=SECRET)
    body = '{"id":"evt_1"}'
    when = datetime.now(UTC) + timedelta(minutes=minutes)
    headers = signed_headers(SECRET, event_id="evt_1", body=body, now=when)
    assert isinstance(gateway.verify_webhook(headers, body.encode()), WebhookRejected)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        '{"id":"evt_1"}',
        '{"id":"evt_1","kind":"charge_succeeded","object_reference":"ch_1","idempotency_key":null,"occurred_at":"soon"}',
        '{"id":"evt_1","kind":"x","object_reference":"ch_1","idempotency_key":null,"occurred_at":"2026-01-01T00:00:00"}',
    ],
)
def test_a_proven_webhook_that_is_no_event_is_rejected(body: str) -> None:
    gateway = SimulatorGateway("http://127.0.0.1:1", webhook_secret=SECRET)
    headers = signed_headers(SECRET, event_id="evt_1", body=body, now=datetime.now(UTC))
    assert gateway.verify_webhook(headers, body.encode()) == WebhookRejected(reason="the body is not an event")


def test_an_event_of_a_kind_that_came_later_is_other() -> None:
    gateway = SimulatorGateway("http://127.0.0.1:1", webhook_secret=SECRET)
    body = (
        '{"id":"evt_1","kind":"payout_paid","object_reference":"po_1","idempotency_key":null,'
        '"occurred_at":"2026-01-01T00:00:00Z"}'
    )
    headers = signed_headers(SECRET, event_id="evt_1", body=body, now=datetime.now(UTC))
    events = gateway.verify_webhook(headers, body.encode())
    assert not isinstance(events, WebhookRejected)
    assert events[0].kind is EventKind.OTHER


def test_without_a_secret_nothing_is_believed() -> None:
    gateway = SimulatorGateway("http://127.0.0.1:1")
    assert isinstance(gateway.verify_webhook({}, b"{}"), WebhookRejected)
    assert not gateway.capabilities().webhooks


def test_every_secret_is_new() -> None:
    assert new_webhook_secret().get_secret_value() != new_webhook_secret().get_secret_value()
    assert "whsec_" not in repr(SecretStr(new_webhook_secret().get_secret_value()))
