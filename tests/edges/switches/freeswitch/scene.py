"""The edge of FreeSWITCH over a real database, with a fake FreeSWITCH at its other end, on one clock that tests move.

Knows how the parts are put together and when nothing is under way any more. Refuses to know what is tested.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from commcredits.core.commands import End, Update
from commcredits.core.outcomes import Outcome
from commcredits.edges.switches.freeswitch.limits import EventSocketLimits
from commcredits.edges.switches.freeswitch.serve import FreeswitchServer, serve
from commcredits.operations.charging import ChargingCommand, ChargingDesk, Submitter
from commcredits.operations.numbers import NumberDirectory
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.freeswitch import FreeswitchLink, FreeswitchSettings
from tests.edges.switches.freeswitch.fake_channel import FakeChannel
from tests.edges.switches.freeswitch.fake_freeswitch import FakeFreeswitch
from tests.edges.switches.freeswitch.fake_socket import FakeSocket
from tests.operations.office import soon
from tests.stories.one_call.variants import Variant
from tests.stories.one_call.world import World, open_one_office, open_world

NUMBER: Final = "+40212300001"
BRITISH: Final = "+442079460000"
"""A second costs 0.01; a slice is 60 seconds."""

SWITCH: Final = "sbc1"
LIMITS: Final = EventSocketLimits(back_off_seconds=0.02, back_off_seconds_max=0.1, stop_seconds=2.0)


class Watched:
    """A submitter that counts what is under way, keeps what was said, and can hold it back."""

    def __init__(self, inner: Submitter) -> None:
        self._inner = inner
        self.under_way = 0
        self.said: list[ChargingCommand] = []
        self.holds_back = False
        self._held: list[tuple[ChargingCommand, Callable[[Outcome], None]]] = []

    def submit(self, command: ChargingCommand, callback: Callable[[Outcome], None]) -> None:
        self.said.append(command)
        if self.holds_back:
            self._held.append((command, callback))
            return
        self.under_way += 1

        def answered(outcome: Outcome) -> None:
            self.under_way -= 1
            callback(outcome)

        self._inner.submit(command, answered)

    def release(self) -> None:
        """Let go of what was held back."""
        self.holds_back = False
        held, self._held = self._held, []
        for command, callback in held:
            self.said.pop(self.said.index(command))
            self.submit(command, callback)

    @property
    def updates(self) -> list[Update]:
        """The updates among what was said."""
        return [command for command in self.said if isinstance(command, Update)]

    @property
    def ends(self) -> list[End]:
        """The ends among what was said."""
        return [command for command in self.said if isinstance(command, End)]


@dataclass(kw_only=True)
class Scene:
    """An organization, the edge, and the switch."""

    world: World
    parts: SwitchParts
    watched: Watched
    switch: FakeFreeswitch
    settings: FreeswitchSettings
    server: FreeswitchServer

    # ---- calls -----------------------------------------------------------------------------------------------------

    def place(self, callee: str = BRITISH, *, caller: str = NUMBER, **variables: str) -> FakeChannel:
        """A call whose dial plan names the switch."""
        answered = variables.pop("answered", "") == "true"
        return self.switch.place_call(caller, callee, answered=answered, **{"commcredits_switch": SWITCH, **variables})

    async def connect(self, channel: FakeChannel, options: str = "async full") -> FakeSocket:
        """The dial plan's ``socket``: the call waits for our word."""
        opened = await self.switch.open_socket(channel, self.server.port, options)
        await self.settle()
        return opened

    async def dial(self, callee: str = BRITISH, **variables: str) -> FakeChannel:
        """A call over a socket of its own, as far as it goes before anybody answers."""
        channel = self.place(callee, **variables)
        await self.connect(channel)
        return channel

    async def park(self, callee: str = BRITISH, **variables: str) -> FakeChannel:
        """A call that is parked until the link has our word, as far as it goes before anybody answers."""
        channel = self.place(callee, commcredits_ask="park", park_timeout="5:NORMAL_TEMPORARY_FAILURE", **variables)
        self.switch.park(channel)
        await self.settle()
        return channel

    async def answer(self, channel: FakeChannel) -> None:
        """The called party answers."""
        self.switch.answer(channel)
        await self.settle()

    async def hang_up(self, channel: FakeChannel, cause: str = "NORMAL_CLEARING") -> None:
        """One of the two hangs up."""
        self.switch.hang_up(channel, cause)
        await self.settle()

    # ---- time ------------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Wait until nothing is under way between the three."""
        quiet = 0
        while quiet < 10:
            await asyncio.sleep(0.001)
            quiet = 0 if self.watched.under_way else quiet + 1

    async def pass_time(self, seconds: float, *, step: float = 1.0) -> None:
        """Let time pass for everybody, and let what comes of it be done."""
        left = seconds
        while left > 1e-9:
            now = min(step, left)
            self.world.office.clock.advance(seconds=now)
            self.switch.clock.advance(now)
            await self.settle()
            left -= now

    # ---- the edge --------------------------------------------------------------------------------------------------

    async def linked(self) -> None:
        """Wait until every link is up and has looked which calls are."""
        await soon(lambda: all(link.is_up for link in self.server.links))
        await soon(lambda: any("show channels" in command for command in self.switch.api_commands))
        await self.settle()

    async def restart_edge(self) -> None:
        """We stop and start again; the switch goes on."""
        await self.server.stop()
        self.switch.api_commands.clear()
        self.server = await serve(
            self.parts, self.settings.model_copy(update={"port": 0}), timers=self.switch.clock, limits=LIMITS
        )

    # ---- the books -------------------------------------------------------------------------------------------------

    async def calls(self) -> list[Mapping[str, Any]]:
        """Every call that the books have, refused ones included."""
        rows = await self.world.office.services.pool.fetch(
            "select * from call_sessions order by authorised_at, session_id"
        )
        return [dict(row) for row in rows]

    async def only_call(self) -> Mapping[str, Any]:
        """The one call that the books have."""
        calls = await self.calls()
        assert len(calls) == 1, calls
        return calls[0]

    async def flags(self) -> list[str]:
        """What an operator should look at."""
        rows = await self.world.office.services.pool.fetch("select kind from call_flags order by kind")
        return [row["kind"] for row in rows]


