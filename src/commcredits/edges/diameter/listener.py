"""What the connections of one listener share: who is connected, who we are, and the sweep that looks at their times.

Knows every open connection. Refuses to know sockets (commcredits.edges.diameter.transport) and messages.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from commcredits.edges.diameter.admission import AllowedPeers
from commcredits.edges.diameter.capabilities import Capabilities
from commcredits.edges.diameter.clocks import CoarseClock
from commcredits.edges.diameter.complaints import Complaints
from commcredits.edges.diameter.connection import Connection
from commcredits.edges.diameter.dictionary import DisconnectCause
from commcredits.edges.diameter.failures import log_failure
from commcredits.edges.diameter.limits import PeerLimits
from commcredits.edges.diameter.messages import Identity
from commcredits.edges.diameter.peers import PeerConnection
from commcredits.edges.diameter.ports import Application, Peer

_ABORT_SECONDS: Final = 2.0
_JITTER_SECONDS: Final = 2.0
_GOLDEN: Final = 0.618_033_988_749_895


class Listener:
    """The shared part. Belongs to the event loop that runs when it is made; a ``ports.PeerDirectory``."""

    def __init__(
        self,
        *,
        application: Application,
        identity: Identity,
        allowed: AllowedPeers,
        limits: PeerLimits,
        wall_clock: Callable[[], datetime],
    ) -> None:
        self.application = application
        self.identity = identity
        self.allowed = allowed
        self.limits = limits
        self._loop = asyncio.get_running_loop()
        self.clock = CoarseClock(self._loop.time())
        self.complaints = Complaints(self.clock.seconds)
        self._connections: set[Connection] = set()
        self._peers: dict[str, list[PeerConnection]] = {}
        self._all_closed = asyncio.Event()
        self._all_closed.set()
        self._draining = False
        self._watchdogs = 0
        # The upper bits are of the time, so that a restart does not repeat what was used minutes ago (RFC 6733 §3).
        began = wall_clock()
        self._end_to_end = (int(began.timestamp()) & 0xFFF) << 20 | began.microsecond & 0xF_FFFF
        self._sweep()

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    # ---- connections -------------------------------------------------------------------------------------------------

    def admit(self, connection: Connection) -> None:
        """Keep the connection, unless there is no more time for it."""
        self._connections.add(connection)
        self._all_closed.clear()
        if self._draining:
            connection.abort()

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self._connections.discard(connection)
        if not self._connections:
            self._all_closed.set()

    def refuse_more(self) -> None:
        """From now on a new connection is closed as soon as it is there."""
        self._draining = True

    async def drain(self, grace_seconds: float) -> int:
        """Say good-bye to every peer, answer what was asked; how many had to be cut after the grace."""
        self.refuse_more()
        for connection in tuple(self._connections):
            connection.peer.disconnect(DisconnectCause.REBOOTING)
        try:
            async with asyncio.timeout(grace_seconds):
                await self._all_closed.wait()
        except TimeoutError:
            cut = len(self._connections)
            for connection in tuple(self._connections):
                connection.abort()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ABORT_SECONDS):
                    await self._all_closed.wait()
            return cut
        else:
            return 0
        finally:
            self._timer.cancel()

    # ---- peers -------------------------------------------------------------------------------------------------------

    def find_peer(self, origin_host: str) -> Peer | None:
        """See ``ports.PeerDirectory``."""
        suspect: Peer | None = None
        for peer in reversed(self._peers.get(origin_host.lower(), ())):
            if peer.is_open:
                if not peer.watchdog.is_suspect:
                    return peer
                suspect = suspect or peer
        return suspect

    def make_place(self, capabilities: Capabilities) -> bool:
        """Whether one more connection of this peer may be; those from before its restart are closed (§8.16)."""
        for older in tuple(self._peers.get(capabilities.origin_host, ())):
            if 0 < older.origin_state_id < capabilities.origin_state_id:
                older.give_up("the peer was started again")
        return len(self._peers.get(capabilities.origin_host, ())) < self.limits.connections_of_peer_max

    def opened(self, peer: PeerConnection, product_name: str) -> None:
        """The peer is agreed with. Its older connections are asked whether they still are."""
        connections = self._peers.setdefault(peer.origin_host, [])
        for older in connections:
            older.probe()
        connections.append(peer)
        self.complaints.tell(
            "diameter peer connected", peer=peer.origin_host, address=str(peer.address), product=product_name
        )
        try:
            self.application.peer_opened(peer)
        except Exception as error:  # noqa: BLE001 # a bug of the application may not cost the peer its connection
            log_failure("diameter application failed", error, peer=peer.origin_host)

    def closed(self, peer: PeerConnection) -> None:
        """A peer that was opened is gone."""
        connections = self._peers[peer.origin_host]
        connections.remove(peer)
        if not connections:
            del self._peers[peer.origin_host]
        self.complaints.tell("diameter peer disconnected", peer=peer.origin_host, address=str(peer.address))
        try:
            self.application.peer_closed(peer)
        except Exception as error:  # noqa: BLE001 # as in opened: the connection's end has to go on
            log_failure("diameter application failed", error, peer=peer.origin_host)

    # ---- what connections are given ----------------------------------------------------------------------------------

    def next_end_to_end(self) -> int:
        """An End-to-End identifier that no message of ours had for minutes."""
        self._end_to_end = (self._end_to_end + 1) & 0xFFFF_FFFF
        return self._end_to_end

    def next_watchdog_seconds(self) -> float:
        """Tw of one connection: spread over two seconds to each side, so that not all ask at once (RFC 3539 §3.4.1)."""
        self._watchdogs += 1
        tw_seconds = self.limits.watchdog_seconds
        spread = min(_JITTER_SECONDS, tw_seconds / 3)
        return tw_seconds + spread * (2 * (self._watchdogs * _GOLDEN % 1) - 1)

    def _sweep(self) -> None:
        # Set first: a bug met below is the loop's to report, and must not be the last sweep.
        self._timer = self._loop.call_later(self.limits.sweep_seconds, self._sweep)
        now_seconds = self._loop.time()
        self.clock.seconds = now_seconds
        self.complaints.sweep(now_seconds)
        for connection in tuple(self._connections):
            connection.sweep(now_seconds)
