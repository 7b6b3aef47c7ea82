"""Requests that come twice: the answer again for one that was answered, nothing for one that is being worked on.

Knows where a request came from, its identifier and its authenticator (RFC 5080 §2.2.2). Refuses to know its content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

REMEMBERED_SECONDS: Final = 30.0
"""How long an answer is kept: longer than access servers try again, shorter than identifiers come round."""

REMEMBERED_MAX: Final = 65_536
"""How many requests are kept at once; the oldest goes first."""

Key = tuple[str, int, int]
"""Address, port and identifier: a sender has one request under way for each (RFC 2865 §3)."""


class _Seen:
    __slots__ = ("at", "authenticator", "reply")

    def __init__(self, authenticator: bytes, at: float) -> None:
        self.authenticator = authenticator
        self.at = at
        self.reply: bytes | None = None


class Repeats:
    """What one socket was asked lately; ``clock`` gives monotonic seconds."""

    __slots__ = ("_clock", "_count_max", "_seconds", "_seen")

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        count_max: int = REMEMBERED_MAX,
        seconds: float = REMEMBERED_SECONDS,
    ) -> None:
        self._clock = clock
        self._count_max = count_max
        self._seconds = seconds
        self._seen: dict[Key, _Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def is_new(self, key: Key, authenticator: bytes) -> bool:
        """Whether the request is to be worked on; from now on it is known.

        Another authenticator at the same place is another request, and the sender has given up the one before.
        """
        now = self._clock()
        self._forget_old(now)
        seen = self._seen.pop(key, None)
        if seen is not None and seen.authenticator == authenticator:
            # Its place in the order is that of its time, which the oldest-first clearing rests on.
            seen.at = now
            self._seen[key] = seen
            return False
        self._seen[key] = _Seen(authenticator, now)
        return True

    def answer(self, key: Key, authenticator: bytes) -> bytes | None:
        """The answer that was given; None while there is none."""
        seen = self._seen.get(key)
        return None if seen is None or seen.authenticator != authenticator else seen.reply

    def remember(self, key: Key, authenticator: bytes, reply: bytes) -> None:
        """This was the answer."""
        seen = self._seen.get(key)
        if seen is not None and seen.authenticator == authenticator:
            seen.reply = reply

    def forget(self, key: Key, authenticator: bytes) -> None:
        """It was not answered: the next try is worked on again."""
        seen = self._seen.get(key)
        if seen is not None and seen.authenticator == authenticator:
            del self._seen[key]

    def _forget_old(self, now: float) -> None:
        while self._seen:
            key = next(iter(self._seen))
            if len(self._seen) < self._count_max and now - self._seen[key].at < self._seconds:
                return
            del self._seen[key]
