"""One call that we hold at Asterisk: two channels in a bridge of ours, dialled once the call is granted.

Knows which request comes after which event, and what the channels carry. Refuses to know when more is asked for and
when credit ends (commcredits.edges.switches.controlled_call), and which other calls there are.

    StasisStart of the caller -> ask -> refused: hang up with a cause, or go on in the dial plan
                                     -> granted: TIMEOUT(absolute), channels/create
    StasisStart of the callee -> TIMEOUT(absolute), bridge, both in, dial: ringing and early media pass the bridge
    callee is Up              -> answer the caller; both channels end at the grant's end by Asterisk's own timer
    either channel is gone    -> end, hang up the other, drop the bridge

A dead edge gives away nothing: each channel has its limit from before it is dialled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from commcredits.core.outcomes import Granted, Refused
from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.asterisk.ari_events import ENDS, Event, instant_of
from commcredits.edges.switches.asterisk.ari_legs import Legs
from commcredits.edges.switches.asterisk.ari_requests import AriAnswer, AriRequests
from commcredits.edges.switches.asterisk.call_record import CallRecord
from commcredits.edges.switches.asterisk.causes import CONGESTION, FAILURE, NO_ANSWER, NORMAL_CLEARING
from commcredits.edges.switches.asterisk.steps import Steps, Tasks
from commcredits.edges.switches.controlled_call import CallState, ControlledCall
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.charging import CallRequest, ChargingDesk
from commcredits.settings.asterisk import AsteriskLink

TERMS: Final = ControlTerms(grace_seconds=0.5)
CAUSE_SECONDS_MAX: Final = 1.0
"""How long the caller of a call that failed waits for the cause, which comes last."""

RING_GRACE_SECONDS: Final = 3.0
_CAUSE_MAX: Final = 127
_log: Final = structlog.get_logger("asterisk")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParts:
    """What every call of a link works with; ``over`` hears of a call that needs no more looking after."""

    desk: ChargingDesk
    timers: Timers
    requests: AriRequests
    tasks: Tasks
    link: AsteriskLink
    over: Callable[[AriCall], None]


class AriCall:
    """One call, known by its caller's channel."""

    def __init__(self, parts: CallParts, *, channel_id: str, session_id: str, slice_seconds: int | None = None) -> None:
        began_ms = int(parts.desk.clock().timestamp() * 1_000)
        self.legs = Legs(parts.requests, parts.link, channel_id)
        self.control = ControlledCall(
            desk=parts.desk,
            side=self,
            timers=parts.timers,
            session_id=session_id,
            over=self._controlled,
            terms=TERMS,
            slice_seconds=slice_seconds,
        )
        self._parts = parts
        self._steps = Steps(parts.tasks)
        self._endpoint = ""
        self._record = CallRecord(organization_id="", began_ms=began_ms, slice_seconds=slice_seconds or 0)
        self._answered_at: float | None = None
        self._seen_at = parts.timers.time()
        self._cut_cause = ""
        self._cause = 0
        self._connecting = False
        self._dropped = False
        self._releasing = False
        self._cut_taken = asyncio.Event()
        self._ringing = Alarm(parts.timers, self._rang_too_long)
        self._causeless = Alarm(parts.timers, self._release)
        self._limiting = Alarm(parts.timers, lambda: self._steps.add(self._set_limits))

    # ---- its beginning ---------------------------------------------------------------------------------------------

    def enter(self, request: CallRequest, endpoint: str) -> None:
        """The caller's channel is in the application: ask, and dial what ``endpoint`` says once it is granted."""
        self._endpoint = endpoint
        self.control.ask(request)

    def enter_refused(self, refused: Refused) -> None:
        """The caller's channel is in the application with a call that is none."""
        self.refuse(refused)
        self.control.forget()

    def take_over(self, record: CallRecord, leg_state: str) -> None:
        """Go on with a call that was admitted before we knew it; its callee's channel is there in this state."""
        now_ms = self._now_ms()
        self._record = record
        self.legs.has_callee = self._connecting = True
        answered_ago: float | None = None
        if record.answered_ms:
            answered_ago = max(0, now_ms - record.answered_ms) / 1_000
            self._answered_at = self._parts.timers.time() - answered_ago
        self.control.take_over(
            record.organization_id,
            began_seconds_ago=max(0, now_ms - record.began_ms) / 1_000,
            answered_seconds_ago=answered_ago,
            granted_seconds=record.granted_seconds,
            emergency=record.emergency,
        )
        if answered_ago is None and leg_state == "Up":
            # Answered while we were away: nobody can say when, so it counts from now.
            self._answered(None)
        elif answered_ago is None:
            self._set_ringing()

    # ---- told by Asterisk ------------------------------------------------------------------------------------------

    def leg_entered(self) -> None:
        """The callee's channel is in the application: it can be dialled, once."""
        if not self._connecting:
            self._connecting = True
            self._steps.add(self._connect)

    def changed(self, event: Event) -> None:
        """Something happened to one of the two channels."""
        assert event.channel is not None, "the link knows by the channel whose event it is"
        channel_id = event.channel.id
        if event.type == "ChannelStateChange":
            is_answer = channel_id == self.legs.callee_id and event.channel.state == "Up"
            if is_answer and self._answered_at is None and not self._is_over():
                self._answered(instant_of(event))
        elif event.type in ENDS:
            self._channel_over(channel_id, event)

    def seen(self) -> None:
        """A list shows that its channels are there."""
        self._seen_at = self._parts.timers.time()

    def lost(self) -> None:
        """A channel is gone and no event said so: the call lasted until it was last seen."""
        used_seconds = 0 if self._answered_at is None else max(0, int(self._seen_at - self._answered_at))
        self.control.hung_up(used_seconds, "lost")
        self._release()

    # ---- told by the link ------------------------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether the books have, or should have, this call as running."""
        return self.control.state in (CallState.RINGING, CallState.ANSWERED) and not self.control.ending

    async def cut_is_taken(self) -> None:
        """Wait until Asterisk has taken an order to hang up."""
        await self._cut_taken.wait()

    def channels_are_gone(self) -> None:
        """A list shows none of its channels any more."""
        self.legs.gone.update(self.legs.left)
        self._tell_if_over()

    def release_again(self) -> None:
        """Its channels are still there though it is over."""
        self._release()

    def drop(self) -> None:
        """Forget it: the link is gone, or we stop. The channels carry all that is needed to take it over."""
        self._dropped = True
        self._steps.clear()
        for alarm in (self._ringing, self._causeless, self._limiting):
            alarm.cancel()
        self.control.forget()

    # ---- told by its control: the side of the switch ---------------------------------------------------------------

    def admit(self, organization_id: str, granted: Granted | None) -> None:
        """See SwitchSide."""
        self._record = replace(
            self._record,
            organization_id=organization_id,
            granted_seconds=0 if granted is None else granted.granted_seconds,
            emergency=granted is None,
        )
        self._set_ringing()
        self._steps.add(self._make_callee)

    def refuse(self, refused: Refused) -> None:
        """See SwitchSide."""
        self._steps.add(lambda: self._refuse(refused))

    def limit_to(self, granted_seconds: int) -> None:
        """See SwitchSide."""
        self._record = replace(self._record, granted_seconds=granted_seconds)
        self._steps.add(self._set_limits)

    def hang_up(self, cause: str) -> None:
        """See SwitchSide. It does not wait behind other steps."""
        self._cut_cause = cause
        self._parts.tasks.start(self._cut())

    def warn(self, seconds_left: int) -> None:
        """See SwitchSide: nothing, for no sound is everybody's."""

    # ---- steps -----------------------------------------------------------------------------------------------------

    async def _make_callee(self) -> None:
        if self._is_over():
            return
        answer = await self.legs.carry(self._record.text())
        if answer.done and not await self._limit():
            answer = AriAnswer(status=0)
        if answer.done and not self._is_over():
            answer = await self.legs.make_callee(self._endpoint)
        if not answer.done:
            self._fail("create", answer)

    async def _connect(self) -> None:
        if self._is_over():
            return
        self._set_ringing()
        answer = await self.legs.connect() if await self._limit() else AriAnswer(status=0)
        if not answer.done:
            self._fail("connect", answer)

    async def _tell_answer(self) -> None:
        if not self._is_over():
            await self.legs.answer()
            await self._set_limits()

    async def _set_limits(self) -> None:
        """Make the channels carry what is granted, and end by themselves when that is over."""
        if self._is_over():
            return
        carried = await self.legs.carry(self._record.text())
        limited = await self._limit()
        if not (carried.done or carried.gone) or not limited:
            self._limiting.set_at(self._parts.timers.time() + TERMS.retry_seconds)

    async def _limit(self) -> bool:
        """Set Asterisk's own timers, which count from now; an emergency has none."""
        return self._record.emergency or await self.legs.limit(self._left_seconds())

    async def _cut(self) -> None:
        if await self.legs.hang_up(NORMAL_CLEARING):
            self._cut_taken.set()

    async def _refuse(self, refused: Refused) -> None:
        if await self.legs.refuse(refused):
            self._is_gone(self.legs.caller_id)

    async def _hang_up(self, cause: int) -> None:
        if await self.legs.hang_up(cause):
            self.legs.gone.update(self.legs.left)
        await self.legs.drop_bridge()
        self._releasing = False
        self._tell_if_over()

    # ---- how it goes on and ends -----------------------------------------------------------------------------------

    def _is_over(self) -> bool:
        return self._dropped or self._releasing or bool(self.legs.gone) or not self.is_live

    def _answered(self, there: datetime | None) -> None:
        self._ringing.cancel()
        now_ms = self._now_ms()
        self._answered_at = self._parts.timers.time()
        there_ms = 0 if there is None else int(there.timestamp() * 1_000)
        self._record = replace(self._record, answered_ms=now_ms, answered_there_ms=there_ms)
        self.control.answered()
        self._steps.add(self._tell_answer)

    def _channel_over(self, channel_id: str, event: Event) -> None:
        answered = self._answered_at is not None
        first = not self.legs.gone and not self._releasing
        self._is_gone(channel_id)
        if 0 < event.cause <= _CAUSE_MAX:
            self._cause = event.cause
        if first:
            side = "caller" if channel_id == self.legs.caller_id else "called"
            self.control.hung_up(self._used_seconds(instant_of(event)), self._cut_cause or f"{side}_hung_up")
        if channel_id == self.legs.callee_id and not answered and event.type != "ChannelDestroyed":
            # Why nobody answered is told last.
            self._causeless.set_at(self._parts.timers.time() + CAUSE_SECONDS_MAX)
        else:
            self._release()

    def _used_seconds(self, ended: datetime | None) -> int:
        """From the answer to the end, for each second that began; 0 without an answer.

        Both by Asterisk's clock; by ours where it did not tell one of them.
        """
        if self._answered_at is None:
            return 0
        used_ms = int((self._parts.timers.time() - self._answered_at) * 1_000)
        if ended is not None and self._record.answered_there_ms:
            used_ms = int(ended.timestamp() * 1_000) - self._record.answered_there_ms
        return max(1, -(-used_ms // 1_000))

    def _fail(self, step: str, answer: AriAnswer) -> None:
        """A step that the call cannot do without was not taken."""
        if self._is_over() or self._answered_at is not None:
            return
        if not answer.gone:
            _log.warning(
                "call could not be connected", session_id=self.control.session_id, step=step, status=answer.status
            )
        self._cause = FAILURE if answer.status == 0 else CONGESTION
        self.control.hung_up(0, "not_connected")
        self._release()

    def _rang_too_long(self) -> None:
        if self._answered_at is None and not self._is_over():
            self._cause = NO_ANSWER
            self.control.hung_up(0, "not_answered")
            self._release()

    def _release(self) -> None:
        """Hang up what is left of the call."""
        self._causeless.cancel()
        if self._dropped or self._releasing:
            return
        self._releasing = True
        self._ringing.cancel()
        self._limiting.cancel()
        cause = self._cause or NORMAL_CLEARING
        self._steps.add(lambda: self._hang_up(cause))

    def _is_gone(self, channel_id: str) -> None:
        self.legs.gone.add(channel_id)
        self._tell_if_over()

    def _controlled(self, _control: ControlledCall) -> None:
        self._tell_if_over()

    def _tell_if_over(self) -> None:
        if self.control.state in (CallState.OVER, CallState.REFUSED) and not self.legs.left and not self._releasing:
            self._parts.over(self)

    def _set_ringing(self) -> None:
        self._ringing.set_at(self._parts.timers.time() + self._parts.link.ring_seconds + RING_GRACE_SECONDS)

    def _left_seconds(self) -> float:
        """How long the channels may live from now; before the answer they may ring on top."""
        if self._answered_at is None:
            return self._parts.link.ring_seconds + RING_GRACE_SECONDS + self._record.granted_seconds
        return self._answered_at + self._record.granted_seconds - self._parts.timers.time()

    def _now_ms(self) -> int:
        return int(self._parts.desk.clock().timestamp() * 1_000)
