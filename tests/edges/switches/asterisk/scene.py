"""An edge of Asterisk over a real database, and an organization whose calls it charges.

Knows how the parts are put together, and how to wait. Refuses to know what is tested.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from commcredits.edges.switches.asterisk.serve import AsteriskServer, serve
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.asterisk import AsteriskSettings
from tests.edges.switches.asterisk.ari_asterisk import PASSWORD, USER, FakeAsterisk
from tests.operations.office import WAIT_SECONDS_MAX
from tests.stories.one_call.variants import Variant
from tests.stories.one_call.world import World, open_one_office, open_world

NUMBER: Final = "+40212300001"
BRITISH: Final = "+442079460000"
"""A second costs 0.01."""

SECOND_MICROS: Final = 10_000
LISTING: Final = ("GET", "/ari/channels")
T = TypeVar("T")


@asynccontextmanager
async def open_scene(database_url: str, *, funds_micros: int = 5_000_000) -> AsyncIterator[tuple[World, SwitchParts]]:
    """An organization with NUMBER and these funds, the parts of an edge, and a clock that goes."""
    async with open_one_office(database_url) as office:
        world = await open_world(office, Variant(steps=(), funds_micros=funds_micros), number=NUMBER)
        world.office.clock.go()
        yield world, await world.parts("asterisk")


@dataclass(kw_only=True)
class AriScene:
    """One Asterisk, the edge that is linked to it, and the books."""

    world: World
    parts: SwitchParts
    asterisk: FakeAsterisk
    settings: AsteriskSettings
    edge: AsteriskServer

    async def restart_edge(self) -> None:
        """Stop the edge and start another, which knows nothing."""
        await self.edge.stop()
        self.edge = await serve(self.parts, self.settings)
        await self.connected()

    async def connected(self) -> None:
        """Wait until the edge has looked at what Asterisk has."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await self.edge.links["pbx"].connected.wait()

    async def call(self, *more: str, caller: str = NUMBER, callee: str = BRITISH) -> str:
        """The id of the channel of a new caller."""
        channel = self.asterisk.call(f"caller={caller}", f"callee={callee}", *more)
        assert channel is not None, "nobody is connected"
        return channel.id

    async def talking(self, *more: str) -> str:
        """The id of the caller's channel of a call that was answered just now, and is in the books."""
        channel_id = await self.call(*more)
        await soon(lambda: bool(self.asterisk.dialled))
        self.asterisk.ring(leg(channel_id))
        self.asterisk.answer(leg(channel_id))
        await self.books(state="started")
        return channel_id

    async def books(self, **wanted: object) -> Mapping[str, Any]:
        """The one call, once the books say this of it."""

        async def look() -> Mapping[str, Any] | None:
            call = await only_call(self.world)
            return call if wanted.items() <= call.items() else None

        return await eventually(look)

    def talked_seconds(self, channel_id: str) -> int:
        """How many seconds of a call had begun when it ended, from the callee's answer, by Asterisk's clock."""
        answered, over = self.asterisk.answered_at[leg(channel_id)], self.asterisk.over_at
        ended = min(over[each] for each in (channel_id, leg(channel_id)) if each in over)
        return max(1, -(-(milliseconds(ended) - milliseconds(answered)) // 1_000))

    async def looked_again(self, times: int = 2) -> None:
        """Wait until the edge has compared what Asterisk has with its own so many more times."""
        asked = self.asterisk.requests.count(LISTING) + times + 1  # the last look of all may be under way
        await soon(lambda: self.asterisk.requests.count(LISTING) >= asked)

    async def nothing_is_left(self) -> None:
        """Wait until Asterisk has neither channels nor bridges."""
        await soon(lambda: not self.asterisk.channels and not self.asterisk.bridges)


@asynccontextmanager
async def open_ari_scene(
    database_url: str,
    *,
    funds_micros: int = 5_000_000,
    limits: bool = True,
    link: Mapping[str, object] | None = None,
) -> AsyncIterator[AriScene]:
    """An Asterisk and an edge that is connected to it."""
    async with open_scene(database_url, funds_micros=funds_micros) as (world, parts):
        asterisk = FakeAsterisk(limits=limits)
        await asterisk.start()
        pbx = {"url": asterisk.url, "username": USER, "password": PASSWORD, "endpoint": "PJSIP/{callee}@carrier"}
        settings = AsteriskSettings.model_validate(
            {
                "port": 0,
                "reconcile_seconds": 1,
                "links": {"pbx": {**pbx, **(link or {})}},
            }
        )
        scene = AriScene(
            world=world, parts=parts, asterisk=asterisk, settings=settings, edge=await serve(parts, settings)
        )
        try:
            await scene.connected()
            yield scene
        finally:
            await scene.edge.stop()
            await asterisk.stop()


def leg(channel_id: str) -> str:
    """The id of the called side's channel."""
    return f"commcredits-{channel_id}"


def milliseconds(instant: datetime) -> int:
    """An instant as Asterisk writes it: what is below a millisecond is left out."""
    return int(instant.timestamp() * 1_000)


async def soon(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""

    async def look() -> bool | None:
        return condition() or None

    await eventually(look)


async def eventually(look: Callable[[], Awaitable[T | None]]) -> T:
    """What is looked for, once it is there."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + WAIT_SECONDS_MAX
    while (found := await look()) is None:
        assert loop.time() < give_up_at, "it never came true"
        await asyncio.sleep(0.005)
    return found


async def only_call(world: World) -> Mapping[str, Any]:
    """The one call that the books have; nothing while there is none."""
    calls = await all_calls(world)
    assert len(calls) <= 1, calls
    return calls[0] if calls else {}


async def all_calls(world: World) -> list[Mapping[str, Any]]:
    """Every call that the books have, refused ones included."""
    rows = await world.office.services.pool.fetch("select * from call_sessions order by authorised_at, session_id")
    return [dict(row) for row in rows]