@asynccontextmanager
async def open_scene(
    database_url: str, *, funds_micros: int = 5_000_000, linked: bool = False, **settings: Any
) -> AsyncIterator[Scene]:
    """An organization with NUMBER and these funds, an edge that serves, and a switch; ``linked``: with a link too."""
    switch = FakeFreeswitch()
    async with open_one_office(database_url) as office:
        world = await open_world(office, Variant(steps=(), funds_micros=funds_micros), number=NUMBER)
        parts = await world.parts("freeswitch")
        directory = NumberDirectory()
        await directory.load(office.services.pool, office.services.shard_id)
        committer = office.services.executor
        watched = Watched(committer)  # type: ignore[arg-type] # the executor of an office is a committer
        parts = SwitchParts(
            desk=ChargingDesk(
                submitter=watched,
                directory=directory,
                pool=office.services.pool,
                shard_id=office.services.shard_id,
                clock=office.clock,
            ),
            following=parts.following,
            services=office.services,
        )
        address = await switch.start()
        links = {SWITCH: FreeswitchLink(address=address, password=switch.password)} if linked else {}
        chosen = FreeswitchSettings(port=0, links=links, **{"reconcile_seconds": 3_600, **settings})
        server = await serve(parts, chosen, timers=switch.clock, limits=LIMITS)
        scene = Scene(world=world, parts=parts, watched=watched, switch=switch, settings=chosen, server=server)
        try:
            if linked:
                await scene.linked()
            yield scene
        finally:
            await scene.server.stop()
            await switch.stop()
