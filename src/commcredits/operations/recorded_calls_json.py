"""Call records as a JSON array: from decoded values to records, and to what is wrong with each that is none.

Knows the same fields as our own form of a file. Refuses to know where the JSON comes from.

    {"record_id": "r-1", "service": "outbound", "caller": "+40722000001", "callee": "+442079460000",
     "started_at": "2026-11-22T12:00:00Z", "duration_seconds": 90, "user": "front.desk@example.com"}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from commcredits.core.outcomes import Refused
from commcredits.operations.call_fields import WrongFieldError
from commcredits.operations.call_mappings import FIELDS
from commcredits.operations.csv_lines import LineError
from commcredits.operations.inputs import invalid_input
from commcredits.operations.recorded_calls_csv import MakeReader, RecordLine, line_error

JSON_CALLS_MAX: Final = 10_000
"""Most records in one JSON array; more of them come as a file, which is read as it arrives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonCalls:
    """A decoded JSON value that should be an array of call records."""

    value: Any


def read_json_calls(source: JsonCalls, make_reader: MakeReader) -> Sequence[RecordLine | LineError] | Refused:
    """What each element is, numbered from 1; refused as a whole when it is no array of a bearable size."""
    value = source.value
    if not isinstance(value, list) or not 1 <= len(value) <= JSON_CALLS_MAX:
        shown = f"{len(value)} records" if isinstance(value, list) else type(value).__name__
        return invalid_input("records", shown, f"an array of 1 to {JSON_CALLS_MAX} records")
    reader = make_reader(FIELDS)
    found: list[RecordLine | LineError] = []
    for number, each in enumerate(value, start=1):
        try:
            found.append(RecordLine(line=number, record=reader.read(_texts_of(each))))
        except WrongFieldError as wrong:
            found.append(line_error(number, wrong.column, wrong.value, wrong.allowed))
    return found


def _texts_of(value: object) -> list[str]:
    """The fields of an element as the texts that a file would have. Raises WrongFieldError."""
    if not isinstance(value, dict):
        raise WrongFieldError("", _shown(value), "an object with the fields of a record")
    for name in value:
        if name not in FIELDS:
            raise WrongFieldError(str(name), _shown(value[name]), f"one of the fields {', '.join(FIELDS)}")
    return [_text_of(name, value.get(name)) for name in FIELDS]


def _text_of(name: str, value: object) -> str:
    if value is None:
        return ""
    if name == "duration_seconds" and type(value) is int:
        return str(value)
    if not isinstance(value, str):
        allowed = "a whole number of seconds" if name == "duration_seconds" else "a JSON string"
        raise WrongFieldError(name, _shown(value), allowed)
    return value


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
