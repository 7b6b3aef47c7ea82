"""The story told by a FreeSWITCH: calls park, a link of ours decides about them, and everything else is an event.

Knows the fake switch, and that it keeps what we write into a call's variables. Refuses to know what we remember. The
switch's clock stands beside the story's and shows each call's seconds of talking; no alarm of it goes off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from commcredits.edges.switches.freeswitch.limits import EventSocketLimits
from commcredits.edges.switches.freeswitch.serve import FreeswitchServer, serve
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.freeswitch import FreeswitchLink, FreeswitchSettings
from tests.edges.switches.freeswitch.fake_channel import FakeChannel
from tests.edges.switches.freeswitch.fake_freeswitch import FakeFreeswitch
from tests.edges.switches.virtual_clock import VirtualClock
from tests.operations.office import soon
from tests.stories.one_call.teller import Told

NAME: Final = "freeswitch"
PROTOCOL: Final = "freeswitch"
CANNOT: Final[dict[str, str]] = {
    "whose_id_another_call_claims": "FreeSWITCH makes the id of each call itself, and gives none of them twice."
}

_SWITCH: Final = "sbc1"
_LIMITS: Final = EventSocketLimits(back_off_seconds=0.02, back_off_seconds_max=0.02)


class StoryClock(VirtualClock):
    """A clock that is set, and whose alarms never go off: the story says when something is asked for."""

    def show(self, seconds: float) -> None:
        """Show this instant; never an earlier one than before."""
        self._now = max(self._now, seconds)


class FreeswitchTeller:
    """A switch, and an edge that is linked to it. With ``sockets``, each call has a socket of its own besides."""

    def __init__(self, parts: SwitchParts, *, sockets: bool) -> None:
        self._parts = parts
        self._sockets = sockets
        self._clock = StoryClock()
        self._switch = FakeFreeswitch(self._clock)
        self._server: FreeswitchServer | None = None
        self._settings = FreeswitchSettings()
        self._channels: dict[str, FakeChannel] = {}
        self._answered_at: dict[str, float] = {}
        self._repeat: Callable[[], Told] = Told

    async def open(self) -> None:
        """Start the switch, then the edge, which links itself to it."""
        link = FreeswitchLink(address=await self._switch.start(), password=self._switch.password)
        self._settings = FreeswitchSettings(port=0, links={_SWITCH: link}, reconcile_seconds=3_600)
        await self._start()

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """The dial plan names the switch and waits."""
        variables = {"commcredits_switch": _SWITCH}
        if slice_seconds is not None:
            variables["commcredits_slice_seconds"] = str(slice_seconds)
        if not self._sockets:
            variables["commcredits_ask"] = "park"
        channel = self._channels[call_id] = self._switch.place_call(caller, callee, answered=False, **variables)
        if self._sockets:
            assert self._server is not None
            await self._switch.open_socket(channel, self._server.port)
        else:
            self._switch.park(channel)
        await soon(lambda: bool(channel.extensions))
        return self._repeated(lambda: self._switch.fire("CHANNEL_PARK", channel), channel)

    async def start(self, call_id: str) -> None:
        """CHANNEL_ANSWER."""
        channel = self._channels[call_id]
        if channel.is_up:
            self._answered_at[call_id] = self._clock.time()
            self._switch.answer(channel)
        else:
            self._switch.fire("CHANNEL_ANSWER", channel)
        self._repeated(lambda: self._switch.fire("CHANNEL_ANSWER", channel), channel)
        await self._heard()

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """The switch never reports by itself: its clock shows the seconds, and the edge asks for more."""
        channel = self._channels[call_id]
        self._show(call_id, used_seconds)

        def ask() -> None:
            call = None if self._server is None else self._server.calls.find(_SWITCH, channel.uuid)
            if call is not None:
                call.control.renew()

        ask()
        await self._heard()
        return self._repeated(ask, channel)

    async def end(self, call_id: str, used_seconds: int) -> None:
        """CHANNEL_HANGUP_COMPLETE, with the times of answer and end."""
        channel = self._channels[call_id]
        self._show(call_id, used_seconds)
        now = self._switch.microseconds()
        if used_seconds:
            channel.answered_at = now - used_seconds * 1_000_000
        if channel.is_up:
            self._switch.hang_up(channel)
        else:
            channel.hung_up_at = now
            self._switch.fire("CHANNEL_HANGUP_COMPLETE", channel)
        self._repeated(lambda: self._switch.fire("CHANNEL_HANGUP_COMPLETE", channel), channel)
        await self._heard()

    async def repeat_last(self) -> Told:
        """The last event once more."""
        told = self._repeat()
        await self._heard()
        return told

    async def lose_connection(self) -> None:
        """The link, and the sockets of calls; the edge links itself again and looks which calls are up."""
        self._switch.api_commands.clear()
        for each in list(self._switch.sockets):
            each.drop()
        await self._linked()

    async def restart_edge(self) -> None:
        """Another edge, which remembers nothing."""
        await self._stop()
        self._switch.api_commands.clear()
        await self._start()

    async def aclose(self) -> None:
        """Stop the edge, then the switch."""
        await self._stop()
        await self._switch.stop()

    async def _start(self) -> None:
        self._server = await serve(self._parts, self._settings, timers=self._clock, limits=_LIMITS)
        await self._linked()

    async def _stop(self) -> None:
        assert self._server is not None
        await self._server.stop()

    async def _linked(self) -> None:
        """Wait until the edge has asked for every call that it took over."""
        await soon(lambda: "show channels as json" in self._switch.api_commands)
        await self._heard()

    async def _heard(self) -> None:
        """Wait until what the switch said is heard, and what the edge says of it: both are in this event loop."""
        for _turn in range(20):
            await asyncio.sleep(0.001)

    def _show(self, call_id: str, used_seconds: int) -> None:
        self._clock.show(self._answered_at.get(call_id, self._clock.time()) + used_seconds)

    def _repeated(self, again: Callable[[], object], channel: FakeChannel) -> Told:
        """What the switch knows now, and what the last event was."""

        def repeat() -> Told:
            again()
            return _told(channel)

        self._repeat = repeat
        return _told(channel)


def _told(channel: FakeChannel) -> Told:
    """What charging has written into a call's variables; an emergency has no limit."""
    refusal = channel.variables.get("commcredits_refusal", "")
    granted = channel.variables.get("commcredits_granted_seconds", "")
    if refusal:
        return Told(refused=refusal)
    return Told(granted_seconds=int(granted)) if granted and channel.is_up else Told()


async def open_teller(parts: SwitchParts) -> FreeswitchTeller:
    """A switch that the edge is linked to, and whose calls park."""
    teller = FreeswitchTeller(parts, sockets=False)
    await teller.open()
    return teller
