"""What a request to the call-record API asks for, read from its path and query.

Knows the paths with and without a version, functions with their parameters in parentheses (OData 4.01 URL conventions
§4.5), and the few query options there are. Refuses everything else, with what would have been right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl

from commcredits.core.calendar import parse_instant
from commcredits.core.outcomes import Refused
from commcredits.operations.call_record_api import ROWS_MAX
from commcredits.operations.inputs import invalid_input

PREFIXES: Final = ("/graph/", "/v1.0/", "/beta/", "/communications/")
"""What the paths of this API begin with."""

ORGANIZATION_HEADER: Final = b"x-organization-id"
ORGANIZATION_OPTION: Final = "organization_id"

_PATH: Final = re.compile(r"(?P<root>(?:/graph)?(?:/(?P<version>v1\.0|beta))?)/communications/(?P<rest>.+)", re.DOTALL)
_FUNCTION: Final = re.compile(
    r"callRecords/(?:microsoft\.graph\.callRecords\.)?(?P<name>[A-Za-z]{1,64})\((?P<given>[^()]{0,400})\)", re.DOTALL
)
_PARAMETER: Final = re.compile(r"\s*(?P<name>[A-Za-z]{1,32})\s*=\s*(?P<value>.{1,200}?)\s*", re.DOTALL)
_TOP: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_OPTIONS: Final = ("$top", "$skiptoken", "$count", "$format", ORGANIZATION_OPTION)
_QUERY_CHARACTERS_MAX: Final = 4_096
_OPTIONS_MAX: Final = 16
_TIMES: Final = ("fromDateTime", "toDateTime")
_NO_TIMES: Final = (datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))
_WITHOUT_OFFSET: Final = re.compile(r"[0-9-]{10}T[0-9:.]{5,}", re.ASCII)


class Resource(StrEnum):
    """What there is, by the end of its path."""

    CALLS = "getPstnCalls"
    BLOCKED_USERS = "getPstnBlockedUsersLog"
    DIAL_OUT = "getPstnOnlineMeetingDialoutReport"
    BALANCE = "credits/balance"
    POOLS = "credits/pools"
    FUNDS = "credits/funds"

    @property
    def is_function(self) -> bool:
        """Whether it takes a period."""
        return self in (Resource.CALLS, Resource.BLOCKED_USERS, Resource.DIAL_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphRequest:
    """A request as it is understood. ``root`` is where the version's paths begin, for links that lead on.

    ``organization_id`` is what the query names, empty for none. ``begins`` and ``ends`` matter to functions alone.
    """

    resource: Resource
    root: str
    begins: datetime
    ends: datetime
    top: int
    token: str | None
    organization_id: str


class NotFoundError(Exception):
    """There is nothing at this path."""


def read_request(path: str, query: bytes) -> GraphRequest | Refused:
    """The request at a decoded path. Raises NotFoundError where there is nothing."""
    matched = _PATH.fullmatch(path)
    if matched is None:
        raise NotFoundError
    function = _FUNCTION.fullmatch(matched["rest"])
    name = matched["rest"] if function is None else function["name"]
    try:
        resource = Resource(name)
    except ValueError:
        raise NotFoundError from None
    if resource.is_function != (function is not None):
        raise NotFoundError
    options = _options(query, resource)
    if isinstance(options, Refused):
        return options
    times = _NO_TIMES if function is None else _times(function["given"], options)
    if isinstance(times, Refused):
        return times
    top = options.get("$top", str(ROWS_MAX))
    if not _TOP.fullmatch(top):
        return invalid_input("$top", top, f"a whole number from 1 to {ROWS_MAX}")
    return GraphRequest(
        resource=resource,
        root=matched["root"] or "/graph/v1.0",
        begins=times[0],
        ends=times[1],
        top=int(top),
        token=options.get("$skiptoken"),
        organization_id=options.get(ORGANIZATION_OPTION, ""),
    )


def _options(query: bytes, resource: Resource) -> Mapping[str, str] | Refused:
    text = query.decode("ascii", "replace")
    if len(text) > _QUERY_CHARACTERS_MAX:
        return invalid_input("query", "", f"at most {_QUERY_CHARACTERS_MAX} characters")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_OPTIONS_MAX, errors="strict")
    except ValueError:
        return invalid_input("query", "", f"at most {_OPTIONS_MAX} options in UTF-8")
    found: dict[str, str] = {}
    for name, value in pairs:
        is_alias = name.startswith("@") and resource.is_function
        if name in found or not (is_alias or name in _OPTIONS):
            # The value is not repeated: somebody may have put a secret where none belongs.
            return invalid_input(name, "", f"given once, and one of {', '.join(_OPTIONS)}")
        found[name] = value
    if found.get("$count", "true") not in ("true", "false"):
        return invalid_input("$count", found["$count"], "true or false")
    if found.get("$format", "json") not in ("json", "application/json"):
        return invalid_input("$format", found["$format"], "json")
    return found


def _times(given: str, options: Mapping[str, str]) -> tuple[datetime, datetime] | Refused:
    """The two ends of the period, in whichever order they are named."""
    found: dict[str, str] = {}
    for part in given.split(","):
        matched = _PARAMETER.fullmatch(part)
        if matched is None or matched["name"] not in _TIMES or matched["name"] in found:
            return invalid_input("parameters", given, "fromDateTime={instant},toDateTime={instant}")
        # A value may stand elsewhere, under an alias (OData 4.01 URL conventions §5.3).
        value = matched["value"]
        found[matched["name"]] = options.get(value, "") if value.startswith("@") else value
    ends = []
    for name in _TIMES:
        text = found.get(name, "").strip("'")
        if _WITHOUT_OFFSET.fullmatch(text):
            text += "Z"  # every time of this API is UTC
        try:
            # A plus sign that nobody encoded has become a space on its way.
            ends.append(parse_instant(text.replace(" ", "+")))
        except ValueError:
            return invalid_input(name, text, "a date or an instant in ISO 8601, such as 2026-11-22T00:00:00Z")
    return ends[0], ends[1]
