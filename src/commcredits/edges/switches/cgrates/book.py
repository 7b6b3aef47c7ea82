"""The calls that this process knows of: what an order, a timer or a report needs, and no more.

Knows how long a call that nobody speaks of is kept. Refuses to be the truth: what is charged stands in the ledger, and
a call that is not here is looked for there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from commcredits.core.commands import Update

FOREVER: Final = datetime.max.replace(tzinfo=UTC)
"""For a call whose timer we hold: nothing drops it but its end, or its timer."""


@dataclass(slots=True, kw_only=True)
class KnownCall:
    """One call.

    ``answered_at`` is None while it rings. ``ours``: we hold its timer, and ask for its slices ourselves; else its
    client reports and asks. ``dialog`` is what its switch wants to see when it is to end the call, None where it never
    told. ``final``: money limits the grant. ``last_update`` is the client's id of its last report and what became of
    it. ``forget_at`` is when a silent call is dropped from here; the reaper has closed it by then.
    """

    session_id: str
    organization_id: str
    switch: str
    origin_id: str
    origin_host: str
    forget_at: datetime
    emergency: bool = False
    ours: bool = False
    answered_at: datetime | None = None
    dialog: tuple[int, int] | None = None
    granted_seconds: int = 0
    used_seconds: int = 0
    final: bool = False
    request_number: int = 0
    last_update: tuple[str, Update] | None = None

    def elapsed_seconds(self, now: datetime) -> int:
        """Whole seconds since the answer; 0 before it."""
        return 0 if self.answered_at is None else max(0, (now - self.answered_at) // timedelta(seconds=1))

    def next_number(self, now: datetime) -> int:
        """A number for the next update: higher than any before, also than those of a process that was here before."""
        since = 0 if self.answered_at is None else (now - self.answered_at) // timedelta(milliseconds=1)
        self.request_number = max(self.request_number + 1, min(since, 2**31 - 1))
        return self.request_number


class CallBook:
    """The calls by their session ids."""

    __slots__ = ("_calls", "_calls_max")

    def __init__(self, *, calls_max: int) -> None:
        self._calls: dict[str, KnownCall] = {}
        self._calls_max = calls_max

    def __len__(self) -> int:
        """How many there are."""
        return len(self._calls)

    def get(self, session_id: str) -> KnownCall | None:
        """The call, if it is known here."""
        return self._calls.get(session_id)

    def put(self, call: KnownCall) -> bool:
        """Know the call from now on; False when as many are known as may be."""
        if len(self._calls) >= self._calls_max and call.session_id not in self._calls:
            return False
        self._calls[call.session_id] = call
        return True

    def drop(self, session_id: str) -> KnownCall | None:
        """Forget the call."""
        return self._calls.pop(session_id, None)

    def of_switch(self, switch: str) -> Iterator[KnownCall]:
        """The calls of one switch; the book may not change meanwhile."""
        return (call for call in self._calls.values() if call.switch == switch)

    def overdue(self, now: datetime) -> list[KnownCall]:
        """Silent calls that are not worth their place any more."""
        return [call for call in self._calls.values() if call.forget_at <= now]
