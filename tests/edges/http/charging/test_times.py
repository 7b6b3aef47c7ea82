"""Whoever is slow, on purpose or not, is held to the listener's times; whoever waits for us is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from commcredits.edges.http.charging.limits import ListenerLimits
from tests.edges.http.charging.harness import AUTHORISE, START, Client, Desk, request, serving

pytestmark = pytest.mark.asyncio(loop_factories=["uvloop"])  # the times are ours, not the loop's; once is enough

QUICK = ListenerLimits(header_seconds=1, body_seconds=1, idle_seconds=1, write_seconds=1, linger_seconds=1)
TRICKLE_SECONDS = 0.1


async def trickle(client: Client, data: bytes) -> None:
    """Send a byte now and then until the server has enough of it."""
    for index in range(len(data)):
        client.send(data[index : index + 1])
        await asyncio.sleep(TRICKLE_SECONDS)


@pytest.mark.parametrize(
    "cut", [lambda sent: sent[:60], lambda sent: sent.split(b"\r\n\r\n")[0]], ids=["header", "header without end"]
)
async def test_a_header_that_trickles_in_times_out(cut: Callable[[bytes], bytes]) -> None:
    async with serving(limits=QUICK) as house, await house.connect() as client:
        slow = asyncio.create_task(trickle(client, cut(request("authorise", AUTHORISE))))
        response = await client.response()
        assert (response.status, response.document["code"]) == (408, "request_timeout")
        assert response.fields["connection"] == "close"
        slow.cancel()
        await house.emptied()


async def test_a_body_that_trickles_in_times_out() -> None:
    head, body = request("authorise", AUTHORISE).split(b"\r\n\r\n")
    async with serving(limits=QUICK) as house, await house.connect() as client:
        client.send(head + b"\r\n\r\n")
        slow = asyncio.create_task(trickle(client, body))
        assert (await client.response()).status == 408
        slow.cancel()
    assert house.desk.commands == []


async def test_a_request_cut_short_does_not_hold_the_answers_before_it() -> None:
    async with serving(limits=QUICK) as house, await house.connect() as client:
        client.send(request("start", START) + b"POST /v1/charging/st")
        assert (await client.response()).status == 200
        assert (await client.response()).status == 408


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"], ids=["nothing", "empty lines"])
async def test_a_connection_that_asks_nothing_is_closed_without_a_word(sent: bytes) -> None:
    async with serving(limits=QUICK) as house, await house.connect() as client:
        client.send(sent)
        assert await client.rest() == b""
        assert house.server.connection_count == 0


async def test_an_idle_connection_is_closed_but_not_one_in_use() -> None:
    async with serving(limits=replace(QUICK, idle_seconds=2)) as house, await house.connect() as client:
        for _ in range(6):
            assert (await client.ask(request("start", START))).status == 200
            await asyncio.sleep(0.45)
        assert await client.rest() == b""


async def test_a_client_that_waits_for_its_answer_is_never_timed_out() -> None:
    async with serving(Desk(holds_back=True), limits=QUICK) as house, await house.connect() as client:
        client.send(request("start", START))
        await house.desk.holding(1)
        await asyncio.sleep(2)
        house.desk.release()
        assert (await client.response()).status == 200
        assert await client.rest() == b""


async def test_a_client_that_reads_no_answers_is_cut() -> None:
    async with serving(limits=QUICK) as house, await house.connect() as client:
        await client.overflow(request("start", START) * 1_000)
        await house.emptied()


async def test_a_client_that_never_closes_after_a_fault_is_cut() -> None:
    async with serving(limits=QUICK) as house, await house.connect() as client:
        assert (await client.ask(b"garbage\r\n\r\n")).status == 400
        await house.emptied()
