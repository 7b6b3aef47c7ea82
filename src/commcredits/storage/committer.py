"""The optimistic group committer: the only way in which accounts are written.

Knows how commands become one batch, one statement and one commit, and that nobody is answered before that. Refuses to
decide about money: ``commcredits.core.decide`` does. Decision record 0003 tells why it has this shape.

Everything that waits is taken at once; while one batch commits, the next one gathers. An organization whose version has
moved is loaded again under lock and decided again; the others of its batch stand. A lost connection's batch is resolved
before anything of it is decided again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

import asyncpg
import structlog

from commcredits.core.account import ChargingTerms, Context, FundingTerms
from commcredits.core.commands import Command
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.core.tariffs import RateDeck
from commcredits.storage.batch import Batch
from commcredits.storage.cache import ACCOUNTS_MAX, ENDED_SESSIONS_MAX, AccountCache
from commcredits.storage.connection import Connection, DatabaseUnreachableError, connect, load_statement
from commcredits.storage.deciding import OrganizationResult, Pending, decide_organization, group
from commcredits.storage.preloading import load_entries, load_missing_decks, preload

BATCH_COMMANDS_MAX: Final = 4_000
"""Most commands in one batch: bounds its memory, its locks and how long the first one waits."""

QUEUE_COMMANDS_MAX: Final = 20_000
"""Most commands that may wait; one more is answered "busy" at once."""

REDO_ROUNDS_MAX: Final = 100
"""How often a batch is redone under lock before the committer takes it for a bug; once is the rule."""

OUTAGE_SECONDS_MAX: Final = 5.0
"""How long waiting commands are kept while the database does not answer; then they are answered "busy"."""

_RETRY_PAUSE_SECONDS: Final = 0.1

CONNECTION_SETTINGS: Final = {
    "synchronous_commit": "on",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "enable_memoize": "off",
    "jit": "off",
}
"""How a committer's connection plans and commits."""

# What the driver raises when the connection is gone, or the server is going or no longer the primary: the batch's
# outcome is unknown.
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    DatabaseUnreachableError,
    OSError,
    TimeoutError,
)
# What PostgreSQL raises when two batches were in each other's way: decide the whole batch again.
_CONTENDED = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
# What one command's data can provoke: the batch is halved until that command stands alone.
_POISONED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitterTerms:
    """Limits of one committer; see the constants of this module and of the cache."""

    batch_commands_max: int = BATCH_COMMANDS_MAX
    queue_commands_max: int = QUEUE_COMMANDS_MAX
    outage_seconds_max: float = OUTAGE_SECONDS_MAX  # a duration of the machine, not money
    cached_accounts_max: int = ACCOUNTS_MAX
    cached_ended_sessions_max: int = ENDED_SESSIONS_MAX


class _BatchPoisonedError(Exception):
    """The database refused the data of a batch."""


