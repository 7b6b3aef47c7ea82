"""What the connections of one listener share, and the sweep that holds them to their times.

Knows every open connection. Refuses to know sockets (commcredits.edges.http.charging.serve) and requests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from commcredits.edges.http.charging.connection import ChargingConnection
from commcredits.edges.http.charging.doors import Doors
from commcredits.edges.http.charging.framing import CoarseClock, Endpoint, KnownHeaders
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.responses import ResponseHeads

_SWEEP_SECONDS: Final = 0.25


class Listener:
    """The shared part. Belongs to the event loop that runs when it is made."""

    def __init__(
        self,
        *,
        endpoints: Mapping[bytes, Endpoint],
        doors: Doors,
        limits: ListenerLimits,
        now: Callable[[], datetime],
    ) -> None:
        self.endpoints = endpoints
        self.doors = doors
        self.limits = limits
        self.clock = CoarseClock()
        self.known_headers = KnownHeaders()
        self.heads = ResponseHeads(now)
        self._loop = asyncio.get_running_loop()
        self._connections: set[ChargingConnection] = set()
        self._all_closed = asyncio.Event()
        self._all_closed.set()
        self._draining = False
        self._sweep()

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def new_connection(self) -> ChargingConnection:
        """The protocol of a connection that is about to be made."""
        return ChargingConnection(self)

    def admit(self, connection: ChargingConnection) -> bool:
        """Keep the connection; False when there are as many as may be, and the new one has to go."""
        full = len(self._connections) >= self.limits.connections_max
        self._connections.add(connection)
        self._all_closed.clear()
        return not full and not self._draining

    def forget(self, connection: ChargingConnection) -> None:
        """The connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_closed.set()

    async def drain(self, grace_seconds: float) -> int:
        """Let every connection answer what it was asked, then close; how many had to be cut after the grace."""
        self._draining = True
        for connection in tuple(self._connections):
            connection.drain()
        try:
            async with asyncio.timeout(grace_seconds):
                await self._all_closed.wait()
        except TimeoutError:
            cut = len(self._connections)
            for connection in tuple(self._connections):
                connection.abort()
            await self._all_closed.wait()
            return cut
        else:
            return 0
        finally:
            self._timer.cancel()

    def _sweep(self) -> None:
        # Set first: a bug met below is the loop's to report, and must not be the last sweep.
        self._timer = self._loop.call_later(_SWEEP_SECONDS, self._sweep)
        now_seconds = self._loop.time()
        self.clock.seconds = now_seconds
        self.heads.renew()
        for connection in tuple(self._connections):
            connection.sweep(now_seconds)
