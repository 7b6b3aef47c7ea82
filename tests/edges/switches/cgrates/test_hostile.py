"""Whatever comes over one connection, the charging of others goes on, nothing is left over, and the log says why."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from tests.edges.switches.cgrates.conftest import NUMBER, QUICK, SOON_SECONDS, Edge, OpenEdge, soon
from tests.stories.one_call.steps import GERMAN

EVENT = {"OriginID": "call-1", "Account": NUMBER, "Destination": GERMAN, "Usage": "60s"}


async def _raw(edge: Edge) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", edge.server.port)


async def _is_closed(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(SOON_SECONDS):
        with suppress(ConnectionError):
            while await reader.read(65_536):
                pass


async def _shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _still_charges(edge: Edge) -> None:
    client = await edge.client()
    assert (await client.call("CoreSv1.Ping", {}))["result"] == "Pong"
    answer = await client.call("SessionSv1.AuthorizeEvent", {"Event": EVENT, "GetMaxUsage": True})
    assert answer["result"] == {"MaxUsage": 60_000_000_000}


async def test_who_comes_from_elsewhere_is_not_heard(open_edge: OpenEdge) -> None:
    async with open_edge(networks=("192.0.2.0/24",)) as edge:
        with capture_logs() as logs:
            reader, writer = await _raw(edge)
            writer.write(b'{"method":"CoreSv1.Ping","params":[{}],"id":1}')
            async with asyncio.timeout(SOON_SECONDS):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            await _shut(writer)
        assert {"peer": "127.0.0.1", "reason": "not in networks"}.items() <= logs[0].items()


async def test_who_comes_again_and_again_does_not_fill_the_log(open_edge: OpenEdge) -> None:
    async with open_edge(networks=("192.0.2.0/24",)) as edge:
        with capture_logs() as logs:
            for _ in range(20):
                reader, writer = await _raw(edge)
                async with asyncio.timeout(SOON_SECONDS):
                    with suppress(ConnectionError):
                        assert await reader.read() == b""
                await _shut(writer)
        assert [each["event"] for each in logs] == ["connection refused"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "malformed"),
        (b'{"id":1}', "malformed"),
        (b'{"method":"' + b"x" * 70_000, "oversize"),
        (b'{"a":' * 40, "too deep"),
        (b'{"method":', "too slow"),
    ],
)
async def test_a_connection_that_cannot_be_understood_is_closed(open_edge: OpenEdge, data: bytes, reason: str) -> None:
    limits = replace(QUICK, message_seconds=0.1) if reason == "too slow" else QUICK
    async with open_edge(limits=limits) as edge:
        with capture_logs() as logs:
            reader, writer = await _raw(edge)
            writer.write(data)
            await _is_closed(reader)
            await _shut(writer)
        assert [entry["reason"] for entry in logs if entry["event"] == "connection closed"] == [reason]
        assert not any(NUMBER in str(entry) for entry in logs)
        await _still_charges(edge)


async def test_one_connection_more_than_allowed_is_closed(open_edge: OpenEdge) -> None:
    async with open_edge(limits=replace(QUICK, connections_max=2)) as edge:
        first, second = await edge.client(), await edge.client()
        reader, writer = await _raw(edge)
        await _is_closed(reader)
        await _shut(writer)
        for client in (first, second):
            assert (await client.call("SessionSv1.Ping", {}))["result"] == "Pong"


async def test_a_client_that_reads_no_answers_is_closed(open_edge: OpenEdge) -> None:
    async with open_edge(limits=replace(QUICK, write_seconds=0.2)) as edge:
        with capture_logs() as logs:
            _reader, writer = await _raw(edge)
            ping = b'{"method":"CoreSv1.Ping","params":[{}],"id":"' + b"x" * 100 + b'"}'
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(SOON_SECONDS):
                    while not any(entry.get("reason") == "reads no answers" for entry in logs):
                        writer.write(ping * 500)
                        with suppress(TimeoutError):
                            await asyncio.wait_for(writer.drain(), 0.2)
            await soon(lambda: any(entry.get("reason") == "reads no answers" for entry in logs))
            await _shut(writer)
        await _still_charges(edge)


async def test_random_bytes_harm_nobody_else(open_edge: OpenEdge) -> None:
    examples: list[bytes] = []

    @settings(max_examples=60, database=None)
    @given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda data: b'{"method":"' + data))
    def collect(data: bytes) -> None:
        examples.append(data)

    collect()
    async with open_edge() as edge:
        for data in examples:
            _reader, writer = await _raw(edge)
            writer.write(data)
            await _shut(writer)
        await _still_charges(edge)


METHODS = st.sampled_from(
    [
        "SessionSv1.AuthorizeEvent",
        "SessionSv1.AuthorizeEventWithDigest",
        "SessionSv1.InitiateSession",
        "SessionSv1.UpdateSession",
        "SessionSv1.TerminateSession",
        "SessionSv1.ProcessCDR",
        "SMGenericV1.GetMaxUsage",
        "SMGenericV1.InitiateSession",
        "Nobody.Knows",
    ]
)
WRONG: list[object] = [None, [[]], {}, True, 1.5]
STRANGE = st.sampled_from(WRONG) | st.integers(-(10**20), 10**20) | st.text(max_size=20)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        name: STRANGE | st.just(right)
        for name, right in {
            "OriginID": "fuzz",
            "OriginHost": "somewhere",
            "Account": NUMBER,
            "Subject": "x",
            "Destination": GERMAN,
            "Usage": "10s",
            "LastUsed": "5s",
            "DialogID": 3,
            "DialogEntry": 4,
            "AnswerTime": "0",
            "ToR": "*voice",
            "DisconnectCause": "\x00\n",
        }.items()
    },
)


async def test_every_request_is_answered_once_however_strange(open_edge: OpenEdge) -> None:
    examples: list[tuple[str, Any]] = []

    @settings(max_examples=200, database=None)
    @given(METHODS, FIELDS, st.booleans())
    def collect(method: str, fields: dict[str, Any], nested: bool) -> None:  # noqa: FBT001 # Hypothesis hands it over
        examples.append((method, {"Event": fields} if nested else fields))

    collect()
    async with open_edge() as edge:
        client = await edge.client()
        with capture_logs() as logs:
            answers = await asyncio.gather(*(client.call(method, params) for method, params in examples))
        assert all((answer["error"] is None) or isinstance(answer["error"], str) for answer in answers)
        assert not any("SERVER_ERROR" in (answer["error"] or "") for answer in answers)
        assert not [entry for entry in logs if entry["log_level"] in ("error", "critical") and "exc_info" in entry]
        await _still_charges(edge)
        ledger = await edge.ledger()
        assert ledger.account[0] == 5_000_000 - sum(call.charged_micros for call in ledger.calls)


async def test_answers_that_nobody_asked_for_are_passed_over(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        reader, writer = await _raw(edge)
        for number in (-1, 0, 1, 2**63, "x", None):
            writer.write(json.dumps({"id": number, "result": [{"OriginID": 1}], "error": None}).encode())
        writer.write(b'{"method":"CoreSv1.Ping","params":[{}],"id":1}')
        async with asyncio.timeout(SOON_SECONDS):
            assert b"Pong" in await reader.readuntil(b"}")
        await _shut(writer)


async def test_a_temporary_refusal_is_a_fault_of_the_server_and_its_end_is_told_again(
    open_edge: OpenEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        dialog = await switch.answer(NUMBER, GERMAN, "call-1")
        edge.world.office.clock.advance(seconds=40)
        desk = edge.server._parts.desk  # noqa: SLF001 # the place where a full queue shows
        submit = type(desk).submit
        refused: list[object] = []

        def full(self: Any, command: Any, callback: Any) -> None:
            if len(refused) < 2:
                refused.append(command)
                busy: Outcome = Refused(code=RefusalCode.BUSY)
                callback(busy)
            else:
                submit(self, command, callback)

        monkeypatch.setattr(type(desk), "submit", full)
        assert await switch.bye(dialog, 40) == ["SERVER_ERROR: busy"]

        async def is_ended() -> bool:
            return bool((await edge.call()).state == "ended")

        await soon(is_ended)
        assert (await edge.call()).charged_micros == 477_000
