"""What a switch may tell of whose call it is, and the two parts of a call that minutes and credits pay for."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from commcredits.core.admission import own_number
from commcredits.core.call_types import SERVICES_OF, agree
from commcredits.core.commands import Authorise, CallType, Service
from commcredits.edges.http.charging.reading import CommandReader
from commcredits.edges.http.problems import Problem
from tests.edges.http.charging.harness import (
    AUTHORISE,
    BODIES,
    END,
    KNOWN_NUMBER,
    ORGANIZATION,
    START,
    UPDATE,
    Desk,
    Numbers,
    of_a_pool,
    request,
    serving,
)

OUTSIDE = "+4930123456"
WITHOUT_SERVICE = {name: value for name, value in AUTHORISE.items() if name != "service"}
IDENTIFIER = "019353B4-7C1E-7000-8000-0123456789AB"


def read(body: dict[str, Any] | bytes) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CommandReader(Numbers(), ["112"]).read_authorise(raw)


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ({"user": "front.desk@example.com"}, {"user": "front.desk@example.com"}),
        ({"user": IDENTIFIER}, {"user": IDENTIFIER}),
        ({"user": "x"}, {"user": "x"}),
        ({"user": "x" * 320}, {"user": "x" * 320}),
        ({"user": "ă" * 320}, {"user": "ă" * 320}),
        ({"user": 'quoted "name"@example.com'}, {"user": 'quoted "name"@example.com'}),
        ({"user": "back\\slash"}, {"user": "back\\slash"}),
        ({"user": "user"}, {"user": "user"}),
        ({"conference_id": "conf-4711"}, {"conference_id": "conf-4711"}),
        ({"conference_id": '"' * 64}, {"conference_id": '"' * 64}),
        ({"conference_id": "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"}, {"conference_id": "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"}),
        ({"call_type": "user_out"}, {"call_type": CallType.USER_OUT}),
        ({"switch": "kamailio:edge-1"}, {"switch": "kamailio:edge-1"}),
        ({"switch": "diameter:ocs.example.com", "user": "x"}, {"switch": "diameter:ocs.example.com", "user": "x"}),
        ({"service": "toll_in"}, {"service": Service.TOLL_IN}),
        (
            {"call_type": "conf_out", "user": "sales.1@example.com", "conference_id": "7", "slice_seconds": 60},
            {
                "call_type": CallType.CONF_OUT,
                "service": Service.CONFERENCE_DIAL_OUT,
                "user": "sales.1@example.com",
                "conference_id": "7",
                "slice_seconds": 60,
            },
        ),
    ],
)
async def test_what_is_told_of_a_call_reaches_the_submitter_as_it_was_told(
    given: dict[str, Any], understood: dict[str, Any]
) -> None:
    usual = {"service": Service.OUTBOUND, "caller": KNOWN_NUMBER, "callee": OUTSIDE, "organization_id": ORGANIZATION}
    expected = Authorise(session_id="call-1", **{**usual, **understood})
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request("authorise", {**WITHOUT_SERVICE, **given}))).status == 200
        batch = [{"command": "authorise", **WITHOUT_SERVICE, **given}] * 2
        answers = (await client.ask(request("batch", batch))).document
    assert [answer["outcome"] for answer in answers] == ["granted"] * 2
    assert house.desk.commands == [expected] * 3


@pytest.mark.parametrize(("call_type", "service"), list(product(CallType, Service)))
def test_a_service_is_taken_with_the_call_types_that_it_agrees_with(call_type: CallType, service: Service) -> None:
    reading = read({**AUTHORISE, "call_type": call_type, "service": service})
    if "emergency" in {service, call_type.removesuffix("_out")}:
        assert reading.command.service is Service.EMERGENCY
    elif agree(call_type, service):
        assert (reading.call_type, reading.service) == (call_type, service)
    else:
        assert isinstance(reading, Problem)
        [error] = reading.document["errors"]
        assert (reading.status, error["field"], error["value"]) == (422, "service", service)
        for allowed in (*SERVICES_OF[call_type], call_type):
            assert allowed in error["allowed"]


@pytest.mark.parametrize("call_type", [each for each in CallType if each is not CallType.EMERGENCY_OUT])
def test_the_service_follows_from_a_call_type_that_is_told_alone(call_type: CallType) -> None:
    assert read({**WITHOUT_SERVICE, "call_type": call_type}).service is SERVICES_OF[call_type][0]


@pytest.mark.parametrize(
    "told",
    [
        *({"call_type": call_type.value} for call_type in CallType if call_type is not CallType.EMERGENCY_OUT),
        *({"service": service.value} for service in Service if service is not Service.EMERGENCY),
        {"call_type": "conf_in", "service": "toll_free_in"},
        {},
    ],
)
@pytest.mark.parametrize("more", [{}, {"user": "front.desk@example.com"}])
def test_the_organization_is_found_by_the_number_that_the_core_takes_for_its_own(
    told: dict[str, str], more: dict[str, str]
) -> None:
    numbers = {"session_id": "call-1", "caller": KNOWN_NUMBER, "callee": OUTSIDE}
    turned = {"session_id": "call-1", "caller": OUTSIDE, "callee": KNOWN_NUMBER}
    found = [reading for reading in (read({**each, **told, **more}) for each in (numbers, turned)) if found_by(reading)]
    assert [own_number(reading) for reading in found] == [KNOWN_NUMBER]


def found_by(reading: Authorise | Problem) -> bool:
    if isinstance(reading, Problem):
        assert (reading.document["code"], reading.document["number"]) == ("unknown_number", OUTSIDE)
        return False
    return reading.organization_id == ORGANIZATION


async def test_a_wrong_element_beside_one_that_tells_whose_call_it_is_harms_it_not() -> None:
    right = {"command": "authorise", **WITHOUT_SERVICE, "user": "front.desk@example.com"}
    batch = [
        right,
        {**right, "user": ""},
        {**right, "call_type": "conf_in", "service": "outbound"},
        {**right, "callee": "+40219999999", "call_type": "emergency_out"},
        right,
    ]
    twice = json.dumps(right)[:-1] + ', "user": "sales.1@example.com"}'
    async with serving() as house, await house.connect() as client:
        body = f"{json.dumps(batch)[:-1]}, {twice}]".encode()
        answers = (await client.ask(request("batch", body))).document
    assert [answer.get("outcome", answer.get("code")) for answer in answers] == [
        "granted",
        "invalid_input",
        "invalid_input",
        "granted",
        "granted",
        "invalid_input",
    ]
    assert [answer["errors"][0]["field"] for answer in answers if "errors" in answer] == ["user", "service", "user"]
    assert answers[3]["currency"] == "XXX"


GRANT = (
    b'"organization_id":"019353b4-7c1e-7000-8000-0123456789ab","session_id":"call-1","grant_number":1,'
    b'"granted_seconds":300,"valid_seconds":330,"final":false,"charged":"0.000000","held":"0.030000","currency":"EUR"'
)
ANSWERS = {
    "authorise": b'{"outcome":"granted",' + GRANT + b"}",
    "start": b'{"outcome":"started",' + GRANT + b"}",
    "update": b'{"outcome":"granted",' + GRANT + b"}",
    "end": b'{"outcome":"ended","organization_id":"019353b4-7c1e-7000-8000-0123456789ab","session_id":"call-1",'
    b'"duration_seconds":420,"charged":"0.042000","currency":"EUR"}',
}


@pytest.mark.parametrize("command", list(BODIES))
async def test_the_answer_to_a_call_that_credits_pay_for_is_the_same_to_the_byte(command: str) -> None:
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request(command, BODIES[command]))).body == ANSWERS[command]
        batch = (await client.ask(request("batch", [{"command": command, **BODIES[command]}]))).body
    assert batch == b"[" + ANSWERS[command] + b"]"


async def test_both_parts_of_a_call_stand_in_its_answers() -> None:
    async with serving(Desk(of_a_pool)) as house, await house.connect() as client:
        bodies = {"authorise": AUTHORISE, "start": START, "update": UPDATE, "end": END}
        answers = {name: (await client.ask(request(name, body))).document for name, body in bodies.items()}
    for name in ("authorise", "start", "update"):
        assert (answers[name]["included_seconds"], answers[name]["granted_seconds"]) == (120, 300)
        assert list(answers[name])[-1] == "included_seconds"
    assert (answers["end"]["pool_minutes"], answers["end"]["charged"]) == (2, "0.800000")
    assert "included_seconds" not in answers["end"]


async def test_an_emergency_call_has_no_minutes_of_a_pool() -> None:
    body = {**AUTHORISE, "service": "emergency"}
    async with serving() as house, await house.connect() as client:
        assert "included_seconds" not in (await client.ask(request("authorise", body))).document
