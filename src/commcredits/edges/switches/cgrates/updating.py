"""UpdateSession: a client that holds its own slices reports what it used of the last, and asks for another.

Knows that these reports count from one to the next, while the core's count from the answer. Refuses to know more of a
call than that.
"""

from __future__ import annotations

from datetime import timedelta

from commcredits.core.commands import Update
from commcredits.core.outcomes import Granted, Outcome
from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.asked import Asked
from commcredits.edges.switches.cgrates.book import CLOSED_KEPT_SECONDS, CallBook, KnownCall
from commcredits.edges.switches.cgrates.holding import Holder
from commcredits.edges.switches.cgrates.replies import max_usage
from commcredits.operations.charging import EMERGENCY_GRANT, SLICE_SECONDS_MAX, ChargingDesk


class Updating:
    """The reports of clients that hold their own slices. Belongs to the event loop."""

    __slots__ = ("_book", "_desk", "_holder")

    def __init__(self, *, desk: ChargingDesk, book: CallBook, holder: Holder) -> None:
        self._desk = desk
        self._book = book
        self._holder = holder

    def update(self, asked: Asked) -> None:
        """Take a report."""
        missing = asked.event.missing("OriginID")
        if missing or asked.event.wrong_field:
            asked.failed(refusals.missing(missing) if missing else refusals.wrong(asked.event.wrong_field))
            return
        call = self._book.find(asked.key)
        if call is None or call.over:
            asked.failed(refusals.SESSION_NOT_FOUND)
        else:
            self._update(asked, call)

    def _update(self, asked: Asked, call: KnownCall) -> None:
        event, now = asked.event, self._desk.clock()
        if call.ours:
            self._holder.release(call.session_id)
            call.ours = False
        command = None
        if event.event_id and call.last_update is not None and call.last_update[0] == event.event_id:
            command = call.last_update[1]
        if command is None:
            last = event.last_used_seconds
            more = max(0, call.granted_seconds - call.used_seconds) if last is None else last
            call.used_seconds += more
            asked_seconds = event.usage_seconds
            command = Update(
                organization_id=call.organization_id,
                session_id=call.session_id,
                request_number=call.next_number(now),
                used_seconds=call.used_seconds,
                slice_seconds=min(asked_seconds, SLICE_SECONDS_MAX) if asked_seconds else None,
            )
            call.last_update = (event.event_id, command)
        sent = command
        self._desk.submit(sent, lambda outcome: self._updated(asked, call, sent, outcome))

    def _updated(self, asked: Asked, call: KnownCall, command: Update, outcome: Outcome) -> None:
        if call.emergency:
            asked.done(max_usage(asked.form, EMERGENCY_GRANT.granted_seconds))
        elif not isinstance(outcome, Granted):
            asked.refuse(outcome)
        else:
            now = self._desk.clock()
            call.answered_at = call.answered_at or now - timedelta(seconds=command.used_seconds)
            call.granted_seconds = max(call.granted_seconds, outcome.granted_seconds)
            call.forget_at = now + timedelta(seconds=call.granted_seconds + CLOSED_KEPT_SECONDS)
            asked.done(max_usage(asked.form, max(0, outcome.granted_seconds - command.used_seconds)))
