"""The services of one command at the terminal: over the system that runs, or over what is started for its duration.

Knows where a running system's database and gateway are found. Refuses to run beside a system with other settings.
"""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import AsyncIterator
from typing import Final

from pydantic import SecretStr

from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.edges.cli.parts import Opened
from commcredits.gateways.simulator.server import SimulatorSettings, running_simulator
from commcredits.main.composition import SIMULATOR, SettingsError, open_services
from commcredits.main.embedding import database_directory, running_database
from commcredits.main.migrating import bring_up_to_date, is_up_to_date
from commcredits.main.running import find_running
from commcredits.main.simulator import simulator_state
from commcredits.main.supervisor import make_data_directory
from commcredits.settings import Settings
from commcredits.storage.embedded import running_url

_ROLE: Final = "command"


@contextlib.asynccontextmanager
async def opened_for_command(settings: Settings, *, with_gateways: bool) -> AsyncIterator[Opened]:
    """Services for as long as the block lasts.

    Raises SettingsError, EmbeddedServerError, MigrationError, DatabaseUnreachableError, SimulatorStartError and
    StateFileError.
    """
    async with contextlib.AsyncExitStack() as stack:
        url = await _database(settings, stack)
        gateways = settings.gateways if with_gateways else {}
        simulator_url = None
        if with_gateways and not gateways:
            simulator_url = await _simulator(settings, stack)
            gateways = {SIMULATOR: {"base_url": SecretStr(simulator_url)}}
        elif SIMULATOR in gateways:
            simulator_url = gateways[SIMULATOR]["base_url"].get_secret_value()
        of_command = settings.model_copy(update={"database_url": SecretStr(url), "gateways": gateways})
        services = await stack.enter_async_context(open_services(of_command, role=_ROLE))
        yield Opened(services=services.acting_as(_terminal()), simulator_url=simulator_url)


async def migrated(settings: Settings) -> tuple[str, ...]:
    """Bring the database to this version's schema; the names of what was applied. Raises as above."""
    running = None if settings.database_url else running_url(database_directory(settings))
    if running is not None:
        return await bring_up_to_date(running)
    async with running_database(settings) as url:
        return await bring_up_to_date(url)


def _terminal() -> Actor:
    """Whoever can run the program with the installation's settings owns it; the log tells which account that was."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return Actor(
        kind=ActorKind.TERMINAL,
        actor_id=f"terminal:{name}",
        name=name,
        permissions=permissions_of((Role.OPERATOR_OWNER,)),
        roles=(Role.OPERATOR_OWNER,),
        edge="terminal",
    )


async def _database(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    named = settings.database_url
    url = running_url(database_directory(settings)) if named is None else named.get_secret_value()
    if url is None:
        make_data_directory(settings)
        url = await stack.enter_async_context(running_database(settings))
        await bring_up_to_date(url)
    elif not await is_up_to_date(url):
        raise SettingsError("the database has an older schema than this program: run `commcredits migrate`")
    return url


async def _simulator(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    """The simulated gateway of the system that runs; one for the duration of the command when none runs."""
    running = find_running(settings.data_directory)
    if running is None:
        make_data_directory(settings)
        simulator = SimulatorSettings(state_path=simulator_state(settings), port=0)
        return await stack.enter_async_context(running_simulator(simulator))
    if running.simulator_url is None:
        raise SettingsError(
            "COMMCREDITS_GATEWAYS is not set here, but the running system has gateways: set it as it is there"
        )
    return running.simulator_url
