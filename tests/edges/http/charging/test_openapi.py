"""The published description is valid, and true: what the listener takes and answers is what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.charging.explaining import JsonObject, load_json
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.openapi import charging_openapi
from tests.edges.http.charging.harness import BODIES, START, Desk, request, serving
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


async def test_a_refusal_in_a_batch_is_as_described() -> None:
    body = [{"command": "start", **START}, 7]
    desk = Desk(lambda _: Refused(code=RefusalCode.UNKNOWN_SESSION))
    async with serving(desk) as house, await house.connect() as client:
        response = await client.ask(request("batch", body))
    assert is_as_described(schema_of_answer("batch", 200), response.document)
