"""Every "no" that the HTTP interfaces can give, as problem documents (RFC 9457), in one complete table.

Knows which status, title and sentence belong to each refusal of the core and to each fault of a request itself. Refuses
to know why something was refused, who asked, and which web framework carries the answer: the charging listener and
the administration API both answer with what stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.problem_kinds import REFUSALS, ProblemKind, kind

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 1
"""How long a caller waits before it asks again after "busy": the queue empties in milliseconds."""

SHOWN_VALUE_CHARACTERS_MAX: Final = 64
"""How much of a refused value is repeated to the sender."""

_FIELD_ERRORS_MAX: Final = 20
_TYPE_PREFIX: Final = "urn:commcredits:refusal:"
_MICROS_SUFFIX: Final = "_micros"
_FIELD_FACTS: Final = {"field", "value", "allowed"}


class HttpFault(StrEnum):
    """What can be wrong with a request before any command is read from it. Stable: interfaces show these words."""

    MALFORMED_REQUEST = "malformed_request"
    MALFORMED_JSON = "malformed_json"
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    EXPECTATION_FAILED = "expectation_failed"
    HEADER_TOO_LARGE = "header_too_large"
    INTERNAL_ERROR = "internal_error"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    MESSAGE_NOT_PROVEN = "message_not_proven"
    NOT_READY = "not_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field that was refused: its name, the value given (shortened), what is allowed, and both in a sentence."""

    field: str
    value: str
    allowed: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document and the status it travels with."""

    status: int
    document: Mapping[str, Any]


HTTP_FAULTS: Final[Mapping[HttpFault, ProblemKind]] = {
    HttpFault.MALFORMED_REQUEST: kind(400, "Malformed request", "The request is not well-formed HTTP/1.1."),
    HttpFault.MALFORMED_JSON: kind(400, "Malformed JSON", "The body is not one well-formed JSON value in UTF-8."),
    HttpFault.UNAUTHORISED: kind(
        401, "Unauthorised", "The request needs a valid token in its header Authorization: Bearer."
    ),
    HttpFault.NOT_FOUND: kind(404, "Not found", "There is nothing at this path."),
    HttpFault.METHOD_NOT_ALLOWED: kind(405, "Method not allowed", "This path does not take this method; see Allow."),
    HttpFault.REQUEST_TIMEOUT: kind(408, "Request timeout", "The request did not arrive whole in time."),
    HttpFault.PAYLOAD_TOO_LARGE: kind(413, "Payload too large", "The body is larger than this path takes."),
    HttpFault.EXPECTATION_FAILED: kind(417, "Expectation failed", "The only expectation met is 100-continue."),
    HttpFault.HEADER_TOO_LARGE: kind(431, "Header too large", "The request line and header are too large together."),
    HttpFault.INTERNAL_ERROR: kind(
        500, "Internal error", "The request failed inside. It may be sent again with the same id."
    ),
    HttpFault.TOO_MANY_CONNECTIONS: kind(503, "Too many connections", "Close idle connections, then try again."),
    HttpFault.UNSUPPORTED_MEDIA_TYPE: kind(
        415, "Unsupported media type", "The body is not of a media type that this path takes."
    ),
    HttpFault.MESSAGE_NOT_PROVEN: kind(
        400, "Message not proven", "The message is not proven to come from the gateway, so nothing was done."
    ),
    HttpFault.NOT_READY: kind(503, "Not ready", "A part that every request needs does not answer."),
}
"""Each fault of a request on HTTP, complete likewise."""


_CONFLICTS: Final[Mapping[str, ProblemKind]] = {
    "state": kind(409, "Conflict", "The call is not over, or was refused: it has no charge that could be changed."),
    "repaid_micros": kind(
        409, "Conflict", "What the call owed was repaid from other funds; which to fill again is for a person to say."
    ),
}
"""What a conflict that is none of ids is, by the fact that it rests on."""


def refusal_problem(refused: Refused) -> Problem:
    """The problem document of a refusal.

    Its facts stand beside the members of RFC 9457; a fact in millionths is written as the interfaces write amounts,
    under its name without the unit. What would change it stands there too. A fact never takes the place of a member.
    Bad input that names its field is told in ``errors``, whoever found it.
    """
    facts: dict[str, Any] = {
        name.removesuffix(_MICROS_SUFFIX): format_micros(value)
        if isinstance(value, int) and name.endswith(_MICROS_SUFFIX)
        else value
        for name, value in refused.facts.items()
    }
    if refused.code is RefusalCode.INVALID_INPUT and facts.keys() >= _FIELD_FACTS:
        field, value, allowed = (str(facts.pop(name)) for name in ("field", "value", "allowed"))
        field = field.removesuffix(_MICROS_SUFFIX)
        error = FieldError(field=field, value=shown_value(value), allowed=allowed, message=f"{field} must be {allowed}")
        problem = invalid_input_problem([error])
        return Problem(status=problem.status, document={**facts, **problem.document})
    if refused.would_change_it:
        facts["would_change_it"] = list(refused.would_change_it)
    kind = REFUSALS[refused.code]
    if refused.code is RefusalCode.CONFLICT:
        kind = next((said for fact, said in _CONFLICTS.items() if fact in refused.facts), kind)
    return _problem(refused.code, kind, facts)


def fault_problem(fault: HttpFault, detail: str = "") -> Problem:
    """The problem document of a faulty request; ``detail`` takes the place of the table's sentence."""
    return _problem(fault, HTTP_FAULTS[fault], {"detail": detail} if detail else {})


