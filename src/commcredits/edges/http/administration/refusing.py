"""How a "no" leaves the administration API: always as a problem document, whoever said it.

Knows the way from a refusal to a response. Refuses to know which refusals there are
(commcredits.edges.http.problems).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from starlette.responses import JSONResponse

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.problems import (
    PROBLEM_MEDIA_TYPE,
    FieldError,
    HttpFault,
    Problem,
    fault_problem,
    invalid_input_problem,
    problem_headers,
    refusal_problem,
    shown_value,
)

T = TypeVar("T")


class ProblemError(Exception):
    """A request ends here with this problem; an endpoint raises it where it would have to return two kinds of thing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.document["code"])
        self.problem = problem


class ProblemResponse(JSONResponse):
    """A problem document with its media type."""

    media_type = PROBLEM_MEDIA_TYPE


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """The response that tells a problem, with the header fields that belong to its status and these."""
    fields = {**problem_headers(problem.status), **(headers or {})}
    return ProblemResponse(problem.document, status_code=problem.status, headers=fields)


def taken(outcome: T | Refused) -> T:
    """What an operation gave. Raises ProblemError when it refused."""
    if isinstance(outcome, Refused):
        raise ProblemError(refusal_problem(outcome))
    return outcome


def refusal(code: RefusalCode, **facts: str | int) -> ProblemError:
    """The error that ends a request with a refusal."""
    return ProblemError(refusal_problem(Refused(code=code, facts=facts)))


def fault(kind: HttpFault, detail: str = "") -> ProblemError:
    """The error that ends a request with a fault of its own."""
    return ProblemError(fault_problem(kind, detail))


def wrong_field(field: str, value: object, allowed: str, message: str = "") -> ProblemError:
    """The error that ends a request because of one field."""
    return ProblemError(invalid_input_problem([field_error(field, value, allowed, message)]))


def field_error(field: str, value: object, allowed: str, message: str = "") -> FieldError:
    """The error of one field, in words that are safe to show."""
    name = shown_value(field)
    return FieldError(
        field=name, value=shown_value(value), allowed=allowed, message=message or f"{name} must be {allowed}"
    )
