"""What each kind of process runs: charging, web, worker.

Knows which parts a process needs and in which order they stop. Refuses to start other processes: the supervisor does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import uvicorn
from pydantic import SecretStr

from commcredits.edges.http.administration.app import administration_app
from commcredits.edges.http.charging.serve import ListenAddress, serve_charging
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.edges.worker.rounds import rounds_of, run_rounds
from commcredits.main.composition import (
    SettingsError,
    database_url,
    open_services,
    operator_token,
    running_committer,
    utc_now,
)
from commcredits.operations.numbers import NumberDirectory
from commcredits.settings import SHARD_ID, Settings
from commcredits.storage.connection import open_pool

DIRECTORY_POLL_SECONDS: Final = 0.5
"""How long a number that was just added may stay unknown to a charging process."""

_WEB_STOP_SECONDS_MAX: Final = 5
_BACKLOG: Final = 512

Ready = Callable[[int], None]
"""Told once, with the port, when a process can be called; a worker tells 0."""


async def run_charging(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Answer charging requests until ``stop``; then answer what was asked, and close."""
    token = operator_token(settings).encode()
    async with contextlib.AsyncExitStack() as stack:
        committer = await stack.enter_async_context(running_committer(settings))
        pool = await stack.enter_async_context(
            await open_pool(database_url(settings), min_size=1, max_size=2, application_name="commcredits-charging")
        )
        directory = NumberDirectory()
        await directory.load(pool, SHARD_ID)
        following = asyncio.create_task(directory.follow(pool, SHARD_ID, DIRECTORY_POLL_SECONDS))
        stack.callback(following.cancel)
        server = await serve_charging(
            committer,
            directory,
            token=token,
            now=utc_now,
            address=ListenAddress(
                host=settings.charging_host,
                port=settings.charging_port,
                ssl_context=_tls(settings.charging_tls_certificate, settings.charging_tls_key),
                reuse_port=settings.charging_processes > 1,
            ),
        )
        stack.push_async_callback(server.stop)
        ready(server.port)
        await stop.wait()


async def run_web(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Serve the portal and the administration API until ``stop``."""
    token = operator_token(settings)
    async with open_services(settings, role="web") as services:
        application = administration_app(
            services,
            operator_token=SecretStr(token),
            charging_address=(settings.charging_host, settings.charging_port),
        )
        application.mount(
            "/portal",
            portal_app(ServicesForPortal(services), PortalSettings(operator_token=token), now=utc_now),
        )
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_WEB_STOP_SECONDS_MAX,
        )
        server = _SupervisedServer(config)
        with socket.create_server((settings.web_host, settings.web_port), backlog=_BACKLOG) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            # The socket listens already: a call that comes before the first turn of the server waits and is answered.
            ready(int(listener.getsockname()[1]))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            stopping.cancel()
            await serving


async def run_worker(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Do the rounds of upkeep until ``stop``."""
    async with open_services(settings, role="worker") as services:
        ready(0)
        await run_rounds(rounds_of(services), stop)


ROLES: Final[Mapping[str, Callable[[Settings, asyncio.Event, Ready], Awaitable[None]]]] = {
    "charging": run_charging,
    "web": run_web,
    "worker": run_worker,
}
"""The kinds of process, by the name that the supervisor gives a child."""


class _SupervisedServer(uvicorn.Server):
    """A web server that leaves the process's signals to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("COMMCREDITS_CHARGING_TLS_CERTIFICATE and COMMCREDITS_CHARGING_TLS_KEY go together")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise SettingsError(f"COMMCREDITS_CHARGING_TLS_CERTIFICATE: {error}") from None
    return context
