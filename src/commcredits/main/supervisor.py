"""``commcredits serve``: one command that starts the database, the gateway where none is set, and every process.

Knows the children and the order in which they start and stop. Refuses to answer a request itself: a child that fails is
started again while the others go on, and everything is stopped, by process id, when the supervisor is told to stop.
Should it be killed, they notice that and stop by themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
import os
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Final

import structlog
from pydantic import BaseModel

from commcredits.main.addresses import base_url
from commcredits.main.children import Child
from commcredits.main.composition import SIMULATOR, SettingsError, open_gateways, operator_token
from commcredits.main.embedding import running_database
from commcredits.main.migrating import bring_up_to_date
from commcredits.main.ports import with_ports
from commcredits.main.running import Running, announced
from commcredits.main.tls import tls_of_charging, tls_towards_charging
from commcredits.settings import SWITCH_ROLES, Settings
from commcredits.settings.addresses import plain_settings

_VARIABLE_PREFIX: Final = "COMMCREDITS_"


@contextlib.asynccontextmanager
async def running_system(settings: Settings, *, complaints: int | None = None) -> AsyncIterator[Running]:
    """The whole product, for as long as the block lasts; port 0 in the settings takes any free one.

    ``complaints`` is the file descriptor that takes the children's logs; None is this process's own standard error.
    Raises SettingsError for settings that cannot work, EmbeddedServerError, MigrationError, DatabaseUnreachableError.
    """
    operator_token(settings)
    _warn_of_unknown_variables()
    await _check_parts(settings)
    settings = with_ports(settings)
    make_data_directory(settings)
    async with contextlib.AsyncExitStack() as stack:
        environment = environment_of(settings)
        children: list[Child] = []

        def move(url: str) -> None:
            environment["COMMCREDITS_DATABASE_URL"] = url
            for child in children:
                child.start_anew()

        url = await stack.enter_async_context(running_database(settings, moved=move))
        for name in await bring_up_to_date(url):
            structlog.get_logger("supervisor").info("migration applied", name=name)
        environment["COMMCREDITS_DATABASE_URL"] = url
        switch_roles = [role for role in SWITCH_ROLES if getattr(settings, role) is not None]
        roles = ["charging"] * settings.charging_processes + switch_roles + ["web", "worker"]
        simulator_url = None
        if not settings.gateways:
            simulator_url = _name_simulator(settings, environment)
            roles.append(SIMULATOR)
        children.extend(Child(role, environment, complaints=complaints) for role in roles)
        stack.push_async_callback(_stop_all, children)
        ports = await _start_all(children)
        running = Running(
            process_id=os.getpid(),
            web_url=base_url("http", settings.web_host, settings.web_port),
            charging_url=base_url(_charging_scheme(settings), settings.charging_host, settings.charging_port),
            simulator_url=simulator_url,
            switch_ports={role: port for role, port in ports.items() if role in SWITCH_ROLES},
        )
        stack.enter_context(announced(settings.data_directory, running))
        yield running


async def _check_parts(settings: Settings) -> None:
    """Make what a child makes of the settings, and drop it: better one sentence here than a child that never starts."""
    tls_of_charging(settings)
    tls_towards_charging(settings)
    for gateway in open_gateways(settings).values():
        await gateway.aclose()


def make_data_directory(settings: Settings) -> None:
    """Make the data directory unless it is there. SettingsError when it cannot be made."""
    # The embedded server of a root user runs as nobody, who has to get through; all inside is private.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        settings.data_directory.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"COMMCREDITS_DATA_DIRECTORY: {error}; name another directory") from error


async def _start_all(children: list[Child]) -> Mapping[str, int]:
    """Start them together; their ports by role. The first failure is raised, once every other start has ended too."""
    outcomes = await asyncio.gather(*(child.start() for child in children), return_exceptions=True)
    ports: dict[str, int] = {}
    for child, outcome in zip(children, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            raise outcome
        ports[child.role] = outcome
    return ports


async def _stop_all(children: list[Child]) -> None:
    """The web and the worker first, so that charging, and the gateway, still answer while they finish."""
    for roles in (("web", "worker"), ("charging", SIMULATOR, *SWITCH_ROLES)):
        await asyncio.gather(*(child.stop() for child in children if child.role in roles))


def _name_simulator(settings: Settings, environment: dict[str, str]) -> str:
    """Make the simulated gateway the one gateway of the children; its address."""
    structlog.get_logger("supervisor").warning("no payment gateway is set: the simulated one takes no real money")
    address = base_url("http", "", settings.simulator_port)
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    environment["COMMCREDITS_GATEWAYS"] = json.dumps({SIMULATOR: {"base_url": address, "webhook_secret": secret}})
    return address


def _warn_of_unknown_variables() -> None:
    """Tell of variables that look like settings and are none: whoever misspelt one waits for what never starts."""
    known = {_VARIABLE_PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith(_VARIABLE_PREFIX) and name.upper() not in known:
            meant = difflib.get_close_matches(name, known, n=1)
            structlog.get_logger("supervisor").warning("no setting has this name", variable=name, nearest=meant)


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, secrets included: a child reads them as the supervisor did."""
    # A variable that the supervisor's settings overrule must not come back in a child.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_VARIABLE_PREFIX)}
    for name in type(settings).model_fields:
        value = _as_text(getattr(settings, name))
        if value is not None:
            environment[_VARIABLE_PREFIX + name.upper()] = value
    return environment


def _as_text(value: object) -> str | None:
    """A setting as its variable holds it; None for one that is not set."""
    if value is None:
        return None
    if hasattr(value, "get_secret_value"):
        return str(value.get_secret_value())
    if isinstance(value, (BaseModel, dict, tuple)):
        return json.dumps(plain_settings(value))
    if isinstance(value, frozenset):
        return json.dumps(sorted(value))
    return str(value)


def _charging_scheme(settings: Settings) -> str:
    return "https" if settings.charging_tls_certificate is not None else "http"
