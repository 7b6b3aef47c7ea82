"""One call of FreeSWITCH: what is told of it goes to ``ControlledCall``, and what that wants goes to the switch.

Knows the commands (uuid_setvar_multi, uuid_transfer, sched_hangup, sched_del, uuid_kill, uuid_broadcast) and in which
order they are safe. Refuses to know when they are due, and who opened the connection that they go over.

An admitted call is given its timer before it goes on. It goes on by a transfer to an extension of the dial plan, so
that a call never rings which we did not admit, and one that rings no longer needs the connection.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from commcredits.core.flags import GONE
from commcredits.core.outcomes import Granted, Refused
from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.controlled_call import CallState, ControlledCall
from commcredits.edges.switches.freeswitch import channel
from commcredits.edges.switches.freeswitch.events import MICROSECONDS, Event
from commcredits.edges.switches.freeswitch.line import Line, Reply
from commcredits.edges.switches.freeswitch.refusals import REFUSALS
from commcredits.edges.switches.switch_side import CREDIT_ENDED, ControlTerms
from commcredits.operations.charging import ChargingDesk, Emergency

OUT_OF_TIME: Final = "ALLOTTED_TIMEOUT"
"""FreeSWITCH's cause of a hang-up by a timer."""

_CAUSES: Final[Mapping[str, str]] = {CREDIT_ENDED: OUT_OF_TIME}
_ORDERED: Final = "MANAGER_REQUEST"
_LAST_EVENT_SECONDS: Final = 10
_WARNING: Final = "tone_stream://%(300,0,800)"
_log: Final = structlog.get_logger("freeswitch")


