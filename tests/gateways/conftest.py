"""The simulated gateway that the tests of this folder share, and one of their own where they stop or script it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from tests.gateways.simulator_process import SimulatorProcess

pytest.register_assert_rewrite("commcredits.gateways.conformance")


def _running(folder: Path) -> Iterator[SimulatorProcess]:
    simulator = SimulatorProcess(state_path=folder / "simulator.sqlite").start()
    yield simulator
    if simulator.process is not None:
        simulator.stop()


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One process for all tests that only add to its books."""
    yield from _running(tmp_path_factory.mktemp("simulator"))


@pytest.fixture
def own_simulator(tmp_path: Path) -> Iterator[SimulatorProcess]:
    """A process for one test, to be scripted, counted, stopped or killed."""
    yield from _running(tmp_path)


@pytest_asyncio.fixture
async def gateway(simulator: SimulatorProcess) -> AsyncIterator[SimulatorGateway]:
    """Our plug-in, connected to the shared process."""
    gateway = simulator.gateway()
    yield gateway
    await gateway.aclose()


@pytest_asyncio.fixture
async def impatient_gateway(simulator: SimulatorProcess) -> AsyncIterator[SimulatorGateway]:
    """Our plug-in, connected to the shared process, waiting no longer than a second for an answer."""
    gateway = simulator.gateway(answer_seconds_max=1)
    yield gateway
    await gateway.aclose()


@pytest_asyncio.fixture
async def control(simulator: SimulatorProcess) -> AsyncIterator[SimulatorControl]:
    """The script and the books of the shared process; what a test leaves in the script is taken out."""
    async with simulator.control() as control:
        yield control
        await control.clear_script()


@pytest.fixture
def key() -> str:
    """An idempotency key that nobody has used."""
    return f"key-{os.urandom(8).hex()}"
