"""An array of commands: independent answers, in the same order."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.charging.limits import ListenerLimits
from tests.edges.http.charging.harness import BODIES, START, Desk, request, serving, usual_outcome


def elements(count: int) -> list[dict[str, Any]]:
    kinds = sorted(BODIES)
    return [
        {"command": kinds[number % 4], **BODIES[kinds[number % 4]], "session_id": str(number)}
        for number in range(count)
    ]


async def test_each_command_of_a_batch_is_answered_in_its_place() -> None:
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        client.send(request("batch", elements(200)))
        await house.desk.holding(200)
        order = random.Random(11)
        while house.desk.waiting:
            house.desk.release(order.randrange(len(house.desk.waiting)))
        response = await client.response()
    assert response.status == 200
    assert [answer["session_id"] for answer in response.document] == [str(number) for number in range(200)]
    assert [answer["outcome"] for answer in response.document[:4]] == ["granted", "ended", "started", "granted"]


async def test_a_wrong_element_harms_no_other() -> None:
    right = {"command": "start", **START}
    batch = [
        right,
        {"command": "start", **START, "session_id": ""},
        {"command": "refund", **START},
        START,
        7,
        None,
        [right],
        {"command": 7},
        {"command": "update", **START, "request_number": 1, "used_seconds": -1},
        {"command": "authorise", "session_id": "x", "caller": "+4930999999", "callee": "+4930123456"},
        right,
    ]
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("batch", batch))
    assert response.status == 200
    answers = response.document
    assert [answer.get("outcome", answer.get("code")) for answer in answers] == [
        "started",
        *["invalid_input"] * 8,
        "unknown_number",
        "started",
    ]
    named = [answer["errors"][0]["field"] for answer in answers[1:9]]
    assert named == ["session_id", "command", "command", "body", "body", "body", "command", "used_seconds"]
    assert len(house.desk.commands) == 2


async def test_a_field_given_twice_in_an_element_is_refused() -> None:
    element = json.dumps({"command": "start", **START})
    twice = element[:-1] + ', "session_id": "call-2"}'
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("batch", f"[{element}, {twice}]".encode()))
    assert [answer.get("code") for answer in response.document] == [None, "invalid_input"]


async def test_refusals_stand_among_the_answers() -> None:
    desk = Desk(lambda command: Refused(code=RefusalCode.BUSY) if command.session_id == "1" else usual_outcome(command))
    async with serving(desk) as house, await house.connect() as client:
        response = await client.ask(request("batch", elements(3)))
    assert [answer.get("status", 200) for answer in response.document] == [200, 503, 200]


async def test_an_empty_batch_has_an_empty_answer() -> None:
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request("batch", []))).document == []


async def test_a_batch_of_a_thousand_passes_and_one_more_is_refused_whole() -> None:
    async with serving() as house, await house.connect() as client:
        assert len((await client.ask(request("batch", elements(1_000)))).document) == 1_000
        assert len(house.desk.commands) == 1_000
        response = await client.ask(request("batch", elements(1_001)))
        assert (response.status, response.document["errors"][0]["value"]) == (422, "1001 elements")
        assert len(house.desk.commands) == 1_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 422),
        (b"null", 422),
        (b'"[]"', 422),
        (b"", 400),
        (b"[", 400),
        (b"[{]", 400),
        (b"[1,]", 400),
        (b"[" * 500_000, 400),
        (b"[NaN]", 400),
        (b'[{"command": "start" "session_id": "x"}]', 400),
        (b'["\xff"]', 400),
    ],
)
async def test_a_body_that_is_no_array_is_refused_whole(body: bytes, status: int) -> None:
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request("batch", body))).status == status
        assert (await client.ask(request("start", START))).status == 200


async def test_a_batch_above_the_size_limit_is_refused_whole() -> None:
    limits = ListenerLimits(batch_body_bytes_max=20_000)
    async with serving(limits=limits) as house, await house.connect() as client:
        assert (await client.ask(request("batch", elements(200)))).status == 413
    assert house.desk.commands == []
