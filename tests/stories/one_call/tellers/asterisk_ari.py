"""The story told over ARI: an Asterisk whose calls the edge holds, and whose telephones do what the story says.

Knows channels, and how the edge is made to ask again. Refuses to know what its answers lead to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from commcredits.edges.switches.asterisk.ari_events import CALL_VARIABLE
from commcredits.edges.switches.asterisk.call_record import read_call_record
from commcredits.edges.switches.asterisk.serve import AsteriskServer
from commcredits.operations.charging import fit_session_id
from commcredits.operations.following import CallOrder, OrderKind
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.asterisk import AsteriskSettings
from tests.edges.switches.asterisk.ari_asterisk import PASSWORD, USER, FakeAsterisk
from tests.edges.switches.asterisk.scene import eventually, soon
from tests.stories.one_call.teller import Told

NAME: Final = "asterisk-ari"
PROTOCOL: Final = "asterisk"
CANNOT: Final[dict[str, str]] = {
    "whose_answer_is_never_told": "the edge counts from the answer, and without one there is nothing to count",
    "ended_before_it_is_answered": "a channel that is gone cannot be answered any more",
    "whose_id_another_call_claims": "Asterisk gives every channel an id of its own",
}
LINK: Final = "pbx"
WAIT_SECONDS_MAX: Final = 30


class StoryTimers:
    """The story's clock; its alarms never go off, for the story says itself when something is due."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def time(self) -> float:
        """Seconds of the story."""
        return self._clock().timestamp()

    def call_at(self, when: float, callback: Callable[[], object], /) -> StoryTimers:
        """Never."""
        del when, callback
        return self

    def cancel(self) -> None:
        """Nothing was set."""


class AriTeller:
    """An Asterisk, and its callers' channels by the story's names of their calls."""

    def __init__(self, parts: SwitchParts) -> None:
        self._parts = parts
        self._asterisk = FakeAsterisk(clock=parts.desk.clock, limits=False)
        self._edge: AsteriskServer | None = None
        self._answered_at: dict[str, datetime] = {}
        self._again: Callable[[], object] = lambda: None

    async def open(self) -> None:
        """Start both."""
        await self._asterisk.start()
        await self._start_edge()

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """A caller reaches Stasis(): the called side is dialled, or the caller is hung up with a reason."""
        slices = () if slice_seconds is None else (f"slice={slice_seconds}",)
        dialled = len(self._asterisk.dialled)
        channel = self._asterisk.call(f"caller={caller}", f"callee={callee}", *slices, unique_id=_channel(call_id))
        assert channel is not None, "nobody is connected"
        self._again = lambda: self._asterisk.send_again("StasisStart", channel.id)
        await soon(lambda: len(self._asterisk.dialled) > dialled or channel.id in self._asterisk.causes)
        if channel.id in self._asterisk.causes:
            return Told(refused=self._asterisk.last_variables[channel.id]["COMMCREDITS_REASON"])
        return self._limit_of(channel.id)

    async def start(self, call_id: str) -> None:
        """The called side answers."""
        leg = _leg(call_id)
        self._answered_at[call_id] = self._parts.desk.clock()
        self._asterisk.ring(leg)
        self._asterisk.answer(leg)
        self._again = lambda: self._asterisk.send_again("ChannelStateChange", leg)
        await self._books(call_id, lambda call: call["state"] == "started")

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """The edge, which knows how long the call has lasted, is made to ask again."""
        del used_seconds
        assert self._edge is not None
        before = await self._books(call_id, lambda _call: True)
        self._again = lambda: None
        if not before["live"]:
            return Told()
        self._edge.deliver(
            CallOrder(
                kind=OrderKind.RENEW,
                organization_id=str(before["organization_id"]),
                session_id=before["session_id"],
                switch=f"asterisk:{LINK}",
                reason="funds",
            )
        )
        call = await self._books(call_id, lambda call: call["grant_number"] > before["grant_number"])
        granted = call["granted_seconds"]
        await soon(lambda: self._limit_of(_channel(call_id)).granted_seconds == granted)
        return self._limit_of(_channel(call_id))

    async def end(self, call_id: str, used_seconds: int) -> None:
        """The called side hangs up, so many seconds after it answered, by Asterisk's clock."""
        leg = _leg(call_id)
        answered_at = self._answered_at.get(call_id)
        ended_at = None if answered_at is None else answered_at + timedelta(seconds=used_seconds)
        if leg in self._asterisk.channels:
            self._asterisk.hang_up(leg, 16 if used_seconds else 19, at=ended_at)
        self._again = lambda: self._asterisk.send_again("ChannelDestroyed", leg)
        await self._books(call_id, lambda call: call["state"] == "ended")

    async def repeat_last(self) -> Told:
        """The last event once more; nothing where the edge spoke last."""
        self._again()
        return Told()

    async def lose_connection(self) -> None:
        """The websocket is reset; the edge comes back by itself."""
        assert self._edge is not None
        link = self._edge.links[LINK]
        self._asterisk.break_off()
        await soon(lambda: not link.connected.is_set())
        await asyncio.wait_for(link.connected.wait(), WAIT_SECONDS_MAX)

    async def restart_edge(self) -> None:
        """The edge stops, and another takes the calls over."""
        assert self._edge is not None
        await self._edge.stop()
        await self._start_edge()

    async def aclose(self) -> None:
        """Stop both."""
        if self._edge is not None:
            await self._edge.stop()
        await self._asterisk.stop()

    async def _start_edge(self) -> None:
        link = {"url": self._asterisk.url, "username": USER, "password": PASSWORD}
        settings = AsteriskSettings.model_validate({"port": 0, "links": {LINK: link}})
        self._edge = AsteriskServer(self._parts, settings, StoryTimers(self._parts.desk.clock))
        await self._edge.start()
        await asyncio.wait_for(self._edge.links[LINK].connected.wait(), WAIT_SECONDS_MAX)

    def _limit_of(self, channel_id: str) -> Told:
        """What the caller's channel carries; nothing of an emergency, which has no limit."""
        record = read_call_record(self._asterisk.channels[channel_id].variables[CALL_VARIABLE])
        assert record is not None
        return Told() if record.emergency else Told(granted_seconds=record.granted_seconds)

    async def _books(self, call_id: str, wanted: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """The call, once the books say this of it."""
        session_id = fit_session_id(LINK, _channel(call_id))

        async def look() -> Mapping[str, Any] | None:
            row = await self._parts.services.pool.fetchrow(
                "select * from call_sessions where session_id = $1", session_id
            )
            call = {} if row is None else dict(row)
            return call if call and wanted(call) else None

        return await eventually(look)


def _channel(call_id: str) -> str:
    return f"1700000000.{call_id}"


def _leg(call_id: str) -> str:
    return f"commcredits-{_channel(call_id)}"


async def open_teller(parts: SwitchParts) -> AriTeller:
    """An Asterisk, and an edge that is linked to it."""
    teller = AriTeller(parts)
    await teller.open()
    return teller
