"""What each field of a charging command may be: one table for the check, for its message and for OpenAPI.

Knows forms: patterns, bounds, choices. Refuses to know what a value means, and how JSON is read
(commcredits.edges.http.charging.reading).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from commcredits.core.commands import CallType, Service
from commcredits.core.numbers import E164
from commcredits.operations.charging import (
    CONFERENCE_ID,
    SESSION_ID,
    SLICE_SECONDS_MAX,
    SWITCH,
    USER_CHARACTERS_MAX,
    user_is_fit,
)

USED_SECONDS_MAX: Final = 315_360_000
"""Ten years of 365 days: no call is longer, and nothing computed from it overflows."""
REQUEST_NUMBER_MAX: Final = 2**31 - 1
CAUSE_CHARACTERS_MAX: Final = 64

ORGANIZATION_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


class AuthoriseBody(
    msgspec.Struct, tag_field="command", tag="authorise", forbid_unknown_fields=True, gc=False, frozen=True
):
    """The JSON body of ``authorise``; its tag stands in batches alone."""

    session_id: str
    caller: str
    callee: str
    organization_id: str | UnsetType = UNSET
    service: Service | UnsetType = UNSET
    slice_seconds: int | UnsetType = UNSET
    answered: bool | UnsetType = UNSET
    call_type: CallType | UnsetType = UNSET
    user: str | UnsetType = UNSET
    conference_id: str | UnsetType = UNSET
    switch: str | UnsetType = UNSET


class StartBody(msgspec.Struct, tag_field="command", tag="start", forbid_unknown_fields=True, gc=False, frozen=True):
    """The JSON body of ``start``."""

    organization_id: str
    session_id: str


class UpdateBody(msgspec.Struct, tag_field="command", tag="update", forbid_unknown_fields=True, gc=False, frozen=True):
    """The JSON body of ``update``."""

    organization_id: str
    session_id: str
    request_number: int
    used_seconds: int
    slice_seconds: int | UnsetType = UNSET


class EndBody(msgspec.Struct, tag_field="command", tag="end", forbid_unknown_fields=True, gc=False, frozen=True):
    """The JSON body of ``end``."""

    organization_id: str
    session_id: str
    used_seconds: int
    cause: str | UnsetType = UNSET


Body = AuthoriseBody | StartBody | UpdateBody | EndBody


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What one field may be: ``allowed`` completes "must be …", ``schema`` says it to OpenAPI."""

    accepts: Callable[[object], bool]
    allowed: str
    schema: Mapping[str, Any]
    required: bool = True


def cause_is_fit(text: str) -> bool:
    """Whether the text can be kept as the cause of a call's end: short, and without control characters."""
    return len(text) <= CAUSE_CHARACTERS_MAX and text.isprintable()


def _text(pattern: re.Pattern[str], allowed: str, example: str, *, required: bool = True) -> FieldRule:
    def accepts(value: object) -> bool:
        return type(value) is str and pattern.fullmatch(value) is not None

    schema = {"type": "string", "pattern": f"^{pattern.pattern}$", "examples": [example]}
    return FieldRule(accepts=accepts, allowed=allowed, schema=schema, required=required)


def _integer(minimum: int, maximum: int, *, required: bool = True) -> FieldRule:
    def accepts(value: object) -> bool:
        return type(value) is int and minimum <= value <= maximum

    schema = {"type": "integer", "minimum": minimum, "maximum": maximum}
    allowed = f"an integer from {minimum} to {maximum}"
    return FieldRule(accepts=accepts, allowed=allowed, schema=schema, required=required)


