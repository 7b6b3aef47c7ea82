"""How much and how long a Diameter peer may take; every loop, queue and wait has its maximum here.

Knows sizes and times. Refuses to know what happens when one is passed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLimits:
    """The limits of one listener. Times are seconds, checked every ``sweep_seconds``.

    ``capabilities_seconds`` runs from the connection, TLS included, to the end of its CER, which may have
    ``capabilities_bytes_max``; ``message_seconds`` from the first octet of a message to its last;
    ``write_seconds`` while the peer reads no answers; ``request_seconds`` is how long a request of ours waits for its
    answer; ``goodbye_seconds`` how long one that says good-bye, or was told so, may keep its connection.
    ``watchdog_seconds`` is Tw of RFC 3539. ``in_flight_max`` is how many requests of one connection may wait for their
    answers before nothing more is read of it, ``requests_max`` how many of ours may wait on it.
    """

    message_bytes_max: int = 65_536
    capabilities_bytes_max: int = 16_384
    connections_max: int = 1_024
    connections_of_peer_max: int = 16
    in_flight_max: int = 1_024
    requests_max: int = 1_024
    watchdog_seconds: float = 30
    capabilities_seconds: float = 10
    message_seconds: float = 10
    write_seconds: float = 20
    request_seconds: float = 10
    goodbye_seconds: float = 5
    sweep_seconds: float = 0.25
