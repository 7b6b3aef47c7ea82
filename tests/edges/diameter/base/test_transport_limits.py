"""Sizes, times and counts: whoever passes one loses their own connection, with a line that says why."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from commcredits.edges.diameter.avp_writing import write_octets
from commcredits.edges.diameter.dictionary import DEVICE_WATCHDOG, ResultCode
from commcredits.edges.diameter.messages import ERROR, REQUEST, result_of, write_request
from tests.edges.diameter.base.harness import (
    BRISK,
    CCR,
    CLIENT,
    CREDIT_CONTROL,
    OTHER_CLIENT,
    Client,
    Echo,
    agreed,
    connected,
    serving,
    until,
)


def watchdog_request(client: Client) -> bytes:
    return write_request(DEVICE_WATCHDOG, 0, client.identity.avps, hop_by_hop=1, end_to_end=2)


@pytest.mark.parametrize("length", [0, 19, 22, 23, 65_540, 0xFF_FFFC])
async def test_a_length_that_cannot_be_is_answered_and_ends_the_connection(length: int) -> None:
    with capture_logs() as lines:
        async with serving() as (server, _), agreed(server) as client, agreed(server, OTHER_CLIENT) as other:
            octets = bytearray(watchdog_request(client))
            octets[1:4] = length.to_bytes(3, "big")
            client.send(bytes(octets))
            answer = await client.receive()
            assert (result_of(answer), answer.hop_by_hop) == (ResultCode.INVALID_MESSAGE_LENGTH, 1)
            assert await client.is_closed()
            assert await other.is_alive()
    assert [line["peer"] for line in lines if line["event"] == "diameter connection given up"] == [CLIENT]


@pytest.mark.parametrize("version", [0, 2, 255])
async def test_another_version_is_answered_and_ends_the_connection(version: int) -> None:
    async with serving() as (server, _), agreed(server) as client:
        client.send(bytes([version]) + watchdog_request(client)[1:])
        answer = await client.receive()
        assert (result_of(answer), answer.flags) == (ResultCode.UNSUPPORTED_VERSION, 0)
        assert await client.is_closed()


async def test_what_came_before_the_fault_is_answered_and_what_comes_after_is_not_read() -> None:
    async with serving() as (server, application), agreed(server) as client:
        client.charge("before")
        client.send(b"\x01\x00\x00\x00" + watchdog_request(client)[4:])
        client.charge("after")
        assert (await client.receive()).command_code == CCR
        assert result_of(await client.receive()) == ResultCode.INVALID_MESSAGE_LENGTH
        assert await client.is_closed()
        assert len(application.taken) == 1


async def test_an_answer_that_cannot_be_framed_is_not_answered() -> None:
    async with serving() as (server, _), agreed(server) as client:
        client.send(write_request(DEVICE_WATCHDOG, 0, b"", hop_by_hop=1, end_to_end=2, flags=ERROR)[:1] + bytes(19))
        assert await client.is_closed()


async def test_the_longest_message_is_taken() -> None:
    async with serving() as (server, _), agreed(server) as client:
        overhead = len(
            write_request(CCR, 4, client.identity.avps + write_octets(263, b"s;1"), hop_by_hop=1, end_to_end=1)
        )
        client.charge("s;1", extra=write_octets(99, bytes(65_536 - overhead - 8), mandatory=False))
        assert result_of(await client.receive()) == ResultCode.SUCCESS
        client.charge("s;1", extra=write_octets(99, bytes(65_536 - overhead - 4), mandatory=False))
        assert result_of(await client.receive()) == ResultCode.INVALID_MESSAGE_LENGTH


async def test_a_stranger_may_send_less_than_a_peer() -> None:
    async with serving() as (server, _), connected(server) as client:
        client.request(257, write_octets(1, bytes(20_000)))
        assert await client.is_closed()


async def test_what_is_no_diameter_is_dropped_without_an_answer() -> None:
    with capture_logs() as lines:
        async with serving() as (server, _), connected(server) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: charging.example\r\n\r\n")
            assert await client.is_closed()
    assert [line["reason"] for line in lines] == ["not version 1 of Diameter"]


async def test_a_message_that_comes_octet_by_octet_is_taken() -> None:
    async with serving() as (server, _), agreed(server) as client:
        for octet in watchdog_request(client):
            client.send(bytes([octet]))
            await asyncio.sleep(0.001)
        assert (await client.receive()).hop_by_hop == 1


async def test_whoever_says_nothing_first_is_given_up() -> None:
    with capture_logs() as lines:
        async with serving(limits=replace(BRISK, capabilities_seconds=0.1)) as (server, _), connected(server) as client:
            client.send(b"\x01\x00")
            assert await client.is_closed()
    assert [line["reason"] for line in lines] == ["no CER in time"]


async def test_a_message_that_does_not_end_is_given_up_though_octets_keep_coming() -> None:
    with capture_logs() as lines:
        async with (
            serving(limits=replace(BRISK, message_seconds=0.2)) as (server, _),
            agreed(server) as client,
            agreed(server, OTHER_CLIENT) as other,
        ):
            client.send(b"\x01\x00\xff\x00")
            dripping = asyncio.create_task(_drip(client))
            assert await client.is_closed()
            await dripping
            assert await other.is_alive()
    assert "a message does not come to its end" in [line.get("reason") for line in lines]


async def _drip(client: Client) -> None:
    while not client.reader.at_eof() and not client.writer.is_closing():
        client.send(b"\x00")
        await asyncio.sleep(0.01)


async def test_whole_messages_for_a_long_time_are_no_message_that_does_not_end() -> None:
    loop = asyncio.get_running_loop()
    async with serving(limits=replace(BRISK, message_seconds=2.0)) as (server, _), agreed(server) as client:
        began = loop.time()
        half = watchdog_request(client)
        client.send(half[:30])
        while loop.time() < began + 2.6:
            client.send(half[30:], half[:30])
            await client.receive()
            await asyncio.sleep(0.05)


async def test_nothing_more_is_read_while_too_much_waits_for_answers() -> None:
    application = Echo()
    application.held = []
    limits = replace(BRISK, in_flight_max=8)
    async with serving(application, limits) as (server, _), agreed(server) as client:
        for _ in range(8):
            client.charge()
        await until(lambda: len(application.taken) == 8)
        for _ in range(5):
            client.charge()
        await asyncio.sleep(0.1)
        assert len(application.taken) == 8
        for answer in application.held[:4]:
            answer()
        await until(lambda: len(application.taken) == 13)
        for answer in application.held[4:]:
            answer()
        for _ in range(13):
            await client.receive()
        assert await client.is_alive()


async def test_a_peer_that_is_not_read_is_not_taken_for_silent() -> None:
    application = Echo()
    application.held = []
    limits = replace(BRISK, in_flight_max=1, watchdog_seconds=0.1)
    async with serving(application, limits) as (server, _), agreed(server) as client:
        asked = client.charge()
        await until(lambda: len(application.taken) == 1)
        await asyncio.sleep(0.5)
        application.held[0]()
        assert (await client.receive()).hop_by_hop == asked


async def test_a_peer_that_does_not_read_its_answers_is_given_up() -> None:
    with capture_logs() as lines:
        async with (
            serving(limits=replace(BRISK, write_seconds=0.2)) as (server, application),
            agreed(server) as client,
            agreed(server, OTHER_CLIENT) as other,
        ):
            client.writer.transport.pause_reading()  # type: ignore[attr-defined] # the transport of a socket
            session_id = "s" * 4_000
            while not application.closed:
                client.charge(session_id)
                await asyncio.sleep(0)
            assert application.closed == [CLIENT]
            assert await other.is_alive()
    assert "it does not read its answers" in [line.get("reason") for line in lines]


async def test_lines_about_strangers_are_counted_and_not_without_end() -> None:
    with capture_logs() as lines:
        async with serving() as (server, _):
            for _ in range(130):
                async with connected(server) as client:
                    client.send(b"\x00" * 20)
                    assert await client.is_closed()
            server.listener.complaints.sweep(asyncio.get_running_loop().time() + 60)
    assert len(lines) == 101
    assert lines[-1] == {"event": "diameter lines left out", "lines": 30, "log_level": "warning"}


async def test_the_wrong_command_of_another_application_is_no_capabilities_exchange() -> None:
    async with serving() as (server, _), connected(server) as client:
        client.request(CCR, client.identity.avps, application_id=CREDIT_CONTROL, flags=REQUEST)
        assert await client.is_closed()


@pytest.mark.parametrize(
    ("host", "addresses"), [("::1", ["::1"]), ("localhost", ["127.0.0.1"]), ("::", ["::1", "127.0.0.1"])]
)
async def test_ipv6_is_spoken(host: str, addresses: list[str]) -> None:
    async with serving(host=host) as (server, application):
        for number, address in enumerate(addresses):
            async with connected(server, address=address) as client:
                assert result_of(await client.agree()) == ResultCode.SUCCESS
                assert str(application.peers[number].address) == address  # type: ignore[attr-defined] # the state behind the interface
