"""What is wrong with a body that the fast path would not take, field by field.

Knows how to read JSON slowly, with duplicates and oversized numbers kept visible. Refuses to decide alone: it says
what the one table of fields says (commcredits.edges.http.charging.fields). Runs only for bodies that look wrong.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import msgspec

from commcredits.core.call_types import SERVICES_OF, agree
from commcredits.core.commands import CallType, Service
from commcredits.edges.http.charging.fields import FIELD_RULES, FieldRule
from commcredits.edges.http.problems import (
    FieldError,
    HttpFault,
    Problem,
    fault_problem,
    invalid_input_problem,
    shown_value,
)

COMMAND_FIELD: Final = "command"
BODY_FIELD: Final = "body"
UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for bytes that are not the JSON it expects."""

_INTEGER_DIGITS_MAX: Final = 20


class MalformedJsonError(ValueError):
    """The bytes are not one JSON value; the message says where or why."""


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which of its names were given twice."""

    twice: tuple[str, ...] = ()


class _NumberText(str):
    """A number that no field takes (a fraction, or far too long), kept as it was written."""

    __slots__ = ()


def load_json(raw: bytes) -> Any:
    """The JSON value in the bytes, its objects as JsonObject.

    Raises MalformedJsonError, also for what lenient readers let pass: NaN, a byte order mark, half a surrogate pair,
    nesting beyond the interpreter's depth.
    """
    try:
        msgspec.json.decode(raw)
    except msgspec.ValidationError:
        pass  # well-formed, with a number beyond 64 bits; the slow reader below keeps it as text
    except RecursionError:
        raise MalformedJsonError("The body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJsonError(f"The body cannot be read as JSON: {error}.") from None
    try:
        return json.loads(
            raw.decode(),
            object_pairs_hook=_object_of_pairs,
            parse_int=_integer_or_text,
            parse_float=_NumberText,
            parse_constant=_refuse_constant,
        )
    except RecursionError:
        raise MalformedJsonError("The body is nested too deeply.") from None
    except ValueError as error:
        raise MalformedJsonError(f"The body cannot be read as JSON: {error}.") from None


def malformed(error: MalformedJsonError) -> Problem:
    """The problem document of bytes that are not JSON."""
    return fault_problem(HttpFault.MALFORMED_JSON, str(error))


def explain(command: str, raw: bytes, *, tagged: bool) -> Problem | None:
    """Why the bytes are no ``command``; None when nothing is wrong with them.

    ``tagged``: the object says which command it is, as it must in a batch.
    """
    try:
        value = load_json(raw)
    except MalformedJsonError as error:
        return malformed(error)
    if not isinstance(value, JsonObject):
        return wrong_field(BODY_FIELD, value, "a JSON object")
    errors = [
        field_error(name, value[name], "given once", f"{shown_value(name)} is given more than once")
        for name in value.twice
    ]
    rules = FIELD_RULES[command]
    for name, rule in rules.items():
        if name not in value:
            if rule.required:
                errors.append(field_error(name, "", rule.allowed, f"{name} is required"))
        elif not rule.accepts(value[name]):
            errors.append(field_error(name, value[name], rule.allowed))
    errors.extend(_disagreement(value, rules))
    known = ", ".join(rules)
    errors.extend(
        field_error(name, given, f"one of the fields {known}", f"{shown_value(name)} is not a field of {command}")
        for name, given in value.items()
        if name not in rules and not (tagged and name == COMMAND_FIELD)
    )
    return invalid_input_problem(errors) if errors else None


def _disagreement(value: JsonObject, rules: Mapping[str, FieldRule]) -> Iterator[FieldError]:
    """A service that no call of the given type is, where both are right by themselves."""
    for name in ("call_type", "service"):
        if name not in rules or name not in value or not rules[name].accepts(value[name]):
            return
    call_type = CallType(value["call_type"])
    if not agree(call_type, Service(value["service"])):
        services = " or ".join(SERVICES_OF[call_type])
        yield field_error("service", value["service"], f"{services} when call_type is {call_type}")


def explain_item(raw: bytes) -> tuple[str, Problem | None]:
    """The command that an element of a batch names, and why it cannot be taken; an empty name when it names none."""
    try:
        value = load_json(raw)
    except MalformedJsonError as error:
        return "", malformed(error)
    if not isinstance(value, JsonObject):
        return "", wrong_field(BODY_FIELD, value, "a JSON object")
    command = value.get(COMMAND_FIELD)
    if type(command) is not str or command not in FIELD_RULES:
        return "", wrong_field(COMMAND_FIELD, command, "one of " + ", ".join(FIELD_RULES))
    return command, explain(command, raw, tagged=True)


def wrong_field(name: str, value: object, allowed: str) -> Problem:
    """The problem document for one wrong field."""
    return invalid_input_problem([field_error(name, value, allowed)])


def field_error(name: str, value: object, allowed: str, message: str = "") -> FieldError:
    """The error of one field, in words that are safe to show."""
    shown = shown_value(name)
    return FieldError(
        field=shown, value=shown_value(value), allowed=allowed, message=message or f"{shown} must be {allowed}"
    )


def object_or_empty(raw: bytes) -> Mapping[str, Any]:
    """The JSON object in the bytes, or an empty one when there is none to be had."""
    try:
        value = load_json(raw)
    except MalformedJsonError:
        return {}
    return value if isinstance(value, JsonObject) else {}


def _object_of_pairs(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = JsonObject(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        found.twice = tuple(name for name in found if times[name] > 1)
    return found


def _integer_or_text(text: str) -> int | _NumberText:
    return int(text) if len(text) <= _INTEGER_DIGITS_MAX else _NumberText(text)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
