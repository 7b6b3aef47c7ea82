"""Diameter as a service of the process: bind, serve, say good-bye.

Knows addresses. Refuses to know what is said (commcredits.edges.diameter.peers).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from commcredits.edges.diameter.limits import PeerLimits
from commcredits.edges.diameter.ports import Application, Peer
from commcredits.settings.diameter import DiameterSettings


class DiameterServer:
    """A listener that serves until it is stopped. It is a ``ports.PeerDirectory``."""

    @property
    def port(self) -> int:
        """The TCP port it listens on, also where 0 asked for any."""
        raise NotImplementedError

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        raise NotImplementedError

    def find_peer(self, origin_host: str) -> Peer | None:
        """See ``ports.PeerDirectory``."""
        raise NotImplementedError

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Take no new connection, say good-bye (DPR, REBOOTING), answer what was asked, close."""
        raise NotImplementedError


async def serve_peers(
    settings: DiameterSettings,
    application: Application,
    *,
    clock: Callable[[], datetime],
    limits: PeerLimits | None = None,
) -> DiameterServer:
    """Listen for Diameter peers; ``clock`` gives the wall clock.

    Without ``limits`` those of the settings hold. Raises OSError when the address cannot be had or a file of TLS cannot
    be read.
    """
    raise NotImplementedError
