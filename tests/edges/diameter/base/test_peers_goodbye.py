"""Good-byes (RFC 6733 §5.4): either side may leave, and what was asked is answered first."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from commcredits.edges.diameter.dictionary import DISCONNECT_CAUSE, DISCONNECT_PEER, DisconnectCause, ResultCode
from commcredits.edges.diameter.messages import REQUEST, result_of
from tests.edges.diameter.base.harness import BRISK, CCR, CLIENT, Echo, agreed, by_key, connected, serving, until

HASTY = replace(BRISK, goodbye_seconds=0.2)


@pytest.mark.parametrize(
    ("cause", "word"), [(0, "rebooting"), (1, "busy"), (2, "do_not_want_to_talk_to_you"), (9, "9")]
)
async def test_a_peer_that_leaves_is_let_go_and_its_cause_is_told(cause: int, word: str) -> None:
    with capture_logs() as lines:
        async with serving() as (server, application), agreed(server) as client:
            asked = client.leave(cause)
            answer = await client.receive()
            assert (answer.command_code, answer.hop_by_hop) == (DISCONNECT_PEER, asked)
            assert result_of(answer) == ResultCode.SUCCESS
            assert server.find_peer(CLIENT) is None
            client.writer.close()
            await until(lambda: application.closed == [CLIENT])
    assert [line["cause"] for line in lines if line["event"] == "diameter peer leaves"] == [word]


async def test_a_peer_that_leaves_gets_its_answers_and_nothing_more_is_taken() -> None:
    application = Echo()
    application.held = []
    async with serving(application) as (server, _), agreed(server) as client:
        asked = client.charge()
        client.leave()
        client.charge()
        assert (await client.receive()).command_code == DISCONNECT_PEER
        assert len(application.taken) == 1
        application.held[0]()
        assert (await client.receive()).hop_by_hop == asked


async def test_a_peer_that_said_good_bye_and_stays_is_shown_out() -> None:
    async with serving(limits=HASTY) as (server, _), agreed(server) as client:
        client.leave()
        await client.receive()
        assert await client.is_closed()


async def test_stopping_says_good_bye_for_now_and_waits_for_the_peers_consent() -> None:
    async with serving() as (server, application), agreed(server) as client:
        stopping = asyncio.create_task(server.stop())
        question = await client.receive()
        assert (question.command_code, question.flags) == (DISCONNECT_PEER, REQUEST)
        assert by_key(question)[DISCONNECT_CAUSE][0].integer32() == DisconnectCause.REBOOTING
        assert not stopping.done()
        client.answer(question)
        assert await client.is_closed()
        await stopping
        assert application.closed == [CLIENT]


async def test_what_was_asked_before_the_good_bye_arrived_is_taken_and_answered() -> None:
    application = Echo()
    application.held = []
    async with serving(application) as (server, _), agreed(server) as client:
        first = client.charge()
        await until(lambda: len(application.taken) == 1)
        stopping = asyncio.create_task(server.stop())
        question = await client.receive()
        assert question.command_code == DISCONNECT_PEER
        second = client.charge()
        client.answer(question)
        await until(lambda: len(application.taken) == 2)
        for answer in application.held:
            answer()
        assert [(await client.receive()).hop_by_hop for _ in range(2)] == [first, second]
        assert await client.is_closed()
        await stopping


async def test_both_may_say_good_bye_at_once() -> None:
    async with serving() as (server, _), agreed(server) as client:
        stopping = asyncio.create_task(server.stop())
        question = await client.receive()
        client.leave()
        assert (await client.receive()).flags == 0
        client.answer(question)
        client.writer.close()
        await stopping


async def test_a_peer_that_does_not_consent_is_cut_after_the_grace() -> None:
    with capture_logs() as lines:
        async with serving() as (server, _), agreed(server) as client, connected(server) as silent:
            await server.stop(0.1)
            assert (await client.receive()).command_code == DISCONNECT_PEER
            assert await client.is_closed()
            assert await silent.is_closed()
    assert [line["connections"] for line in lines if line["event"] == "diameter connections cut at shutdown"] == ["1"]


async def test_an_application_may_send_a_peer_away() -> None:
    async with serving(limits=HASTY) as (server, application), agreed(server) as client:
        application.peers[0].disconnect(DisconnectCause.BUSY)
        question = await client.receive()
        assert by_key(question)[DISCONNECT_CAUSE][0].integer32() == DisconnectCause.BUSY
        assert server.find_peer(CLIENT) is None
        assert await client.is_closed()


async def test_a_stopped_listener_takes_no_connection() -> None:
    async with serving() as (server, _):
        await server.stop()
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            async with connected(server):
                pass


async def test_answers_after_the_connection_is_gone_go_nowhere() -> None:
    application = Echo()
    application.held = []
    async with serving(application) as (server, _):
        async with agreed(server) as client:
            client.charge()
            await until(lambda: len(application.taken) == 1)
        await until(lambda: server.connection_count == 0)
        application.held[0]()
        assert application.taken[0].command_code == CCR
