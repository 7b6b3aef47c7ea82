"""Calls whose timer we hold, as the engine does for OpenSIPS: the next slice before the last is over, and the cut.

OpenSIPS says when a call is answered and when it is over, and nothing between. Knows when a slice is due, and that a
call is paid for only while its switch is there. Refuses to know how a slice is granted, and to shorten one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from commcredits.core.commands import Update
from commcredits.core.outcomes import Granted, Outcome, RefusalCode, Refused
from commcredits.edges.switches.alarms import Alarm
from commcredits.edges.switches.cgrates.book import CLOSED_KEPT_SECONDS, KnownCall
from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.edges.switches.cgrates.peers import Peers
from commcredits.edges.switches.cgrates.refusals import FORCED_DISCONNECT, INSUFFICIENT_CREDIT, TEMPORARY
from commcredits.operations.charging import ChargingDesk

DISCONNECT: Final = "SessionSv1.DisconnectSession"
OLD_DISCONNECT: Final = "SMGClientV1.DisconnectSession"
"""The only name that OpenSIPS 2.3 knows."""

_OUT_OF_STEP: Final = frozenset({RefusalCode.STALE_REQUEST, RefusalCode.CONFLICT})
_SHORTEST_SECONDS: Final = 0.5
_log: Final = structlog.get_logger("cgrates")


class Holder:
    """The alarms of the calls that we hold, and the cuts that are on their way."""

    __slots__ = ("_alarms", "_asking", "_clock", "_cutting", "_desk", "_limits", "_loop", "_peers")

    def __init__(self, *, desk: ChargingDesk, peers: Peers, limits: CgratesLimits) -> None:
        self._desk = desk
        self._peers = peers
        self._limits = limits
        self._clock = desk.clock
        self._loop = asyncio.get_running_loop()
        self._alarms: dict[str, Alarm] = {}
        self._asking: set[str] = set()
        self._cutting: dict[str, int] = {}

    def hold(self, call: KnownCall) -> None:
        """Hold this call's timer from now on, or set it anew."""
        call.ours = True
        if call.session_id not in self._cutting:
            self._set(call)

    def release(self, session_id: str) -> None:
        """Hold it no more: it is over, or its client asks for its slices itself."""
        alarm = self._alarms.pop(session_id, None)
        if alarm is not None:
            alarm.cancel()
        self._cutting.pop(session_id, None)

    def ask_now(self, call: KnownCall) -> None:
        """Ask for the next slice of a call: it is due, or funds have arrived."""
        session_id = call.session_id
        if session_id in self._asking or session_id in self._cutting:
            return
        now = self._clock()
        self._asking.add(session_id)
        call.used_seconds = max(call.used_seconds, call.elapsed_seconds(now))
        command = Update(
            organization_id=call.organization_id,
            session_id=session_id,
            request_number=call.next_number(now),
            used_seconds=call.used_seconds,
        )
        self._desk.submit(command, lambda outcome: self._asked(call, outcome))

    def cut(self, call: KnownCall, reason: str, taken: Callable[[], None] | None = None) -> None:
        """Have the switch end a call; ``taken`` is told once the switch says that it does. Never an emergency."""
        if call.emergency:
            _log.warning("emergency call is not cut", session_id=call.session_id)
            return
        if call.dialog is None:
            _log.error("call cannot be cut: its switch never told which dialog it is", session_id=call.session_id)
            return
        parameter = {
            "EventStart": {
                "OriginID": call.origin_id,
                "OriginHost": call.origin_host,
                "DialogID": call.dialog[0],
                "DialogEntry": call.dialog[1],
            },
            "Reason": reason,
        }

        def answered(_result: object, error: str) -> None:
            if error:
                _log.warning("switch did not cut a call", session_id=call.session_id, error=error)
            elif taken is not None:
                taken()

        method = OLD_DISCONNECT if call.is_old else DISCONNECT
        if not self._peers.ask(call.switch, method, parameter, answered):
            _log.warning("call cannot be cut now: its switch is not connected", session_id=call.session_id)

    def close(self) -> None:
        """Do nothing more; the calls go on, and the next process takes them over."""
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()

    def _alarm(self, call: KnownCall, action: Callable[[], object], seconds: float) -> None:
        alarm = self._alarms.get(call.session_id)
        if alarm is None:
            alarm = self._alarms[call.session_id] = Alarm(self._loop, action)
        alarm.action = action
        alarm.set_at(self._loop.time() + seconds)

    def _set(self, call: KnownCall) -> None:
        """When the next slice is due; where money limits the grant, when the call is to be cut."""
        left = call.granted_seconds - call.elapsed_seconds(self._clock())
        lead = min(self._limits.lead_seconds, call.granted_seconds / 4)
        if call.final and left <= lead + 1:
            self._alarm(call, lambda: self._money_ends(call), max(0, left))
        else:
            # Also where money limits the grant: another call may have let go of some. Each answer halves the wait.
            self._alarm(call, lambda: self._due(call), max(left - lead, left / 2, _SHORTEST_SECONDS))

    def _due(self, call: KnownCall) -> None:
        if self._peers.is_there(call.switch):
            self.ask_now(call)
        elif call.granted_seconds > call.elapsed_seconds(self._clock()):
            self._alarm(call, lambda: self._due(call), self._limits.retry_seconds)
        else:
            _log.warning("call is not paid for any longer: its switch is gone", session_id=call.session_id)
            self._drop(call)

    def _asked(self, call: KnownCall, outcome: Outcome) -> None:
        self._asking.discard(call.session_id)
        if call.over or not call.ours:
            return
        if isinstance(outcome, Granted):
            call.granted_seconds = max(call.granted_seconds, outcome.granted_seconds)
            call.final = outcome.final
            self._set(call)
        elif isinstance(outcome, Refused) and (outcome.code in TEMPORARY or outcome.code in _OUT_OF_STEP):
            newest = outcome.facts.get("newest", 0)
            call.request_number = max(call.request_number, newest if isinstance(newest, int) else 0)
            self._alarm(call, lambda: self.ask_now(call), self._limits.retry_seconds)
        else:
            # The ledger has closed it, so nothing pays for it.
            self._cut_for_good(call, FORCED_DISCONNECT)

    def _money_ends(self, call: KnownCall) -> None:
        if call.granted_seconds > call.elapsed_seconds(self._clock()):
            self._set(call)
        else:
            self._cut_for_good(call, INSUFFICIENT_CREDIT)

    def _cut_for_good(self, call: KnownCall, reason: str) -> None:
        """Cut, and again until the switch has told of the end; once where it cannot be."""
        tries = self._cutting.get(call.session_id, 0) + 1
        self._cutting[call.session_id] = tries
        if tries > self._limits.cut_tries_max:
            _log.error("call goes on though it was cut", session_id=call.session_id)
            self._drop(call)
            return
        self.cut(call, reason)
        if call.dialog is None:
            self._drop(call)
            return
        self._alarm(call, lambda: self._cut_for_good(call, reason), self._limits.cut_retry_seconds)

    def _drop(self, call: KnownCall) -> None:
        """Hold it no more; its true end may still come."""
        self.release(call.session_id)
        call.end(self._clock(), kept_seconds=CLOSED_KEPT_SECONDS)
