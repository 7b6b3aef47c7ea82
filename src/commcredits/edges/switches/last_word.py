"""The end of a call on its way to the books: told until it is taken.

Knows which refusals pass. Refuses to know switches, and what a call costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import structlog

from commcredits.core.commands import End
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.charging import ChargingDesk

TEMPORARY: Final = frozenset({RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
"""Refusals that say nothing of the call: the same may be asked again."""

_CAUSE_CHARACTERS_MAX: Final = 64
_log: Final = structlog.get_logger("switches")


class LastWord:
    """One end; ``done`` is called once, when it is taken, or will not be."""

    __slots__ = ("_again", "_command", "_desk", "_done", "_terms", "_timers", "_tries")

    def __init__(
        self, command: End, *, desk: ChargingDesk, timers: Timers, terms: ControlTerms, done: Callable[[], None]
    ) -> None:
        self._command = command
        self._desk = desk
        self._done = done
        self._terms = terms
        self._timers = timers
        self._tries = 0
        self._again = Alarm(timers, self.send)

    def send(self) -> None:
        """Tell it."""
        self._tries += 1
        self._desk.submit(self._command, self._answered)

    def cancel(self) -> None:
        """Do not tell it again."""
        self._again.cancel()

    def _answered(self, outcome: Outcome) -> None:
        if isinstance(outcome, Refused):
            if outcome.code in TEMPORARY and self._tries < self._terms.end_tries_max:
                self._again.set_at(self._timers.time() + self._terms.retry_seconds)
                return
            _log.warning("end of a call not taken", session_id=self._command.session_id, code=outcome.code.value)
        self._done()


def plain_cause(cause: str) -> str:
    """A cause as a record holds it: short, and printable."""
    return "".join(letter for letter in cause[:_CAUSE_CHARACTERS_MAX] if letter.isascii() and letter.isprintable())
