"""The link to one Asterisk: connected again and again, every call of it known by its channels.

Knows which event belongs to which call, and what a list of channels says about calls. Refuses to know what a call does
about it (commcredits.edges.switches.asterisk.ari_call). Whenever the link breaks, every call is let go, and taken over
again from what its channels carry: one way for a lost connection, a restart of ours and one of Asterisk.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Final

import msgspec
import structlog
from websockets.asyncio.client import ClientConnection

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.switches.alarms import Timers
from commcredits.edges.switches.asterisk.ari_call import AriCall, CallParts
from commcredits.edges.switches.asterisk.ari_events import Event, read_event
from commcredits.edges.switches.asterisk.ari_legs import LEG_ARGUMENT, LEG_PREFIX
from commcredits.edges.switches.asterisk.ari_listing import Listing, list_everything, record_on
from commcredits.edges.switches.asterisk.ari_requests import AriRequests
from commcredits.edges.switches.asterisk.ari_socket import AWAY, open_events, why
from commcredits.edges.switches.asterisk.call_arguments import read_call_arguments
from commcredits.edges.switches.asterisk.causes import CONGESTION, NORMAL_CLEARING
from commcredits.edges.switches.asterisk.failures import log_failure
from commcredits.edges.switches.asterisk.steps import Tasks
from commcredits.edges.switches.complaints import Complaints
from commcredits.edges.switches.controlled_call import ControlledCall
from commcredits.edges.switches.switch_side import NOT_CHARGED
from commcredits.operations.charging import ChargingDesk, Emergency, fit_session_id
from commcredits.operations.following import CallOrder, Following, OrderKind
from commcredits.operations.reconciling import Reconciler
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.asterisk import AsteriskLink

BACK_OFF_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""How long after each failure the next try comes; the last one stays."""

SECOND_LOOK_SECONDS: Final = 1.0
"""How long after connecting calls are compared again: a difference counts when two lists show it."""

CALLS_MAX: Final = 20_000
REPLACED_SECONDS: Final = 30.0
"""How long we leave our application to another client that took it, for two would take it from each other for ever."""

_BUSY: Final = Refused(code=RefusalCode.BUSY)
_CHANNEL_ID: Final = re.compile(r"[!-~]{1,137}", re.ASCII)
"""Ids to which our prefix can be added: Asterisk takes 149 characters (AST_MAX_PUBLIC_UNIQUEID)."""

_NOT_DIALLED: Final = re.compile(r"[^0-9+*#]", re.ASCII)
_log: Final = structlog.get_logger("asterisk")


