"""One simulated gateway for the folder, an installation for each module, one of its own for a test that breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.edges.http.administration.world import World, new_simulator, open_world
from tests.gateways.simulator_process import SimulatorProcess
from tests.storage_fixtures import Housekeeper


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The gateway, in a process of its own."""
    started = new_simulator(tmp_path_factory.mktemp("simulator")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def shared_database_url(housekeeper: Housekeeper, migrated_template: str) -> Iterator[str]:
    """One database for all tests of a module, which each open organizations of their own."""
    with housekeeper.fresh_database(migrated_template) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_database_url: str, simulator: SimulatorProcess) -> AsyncIterator[World]:
    """An installation that the tests of a module share."""
    async with open_world(shared_database_url, simulator) as world:
        yield world


@pytest_asyncio.fixture(loop_scope="module")
async def own_world(database_url: str, simulator: SimulatorProcess) -> AsyncIterator[World]:
    """An installation for one test alone."""
    async with open_world(database_url, simulator) as world:
        yield world
