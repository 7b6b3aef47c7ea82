"""When each round of the worker last ran, how long it took, and whether it fails: noted for whoever looks after it.

Knows that rounds run many times a second, and so gathers what happened in memory and writes it every few seconds, in
one statement for all. Refuses to run a round.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.operations.inputs import UNSHOWABLE
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

NOTED_EVERY_SECONDS: Final = 5.0
"""How often what happened is written down."""

LATE_AFTER_SECONDS: Final = 60
"""How much later than it should a round may be before it counts as late."""

FAILURE_CHARACTERS_MAX: Final = 200
_WORKER_CHARACTERS_MAX: Final = 100
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A round of the worker, as it last ran; ``did`` and ``runs`` count since it was first noted.

    ``failures`` are those in a row, none when it went well last; ``failure`` is the kind of the last one, never its
    words. ``last_useful_at`` is when it last had something to do. ``is_late`` says that it should have run again.
    """

    name: str
    worker: str
    interval_milliseconds: int
    began_at: datetime
    ended_at: datetime
    milliseconds: int
    did: int
    runs: int
    last_well_at: datetime | None
    last_useful_at: datetime | None
    failures: int
    failure: str
    noted_at: datetime
    is_late: bool

    @property
    def is_well(self) -> bool:
        """Whether it runs, and did what it should."""
        return not (self.is_late or self.failures)


@reads(Permission.OPERATOR_READ)
async def list_jobs(services: Services) -> tuple[Job, ...]:
    """Every round that a worker has ever noted, by name."""
    rows = await services.pool.fetch(load_statement("console/list_rounds"), services.shard_id)
    now = services.clock()
    return tuple(_job_of(row, now) for row in rows)


@dataclass(slots=True, kw_only=True)
class _Noted:
    """What happened to one round since it was last written down."""

    interval_milliseconds: int
    began_at: datetime
    ended_at: datetime
    did: int = 0
    runs: int = 0
    well_at: datetime | None = None
    useful_at: datetime | None = None
    failures: int = 0
    failure: str = ""


@dataclass(slots=True)
class Diary:
    """Gathers what rounds did. ``note`` costs a few assignments; ``write`` is a round of its own."""

    services: Services
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}"[:_WORKER_CHARACTERS_MAX])
    _noted: dict[str, _Noted] = field(default_factory=dict)

    @property
    def clock(self) -> Callable[[], datetime]:
        """What tells when a round begins and ends."""
        return self.services.clock

    def note(
        self,
        round_name: str,
        *,
        interval_seconds: float,  # a duration of the machine, not money
        began_at: datetime,
        did: int,
        failure: str = "",
    ) -> None:
        """A round has run just now; ``failure`` is the kind of what went wrong, empty when it went well."""
        ended_at = self.services.clock()
        known = self._noted.get(round_name)
        if known is None:
            milliseconds = round(interval_seconds * 1000)
            known = _Noted(interval_milliseconds=milliseconds, began_at=began_at, ended_at=ended_at)
            self._noted[round_name] = known
        known.began_at, known.ended_at = began_at, ended_at
        known.runs += 1
        known.did += did
        if failure:
            known.failures += 1
        else:
            known.well_at, known.failures = ended_at, 0
        known.failure = failure
        if did:
            known.useful_at = ended_at

    async def write(self) -> int:
        """Write down what was gathered; what cannot be written now is kept for the next time."""
        gathered, self._noted = self._noted, {}
        if not gathered:
            return 0
        notes = list(gathered.values())
        try:
            await self.services.pool.execute(
                load_statement("console/note_rounds"),
                self.services.shard_id,
                self.name,
                self.services.clock(),
                list(gathered),
                [each.interval_milliseconds for each in notes],
                [each.began_at for each in notes],
                [each.ended_at for each in notes],
                [(each.ended_at - each.began_at) // _MILLISECOND for each in notes],
                [each.did for each in notes],
                [each.runs for each in notes],
                [each.well_at for each in notes],
                [each.useful_at for each in notes],
                [each.failures for each in notes],
                [UNSHOWABLE.sub(" ", each.failure)[:FAILURE_CHARACTERS_MAX] for each in notes],
            )
        except BaseException:
            self._put_back(gathered)
            raise
        return 0

    def _put_back(self, gathered: dict[str, _Noted]) -> None:
        for name, old in gathered.items():
            new = self._noted.setdefault(name, old)
            if new is old:
                continue
            new.did, new.runs = new.did + old.did, new.runs + old.runs
            new.useful_at = new.useful_at or old.useful_at
            if new.well_at is None:
                new.well_at, new.failures = old.well_at, new.failures + old.failures


def _job_of(row: asyncpg.Record, now: datetime) -> Job:
    should = timedelta(milliseconds=row["interval_milliseconds"], seconds=LATE_AFTER_SECONDS)
    return Job(
        name=row["name"],
        worker=row["worker"],
        interval_milliseconds=row["interval_milliseconds"],
        began_at=row["began_at"],
        ended_at=row["ended_at"],
        milliseconds=row["milliseconds"],
        did=row["did"],
        runs=row["runs"],
        last_well_at=row["last_well_at"],
        last_useful_at=row["last_useful_at"],
        failures=row["failures"],
        failure=row["failure"],
        noted_at=row["noted_at"],
        is_late=now - row["ended_at"] > should,
    )
