"""When something that was sent in vain is sent again: later each time, and not all at once.

Knows waits. Refuses to know what is sent. The spread comes out of the name and the number of the try, so that it is the
same wherever it is worked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

_SPREAD_PERCENT = 20


def retry_at(now: datetime, waits_seconds: Sequence[int], *, tries: int, name: str) -> datetime | None:
    """When to try again after so many tries, up to a fifth later than the wait says; None when that was the last."""
    if tries > len(waits_seconds):
        return None
    seconds = waits_seconds[tries - 1]
    drawn = int.from_bytes(blake2b(f"{name}:{tries}".encode(), digest_size=4).digest())
    milliseconds = seconds * 10 * (100 + drawn % (_SPREAD_PERCENT + 1))
    return now + timedelta(milliseconds=milliseconds)
