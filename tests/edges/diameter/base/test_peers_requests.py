"""Requests of peers to the application, requests of ours to peers, and what the base answers by itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from commcredits.edges.diameter.avp_writing import write_group, write_octets, write_utf8
from commcredits.edges.diameter.avps import FaultError, missing_avp
from commcredits.edges.diameter.dictionary import (
    FAILED_AVP,
    PROXY_HOST,
    PROXY_INFO,
    PROXY_STATE,
    ROUTE_RECORD,
    SESSION_ID,
    ResultCode,
)
from commcredits.edges.diameter.messages import ERROR, PROXIABLE, REQUEST, RETRANSMITTED, proxy_infos, result_of
from tests.edges.diameter.base.harness import (
    BRISK,
    CCR,
    CLIENT,
    CREDIT_CONTROL,
    RAR,
    Echo,
    agreed,
    by_key,
    serving,
    until,
)

PROXY = write_group(PROXY_INFO, write_utf8(PROXY_HOST, "relay.example"), write_octets(PROXY_STATE, b"\x00state"))


async def test_requests_in_one_write_are_answered_each() -> None:
    async with serving() as (server, application), agreed(server) as client:
        asked = [client.charge(f"s;{number}") for number in range(300)]
        answers = [await client.receive() for _ in asked]
        assert [answer.hop_by_hop for answer in answers] == asked
        assert [by_key(answer)[SESSION_ID][0].utf8() for answer in answers] == [f"s;{n}" for n in range(300)]
        assert len(application.taken) == 300


async def test_answers_may_overtake_each_other() -> None:
    application = Echo()
    application.held = []
    async with serving(application) as (server, _), agreed(server) as client:
        asked = [client.charge() for _ in range(3)]
        await until(lambda: len(application.taken) == 3)
        for answer in reversed(application.held):
            answer()
        assert [(await client.receive()).hop_by_hop for _ in asked] == asked[::-1]


async def test_what_a_relay_added_reaches_the_application_and_comes_back() -> None:
    async with serving() as (server, application), agreed(server) as client:
        client.charge(extra=write_utf8(ROUTE_RECORD, "far.example") + PROXY + PROXY, flags=REQUEST | PROXIABLE)
        answer = await client.receive()
        assert proxy_infos(answer.avps()) == PROXY + PROXY
        assert answer.flags == PROXIABLE
        assert by_key(application.taken[0])[ROUTE_RECORD][0].utf8() == "far.example"


async def test_the_application_sees_that_a_request_was_sent_again() -> None:
    async with serving() as (server, application), agreed(server) as client:
        client.charge(flags=REQUEST | RETRANSMITTED)
        assert (await client.receive()).flags == 0
        assert application.taken[0].is_retransmitted
        assert application.taken[0].end_to_end == 77


@pytest.mark.parametrize(
    ("command_code", "application_id", "flags", "result"),
    [
        (999, CREDIT_CONTROL, REQUEST, ResultCode.COMMAND_UNSUPPORTED),
        (999, 0, REQUEST, ResultCode.COMMAND_UNSUPPORTED),
        (CCR, 0, REQUEST, ResultCode.COMMAND_UNSUPPORTED),
        (CCR, 3, REQUEST | PROXIABLE, ResultCode.APPLICATION_UNSUPPORTED),
        (CCR, CREDIT_CONTROL, REQUEST | ERROR, ResultCode.INVALID_HEADER_BITS),
    ],
)
async def test_what_is_not_spoken_here_is_answered_with_a_protocol_error(
    command_code: int, application_id: int, flags: int, result: int
) -> None:
    async with serving() as (server, application), agreed(server) as client:
        avps = write_utf8(SESSION_ID, "s;9") + client.identity.avps + PROXY
        asked = client.request(command_code, avps, application_id=application_id, flags=flags)
        answer = await client.receive()
        assert (answer.hop_by_hop, answer.command_code, answer.application_id) == (asked, command_code, application_id)
        assert answer.flags == ERROR | flags & PROXIABLE
        assert result_of(answer) == result
        assert by_key(answer)[SESSION_ID][0].utf8() == "s;9"
        assert proxy_infos(answer.avps()) == PROXY
        assert application.taken == []
        assert await client.is_alive()


async def test_a_fault_that_the_application_raises_is_answered_for_it() -> None:
    application = Echo()
    application.failure = missing_avp(415, 4)
    async with serving(application) as (server, _), agreed(server) as client:
        client.charge("s;1")
        answer = await client.receive()
        assert result_of(answer) == ResultCode.MISSING_AVP
        assert not answer.is_error
        assert [(avp.key, avp.data) for avp in by_key(answer)[FAILED_AVP][0].group()] == [(415, bytes(4))]
        assert isinstance(application.failure, FaultError)


async def test_a_bug_of_the_application_costs_one_answer_and_is_told_without_values() -> None:
    application = Echo()
    application.failure = RuntimeError("a number: +40211234567")
    with capture_logs() as lines:
        async with serving(application) as (server, _), agreed(server) as client:
            client.charge()
            assert result_of(await client.receive()) == ResultCode.UNABLE_TO_COMPLY
            application.failure = None
            client.charge()
            assert result_of(await client.receive()) == ResultCode.SUCCESS
    failed = [line for line in lines if line["event"] == "diameter request failed"]
    assert [(line["error"], line["peer"]) for line in failed] == [("RuntimeError", CLIENT)]
    assert "+40" not in str(lines)


async def test_malformed_avps_are_answered_and_the_connection_goes_on() -> None:
    async with serving() as (server, _), agreed(server) as client:
        client.request(CCR, b"\x00\x00\x01\x07\x40\x00\xff\xff", application_id=CREDIT_CONTROL)
        answer = await client.receive()
        assert result_of(answer) == ResultCode.INVALID_AVP_LENGTH
        assert [avp.key for avp in by_key(answer)[FAILED_AVP][0].group()] == [SESSION_ID]
        assert await client.is_alive()


async def test_a_question_of_ours_gets_its_answer_among_other_messages() -> None:
    async with serving() as (server, application), agreed(server) as client:
        peer = application.peers[0]
        future = peer.request(RAR, CREDIT_CONTROL, write_utf8(SESSION_ID, "s;1"))
        second = peer.request(RAR, CREDIT_CONTROL, write_utf8(SESSION_ID, "s;2"), proxiable=False)
        first_asked, second_asked = await client.receive(), await client.receive()
        assert (first_asked.flags, second_asked.flags) == (REQUEST | PROXIABLE, REQUEST)
        assert (first_asked.command_code, first_asked.application_id) == (RAR, CREDIT_CONTROL)
        assert first_asked.hop_by_hop != second_asked.hop_by_hop
        assert first_asked.end_to_end != second_asked.end_to_end
        client.charge()
        client.answer(second_asked, write_utf8(SESSION_ID, "s;2"))
        client.answer(first_asked, write_utf8(SESSION_ID, "s;1"))
        answers = [await future, await second]
        assert [answer and by_key(answer)[SESSION_ID][0].utf8() for answer in answers] == ["s;1", "s;2"]


async def test_answers_that_nobody_waits_for_change_nothing() -> None:
    async with serving() as (server, application), agreed(server) as client:
        future = application.peers[0].request(RAR, CREDIT_CONTROL, write_utf8(SESSION_ID, "s;1"))
        asked = await client.receive()
        client.answer(structs.replace(asked, command_code=CCR))
        client.answer(asked)
        client.answer(asked)
        assert await future is not None
        assert await client.is_alive()


async def test_a_question_of_ours_does_not_wait_for_ever() -> None:
    async with serving(limits=replace(BRISK, request_seconds=0.1)) as (server, application), agreed(server) as client:
        assert await application.peers[0].request(RAR, CREDIT_CONTROL, write_utf8(SESSION_ID, "s;1")) is None
        client.answer(await client.receive())
        assert await client.is_alive()


async def test_questions_end_with_the_connection() -> None:
    async with serving() as (server, application):
        async with agreed(server):
            futures = [application.peers[0].request(RAR, CREDIT_CONTROL, b"") for _ in range(3)]
            futures[1].cancel()
        await until(lambda: application.closed == [CLIENT])
        assert [futures[0].result(), futures[2].result()] == [None, None]
        assert await application.peers[0].request(RAR, CREDIT_CONTROL, b"") is None


async def test_so_many_questions_wait_and_no_more() -> None:
    async with serving(limits=replace(BRISK, requests_max=2)) as (server, application), agreed(server):
        futures = [application.peers[0].request(RAR, CREDIT_CONTROL, b"") for _ in range(3)]
        await asyncio.sleep(0)
        assert [future.done() for future in futures] == [False, False, True]
