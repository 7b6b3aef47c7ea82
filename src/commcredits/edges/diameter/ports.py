"""What a Diameter application and the base give each other.

Knows both sides' questions. Refuses to know who answers them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from commcredits.edges.diameter.dictionary import DisconnectCause
from commcredits.edges.diameter.messages import Message


class Peer(Protocol):
    """One open connection to a client or relay, as an application sees it."""

    @property
    def origin_host(self) -> str:
        """Who it is, in lower case: the key under which the settings allow it."""
        ...

    @property
    def origin_realm(self) -> str:
        """Its realm."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether requests of ours can be sent."""
        ...

    def request(
        self, command_code: int, application_id: int, avps: bytes, *, proxiable: bool = True
    ) -> asyncio.Future[Message | None]:
        """Ask something of our own, such as RAR; its answer, or None when none comes in time or the peer is gone.

        ``avps`` is everything after the header, Session-Id first. The future never fails.
        """
        ...

    def disconnect(self, cause: DisconnectCause) -> None:
        """Say good-bye (DPR), and close once the peer has agreed or has had its time."""
        ...


class Application(Protocol):
    """What is spoken over the connections: one application, by its id."""

    @property
    def application_id(self) -> int:
        """Its Auth-Application-Id."""
        ...

    @property
    def command_codes(self) -> frozenset[int]:
        """The commands that it takes; a request with another one is answered 3001."""
        ...

    def take(self, peer: Peer, request: Message, answer: Callable[[bytes], None]) -> None:
        """Take a request; call ``answer`` once, now or later, in the event loop, with a whole message.

        Answers may leave in any order. After the connection is lost they go nowhere, silently. What this raises is
        answered by the base: FaultError with its result code, anything else with 5012 and a line in the log.
        """
        ...

    def peer_opened(self, peer: Peer) -> None:
        """The connection has agreed on capabilities."""
        ...

    def peer_closed(self, peer: Peer) -> None:
        """The connection is gone; called once for each ``peer_opened``."""
        ...


class PeerDirectory(Protocol):
    """The peers that are connected now."""

    def find_peer(self, origin_host: str) -> Peer | None:
        """The newest healthy connection of that Origin-Host, in any case of letters; None when there is none."""
        ...
