"""The calls that this process knows of: what an order, a timer or a report needs, and no more.

A client's own id of a call is the telephone's to choose (Call-ID), and one that is used again must not place two calls
on one grant: so each call gets an id of ours, and the book says which call a client means. Knows how long a call is
remembered. Refuses to be the truth: what is charged stands in the ledger, where a process that starts reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import Update

FOREVER: Final = datetime.max.replace(tzinfo=UTC)
"""For a call whose timer we hold: nothing drops it but its end, or its timer."""

OVER_KEPT_SECONDS: Final = 600
"""How long a call that is over is remembered: its end may come twice, and its record after it."""

CLOSED_KEPT_SECONDS: Final = 3_600
"""How long a call is remembered that the ledger may have closed: its true end may still come."""

_REAPER_SECONDS: Final = 60
"""How long the reaper may take to notice."""


@dataclass(slots=True, kw_only=True)
class KnownCall:
    """One call.

    ``key`` is what its client calls it, with the client's own name; another call may have it once this one is over.
    ``answered_at`` is None while it rings. ``ours``: we hold its timer, and ask for its slices ourselves; else its
    client reports and asks. ``is_old``: it speaks SMGenericV1. ``dialog`` is what its switch wants to see when it is to
    end the call, None where it never told. ``final``: money limits the grant. ``last_update`` is the client's id of its
    last report and what became of it. ``over``: it has ended, or the ledger has closed it.
    """

    key: str
    session_id: str
    organization_id: str
    switch: str
    asked_at: datetime
    forget_at: datetime
    origin_id: str = ""
    origin_host: str = ""
    emergency: bool = False
    ours: bool = False
    is_old: bool = False
    over: bool = False
    answered_at: datetime | None = None
    dialog: tuple[int, int] | None = None
    granted_seconds: int = 0
    used_seconds: int = 0
    final: bool = False
    request_number: int = 0
    last_update: tuple[str, Update] | None = None

    def is_over(self, now: datetime, terms: ChargingTerms) -> bool:
        """Whether this call has ended, or has been silent for so long that the ledger has closed it by these terms."""
        if self.over or self.ours or self.emergency:
            return self.over
        since = self.answered_at or self.asked_at
        silence = self.granted_seconds + terms.grant_margin_seconds + _REAPER_SECONDS
        if self.answered_at is None:
            silence += terms.ring_seconds_max
        return now - since > timedelta(seconds=silence)

    def end(self, now: datetime, *, kept_seconds: int) -> None:
        """It is over; remember it for so long."""
        self.over = True
        self.forget_at = now + timedelta(seconds=kept_seconds)

    def elapsed_seconds(self, now: datetime) -> int:
        """Whole seconds since the answer; 0 before it."""
        return 0 if self.answered_at is None else max(0, (now - self.answered_at) // timedelta(seconds=1))

    def next_number(self, now: datetime) -> int:
        """A number for the next update: higher than any before, also than those of a process that was here before."""
        since = 0 if self.answered_at is None else (now - self.answered_at) // timedelta(milliseconds=1)
        self.request_number = max(self.request_number + 1, min(since, 2**31 - 1))
        return self.request_number


class CallBook:
    """The calls by what their clients call them, and by our ids."""

    __slots__ = ("_by_session", "_calls", "_calls_max")

    def __init__(self, *, calls_max: int) -> None:
        self._calls: dict[str, KnownCall] = {}
        self._by_session: dict[str, KnownCall] = {}
        self._calls_max = calls_max

    def __len__(self) -> int:
        """How many there are."""
        return len(self._by_session)

    def find(self, key: str) -> KnownCall | None:
        """The newest call that a client calls this."""
        return self._calls.get(key)

    def of_session(self, session_id: str) -> KnownCall | None:
        """The call of this id of ours."""
        return self._by_session.get(session_id)

    def put(self, call: KnownCall) -> bool:
        """Know the call from now on; False when as many are known as may be."""
        if len(self._by_session) >= self._calls_max and call.session_id not in self._by_session:
            return False
        self._calls[call.key] = call
        self._by_session[call.session_id] = call
        return True

    def drop(self, call: KnownCall) -> None:
        """Forget the call."""
        self._by_session.pop(call.session_id, None)
        if self._calls.get(call.key) is call:
            del self._calls[call.key]

    def of_switch(self, switch: str) -> Iterator[KnownCall]:
        """The calls of one switch; the book may not change meanwhile."""
        return (call for call in self._by_session.values() if call.switch == switch)

    def overdue(self, now: datetime) -> Iterable[KnownCall]:
        """Calls that are not worth their place any more."""
        return [call for call in self._by_session.values() if call.forget_at <= now]
