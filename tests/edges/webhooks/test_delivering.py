"""Webhooks reach a real receiver, which verifies them with the library that receivers use, or are tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import WebhookVerificationError
from structlog.testing import capture_logs

from commcredits.core.notices import NoticeKind
from commcredits.edges.webhooks.carrying import HttpCarrier
from commcredits.operations import webhook_delivering
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.webhook_deliveries import Delivery, resend_delivery
from commcredits.operations.webhook_delivering import WAITS_SECONDS, WebhookDelivering
from commcredits.operations.webhook_endpoints import (
    Endpoint,
    EndpointWithSecret,
    disable_endpoint,
    enable_endpoint,
    list_endpoints,
    remove_endpoint,
    rotate_secret,
)
from tests.edges.webhooks.desk import Desk, open_desk
from tests.edges.webhooks.receiver import document_of, receiving
from tests.operations.telling import notice, told


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


async def test_a_receiver_gets_a_notice_once_signed_with_amounts_as_the_api_writes_them(desk: Desk) -> None:
    async with receiving() as receiver:
        secret = (await desk.endpoint(receiver.url)).secret
        await desk.tell()
        assert await desk.delivering.run() == 1
        assert await desk.delivering.run() == 0
    (came,) = receiver.came
    (known,) = await told(desk.services, desk.organization_id)
    assert came.read(secret) == {
        "type": "balance_low",
        "timestamp": known.noticed_at.isoformat().replace("+00:00", "Z"),
        "data": {
            "organization_id": desk.organization_id,
            "alert": "25.000000",
            "balance": "24.500000",
            "currency": "EUR",
        },
    }
    assert came.headers["webhook-id"] == known.notice_id
    assert came.line == "POST /hooks?of=credits HTTP/1.1"
    assert came.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert came.headers["content-type"] == "application/json"
    (delivery,) = await desk.log()
    assert (delivery.state, delivery.status, delivery.attempts, delivery.trouble) == ("delivered", 204, 1, "")


async def test_another_secret_or_another_body_is_not_taken_for_ours(desk: Desk) -> None:
    async with receiving() as receiver:
        secret = (await desk.endpoint(receiver.url)).secret
        await desk.tell()
        await desk.delivering.run()
    (came,) = receiver.came
    with pytest.raises(WebhookVerificationError):
        came.read("whsec_" + "A" * 44)
    came.body = came.body.replace(b"24.500000", b"99.500000")
    with pytest.raises(WebhookVerificationError):
        came.read(secret)


async def test_an_endpoint_gets_the_kinds_that_it_chose(desk: Desk) -> None:
    async with receiving() as receiver:
        await desk.endpoint(receiver.url, "disputes")
        await desk.tell()
        await notice(desk.services, desk.organization_id, kind=NoticeKind.DISPUTE_LOST)
        await hand_on_notices(desk.services)
        assert await desk.delivering.run() == 1
    assert [document_of(came)["type"] for came in receiver.came] == ["dispute_lost"]


async def test_two_secrets_sign_for_a_day_after_a_rotation_and_then_the_new_one_alone(desk: Desk) -> None:
    async with receiving() as receiver:
        added = await desk.endpoint(receiver.url)
        place = {"organization_id": desk.organization_id, "endpoint_id": added.endpoint.endpoint_id}
        rotated = await rotate_secret(desk.services, **place)
        assert isinstance(rotated, EndpointWithSecret), rotated
        assert rotated.secret != added.secret
        assert rotated.endpoint.old_secret_until == desk.office.clock.now + timedelta(days=1)
        await desk.tell()
        await desk.delivering.run()
        desk.office.clock.advance(days=1)
        await desk.tell()
        await desk.delivering.run()
    first, second = receiver.came
    assert first.read(added.secret) == first.read(rotated.secret)
    assert len(first.headers["webhook-signature"].split(" ")) == 2
    assert len(second.headers["webhook-signature"].split(" ")) == 1
    stamp = int(second.headers["webhook-timestamp"])
    assert stamp == int(desk.office.clock.now.timestamp())
    assert added.secret not in repr(added)


async def test_a_delivery_that_fails_is_tried_again_later_and_later_under_the_same_id(desk: Desk) -> None:
    async with receiving(status=500, body=b"out of order") as receiver:
        await desk.endpoint(receiver.url)
        await desk.tell()
        for tries, seconds in enumerate(WAITS_SECONDS, start=1):
            assert await desk.delivering.run() == 1
            (delivery,) = await desk.log()
            assert (delivery.state, delivery.attempts, delivery.status) == ("waiting", tries, 500)
            assert (delivery.answer, delivery.trouble) == ("out of order", "answered 500")
            assert delivery.next_at is not None
            waits = (delivery.next_at - desk.office.clock.now).total_seconds()
            assert seconds <= waits <= seconds * 1.2
            desk.office.clock.now = delivery.next_at - timedelta(microseconds=1)
            assert await desk.delivering.run() == 0
            desk.office.clock.now = delivery.next_at
        assert await desk.delivering.run() == 1
        assert await desk.delivering.run() == 0
    (delivery,) = await desk.log()
    assert (delivery.state, delivery.next_at) == ("failed", None)
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1
    assert len({came.body for came in receiver.came}) == 1


async def test_a_failed_delivery_is_sent_again_by_hand_with_all_its_tries(desk: Desk) -> None:
    async with receiving(status=500) as receiver:
        await desk.endpoint(receiver.url)
        await desk.tell()
        for _ in range(len(WAITS_SECONDS) + 1):
            await desk.delivering.run()
            (tried,) = await desk.log()
            desk.office.clock.now = tried.next_at or desk.office.clock.now
        (failed,) = await desk.log(state="failed")
        place = {"organization_id": desk.organization_id, "delivery_id": failed.delivery_id}
        waiting = await resend_delivery(desk.services, **place)
        assert isinstance(waiting, Delivery), waiting
        assert waiting.state == "waiting"
        await desk.delivering.run()
        (once_more,) = await desk.log()
        assert (once_more.state, once_more.attempts) == ("waiting", len(WAITS_SECONDS) + 2)
        receiver.status = 200
        desk.office.clock.advance(minutes=1)
        await desk.delivering.run()
    (delivered,) = await desk.log()
    assert (delivered.state, delivered.status) == ("delivered", 200)
    assert (await desk.known()).failing_since is None


async def test_an_endpoint_that_took_nothing_for_five_days_is_disabled_and_its_notice_goes_to_the_others(
    desk: Desk,
) -> None:
    async with receiving(status=503) as broken, receiving() as other:
        added = await desk.endpoint(broken.url)
        await desk.endpoint(other.url, "webhooks")
        await desk.tell()
        await desk.delivering.run()
        desk.office.clock.advance(days=5, microseconds=-1)
        await desk.tell()
        await desk.delivering.run()
        endpoints = await list_endpoints(desk.services, organization_id=desk.organization_id)
        assert isinstance(endpoints, tuple)
        assert [each.state for each in endpoints] == ["enabled", "enabled"]
        desk.office.clock.advance(days=2)
        with capture_logs() as logged:
            await desk.delivering.run()
        assert [line["event"] for line in logged if line["log_level"] == "warning"] == ["webhook disabled"]
        count = len(broken.came)
        await desk.tell()
        await hand_on_notices(desk.services)
        await desk.delivering.run()
    assert len(broken.came) == count
    (notice_of_it,) = other.came
    document = document_of(notice_of_it)
    assert document["type"] == "webhook_disabled"
    assert document["data"]["endpoint_id"] == added.endpoint.endpoint_id
    assert document["data"]["reason"] == "failing"
    # The host alone, for a path may be a key.
    assert document["data"]["host"] == f"127.0.0.1:{broken.port}"
    assert "hooks?of" not in str(document)
    assert {each.state for each in await desk.log(endpoint_id=added.endpoint.endpoint_id)} == {"failed"}
    place = {"organization_id": desk.organization_id, "endpoint_id": added.endpoint.endpoint_id}
    enabled = await enable_endpoint(desk.services, **place)
    assert isinstance(enabled, Endpoint)
    assert (enabled.state, enabled.failing_since, enabled.disabled_because) == ("enabled", None, "")


async def test_one_success_in_between_begins_the_five_days_anew(desk: Desk) -> None:
    async with receiving(status=500) as receiver:
        await desk.endpoint(receiver.url)
        for status in (500, 500, 200, 500, 500):
            receiver.status = status
            await desk.tell()
            await desk.delivering.run()
            desk.office.clock.advance(days=2)
    assert (await desk.known()).state == "enabled"


async def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once(desk: Desk) -> None:
    async with receiving(status=410) as receiver:
        await desk.endpoint(receiver.url)
        await desk.tell()
        await desk.tell()
        await desk.delivering.run()
    endpoint = await desk.known()
    assert (endpoint.state, endpoint.disabled_because) == ("disabled", "gone")
    assert len(receiver.came) == 1
    assert [each.state for each in await desk.log()] == ["failed", "failed"]
    assert len(await told(desk.services, desk.organization_id, "webhook_disabled")) == 1


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    async with receiving() as target:
        async with receiving(status=307, fields=f"location: {target.url}\r\n") as receiver:
            await desk.endpoint(receiver.url)
            await desk.tell()
            await desk.delivering.run()
        assert target.connections == 0
    (delivery,) = await desk.log()
    assert (delivery.state, delivery.status, delivery.trouble) == ("waiting", 307, "answered 307")


async def test_of_an_endless_answer_only_the_beginning_is_read_and_no_secret_is_kept(desk: Desk) -> None:
    async with receiving(status=500) as receiver:
        added = await desk.endpoint(receiver.url)
        start = f"seen {added.secret} and Bearer abc.def and v1,c2lnbmF0dXJl\x00\x1b[31m end ".encode()
        receiver.body = start + b"x" * 5_000_000
        await desk.tell()
        await desk.delivering.run()
    (delivery,) = await desk.log()
    assert delivery.answer.startswith("seen … and … and …")
    assert "\x1b" not in delivery.answer
    assert len(delivery.answer) == 500
    assert added.secret not in str(delivery)


async def test_nothing_listening_and_half_an_answer_are_failures_and_nothing_worse(desk: Desk) -> None:
    async with receiving() as gone:
        url = gone.url
    await desk.endpoint(url)
    async with receiving(answers=lambda: False) as silent:
        await desk.endpoint(silent.url)
        await desk.tell()
        await desk.delivering.run()
        await desk.delivering.aclose()
    troubles = sorted(each.trouble for each in await desk.log())
    assert troubles == ["no answer: RemoteProtocolError", "no connection"]


async def test_the_slow_endpoints_of_one_organization_leave_places_for_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivering, "AT_ONCE_MAX", 2)
    carrier = HttpCarrier(user_agent="commcredits")
    delivering = WebhookDelivering(desk.services, carrier)
    other = replace(desk, organization_id=(await desk.office.organization(name="Other")).organization_id)
    async with receiving(hold=asyncio.Event()) as slow, receiving() as quick:
        for _ in range(4):
            await desk.endpoint(slow.url)
        await other.endpoint(quick.url)
        for each in (desk, desk, desk, other, other):
            await each.tell()
            desk.office.clock.advance(seconds=1)
        async with asyncio.timeout(30):
            await delivering.run()
            await quick.wait_for(2)
        assert slow.hold is not None
        slow.hold.set()
        await delivering.aclose()
        await carrier.aclose()
    assert {each.state for each in await other.log()} == {"delivered"}


async def test_a_slow_endpoint_holds_nobody_up(desk: Desk) -> None:
    hold = asyncio.Event()
    async with receiving(hold=hold) as slow, receiving() as quick:
        await desk.endpoint(slow.url)
        await desk.endpoint(quick.url)
        for _ in range(5):
            await desk.tell()
        async with asyncio.timeout(30):
            await desk.delivering.run()
            await quick.wait_for(5)
        # One at a time: the slow one was called once, and its other deliveries wait.
        assert len(slow.came) == 1
        hold.set()
        await slow.wait_for(1)
        await desk.delivering.aclose()
        await desk.delivering.run()
        assert len(slow.came) == 5


async def test_two_workers_deliver_each_notice_once(desk: Desk) -> None:
    carriers = [HttpCarrier(user_agent="commcredits") for _ in range(2)]
    workers = [WebhookDelivering(desk.services, carrier) for carrier in carriers]
    async with receiving() as receiver:
        await desk.endpoint(receiver.url)
        for _ in range(20):
            await desk.tell()
        await asyncio.gather(*(worker.run() for worker in workers))
        for worker in workers:
            await worker.run()
            await worker.aclose()
    for carrier in carriers:
        await carrier.aclose()
    ids = [came.headers["webhook-id"] for came in receiver.came]
    assert len(ids) == len(set(ids)) == 20


async def test_a_delivery_of_a_worker_that_was_killed_is_made_by_another_after_a_while(desk: Desk) -> None:
    async with receiving() as receiver:
        await desk.endpoint(receiver.url)
        await desk.tell()
        # Claimed as a worker does that dies before it sends.
        await desk.services.pool.execute(
            "update webhook_deliveries set next_at = $1, attempts = 1, tries = 1",
            desk.office.clock.now + timedelta(seconds=120),
        )
        assert await desk.delivering.run() == 0
        desk.office.clock.advance(seconds=120)
        assert await desk.delivering.run() == 1
    assert len(receiver.came) == 1


async def test_what_is_disabled_or_removed_by_hand_gets_nothing_more_and_nobody_is_told(desk: Desk) -> None:
    async with receiving() as receiver:
        added = await desk.endpoint(receiver.url)
        place = {"organization_id": desk.organization_id, "endpoint_id": added.endpoint.endpoint_id}
        await desk.tell()
        disabled = await disable_endpoint(desk.services, **place)
        assert isinstance(disabled, Endpoint)
        assert (disabled.state, disabled.disabled_because) == ("disabled", "by_hand")
        assert await desk.delivering.run() == 0
        (failed,) = await desk.log()
        again = await resend_delivery(
            desk.services, organization_id=desk.organization_id, delivery_id=failed.delivery_id
        )
        assert not isinstance(again, Delivery)
        await remove_endpoint(desk.services, **place)
        await desk.tell()
        assert await desk.delivering.run() == 0
    assert receiver.connections == 0
    assert await desk.log() == ()
    assert await told(desk.services, desk.organization_id, "webhook_disabled") == ()