class Committer:
    """One per process and shard. Start it with ``run()`` as a task; stop it with ``close()``."""

    def __init__(
        self,
        *,
        database_url: str,
        shard_id: int,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        charging: ChargingTerms,
        funding: FundingTerms,
        terms: CommitterTerms | None = None,
    ) -> None:
        self._database_url = database_url
        self._shard_id = shard_id
        self._clock = clock
        self._new_id = new_id
        self._charging = charging
        self._funding = funding
        self._terms = terms or CommitterTerms()
        self._queue: list[Pending] = []
        self._taken: list[Pending] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._outage = False
        self._connection: Connection | None = None
        self._statement: asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record] | None = None
        self._cache = AccountCache(
            accounts_max=self._terms.cached_accounts_max, ended_sessions_max=self._terms.cached_ended_sessions_max
        )
        self._decks: dict[str, RateDeck] = {}
        self._log = structlog.get_logger("committer")

    def submit(self, command: Command, callback: Callable[[Outcome], None]) -> None:
        """Queue a command; ``callback`` gets its outcome once that is durable. Never raises; "busy" comes at once."""
        if self._closing or len(self._queue) >= self._terms.queue_commands_max:
            Pending(command, callback).answer(Refused(code=RefusalCode.BUSY, facts={"waiting": len(self._queue)}))
            return
        self._queue.append(Pending(command, callback))
        self._wake.set()

    async def execute(self, command: Command) -> Outcome:
        """Submit a command and wait for its outcome."""
        answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.submit(command, lambda outcome: None if answered.done() else answered.set_result(outcome))
        return await answered

    async def run(self) -> None:
        """Commit batches until ``close()``; whatever was queued by then is still committed."""
        try:
            while True:
                if not self._queue:
                    self._idle.set()
                    if self._closing:
                        return
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                self._idle.clear()
                self._taken = self._queue[: self._terms.batch_commands_max]
                del self._queue[: self._terms.batch_commands_max]
                await self._process(self._taken)
        finally:
            self._closing = True
            # Cut short, it leaves a batch whose outcome is unknown: "busy" says that the same may be sent again.
            _answer_all([*self._taken, *self._queue], Refused(code=RefusalCode.BUSY))
            self._queue.clear()
            await self._disconnect()
            self._idle.set()

    async def close(self) -> None:
        """Refuse new commands, finish those that wait."""
        self._closing = True
        if self._queue:
            self._idle.clear()  # submitted in the same breath: run() has not seen it yet
        self._wake.set()
        await self._idle.wait()

    async def _process(self, pending: list[Pending]) -> None:
        """Decide and commit these commands, whatever it takes, and answer each exactly once."""
        try:
            unmatched = await self._attempt(pending, locked=False)
            for _round in range(REDO_ROUNDS_MAX):
                if not unmatched:
                    return
                unmatched = await self._attempt(unmatched, locked=True)
        except _BatchPoisonedError as error:
            await self._halve([[each] for each in _unanswered(pending)], error.__cause__)
        except asyncpg.PostgresError as error:
            await self._give_up(pending, error)
        except Exception as error:  # noqa: BLE001 - a bug must not stop the charging of everybody else
            await self._halve(list(group(_unanswered(pending)).values()), error)
        else:
            await self._give_up(unmatched, None)

    async def _halve(self, suspects: list[list[Pending]], error: BaseException | None) -> None:
        """Find the one whose data the database refuses, or whose rows cannot be read, so that it harms nobody else.

        Suspects are single commands in the first case, and in the second organizations with all of theirs.
        """
        if len(suspects) <= 1:
            await self._give_up(chain.from_iterable(suspects), error)
            return
        self._forget(chain.from_iterable(suspects))
        middle = len(suspects) // 2
        await self._process(list(chain.from_iterable(suspects[:middle])))
        await self._process(list(chain.from_iterable(suspects[middle:])))

    async def _give_up(self, pending: Iterable[Pending], error: BaseException | None) -> None:
        """Say that these commands failed, and log why in full."""
        unanswered = _unanswered(pending)
        self._log.error("commands failed", commands=len(unanswered), exc_info=error)
        self._forget(unanswered)
        await self._disconnect()
        _answer_all(unanswered, Refused(code=RefusalCode.INTERNAL_ERROR))

    async def _attempt(self, pending: list[Pending], *, locked: bool) -> list[Pending]:
        """One try at deciding and committing; returns the commands that must be decided again.

        Raises _BatchPoisonedError when the database refuses the data.
        """
        batch_id = self._new_id()
        results: dict[str, OrganizationResult] = {}
        try:
            connection = await self._connected()
            async with connection.transaction() if locked else contextlib.nullcontext():
                results, batch = await self._decide(connection, pending, locked=locked)
                matched = await self._write(batch, batch_id) if results else frozenset()
        except _POISONED as error:
            raise _BatchPoisonedError from error
        except _CONTENDED:
            self._forget(pending)
            return _unanswered(pending)
        except _LOST as error:
            return await self._survive(batch_id, pending, results, error)
        self._outage = False
        return self._deliver(results, matched)

    async def _decide(
        self, connection: Connection, pending: list[Pending], *, locked: bool
    ) -> tuple[dict[str, OrganizationResult], Batch]:
        groups = group(pending)
        entries = await load_entries(connection, self._shard_id, self._cache, groups, locked=locked)
        preloaded = await preload(connection, self._shard_id, groups, entries, locked=locked)
        await load_missing_decks(connection, self._shard_id, entries, preloaded.assigned, self._decks)
        context = Context(
            now=self._clock(),
            new_id=self._new_id,
            decks=self._decks,
            charging=self._charging,
            funding=self._funding,
        )
        batch = Batch(now=context.now, new_id=self._new_id)
        results: dict[str, OrganizationResult] = {}
        for organization_id, waiting in groups.items():
            entry = entries.get(organization_id)
            if entry is None:
                refused = Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": organization_id})
                _answer_all(waiting, refused)
                continue
            result = decide_organization(entry, waiting, preloaded, context, batch)
            if result is not None:
                results[organization_id] = result
        return results, batch

    async def _write(self, batch: Batch, batch_id: str) -> frozenset[str]:
        """Commit the batch; returns the organizations whose version was the one decided on."""
        assert self._statement is not None
        rows = await self._statement.fetch(*batch.parameters(self._shard_id, batch_id))
        return frozenset([str(row[0]) for row in rows])

    def _deliver(self, results: Mapping[str, OrganizationResult], matched: frozenset[str]) -> list[Pending]:
        again: list[Pending] = []
        for organization_id, result in results.items():
            if organization_id in matched:
                result.keep()
                for session_id, session in result.sessions.items():
                    if not session.is_live:
                        self._cache.note_ended(result.entry, session_id)
            else:
                self._cache.forget(organization_id)
                again.extend(pending for pending, _outcome in result.outcomes)
        return again

    async def _survive(
        self, batch_id: str, pending: list[Pending], results: Mapping[str, OrganizationResult], error: BaseException
    ) -> list[Pending]:
        """The connection is gone: find out what became of the batch, and return what must be decided again.

        What is known to have been written is answered as it was decided; a repetition would not do for everything: the
        right to take a top-up to the gateway is given once. When the database stays away, those who wait are told
        "busy": the same command may be sent again.
        """
        self._log.warning("database connection lost", reason=f"{type(error).__name__}: {error}")
        self._forget(pending)
        loop = asyncio.get_running_loop()
        patience = 0.0 if self._outage else self._terms.outage_seconds_max
        give_up_at = loop.time() + patience
        while True:
            await self._disconnect()
            try:
                connection = await self._connected()
                never = await connection.fetchval(load_statement("resolve_batch"), self._shard_id, batch_id)
                query = load_statement("written_by_batch")
                rows = await connection.fetch(query, self._shard_id, batch_id, list(results))
            except _LOST:
                if loop.time() < give_up_at:
                    await asyncio.sleep(_RETRY_PAUSE_SECONDS)
                    continue
                self._outage = True
                busy = Refused(code=RefusalCode.BUSY, facts={"waiting": len(self._queue)})
                _answer_all(pending, busy)
                _answer_all(self._queue, busy)
                self._queue.clear()
                return []
            self._log.info("batch resolved", committed=never is None, organizations=len(rows))
            self._deliver(results, frozenset([str(row[0]) for row in rows]))
            return _unanswered(pending)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            # One plan for every batch size, for planning this statement takes longer than running it; and a plan of
            # probes by key alone, for tables that look small when it is made will not stay so.
            connection = await connect(
                self._database_url,
                application_name="commcredits-committer",
                settings=CONNECTION_SETTINGS,
            )
            self._connection = connection
            try:
                self._statement = await connection.prepare(load_statement("commit_batch"))
            except BaseException:
                await self._disconnect()
                raise
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection, self._statement = self._connection, None, None
        if connection is not None:
            connection.terminate()

    def _forget(self, pending: Iterable[Pending]) -> None:
        for each in pending:
            self._cache.forget(each.command.organization_id)


def _unanswered(pending: Iterable[Pending]) -> list[Pending]:
    return [each for each in pending if not each.answered]


def _answer_all(pending: Iterable[Pending], outcome: Outcome) -> None:
    for each in pending:
        each.answer(outcome)
