"""One call at a switch whose limit we hold: asked for, started, extended slice by slice, cut at the end of its credit.

Knows the order of the five verbs and when each is due. Refuses to know protocols and what money decides: a
``SwitchSide`` puts each step on its wire, and the core answers through the charging desk.

The switch's own timer is the one that cuts (``limit_to``), so that no call is cut early, or goes on unpaid, because we
died; ours only comes after it. Nothing here sleeps and nothing is a task: the clock and its alarms are handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import structlog

from commcredits.core.commands import Authorise, End, Start, Update
from commcredits.core.outcomes import Granted, Outcome, RefusalCode, Refused, Started
from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.grant_alarms import GrantAlarms
from commcredits.edges.switches.last_word import TEMPORARY, LastWord, plain_cause
from commcredits.edges.switches.switch_side import CREDIT_ENDED, NOT_CHARGED, ControlTerms, SwitchSide
from commcredits.operations.charging import CallRequest, ChargingDesk, Emergency

_LATE: Final = Refused(code=RefusalCode.BUSY)
_OUT_OF_STEP: Final = frozenset({RefusalCode.STALE_REQUEST, RefusalCode.CONFLICT})
_log: Final = structlog.get_logger("switches")


class CallState(StrEnum):
    """How far a call has come."""

    ASKING = "asking"
    REFUSED = "refused"
    RINGING = "ringing"
    ANSWERED = "answered"
    OVER = "over"


class ControlledCall:
    """One call. Told of by its switch (``ask``, ``answered``, ``hung_up``), and by orders (``renew``, ``cut``).

    ``over`` is called once, when there is nothing more to do for the call: its end is in the books, or it was refused,
    forgotten, or given up on.
    """

    __slots__ = (
        "_again",
        "_alarms",
        "_answered_at",
        "_asking_more",
        "_began_at",
        "_cutting",
        "_desk",
        "_final",
        "_granted_seconds",
        "_hung_up",
        "_last_word",
        "_limit_unsure",
        "_number",
        "_over",
        "_side",
        "_slice_seconds",
        "_terms",
        "_timers",
        "_tries",
        "_waiting",
        "emergency",
        "organization_id",
        "session_id",
        "state",
    )

    def __init__(
        self,
        *,
        desk: ChargingDesk,
        side: SwitchSide,
        timers: Timers,
        session_id: str,
        over: Callable[[ControlledCall], None],
        terms: ControlTerms | None = None,
        slice_seconds: int | None = None,
    ) -> None:
        self.session_id = session_id
        self.organization_id = ""
        self.emergency = False
        self.state = CallState.ASKING
        self._desk = desk
        self._side = side
        self._timers = timers
        self._terms = terms or ControlTerms()
        self._slice_seconds = slice_seconds
        self._over = over
        self._began_at = timers.time()
        self._answered_at: float | None = None
        self._granted_seconds = 0
        self._final = False
        self._limit_unsure = False
        self._number = 0
        self._asking_more = False
        self._again = False
        self._cutting = ""
        self._tries = 0
        self._hung_up: tuple[int, str] | None = None
        self._last_word: LastWord | None = None
        self._waiting = Alarm(timers, self._waited_too_long)
        self._alarms = GrantAlarms(timers, self._terms, ask=self._ask_more, warn=side.warn, cut=self._credit_ended)

    # ---- told by the switch ----------------------------------------------------------------------------------------

    def ask(self, request: CallRequest, *, began_seconds_ago: float = 0.0) -> None:
        """Ask whether the call may be made; the side hears ``admit`` or ``refuse``, at once or within the time for it.

        ``request.session_id`` is that of the call. ``request.answered`` starts the grant at once.
        """
        self._began_at = self._timers.time() - max(0.0, began_seconds_ago)
        identified = self._desk.identify(request)
        if isinstance(identified, Refused):
            self._refuse(identified)
        elif isinstance(identified, Emergency):
            self._pass_emergency(identified, answered=request.answered)
        else:
            self.organization_id = identified.organization_id
            self._waiting.set_at(self._timers.time() + self._terms.ask_seconds_max)
            self._desk.submit(identified, lambda outcome: self._decided(outcome, identified))

    def take_over(
        self,
        organization_id: str,
        *,
        began_seconds_ago: float,
        answered_seconds_ago: float | None,
        granted_seconds: int = 0,
        emergency: bool = False,
    ) -> None:
        """Go on with a call that was admitted before we knew it, as after a restart: asks at once what it may do.

        ``granted_seconds`` is what the switch knows of its limit; 0: nothing.
        """
        now = self._timers.time()
        self.organization_id = organization_id
        self.emergency = emergency
        self.state = CallState.RINGING if answered_seconds_ago is None else CallState.ANSWERED
        self._began_at = now - max(0.0, began_seconds_ago)
        self._answered_at = None if answered_seconds_ago is None else now - max(0.0, answered_seconds_ago)
        self._granted_seconds = granted_seconds
        self._limit_unsure = True
        self._set_alarms()
        if organization_id and self._answered_at is not None and self.used_seconds == 0:
            # A report of no seconds does not tell that the call was answered.
            self._desk.submit(Start(organization_id=organization_id, session_id=self.session_id), _ignore)
        self._ask_more()

    def answered(self, *, seconds_ago: float = 0.0) -> None:
        """The call was answered; told again, nothing happens."""
        if self.state not in (CallState.ASKING, CallState.RINGING) or self._answered_at is not None:
            return
        self._answered_at = self._timers.time() - max(0.0, seconds_ago)
        if self.state is CallState.RINGING:
            self.state = CallState.ANSWERED
            self._set_alarms()
            self._start()

    def hung_up(self, used_seconds: int, cause: str = "") -> None:
        """The call is over after so many seconds by the switch's own count; told again, nothing happens."""
        if self.state in (CallState.OVER, CallState.REFUSED) or self._hung_up is not None:
            return
        self._cancel()
        self._hung_up = (max(0, used_seconds), plain_cause(cause))
        if self.state is not CallState.ASKING:
            self._send_end()

    # ---- told by orders, and by the edge ---------------------------------------------------------------------------

    def renew(self) -> None:
        """Ask for more now: funds have arrived, or something else has changed."""
        if self._is_live:
            self._ask_more()

    def cut(self, cause: str) -> bool:
        """Have the switch end the call; False where it may not be (an emergency), or there is nothing to end."""
        if not self._is_live or self.emergency:
            return False
        if cause != self._cutting:
            self._cutting, self._tries = cause, 0
        self._tries += 1
        if self._tries > self._terms.tries_max:
            self._cancel()
            self._tries = 0
            _log.error("call goes on though it was cut", session_id=self.session_id, cause=cause)
            return False
        self._alarms.cut_again()
        self._side.hang_up(cause)
        return True

    def forget(self, *, ending_too: bool = False) -> None:
        """Do nothing more about this call: its link is gone. The switch goes on by its own timer.

        A call that is over is still brought to the books, unless we stop altogether (``ending_too``).
        """
        if self.state not in (CallState.REFUSED, CallState.OVER) and (ending_too or not self.ending):
            self._finish()

    @property
    def ending(self) -> bool:
        """Whether the call is over and its end is on its way to the books."""
        return self._hung_up is not None and self.state is not CallState.OVER

    @property
    def used_seconds(self) -> int:
        """Whole seconds since the answer, by our clock; 0 before it."""
        return 0 if self._answered_at is None else max(0, int(self._timers.time() - self._answered_at))

    @property
    def granted_seconds(self) -> int:
        """How long the call may last in all, as far as we know."""
        return self._granted_seconds

    # ---- the first answer ------------------------------------------------------------------------------------------

    def _decided(self, outcome: Outcome, command: Authorise) -> None:
        self._waiting.cancel()
        if self.state is not CallState.ASKING:
            if isinstance(outcome, Granted):
                # Too late: the caller was refused, or we have let go of the call. What is held for it is let go too.
                late = End(
                    organization_id=command.organization_id, session_id=self.session_id, used_seconds=0, cause="late"
                )
                self._desk.submit(late, _ignore)
            return
        if isinstance(outcome, Granted):
            self._admitted(outcome, answered=command.answered)
        else:
            self._refuse(outcome if isinstance(outcome, Refused) else _LATE)

    def _admitted(self, granted: Granted, *, answered: bool) -> None:
        self.state = CallState.RINGING
        self._granted_seconds, self._final = granted.granted_seconds, granted.final
        if self._hung_up is not None:
            self._send_end()
            return
        if answered and self._answered_at is None:
            self._answered_at = self._timers.time()
        self._side.admit(self.organization_id, granted)
        self._go_on(told=answered)

    def _pass_emergency(self, emergency: Emergency, *, answered: bool) -> None:
        self.emergency = True
        self.state = CallState.RINGING
        self._side.admit("" if emergency.command is None else emergency.command.organization_id, None)
        self._desk.record(emergency)
        if emergency.command is not None:
            self.organization_id = emergency.command.organization_id
        if answered:
            self._answered_at = self._timers.time()
        self._go_on(told=answered)

    def _go_on(self, *, told: bool) -> None:
        """After the first answer, where the call may have been answered meanwhile; ``told``: the books know."""
        if self._answered_at is None:
            return
        self.state = CallState.ANSWERED
        self._set_alarms()
        if not told:
            self._start()
        elif self.emergency:
            self._ask_more()

    def _refuse(self, refused: Refused) -> None:
        self.state = CallState.REFUSED
        if self._hung_up is None:
            self._side.refuse(refused)
        self._over(self)

    def _waited_too_long(self) -> None:
        if self.state is CallState.ASKING:
            _log.warning("call refused, for nothing answered in time", session_id=self.session_id)
            self._refuse(_LATE)

    # ---- the answer of the called party ----------------------------------------------------------------------------

    def _start(self) -> None:
        if self.organization_id:
            command = Start(organization_id=self.organization_id, session_id=self.session_id)
            self._desk.submit(command, self._started)

    def _started(self, outcome: Outcome) -> None:
        if not self._is_live:
            return
        if isinstance(outcome, Started):
            self._learn(outcome.granted_seconds, final=outcome.final)
        elif isinstance(outcome, Refused):
            self._refused_on_the_way(outcome)

    # ---- slice by slice --------------------------------------------------------------------------------------------

    @property
    def _is_live(self) -> bool:
        return self.state in (CallState.RINGING, CallState.ANSWERED) and self._hung_up is None

    def _ask_more(self) -> None:
        if not self._is_live or self._cutting or not self.organization_id:
            return
        if self._asking_more:
            # What is being answered may have been decided before that what we ask for again came about.
            self._again = True
            return
        self._asking_more = True
        since_began = self._timers.time() - self._began_at
        self._number = max(self._number + 1, int(since_began * 1_000))
        command = Update(
            organization_id=self.organization_id,
            session_id=self.session_id,
            request_number=self._number,
            used_seconds=self.used_seconds,
            slice_seconds=self._slice_seconds,
        )
        self._desk.submit(command, self._extended)

    def _extended(self, outcome: Outcome) -> None:
        self._asking_more = False
        if not self._is_live:
            return
        if isinstance(outcome, Granted):
            self._tries = 0
            self._learn(outcome.granted_seconds, final=outcome.final)
        elif isinstance(outcome, Refused):
            self._refused_on_the_way(outcome)
        if self._again:
            self._again = False
            self._ask_more()

    def _learn(self, granted_seconds: int, *, final: bool) -> None:
        """Take what was granted; what was granted before is never shortened."""
        longer = granted_seconds > self._granted_seconds
        self._granted_seconds = max(self._granted_seconds, granted_seconds)
        self._final = final
        if (longer or self._limit_unsure) and not self.emergency and not self._cutting:
            self._limit_unsure = False
            if self._answered_at is not None and self._answered_at + self._granted_seconds <= self._timers.time():
                self.cut(CREDIT_ENDED)
            else:
                self._side.limit_to(self._granted_seconds)
        self._set_alarms()

    def _refused_on_the_way(self, refused: Refused) -> None:
        code = refused.code
        if code in _OUT_OF_STEP:
            newest = refused.facts.get("newest", 0)
            self._number = max(self._number, newest if isinstance(newest, int) else 0)
        elif code not in TEMPORARY:
            _log.warning("call that nothing pays for", session_id=self.session_id, code=code.value)
            self.cut(NOT_CHARGED)
            return
        self._tries += 1
        if self._tries <= self._terms.tries_max and not self._cutting:
            self._alarms.ask_again()

    def _set_alarms(self) -> None:
        """Nothing is due before the answer."""
        if self._answered_at is not None and self._is_live and not self._cutting and self._granted_seconds > 0:
            ends_at = self._answered_at + self._granted_seconds
            self._alarms.set_for(ends_at, final=self._final, cuts=not self.emergency)

    # ---- the end ---------------------------------------------------------------------------------------------------

    def _credit_ended(self) -> None:
        self.cut(self._cutting or CREDIT_ENDED)

    def _send_end(self) -> None:
        if not self.organization_id or self._hung_up is None:
            self._finish()
            return
        used_seconds, cause = self._hung_up
        command = End(
            organization_id=self.organization_id, session_id=self.session_id, used_seconds=used_seconds, cause=cause
        )
        self._last_word = LastWord(command, desk=self._desk, timers=self._timers, terms=self._terms, done=self._finish)
        self._last_word.send()

    def _cancel(self) -> None:
        self._waiting.cancel()
        self._alarms.cancel()

    def _finish(self) -> None:
        if self.state is not CallState.OVER:
            self._cancel()
            if self._last_word is not None:
                self._last_word.cancel()
            self.state = CallState.OVER
            self._over(self)


def _ignore(outcome: Outcome) -> None:
    """Nobody waits for this answer; what was held is let go at the end of its grant in any case."""
    del outcome
