"""What each field of a request about rules, blocks and possible calls may be (see the module ``forms``).

Knows forms, also of fields within objects. Refuses to know what a value means; the operations do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from commcredits.core.commands import CallType, Service
from commcredits.core.numbers import E164, EMERGENCY_NUMBERS
from commcredits.core.pools import POOLED
from commcredits.core.roster import BlockedKind, CallsWithoutUser, Licence, Limits, PoolSize
from commcredits.edges.http.administration.forms import (
    AmountMicros,
    FieldForm,
    NotOfFormError,
    prose_form,
    text_form,
    whole_form,
    word_form,
)
from commcredits.edges.http.administration.people_forms import DepartmentName
from commcredits.edges.http.charging.explaining import JsonObject
from commcredits.operations.charging import CONFERENCE_ID
from commcredits.operations.people import USER_PRINCIPAL_NAME_CHARACTERS_MAX
from commcredits.operations.rules import CALLS_MAX, DEPARTMENTS_MAX, DESTINATION_FACTOR_MAX

_MONTH: Final = re.compile("20[0-9]{2}-(?:0[1-9]|1[0-2])", re.ASCII)
_DIALLED: Final = re.compile(f"(?:{E164.pattern})|(?:[+]?(?:{'|'.join(sorted(EMERGENCY_NUMBERS))}))", re.ASCII)
_POOLED: Final = {licence.value: licence for licence in POOLED}
_SIZES: Final = {size.value: size for size in PoolSize}


def _form_of(annotated: Any) -> FieldForm:
    """The form that a field is annotated with."""
    (form,) = annotated.__metadata__
    assert isinstance(form, FieldForm), "fields of requests are annotated with one form"
    return form


_AMOUNT: Final = _form_of(AmountMicros)
_DEPARTMENT: Final = _form_of(DepartmentName)


def _object(value: object, allowed: str) -> JsonObject:
    """The value as an object whose names are given once each."""
    if not isinstance(value, JsonObject):
        raise NotOfFormError(allowed)
    if value.twice:
        name = value.twice[0]
        raise NotOfFormError("given once", within=name[:64], value=value[name])
    return value


def _within(name: str, value: object, read: Callable[[object], Any], allowed: str) -> Any:
    """What a form reads in a field of an object; its error names that field."""
    try:
        return read(value)
    except NotOfFormError as error:
        inner = f"{name}.{error.within}" if error.within else name
        wrong = error.value if error.within else value
        raise NotOfFormError(str(error) or allowed, within=inner, value=wrong) from None


def _departments(value: object) -> Mapping[str, int]:
    caps = _object(value, f"an object of at most {DEPARTMENTS_MAX} departments, each with an amount")
    if len(caps) > DEPARTMENTS_MAX:
        raise NotOfFormError(f"an object of at most {DEPARTMENTS_MAX} departments")
    found: dict[str, int] = {}
    for name, amount in caps.items():
        department = _within(name[:64], name, _DEPARTMENT.read, _DEPARTMENT.allowed)
        found[department] = _within(name[:64], amount, _AMOUNT.read, _AMOUNT.allowed)
    return found


_CALLS: Final = whole_form(CALLS_MAX)
_FACTOR: Final = whole_form(DESTINATION_FACTOR_MAX)
_CAPS: Final = FieldForm(
    read=_departments,
    allowed=f"an object of at most {DEPARTMENTS_MAX} departments, each with an amount",
    schema={
        "type": "object",
        "maxProperties": DEPARTMENTS_MAX,
        "propertyNames": {"minLength": 1, "maxLength": _DEPARTMENT.schema["maxLength"]},
        "additionalProperties": dict(_AMOUNT.schema),
    },
)

_LIMITS: Final[Mapping[str, tuple[str, FieldForm]]] = {
    "calls_max": ("calls_max", _CALLS),
    "user_calls_max": ("user_calls_max", _CALLS),
    "user_monthly_max": ("user_monthly_max_micros", _AMOUNT),
    "department_monthly_max": ("department_monthly_max_micros", _CAPS),
    "user_hourly_max": ("user_hourly_max_micros", _AMOUNT),
    "destination_daily_max": ("destination_daily_max_micros", _AMOUNT),
    "destination_factor": ("destination_factor", _FACTOR),
    "toll_free_caller_daily_max": ("toll_free_caller_daily_max_micros", _AMOUNT),
}
"""Each limit by its name on the wire: its name within, and its form."""

_NEVER_NULL: Final = frozenset({"department_monthly_max", "destination_factor"})
_LIMITS_ALLOWED: Final = f"an object with the fields {', '.join(_LIMITS)}, or some of them"


def _limits(value: object) -> Limits:
    given = _object(value, _LIMITS_ALLOWED)
    found: dict[str, Any] = {}
    for name, limit in given.items():
        if name not in _LIMITS:
            raise NotOfFormError(f"one of the fields {', '.join(_LIMITS)}", within=name[:64], value=limit)
        if limit is None and name not in _NEVER_NULL:
            continue
        inside, form = _LIMITS[name]
        found[inside] = _within(name, limit, form.read, form.allowed)
    return Limits(**found)


def _limit_schema(name: str, form: FieldForm) -> dict[str, Any]:
    schema = dict(form.schema)
    return schema if name in _NEVER_NULL else {**schema, "type": [schema["type"], "null"]}


def _pool_sizes(value: object) -> Mapping[Licence, PoolSize]:
    allowed = f"an object with some of the fields {', '.join(_POOLED)}, each {' or '.join(_SIZES)}"
    found: dict[Licence, PoolSize] = {}
    for code, word in _object(value, allowed).items():
        if code not in _POOLED:
            raise NotOfFormError(f"one of the fields {', '.join(_POOLED)}", within=code[:64], value=word)
        if type(word) is not str or word not in _SIZES:
            raise NotOfFormError(" or ".join(_SIZES), within=code, value=word)
        found[_POOLED[code]] = _SIZES[word]
    return found


LimitsWords = Annotated[
    Limits,
    FieldForm(
        read=_limits,
        allowed=_LIMITS_ALLOWED,
        schema={
            "type": "object",
            "additionalProperties": False,
            "properties": {name: _limit_schema(name, form) for name, (_inside, form) in _LIMITS.items()},
            "examples": [{"user_monthly_max": "25.00", "department_monthly_max": {"Vânzări": "500.00"}}],
        },
    ),
]
PoolSizes = Annotated[
    Mapping[Licence, PoolSize],
    FieldForm(
        read=_pool_sizes,
        allowed=f"an object with some of the fields {', '.join(_POOLED)}, each {' or '.join(_SIZES)}",
        schema={
            "type": "object",
            "additionalProperties": False,
            "properties": {code: {"type": "string", "enum": list(_SIZES)} for code in _POOLED},
            "examples": [{"MCOPSTN1": "purchased"}],
        },
    ),
]
CallsWithoutUserWord = Annotated[CallsWithoutUser, word_form(CallsWithoutUser)]
BlockedKindWord = Annotated[BlockedKind, word_form(BlockedKind)]
Subject = Annotated[str, prose_form(1, USER_PRINCIPAL_NAME_CHARACTERS_MAX, "front.desk@example.com")]
Month = Annotated[str, text_form(_MONTH, "a month such as 2026-11", "2026-11")]
ServiceWord = Annotated[Service, word_form(Service)]
CallTypeWord = Annotated[CallType, word_form(CallType)]
ConferenceId = Annotated[
    str, text_form(CONFERENCE_ID, "1 to 64 printable ASCII characters without a space", "conf-4711")
]
DialledNumber = Annotated[
    str,
    text_form(
        _DIALLED,
        "a number in E.164 form: + and 5 to 15 digits, the first not 0; or a short number of an emergency service",
        "+442079460000",
    ),
]
