"""Verifications as runs: one at a time over all processes, each kept with who asked for it and what it found.

Knows that whoever verifies holds a lock of the database for as long as their connection lives, so that a process that
dies leaves no run behind that nobody may follow. Refuses to know the checks (commcredits.operations.verify).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg
import msgspec

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.organizations import check_identifier
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.operations.verify import CHECKS, Discrepancy, Verification, verify_books
from commcredits.storage.connection import load_statement

KEPT_DISCREPANCIES_MAX: Final = 200
"""How many places where the books disagree a run keeps; it says how many there were."""

NIGHTLY: Final = "nightly"
"""Who asks for the run of each night."""

_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_FAILURE_CHARACTERS_MAX: Final = 200


class RunState(StrEnum):
    """Where a run is: asked for, under way, or over with one of three ends."""

    WAITING = "waiting"
    RUNNING = "running"
    AGREED = "agreed"
    DIFFERED = "differed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRun:
    """A verification; ``discrepancies`` are the first of those found. ``failure`` is why it was cut short."""

    run_id: str
    state: RunState
    asked_by: str
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    checks_done: int
    checks: int
    organizations: int
    transfers: int
    discrepancies_found: int
    discrepancies: tuple[Discrepancy, ...]
    failure: str

    @property
    def is_open(self) -> bool:
        """Whether it is still to end."""
        return self.state in {RunState.WAITING, RunState.RUNNING}


@acts(Permission.OPERATOR_VERIFY)
async def run_verification(
    services: Services, *, progress: Callable[[int, int], None] | None = None
) -> Verification | Refused:
    """Verify the books now and keep the run; BUSY while another one runs, whoever asked for it and wherever."""
    found = await _run(services, services.new_id(), services.actor.name or services.actor.actor_id, progress)
    assert found is not None, "a run of its own was begun"
    return found


@acts(Permission.OPERATOR_VERIFY)
async def ask_for_verification(services: Services) -> VerifyRun | Refused:
    """Have the worker verify the books; BUSY while one is asked for already, or runs."""
    return await _ask(services, services.actor.name or services.actor.actor_id)


@reads(Permission.OPERATOR_VERIFY)
async def get_verification(services: Services, *, run_id: str) -> VerifyRun | Refused:
    """One run."""
    checked = check_identifier("run_id", run_id)
    if isinstance(checked, Refused):
        return checked
    rows = await services.pool.fetch(load_statement("console/list_verify_runs"), services.shard_id, _LAST, run_id, 1)
    if not rows:
        facts = {"field": "run_id", "value": run_id, "allowed": "the id of a verification"}
        return Refused(code=RefusalCode.INVALID_INPUT, facts=facts)
    return _run_of(rows[0])


@reads(Permission.OPERATOR_VERIFY)
async def list_verifications(services: Services, *, cursor: str | None, limit: int) -> Page[VerifyRun] | Refused:
    """Runs, newest first; a cursor is the last id of the page before."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await services.pool.fetch(
        load_statement("console/list_verify_runs"), services.shard_id, before, None, limit + 1
    )
    items = tuple(_run_of(row) for row in rows[:limit])
    return Page(items=items, next_cursor=items[-1].run_id if len(rows) > limit else None)


async def run_asked_verifications(services: Services) -> int:
    """Carry out the verification that was asked for, if there is one and nobody verifies; returns how many."""
    done = await _run(services, None, "", None)
    return int(isinstance(done, Verification))


async def ask_nightly(services: Services, *, hour: int) -> int:
    """Ask for the run of a night, at or after this hour in UTC, unless one began since; returns how many were asked."""
    now = services.clock()
    due = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    due = due if due <= now else due - timedelta(days=1)
    rows = await services.pool.fetch(load_statement("console/list_verify_runs"), services.shard_id, _LAST, None, 1)
    if rows and rows[0]["asked_at"] >= due:
        return 0
    return int(not isinstance(await _ask(services, NIGHTLY), Refused))


async def _ask(services: Services, asked_by: str) -> VerifyRun | Refused:
    async with _right_to_ask(services) as connection:
        made = await connection.fetchval(
            load_statement("console/ask_verify_run"), services.shard_id, services.new_id(), asked_by, services.clock()
        )
    if made is None:
        return Refused(code=RefusalCode.BUSY, facts={"command": "verify"})
    return await get_verification(services, run_id=str(made))


async def _run(
    services: Services, run_id: str | None, asked_by: str, progress: Callable[[int, int], None] | None
) -> Verification | Refused | None:
    """What was found; BUSY while another one runs, None where none is asked for."""
    async with services.pool.acquire() as connection:
        if not await connection.fetchval(load_statement("console/lock_verification"), services.shard_id):
            return Refused(code=RefusalCode.BUSY, facts={"command": "verify"})
        try:
            begun = await connection.fetchval(
                load_statement("console/begin_verify_run"),
                services.shard_id,
                run_id,
                services.clock(),
                asked_by,
                len(CHECKS),
            )
            return None if begun is None else await _carry_out(services, str(begun), progress)
        finally:
            await connection.execute(load_statement("console/unlock_verification"), services.shard_id)


async def _carry_out(services: Services, run_id: str, progress: Callable[[int, int], None] | None) -> Verification:
    telling: set[asyncio.Task[object]] = set()

    def tell(done: int, of: int) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(
            services.pool.execute(load_statement("console/note_verify_progress"), services.shard_id, run_id, done)
        )
        telling.add(task)
        task.add_done_callback(telling.discard)
        if progress is not None:
            progress(done, of)

    try:
        found = await verify_books(services, progress=tell)
    except BaseException as error:
        await asyncio.gather(*telling, return_exceptions=True)
        await _settle(services, run_id, RunState.FAILED, None, type(error).__name__)
        raise
    await asyncio.gather(*telling, return_exceptions=True)
    await _settle(services, run_id, RunState.DIFFERED if found.discrepancies else RunState.AGREED, found, "")
    return found


async def _settle(services: Services, run_id: str, state: RunState, found: Verification | None, failure: str) -> None:
    kept = () if found is None else found.discrepancies[:KEPT_DISCREPANCIES_MAX]
    await services.pool.execute(
        load_statement("console/settle_verify_run"),
        services.shard_id,
        run_id,
        state.value,
        services.clock(),
        0 if found is None else found.organizations,
        0 if found is None else found.transfers,
        0 if found is None else len(found.discrepancies),
        msgspec.json.encode(kept).decode(),
        failure[:_FAILURE_CHARACTERS_MAX],
    )


@asynccontextmanager
async def _right_to_ask(services: Services) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy[asyncpg.Record]]:
    """A transaction in which nobody else asks: two at once would find that nobody has."""
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.execute(load_statement("console/lock_asking"), services.shard_id)
        yield connection


def _run_of(row: asyncpg.Record) -> VerifyRun:
    return VerifyRun(
        run_id=str(row["run_id"]),
        state=RunState(row["state"]),
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        checks_done=row["checks_done"],
        checks=row["checks"],
        organizations=row["organizations"],
        transfers=row["transfers"],
        discrepancies_found=row["discrepancies_found"],
        discrepancies=tuple(msgspec.json.decode(row["discrepancies"], type=list[Discrepancy])),
        failure=row["failure"],
    )
