"""One simulated gateway for the folder, and an installation for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.edges.http.administration.world import World, open_world
from tests.gateways.simulator_process import SimulatorProcess


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The gateway, in a process of its own."""
    started = SimulatorProcess(state_path=tmp_path_factory.mktemp("simulator") / "simulator.sqlite").start()
    yield started
    started.stop()


@pytest_asyncio.fixture
async def world(database_url: str, simulator: SimulatorProcess) -> AsyncIterator[World]:
    """An installation on a fresh database."""
    async with open_world(database_url, simulator) as world:
        yield world
