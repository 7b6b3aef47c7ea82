"""Links to the event sockets of the settings (inbound, in FreeSWITCH's words): one connection, every call of a switch.

Knows how a link is made and made again, which events it asks for, and how the calls that are up are found after
either side was away. Refuses to know what is decided about a call.
"""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg
import msgspec
import structlog

from commcredits.edges.switches.alarms import Timers
from commcredits.edges.switches.freeswitch import channel
from commcredits.edges.switches.freeswitch.calls import Calls
from commcredits.edges.switches.freeswitch.events import Event, read_event
from commcredits.edges.switches.freeswitch.framing import FramingError
from commcredits.edges.switches.freeswitch.limits import EventSocketLimits
from commcredits.edges.switches.freeswitch.line import Line, LineLostError
from commcredits.edges.switches.freeswitch.outbound import keep_alive
from commcredits.edges.switches.switch_side import NOT_CHARGED
from commcredits.operations.reconciling import Reconciler
from commcredits.settings.addresses import split_address
from commcredits.settings.freeswitch import FreeswitchLink

EVENTS: Final = "CHANNEL_PARK CHANNEL_ANSWER CHANNEL_HANGUP_COMPLETE"
"""What is told over a link: a call that waits for us, an answer, an end with its times."""

_DATABASE_AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log: Final = structlog.get_logger("freeswitch")


class RefusedByTheSwitchError(Exception):
    """The switch did not take what a link needs; its text is for the log."""