_SERVICES: Final = tuple(service.value for service in Service)
_CALL_TYPES: Final = tuple(call_type.value for call_type in CallType)
_ORGANIZATION_ID: Final = _text(
    ORGANIZATION_ID, "a UUID in its canonical lower-case form", "019353b4-7c1e-7000-8000-0123456789ab"
)
_ORGANIZATION_ID_OR_NONE: Final = FieldRule(
    accepts=_ORGANIZATION_ID.accepts,
    allowed=_ORGANIZATION_ID.allowed,
    schema={
        **_ORGANIZATION_ID.schema,
        "description": "Left out: found by the number that is the organization's own, the callee's on inbound legs "
        "(toll_free_in, toll_in, and the call types that end in _in), the caller's on all others.",
    },
    required=False,
)
_SESSION_ID: Final = _text(
    SESSION_ID, "1 to 128 printable ASCII characters without a space", "a84b4c76e66710@192.0.2.1"
)
_NUMBER: Final = _text(E164, "a number in E.164 form: + and 5 to 15 digits, the first not 0", "+40212345678")
_SLICE_SECONDS: Final = _integer(1, SLICE_SECONDS_MAX, required=False)
_USED_SECONDS: Final = _integer(0, USED_SECONDS_MAX)
_SERVICE: Final = FieldRule(
    accepts=lambda value: type(value) is str and value in _SERVICES,
    allowed="one of " + ", ".join(_SERVICES),
    schema={
        "type": "string",
        "enum": list(_SERVICES),
        "description": "Left out: what the call type says (toll_in for inbound ones; a toll-free number of the "
        "organization's own is found by itself), or outbound. Given both, the two must agree.",
    },
    required=False,
)
_CALL_TYPE: Final = FieldRule(
    accepts=lambda value: type(value) is str and value in _CALL_TYPES,
    allowed="one of " + ", ".join(_CALL_TYPES),
    schema={
        "type": "string",
        "enum": list(_CALL_TYPES),
        "description": "What the call is to the organization, which decides who pays. Left out: what the service and "
        "the organization's number make it. emergency_out is an emergency call whatever the service.",
    },
    required=False,
)
_USER: Final = FieldRule(
    accepts=lambda value: type(value) is str and user_is_fit(value),
    allowed=f"1 to {USER_CHARACTERS_MAX} printable characters",
    schema={
        "type": "string",
        "pattern": r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$",
        "minLength": 1,
        "maxLength": USER_CHARACTERS_MAX,
        "description": "Object id or user principal name, in any letter case, of the calling or called user, of the "
        "organizer of a conference, or of a resource account. Left out: whoever has the organization's number.",
        "examples": ["front.desk@example.com"],
    },
    required=False,
)
_CONFERENCE_ID: Final = _text(
    CONFERENCE_ID, "1 to 64 printable ASCII characters without a space", "conf-4711", required=False
)
_SWITCH: Final = FieldRule(
    accepts=lambda value: type(value) is str and SWITCH.fullmatch(value) is not None,
    allowed="the link's protocol, a colon and its name, such as kamailio:edge-1",
    schema={
        "type": "string",
        "pattern": f"^{SWITCH.pattern}$",
        "description": "The link over which this call's switch can be told something: that funds have come, that the "
        "call is to be cut. Left out: nobody is told, and the call's next update sees it.",
        "examples": ["kamailio:edge-1"],
    },
    required=False,
)
_ANSWERED: Final = FieldRule(
    accepts=lambda value: type(value) is bool,
    allowed="true or false",
    schema={"type": "boolean", "default": False, "description": "The call is answered already."},
    required=False,
)
_CAUSE: Final = FieldRule(
    accepts=lambda value: type(value) is str and cause_is_fit(value),
    allowed=f"at most {CAUSE_CHARACTERS_MAX} printable characters",
    schema={
        "type": "string",
        "pattern": r"^[^\u0000-\u001f\u007f]*$",
        "maxLength": CAUSE_CHARACTERS_MAX,
        "examples": ["normal_clearing"],
    },
    required=False,
)

FIELD_RULES: Final[Mapping[str, Mapping[str, FieldRule]]] = {
    "authorise": {
        "organization_id": _ORGANIZATION_ID_OR_NONE,
        "session_id": _SESSION_ID,
        "service": _SERVICE,
        "caller": _NUMBER,
        "callee": _NUMBER,
        "slice_seconds": _SLICE_SECONDS,
        "answered": _ANSWERED,
        "call_type": _CALL_TYPE,
        "user": _USER,
        "conference_id": _CONFERENCE_ID,
        "switch": _SWITCH,
    },
    "start": {"organization_id": _ORGANIZATION_ID, "session_id": _SESSION_ID},
    "update": {
        "organization_id": _ORGANIZATION_ID,
        "session_id": _SESSION_ID,
        "request_number": _integer(1, REQUEST_NUMBER_MAX),
        "used_seconds": _USED_SECONDS,
        "slice_seconds": _SLICE_SECONDS,
    },
    "end": {
        "organization_id": _ORGANIZATION_ID,
        "session_id": _SESSION_ID,
        "used_seconds": _USED_SECONDS,
        "cause": _CAUSE,
    },
}
"""The fields of each command, by its name on the wire."""
