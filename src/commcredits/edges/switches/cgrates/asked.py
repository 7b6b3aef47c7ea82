"""One request that is about a call, on its way to the core and back.

Knows from whom it came and who is told the answer. Refuses to know what it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commcredits.core.outcomes import Outcome, Refused
from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.events import VOICE, Event
from commcredits.edges.switches.cgrates.owners import key_of
from commcredits.edges.switches.cgrates.replies import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: the event, from whom it came, and who is told the result or the error, exactly once."""

    event: Event
    switch: str
    form: Form
    done: Callable[[object], None]
    failed: Callable[[str], None]

    @property
    def key(self) -> str:
        """What the client calls the call."""
        return key_of(self.switch, self.event.origin_host, self.event.origin_id)

    def wrong(self, *needed: str) -> str:
        """The error of an event that cannot be charged, or lacks one of these fields; empty where it can."""
        if self.event.tor not in ("", VOICE):
            return refusals.NOT_IMPLEMENTED
        if self.event.wrong_field:
            return refusals.wrong(self.event.wrong_field)
        missing = self.event.missing(*needed)
        return refusals.missing(missing) if missing else ""

    def refuse(self, outcome: Outcome) -> None:
        """Tell an outcome that is not what was asked for."""
        self.failed(refusals.ERRORS[outcome.code] if isinstance(outcome, Refused) else refusals.INTERNAL)
