"""Diameter as a service of the process: bind, accept, serve, say good-bye.

Knows addresses, sockets and TLS. Refuses to know what is said (commcredits.edges.diameter.peers).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from commcredits.edges.diameter.admission import AllowedPeers, plain_address
from commcredits.edges.diameter.connection import Connection
from commcredits.edges.diameter.limits import PeerLimits
from commcredits.edges.diameter.listener import Listener
from commcredits.edges.diameter.messages import Identity
from commcredits.edges.diameter.ports import Application, Peer
from commcredits.edges.diameter.tls import open_tls
from commcredits.settings.diameter import DiameterSettings

_BACKLOG: Final = 256
_ACCEPT_PAUSE_SECONDS: Final = 1.0


class DiameterServer:
    """A ``listener`` on its sockets, which serves until it is stopped. It is a ``ports.PeerDirectory``."""

    def __init__(self, listener: Listener, sockets: list[socket.socket], tls: ssl.SSLContext | None) -> None:
        self.listener = listener
        self._sockets = sockets
        self._tls = tls
        self._port = int(sockets[0].getsockname()[1])
        self._opening: set[asyncio.Task[None]] = set()
        self._accepting = [asyncio.create_task(self._accept(each), name="diameter accept") for each in sockets]

    @property
    def port(self) -> int:
        """The TCP port it listens on, also where 0 asked for any."""
        return self._port

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return self.listener.connection_count

    def find_peer(self, origin_host: str) -> Peer | None:
        """See ``ports.PeerDirectory``."""
        return self.listener.find_peer(origin_host)

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Take no new connection, say good-bye (DPR, REBOOTING), answer what was asked, close.

        Whatever is left after the grace, by default ``goodbye_seconds`` of the limits, is cut. The application must
        still be answering.
        """
        limits = self.listener.limits
        grace_seconds = limits.goodbye_seconds if grace_seconds is None else grace_seconds
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for each in self._sockets:
            each.close()
        self.listener.refuse_more()
        if self._opening:
            # Almost there, so that they end like the others; who is still busy with TLS after the grace is cut.
            await asyncio.wait(self._opening, timeout=grace_seconds)
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        cut = await self.listener.drain(grace_seconds)
        if cut:
            self.listener.complaints.warn("diameter connections cut at shutdown", connections=str(cut))

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, name = await loop.sock_accept(listening)
            except OSError as error:
                # Out of descriptors, or the connection was gone before it was taken: not a reason to stop listening.
                self.listener.complaints.warn("diameter connection not accepted", reason=error.strerror or "unknown")
                await asyncio.sleep(_ACCEPT_PAUSE_SECONDS)
                continue
            address = plain_address(name[0])
            reason = self._why_not(address)
            if reason:
                self.listener.complaints.warn("diameter connection dropped", address=str(address), reason=reason)
                accepted.close()
                continue
            opening = loop.create_task(self._open(accepted, address), name="diameter open")
            self._opening.add(opening)
            opening.add_done_callback(partial(self._opened, accepted))

    def _why_not(self, address: IPv4Address | IPv6Address) -> str:
        """Why nothing may be read from there, in words for a log; empty when it may."""
        if not self.listener.allowed.may_connect(address):
            return "no peer connects from there"
        if self.listener.connection_count + len(self._opening) >= self.listener.limits.connections_max:
            return "too many connections"
        return ""

    def _opened(self, accepted: socket.socket, opening: asyncio.Task[None]) -> None:
        self._opening.discard(opening)
        if opening.cancelled():
            accepted.close()

    async def _open(self, accepted: socket.socket, address: IPv4Address | IPv6Address) -> None:
        """Give an accepted connection its protocol, through TLS where that is spoken."""
        loop, limits = asyncio.get_running_loop(), self.listener.limits
        try:
            await loop.connect_accepted_socket(
                partial(Connection, self.listener, address),
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=limits.capabilities_seconds if self._tls else None,
                ssl_shutdown_timeout=limits.goodbye_seconds if self._tls else None,
            )
        except OSError as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            self.listener.complaints.warn(
                "diameter connection dropped", address=str(address), reason=f"no TLS: {reason}" if self._tls else "gone"
            )
            accepted.close()


async def serve_peers(
    settings: DiameterSettings,
    application: Application,
    *,
    clock: Callable[[], datetime],
    limits: PeerLimits | None = None,
) -> DiameterServer:
    """Listen for Diameter peers; ``clock`` gives the wall clock.

    Without ``limits`` those of the settings hold. Raises OSError when the address cannot be had or a file of TLS cannot
    be used.
    """
    tls = open_tls(settings)
    sockets = await _bind(settings.host, settings.port)
    listener = Listener(
        application=application,
        identity=Identity(settings.origin_host, settings.origin_realm),
        allowed=AllowedPeers(settings.peers),
        limits=limits
        or PeerLimits(message_bytes_max=settings.message_bytes_max, watchdog_seconds=settings.watchdog_seconds),
        wall_clock=clock,
    )
    return DiameterServer(listener, sockets, tls)


async def _bind(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address of the host, all on one port. OSError when one cannot be had."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = sorted({(family, address[0]) for family, _, _, _, address in found})
    with contextlib.ExitStack() as stack:
        sockets: list[socket.socket] = []
        for family, address in addresses:
            # The first decides which port it is where any will do.
            chosen = sockets[0].getsockname()[1] if sockets else port
            listening = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # "::" alone hears IPv4 too, as operators expect of it.
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(len(addresses) > 1))
            listening.bind((address, chosen))
            listening.listen(_BACKLOG)
            listening.settimeout(0)
            sockets.append(listening)
        stack.pop_all()
    return sockets
