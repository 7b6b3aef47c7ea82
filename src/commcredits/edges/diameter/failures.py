"""How a bug behind a Diameter message is told to the operator.

Knows tracebacks. Refuses to show values: a frame of this package can hold a message with a caller's number, so nothing
that prints the variables of a frame is used here.
"""

from __future__ import annotations

import traceback
from typing import Final

import structlog

_log: Final = structlog.get_logger(__name__)


def log_failure(event: str, error: Exception, **facts: str) -> None:
    """Log an exception that nobody expected: where it happened and which, without any variable's value."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error(event, error=type(error).__name__, traceback=frames, **facts)
