"""Sessions that are not remembered, found in the database: after a restart, or when another process had them.

Knows how a session is made again out of its calls. Refuses to answer anything: it gives back what it found. No task is
made for a message whose session is known.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import asyncpg
import structlog

from commcredits.core.commands import Authorise, Service
from commcredits.edges.diameter.credit_control import calls
from commcredits.edges.diameter.credit_control.counting import UsedSeconds
from commcredits.edges.diameter.credit_control.dialogues import (
    Dialogue,
    GroupState,
    base_of,
    call_id_of,
    label_of,
)
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest
from commcredits.edges.diameter.failures import log_failure
from commcredits.operations.calls_in_progress import FoundCall, find_calls
from commcredits.operations.charging import ChargingDesk, Emergency
from commcredits.operations.services import Services

SEARCHES_MAX: Final = 4
"""So many questions are with the database at once; it has others to serve."""

WAITING_MAX: Final = 2_000
"""So many requests wait for their sessions to be found; a further one is too many."""

DATABASE_AWAY: Final = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

_log: Final = structlog.get_logger("diameter")

Found = Callable[[Dialogue | None, bool], None]
"""Takes the session, or None where there is none; and whether the database could be asked."""


class Finder:
    """The searches of one process. Requests of a session wait for its search in their order."""

    def __init__(self, *, desk: ChargingDesk, services: Services) -> None:
        self._desk = desk
        self._services = services
        self._places = asyncio.Semaphore(SEARCHES_MAX)
        self._waiting: dict[str, deque[Found]] = {}
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._away = False

    @property
    def is_full(self) -> bool:
        """Whether no more may wait."""
        return self._count >= WAITING_MAX

    def is_searching(self, session_id: str) -> bool:
        """Whether a session is being looked for: whatever comes for it waits in line."""
        return session_id in self._waiting

    def wait(self, session_id: str, found: Found) -> None:
        """Stand in line for a session that is being looked for."""
        self._waiting[session_id].append(found)
        self._count += 1

    def search(self, request: CreditControlRequest, known: Dialogue | None, found: Found) -> None:
        """Look for a session; one that is known already is brought up to what the database knows of it."""
        self._waiting[request.session_id] = deque([found])
        self._count += 1
        task = asyncio.create_task(self._search(request, known), name="diameter search")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Wait for what is being looked for."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _search(self, request: CreditControlRequest, known: Dialogue | None) -> None:
        dialogue, answered = known, True
        async with self._places:
            try:
                rows = await self._find(request, "" if known is None else known.organization_id)
                dialogue = _restored(request, rows, known)
                if self._away:
                    self._away = False
                    _log.info("forgotten sessions are found again")
            except DATABASE_AWAY as error:
                answered = False
                if not self._away:
                    self._away = True
                    _log.warning("forgotten sessions cannot be found", reason=type(error).__name__)
            except Exception as error:  # noqa: BLE001 # a bug of ours may not leave the requests in line without an answer
                answered = False
                log_failure("session not found", error, peer=request.origin_host)
        self._hand_over(request.session_id, dialogue, answered=answered)

    def _hand_over(self, session_id: str, dialogue: Dialogue | None, *, answered: bool) -> None:
        waiting = self._waiting[session_id]
        while waiting:
            found = waiting.popleft()
            self._count -= 1
            try:
                found(dialogue, answered)
            except Exception as error:  # noqa: BLE001 # as above: the next one in line is heard all the same
                log_failure("diameter request failed", error)
        del self._waiting[session_id]

    async def _find(self, request: CreditControlRequest, organization_id: str) -> list[FoundCall]:
        base = base_of(request.session_id)
        ids = [call_id_of(base, group.label) for group in request.groups]
        organization_id = organization_id or self._organization_of(request)
        rows: list[FoundCall] = []
        if organization_id:
            rows = await find_calls(self._services, session_ids=ids, beginning=base, organization_id=organization_id)
        return rows or await find_calls(self._services, session_ids=ids, beginning=base)

    def _organization_of(self, request: CreditControlRequest) -> str:
        """Whose call it should be, by the numbers that the request tells; empty where it tells none."""
        identified = calls.identify(self._desk, request.with_parties(), "found", None)
        if isinstance(identified, Emergency):
            return "" if identified.command is None else identified.command.organization_id
        return identified.organization_id if isinstance(identified, Authorise) else ""


def _restored(request: CreditControlRequest, rows: Iterable[FoundCall], known: Dialogue | None) -> Dialogue | None:
    """The session of these calls; None where there are none that the client itself has begun."""
    switch = calls.switch_of(request.origin_host)
    own = [row for row in rows if row.switch == switch]
    if not own:
        return known
    dialogue = known or Dialogue(request.session_id, request.origin_host, own[0].organization_id, 0)
    base = base_of(request.session_id)
    labels = {call_id_of(base, group.label): group.label for group in request.groups}
    for row in own:
        label = labels.get(row.session_id, label_of(row.session_id))
        state = dialogue.groups.get(label)
        if state is None:
            state = dialogue.groups[label] = GroupState(row.session_id, _counted(row))
        elif max(row.reports, default=0) > state.used.newest:
            state.used = _counted(row)
        state.granted_seconds = max(state.granted_seconds, row.granted_seconds)
        state.started = state.started or row.started_at is not None
        state.emergency = row.service is Service.EMERGENCY
        state.ended = not row.live
        dialogue.newest = max(dialogue.newest, state.used.newest)
    return dialogue


def _counted(row: FoundCall) -> UsedSeconds:
    return UsedSeconds(row.reports, row.started_at)
