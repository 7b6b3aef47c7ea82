"""``commcredits serve``: one command that starts the database, the gateway where none is set, and every process.

Knows the children and how they are kept alive. Refuses to answer a request itself: a child that fails is started again
while the others go on, and everything is stopped, by process id, when the supervisor is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from commcredits.main.child import EXIT_SETTINGS
from commcredits.main.composition import SettingsError, operator_token
from commcredits.settings import Settings
from commcredits.storage.connection import connect
from commcredits.storage.embedded import EmbeddedServer, start_embedded
from commcredits.storage.migrations import migrate

READY_SECONDS_MAX: Final = 60
"""How long a child may take to say that it can be called."""

STOP_SECONDS_MAX: Final = 15
"""How long a child may take to finish what it does before it is killed."""

RESTART_PAUSE_SECONDS: Final = (0.2, 1, 2, 5, 10)
"""How long to wait before a child is started again: longer each time that it fails soon."""

_FAILED_SOON_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where the running system can be called."""

    web_url: str
    charging_url: str
    simulator_url: str | None
    database_url: str


@contextlib.asynccontextmanager
async def running_system(settings: Settings) -> AsyncIterator[Running]:
    """The whole product, for as long as the block lasts.

    Raises SettingsError for settings that cannot work, EmbeddedServerError, MigrationError, DatabaseUnreachableError.
    """
    operator_token(settings)
    async with contextlib.AsyncExitStack() as stack:
        url = await _database(settings, stack)
        await _migrate(url)
        web_port = settings.web_port or _free_port(settings.web_host)
        charging_port = settings.charging_port or _free_port(settings.charging_host)
        environment = {
            **os.environ,
            **_environment_of(settings),
            "COMMCREDITS_DATABASE_URL": url,
            "COMMCREDITS_WEB_PORT": str(web_port),
            "COMMCREDITS_CHARGING_PORT": str(charging_port),
        }
        simulator_url = None
        if not settings.gateways:
            simulator_url = await _simulator(settings, environment, web_port, stack)
        children = [Child("charging", environment) for _ in range(settings.charging_processes)]
        children += [Child("web", environment), Child("worker", environment)]
        stack.push_async_callback(_stop_all, children)
        await asyncio.gather(*(child.start() for child in children))
        yield Running(
            web_url=f"http://{settings.web_host}:{web_port}",
            charging_url=f"{_scheme(settings)}://{settings.charging_host}:{charging_port}",
            simulator_url=simulator_url,
            database_url=url,
        )


class Child:
    """One process of the product, started again whenever it ends unasked."""

    def __init__(self, role: str, environment: Mapping[str, str], *, arguments: tuple[str, ...] | None = None) -> None:
        self.role = role
        self.first_line: dict[str, object] = {}
        self._environment = environment
        self._arguments = arguments or ("-m", "commcredits.main.child", role)
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("supervisor").bind(child=role)

    async def start(self) -> None:
        """Start it and wait until it can be called. SettingsError when it ends before that."""
        await self._launch()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Ask it to finish, and kill it when it does not."""
        if self._keeper is not None:
            self._keeper.cancel()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
        except TimeoutError:
            self._log.warning("child killed", pid=process.pid)
            process.kill()
            await process.wait()

    async def _launch(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._arguments,
            env=dict(self._environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # A signal from the terminal is the supervisor's to pass on, in the right order.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), READY_SECONDS_MAX)
        except TimeoutError:
            line = b""
        if not line:
            await self._give_up()
        self.first_line = json.loads(line)

    async def _give_up(self) -> None:
        process = self._process
        assert process is not None
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        status = await process.wait()
        raise SettingsError(f"the {self.role} process did not start (status {status}); its reason stands above")

    async def _keep(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            assert self._process is not None
            began = loop.time()
            status = await self._process.wait()
            failures = failures + 1 if loop.time() - began < _FAILED_SOON_SECONDS else 0
            pause = RESTART_PAUSE_SECONDS[min(failures, len(RESTART_PAUSE_SECONDS) - 1)]
            self._log.error("child ended", status=status, restart_in_seconds=pause)
            await asyncio.sleep(pause)
            while status != EXIT_SETTINGS:
                try:
                    await self._launch()
                    break
                except SettingsError as error:
                    self._log.error("child did not start", reason=str(error))
                    await asyncio.sleep(RESTART_PAUSE_SECONDS[-1])
            else:
                return


async def _stop_all(children: list[Child]) -> None:
    """The web and the worker first, so that charging still answers while they finish."""
    for roles in (("web", "worker"), ("charging",)):
        await asyncio.gather(*(child.stop() for child in children if child.role in roles))


async def _database(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    server = await start_embedded(settings.data_directory / "database")
    keeper = _DatabaseKeeper(server, settings)
    stack.push_async_callback(keeper.stop)
    keeper.start()
    return server.url


class _DatabaseKeeper:
    """Starts the embedded server again when it is killed; its data and its address stay what they were."""

    def __init__(self, server: EmbeddedServer, settings: Settings) -> None:
        self._server = server
        self._settings = settings
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._server.stop()

    async def _keep(self) -> None:
        log = structlog.get_logger("supervisor")
        while True:
            status = await self._server.wait()
            log.error("database ended", status=status)
            await self._server.stop()
            self._server = await start_embedded(self._settings.data_directory / "database")
            log.info("database started again")


async def _migrate(url: str) -> None:
    connection = await connect(url)
    try:
        for applied in await migrate(connection):
            structlog.get_logger("supervisor").info("migration applied", name=applied.name)
    finally:
        await connection.close()


async def _simulator(
    settings: Settings, environment: dict[str, str], web_port: int, stack: contextlib.AsyncExitStack
) -> str:
    """Start the simulated gateway and name it in the children's environment."""
    structlog.get_logger("supervisor").warning("no payment gateway is set: the simulated one takes no real money")
    state = settings.data_directory / "simulator.sqlite3"
    state.parent.mkdir(parents=True, exist_ok=True)
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    webhook_url = f"http://{settings.web_host}:{web_port}/v1/gateways/simulator/webhooks"
    child = Child(
        "simulator",
        {**environment, "COMMCREDITS_SIMULATOR_WEBHOOK_SECRET": secret},
        arguments=(
            *("-m", "commcredits.gateways.simulator", "--port", str(settings.simulator_port)),
            *("--state", str(state), "--webhook-url", webhook_url),
        ),
    )
    stack.push_async_callback(child.stop)
    await child.start()
    base_url = str(child.first_line["base_url"])
    environment["COMMCREDITS_GATEWAYS"] = json.dumps({"simulator": {"base_url": base_url, "webhook_secret": secret}})
    return base_url


def _environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, secrets included: a child reads them as the supervisor did."""
    plain: dict[str, Callable[[], str] | str] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is None or name == "gateways":
            continue
        if hasattr(value, "get_secret_value"):
            plain[name] = value.get_secret_value()
        elif isinstance(value, dict):
            plain[name] = json.dumps(value)
        elif isinstance(value, frozenset):
            plain[name] = json.dumps(sorted(value))
        else:
            plain[name] = str(value)
    if settings.gateways:
        plain["gateways"] = json.dumps(
            {
                name: {key: secret.get_secret_value() for key, secret in its_settings.items()}
                for name, its_settings in settings.gateways.items()
            }
        )
    return {f"COMMCREDITS_{name.upper()}": str(value) for name, value in plain.items()}


def _scheme(settings: Settings) -> str:
    return "https" if settings.charging_tls_certificate is not None else "http"


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as probe:
        return int(probe.getsockname()[1])
