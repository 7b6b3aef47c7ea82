"""Every call of every FreeSWITCH that this process knows, and what it is told of them, over whichever connection.

Knows which event belongs to which call, and which order. Refuses to know how connections are made.

The same call may be told of twice, over its own socket and over the link to its switch: whoever tells first counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import structlog

from commcredits.core.commands import CallType, End
from commcredits.edges.switches.alarms import Timers
from commcredits.edges.switches.freeswitch import channel
from commcredits.edges.switches.freeswitch.call import FreeswitchCall
from commcredits.edges.switches.freeswitch.events import Event
from commcredits.edges.switches.freeswitch.line import Line
from commcredits.edges.switches.last_word import LastWord, plain_cause
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import CallOrder, OrderKind

CALLS_MAX: Final = 100_000
"""How many calls are looked after at once; one more is refused by not being let on."""

_log: Final = structlog.get_logger("freeswitch")


class Calls:
    """The calls of this process. ``told`` is called with each order to cut that a switch has taken."""

    def __init__(
        self,
        *,
        desk: ChargingDesk,
        timers: Timers,
        terms: ControlTerms,
        told: Callable[[CallOrder], None],
    ) -> None:
        self._desk = desk
        self._timers = timers
        self._terms = terms
        self._told = told
        self._calls: dict[tuple[str, str], FreeswitchCall] = {}
        self._links: dict[str, Line] = {}
        self._last_words: set[LastWord] = set()
        self._over: dict[FreeswitchCall, Callable[[], None]] = {}

    # ---- what switches tell ----------------------------------------------------------------------------------------

    def ask(self, event: Event, switch: str, line: Line, over: Callable[[], None] | None = None) -> bool:
        """Decide about a call that waits for it; ``over`` is called when the call is. False where it cannot be one."""
        if not self._is_fit(event):
            return False
        key = (switch, event.uuid)
        if key in self._calls:
            return True
        call = self._new_call(event, switch, line)
        if over is not None:
            self._over[call] = over
        call.ask()
        return True

    def happened(self, event: Event, switch: str, line: Line) -> None:
        """An event of a call at this switch."""
        if channel.UUID.fullmatch(event.uuid) is None:
            return
        call = self._calls.get((switch, event.uuid))
        match event.name:
            case "CHANNEL_PARK" if call is None:
                self.look_at(event, switch, line)
            case "CHANNEL_ANSWER":
                if call is None:
                    call = self.look_at(event, switch, line)
                if call is not None:
                    call.answered(event)
            case "CHANNEL_HANGUP" if call is not None:
                call.hanging_up(event)
            case "CHANNEL_HANGUP_COMPLETE":
                if call is None:
                    call = self._new_emergency(event, switch, line)
                if call is not None:
                    call.hung_up(event)
                else:
                    self._end(event)

    def look_at(self, event: Event, switch: str, line: Line) -> FreeswitchCall | None:
        """Take care of a call that we do not know: one that waits, one that was admitted, an emergency; else None."""
        if (switch, event.uuid) in self._calls or not self._is_fit(event):
            return self._calls.get((switch, event.uuid))
        known = channel.known_call(event)
        if known is not None:
            call = self._new_call(event, switch, line)
            call.take_over(known)
            return self._calls.get((switch, event.uuid))
        if event.variable(channel.ASK) == "park" and not event.variable(channel.REFUSAL):
            self.ask(event, switch, line)
            return self._calls.get((switch, event.uuid))
        return self._new_emergency(event, switch, line)

    # ---- links and lines -------------------------------------------------------------------------------------------

    def link_up(self, switch: str, line: Line) -> None:
        """This line reaches every call of the switch."""
        self._links[switch] = line

    def link_lost(self, switch: str, line: Line) -> None:
        """The link to a switch is gone."""
        if self._links.get(switch) is line:
            del self._links[switch]
        for call in self.of(switch):
            self._line_lost(call, line)

    def line_lost(self, switch: str, uuid: str, line: Line) -> None:
        """The line of one call is gone: it is told over the link to its switch, or is not looked after any more."""
        call = self._calls.get((switch, uuid))
        if call is not None:
            self._line_lost(call, line)

    def _line_lost(self, call: FreeswitchCall, line: Line) -> None:
        if call.line is not line:
            return
        link = self._links.get(call.switch)
        if link is not None and call.admitted:
            call.go_over_to(link)
        else:
            # A call that waits is refused by its dial plan.
            call.line = None
            call.is_lost()

    # ---- orders ----------------------------------------------------------------------------------------------------

    def deliver(self, order: CallOrder) -> None:
        """Carry out what a switch should be told (``operations.following``)."""
        switch, uuid = order.switch.partition(":")[2], channel.uuid_in(order.session_id)
        call = self._calls.get((switch, uuid))
        if call is None:
            self._deliver_unknown(order, switch, uuid)
        elif call.control.session_id != order.session_id:
            return
        elif order.kind is OrderKind.RENEW:
            call.control.renew()
        elif not call.cut(order.reason, lambda: self._told(order)):
            _log.warning("call not cut", call=uuid, emergency=call.control.emergency, state=call.control.state.value)
            self._told(order)

    def _deliver_unknown(self, order: CallOrder, switch: str, uuid: str) -> None:
        """A call that we do not look after, at a switch that we are linked to, can be cut all the same."""
        link = self._links.get(switch)
        if link is not None and uuid and order.kind is OrderKind.CUT:
            link.say(f"api uuid_kill {uuid} MANAGER_REQUEST", lambda _reply: self._told(order))

    # ---- lists -----------------------------------------------------------------------------------------------------

    def find(self, switch: str, uuid: str) -> FreeswitchCall | None:
        """The call, if it is known."""
        return self._calls.get((switch, uuid))

    def of(self, switch: str) -> Iterator[FreeswitchCall]:
        """The calls of a switch."""
        return iter([call for call in self._calls.values() if call.switch == switch])

    @property
    def ending(self) -> int:
        """How many ends are on their way to the books."""
        return len(self._last_words) + sum(call.control.ending for call in self._calls.values())

    def forget_all(self) -> None:
        """Look after nothing any more."""
        for last_word in self._last_words:
            last_word.cancel()
        self._last_words.clear()
        for call in list(self._calls.values()):
            call.control.forget(ending_too=True)

    # ---- inside ----------------------------------------------------------------------------------------------------

    def _is_fit(self, event: Event) -> bool:
        if channel.UUID.fullmatch(event.uuid) is None:
            _log.warning("call not looked after", reason="its id is none")
            return False
        if len(self._calls) >= CALLS_MAX:
            _log.error("call not looked after", reason="too many calls")
            return False
        return True

    def _new_call(self, event: Event, switch: str, line: Line) -> FreeswitchCall:
        call = FreeswitchCall(
            event,
            switch=switch,
            line=line,
            desk=self._desk,
            timers=self._timers,
            terms=self._terms,
            over=self._forget,
        )
        self._calls[switch, event.uuid] = call
        return call

    def _new_emergency(self, event: Event, switch: str, line: Line) -> FreeswitchCall | None:
        """An emergency that the dial plan let through without asking: it is recorded when it is heard of."""
        said = event.variable(channel.CALL_TYPE)
        if said != CallType.EMERGENCY_OUT or event.variable(channel.SESSION) or not self._is_fit(event):
            return None
        call = self._new_call(event, switch, line)
        call.ask(goes_on=True)
        return self._calls.get((switch, event.uuid))

    def _end(self, event: Event) -> None:
        """The end of a call that we do not look after, as after a restart."""
        known = channel.known_call(event)
        if known is None or not known.organization_id:
            return
        command = End(
            organization_id=known.organization_id,
            session_id=known.session_id,
            used_seconds=channel.used_seconds(event),
            cause=plain_cause(event.text("hangup-cause").lower()),
        )
        words: list[LastWord] = []
        last_word = LastWord(
            command,
            desk=self._desk,
            timers=self._timers,
            terms=self._terms,
            done=lambda: self._last_words.difference_update(words),
        )
        words.append(last_word)
        self._last_words.add(last_word)
        last_word.send()

    def _forget(self, call: FreeswitchCall) -> None:
        key = (call.switch, call.uuid)
        if self._calls.get(key) is call:
            del self._calls[key]
        over = self._over.pop(call, None)
        if over is not None:
            over()
