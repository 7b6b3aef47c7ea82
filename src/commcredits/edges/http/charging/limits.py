"""How much and how long a caller of the charging endpoints may take; every loop, queue and wait has its maximum here.

Knows sizes and times. Refuses to know what happens when one is passed (commcredits.edges.http.charging.connection).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerLimits:
    """The limits of one listener.

    ``header_seconds`` runs from the first byte of a request to the end of its header, ``body_seconds`` from there to
    its last byte; ``idle_seconds`` between requests; ``write_seconds`` while the caller reads no answers. Times are
    checked four times a second. ``in_flight_commands_max`` is per connection: past it nothing more is read, so at most
    that many and what one read held are waiting.
    """

    header_bytes_max: int = 16_384
    single_body_bytes_max: int = 16_384
    batch_body_bytes_max: int = 1_048_576
    batch_commands_max: int = 1_000
    connections_max: int = 4_096
    in_flight_commands_max: int = 1_024
    header_seconds: int = 10
    body_seconds: int = 20
    idle_seconds: int = 75
    write_seconds: int = 20
    linger_seconds: int = 2
    shutdown_seconds: int = 10