def invalid_input_problem(errors: Iterable[FieldError]) -> Problem:
    """The problem document that names each refused field (the first twenty)."""
    shown = [
        {"field": error.field, "value": error.value, "allowed": error.allowed, "message": error.message}
        for error in list(errors)[:_FIELD_ERRORS_MAX]
    ]
    detail = "; ".join(error["message"] for error in shown[:3])
    problem = _problem(RefusalCode.INVALID_INPUT, REFUSALS[RefusalCode.INVALID_INPUT], {"errors": shown})
    return Problem(status=problem.status, document={**problem.document, "detail": detail + "."})


def problem_headers(status: int) -> Mapping[str, str]:
    """The header fields that must go with a problem of this status, whatever the path (RFC 9110 §10.2, §11.6)."""
    if status == HTTP_FAULTS[HttpFault.UNAUTHORISED].status:
        return {"WWW-Authenticate": 'Bearer realm="commcredits"'}
    if status == REFUSALS[RefusalCode.BUSY].status:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def shown_value(value: object) -> str:
    """A refused value in at most 64 characters that are safe on a terminal and in a log; never a whole document."""
    match value:
        case None | bool():
            text = {None: "null", True: "true", False: "false"}[value]
        case dict():
            text = "an object"
        case list() | tuple():
            text = "an array"
        case _:
            text = str(value)
    cut = text[:SHOWN_VALUE_CHARACTERS_MAX]
    safe = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut)
    return safe + ("…" if len(text) > SHOWN_VALUE_CHARACTERS_MAX else "")


def problem_schema() -> dict[str, Any]:
    """The JSON schema of every problem document, for OpenAPI."""
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "A problem document (RFC 9457). Facts of the refusal stand beside these members.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri", "examples": [_TYPE_PREFIX + RefusalCode.INSUFFICIENT_FUNDS]},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "code": {"type": "string", "enum": sorted({*map(str, RefusalCode), *map(str, HttpFault)})},
            "would_change_it": {
                "type": "array",
                "description": "What would change the refusal of a call, each alone; see docs/policies.md.",
                "items": text,
            },
            "errors": {
                "type": "array",
                "description": "The refused fields; bad input only.",
                "maxItems": _FIELD_ERRORS_MAX,
                "items": {
                    "type": "object",
                    "required": ["field", "value", "allowed", "message"],
                    "properties": {"field": text, "value": text, "allowed": text, "message": text},
                },
            },
        },
        "additionalProperties": True,
    }


def _problem(code: RefusalCode | HttpFault, kind: ProblemKind, extra: Mapping[str, Any]) -> Problem:
    members = {
        "type": _TYPE_PREFIX + code,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail,
        "code": str(code),
    }
    if isinstance(code, HttpFault):
        return Problem(status=kind.status, document={**members, **extra})
    return Problem(status=kind.status, document={**extra, **members})
