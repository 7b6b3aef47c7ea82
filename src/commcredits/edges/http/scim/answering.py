"""How SCIM answers: resources and lists in its media type, every "no" as its Error (RFC 7644 §3.12).

Knows statuses and error types. Refuses to know resources.
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import ValidationError
from scim2_models import Error, SCIMException
from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.problem_kinds import REFUSALS

MEDIA_TYPE: Final = "application/scim+json"
_TYPES: Final = {
    RefusalCode.USER_TAKEN: (409, "uniqueness"),
    RefusalCode.CONFLICT: (409, "uniqueness"),
    RefusalCode.INVALID_INPUT: (400, "invalidValue"),
}


class ScimRefusal(Exception):  # noqa: N818 - it ends a request and is no fault of the program
    """A request ends here with this error."""

    def __init__(self, status: int, detail: str, scim_type: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.scim_type = scim_type


def answer(document: dict[str, Any], *, status: int = 200, location: str = "") -> Response:
    """A document in SCIM's own media type."""
    headers = {"Location": location} if location else {}
    return Response(json.dumps(document), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def taken(outcome: Any) -> Any:
    """What an operation gave. Raises ScimRefusal when it refused."""
    if not isinstance(outcome, Refused):
        return outcome
    status, scim_type = _TYPES.get(outcome.code, (REFUSALS[outcome.code].status, None))
    facts = ", ".join(f"{name} {value}" for name, value in outcome.facts.items())
    raise ScimRefusal(
        status, f"{REFUSALS[outcome.code].detail} [{outcome.code}{': ' if facts else ''}{facts}]", scim_type
    )


def error_answer(error: Exception) -> Response:
    """The answer to whatever ended a request."""
    if isinstance(error, ScimRefusal):
        told = Error(status=error.status, scim_type=error.scim_type, detail=error.detail)
    elif isinstance(error, SCIMException):
        told = error.to_error()
    else:
        assert isinstance(error, ValidationError), "nothing else is answered here"
        told = Error.from_validation_errors(error)[0]
    return answer(told.model_dump(), status=told.status or 400)
