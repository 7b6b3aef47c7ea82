"""An emergency call goes through at once, whatever else is in the request, and is recorded where it can be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commcredits.core.commands import Authorise, Service
from commcredits.core.outcomes import RefusalCode, Refused
from tests.edges.http.charging.harness import (
    AUTHORISE,
    KNOWN_NUMBER,
    ORGANIZATION,
    START,
    Desk,
    request,
    serving,
)

EMERGENCY = {"session_id": "call-1", "caller": KNOWN_NUMBER, "callee": "112"}


@pytest.mark.parametrize(
    "body",
    [
        EMERGENCY,
        {**EMERGENCY, "callee": "+911"},
        {**EMERGENCY, "service": "outbound", "slice_seconds": 60},
        {**EMERGENCY, "service": "emergency", "callee": "+40219999999"},
        {**EMERGENCY, "organization_id": ORGANIZATION},
        {**EMERGENCY, "callee": "+40219999999", "call_type": "emergency_out"},
        {**EMERGENCY, "callee": "+40219999999", "call_type": "emergency_out", "user": "front.desk@example.com"},
        {**EMERGENCY, "callee": "+40219999999", "call_type": "emergency_out", "service": "emergency"},
        {**EMERGENCY, "callee": "+40219999999", "call_type": "emergency_out", "service": "toll_free_in"},
        {**EMERGENCY, "callee": "+40219999999", "call_type": "conf_in", "service": "emergency"},
        {**EMERGENCY, "call_type": "user_out", "user": "front.desk@example.com", "conference_id": "conf-4711"},
    ],
)
async def test_an_emergency_call_is_granted_before_the_submitter_answers(body: dict[str, Any]) -> None:
    async with serving(Desk(holds_back=True)) as house, await house.connect() as client:
        response = await client.ask(request("authorise", body))
        assert response.status == 200
        document = response.document
        assert (document["outcome"], document["organization_id"]) == ("granted", ORGANIZATION)
        assert (document["charged"], document["held"], document["currency"]) == ("0.000000", "0.000000", "XXX")
        assert document["granted_seconds"] >= 14_400
        assert document["final"] is False
        assert house.desk.commands == [
            Authorise(
                organization_id=ORGANIZATION,
                session_id="call-1",
                service=Service.EMERGENCY,
                caller=KNOWN_NUMBER,
                callee=body["callee"],
                slice_seconds=86_400,
            )
        ]
        house.desk.release()
        assert (await client.ask(request("authorise", body))).status == 200


@pytest.mark.parametrize("code", [RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR, RefusalCode.CONFLICT])
async def test_an_emergency_call_is_granted_though_it_cannot_be_recorded(code: RefusalCode) -> None:
    async with serving(Desk(lambda _: Refused(code=code))) as house, await house.connect() as client:
        assert (await client.ask(request("authorise", EMERGENCY))).status == 200
        assert (await client.ask(request("start", START))).status != 200


@pytest.mark.parametrize(
    "fields",
    [
        {"caller": "+4930999999"},
        {"caller": "anonymous"},
        {"caller": None},
        {"session_id": "two words"},
        {"session_id": None},
        {"session_id": "\u202e" * 500},
        {"organization_id": "nobody", "caller": "0"},
        {"slice_seconds": -1, "caller": []},
        {"slice_seconds": 10**30, "session_id": "ș"},
        {"colour": "red", "caller": {}},
        {"callee": "+40219999999", "call_type": "emergency_out", "caller": "anonymous"},
        {"callee": [], "call_type": "emergency_out", "session_id": 7},
        {"call_type": "premium_out", "user": 7, "conference_id": None, "session_id": ""},
        {"callee": "+40219999999", "call_type": "emergency_out", "service": "premium", "user": "", "caller": None},
    ],
)
async def test_an_emergency_call_passes_though_the_rest_is_wrong(fields: dict[str, Any]) -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", {**EMERGENCY, **fields}))
        assert (response.status, response.document["outcome"]) == (200, "granted")
        [answer] = (await client.ask(request("batch", [{"command": "authorise", **EMERGENCY, **fields}]))).document
        assert answer["outcome"] == "granted"
    assert house.desk.commands == []


async def test_half_a_surrogate_beside_an_oversized_number_does_not_stop_an_emergency_call() -> None:
    body = b'{"slice_seconds": ' + b"9" * 5_000 + b', "session_id": "\\ud800", "service": "emergency"}'
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", body))
        assert response.status in {200, 400}  # the reader may call it malformed; it must not call it our error


@pytest.mark.parametrize("field", [{"colour": "red"}, {"user": ""}, {"call_type": "nonsense"}, {"conference_id": 1}])
async def test_an_emergency_call_is_recorded_despite_a_field_that_does_not_matter(field: dict[str, Any]) -> None:
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request("authorise", {**EMERGENCY, **field}))).status == 200
    assert len(house.desk.commands) == 1


async def test_an_emergency_call_without_a_token_is_refused_like_any_other_request() -> None:
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request("authorise", EMERGENCY, token=b"wrong"))).status == 401
    assert house.desk.commands == []


async def test_a_number_that_only_begins_like_an_emergency_number_is_charged() -> None:
    body = json.dumps({**AUTHORISE, "callee": "+1125551234"}).encode()
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request("authorise", body))).document["currency"] == "EUR"
