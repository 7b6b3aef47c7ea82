"""Capabilities exchange (RFC 6733 §5.3): who is agreed with, who is refused, and who is not answered at all."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

import pytest
from structlog.testing import capture_logs

from commcredits.edges.diameter.avp_writing import write_utf8
from commcredits.edges.diameter.dictionary import (
    AUTH_APPLICATION_ID,
    CAPABILITIES_EXCHANGE,
    FAILED_AVP,
    HOST_IP_ADDRESS,
    ORIGIN_HOST,
    ORIGIN_REALM,
    ORIGIN_STATE_ID,
    PRODUCT_NAME,
    RELAY,
    SUPPORTED_VENDOR_ID,
    THREE_GPP,
    VENDOR_ID,
    VENDOR_SPECIFIC_APPLICATION_ID,
    ResultCode,
)
from commcredits.edges.diameter.messages import ERROR, REQUEST, result_of
from commcredits.settings.diameter import DiameterPeer
from tests.edges.diameter.base.harness import (
    CLIENT,
    CREDIT_CONTROL,
    OTHER_CLIENT,
    US,
    agreed,
    by_key,
    capabilities,
    connected,
    serving,
    unknown_avp,
    until,
)


async def test_a_known_peer_is_told_who_we_are_and_what_we_speak() -> None:
    async with serving() as (server, application), connected(server) as client:
        answer = await client.agree()
        said = by_key(answer)
        assert result_of(answer) == ResultCode.SUCCESS
        assert (answer.command_code, answer.flags, answer.application_id) == (CAPABILITIES_EXCHANGE, 0, 0)
        assert said[ORIGIN_HOST][0].utf8() == US.host
        assert said[ORIGIN_REALM][0].utf8() == US.realm
        assert said[HOST_IP_ADDRESS][0].address() == IPv4Address("127.0.0.1")
        assert said[VENDOR_ID][0].unsigned32() == 0
        assert said[PRODUCT_NAME][0].utf8() == "commcredits"
        assert not said[PRODUCT_NAME][0].is_mandatory
        assert said[SUPPORTED_VENDOR_ID][0].unsigned32() == THREE_GPP
        assert said[AUTH_APPLICATION_ID][0].unsigned32() == CREDIT_CONTROL
        of_vendor = {avp.key: avp.unsigned32() for avp in said[VENDOR_SPECIFIC_APPLICATION_ID][0].group()}
        assert of_vendor == {VENDOR_ID: THREE_GPP, AUTH_APPLICATION_ID: CREDIT_CONTROL}
        assert [peer.origin_host for peer in application.peers] == [CLIENT]


async def test_no_peer_is_told_that_our_sessions_end_when_we_start_again() -> None:
    async with serving() as (server, _), connected(server) as client:
        assert ORIGIN_STATE_ID not in by_key(await client.agree())


@pytest.mark.parametrize(
    "offer",
    [
        {"applications": [CREDIT_CONTROL]},
        {"applications": [RELAY]},
        {"applications": [], "vendor_applications": [CREDIT_CONTROL]},
        {"applications": [16_777_238, CREDIT_CONTROL]},
        {"inband": [0]},
        {"inband": [1, 0]},
        {"extra": unknown_avp(mandatory=False)},
    ],
)
async def test_whoever_offers_credit_control_or_to_relay_it_is_agreed_with(offer: Mapping[str, Any]) -> None:
    async with serving() as (server, _), connected(server) as client:
        assert result_of(await client.agree(**offer)) == ResultCode.SUCCESS
        assert await client.is_alive()


@pytest.mark.parametrize(
    ("offer", "result"),
    [
        ({"applications": []}, ResultCode.NO_COMMON_APPLICATION),
        ({"applications": [3]}, ResultCode.NO_COMMON_APPLICATION),
        ({"inband": [1]}, ResultCode.NO_COMMON_SECURITY),
        ({"extra": unknown_avp(mandatory=True)}, ResultCode.AVP_UNSUPPORTED),
        ({"extra": write_utf8(ORIGIN_REALM, "second")}, ResultCode.AVP_OCCURS_TOO_MANY_TIMES),
    ],
)
async def test_whoever_cannot_be_agreed_with_is_told_why_and_let_go(offer: Mapping[str, Any], result: int) -> None:
    async with serving() as (server, application), connected(server) as client:
        answer = await client.agree(**offer)
        assert result_of(answer) == result
        assert await client.is_closed()
        assert application.peers == []


async def test_a_cer_without_a_realm_is_told_what_is_missing() -> None:
    async with serving() as (server, _), connected(server) as client:
        client.request(CAPABILITIES_EXCHANGE, write_utf8(ORIGIN_HOST, CLIENT))
        answer = await client.receive()
        assert result_of(answer) == ResultCode.MISSING_AVP
        assert [avp.key for avp in by_key(answer)[FAILED_AVP][0].group()] == [ORIGIN_REALM]


async def test_an_unknown_peer_is_never_answered() -> None:
    with capture_logs() as lines:
        async with serving() as (server, application), connected(server, "stranger.example") as client:
            client.request(CAPABILITIES_EXCHANGE, capabilities(client))
            assert await client.is_closed()
            assert application.peers == []
    dropped = [line for line in lines if line["event"] == "diameter connection dropped"]
    assert [(line["reason"], line["peer"], line["address"]) for line in dropped] == [
        ("unknown peer", "stranger.example", "127.0.0.1")
    ]


async def test_a_known_name_from_another_network_is_not_answered() -> None:
    elsewhere = {CLIENT: DiameterPeer(networks=("192.0.2.0/24",)), OTHER_CLIENT: DiameterPeer(networks=("127.0.0.1",))}
    async with serving(peers=elsewhere) as (server, _):
        async with connected(server) as client:
            client.request(CAPABILITIES_EXCHANGE, capabilities(client))
            assert await client.is_closed()
        async with agreed(server, OTHER_CLIENT) as client:
            assert await client.is_alive()


async def test_nothing_is_read_from_a_network_that_no_peer_connects_from() -> None:
    with capture_logs() as lines:
        elsewhere = {CLIENT: DiameterPeer(networks=("192.0.2.0/24",))}
        async with serving(peers=elsewhere) as (server, _), connected(server) as client:
            assert await client.is_closed()
            assert server.connection_count == 0
    assert [line["reason"] for line in lines] == ["no peer connects from there"]


@pytest.mark.parametrize("flags", [REQUEST | ERROR, 0])
async def test_a_connection_begins_with_a_cer_or_not_at_all(flags: int) -> None:
    async with serving() as (server, _), connected(server) as client:
        client.request(CAPABILITIES_EXCHANGE, capabilities(client), flags=flags)
        assert await client.is_closed()


async def test_a_request_before_capabilities_is_not_answered() -> None:
    async with serving() as (server, application), connected(server) as client:
        client.charge()
        assert await client.is_closed()
        assert application.taken == []


async def test_the_name_of_a_peer_is_the_same_in_any_letters() -> None:
    async with serving() as (server, application), connected(server, CLIENT.upper()) as client:
        assert result_of(await client.agree()) == ResultCode.SUCCESS
        assert application.peers[0].origin_host == CLIENT
        assert server.find_peer(CLIENT.upper()) is application.peers[0]


async def test_capabilities_may_be_told_again_by_the_same_peer_and_by_no_other() -> None:
    async with serving() as (server, application), agreed(server) as client:
        assert result_of(await client.agree()) == ResultCode.SUCCESS
        assert len(application.peers) == 1
        client.request(CAPABILITIES_EXCHANGE, write_utf8(ORIGIN_HOST, OTHER_CLIENT) + write_utf8(ORIGIN_REALM, "x"))
        assert await client.is_closed()
        await until(lambda: application.closed == [CLIENT])
