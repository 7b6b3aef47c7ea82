"""The published description is valid, and true: what the listener takes and answers is what it says."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from commcredits.core.commands import CallType, Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.charging.explaining import JsonObject, load_json
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.openapi import charging_openapi
from commcredits.edges.http.charging.reading import CommandReader
from commcredits.edges.http.problems import Problem
from tests.edges.http.charging.harness import (
    AUTHORISE,
    BODIES,
    ORGANIZATION,
    START,
    Desk,
    Numbers,
    of_a_pool,
    request,
    serving,
)
from tests.edges.http.charging.test_bad_input import HOSTILE

DOCUMENT = {"openapi": "3.1.0", "info": {"title": "Charging", "version": "1"}, **charging_openapi()}
PATHS = [*BODIES, "batch"]


def operation(path: str) -> dict[str, Any]:
    found: dict[str, Any] = charging_openapi()["paths"][f"/v1/charging/{path}"]["post"]
    return found


def is_as_described(schema: dict[str, Any], value: object) -> bool:
    """Whether the schema accepts the value, its patterns read as JSON Schema's dialect reads them.

    In that dialect ``$`` is the end of the text alone; in Python's it stands before a last line feed too.
    """
    whole = json.dumps({**schema, "components": charging_openapi()["components"]}).replace('$"', '\\\\Z"')
    return bool(OAS31Validator(json.loads(whole)).is_valid(value))


def schema_of_answer(path: str, status: int) -> dict[str, Any]:
    media_type = "application/json" if status == 200 else "application/problem+json"
    found: dict[str, Any] = operation(path)["responses"][str(status)]["content"][media_type]["schema"]
    return found


def schema_of_body(path: str) -> dict[str, Any]:
    found: dict[str, Any] = operation(path)["requestBody"]["content"]["application/json"]["schema"]
    return found


def test_the_description_is_valid_openapi() -> None:
    validate(DOCUMENT)


@pytest.mark.parametrize("path", PATHS)
async def test_right_bodies_and_their_answers_are_as_described(path: str) -> None:
    body = [{"command": command, **BODIES[command]} for command in BODIES] if path == "batch" else BODIES[path]
    assert is_as_described(schema_of_body(path), body)
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request(path, body))
    assert is_as_described(schema_of_answer(path, 200), response.document)


@pytest.mark.parametrize("path", list(BODIES))
async def test_the_answers_to_a_call_that_splits_are_as_described(path: str) -> None:
    async with serving(Desk(of_a_pool)) as house, await house.connect() as client:
        response = await client.ask(request(path, BODIES[path]))
    described = schema_of_answer(path, 200)
    assert is_as_described(described, response.document)
    name = described["$ref"].rsplit("/", 1)[1]
    assert response.document.keys() == charging_openapi()["components"]["schemas"][name]["properties"].keys()


@pytest.mark.parametrize(("call_type", "service"), list(product(CallType, [None, *Service])))
def test_what_the_listener_takes_of_call_types_and_services_the_description_takes(
    call_type: CallType, service: Service | None
) -> None:
    body = {**AUTHORISE, "call_type": call_type.value, "service": service and service.value}
    if service is None:
        del body["service"]
    reading = CommandReader(Numbers(), []).read_authorise(json.dumps(body).encode())
    assert is_as_described(schema_of_body("authorise"), body) is not isinstance(reading, Problem)


@pytest.mark.parametrize("command", list(BODIES))
async def test_example_bodies_are_taken_and_as_described(command: str) -> None:
    content = operation(command)["requestBody"]["content"]["application/json"]
    assert content["examples"]
    async with serving() as house, await house.connect() as client:
        for example in content["examples"].values():
            assert example["summary"]
            assert is_as_described(content["schema"], example["value"])
            response = await client.ask(request(command, {"organization_id": ORGANIZATION, **example["value"]}))
            assert response.status == 200


@pytest.mark.parametrize("command", list(BODIES))
def test_example_answers_are_as_described(command: str) -> None:
    for status, response in operation(command)["responses"].items():
        for content in response["content"].values():
            for name, example in content.get("examples", {}).items():
                assert is_as_described(content["schema"], example["value"]), name
                if status != "200":
                    assert name == example["value"]["code"]
                    assert name in response["description"].split(", ")
                    assert example["value"]["status"] == int(status)


def test_the_examples_show_a_pool_a_split_and_refusals_that_explain() -> None:
    def shown(path: str, status: int, media_type: str = "application/json") -> Any:
        return operation(path)["responses"][str(status)]["content"][media_type]["examples"]

    pool = shown("authorise", 200)["pool"]["value"]
    assert (pool["included_seconds"], pool["granted_seconds"], pool["held"]) == (300, 300, "0.000000")
    split = shown("update", 200)["split"]["value"]
    assert (split["included_seconds"], split["granted_seconds"], split["held"]) == (600, 900, "3.000000")
    ended = shown("end", 200)["split"]["value"]
    assert (ended["pool_minutes"], ended["duration_seconds"], ended["charged"]) == (10, 650, "0.500000")
    empty = shown("authorise", 402, "application/problem+json")["insufficient_funds"]["value"]
    assert {"pool_empty_since", "available", "needed"} <= empty.keys()
    refused = shown("authorise", 403, "application/problem+json")
    assert refused["credits_not_licensed"]["value"]["licence"] == "MCOPSTNC"
    assert (refused["cap_reached"]["value"]["meter"][:9], refused["cap_reached"]["value"]["limit"]) == (
        "cap:user:",
        "20.000000",
    )


async def test_an_emergency_grant_is_as_described() -> None:
    body = {"session_id": "call-1", "caller": "+4930999999", "callee": "+40212345678", "service": "emergency"}
    assert is_as_described(schema_of_body("authorise"), body)
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", body))
    assert is_as_described(schema_of_answer("authorise", 200), response.document)


@pytest.mark.parametrize(("command", "field", "body"), HOSTILE)
def test_what_the_listener_refuses_the_description_refuses(command: str, field: str, body: bytes) -> None:
    value = load_json(body)
    if isinstance(value, JsonObject) and value.twice:
        return  # a name given twice is gone before a schema sees it
    assert not is_as_described(schema_of_body(command), value), field


@pytest.mark.parametrize("path", PATHS)
async def test_problems_are_as_described(path: str) -> None:
    limits = ListenerLimits(single_body_bytes_max=100, batch_body_bytes_max=100)
    sent = [
        request(path, b"not json"),
        request(path, b"7"),
        request(path, b"7", token=b"wrong"),
        request(path, b"", method="GET"),
        request(path, b"7", fields=("Expect: the worst",)),
        request(path, b" " * 101),
        request(path, b"7", fields=("X-Note: " + "x" * 20_000,)),
        b"garbage\r\n\r\n",
    ]
    for data in sent:
        async with serving(limits=limits) as house, await house.connect() as client:
            response = await client.ask(data)
        assert is_as_described(schema_of_answer(path, response.status), response.document)
        promised = operation(path)["responses"][str(response.status)].get("headers", {})
        assert {name.lower() for name in promised} <= set(response.fields)


@pytest.mark.parametrize("command", list(BODIES))
@pytest.mark.parametrize(
    "code", [RefusalCode.BUSY, RefusalCode.CONFLICT, RefusalCode.INTERNAL_ERROR, RefusalCode.UNKNOWN_ORGANIZATION]
)
async def test_refusals_are_as_described(command: str, code: RefusalCode) -> None:
    async with serving(Desk(lambda _: Refused(code=code))) as house, await house.connect() as client:
        response = await client.ask(request(command, BODIES[command]))
    assert code in operation(command)["responses"][str(response.status)]["description"]
    assert is_as_described(schema_of_answer(command, response.status), response.document)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (RefusalCode.INSUFFICIENT_FUNDS, 402),
        (RefusalCode.ORGANIZATION_CLOSED, 403),
        (RefusalCode.NO_RATE, 403),
        (RefusalCode.CREDITS_NOT_LICENSED, 403),
        (RefusalCode.USER_REQUIRED, 403),
        (RefusalCode.DIAL_OUT_NOT_ALLOWED, 403),
        (RefusalCode.PREMIUM_NOT_ALLOWED, 403),
        (RefusalCode.TOLL_FREE_NOT_ALLOWED, 403),
        (RefusalCode.CAP_REACHED, 403),
        (RefusalCode.TOO_MANY_CALLS, 403),
        (RefusalCode.BLOCKED, 403),
        (RefusalCode.UNKNOWN_USER, 404),
    ],
)
async def test_refusals_of_a_new_call_are_as_described(code: RefusalCode, status: int) -> None:
    async with serving(Desk(lambda _: Refused(code=code))) as house, await house.connect() as client:
        response = await client.ask(request("authorise", AUTHORISE))
    assert response.status == status
    assert code in operation("authorise")["responses"][str(status)]["description"].split(", ")
    assert is_as_described(schema_of_answer("authorise", status), response.document)


async def test_a_refusal_in_a_batch_is_as_described() -> None:
    body = [{"command": "start", **START}, 7]
    desk = Desk(lambda _: Refused(code=RefusalCode.UNKNOWN_SESSION))
    async with serving(desk) as house, await house.connect() as client:
        response = await client.ask(request("batch", body))
    assert is_as_described(schema_of_answer("batch", 200), response.document)
