"""How far a call has come: by what its switch reports, and by the clock.

Knows that reports never fall and that the clock must bear them out beyond a grant. Refuses to know what seconds cost.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from commcredits.core.account import Session

_SECOND: Final = timedelta(seconds=1)


def reached_seconds(session: Session, used_seconds: int, now: datetime) -> int:
    """How far a call has come by a report; reports never fall, and beyond the grant the clock must bear them out.

    So a late report extends a call from where it is, and a switch that counts in the wrong unit cannot hold a fortune.
    """
    granted = session.granted_seconds
    if used_seconds <= granted:
        return max(used_seconds, session.used_seconds)
    passed = (now - session.terms.authorised_at) // _SECOND
    return max(granted, min(used_seconds, passed))


def started_at(session: Session, reached_seconds: int, now: datetime) -> datetime | None:
    """When the call was answered: as told, or reckoned from a report, but never before it was authorised."""
    if session.started_at is not None or reached_seconds <= 0:
        return session.started_at
    return max(session.terms.authorised_at, now - timedelta(seconds=reached_seconds))
