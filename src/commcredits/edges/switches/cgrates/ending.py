"""How a call ends: TerminateSession, and ProcessCDR after it or in its place. Both become the end of the core's call.

Knows that no client tells an end twice. Refuses to know what the call costs.
"""

from __future__ import annotations

from typing import Final

import structlog

from commcredits.core.commands import End
from commcredits.core.outcomes import Ended, Outcome, Refused
from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.asked import Asked
from commcredits.edges.switches.cgrates.book import OVER_KEPT_SECONDS, CallBook, KnownCall
from commcredits.edges.switches.cgrates.holding import Holder
from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.operations.charging import ChargingDesk

OK: Final = "OK"
_log: Final = structlog.get_logger("cgrates")


class Ending:
    """The last words of each call. Belongs to the event loop."""

    __slots__ = ("_again", "_book", "_desk", "_holder", "_limits", "_timers")

    def __init__(
        self, *, desk: ChargingDesk, book: CallBook, holder: Holder, timers: Timers, limits: CgratesLimits
    ) -> None:
        self._desk = desk
        self._book = book
        self._holder = holder
        self._timers = timers
        self._limits = limits
        self._again: set[Alarm] = set()

    def terminate(self, asked: Asked) -> None:
        """The call is over (TerminateSession)."""
        wrong = asked.wrong("OriginID")
        if wrong:
            asked.failed(wrong)
        else:
            self._end(asked)

    def process_cdr(self, asked: Asked) -> None:
        """The same, told once more; or the only word of a call that was never answered (ProcessCDR).

        A record of no seconds of a call that was answered comes from OpenSIPS for another branch of it.
        """
        wrong = asked.wrong("OriginID")
        if wrong:
            asked.failed(wrong)
        elif not asked.event.usage_seconds and asked.event.was_answered:
            asked.done(OK)
        else:
            self._end(asked)

    def close(self) -> None:
        """Send nothing more."""
        for alarm in self._again:
            alarm.cancel()
        self._again.clear()

    def _end(self, asked: Asked) -> None:
        event = asked.event
        call = self._book.find(asked.key)
        if call is None:
            if event.usage_seconds:
                _log.warning("end of a call that nothing paid for", peer=asked.switch)
            asked.failed(refusals.SESSION_NOT_FOUND)
            return
        used = event.usage_seconds
        if used is None and event.last_used_seconds is not None:
            used = call.used_seconds + event.last_used_seconds
        if used is None:
            used = min(call.elapsed_seconds(self._desk.clock()), call.granted_seconds)
        command = End(
            organization_id=call.organization_id, session_id=call.session_id, used_seconds=used, cause=event.cause
        )
        self._holder.release(call.session_id)
        call.end(self._desk.clock(), kept_seconds=OVER_KEPT_SECONDS)
        self._desk.submit(command, lambda outcome: self._ended(asked, call, command, outcome, 1))

    def _ended(self, asked: Asked, call: KnownCall, command: End, outcome: Outcome, tries: int) -> None:
        is_temporary = isinstance(outcome, Refused) and outcome.code in refusals.TEMPORARY
        if is_temporary:
            self._end_again(asked, call, command, tries)
        if tries > 1:
            return
        if isinstance(outcome, Ended):
            asked.done(OK)
            return
        if command.used_seconds and not is_temporary:
            _log.warning("end of a call that nothing paid for", session_id=command.session_id)
        asked.refuse(outcome)

    def _end_again(self, asked: Asked, call: KnownCall, command: End, tries: int) -> None:
        """No client tells an end twice, so we do: else the call would be charged for its whole grant."""
        if tries > self._limits.end_tries_max:
            _log.error("end of a call not taken", session_id=command.session_id)
            return

        def again() -> None:
            self._again.discard(alarm)
            self._desk.submit(command, lambda outcome: self._ended(asked, call, command, outcome, tries + 1))

        alarm = Alarm(self._timers, again)
        self._again.add(alarm)
        alarm.set_at(self._timers.time() + self._limits.retry_seconds)
