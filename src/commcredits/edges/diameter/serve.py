"""The Diameter edge as a service of its process: the base, credit control on top, and orders to clients.

Knows which part needs which. Refuses to know what they do.
"""

from __future__ import annotations

import asyncio
import contextlib

from commcredits.edges.diameter.credit_control.application import CreditControl
from commcredits.edges.diameter.credit_control.events import Events
from commcredits.edges.diameter.credit_control.finding import Finder
from commcredits.edges.diameter.credit_control.orders import Orders
from commcredits.edges.diameter.credit_control.sessions import Sessions
from commcredits.edges.diameter.messages import Identity
from commcredits.edges.diameter.transport import DiameterServer, serve_peers
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.diameter import DiameterSettings


class CreditControlServer:
    """The edge, serving until it is stopped."""

    def __init__(
        self, server: DiameterServer, following: asyncio.Task[None], orders: Orders, events: Events, finder: Finder
    ) -> None:
        self._server = server
        self._following = following
        self._orders = orders
        self._events = events
        self._finder = finder

    @property
    def port(self) -> int:
        """The TCP port it listens on, also where 0 asked for any."""
        return self._server.port

    async def stop(self) -> None:
        """Ask nothing more, take nothing new, answer what was asked, close."""
        self._following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._following
        await self._server.stop()
        await self._finder.close()
        await self._events.close()
        await self._orders.close()


async def serve(parts: SwitchParts, settings: DiameterSettings) -> CreditControlServer:
    """Serve clients of credit control.

    Raises OSError when the address cannot be had or a file of TLS cannot be used.
    """
    identity = Identity(settings.origin_host, settings.origin_realm)
    sessions = Sessions(
        desk=parts.desk,
        terms=parts.services.charging,
        identity=identity,
        threshold_seconds=settings.quota_threshold_seconds,
    )
    events = Events(desk=parts.desk, services=parts.services, identity=identity)
    finder = Finder(desk=parts.desk, services=parts.services)
    application = CreditControl(
        identity=identity,
        sessions=sessions,
        events=events,
        finder=finder,
        relays=[host.lower() for host, peer in settings.peers.items() if peer.relay],
    )
    server = await serve_peers(settings, application, clock=parts.desk.clock)
    orders = Orders(identity=identity, sessions=sessions, following=parts.following)
    orders.connect(server)
    following = asyncio.create_task(parts.following.follow(orders.deliver), name="diameter following")
    return CreditControlServer(server, following, orders, events, finder)
