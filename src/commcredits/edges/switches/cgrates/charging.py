"""The methods of SessionSv1 and of SMGenericV1 before it: each becomes a command of the core, its outcome the answer.

    AuthorizeEvent, GetMaxUsage   authorise: holds the first slice, which a call that is never initiated gives back
    InitiateSession               start; where nobody authorised: authorise, answered
    UpdateSession                 update
    TerminateSession, ProcessCDR  end

A client that names a Usage holds its own slices. For one that does not, as OpenSIPS, we hold them (Holder): it is told
the longest that any call may last, and we have it cut the call at the end of the money.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from commcredits.core.commands import Authorise, End, Start
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused, Started
from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.book import FOREVER, CallBook, KnownCall
from commcredits.edges.switches.cgrates.events import VOICE, Event
from commcredits.edges.switches.cgrates.holding import Holder
from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.edges.switches.cgrates.owners import Owners, session_id_of
from commcredits.edges.switches.cgrates.replies import Form, max_usage
from commcredits.operations.charging import EMERGENCY_GRANT, ChargingDesk, Emergency

OK: Final = "OK"
_RING_SECONDS: Final = 240
"""How long a call that rings is kept in the book: longer than any is left to ring."""
_log: Final = structlog.get_logger("cgrates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: the event, from whom it came, and who is told the result or the error."""

    event: Event
    switch: str
    form: Form
    done: Callable[[object], None]
    failed: Callable[[str], None]

    @property
    def session_id(self) -> str:
        """Our id of the call."""
        return session_id_of(self.switch, self.event.origin_host, self.event.origin_id)


