"""How much and how long the other end of a link may take; every loop, queue and wait has its maximum here.

Knows sizes and times. Refuses to know what happens when one is passed (commcredits.edges.switches.kamailio.link).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """The limits of one link.

    ``entry_seconds``: how long the other end has to take our secret; ``silence_seconds``: how long it may say nothing
    after that, although it is asked every ``ping_seconds``. Kamailio's configuration refuses calls once it has heard
    nothing from us for three seconds, so a ping may not be late by more. A lost link is tried again after
    ``retry_seconds_min``, then after twice as long each time up to ``retry_seconds_max``. ``in_flight_max`` commands
    are taken at once; past that a call is told "busy", and a report comes again by itself.
    """

    connect_seconds: float = 5
    entry_seconds: float = 5
    ping_seconds: float = 1
    silence_seconds: float = 10
    retry_seconds_min: float = 0.2
    retry_seconds_max: float = 5
    list_seconds: float = 20
    drain_seconds: float = 5
    in_flight_max: int = 4_096
    write_buffer_bytes_max: int = 4_194_304
    listed_calls_max: int = 500_000
    cuts_max: int = 10_000