class AriLinkServer:
    """One link, from ``start`` until ``stop``."""

    def __init__(
        self,
        parts: SwitchParts,
        *,
        name: str,
        link: AsteriskLink,
        trust: ssl.SSLContext | None,
        timers: Timers,
        reconcile_seconds: float,
    ) -> None:
        self.switch = f"asterisk:{name}"
        self._name = name
        self._link = link
        self._trust = trust
        self._timers = timers
        self._reconcile_seconds = reconcile_seconds
        self._desk: ChargingDesk = parts.desk
        self._following: Following = parts.following
        self._reconciler: Reconciler = parts.reconciler(self.switch)
        self._requests = AriRequests(link, trust)
        self._tasks = Tasks()
        self._complaints = Complaints(timers, "asterisk")
        self._log = _log.bind(link=name)
        self._call_parts = CallParts(
            desk=parts.desk,
            timers=timers,
            requests=self._requests,
            tasks=self._tasks,
            link=link,
            over=self._forget,
        )
        self._by_channel: dict[str, AriCall] = {}
        self._by_session: dict[str, AriCall] = {}
        self._missing: frozenset[str] = frozenset()
        self._strange: frozenset[str] = frozenset()
        self._ending: set[ControlledCall] = set()
        self._replaced = False
        self._running: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    def start(self) -> None:
        """Connect, and go on connecting."""
        self._running = asyncio.get_running_loop().create_task(self._run(), name=f"asterisk {self._name}")

    async def stop(self) -> None:
        """Let go of every call, which Asterisk goes on with, and close."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
            for control in self._ending:
                control.forget(ending_too=True)
        await self._tasks.stop()
        await self._requests.close()

    def deliver(self, order: CallOrder) -> None:
        """Tell a call of this link what it was ordered. A call that is not here is found by the next list."""
        call = self._by_session.get(order.session_id)
        if call is None:
            return
        if order.kind is OrderKind.RENEW:
            call.control.renew()
        elif call.control.emergency:
            self._log.warning("an emergency call is never cut", session_id=order.session_id)
            self._tasks.start(self._following.told(order))
        elif call.control.cut(order.reason):
            self._tasks.start(self._tell_when_cut(call, order))

    async def _tell_when_cut(self, call: AriCall, order: CallOrder) -> None:
        await call.cut_is_taken()
        await self._following.told(order)

    # ---- the connection --------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        failures = 0
        while True:
            reason = "closed by the other side"
            try:
                async with open_events(self._link, self._trust) as websocket:
                    failures = 0
                    self._log.info("connected")
                    await self._listen(websocket)
            except AWAY as error:
                reason = why(error)
            except Exception as error:  # noqa: BLE001 - a bug of ours may cost a connection, never the link
                log_failure("link failed", error, link=self._name)
                reason = "a fault of ours"
            wait_seconds = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
            if self._replaced:
                self._replaced = False
                reason, wait_seconds = "another client took the application", REPLACED_SECONDS
            if failures == 0:
                self._log.warning("not connected", reason=reason)
            await asyncio.sleep(wait_seconds)
            failures += 1

    async def _listen(self, websocket: ClientConnection) -> None:
        looking = asyncio.get_running_loop().create_task(self._look_again_and_again(), name="asterisk lists")
        try:
            async for message in websocket:
                try:
                    goes_on = self._take(message)
                except Exception as error:  # noqa: BLE001 - a bug of ours in one call may not end the calls of others
                    log_failure("event failed", error, link=self._name)
                    continue
                if not goes_on:
                    return
        finally:
            looking.cancel()
            await asyncio.wait([looking])
            self.connected.clear()
            self._let_go()

    def _let_go(self) -> None:
        """Say of each call how far it has come, and forget it."""
        for call in tuple(self._by_session.values()):
            call.control.renew()
            call.drop()
            self._ending.add(call.control)
        self._ending = {control for control in self._ending if control.ending}
        self._by_channel.clear()
        self._by_session.clear()
        self._missing = self._strange = frozenset()

    # ---- events ----------------------------------------------------------------------------------------------------

    def _take(self, message: str | bytes) -> bool:
        """One message; False when no more of them will come. Whatever else it holds, the next one is taken too."""
        try:
            event = read_event(message)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._complaints.say("event not understood", peer=self._name, reason="it is not as Asterisk writes it")
            return True
        if event.type == "ApplicationReplaced":
            # Asterisk leaves the websocket open, and tells the other client everything.
            self._replaced = True
            return False
        if event.channel is None:
            return True
        if event.type == "StasisStart":
            self._enter(event, event.channel.id)
        else:
            call = self._by_channel.get(event.channel.id)
            if call is not None:
                call.changed(event)
        return True

    def _enter(self, event: Event, channel_id: str) -> None:
        if event.args[:1] == (LEG_ARGUMENT,) or channel_id.startswith(LEG_PREFIX):
            call = self._by_channel.get(channel_id)
            if call is not None:
                call.leg_entered()
            return
        if _CHANNEL_ID.fullmatch(channel_id) is None:
            self._complaints.say("channel with a strange id", peer=self._name)
            return
        if channel_id in self._by_channel:
            self._complaints.say("channel entered twice", peer=self._name)
            return
        session_id = fit_session_id(self._name, channel_id)
        told = read_call_arguments(event.args, session_id=session_id, switch=self.switch)
        call = AriCall(
            self._call_parts,
            channel_id=channel_id,
            session_id=session_id,
            slice_seconds=told.request.slice_seconds,
        )
        self._know(call)
        wrong = told.wrong or (_BUSY if len(self._by_session) > CALLS_MAX else None)
        if wrong is not None and not isinstance(self._desk.identify(told.request), Emergency):
            reason = f"wrong {wrong.facts['field']}" if "field" in wrong.facts else "too many calls"
            self._complaints.say("call refused", peer=self._name, reason=reason)
            call.enter_refused(wrong)
            return
        call.enter(told.request, told.endpoint or self._link.endpoint.replace("{callee}", dialled(told.request.callee)))

    def _know(self, call: AriCall) -> None:
        for channel_id in (call.legs.caller_id, call.legs.callee_id):
            self._by_channel[channel_id] = call
        self._by_session[call.control.session_id] = call

    def _forget(self, call: AriCall) -> None:
        if self._by_session.get(call.control.session_id) is call:
            del self._by_session[call.control.session_id]
        for channel_id in (call.legs.caller_id, call.legs.callee_id):
            if self._by_channel.get(channel_id) is call:
                del self._by_channel[channel_id]

    # ---- lists -----------------------------------------------------------------------------------------------------

    async def _look_again_and_again(self) -> None:
        wait_seconds = SECOND_LOOK_SECONDS
        while True:
            try:
                complete = await self._look()
            except Exception as error:  # noqa: BLE001 - the database may be away; the next look finds it again
                self._log.warning("calls not compared", reason=type(error).__name__)
                complete = False
            if complete:
                self.connected.set()
            await asyncio.sleep(wait_seconds)
            wait_seconds = self._reconcile_seconds if complete else SECOND_LOOK_SECONDS

    async def _look(self) -> bool:
        """Compare what Asterisk has with what we know and with the books; False where it could not be told."""
        known = frozenset(self._by_channel)
        listing = await list_everything(self._requests, self._link.application)
        if listing is None:
            self._log.warning("calls not compared", reason="no complete list")
            return False
        self._find_missing(listing)
        await self._find_strange(listing, known | frozenset(self._by_channel))
        for bridge_id in listing.empty_bridges:
            if bridge_id not in self._by_channel:
                await self._requests.drop_bridge(bridge_id)
        running = {call.control.session_id: call for call in self._by_session.values() if call.is_live}
        compared = await self._reconciler.compare(
            {
                session_id: call.control.organization_id
                for session_id, call in running.items()
                if call.control.organization_id
            }
        )
        for session_id in compared.to_cut:
            running[session_id].control.cut(NOT_CHARGED)
        return True

    def _find_missing(self, listing: Listing) -> None:
        """Calls whose channels are not there any more though no event said so, and channels of calls that are over."""
        missing = set()
        for call in tuple(self._by_session.values()):
            there = [channel_id in listing.channels for channel_id in call.legs.left]
            if call.is_live and not all(there):
                missing.add(call.control.session_id)
                if call.control.session_id in self._missing:
                    call.lost()
            elif call.is_live:
                call.seen()
            elif any(there) and call.control.session_id in self._missing:
                call.release_again()
            elif any(there):
                missing.add(call.control.session_id)
            else:
                call.channels_are_gone()
        self._missing = frozenset(missing)

    async def _find_strange(self, listing: Listing, known: frozenset[str]) -> None:
        """Channels of ours that we do not know: calls to take over, and what is left of calls that are over."""
        strange = set()
        for channel_id in sorted(listing.strangers(known)):
            channel = listing.channels[channel_id]
            leg = listing.channels.get(f"{LEG_PREFIX}{channel_id}")
            record = None if channel_id.startswith(LEG_PREFIX) else await record_on(self._requests, channel)
            if record is not None and leg is not None and leg.id in listing.ours:
                call = AriCall(
                    self._call_parts,
                    channel_id=channel_id,
                    session_id=fit_session_id(self._name, channel_id),
                    slice_seconds=record.slice_seconds or None,
                )
                self._know(call)
                call.take_over(record, leg.state)
                continue
            if channel_id.startswith(LEG_PREFIX) and channel_id in self._by_channel:
                continue  # its call was taken over just now
            strange.add(channel_id)
            if channel_id in self._strange:
                await self._requests.hang_up(channel_id, CONGESTION if record is None else NORMAL_CLEARING)
                self._log.warning("channel without a call hung up", carried=record is not None)
        self._strange = frozenset(strange)


def dialled(callee: str) -> str:
    """What of a number may stand in a dial string: an emergency number is checked by nobody before."""
    return _NOT_DIALLED.sub("", callee)
