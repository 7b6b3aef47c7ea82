"""A stopping listener answers what it was asked, and nobody waits for it longer than the grace."""

from __future__ import annotations

import asyncio

import pytest

from tests.edges.http.charging.harness import START, Desk, request, serving


async def test_what_is_in_flight_is_answered_before_the_listener_stops() -> None:
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(request("start", {**START, "session_id": "0"}) + request("start", {**START, "session_id": "1"}))
        await house.desk.holding(2)
        stopping = asyncio.create_task(house.server.stop(grace_seconds=30))
        await asyncio.sleep(0.1)
        with pytest.raises(OSError, match=r"[Cc]onnect|refused"):
            await house.connect()
        house.desk.release(1)
        house.desk.release(0)
        first, second = await client.response(), await client.response()
        assert [first.document["session_id"], second.document["session_id"]] == ["0", "1"]
        assert second.fields["connection"] == "close"
        assert await client.rest() == b""
        await stopping
        assert house.server.connection_count == 0


async def test_a_request_that_is_half_here_may_still_arrive() -> None:
    sent = request("start", START)
    async with serving() as house, await house.connect() as client:
        client.send(sent[:50])
        await asyncio.sleep(0.1)
        stopping = asyncio.create_task(house.server.stop(grace_seconds=30))
        await asyncio.sleep(0.1)
        response = await client.ask(sent[50:])
        assert (response.status, response.fields["connection"]) == (200, "close")
        await stopping


async def test_an_idle_connection_does_not_delay_the_stop() -> None:
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request("start", START))).status == 200
        async with asyncio.timeout(20):
            await house.server.stop(grace_seconds=30)
        assert await client.rest() == b""


async def test_a_command_that_is_never_answered_holds_the_stop_no_longer_than_the_grace() -> None:
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(request("start", START))
        await house.desk.holding(1)
        async with asyncio.timeout(20):
            await house.server.stop(grace_seconds=0.3)
        assert await client.rest() == b""
        house.desk.release()


async def test_a_listener_may_be_stopped_twice() -> None:
    async with serving() as house:
        await house.server.stop(grace_seconds=1)
        await house.server.stop(grace_seconds=1)
