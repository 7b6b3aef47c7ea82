"""What the charging listener needs from the process it runs in, and nothing more.

Knows two questions. Refuses to know who answers them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from commcredits.core.commands import Authorise, End, Start, Update
from commcredits.core.outcomes import Outcome

ChargingCommand = Authorise | Start | Update | End
"""The commands that arrive over this interface."""


class Submitter(Protocol):
    """Takes a command and answers once it is durable."""

    def submit(self, command: ChargingCommand, callback: Callable[[Outcome], None]) -> None:
        """Queue the command; ``callback`` is called exactly once, in the event loop's thread, at once or later.

        Never raises: a full queue answers ``Refused(code=BUSY)`` like any other refusal.
        """
        ...


class Directory(Protocol):
    """Knows which organization each telephone number belongs to."""

    def organization_of(self, e164: str) -> str | None:
        """The id of the organization that owns the number, from memory; None when nobody does."""
        ...
