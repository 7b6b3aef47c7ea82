"""How much and how long a FreeSWITCH, or who pretends to be one, may take; every loop, queue and wait has its maximum.

Knows sizes and times. Refuses to know what happens when one is passed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSocketLimits:
    """The limits of event sockets, in bytes and seconds.

    The answer to ``connect`` carries all variables of a call in its header, and a list of live calls is one body: about
    a kilobyte a call. ``reply_seconds`` is how long an answer may take before the other side counts as gone, and
    ``idle_seconds`` how long a link may be silent before it is asked whether it is still there (half-open sockets).
    ``linger_seconds`` is how long the switch keeps a call's socket after the hang-up, for its last events.
    """

    header_bytes_max: int = 262_144
    headers_max: int = 4_096
    body_bytes_max: int = 33_554_432
    waiting_replies_max: int = 4_096
    written_bytes_max: int = 4_194_304
    connections_max: int = 4_096
    greeting_seconds: float = 5.0
    reply_seconds: float = 5.0
    idle_seconds: float = 10.0
    linger_seconds: int = 10
    connect_seconds: float = 5.0
    back_off_seconds: float = 0.25
    back_off_seconds_max: float = 10.0
    stop_seconds: float = 5.0
