"""What a dial plan says of a call, as ``key=value`` arguments of Stasis() or AGI().

Knows the keys and how their values are written. Refuses to know whose call it is (the charging desk, which checks what
each value may be), and where the arguments came from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from commcredits.core.commands import CallType, Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.charging import CallRequest

ARGUMENTS_MAX: Final = 32
"""How many arguments a call may have."""

VALUE_CHARACTERS_MAX: Final = 320

KEYS: Final = frozenset({
    "caller", "callee", "organization", "user", "type", "service", "conference", "slice", "endpoint",
})  # fmt: skip
"""What a dial plan may say. ``endpoint`` is what to dial; the rest are the words of ``Authorise``."""

ENDPOINT: Final = re.compile(r"[A-Za-z0-9]{1,32}/[!-+\--~]{1,200}", re.ASCII)
"""Technology and resource, without spaces and commas."""

_SLICE: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArguments:
    """A call as a dial plan tells it; ``wrong`` is the first thing that is wrong with it, None when nothing is."""

    request: CallRequest
    endpoint: str
    wrong: Refused | None


def read_call_arguments(arguments: Sequence[str], *, session_id: str, switch: str) -> CallArguments:
    """The call in these arguments. What is wrong never hides the rest, for an emergency passes whatever is wrong."""
    values, wrong = read_values(arguments, KEYS)
    endpoint = values.get("endpoint", "")
    if endpoint and ENDPOINT.fullmatch(endpoint) is None:
        wrong, endpoint = wrong or _invalid("endpoint", "technology/resource"), ""
    slice_text = values.get("slice", "")
    slice_seconds = int(slice_text) if _SLICE.fullmatch(slice_text) else None
    if slice_text and slice_seconds is None:
        wrong = wrong or _invalid("slice", "whole seconds")
    service, call_type = _word(Service, values.get("service", "")), _word(CallType, values.get("type", ""))
    if values.get("service") and service is None:
        wrong = wrong or _invalid("service", "one of " + ", ".join(Service))
    if values.get("type") and call_type is None:
        wrong = wrong or _invalid("type", "one of " + ", ".join(CallType))
    request = CallRequest(
        session_id=session_id,
        caller=values.get("caller", ""),
        callee=values.get("callee", ""),
        switch=switch,
        organization_id=values.get("organization", ""),
        service=service,
        call_type=call_type,
        user=values.get("user", ""),
        conference_id=values.get("conference", ""),
        slice_seconds=slice_seconds,
    )
    return CallArguments(request=request, endpoint=endpoint, wrong=wrong)


def read_values(arguments: Sequence[str], keys: Collection[str]) -> tuple[dict[str, str], Refused | None]:
    """Each key's value, and the first thing that is wrong. A key that is given twice keeps what came first."""
    values: dict[str, str] = {}
    wrong: Refused | None = None
    if len(arguments) > ARGUMENTS_MAX:
        wrong = _invalid("arguments", f"at most {ARGUMENTS_MAX} arguments")
    for argument in arguments[:ARGUMENTS_MAX]:
        key, separator, value = argument.partition("=")
        if not separator or key not in keys:
            wrong = wrong or _invalid("arguments", "key=value, with a key that is known")
        elif key in values or len(value) > VALUE_CHARACTERS_MAX or not value.isprintable():
            wrong = wrong or _invalid(key, "given once, short and printable")
        elif value:
            values[key] = value
    return values, wrong


def _word(words: type[_Word], text: str) -> _Word | None:
    try:
        return words(text)
    except ValueError:
        return None


def _invalid(field: str, allowed: str) -> Refused:
    return Refused(code=RefusalCode.INVALID_INPUT, facts={"field": field, "value": "", "allowed": allowed})
