"""How a call begins: AuthorizeEvent asks, InitiateSession says that it was answered.

    AuthorizeEvent, GetMaxUsage   authorise: holds the first slice, which a call that is never initiated gives back
    InitiateSession               start; where nobody authorised: authorise, answered

A client that names a Usage holds its own slices. For one that does not, as OpenSIPS, we hold them (Holder): it is told
the longest that any call may last, and we have it cut the call at the end of the money.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import Authorise, End, Start
from commcredits.core.outcomes import Granted, Outcome, RefusalCode, Refused, Started
from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.asked import Asked
from commcredits.edges.switches.cgrates.book import CLOSED_KEPT_SECONDS, FOREVER, CallBook, KnownCall
from commcredits.edges.switches.cgrates.holding import Holder
from commcredits.edges.switches.cgrates.owners import Owners, number_call
from commcredits.edges.switches.cgrates.replies import Form, max_usage
from commcredits.operations.charging import EMERGENCY_GRANT, ChargingDesk, Emergency

_log: Final = structlog.get_logger("cgrates")


class Beginning:
    """The first two words of each call. Belongs to the event loop."""

    __slots__ = ("_book", "_call_seconds_max", "_desk", "_holder", "_new_id", "_owners", "_terms")

    def __init__(
        self,
        *,
        desk: ChargingDesk,
        owners: Owners,
        book: CallBook,
        holder: Holder,
        new_id: Callable[[], str],
        terms: ChargingTerms,
        call_seconds_max: int,
    ) -> None:
        self._desk = desk
        self._owners = owners
        self._book = book
        self._holder = holder
        self._new_id = new_id
        self._terms = terms
        self._call_seconds_max = call_seconds_max

    # ---- authorise -------------------------------------------------------------------------------------------------

    def authorise(self, asked: Asked) -> None:
        """Say whether this call may be made, and for how long (AuthorizeEvent)."""
        known = self._book.find(asked.key)
        if known is not None and known.is_over(self._desk.clock(), self._terms):
            known = None
        identified = self._identify(asked, known, answered=False)
        if isinstance(identified, str):
            asked.failed(identified)
        elif isinstance(identified, Emergency):
            self._pass(asked, identified)
            self._desk.record(identified)
        else:
            call = known or self._new_call(asked, identified.session_id, identified.organization_id)
            if not self._book.put(call):
                _log.error("call refused, for too many are known", peer=asked.switch)
                asked.failed(refusals.BUSY)
                return
            self._desk.submit(identified, lambda outcome: self._authorised(asked, call, outcome, is_new=known is None))

    def _authorised(self, asked: Asked, call: KnownCall, outcome: Outcome, *, is_new: bool) -> None:
        if not isinstance(outcome, Granted):
            if is_new and call.answered_at is None:
                self._book.drop(call)
            asked.refuse(outcome)
            return
        call.granted_seconds = max(call.granted_seconds, outcome.granted_seconds)
        longest = self._call_seconds_max if asked.event.usage_seconds is None else outcome.granted_seconds
        asked.done(max_usage(asked.form, outcome.granted_seconds if outcome.final else longest))

    def _identify(self, asked: Asked, known: KnownCall | None, *, answered: bool) -> Authorise | Emergency | str:
        """The command that asks for a call, or an error; an emergency whatever else is wrong."""
        session_id = number_call(asked.key, self._new_id()) if known is None else known.session_id
        identified = self._owners.identify(asked.event, session_id=session_id, switch=asked.switch, answered=answered)
        if isinstance(identified, Emergency):
            return identified
        wrong = asked.wrong("OriginID", "Account", "Destination")
        if wrong:
            return wrong
        return refusals.ERRORS[identified.code] if isinstance(identified, Refused) else identified

    def _new_call(self, asked: Asked, session_id: str, organization_id: str) -> KnownCall:
        now = self._desk.clock()
        return KnownCall(
            key=asked.key,
            session_id=session_id,
            organization_id=organization_id,
            switch=asked.switch,
            origin_id=asked.event.origin_id,
            origin_host=asked.event.origin_host,
            dialog=asked.event.dialog,
            is_old=asked.form is Form.PLAIN,
            asked_at=now,
            forget_at=now + timedelta(seconds=self._terms.ring_seconds_max + CLOSED_KEPT_SECONDS),
        )

    # ---- start -----------------------------------------------------------------------------------------------------

    def initiate(self, asked: Asked) -> None:
        """The call was answered now (InitiateSession)."""
        known = self._book.find(asked.key)
        identified = self._identify(asked, known, answered=True)
        if isinstance(identified, str):
            asked.failed(identified)
        elif isinstance(identified, Emergency):
            self._initiate_emergency(asked, identified, known)
        elif known is None:
            call = self._new_call(asked, identified.session_id, identified.organization_id)
            if self._book.put(call):
                self._desk.submit(identified, lambda outcome: self._initiated(asked, call, outcome, is_new=True))
            else:
                _log.error("call refused, for too many are known", peer=asked.switch)
                asked.failed(refusals.BUSY)
        elif known.is_over(self._desk.clock(), self._terms):
            asked.failed(refusals.SESSION_NOT_FOUND)
        elif None not in (known.dialog, asked.event.dialog) and known.dialog != asked.event.dialog:
            # Two dialogs of one Call-ID would run on one grant; CGRateS says the same of a session that is there.
            _log.warning("call refused, for another of its name runs", session_id=known.session_id)
            asked.failed(refusals.ERRORS[RefusalCode.CONFLICT])
        else:
            command = Start(organization_id=known.organization_id, session_id=known.session_id)
            self._desk.submit(command, lambda outcome: self._started(asked, known, identified, outcome))

    def _started(self, asked: Asked, call: KnownCall, command: Authorise, outcome: Outcome) -> None:
        if isinstance(outcome, Refused) and outcome.code is RefusalCode.UNKNOWN_SESSION:
            # What asked for it was not taken, as when too much waits.
            self._desk.submit(command, lambda again: self._initiated(asked, call, again, is_new=True))
        else:
            self._initiated(asked, call, outcome, is_new=False)

    def _initiated(self, asked: Asked, call: KnownCall, outcome: Outcome, *, is_new: bool) -> None:
        now = self._desk.clock()
        if not isinstance(outcome, Started | Granted):
            if is_new:
                self._book.drop(call)
            elif isinstance(outcome, Refused) and outcome.code is RefusalCode.SESSION_ENDED:
                call.end(now, kept_seconds=CLOSED_KEPT_SECONDS)
            asked.refuse(outcome)
            return
        if call.over:
            # Its end came while this was on its way.
            self._let_go(call)
            asked.failed(refusals.SESSION_NOT_FOUND)
            return
        call.answered_at = call.answered_at or now
        call.dialog = asked.event.dialog or call.dialog
        call.granted_seconds = max(call.granted_seconds, outcome.granted_seconds)
        call.final = outcome.final
        seconds = outcome.granted_seconds
        if asked.event.usage_seconds is None and call.dialog is not None:
            # It can be cut, so it is told no limit that could not be lifted when funds arrive.
            call.forget_at = FOREVER
            self._holder.hold(call)
            seconds = self._call_seconds_max
        else:
            call.forget_at = now + timedelta(seconds=call.granted_seconds + CLOSED_KEPT_SECONDS)
        asked.done(max_usage(asked.form, seconds))

    def _let_go(self, call: KnownCall) -> None:
        command = End(
            organization_id=call.organization_id, session_id=call.session_id, used_seconds=0, cause="not_taken"
        )
        self._desk.submit(command, lambda _outcome: None)

    # ---- emergencies -----------------------------------------------------------------------------------------------

    def _pass(self, asked: Asked, emergency: Emergency) -> None:
        """Let an emergency call through, whatever else is wrong."""
        if emergency.command is not None and asked.event.origin_id:
            call = self._new_call(asked, emergency.session_id, emergency.command.organization_id)
            call.emergency = True
            call.granted_seconds = EMERGENCY_GRANT.granted_seconds
            call.forget_at = call.asked_at + timedelta(seconds=EMERGENCY_GRANT.granted_seconds)
            if self._book.of_session(call.session_id) is None:
                self._book.put(call)
        asked.done(max_usage(asked.form, EMERGENCY_GRANT.granted_seconds))

    def _initiate_emergency(self, asked: Asked, emergency: Emergency, known: KnownCall | None) -> None:
        self._pass(asked, emergency)
        call = self._book.of_session(emergency.session_id)
        if call is None or known is None:
            # ``answered`` stands in the record itself.
            self._desk.record(emergency)
        else:
            command = Start(organization_id=call.organization_id, session_id=call.session_id)
            self._desk.submit(command, lambda _outcome: None)
        if call is not None:
            call.answered_at = call.answered_at or self._desk.clock()
