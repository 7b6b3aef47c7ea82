"""Hostile octets on real sockets: no crash, no leak, one connection lost at most, and nobody else notices."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from commcredits.edges.diameter.avp_writing import write_octets, write_utf8
from commcredits.edges.diameter.avps import Fault
from commcredits.edges.diameter.connection import Connection
from commcredits.edges.diameter.dictionary import (
    CAPABILITIES_EXCHANGE,
    DEVICE_WATCHDOG,
    DISCONNECT_PEER,
    SESSION_ID,
)
from commcredits.edges.diameter.framing import Framing
from commcredits.edges.diameter.messages import HEADER_OCTETS, PROXIABLE, REQUEST, Identity, Message, write_request
from commcredits.edges.diameter.peers import PeerConnection
from tests.edges.diameter.base.harness import (
    BRISK,
    CCR,
    CLIENT,
    CREDIT_CONTROL,
    OTHER_CLIENT,
    agreed,
    capabilities,
    connected,
    serving,
    until,
)

BASE = Identity(CLIENT, "example")
WHOLE = write_request(
    CCR,
    CREDIT_CONTROL,
    write_utf8(SESSION_ID, "s;1") + BASE.avps + write_octets(99, b"abc", mandatory=False),
    hop_by_hop=1,
    end_to_end=2,
    flags=REQUEST | PROXIABLE,
)
COMMANDS = st.sampled_from([CAPABILITIES_EXCHANGE, DEVICE_WATCHDOG, DISCONNECT_PEER, CCR, 258, 0, 2**24 - 1])
APPLICATIONS = st.sampled_from([0, CREDIT_CONTROL, 3, 2**32 - 1])
QUICK = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def flipped(draw: st.DrawFn) -> bytes:
    """A whole message with some octets changed."""
    octets = bytearray(WHOLE)
    for _ in range(draw(st.integers(1, 4))):
        octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 255))
    return bytes(octets)


@st.composite
def garbled(draw: st.DrawFn) -> bytes:
    """A right header around anything."""
    body = draw(st.binary(max_size=64))
    return write_request(
        draw(COMMANDS),
        draw(APPLICATIONS),
        body + bytes(-len(body) & 3),
        hop_by_hop=1,
        end_to_end=2,
        flags=draw(st.integers(0, 255)),
    )


HOSTILE = st.lists(st.one_of(flipped(), garbled(), st.binary(max_size=64), st.just(WHOLE)), max_size=12)


async def _throw(octets: list[bytes], *, agree: bool) -> None:
    """Send all of it, then see that others are served, that nothing of it stays, and that no bug was met."""
    limits = replace(BRISK, goodbye_seconds=0.05)
    with capture_logs() as lines:
        async with serving(limits=limits) as (server, application), agreed(server, OTHER_CLIENT) as other:
            async with connected(server) as client:
                if agree:
                    await client.agree()
                client.send(*octets)
                asked = other.charge()
                assert (await other.receive()).hop_by_hop == asked
                assert await other.is_alive()
            await until(lambda: server.connection_count == 1)
            assert application.closed == ([CLIENT] if agree else [])
            async with agreed(server) as again:
                assert await again.is_alive()
    assert [line for line in lines if line["log_level"] == "error"] == []


@QUICK
@given(HOSTILE)
def test_hostile_octets_of_a_peer_harm_nobody(octets: list[bytes]) -> None:
    asyncio.run(_throw(octets, agree=True))


@QUICK
@given(HOSTILE)
def test_hostile_octets_of_a_stranger_harm_nobody(octets: list[bytes]) -> None:
    asyncio.run(_throw(octets, agree=False))


@given(st.lists(st.one_of(flipped(), st.just(WHOLE), st.binary(max_size=40)), max_size=8), st.data())
def test_messages_are_the_same_however_their_octets_arrive(parts: list[bytes], data: st.DataObject) -> None:
    octets = b"".join(parts)
    at_once = Framing(4_096)
    expected = at_once.feed(octets)
    in_pieces = Framing(4_096)
    found: list[Message] = []
    at = 0
    while at < len(octets):
        step = data.draw(st.integers(1, 50))
        found += in_pieces.feed(octets[at : at + step])
        at += step
    assert found == expected
    assert (in_pieces.fault, in_pieces.faulty) == (at_once.fault, at_once.faulty)
    if at_once.fault is None:
        assert in_pieces.is_within_message == at_once.is_within_message
    assert all(len(message.octets) == int.from_bytes(message.octets[1:4], "big") for message in found)


@given(st.binary(min_size=HEADER_OCTETS, max_size=200))
def test_any_octets_are_framed_or_named(octets: bytes) -> None:
    framing = Framing(64)
    messages = framing.feed(octets)
    assert sum(len(message.octets) for message in messages) <= len(octets)
    assert framing.fault is None or isinstance(framing.fault, Fault)
    if framing.fault is not None:
        assert framing.feed(WHOLE) == []


async def test_every_cut_of_a_message_is_survived() -> None:
    async with serving() as (server, application), agreed(server, OTHER_CLIENT) as other:
        for cut in range(0, len(WHOLE), 5):
            async with agreed(server) as client:
                client.send(WHOLE[:cut])
        assert await other.is_alive()
        await until(lambda: server.connection_count == 1)
        assert application.taken == []


async def test_connections_that_come_and_go_leave_nothing_behind() -> None:
    async with serving() as (server, application):
        for number in range(100):
            async with connected(server) as client:
                if number % 2:
                    await client.agree()
                    client.charge()
        await until(lambda: server.connection_count == 0)
        assert server.find_peer(CLIENT) is None
        application.peers.clear()
        application.taken.clear()
        gc.collect()
        assert [each for each in gc.get_objects() if isinstance(each, Connection | PeerConnection)] == []


async def test_a_refused_cer_among_hostile_ones_keeps_its_reason() -> None:
    async with serving() as (server, _), connected(server) as client:
        client.request(CAPABILITIES_EXCHANGE, capabilities(client) + write_octets(98, b"x"))
        client.send(bytes(64))
        assert (await client.receive()).command_code == CAPABILITIES_EXCHANGE
        assert await client.is_closed()
