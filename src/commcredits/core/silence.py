"""How long a call's switch may be silent before the reaper closes the call.

Knows grants, margins and the time to ring. Refuses to know what the reaper then charges (commcredits.core.charging).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from commcredits.core.account import Context, SessionState


def grant_ends_at(state: SessionState, seconds_left: int, context: Context) -> datetime:
    """Until when silence is borne: what is left of the grant and a margin, after the time to ring if it may ring still.

    A switch that does not tell when the call was answered reports first at the end of a slice that began after ringing.
    """
    terms = context.charging
    waits = seconds_left + terms.grant_margin_seconds
    if state is SessionState.AUTHORISED:
        waits += terms.ring_seconds_max
    return context.now + _seconds(waits)


@lru_cache(maxsize=4_096)
def _seconds(seconds: int) -> timedelta:
    """Most calls wait equally long, and making the difference costs more than adding it."""
    return timedelta(seconds=seconds)
