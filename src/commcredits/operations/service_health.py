"""How the whole service is: what answers, what waits, what has failed, over all organizations.

Knows what counts as late and how bad it is. Refuses to say what to do about it: pages do, in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.health import check_health
from commcredits.operations.jobs import list_jobs
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.operations.verification_runs import RunState, list_verifications
from commcredits.storage.connection import load_statement

STUCK_AFTER_SECONDS: Final = 600
"""How long a purchase may be open before somebody should look at it."""

WAITS_SECONDS_MAX: Final = 300
"""How long a mail, a delivery or a gateway's event may wait before it counts as held up."""

RECEIPT_SECONDS_MAX: Final = 60
"""How long after a payment its receipt may still be written."""

_RECEIPTS_LOOKED_BACK: Final = timedelta(days=90)
_CONNECTIONS_SHARE: Final = 80


class Level(StrEnum):
    """How a sign is: as it should be, to be looked at, or broken."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


class SignKind(StrEnum):
    """What is looked at. Stable: pages have words for each."""

    DATABASE = "database"
    COMMITTER = "committer"
    WORKER = "worker"
    JOBS_FAILING = "jobs_failing"
    CONNECTIONS = "connections"
    SILENT_CALLS = "silent_calls"
    ATTEMPTS_STUCK = "attempts_stuck"
    REFUNDS_OPEN = "refunds_open"
    EVENTS_FAILED = "events_failed"
    EVENTS_WAITING = "events_waiting"
    MAILS_WAITING = "mails_waiting"
    MAILS_FAILED = "mails_failed"
    DELIVERIES_WAITING = "deliveries_waiting"
    DELIVERIES_FAILED = "deliveries_failed"
    NOTICES_WAITING = "notices_waiting"
    RECEIPTS_OWED = "receipts_owed"
    DECISIONS_WAITING = "decisions_waiting"
    REFUNDS_WAITING = "refunds_waiting"
    VERIFICATION = "verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One thing that was looked at: how it is, how many of it, and since when."""

    kind: SignKind
    level: Level
    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessGroup:
    """Processes of one kind, by the connections that they hold to the database."""

    name: str
    connections: int
    active: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHealth:
    """Every sign, the worst first, and what is known of processes and the database."""

    signs: tuple[Sign, ...]
    processes: tuple[ProcessGroup, ...]
    database_bytes: int
    database_version: str
    connections: int
    connections_max: int

    @property
    def level(self) -> Level:
        """The worst of all signs."""
        return worst(sign.level for sign in self.signs)


@reads(Permission.OPERATOR_READ)
async def measure_health(services: Services) -> ServiceHealth:
    """Look at everything once. Where the database does not answer, that is all that can be said."""
    health = await check_health(services)
    if not health.database:
        return ServiceHealth(
            signs=(Sign(kind=SignKind.DATABASE, level=Level.BAD),),
            processes=(),
            database_bytes=0,
            database_version="",
            connections=0,
            connections_max=0,
        )
    now = services.clock()
    measured, processes = await asyncio.gather(
        services.pool.fetchrow(
            load_statement("console/measure_health"),
            services.shard_id,
            now - timedelta(seconds=STUCK_AFTER_SECONDS),
            now - _RECEIPTS_LOOKED_BACK,
            now - timedelta(seconds=RECEIPT_SECONDS_MAX),
        ),
        services.pool.fetch(load_statement("console/list_processes")),
    )
    assert measured is not None, "figures are one row"
    committer = Level.GOOD if health.committer else Level.BAD
    signs = [
        Sign(kind=SignKind.DATABASE, level=Level.GOOD),
        Sign(kind=SignKind.COMMITTER, level=committer),
        *await _signs_of_jobs(services),
        *_signs_of_figures(services, measured, now),
        await _sign_of_verification(services),
    ]
    order = {Level.BAD: 0, Level.WARN: 1, Level.GOOD: 2}
    return ServiceHealth(
        signs=tuple(sorted(signs, key=lambda sign: order[sign.level])),
        processes=tuple(
            ProcessGroup(
                name=row["application_name"],
                connections=row["connections"],
                active=row["active"],
                since=row["since"],
            )
            for row in processes
        ),
        database_bytes=measured["database_bytes"],
        database_version=measured["server_version"],
        connections=measured["connections"],
        connections_max=measured["connections_max"],
    )


