"""One simulated gateway for the folder, an installation for each module, one of its own for a test that breaks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from commcredits.storage.embedded import EmbeddedServer
from tests.edges.http.administration.world import World, new_simulator, open_world
from tests.gateways.simulator_process import SimulatorProcess
from tests.storage_fixtures import execute


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """The gateway, in a process of its own."""
    started = new_simulator(tmp_path_factory.mktemp("simulator")).start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def shared_database_url(
    embedded_server: EmbeddedServer, migrated_template: str, request: pytest.FixtureRequest
) -> Iterator[str]:
    """One database for all tests of a module, which each open organizations of their own."""
    name = request.module.__name__.rpartition(".")[2]
    asyncio.run(execute(embedded_server.url, f"create database {name} template {migrated_template} strategy file_copy"))
    yield embedded_server.url_of(name)
    asyncio.run(execute(embedded_server.url, f"drop database {name} with (force)"))


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
