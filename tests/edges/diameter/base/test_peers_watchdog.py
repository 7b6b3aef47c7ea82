"""The watchdog (RFC 3539 §3.4.1): a silent peer is asked, suspected, given up; one that speaks is left in peace."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from commcredits.edges.diameter.dictionary import DEVICE_WATCHDOG, FAILED_AVP, ORIGIN_HOST, ResultCode
from commcredits.edges.diameter.messages import REQUEST, result_of
from commcredits.edges.diameter.watchdog import Verdict, Watchdog
from tests.edges.diameter.base.harness import BRISK, CLIENT, US, agreed, by_key, serving, unknown_avp, until

SHORT = replace(BRISK, watchdog_seconds=0.15)


def test_silence_is_asked_about_then_suspected_then_ended() -> None:
    watchdog = Watchdog(30, now_seconds=100)
    assert watchdog.look(129) is Verdict.NOTHING
    assert watchdog.look(130) is Verdict.ASK
    assert watchdog.look(159) is Verdict.NOTHING
    assert watchdog.look(160) is Verdict.SUSPECT
    assert watchdog.is_suspect
    assert watchdog.look(189) is Verdict.NOTHING
    assert watchdog.look(190) is Verdict.CLOSE


def test_whatever_is_said_ends_the_suspicion() -> None:
    watchdog = Watchdog(30, now_seconds=0)
    assert [watchdog.look(now) for now in (30, 60)] == [Verdict.ASK, Verdict.SUSPECT]
    watchdog.hear(61)
    assert not watchdog.is_suspect
    assert watchdog.look(90) is Verdict.NOTHING
    # The question is still open, so that silence now is suspicious at once.
    assert watchdog.look(91) is Verdict.SUSPECT


def test_an_answered_question_is_asked_again_after_the_next_silence() -> None:
    watchdog = Watchdog(30, now_seconds=0)
    assert watchdog.look(30) is Verdict.ASK
    watchdog.hear(31)
    watchdog.hear_answer()
    assert watchdog.look(61) is Verdict.ASK


def test_a_question_ahead_of_time_is_asked_once() -> None:
    watchdog = Watchdog(30, now_seconds=0)
    assert watchdog.ask(5)
    assert not watchdog.ask(6)
    assert watchdog.look(35) is Verdict.SUSPECT


async def test_a_peer_that_asks_is_answered() -> None:
    async with serving() as (server, _), agreed(server) as client:
        asked = client.watchdog()
        answer = await client.receive()
        assert (answer.command_code, answer.flags, answer.hop_by_hop) == (DEVICE_WATCHDOG, 0, asked)
        assert result_of(answer) == ResultCode.SUCCESS
        assert by_key(answer)[ORIGIN_HOST][0].utf8() == US.host


async def test_a_watchdog_request_that_must_be_understood_and_is_not_is_refused() -> None:
    async with serving() as (server, _), agreed(server) as client:
        client.request(DEVICE_WATCHDOG, client.identity.avps + unknown_avp(mandatory=True))
        answer = await client.receive()
        assert result_of(answer) == ResultCode.AVP_UNSUPPORTED
        assert [avp.code for avp in by_key(answer)[FAILED_AVP][0].group()] == [99_999]
        assert await client.is_alive()


async def test_a_silent_peer_is_asked_and_stays_while_it_answers() -> None:
    async with serving(limits=replace(SHORT, watchdog_seconds=0.5)) as (server, application), agreed(server) as client:
        for _ in range(3):
            question = await client.receive()
            assert (question.command_code, question.flags) == (DEVICE_WATCHDOG, REQUEST)
            assert by_key(question)[ORIGIN_HOST][0].utf8() == US.host
            client.answer(question)
        assert application.closed == []


async def test_a_peer_that_is_silent_to_the_end_is_given_up() -> None:
    with capture_logs() as lines:
        async with serving(limits=SHORT) as (server, application), agreed(server) as client:
            assert (await client.receive()).command_code == DEVICE_WATCHDOG
            assert await client.is_closed()
            await until(lambda: application.closed == [CLIENT])
            assert server.find_peer(CLIENT) is None
    told = [(line["event"], line["peer"]) for line in lines if line["log_level"] == "warning"]
    assert told == [("diameter peer is silent", CLIENT), ("diameter connection given up", CLIENT)]


async def test_a_peer_that_talks_of_other_things_is_not_asked() -> None:
    loop = asyncio.get_running_loop()
    async with serving(limits=replace(SHORT, watchdog_seconds=0.9)) as (server, _), agreed(server) as client:
        began = loop.time()
        while loop.time() < began + 1.8:
            spoke_at, asked = loop.time(), client.charge()
            while (heard := await client.receive()).hop_by_hop != asked:
                assert loop.time() - spoke_at > 0.8, "only a machine that stood still made it silent"
                client.answer(heard)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("watchdog_seconds", [6, 30])
async def test_peers_are_not_all_asked_at_once(watchdog_seconds: int) -> None:
    async with serving(limits=replace(BRISK, watchdog_seconds=watchdog_seconds)) as (server, _):
        listener = server.listener
        spread = {listener.next_watchdog_seconds() for _ in range(100)}
        assert len(spread) == 100
        assert watchdog_seconds - 2 <= min(spread) < max(spread) <= watchdog_seconds + 2
