"""What we ask of clients: to ask again when money has arrived, and to abort a call that somebody wants cut."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from commcredits.edges.diameter.avps import find_avp
from commcredits.edges.diameter.credit_control.dictionary import (
    ABORT_SESSION,
    RATING_GROUP,
    RE_AUTH,
    RE_AUTH_REQUEST_TYPE,
)
from commcredits.edges.diameter.dictionary import AUTH_APPLICATION_ID, DESTINATION_HOST, DESTINATION_REALM, SESSION_ID
from commcredits.edges.diameter.limits import PeerLimits
from commcredits.edges.diameter.messages import Message
from tests.edges.diameter.credit_client import CreditClient, group, information, subscription
from tests.edges.diameter.credit_harness import CLIENT, RELAY, SECOND_MICROS, Stand, open_stand
from tests.operations.office import soon

SESSION = f"{CLIENT};7;orders"
PARTIES = (subscription(), information())


async def _wait_for(client: CreditClient, command: int, times: int = 1) -> Message:
    await soon(lambda: [message.command_code for message in client.asked].count(command) >= times)
    return next(message for message in client.asked if message.command_code == command)


async def _order_cut(stand: Stand, session_id: str) -> None:
    await stand.office.services.pool.execute(
        """
        insert into call_cuts (shard_id, organization_id, session_id, switch, reason, ordered_by, ordered_at)
        values (0, $1, $2, $3, 'operator', 'operator', $4)
        """,
        stand.organization_id,
        session_id,
        f"diameter:{CLIENT}",
        stand.office.clock.now,
    )


async def _is_told(stand: Stand) -> bool:
    return bool(await stand.office.services.pool.fetchval("select count(*) from call_cuts where told_at is not null"))


async def _until_told(stand: Stand) -> None:
    async with asyncio.timeout(20):
        while not await _is_told(stand):  # noqa: ASYNC110 - the database tells no event
            await asyncio.sleep(0.02)


@pytest.mark.alone
async def test_a_call_that_money_limited_is_asked_for_again_when_money_arrives(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=20 * SECOND_MICROS) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group())
        assert begun.only.final
        waits = []
        for times in (1, 2, 3):
            await stand.office.grant(stand.organization_id, 10_000_000)
            started = asyncio.get_running_loop().time()
            await _wait_for(client, RE_AUTH, times)
            waits.append(asyncio.get_running_loop().time() - started)
        asked = await _wait_for(client, RE_AUTH)
        assert min(waits) < 1, "a busy machine may spoil one of them"
        avps = {avp.key: avp for avp in asked.avps()}
        assert avps[SESSION_ID].utf8() == SESSION
        assert (avps[DESTINATION_HOST].utf8(), avps[DESTINATION_REALM].utf8()) == (CLIENT, "example")
        assert (avps[AUTH_APPLICATION_ID].unsigned32(), asked.application_id) == (4, 4)
        assert (avps[RE_AUTH_REQUEST_TYPE].integer32(), avps[RATING_GROUP].unsigned32()) == (0, 100)
        stand.office.clock.advance(seconds=5)
        extended = await client.update(SESSION, 1, group(used=5))
        assert (extended.only.granted, extended.only.final) == (60, False)


async def test_more_calls_than_can_be_asked_for_at_once_are_asked_for_one_after_the_other(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commcredits.edges.diameter.transport.PeerLimits", partial(PeerLimits, requests_max=1))
    async with open_stand(database_url, funds_micros=20 * SECOND_MICROS) as stand:
        client = await stand.connect()
        first, second = f"{SESSION};first", f"{SESSION};second"
        await client.begin(first, *PARTIES, group(requested=10))
        assert (await client.begin(second, *PARTIES, group())).only.final
        stand.office.clock.advance(seconds=5)
        assert (await client.update(first, 1, group(used=5))).only.final
        await stand.office.grant(stand.organization_id, 10_000_000)
        await soon(lambda: {_session_of(message) for message in client.asked} == {first, second})


def _session_of(message: Message) -> str:
    found = find_avp(message.avps(), SESSION_ID)
    assert found is not None
    return found.utf8()


async def test_a_client_is_found_again_after_a_restart_and_over_a_relay(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=20 * SECOND_MICROS) as stand:
        await (await stand.connect()).begin(SESSION, *PARTIES, group())
        client = await stand.restart()
        await stand.office.grant(stand.organization_id, 1_000_000)
        await _wait_for(client, RE_AUTH)
        await client.close()
        relay = await stand.connect(RELAY)
        relay.host = CLIENT
        assert (await relay.update(SESSION, 1, group(requested=300, used=5))).only.final
        stand.office.clock.advance(seconds=30)
        await stand.office.grant(stand.organization_id, 1_000_000)
        assert find_avp((await _wait_for(relay, RE_AUTH)).avps(), DESTINATION_HOST) is not None


async def test_a_call_that_is_to_be_cut_is_aborted(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        await _order_cut(stand, f"{SESSION}~rg100")
        asked = await _wait_for(client, ABORT_SESSION)
        assert asked.avps()[0].utf8() == SESSION
        await _until_told(stand)
        ended = await client.end(SESSION, 1, group(requested=None, used=3))
        assert ended.result == 2001
        assert [message.command_code for message in client.asked] == [ABORT_SESSION]


async def test_a_client_that_cannot_abort_is_asked_again_and_refused(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        client.on_request = lambda message: 3001 if message.command_code == ABORT_SESSION else 2002
        await client.begin(SESSION, *PARTIES, group())
        await _order_cut(stand, f"{SESSION}~rg100")
        await _wait_for(client, RE_AUTH)
        assert not await _is_told(stand)
        told = await client.update(SESSION, 1, group(used=3))
        assert (told.result, told.only.result, told.only.granted, told.code) == (4010, 4010, None, "cut")
        await _until_told(stand)
        call = await stand.call()
        assert (call["state"], call["used_seconds"], call["cause"]) == ("ended", 3, "cut")


async def test_a_cut_is_ordered_again_until_a_client_takes_it(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        await client.close()
        await _order_cut(stand, f"{SESSION}~rg100")
        await asyncio.sleep(0.5)
        assert not await _is_told(stand)
        client = await stand.connect()
        stand.office.clock.now += timedelta(seconds=3)
        await _wait_for(client, ABORT_SESSION)
        await _until_told(stand)


async def test_a_session_that_the_client_has_not_any_more_is_cut_already(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        client.on_request = lambda _message: 5002
        await client.begin(SESSION, *PARTIES, group())
        await _order_cut(stand, f"{SESSION}~rg100")
        await _until_told(stand)


async def test_a_client_that_answers_nothing_keeps_its_call_and_harms_nobody(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=20 * SECOND_MICROS) as stand:
        client = await stand.connect()
        client.on_request = lambda _message: None
        await client.begin(SESSION, *PARTIES, group())
        await stand.office.grant(stand.organization_id, 1_000_000)
        await _wait_for(client, RE_AUTH)
        await _order_cut(stand, f"{SESSION}~rg100")
        await _wait_for(client, ABORT_SESSION)
        other = f"{CLIENT};7;other"
        assert (await client.begin(other, *PARTIES, group())).result == 2001
        assert (await client.update(other, 1, group(used=5))).result == 2001
