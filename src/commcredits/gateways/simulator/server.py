"""Puts the simulated gateway together and runs it: on loopback, in a process of its own or inside a running loop."""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from commcredits.gateways.simulator.api import Api
from commcredits.gateways.simulator.pages import Pages, page_templates
from commcredits.gateways.simulator.signing import is_webhook_secret
from commcredits.gateways.simulator.store import Books, Store, open_store
from commcredits.gateways.simulator.webhooks import WebhookEndpoint, keep_time

LOOPBACK: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8082
STOP_SECONDS_MAX: Final = 2
BACKLOG: Final = 128


class SimulatorStartError(Exception):
    """The simulator can't start as it was told to; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """How to run the simulator.

    `port` 0 takes any free port. `public_url` is how browsers reach the hosted pages, if not as loopback. Webhooks
    are sent only if both `webhook_url` and `webhook_secret` are given. `seed` makes references repeat from run to
    run; without it they are new each time.
    """

    state_path: Path
    port: int = DEFAULT_PORT
    public_url: str | None = None
    webhook_url: str | None = None
    webhook_secret: SecretStr | None = None
    seed: int | None = None


def run_simulator(settings: SimulatorSettings, *, on_ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; `on_ready` is given the base address as soon as it can be called.

    This is what a supervised process calls. Raises `SimulatorStartError` or `StateFileError`.
    """
    asyncio.run(_run(settings, on_ready))


@asynccontextmanager
async def running_simulator(settings: SimulatorSettings) -> AsyncIterator[str]:
    """Run inside this event loop for as long as the block lasts; gives the base address. No signal is touched."""
    with _prepared(settings) as prepared:
        server = _QuietServer(prepared.config)
        prepared.connections.append(server)
        # No task group: it would cancel the server, and wrap whatever the block raises, for its owner to unwrap.
        serving = asyncio.create_task(server.serve(sockets=[prepared.listener]))
        try:
            yield prepared.base_url
        finally:
            server.should_exit = True
            await serving


async def _run(settings: SimulatorSettings, on_ready: Callable[[str], None]) -> None:
    with _prepared(settings) as prepared:
        server = uvicorn.Server(prepared.config)
        prepared.connections.append(server)
        # The socket listens already, so a call that comes before the first turn of the loop waits and is answered.
        on_ready(prepared.base_url)
        await server.serve(sockets=[prepared.listener])


class _QuietServer(uvicorn.Server):
    """A server inside somebody else's process, whose signals are not ours to catch."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    config: uvicorn.Config
    listener: socket.socket
    base_url: str
    connections: list[uvicorn.Server]


@contextlib.contextmanager
def _prepared(settings: SimulatorSettings) -> Iterator[_Prepared]:
    endpoint = _endpoint_of(settings)
    with contextlib.closing(_listen(settings.port)) as listener:
        base_url = (settings.public_url or f"http://{LOOPBACK}:{listener.getsockname()[1]}").rstrip("/")
        with contextlib.closing(open_store(settings.state_path)) as store:
            servers: list[uvicorn.Server] = []
            app = build_app(
                _books_of(settings, store),
                clock=lambda: datetime.now(UTC),
                base_url=base_url,
                endpoint=endpoint,
                drop_connection=lambda request: _drop_connection(servers, request),
            )
            config = uvicorn.Config(
                app,
                # The one implementation that is always installed; dropping a connection needs to know which it is.
                http="h11",
                log_config=None,
                log_level=logging.WARNING,
                # Addresses of hosted pages are secrets, so no line is written per request.
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=STOP_SECONDS_MAX,
            )
            yield _Prepared(config=config, listener=listener, base_url=base_url, connections=servers)


def build_app(
    books: Books,
    *,
    clock: Callable[[], datetime],
    base_url: str,
    endpoint: WebhookEndpoint | None,
    drop_connection: Callable[[Request], None],
) -> Starlette:
    """Put the handlers, the hosted pages and the clockwork together."""
    woken = asyncio.Event()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        clockwork = asyncio.create_task(keep_time(books, endpoint=endpoint, clock=clock, woken=woken))
        clockwork.add_done_callback(_complain_if_broken)
        try:
            yield
        finally:
            clockwork.cancel()
            # What broke was said when it broke; here it only has to have ended before the books close.
            await asyncio.gather(clockwork, return_exceptions=True)

    api = Api(books=books, clock=clock, base_url=base_url, woken=woken, drop_connection=drop_connection)
    pages = Pages(books=books, clock=clock, woken=woken.set, templates=page_templates())
    # A page of a stranger that gives its own name our address would call us by that name.
    hosts = [LOOPBACK, "localhost", urlsplit(base_url).hostname or LOOPBACK]
    return Starlette(
        routes=[*api.routes(), *pages.routes()],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        lifespan=lifespan,
    )


def _complain_if_broken(clockwork: asyncio.Task[None]) -> None:
    error = None if clockwork.cancelled() else clockwork.exception()
    if error is not None:
        logging.getLogger(__name__).error(
            "the simulator's clockwork broke: no webhook is sent any more", exc_info=error
        )


def _books_of(settings: SimulatorSettings, store: Store) -> Books:
    seed = secrets.token_bytes(16) if settings.seed is None else str(settings.seed).encode()[:64]
    return Books(store=store, reference_seed=seed, sends_webhooks=settings.webhook_url is not None)


def _endpoint_of(settings: SimulatorSettings) -> WebhookEndpoint | None:
    if settings.webhook_url is None:
        return None
    if urlsplit(settings.webhook_url).scheme not in ("http", "https"):
        raise SimulatorStartError("the webhook address must begin with http:// or https://")
    if settings.webhook_secret is None or not is_webhook_secret(settings.webhook_secret):
        raise SimulatorStartError("webhooks need a secret: whsec_ and at least 24 bytes in base64")
    return WebhookEndpoint(url=settings.webhook_url, secret=settings.webhook_secret)


def _listen(port: int) -> socket.socket:
    # Named TCP outright: on a socket that leaves its protocol open asyncio keeps delays on, 40 ms for every answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SimulatorStartError(f"port {port} on {LOOPBACK} can't be used: {error}") from error
    return listener


def _drop_connection(servers: list[uvicorn.Server], request: Request) -> None:
    for server in servers:
        for connection in tuple(server.server_state.connections):
            if isinstance(connection, H11Protocol) and connection.client == request.scope["client"]:
                connection.transport.abort()
