"""How a bug is told to the operator: where it happened, and nothing of what was in the variables.

Knows tracebacks. Refuses to show values: they hold numbers and passwords.
"""

from __future__ import annotations

import traceback
from typing import Final

import structlog

_log: Final = structlog.get_logger("asterisk")


def log_failure(event: str, error: BaseException, **facts: str) -> None:
    """Log an exception that nobody expected."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error(event, error=type(error).__name__, traceback=frames, **facts)