class InboundLink:
    """The link to one switch; ``run`` keeps it up until it is cancelled."""

    def __init__(
        self,
        name: str,
        link: FreeswitchLink,
        *,
        calls: Calls,
        reconciler: Reconciler,
        reconcile_seconds: float,
        timers: Timers,
        limits: EventSocketLimits,
    ) -> None:
        self.name = name
        self.is_up = False
        self._link = link
        self._calls = calls
        self._reconciler = reconciler
        self._reconcile_seconds = reconcile_seconds
        self._timers = timers
        self._limits = limits
        self._greeted = asyncio.Event()
        self._lost = asyncio.Event()
        self._others: frozenset[str] = frozenset()
        self._missing: frozenset[str] = frozenset()

    # ---- LineUser --------------------------------------------------------------------------------------------------

    def greeted(self, line: Line) -> None:
        """LineUser: the switch asks for the password."""
        del line
        self._greeted.set()

    def happened(self, line: Line, event: Event) -> None:
        """LineUser: an event of one of its calls."""
        self._calls.happened(event, self.name, line)

    def disconnecting(self, line: Line, *, lingers: bool) -> None:
        """LineUser: the switch closes."""
        del lingers
        line.close()

    def lost(self, line: Line) -> None:
        """LineUser: the connection is gone."""
        self._calls.link_lost(self.name, line)
        self._lost.set()
        self._greeted.set()

    # ---- the life of a link ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, and again after every loss, ever more slowly while nothing answers; until cancelled."""
        wait = self._limits.back_off_seconds
        complaint = ""
        while True:
            try:
                await self._serve_once()
                reason = "the switch closed it"
            except (OSError, TimeoutError, LineLostError) as error:
                reason = str(error) or type(error).__name__
            except (RefusedByTheSwitchError, FramingError) as error:
                reason = str(error)
            except Exception:  # noqa: BLE001 - a bug of ours may cost this connection, and neither the link nor another
                _log.exception("link failed", switch=self.name)
                reason = "failed inside"
            was_up, self.is_up = self.is_up, False
            if was_up:
                wait, complaint = self._limits.back_off_seconds, ""
            if reason != complaint:
                # Said once, not with every try.
                _log.warning("link down", switch=self.name, reason=reason)
                complaint = reason
            await asyncio.sleep(wait)
            wait = min(2 * wait, self._limits.back_off_seconds_max)

    async def _serve_once(self) -> None:
        self._greeted.clear()
        self._lost.clear()
        self._others = self._missing = frozenset()
        line = await self._connect()
        try:
            await self._log_in(line)
            self._calls.link_up(self.name, line)
            line.stay_awake()
            self.is_up = True
            _log.info("link up", switch=self.name)
            while not self._lost.is_set():
                await self._resynchronise(line)
                await self._pause()
        finally:
            line.abort()
            await self._lost.wait()

    async def _connect(self) -> Line:
        host, port = split_address(self._link.address)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._limits.connect_seconds):
            transport, line = await loop.create_connection(
                lambda: Line(self, timers=self._timers, limits=self._limits, peer=self.name, greets=True), host, port
            )
        keep_alive(transport)
        return line

    async def _log_in(self, line: Line) -> None:
        await self._greeted.wait()
        answered = await line.ask(f"auth {self._link.password.get_secret_value()}")
        if answered.is_error:
            raise RefusedByTheSwitchError("the password is refused")
        for command in (f"filter variable_{channel.SWITCH} {self.name}", f"event plain {EVENTS}"):
            if (await line.ask(command)).is_error:
                raise RefusedByTheSwitchError(f"refused: {command.split(' ', 1)[0]}")

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._reconcile_seconds):
                await self._lost.wait()
        except TimeoutError:
            return

    # ---- which calls are up ----------------------------------------------------------------------------------------

    async def _resynchronise(self, line: Line) -> None:
        """Take care of the calls that are up and not known; compare what is up with what we hold money for."""
        listed = await self._list_channels(line)
        if listed is None:
            return
        unknown = [uuid for uuid in listed if uuid not in self._others and self._calls.find(self.name, uuid) is None]
        others = self._others & listed
        for uuid in unknown:
            if not await self._look_at(line, uuid):
                others |= {uuid}
        self._others = others
        running = {
            call.control.session_id: call.control.organization_id
            for call in self._calls.of(self.name)
            if call.uuid in listed and call.admitted and call.control.organization_id
        }
        missing = frozenset(call.uuid for call in self._calls.of(self.name) if call.uuid not in listed)
        try:
            reconciled = await self._reconciler.compare(running)
        except _DATABASE_AWAY as error:
            _log.warning("live calls not compared", switch=self.name, reason=f"{type(error).__name__}: {error}")
            return
        for session_id in reconciled.to_cut:
            call = self._calls.find(self.name, channel.uuid_in(session_id))
            if call is not None:
                call.control.cut(NOT_CHARGED)
        for uuid in missing & self._missing:
            call = self._calls.find(self.name, uuid)
            if call is not None:
                call.control.forget()
        self._missing = missing

    async def _list_channels(self, line: Line) -> frozenset[str] | None:
        """The switch's own ids of all its calls; None when it does not say."""
        reply = await line.ask("api show channels as json")
        try:
            listed = msgspec.json.decode(reply.message.body, type=_Listed)
        except msgspec.DecodeError:
            _log.warning("live calls not compared", switch=self.name, reason="the list of channels is unreadable")
            return None
        if len(listed.rows) != listed.row_count:
            _log.warning("live calls not compared", switch=self.name, reason="the list of channels is not complete")
            return None
        return frozenset(row.uuid for row in listed.rows if channel.UUID.fullmatch(row.uuid))

    async def _look_at(self, line: Line, uuid: str) -> bool:
        """Take care of a call that is up. False when it is not ours to look after, now or ever."""
        named = await line.ask(f"api uuid_getvar {uuid} {channel.SWITCH}")
        if named.is_error:
            return True  # It is gone.
        if named.text != self.name:
            # Its dial plan may still be running and name us a moment later: an event says so then.
            return False
        dumped = await line.ask(f"api uuid_dump {uuid}")
        if not dumped.is_error:
            self._calls.look_at(read_event(dumped.message.body, self._limits.headers_max), self.name, line)
        return True


class _Row(msgspec.Struct, gc=False):
    uuid: str


class _Listed(msgspec.Struct, gc=False):
    row_count: int
    rows: list[_Row] = []
