"""How much and how long a client may take; every loop, queue and wait has its maximum here.

Knows sizes and times. Refuses to know what happens when one is passed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CgratesLimits:
    """The limits of one listener.

    ``message_seconds`` is how long a message may take from its first byte to its last; a connection may be idle for as
    long as it likes, as OpenSIPS' are. ``write_seconds``: how long a client may leave its answers unread.
    ``in_flight_max`` requests of a connection are taken at once; past that nothing more is read. ``reply_seconds``: how
    long a client has to answer what we ask. ``link_grace_seconds``: how long a call is paid for after the last word of
    its switch's last connection. A cut is tried ``cut_tries_max`` times, ``cut_retry_seconds`` apart, an end that was
    not taken ``end_tries_max`` times.
    """

    message_bytes_max: int = 65_536
    depth_max: int = 32
    connections_max: int = 2_048
    in_flight_max: int = 1_024
    calls_max: int = 200_000
    listed_calls_max: int = 200_000
    message_seconds: float = 10
    write_seconds: float = 20
    reply_seconds: float = 5
    link_grace_seconds: float = 120
    lead_seconds: float = 10
    retry_seconds: float = 1
    cut_retry_seconds: float = 2
    cut_tries_max: int = 30
    end_tries_max: int = 30
    sweep_seconds: float = 1
    shutdown_seconds: float = 5
