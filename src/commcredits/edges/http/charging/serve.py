"""The charging listener as a service of the process: bind, serve, stop without losing an answer.

Knows addresses and TLS. Refuses to know the committer and the settings: it is given a submitter, a directory, a token.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from commcredits.core.numbers import EMERGENCY_NUMBERS
from commcredits.edges.http.charging.bearer import BearerToken
from commcredits.edges.http.charging.confining import confined_endpoints
from commcredits.edges.http.charging.doors import Doors, KeyFinder
from commcredits.edges.http.charging.endpoints import ChargingEndpoints
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.listener import Listener
from commcredits.edges.http.charging.reading import CommandReader
from commcredits.operations.charging import Directory, Submitter

_BACKLOG: Final = 1_024
_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Where to listen: port 0 takes any free one; ``reuse_port`` lets several charging processes share one."""

    host: str = "127.0.0.1"
    port: int = 0
    ssl_context: ssl.SSLContext | None = None
    reuse_port: bool = False


class ChargingServer:
    """A listener that serves until it is stopped."""

    def __init__(self, listener: Listener, server: asyncio.Server) -> None:
        self._listener = listener
        self._server = server
        # Taken down now: a server that is closed forgets its sockets.
        self._port = int(server.sockets[0].getsockname()[1])

    @property
    def port(self) -> int:
        """The TCP port it listens on, also where 0 asked for any."""
        return self._port

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return self._listener.connection_count

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Take no new connection, answer what was asked, close; cut what is left after the grace.

        Without ``grace_seconds`` the limits' ``shutdown_seconds`` hold. The submitter must still be answering.
        """
        self._server.close()
        cut = await self._listener.drain(
            self._listener.limits.shutdown_seconds if grace_seconds is None else grace_seconds
        )
        await self._server.wait_closed()
        if cut:
            _log.warning("charging connections cut at shutdown", connections=cut)


async def serve_charging(
    submitter: Submitter,
    directory: Directory,
    *,
    token: bytes,
    keys: KeyFinder | None = None,
    now: Callable[[], datetime],
    address: ListenAddress | None = None,
    emergency_numbers: Iterable[str] = EMERGENCY_NUMBERS,
    limits: ListenerLimits | None = None,
) -> ChargingServer:
    """Listen for charging requests.

    ``token`` is the bearer token that opens all of it; ``keys`` knows those that charge one organization each. ``now``
    is the wall clock, for the Date header and the end of keys. Raises OSError when the address cannot be had, and
    ValueError for an empty token.
    """
    address = address or ListenAddress()
    limits = limits or ListenerLimits()
    reader = CommandReader(directory, emergency_numbers)
    endpoints = ChargingEndpoints(submitter, reader, limits).by_path()
    doors = Doors(BearerToken(token), keys, partial(confined_endpoints, endpoints, submitter, reader, limits, now))
    listener = Listener(endpoints=endpoints, doors=doors, limits=limits, now=now)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        listener.new_connection,
        address.host,
        address.port,
        family=socket.AF_UNSPEC,
        backlog=_BACKLOG,
        ssl=address.ssl_context,
        ssl_handshake_timeout=limits.header_seconds if address.ssl_context else None,
        ssl_shutdown_timeout=limits.linger_seconds if address.ssl_context else None,
        reuse_port=address.reuse_port or None,
    )
    return ChargingServer(listener, server)
