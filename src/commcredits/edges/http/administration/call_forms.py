"""What the fields of requests about recorded calls may be.

Knows forms, as commcredits.edges.http.administration.forms does. Refuses to know what a record must be like: the
operations do, and name each field of a record themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from commcredits.core.commands import CallType, Service
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.edges.http.administration.forms import FieldForm, NotOfFormError, text_form
from commcredits.edges.http.charging.explaining import JsonObject
from commcredits.operations.recorded_calls_json import JSON_CALLS_MAX

_MAPPING_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)

_TEXT: Final = {"type": ["string", "null"]}
_RECORD_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["record_id", "callee", "started_at", "duration_seconds"],
    "properties": {
        "record_id": {
            "type": "string",
            "description": "Names the record for ever: the same again is not charged again.",
            "examples": ["1f6c7f4e-2a5f-4c1d-9f3e-0a1b2c3d4e5f"],
        },
        "service": {
            **_TEXT,
            "description": f"What kind of leg, if no call type says it: {', '.join(Service)}.",
            "examples": ["outbound"],
        },
        "call_type": {**_TEXT, "description": ", ".join(CallType), "examples": ["user_out"]},
        "caller": {**_TEXT, "description": "E.164, or left out where it is not known.", "examples": ["+40212345678"]},
        "callee": {"type": "string", "description": "E.164.", "examples": ["+442079460000"]},
        "started_at": {"type": "string", "format": "date-time", "examples": ["2026-11-20T09:00:00Z"]},
        "duration_seconds": {"type": "integer", "minimum": 0, "maximum": CALL_SECONDS_MAX, "examples": [90]},
        "user": {
            **_TEXT,
            "description": "Whose call it was: object id or user principal name. Left out: whoever has the number.",
            "examples": ["front.desk@example.com"],
        },
        "conference_id": {**_TEXT, "examples": ["42"]},
    },
    "additionalProperties": False,
}


def _records(value: object) -> list[Any]:
    # What is wrong with the records is named one by one, by the operation.
    if not isinstance(value, list) or not 1 <= len(value) <= JSON_CALLS_MAX:
        raise NotOfFormError
    return value


def _document(value: object) -> JsonObject:
    if not isinstance(value, JsonObject):
        raise NotOfFormError
    return value


RecordsArray = Annotated[
    list[Any],
    FieldForm(
        read=_records,
        allowed=f"an array of 1 to {JSON_CALLS_MAX} records",
        schema={"type": "array", "minItems": 1, "maxItems": JSON_CALLS_MAX, "items": dict(_RECORD_SCHEMA)},
    ),
]
MappingName = Annotated[
    str, text_form(_MAPPING_NAME, "1 to 64 small letters, digits, dashes and underlines", "pstn_export")
]
MappingDocument = Annotated[
    JsonObject,
    FieldForm(
        read=_document,
        allowed="a JSON object with the members of a mapping",
        schema={
            "type": "object",
            "description": "The mapping: which column of a file is which field, and how its texts are read.",
        },
    ),
]
