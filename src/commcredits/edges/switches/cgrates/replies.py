"""How long a call may last, as each method answers it.

Knows the three forms: nanoseconds in an object, seconds with a point in a digest, whole seconds alone. Refuses to know
how long that is.
"""

from __future__ import annotations

from enum import Enum

from commcredits.edges.switches.cgrates.usage import NANOSECONDS


class Form(Enum):
    """One form of an answer."""

    OBJECT = "object"
    """``SessionSv1.AuthorizeEvent``, ``InitiateSession``, ``UpdateSession``: ``{"MaxUsage": 60000000000}``."""
    DIGEST = "digest"
    """The same ``WithDigest``: ``{"MaxUsage": 60.0}``. OpenSIPS reads a number without a point there as 1."""
    PLAIN = "plain"
    """``SMGenericV1``: ``60``."""


def max_usage(form: Form, seconds: int) -> object:
    """The result that says so many seconds."""
    match form:
        case Form.OBJECT:
            return {"MaxUsage": seconds * NANOSECONDS}
        case Form.DIGEST:
            return {"MaxUsage": float(seconds)}
        case Form.PLAIN:
            return seconds


def nothing(form: Form) -> object:
    """The result where a client asked for nothing that we have."""
    return 0 if form is Form.PLAIN else {}