class FreeswitchCall:
    """The switch's side of one call."""

    def __init__(
        self,
        event: Event,
        *,
        switch: str,
        line: Line,
        desk: ChargingDesk,
        timers: Timers,
        terms: ControlTerms,
        over: Callable[[FreeswitchCall], None],
    ) -> None:
        self.switch = switch
        self.uuid = event.uuid
        self.line: Line | None = line
        self.admitted = False
        self._channel = event
        self._desk = desk
        self._timers = timers
        self._over = over
        # The switch's clock when ours was ``_heard_at``.
        self._switch_time = event.told_at or round(desk.clock().timestamp() * MICROSECONDS)
        self._heard_at = timers.time()
        self._charged_from = 0
        self._granted_seconds = 0
        self._cut_for = ""
        self._moved = False
        self._goes_on = False
        self._hanging_up: Event | None = None
        self._taken: Callable[[], object] | None = None
        self._gone = Alarm(timers, self._is_gone)
        known = channel.known_call(event)
        self.control = ControlledCall(
            desk=desk,
            side=self,
            timers=timers,
            session_id=channel.new_session_id(switch, event) if known is None else known.session_id,
            over=self._is_over,
            terms=terms,
            slice_seconds=event.number(f"variable_{channel.SLICE}") or None,
        )

    # ---- what happens to it ----------------------------------------------------------------------------------------

    def ask(self, *, goes_on: bool = False) -> None:
        """Ask whether it may be made. ``goes_on``: an emergency that the dial plan has let through by itself."""
        self._goes_on = goes_on
        request, wrong = channel.request_of(self.switch, self._channel)
        if wrong is not None and not isinstance(self._desk.identify(request), Emergency):
            self.refuse(wrong)
            self._over(self)
            return
        self.control.ask(request, began_seconds_ago=self._seconds_since(self._channel.created_at))

    def take_over(self, known: channel.KnownCall) -> None:
        """Go on with it: it was admitted before we knew it."""
        self.admitted = True
        self._charged_from = known.charged_from
        self._granted_seconds = known.granted_seconds
        self.control.take_over(
            known.organization_id,
            began_seconds_ago=self._seconds_since(known.created_at),
            answered_seconds_ago=self._seconds_since(known.charged_from) if known.charged_from else None,
            granted_seconds=known.granted_seconds,
            emergency=known.emergency,
        )

    def answered(self, event: Event) -> None:
        """It was answered; told again, nothing happens."""
        if self._charged_from:
            return
        if event.told_at:
            self._switch_time, self._heard_at = event.told_at, self._timers.time()
        self._charged_from = channel.charged_from(event) or self._switch_now()
        self.control.answered(seconds_ago=self._seconds_since(self._charged_from))
        if self._moved:
            # The switch may have started its timer by the limit that stood before; it is set by the last one.
            self.limit_to(self._granted_seconds)

    def hanging_up(self, event: Event) -> None:
        """Its last event but one; it counts if the last one, which has all the times, does not come."""
        self._hanging_up = event

    def go_over_to(self, line: Line) -> None:
        """Its line is lost, and with it perhaps the last command: tell its limit again over this one."""
        self.line = line
        if self._granted_seconds:
            self.limit_to(self._granted_seconds)

    def is_lost(self) -> None:
        """Nothing more will be heard of it. The switch goes on by its own timer."""
        if self._hanging_up is not None:
            self.hung_up(self._hanging_up)
        self.control.forget()

    def hung_up(self, event: Event) -> None:
        """It is over."""
        cause = event.text("hangup-cause")
        said = CREDIT_ENDED if cause == OUT_OF_TIME else cause.lower()
        self.control.hung_up(channel.used_seconds(event), self._cut_for or said)

    def cut(self, cause: str, taken: Callable[[], object]) -> bool:
        """End it, because somebody wants that; ``taken`` is called when the switch does. False: it may not be ended."""
        self._taken = taken
        return self.control.cut(cause)

    # ---- SwitchSide ------------------------------------------------------------------------------------------------

    def admit(self, organization_id: str, granted: Granted | None) -> None:
        """SwitchSide: first the variables with the timer, then, once they are taken, the transfer."""
        self.admitted = True
        self._granted_seconds = 0 if granted is None else granted.granted_seconds
        variables = {
            channel.SESSION: self.control.session_id,
            channel.ORGANIZATION: organization_id,
            channel.CALLEE: channel.dialled(self._channel),
        }
        if granted is None:
            variables[channel.EMERGENCY] = "true"
        if self._channel.answered_at:
            self._charged_from = self._switch_now()
            variables[channel.CHARGED_FROM] = str(self._charged_from)
        if granted is not None:
            variables.update(self._limit_variables())
        place = channel.place_of(self._channel, channel.ON_GRANTED)
        self._set(variables, lambda: self._admitted(granted, place))

    def refuse(self, refused: Refused) -> None:
        """SwitchSide: the dial plan says it to the caller, by these variables."""
        wording = REFUSALS[refused.code]
        variables = {
            channel.REFUSAL: refused.code.value,
            channel.STATUS: f"{wording.status} {wording.phrase}",
            channel.CAUSE: wording.cause,
        }
        self._set(variables, None)
        self._transfer(channel.place_of(self._channel, channel.ON_REFUSED))

    def limit_to(self, granted_seconds: int) -> None:
        """SwitchSide: the timer of an answered call, or the one that starts with the answer."""
        self._granted_seconds = granted_seconds
        self._moved = True
        if not self._charged_from:
            self._set(self._limit_variables(), None)
            return
        self._set_timer()
        self._set({channel.GRANTED: str(granted_seconds)}, None)

    def hang_up(self, cause: str) -> None:
        """SwitchSide: end it."""
        self._cut_for = cause
        self._say(f"api uuid_kill {self.uuid} {_CAUSES.get(cause, _ORDERED)}", lambda _reply: self._cut_taken())

    def warn(self, seconds_left: int) -> None:
        """SwitchSide: a tone to the caller."""
        del seconds_left
        self._say(f"api uuid_broadcast {self.uuid} {_WARNING} aleg")

    # ---- commands --------------------------------------------------------------------------------------------------

    def _cut_taken(self) -> None:
        if self._taken is not None:
            self._taken()
            self._taken = None

    def _admitted(self, granted: Granted | None, place: channel.Place) -> None:
        if granted is not None and self._charged_from:
            self._set_timer()
        if not self._goes_on:
            self._transfer(place)

    def _limit_variables(self) -> dict[str, str]:
        variables = {channel.GRANTED: str(self._granted_seconds)}
        if not self._charged_from:
            variables["execute_on_answer"] = f"sched_hangup +{self._granted_seconds} {OUT_OF_TIME}"
        return variables

    def _set_timer(self) -> None:
        """The switch's own timer anew: the old one would cut at the old end. Both commands travel together."""
        ends_at = self._charged_from + self._granted_seconds * MICROSECONDS
        left = max(1, math.ceil((ends_at - self._switch_now()) / MICROSECONDS))
        self._say(f"api sched_del {self.uuid}")
        self._say(f"api sched_hangup +{left} {self.uuid} {OUT_OF_TIME}")

    def _set(self, variables: Mapping[str, str], then: Callable[[], object] | None) -> None:
        def answered(reply: Reply) -> None:
            if not reply.is_error and then is not None:
                then()

        self._say(channel.set_variables(self.uuid, variables), answered)

    def _transfer(self, place: channel.Place) -> None:
        self._say(f"api uuid_transfer {self.uuid} {place.extension} XML {place.context}")

    def _say(self, command: str, answered: Callable[[Reply], object] | None = None) -> None:
        if self.line is None:
            return

        def heard(reply: Reply) -> None:
            if reply.is_error:
                self._failed(command, reply)
            if answered is not None:
                answered(reply)

        self.line.say(command, heard)

    def _failed(self, command: str, reply: Reply) -> None:
        """What a call could not be told."""
        gone = "no such channel" in reply.text.lower()
        said = command.split(" ", 2)[1]
        _log.info("command not taken", switch=self.switch, call=self.uuid, command=said, gone=gone)
        if gone:
            # A call that has been hung up is not found any more, and the event that says how long it was comes later.
            self._gone.set_at(self._timers.time() + _LAST_EVENT_SECONDS)
        elif said in ("uuid_setvar_multi", "uuid_transfer") and self.control.state is CallState.RINGING:
            # A call that could not be given its timer, or its way, does not go on.
            self.control.cut("not_admitted")

    def _is_gone(self) -> None:
        """It is not at the switch, and nothing tells of its end: whoever compares lists finds out when that was."""
        _log.warning("call gone from its switch", switch=self.switch, call=self.uuid)
        if self._hanging_up is None and not self._charged_from:
            self.control.hung_up(0, GONE)
        self.is_lost()

    # ---- clocks ----------------------------------------------------------------------------------------------------

    def _switch_now(self) -> int:
        """The switch's clock now, in microseconds, as far as we can tell."""
        return self._switch_time + round((self._timers.time() - self._heard_at) * MICROSECONDS)

    def _seconds_since(self, then: int) -> float:
        return max(0.0, (self._switch_now() - then) / MICROSECONDS) if then else 0.0

    def _is_over(self, control: ControlledCall) -> None:
        del control
        self._gone.cancel()
        self._over(self)