class Charging:
    """What becomes of requests. Belongs to the event loop."""

    __slots__ = ("_book", "_call_seconds_max", "_desk", "_ends", "_holder", "_limits", "_owners", "_timers")

    def __init__(
        self,
        *,
        desk: ChargingDesk,
        owners: Owners,
        book: CallBook,
        holder: Holder,
        timers: Timers,
        limits: CgratesLimits,
        call_seconds_max: int,
    ) -> None:
        self._desk = desk
        self._owners = owners
        self._book = book
        self._holder = holder
        self._timers = timers
        self._limits = limits
        self._call_seconds_max = call_seconds_max
        self._ends: set[Alarm] = set()

    # ---- authorise -------------------------------------------------------------------------------------------------

    def authorise(self, asked: Asked) -> None:
        """Say whether this call may be made, and for how long (AuthorizeEvent)."""
        identified = self._identify(asked, answered=False)
        if isinstance(identified, str):
            asked.failed(identified)
        elif isinstance(identified, Emergency):
            self._pass(asked, identified)
            self._desk.record(identified)
        else:
            self._desk.submit(identified, lambda outcome: self._authorised(asked, identified, outcome))

    def _identify(self, asked: Asked, *, answered: bool) -> Authorise | Emergency | str:
        """The command that asks for a call, or an error; an emergency whatever else is wrong."""
        identified = self._owners.identify(
            asked.event, session_id=asked.session_id, switch=asked.switch, answered=answered
        )
        if isinstance(identified, Emergency):
            return identified
        wrong = _wrong(asked.event, "OriginID", "Account", "Destination")
        if wrong:
            return wrong
        return refusals.ERRORS[identified.code] if isinstance(identified, Refused) else identified

    def _authorised(self, asked: Asked, command: Authorise, outcome: Outcome) -> None:
        if not isinstance(outcome, Granted):
            asked.failed(_error_of(outcome))
            return
        if self._book.get(command.session_id) is None:
            call = self._call(asked, command.organization_id)
            call.granted_seconds, call.final = outcome.granted_seconds, outcome.final
            self._book.put(call)
        longest = self._call_seconds_max if asked.event.usage_seconds is None else outcome.granted_seconds
        seconds = outcome.granted_seconds if outcome.final else longest
        asked.done(max_usage(asked.form, seconds))

    def _pass(self, asked: Asked, emergency: Emergency) -> None:
        """Let an emergency call through, whatever else is wrong."""
        if emergency.command is not None and self._book.get(emergency.session_id) is None:
            call = self._call(asked, emergency.command.organization_id)
            call.emergency = True
            self._book.put(call)
        asked.done(max_usage(asked.form, EMERGENCY_GRANT.granted_seconds))

    # ---- start -----------------------------------------------------------------------------------------------------

    def initiate(self, asked: Asked) -> None:
        """InitiateSession: the call was answered now."""
        identified = self._identify(asked, answered=True)
        if isinstance(identified, str):
            asked.failed(identified)
        elif isinstance(identified, Emergency):
            self._initiate_emergency(asked, identified)
        else:
            command = Start(organization_id=identified.organization_id, session_id=identified.session_id)
            self._desk.submit(command, lambda outcome: self._started(asked, identified, outcome))

    def _initiate_emergency(self, asked: Asked, emergency: Emergency) -> None:
        known = self._book.get(emergency.session_id)
        self._pass(asked, emergency)
        if emergency.command is None:
            self._desk.record(emergency)
            return
        command = Start(organization_id=emergency.command.organization_id, session_id=emergency.session_id)

        def started(outcome: Outcome) -> None:
            if isinstance(outcome, Refused) and outcome.code is RefusalCode.UNKNOWN_SESSION:
                self._desk.record(emergency)

        self._desk.submit(command, started)
        call = known or self._book.get(emergency.session_id)
        if call is not None and call.answered_at is None:
            call.answered_at = self._desk.clock()
            call.forget_at = call.answered_at + timedelta(seconds=EMERGENCY_GRANT.granted_seconds)

    def _started(self, asked: Asked, command: Authorise, outcome: Outcome) -> None:
        if isinstance(outcome, Started | Granted):
            self._go_on(asked, command.organization_id, outcome)
        elif isinstance(outcome, Refused) and outcome.code is RefusalCode.UNKNOWN_SESSION:
            self._desk.submit(command, lambda again: self._initiated(asked, command, again))
        else:
            asked.failed(_error_of(outcome))

    def _initiated(self, asked: Asked, command: Authorise, outcome: Outcome) -> None:
        """What became of a call that nobody had authorised."""
        if isinstance(outcome, Granted):
            self._go_on(asked, command.organization_id, outcome)
        else:
            asked.failed(_error_of(outcome))

    def _go_on(self, asked: Asked, organization_id: str, outcome: Started | Granted) -> None:
        event, session_id = asked.event, asked.session_id
        call = self._book.get(session_id) or self._call(asked, organization_id)
        if not self._book.put(call):
            # It is charged all the same; but nobody would extend it or cut it.
            _log.error("call refused, for too many run", session_id=session_id)
            self._end_unheard(call)
            asked.failed(refusals.BUSY)
            return
        now = self._desk.clock()
        call.answered_at = call.answered_at or now
        call.dialog = event.dialog or call.dialog
        call.granted_seconds = max(call.granted_seconds, outcome.granted_seconds)
        call.final = outcome.final
        seconds = outcome.granted_seconds
        if event.usage_seconds is None and call.dialog is not None:
            # It can be cut, so it is told no limit that could not be lifted when funds arrive.
            call.forget_at = FOREVER
            self._holder.hold(call)
            seconds = self._call_seconds_max
        else:
            call.forget_at = now + timedelta(seconds=call.granted_seconds + _RING_SECONDS)
        asked.done(max_usage(asked.form, seconds))

    def _end_unheard(self, call: KnownCall) -> None:
        command = End(
            organization_id=call.organization_id, session_id=call.session_id, used_seconds=0, cause="not_taken"
        )
        self._desk.submit(command, lambda _outcome: None)

    def _call(self, asked: Asked, organization_id: str) -> KnownCall:
        return KnownCall(
            session_id=asked.session_id,
            organization_id=organization_id,
            switch=asked.switch,
            origin_id=asked.event.origin_id,
            origin_host=asked.event.origin_host,
            dialog=asked.event.dialog,
            forget_at=self._desk.clock() + timedelta(seconds=_RING_SECONDS),
        )

    # ---- end -------------------------------------------------------------------------------------------------------

    def terminate(self, asked: Asked) -> None:
        """TerminateSession: the call is over."""
        wrong = _wrong(asked.event, "OriginID")
        if wrong:
            asked.failed(wrong)
            return
        self._end(asked)

    def process_cdr(self, asked: Asked) -> None:
        """ProcessCDR: the same, told once more; or the only word of a call that was never answered.

        A record of no seconds of a call that was answered comes from OpenSIPS for another branch of it.
        """
        wrong = _wrong(asked.event, "OriginID")
        if wrong:
            asked.failed(wrong)
        elif not asked.event.usage_seconds and asked.event.was_answered:
            asked.done(OK)
        else:
            self._end(asked)

    def _end(self, asked: Asked) -> None:
        event, session_id = asked.event, asked.session_id
        call = self._book.get(session_id)
        organization_id = self._owners.organization_of(event) if call is None else call.organization_id
        if not organization_id:
            asked.failed(refusals.SESSION_NOT_FOUND)
            return
        used = event.usage_seconds
        if used is None and call is not None:
            used = call.used_seconds + event.last_used_seconds if event.last_used_seconds is not None else None
            used = min(call.elapsed_seconds(self._desk.clock()), call.granted_seconds) if used is None else used
        command = End(organization_id=organization_id, session_id=session_id, used_seconds=used or 0, cause=event.cause)
        self._desk.submit(command, lambda outcome: self._ended(asked, command, outcome, 1))

    def _ended(self, asked: Asked, command: End, outcome: Outcome, tries: int) -> None:
        if isinstance(outcome, Refused) and outcome.code in refusals.TEMPORARY:
            if tries == 1:
                asked.failed(refusals.ERRORS[outcome.code])
            self._end_again(asked, command, tries)
            return
        self._holder.release(command.session_id)
        self._book.drop(command.session_id)
        if tries > 1:
            return
        if isinstance(outcome, Ended):
            asked.done(OK)
            return
        if command.used_seconds:
            _log.warning("end of a call that nothing paid for", session_id=command.session_id)
        asked.failed(_error_of(outcome))

    def _end_again(self, asked: Asked, command: End, tries: int) -> None:
        """No client tells an end twice, so we do: else the call would be charged for its whole grant."""
        if tries > self._limits.end_tries_max:
            _log.error("end of a call not taken", session_id=command.session_id)
            return

        def again() -> None:
            self._ends.discard(alarm)
            self._desk.submit(command, lambda outcome: self._ended(asked, command, outcome, tries + 1))

        alarm = Alarm(self._timers, again)
        self._ends.add(alarm)
        alarm.set_at(self._timers.time() + self._limits.retry_seconds)

    def close(self) -> None:
        """Send nothing more."""
        for alarm in self._ends:
            alarm.cancel()
        self._ends.clear()


def _wrong(event: Event, *needed: str) -> str:
    """The error of an event that cannot be charged; empty where it can."""
    if event.tor not in ("", VOICE):
        return refusals.NOT_IMPLEMENTED
    if event.wrong_field:
        return refusals.wrong(event.wrong_field)
    missing = event.missing(*needed)
    return refusals.missing(missing) if missing else ""


def _error_of(outcome: Outcome) -> str:
    return refusals.ERRORS[outcome.code] if isinstance(outcome, Refused) else refusals.INTERNAL
