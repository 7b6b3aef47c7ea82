"""UpdateSession: a client that holds its own slices reports what it used of the last, and asks for another.

Knows that these reports count from one to the next, while the core's count from the answer. Refuses to know more of a
call than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import structlog

from commcredits.core.commands import Update
from commcredits.core.outcomes import Granted, Outcome, Refused
from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.book import CallBook, KnownCall
from commcredits.edges.switches.cgrates.charging import Asked
from commcredits.edges.switches.cgrates.holding import Holder
from commcredits.edges.switches.cgrates.replies import max_usage
from commcredits.operations.charging import EMERGENCY_GRANT, SLICE_SECONDS_MAX, ChargingDesk

KEPT_SECONDS: Final = 240
"""How long a call is kept in the book after the end of its grant."""

Recover = Callable[[Asked], Awaitable[KnownCall | None]]
"""Finds a call in the ledger that this process does not know; None when none runs."""

_log: Final = structlog.get_logger("cgrates")


class Updating:
    """The reports of clients that hold their own slices. Belongs to the event loop."""

    __slots__ = ("_book", "_desk", "_holder", "_recover", "_tasks")

    def __init__(self, *, desk: ChargingDesk, book: CallBook, holder: Holder, recover: Recover) -> None:
        self._desk = desk
        self._book = book
        self._holder = holder
        self._recover = recover
        self._tasks: set[asyncio.Task[None]] = set()

    def update(self, asked: Asked) -> None:
        """Take a report."""
        missing = asked.event.missing("OriginID")
        if missing or asked.event.wrong_field:
            asked.failed(refusals.missing(missing) if missing else refusals.wrong(asked.event.wrong_field))
            return
        call = self._book.get(asked.session_id)
        if call is not None:
            self._update(asked, call)
            return
        task = asyncio.get_running_loop().create_task(self._find_and_update(asked), name="cgrates-recover")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Find nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _find_and_update(self, asked: Asked) -> None:
        try:
            call = await self._recover(asked)
        except Exception:  # noqa: BLE001 # the database may be away in any way; the client is told, and asks again
            _log.exception("call not looked for", session_id=asked.session_id)
            asked.failed(refusals.INTERNAL)
            return
        if call is None:
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
            asked.failed(refusals.ERRORS[outcome.code] if isinstance(outcome, Refused) else refusals.INTERNAL)
        else:
            now = self._desk.clock()
            call.answered_at = call.answered_at or now - timedelta(seconds=command.used_seconds)
            call.granted_seconds = max(call.granted_seconds, outcome.granted_seconds)
            call.forget_at = now + timedelta(seconds=call.granted_seconds + KEPT_SECONDS)
            asked.done(max_usage(asked.form, max(0, outcome.granted_seconds - command.used_seconds)))
