"""Answers in request order, whatever order they are ready in, and no more work taken than can be answered."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.charging.limits import ListenerLimits
from tests.edges.http.charging.harness import END, START, Desk, request, serving


def starts(count: int, first: int = 0) -> bytes:
    """So many pipelined requests, each with its number as session id."""
    return b"".join(request("start", {**START, "session_id": str(number)}) for number in range(first, first + count))


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(starts(40))
        await house.desk.holding(40)
        order = random.Random(7)
        while house.desk.waiting:
            house.desk.release(order.randrange(len(house.desk.waiting)))
        answered = [(await client.response()).document["session_id"] for _ in range(40)]
    assert answered == [str(number) for number in range(40)]


async def test_nothing_leaves_before_the_first_request_is_answered() -> None:
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(starts(3))
        await house.desk.holding(3)
        house.desk.release(2)
        house.desk.release(1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.1)
        house.desk.release(0)
        assert [(await client.response()).document["session_id"] for _ in range(3)] == ["0", "1", "2"]


async def test_faults_and_refusals_keep_their_place_among_answers() -> None:
    sent = (
        request("start", {**START, "session_id": "0"})
        + request("start", {**START, "session_id": ""})
        + request("nowhere", START)
        + request("start", START, token=b"wrong")
        + request("start", b"", method="GET")
        + request("start", {**START, "session_id": "5"})
        + b"garbage\r\n\r\n"
    )
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(sent)
        await house.desk.holding(2)
        house.desk.release(1)
        house.desk.release(0)
        statuses = [(await client.response()).status for _ in range(7)]
        assert statuses == [200, 422, 404, 401, 405, 200, 400]
        assert await client.rest() == b""


async def test_100_continue_waits_for_earlier_answers() -> None:
    head, body = request("end", END, fields=("Expect: 100-continue",)).split(b"\r\n\r\n")
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(starts(1) + head + b"\r\n\r\n")
        await house.desk.holding(1)
        house.desk.release()
        assert [(await client.response()).status for _ in range(2)] == [200, 100]
        client.send(body)
        await house.desk.holding(1)
        house.desk.release()
        assert (await client.response()).status == 200


async def test_a_client_that_stops_sending_still_gets_its_answers() -> None:
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(starts(2))
        client.writer.write_eof()
        await house.desk.holding(2)
        await asyncio.sleep(0.05)
        house.desk.release(1)
        house.desk.release(0)
        assert [(await client.response()).document["session_id"] for _ in range(2)] == ["0", "1"]
        assert await client.rest() == b""


async def test_an_answer_for_a_client_that_left_goes_nowhere_and_harms_nobody() -> None:
    async with serving(Desk(holds_back=True)) as house:
        async with await house.connect() as client:
            client.send(starts(3))
            await house.desk.holding(3)
            client.reset()
        await house.emptied()
        while house.desk.waiting:
            house.desk.release()
        async with await house.connect() as client:
            client.send(starts(1))
            await house.desk.holding(1)
            house.desk.release()
            assert (await client.response()).status == 200


async def test_reading_stops_when_too_many_commands_are_in_flight() -> None:
    limits = ListenerLimits(in_flight_commands_max=100)
    count = 10_000
    async with serving(Desk(holds_back=True), limits=limits) as house, await house.connect() as client:
        client.send(starts(count))
        await house.desk.holding(100)
        await asyncio.sleep(0.3)
        # What one read held is taken whole, so the bound is the limit and one read of 256 KiB.
        taken = len(house.desk.waiting)
        assert 100 <= taken < 100 + 2 * 262_144 // len(starts(1))
        answered = 0
        while answered < count:
            await house.desk.holding(1)
            while house.desk.waiting:
                house.desk.release()
                assert (await client.response()).document["session_id"] == str(answered)
                answered += 1


async def test_a_batch_counts_for_each_of_its_commands() -> None:
    limits = ListenerLimits(in_flight_commands_max=100)
    batch = request("batch", [{"command": "start", **START}] * 100)
    async with serving(Desk(holds_back=True), limits=limits) as house, await house.connect() as client:
        client.send(batch)
        await house.desk.holding(100)
        client.send(batch)
        await asyncio.sleep(0.2)
        assert len(house.desk.waiting) == 100
        while house.desk.waiting:
            house.desk.release()
        assert len((await client.response()).document) == 100
        await house.desk.holding(100)


async def test_a_client_that_reads_nothing_is_read_from_no_more() -> None:
    async with serving() as house, await house.connect() as client:
        await client.overflow(starts(1_000))
        taken = len(house.desk.commands)
        await asyncio.sleep(0.1)
        assert len(house.desk.commands) == taken
        for number in range(taken):
            assert (await client.response()).document["session_id"] == str(number % 1_000)


async def test_a_busy_submitter_is_told_at_once_and_the_next_request_may_pass() -> None:
    outcomes = [Refused(code=RefusalCode.UNKNOWN_SESSION), Refused(code=RefusalCode.BUSY)]
    desk = Desk(lambda _: outcomes.pop())
    async with serving(desk) as house, await house.connect() as client:
        busy = await client.ask(request("start", START))
        assert (busy.status, busy.fields["retry-after"], busy.document["code"]) == (503, "1", "busy")
        assert (await client.ask(request("start", START))).status == 404


@given(st.data())
async def test_any_cut_of_the_bytes_and_any_order_of_outcomes_give_the_same_answers(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    sent = b"".join(
        request("start", {**START, "session_id": str(number)}, fields=data.draw(st.sampled_from([(), ("X-Note: 1",)])))
        for number in range(count)
    )
    cuts: list[int] = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
            client.send(sent[begin:end])
            await asyncio.sleep(0)
            if data.draw(st.booleans()) and house.desk.waiting:
                house.desk.release()
        while len(house.desk.commands) < count or house.desk.waiting:
            await house.desk.holding(1)
            house.desk.release(data.draw(st.integers(0, len(house.desk.waiting) - 1)))
        answered = [(await client.response()).document["session_id"] for _ in range(count)]
    assert answered == [str(number) for number in range(count)]