def worst(levels: Iterable[Level]) -> Level:
    """The worst of some levels; good where there is none."""
    found = set(levels)
    return next((level for level in (Level.BAD, Level.WARN) if level in found), Level.GOOD)


async def _signs_of_jobs(services: Services) -> list[Sign]:
    jobs = await list_jobs(services)
    assert isinstance(jobs, tuple), "whoever may look at the health may look at its jobs"
    noted = max((job.noted_at for job in jobs), default=None)
    late = noted is None or all(job.is_late for job in jobs)
    failing = [job for job in jobs if job.failures or (job.is_late and not late)]
    return [
        Sign(kind=SignKind.WORKER, level=Level.BAD if late else Level.GOOD, since=noted),
        Sign(kind=SignKind.JOBS_FAILING, level=Level.BAD if failing else Level.GOOD, count=len(failing)),
    ]


def _signs_of_figures(services: Services, row: asyncpg.Record, now: datetime) -> list[Sign]:
    crowded = row["connections"] * 100 > row["connections_max"] * _CONNECTIONS_SHARE
    signs = [
        Sign(kind=SignKind.CONNECTIONS, level=Level.WARN if crowded else Level.GOOD, count=row["connections"]),
        _counted(SignKind.ATTEMPTS_STUCK, row["attempts_stuck"], Level.BAD),
        _counted(SignKind.REFUNDS_OPEN, row["refunds_open"], Level.WARN),
        _counted(SignKind.EVENTS_FAILED, row["events_failed"], Level.BAD),
        _waiting(SignKind.EVENTS_WAITING, row["events_waiting"], row["events_since"], now),
        _waiting(SignKind.MAILS_WAITING, row["mails_waiting"], row["mails_since"], now),
        _counted(SignKind.MAILS_FAILED, row["mails_failed"], Level.WARN),
        _waiting(SignKind.DELIVERIES_WAITING, row["deliveries_waiting"], row["deliveries_since"], now),
        _counted(SignKind.DELIVERIES_FAILED, row["deliveries_failed"], Level.WARN),
        Sign(kind=SignKind.NOTICES_WAITING, level=Level.GOOD, count=row["notices_waiting"]),
        _counted(SignKind.SILENT_CALLS, row["calls_silent"], Level.WARN),
        _counted(SignKind.DECISIONS_WAITING, row["adjustments_pending"], Level.WARN),
        _counted(SignKind.REFUNDS_WAITING, row["refund_requests_pending"], Level.WARN),
    ]
    if services.receipts is not None:
        signs.append(_counted(SignKind.RECEIPTS_OWED, row["receipts_owed"], Level.BAD))
    return signs


def _counted(kind: SignKind, count: int, level: Level) -> Sign:
    return Sign(kind=kind, level=level if count else Level.GOOD, count=count)


def _waiting(kind: SignKind, count: int, since: datetime | None, now: datetime) -> Sign:
    held_up = since is not None and now - since > timedelta(seconds=WAITS_SECONDS_MAX)
    return Sign(kind=kind, level=Level.WARN if held_up else Level.GOOD, count=count, since=since)


async def _sign_of_verification(services: Services) -> Sign:
    page = await list_verifications(services, cursor=None, limit=10)
    runs = [] if isinstance(page, Refused) else [run for run in page.items if not run.is_open]
    if not runs:
        return Sign(kind=SignKind.VERIFICATION, level=Level.WARN)
    last = runs[0]
    level = {RunState.AGREED: Level.GOOD, RunState.DIFFERED: Level.BAD}.get(last.state, Level.WARN)
    return Sign(kind=SignKind.VERIFICATION, level=level, count=last.discrepancies_found, since=last.ended_at)
