"""The web process: the administration API and the portal.

Knows which parts it needs and in which order they stop. Refuses to catch signals: the process it runs in does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from commcredits.edges.http.administration.app import administration_app
from commcredits.edges.http.administration.issuers import ForeignTokens, TokenIssuer
from commcredits.edges.http.administration.serving import BoundedProtocol
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.main.addresses import loopback_of
from commcredits.main.composition import Ready, open_services, operator_token, operators, utc_now
from commcredits.main.signing_in import portal_settings
from commcredits.main.tls import tls_towards_charging
from commcredits.settings import Settings

_STOP_SECONDS_MAX: Final = 5
_CONNECTIONS_MAX: Final = 1_024
"""Most connections served at once; a request on one more is answered 503."""

_BACKLOG: Final = 512


async def run_web(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Serve the portal and the administration API until ``stop``."""
    token = operator_token(settings)
    async with open_services(settings, role="web") as services:
        application = administration_app(
            services,
            operator_token=SecretStr(token),
            operators=operators(settings),
            charging_address=(loopback_of(settings.charging_host), settings.charging_port),
            charging_tls=tls_towards_charging(settings),
            foreign_tokens=_foreign_tokens(settings),
        )
        for path in ("/", "/portal"):
            application.router.routes.append(Route(path, _to_portal, include_in_schema=False))
        application.mount(
            "/portal",
            portal_app(
                lambda page: ServicesForPortal(page.services),
                portal_settings(settings, token),
                now=utc_now,
                services=services,
                stopping=stop,
            ),
        )
        config = uvicorn.Config(
            application,
            http=BoundedProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_STOP_SECONDS_MAX,
            limit_concurrency=_CONNECTIONS_MAX,
        )
        server = _SupervisedServer(config)
        with _listen(settings.web_host, settings.web_port) as listener:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            # The socket listens already: a call that comes before the first turn of the server waits and is answered.
            ready(int(listener.getsockname()[1]))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            stopping.cancel()
            await serving


def _foreign_tokens(settings: Settings) -> ForeignTokens | None:
    """The tokens of organizations' own issuers; None where there are none."""
    issuers = [TokenIssuer(**dict(each)) for each in settings.programs.token_issuers]
    return ForeignTokens(issuers, now=utc_now) if issuers else None


async def _to_portal(_request: Request) -> Response:
    """Whoever types the bare address means the pages."""
    return RedirectResponse("/portal/")


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket that says it is TCP: for no other does asyncio turn off delayed sending, which costs 40 ms.

    Raises OSError when the address cannot be had.
    """
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


class _SupervisedServer(uvicorn.Server):
    """A web server that leaves the process's signals to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
