"""The process that plays the simulated gateway where no other is set.

Knows where its books are kept and whom it tells of payments. Refuses to know money of ours.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from commcredits.gateways.simulator.server import SimulatorSettings, SimulatorStartError, running_simulator
from commcredits.gateways.simulator.store import StateFileError
from commcredits.main.addresses import base_url
from commcredits.main.composition import SIMULATOR, Ready, SettingsError
from commcredits.settings import Settings


async def run_simulator(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Play the simulated gateway until ``stop``; the supervisor has named it among the gateways."""
    simulator = SimulatorSettings(
        state_path=simulator_state(settings),
        port=settings.simulator_port,
        webhook_url=base_url("http", settings.web_host, settings.web_port) + "/v1/gateways/simulator/webhooks",
        webhook_secret=settings.gateways[SIMULATOR]["webhook_secret"],
    )
    try:
        async with running_simulator(simulator):
            ready(settings.simulator_port)
            await stop.wait()
    except (SimulatorStartError, StateFileError) as error:
        raise SettingsError(str(error)) from error


def simulator_state(settings: Settings) -> Path:
    """Where the simulated gateway keeps its books."""
    return settings.data_directory / "simulator.sqlite3"
