"""The charging paths in OpenAPI 3.1, made from the same tables that check and answer requests.

Knows how those tables read as schemas. Refuses to know the administration paths, into whose document this is merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from commcredits.core.call_types import agree
from commcredits.core.commands import CallType, Service
from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.charging.endpoints import CHARGING_PATH
from commcredits.edges.http.charging.examples import Example, answer_examples, body_examples, problem_examples
from commcredits.edges.http.charging.fields import FIELD_RULES
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.problem_kinds import REFUSALS
from commcredits.edges.http.problems import (
    HTTP_FAULTS,
    PROBLEM_MEDIA_TYPE,
    HttpFault,
    problem_headers,
    problem_schema,
)

SECURITY_SCHEME: Final = "BearerToken"
_TAG: Final = "Charging"
_JSON: Final = "application/json"

_SUMMARIES: Final[Mapping[str, tuple[str, str]]] = {
    "authorise": (
        "May this call be made, and for how long?",
        (
            "Holds the first slice, minutes of a pool first and then money. The same session id again gets the first "
            "answer. Emergency calls are always granted."
        ),
    ),
    "start": ("The call was answered", "Its grants count from now."),
    "update": (
        "The call goes on",
        (
            "Charges what was used and holds the next slice; a call that outlives its pool goes on by money. The same "
            "request number again gets the first answer."
        ),
    ),
    "end": ("The call is over", "Charges what was used and releases the rest; 0 seconds mean it was never answered."),
}

_AMOUNT: Final = {
    "type": "string",
    "pattern": r"^-?[0-9]+\.[0-9]{6}$",
    "description": "A decimal with exactly six digits after the point, in the currency's major unit.",
    "examples": [format_micros(47_700_000)],
}
_CURRENCY: Final = {
    "type": "string",
    "pattern": "^[A-Z]{3}$",
    "description": "ISO 4217; XXX where no money is concerned (emergency calls).",
}
_SECONDS: Final = {"type": "integer", "minimum": 0}
_SESSION: Final = FIELD_RULES["start"]["session_id"].schema

_FAULTS: Final = (
    HttpFault.MALFORMED_REQUEST,
    HttpFault.MALFORMED_JSON,
    HttpFault.UNAUTHORISED,
    HttpFault.METHOD_NOT_ALLOWED,
    HttpFault.REQUEST_TIMEOUT,
    HttpFault.PAYLOAD_TOO_LARGE,
    HttpFault.EXPECTATION_FAILED,
    HttpFault.HEADER_TOO_LARGE,
    HttpFault.INTERNAL_ERROR,
    HttpFault.TOO_MANY_CONNECTIONS,
)
"""What any request to a charging path can run into."""

_COMMON_REFUSALS: Final = (
    RefusalCode.CONFLICT,
    RefusalCode.INVALID_INPUT,
    RefusalCode.BUSY,
    RefusalCode.INTERNAL_ERROR,
    RefusalCode.UNKNOWN_ORGANIZATION,
)
_SESSION_REFUSALS: Final = (
    RefusalCode.UNKNOWN_SESSION,
    RefusalCode.SESSION_ENDED,
    RefusalCode.STALE_REQUEST,
)
_REFUSALS_OF: Final[Mapping[str, tuple[RefusalCode, ...]]] = {
    "authorise": (
        *_COMMON_REFUSALS,
        RefusalCode.INSUFFICIENT_FUNDS,
        RefusalCode.ORGANIZATION_CLOSED,
        RefusalCode.NO_RATE,
        RefusalCode.UNKNOWN_NUMBER,
        RefusalCode.UNKNOWN_USER,
        RefusalCode.USER_REQUIRED,
        RefusalCode.CREDITS_NOT_LICENSED,
        RefusalCode.DIAL_OUT_NOT_ALLOWED,
        RefusalCode.PREMIUM_NOT_ALLOWED,
        RefusalCode.TOLL_FREE_NOT_ALLOWED,
        RefusalCode.CAP_REACHED,
        RefusalCode.TOO_MANY_CALLS,
        RefusalCode.BLOCKED,
    ),
    "start": (*_COMMON_REFUSALS, *_SESSION_REFUSALS),
    "update": (*_COMMON_REFUSALS, *_SESSION_REFUSALS),
    "end": (*_COMMON_REFUSALS, *_SESSION_REFUSALS),
}


def charging_openapi() -> dict[str, Any]:
    """The members ``paths``, ``components`` and ``tags`` of an OpenAPI 3.1 document, for the charging paths alone."""
    paths = {f"{CHARGING_PATH}{command}": {"post": _operation(command)} for command in FIELD_RULES}
    paths[f"{CHARGING_PATH}batch"] = {"post": _batch_operation()}
    return {
        "tags": [{"name": _TAG, "description": "Commands of a call, from switches and applications."}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {SECURITY_SCHEME: {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(command: str) -> dict[str, Any]:
    summary, description = _SUMMARIES[command]
    name = command.capitalize()
    answer = {"authorise": "Granted", "start": "Started", "update": "Granted", "end": "Ended"}[command]
    return {
        "tags": [_TAG],
        "operationId": f"charging_{command}",
        "summary": summary,
        "description": description,
        "security": [{SECURITY_SCHEME: []}],
        "requestBody": {"required": True, "content": {_JSON: _content(name, body_examples(command))}},
        "responses": {
            "200": {"description": answer, "content": {_JSON: _content(answer, answer_examples(command))}},
            **_problem_responses(_REFUSALS_OF[command], [*problem_examples(command)]),
        },
    }


def _batch_operation() -> dict[str, Any]:
    elements = {
        "type": "array",
        "maxItems": ListenerLimits().batch_commands_max,
        "items": {
            "oneOf": [_reference(f"{command.capitalize()}Element") for command in FIELD_RULES],
            "discriminator": {
                "propertyName": "command",
                "mapping": {command: f"#/components/schemas/{command.capitalize()}Element" for command in FIELD_RULES},
            },
        },
    }
    answers = {
        "type": "array",
        "items": {"anyOf": [_reference(name) for name in ("Granted", "Started", "Ended", "Problem")]},
    }
    return {
        "tags": [_TAG],
        "operationId": "charging_batch",
        "summary": "Many commands at once",
        "description": "Each element is independent of the others; the answers stand in the same order.",
        "security": [{SECURITY_SCHEME: []}],
        "requestBody": {"required": True, "content": {_JSON: {"schema": elements}}},
        "responses": {
            "200": {"description": "An answer or a problem for each command", "content": {_JSON: {"schema": answers}}},
            **_problem_responses((RefusalCode.INVALID_INPUT,)),
        },
    }


def _content(schema: str, examples: Iterable[Example]) -> dict[str, Any]:
    shown = {example.name: {"summary": example.summary, "value": example.value} for example in examples}
    return {"schema": _reference(schema), **({"examples": shown} if shown else {})}


def _problem_responses(refusals: Iterable[RefusalCode], examples: Sequence[Example] = ()) -> dict[str, Any]:
    codes_by_status: dict[int, list[str]] = {}
    for fault in _FAULTS:
        codes_by_status.setdefault(HTTP_FAULTS[fault].status, []).append(fault.value)
    for refusal in refusals:
        codes = codes_by_status.setdefault(REFUSALS[refusal].status, [])
        if refusal.value not in codes:
            codes.append(refusal.value)
    shown = {status: [each for each in examples if each.value["status"] == status] for status in codes_by_status}
    return {
        str(status): _problem_response(status, codes_by_status[status], shown[status])
        for status in sorted(codes_by_status)
    }


def _problem_response(status: int, codes: Iterable[str], examples: Iterable[Example]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": ", ".join(codes),
        "content": {PROBLEM_MEDIA_TYPE: _content("Problem", examples)},
    }
    fields = [*problem_headers(status)]
    if status == HTTP_FAULTS[HttpFault.METHOD_NOT_ALLOWED].status:
        fields.append("Allow")
    if fields:
        response["headers"] = {name: {"schema": {"type": "string"}} for name in fields}
    return response


def _schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = {"Problem": problem_schema()}
    for command in FIELD_RULES:
        schemas[command.capitalize()] = _command_schema(command, tagged=False)
        schemas[f"{command.capitalize()}Element"] = _command_schema(command, tagged=True)
    grant = {
        "grant_number": {"type": "integer", "minimum": 1},
        "granted_seconds": {**_SECONDS, "description": "How long the call may last in all, counted from its answer."},
        "valid_seconds": {**_SECONDS, "description": "Report again within this time."},
        "final": {
            "type": "boolean",
            "description": "What is left of pool, money and limits ends this grant; nothing more is to be had now.",
        },
        "charged": {**_AMOUNT, "description": "What is charged so far."},
        "held": {**_AMOUNT, "description": "What is set aside for the rest of the grant."},
        "currency": _CURRENCY,
    }
    included = {
        **_SECONDS,
        "minimum": 1,
        "description": "How many of the granted seconds minutes of a pool pay for; money pays for those after them. "
        "Left out where no minutes do.",
    }
    end = {
        "duration_seconds": _SECONDS,
        "charged": {**_AMOUNT, "description": "What money paid."},
        "currency": _CURRENCY,
    }
    minutes = {
        "type": "integer",
        "minimum": 1,
        "description": "How many started minutes of a pool paid. Left out where none did.",
    }
    schemas["Granted"] = _answer_schema("granted", grant, included_seconds=included)
    schemas["Granted"]["properties"]["organization_id"] = {
        **_organization_id(),
        "type": ["string", "null"],
        "description": "Null only for an emergency call from a number that belongs to no organization.",
    }
    schemas["Started"] = _answer_schema("started", grant, included_seconds=included)
    schemas["Ended"] = _answer_schema("ended", end, pool_minutes=minutes)
    return schemas


def _command_schema(command: str, *, tagged: bool) -> dict[str, Any]:
    rules = FIELD_RULES[command]
    tag: dict[str, Any] = {"command": {"const": command}} if tagged else {}
    schema = {
        "type": "object",
        "required": [*tag, *(name for name, rule in rules.items() if rule.required)],
        "properties": {**tag, **{name: dict(rule.schema) for name, rule in rules.items()}},
        "additionalProperties": False,
    }
    return {**schema, "allOf": _agreements()} if "call_type" in rules else schema


def _agreements() -> list[dict[str, Any]]:
    """Which services each call type goes with, one condition for all types that go with the same."""
    types_by_services: dict[tuple[Service, ...], list[str]] = {}
    for call_type in CallType:
        services = tuple(service for service in Service if agree(call_type, service))
        if services != tuple(Service):
            types_by_services.setdefault(services, []).append(call_type.value)
    return [
        {
            "if": {"required": ["call_type"], "properties": {"call_type": {"enum": types}}},
            "then": {"properties": {"service": {"enum": [service.value for service in services]}}},
        }
        for services, types in types_by_services.items()
    ]


def _answer_schema(outcome: str, members: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    properties = {
        "outcome": {"const": outcome},
        "organization_id": _organization_id(),
        "session_id": dict(_SESSION),
        **members,
    }
    return {"type": "object", "required": [*properties], "properties": {**properties, **optional}}


def _organization_id() -> dict[str, Any]:
    return dict(FIELD_RULES["start"]["organization_id"].schema)


def _reference(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}
