"""What OpenAPI says of the answers that are a "no": each status of a path with the codes that it can carry.

Knows the table of problems. Refuses to know which path can refuse what; each path says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.problem_kinds import REFUSALS
from commcredits.edges.http.problems import (
    HTTP_FAULTS,
    PROBLEM_MEDIA_TYPE,
    HttpFault,
    fault_problem,
    problem_headers,
    refusal_problem,
)


class Tag(StrEnum):
    """The chapters of the document."""

    ORGANIZATIONS = "Organizations"
    PEOPLE = "People"
    POLICIES = "Policies"
    NUMBERS = "Numbers"
    RATE_DECKS = "Rate decks"
    FUNDS = "Funds"
    RECEIPTS = "Receipts"
    REPORTS = "Reports"
    ACCOUNTING = "Accounting"
    NOTICES = "Notices"
    PROGRAMS = "Programs"
    RECORDED_CALLS = "Recorded calls"
    MOVING_IN = "Moving in"
    GATEWAYS = "Gateways"
    AUDIT = "Audit log"
    ACCESS = "Access"
    SERVICE = "Service"


TAGS: Final[Mapping[Tag, str]] = {
    Tag.ORGANIZATIONS: "Who pays for calls.",
    Tag.PEOPLE: "Users and resource accounts, and the licences that they have.",
    Tag.POLICIES: "Who may call whom and up to what, what is blocked, and why a call would be refused.",
    Tag.NUMBERS: "Telephone numbers: whose they are, whom they serve, and the stock that new ones come from.",
    Tag.RATE_DECKS: "What calls cost.",
    Tag.FUNDS: "How funds come: payment methods, top-ups, promotional funds, auto-recharge.",
    Tag.RECEIPTS: "What each purchase is written down as, and who buys.",
    Tag.REPORTS: "Where the money is, where it went, and for which calls.",
    Tag.ACCOUNTING: "What a period was, in files and sums for accountants.",
    Tag.PROGRAMS: "Keys and tokens for programs, and sandboxes to try them on.",
    Tag.NOTICES: "Who is told what happened: people by mail, programs by webhooks.",
    Tag.RECORDED_CALLS: "Calls told after the fact, and calls that are over priced by another deck.",
    Tag.MOVING_IN: "What organizations bring with them from another system.",
    Tag.GATEWAYS: "Messages of payment gateways.",
    Tag.AUDIT: "Who did what, when and from where, and the proof that nobody rewrote it.",
    Tag.ACCESS: "Who administers organizations, and who works for the operator.",
    Tag.SERVICE: "The state of the service and of its books.",
}
"""What each chapter is about."""

PROBLEM_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}

Responses = dict[int | str, dict[str, Any]]

ALWAYS: Final = (HttpFault.INTERNAL_ERROR, RefusalCode.BUSY)
"""What any request can run into."""
GUARDED: Final = (HttpFault.UNAUTHORISED, RefusalCode.NOT_PERMITTED, RefusalCode.PROOF_REQUIRED)
"""What a request without a token runs into, or with one of somebody who may not do this."""
WITH_JSON: Final = (
    HttpFault.MALFORMED_JSON,
    HttpFault.REQUEST_TIMEOUT,
    HttpFault.PAYLOAD_TOO_LARGE,
    HttpFault.UNSUPPORTED_MEDIA_TYPE,
)
"""What a request with a JSON body can run into."""


def guarded(*codes: RefusalCode | HttpFault) -> Responses:
    """The problems of a path that needs the token and takes no body: these, and those of every such path."""
    return problems(*ALWAYS, *GUARDED, RefusalCode.INVALID_INPUT, *codes)


def guarded_with_json(*codes: RefusalCode | HttpFault) -> Responses:
    """The problems of a path that needs the token and takes a JSON body."""
    return guarded(*WITH_JSON, *codes)


def problems(*codes: RefusalCode | HttpFault) -> Responses:
    """The responses that carry these codes, by status, with an example of each."""
    codes_by_status: dict[int, dict[str, RefusalCode | HttpFault]] = {}
    for code in codes:
        kind = REFUSALS[code] if isinstance(code, RefusalCode) else HTTP_FAULTS[code]
        codes_by_status.setdefault(kind.status, {})[code.value] = code
    return {status: _response(status, found) for status, found in sorted(codes_by_status.items())}


def _response(status: int, codes: dict[str, RefusalCode | HttpFault]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": ", ".join(codes),
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": PROBLEM_SCHEMA,
                "examples": {name: {"value": _example(code)} for name, code in codes.items()},
            }
        },
    }
    headers = problem_headers(status)
    if headers:
        response["headers"] = {
            name: {"schema": {"type": "string"}, "example": value} for name, value in headers.items()
        }
    return response


def _example(code: RefusalCode | HttpFault) -> dict[str, Any]:
    problem = refusal_problem(Refused(code=code)) if isinstance(code, RefusalCode) else fault_problem(code)
    return dict(problem.document)
