"""An edge over the real database, and an OpenSIPS that is linked to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from commcredits.core.account import ChargingTerms
from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.edges.switches.cgrates.serve import CgratesServer, serve
from commcredits.settings.cgrates import CgratesSettings
from tests.edges.switches.cgrates.clients import Client, FakeOpensips
from tests.operations.office import open_office
from tests.stories.one_call.variants import Variant
from tests.stories.one_call.world import Ledger, LedgerCall, World, open_world

NUMBER = "+40212300001"
SOON_SECONDS = 30
QUICK = CgratesLimits(lead_seconds=1, retry_seconds=0.05, cut_retry_seconds=0.1, reply_seconds=1, sweep_seconds=0.05)
"""Limits that a test can wait for."""


@dataclass(kw_only=True)
class Edge:
    """An edge, its world, and whoever is connected; everything is closed at the end."""

    world: World
    server: CgratesServer
    limits: CgratesLimits
    settings: dict[str, Any]
    opened: list[FakeOpensips | Client] = field(default_factory=list)

    async def opensips(self, **options: Any) -> FakeOpensips:
        """An OpenSIPS that is connected."""
        switch = FakeOpensips(self.server.port, **options)
        await switch.connect()
        self.opened.append(switch)
        return switch

    async def client(self) -> Client:
        """Another client."""
        client = await Client.connect(self.server.port)
        self.opened.append(client)
        return client

    async def restart(self) -> None:
        """The process ends and another takes its place."""
        await self.server.stop()
        self.server = await serve(
            await self.world.parts("cgrates"), CgratesSettings(port=0, **self.settings), limits=self.limits
        )

    async def ledger(self) -> Ledger:
        """What the books say, which must agree."""
        await self.world.settle()
        ledger = await self.world.ledger()
        assert ledger.discrepancies == ()
        return ledger

    async def call(self) -> LedgerCall:
        """The one call of the books."""
        (call,) = (await self.ledger()).calls
        return call


OpenEdge = Callable[..., Any]


@pytest.fixture
def open_edge(database_url: str) -> OpenEdge:
    """Opens an edge: slices of so many seconds, funds, limits, settings; ``runs`` lets its clock go by itself."""

    @asynccontextmanager
    async def opened(
        *,
        slice_seconds: int = 60,
        funds_micros: int = 5_000_000,
        limits: CgratesLimits = QUICK,
        runs: bool = False,
        number: str = NUMBER,
        **settings: Any,
    ) -> AsyncIterator[Edge]:
        terms = ChargingTerms(slice_seconds=slice_seconds)
        async with open_office(database_url, charging=terms) as office:
            if runs:
                office.clock.go()
            world = await open_world(office, Variant(steps=(), funds_micros=funds_micros), number=number)
            parts = await world.parts("cgrates")
            server = await serve(parts, CgratesSettings(port=0, **settings), limits=limits)
            edge = Edge(world=world, server=server, limits=limits, settings=settings)
            try:
                yield edge
            finally:
                for each in edge.opened:
                    await each.close()
                await edge.server.stop()

    return opened


async def soon(look: Callable[[], Any]) -> None:
    """Wait until something is so, by a look that may be a coroutine."""
    async with asyncio.timeout(SOON_SECONDS):
        while True:
            found = look()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.02)
