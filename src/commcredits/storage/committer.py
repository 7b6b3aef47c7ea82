"""The optimistic group committer: the only way in which accounts are written.

Knows how commands become one batch, one statement and one commit, and that nobody is answered before that. Refuses to
decide about money: ``commcredits.core.decide`` does. Decision record 0003 tells why it has this shape.

Everything that waits is taken at once; while one batch commits, the next one gathers, and once enough of it is there
it is decided ahead, on top of what the batch under way will leave. It is sent only when that batch has committed whole;
otherwise its decisions are thrown away, unseen by anybody. An organization whose version has moved is loaded again
under lock and decided again; the others of its batch stand. A lost connection's batch is resolved before anything of it
is decided again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, Final

import asyncpg
import structlog

from commcredits.core.account import ChargingTerms, Context, FundingTerms
from commcredits.core.commands import Command
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.core.tariffs import RateDeck
from commcredits.storage import committer_terms
from commcredits.storage.batch import Batch
from commcredits.storage.cache import AccountCache, Entry
from commcredits.storage.committer_terms import AHEAD_PAUSE_BATCHES, AHEAD_SHARE, CommitterTerms
from commcredits.storage.connection import Connection
from commcredits.storage.deciding import OrganizationResult, Preloaded, Round, decide_organization, lay_down
from commcredits.storage.link import CONTENDED, LOST, POISONED, Link
from commcredits.storage.pending import Pending, answer_all, group, unanswered
from commcredits.storage.preloading import needs_no_reading, read_what_is_needed
from commcredits.storage.warming import Warmer

_RETRY_PAUSE_SECONDS: Final = 0.1


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
        self._shard_id = shard_id
        self._clock = clock
        self._new_id = new_id
        self._charging = charging
        self._funding = funding
        self._terms = terms or CommitterTerms()
        self._queue: list[Pending] = []
        self._taken: list[Pending] = []
        self._ahead: Round | None = None
        self._ahead_pause = 0
        self._wake_at = 1
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._outage = False
        self._link = Link(database_url)
        self._cache = AccountCache(
            accounts_max=self._terms.cached_accounts_max, ended_sessions_max=self._terms.cached_ended_sessions_max
        )
        self._decks: dict[str, RateDeck] = {}
        self._warmer = Warmer(link=Link(database_url), read=self._read, cache=self._cache, give_back=self._put_first)
        self._log = structlog.get_logger("committer")

    def submit(self, command: Command, callback: Callable[[Outcome], None]) -> None:
        """Queue a command; ``callback`` gets its outcome once that is durable. Never raises; "busy" comes at once."""
        waiting = len(self._queue) + len(self._warmer)
        if self._closing or waiting >= self._terms.queue_commands_max:
            Pending(command, callback).answer(Refused(code=RefusalCode.BUSY, facts={"waiting": waiting}))
            return
        self._queue.append(Pending(command, callback))
        if len(self._queue) >= self._wake_at:
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
                ahead, self._ahead = self._ahead, None
                if ahead is not None:
                    self._taken = ahead.pending
                    await self._process(ahead.pending, ahead)
                    self._warmer.go_on()
                    continue
                if not self._queue:
                    if not self._warmer:
                        self._idle.set()
                        if self._closing:
                            return
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                self._idle.clear()
                self._taken = self._take_share()
                if self._taken:
                    await self._process(self._taken)
                    self._warmer.go_on()
        finally:
            self._closing = True
            # Cut short, it leaves a batch whose outcome is unknown: "busy" says that the same may be sent again.
            self._drop_ahead()
            answer_all([*self._taken, *self._warmer.stop(), *self._queue], Refused(code=RefusalCode.BUSY))
            self._queue.clear()
            self._link.drop()
            self._idle.set()

    def _take_share(self) -> list[Pending]:
        """The next batch's commands: all that wait, or a share where the others can be decided meanwhile."""
        count = self._terms.batch_share(len(self._queue)) if self._ahead_pause == 0 else self._terms.batch_commands_max
        taken, self._queue[:count] = self._queue[:count], []
        return self._warmer.take_cold(taken)

    def _put_first(self, pending: list[Pending]) -> None:
        """Commands that what they need was read for: they came before all that wait in the queue."""
        self._queue[:0] = pending
        self._wake.set()

    async def close(self) -> None:
        """Refuse new commands, finish those that wait."""
        self._closing = True
        if self._queue or self._warmer:
            self._idle.clear()  # submitted in the same breath: run() has not seen it yet
        self._wake.set()
        await self._idle.wait()

    async def _process(self, pending: list[Pending], decided: Round | None = None) -> None:
        """Decide these commands, unless that is done, and commit them, whatever it takes; answer each exactly once."""
        try:
            unmatched = await self._attempt(pending, locked=False, decided=decided)
            for _round in range(committer_terms.REDO_ROUNDS_MAX):
                if not unmatched:
                    return
                unmatched = await self._attempt(unmatched, locked=True)
        except _BatchPoisonedError as error:
            await self._halve([[each] for each in unanswered(pending)], error.__cause__)
        except asyncpg.PostgresError as error:
            await self._give_up(pending, error)
        except Exception as error:  # noqa: BLE001 - a bug must not stop the charging of everybody else
            await self._halve(list(group(unanswered(pending)).values()), error)
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
        for half in (suspects[:middle], suspects[middle:]):
            # Nothing is decided ahead of the other half, which came before all that waits in the queue.
            self._ahead_pause = AHEAD_PAUSE_BATCHES
            await self._process(list(chain.from_iterable(half)))

    async def _give_up(self, pending: Iterable[Pending], error: BaseException | None) -> None:
        """Say that these commands failed, and log why in full."""
        waiting = unanswered(pending)
        self._log.error("commands failed", commands=len(waiting), exc_info=error)
        self._forget(waiting)
        self._link.drop()
        answer_all(waiting, Refused(code=RefusalCode.INTERNAL_ERROR))

    async def _attempt(self, pending: list[Pending], *, locked: bool, decided: Round | None = None) -> list[Pending]:
        """One try at deciding and committing; returns the commands that must be decided again.

        Raises _BatchPoisonedError when the database refuses the data.
        """
        this = decided or Round(self._new_id(), pending, {}, [])
        again = pending
        try:
            connection = await self._link.connection()
            async with connection.transaction() if locked else contextlib.nullcontext():
                if decided is None:
                    await self._read_and_decide(connection, this, locked=locked)
                moved = await self._write(this, look_ahead=not locked) if this.results else frozenset()
            self._outage = False
            if not moved and not this.undecided:
                await self._send_ahead()
            again = [*this.undecided, *self._deliver(this.results, moved)]
        except POISONED as error:
            raise _BatchPoisonedError from error
        except CONTENDED:
            self._forget(pending)
            again = unanswered(pending)
        except LOST as error:
            self._drop_ahead()
            again = await self._survive(this.batch_id, pending, this.results, error)
        finally:
            if again:
                self._drop_ahead()
        return again

    async def _read(
        self, connection: Connection, groups: dict[str, list[Pending]], *, locked: bool = False
    ) -> tuple[dict[str, Entry], Preloaded, Context]:
        return await read_what_is_needed(
            connection, self._shard_id, self._cache, groups, self._decks, self._context, locked=locked
        )

    async def _read_and_decide(self, connection: Connection, this: Round, *, locked: bool) -> None:
        groups = group(this.pending)
        entries, preloaded, context = await self._read(connection, groups, locked=locked)
        for organization_id, waiting in groups.items():
            if organization_id not in entries:
                refused = Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": organization_id})
                answer_all(waiting, refused)
        self._decide(this, groups, entries, preloaded, context, locked=locked)

    def _decide(
        self,
        this: Round,
        groups: Mapping[str, list[Pending]],
        entries: Mapping[str, Entry],
        preloaded: Preloaded,
        context: Context,
        *,
        locked: bool,
    ) -> None:
        """Decide the commands of these organizations; the cache is left as the batch will leave the database."""
        for organization_id, entry in entries.items():
            waiting = groups[organization_id]
            result = decide_organization(entry, waiting, preloaded, context, locked=locked)
            if result is None:
                self._cache.forget(organization_id)
                this.undecided += unanswered(waiting)
                continue
            this.results[organization_id] = result
        batch = Batch(now=context.now, new_id=self._new_id)
        lay_down(this.results.values(), batch)
        this.parameters = batch.parameters(self._shard_id, this.batch_id)

    def _context(self) -> Context:
        """What a batch's decisions may look at, at this instant: its meters are chosen and decided at one time."""
        return Context(
            now=self._clock(),
            new_id=self._new_id,
            decks=self._decks,
            charging=self._charging,
            funding=self._funding,
        )

    async def _write(self, this: Round, *, look_ahead: bool) -> frozenset[str]:
        """Commit the batch, and decide the next one meanwhile.

        Returns the organizations whose version was not the one decided on.
        """
        writing = this.writing or self._send(this)
        try:
            if look_ahead and self._ahead_pause == 0:
                await self._look_ahead(this, writing)
            self._ahead_pause = max(0, self._ahead_pause - 1)
            rows = await writing
        finally:
            writing.cancel()
        return frozenset([str(row[0]) for row in rows])

    async def _look_ahead(self, this: Round, writing: asyncio.Future[list[asyncpg.Record]]) -> None:
        """Wait until enough commands are there or the batch is written; then decide those that need no reading."""
        self._wake_at = max(len(this.pending) // AHEAD_SHARE, 1)
        if len(self._queue) < self._wake_at:
            self._wake.clear()
        # Also when there is enough already: this is what sends the batch off before the deciding begins.
        await asyncio.sleep(0)
        enough = asyncio.ensure_future(self._wake.wait())
        waiting_for: set[asyncio.Future[Any]] = {writing, enough}
        await asyncio.wait(waiting_for, return_when=asyncio.FIRST_COMPLETED)
        enough.cancel()
        self._wake_at = 1
        if writing.done() or not self._queue:
            return
        taken = self._queue[: self._terms.batch_share(len(self._queue) + len(this.pending))]
        groups = group(taken)
        context = self._context()
        entries: dict[str, Entry] = {}
        for organization_id, waiting in groups.items():
            entry = None if self._warmer.holds(organization_id) else self._cache.get(organization_id)
            if entry is not None and needs_no_reading(entry, waiting, context):
                entries[organization_id] = entry
        if len(entries) < len(groups):
            unread = [each for each in taken if each.command.organization_id not in entries]
            left = self._warmer.take(unread, in_hand=self._taken)
            self._queue[: len(taken)] = left
            if left:
                self._ahead_pause = 2  # this batch and the next: then those that need reading here have their turn
            taken = [each for each in taken if each.command.organization_id in entries]
        else:
            self._queue[: len(taken)] = []
        if not entries:
            return
        self._ahead = Round(self._new_id(), taken, {}, [])
        self._decide(self._ahead, groups, entries, Preloaded(), context, locked=False)

    async def _send_ahead(self) -> None:
        """Send what was decided ahead before anybody is told of the batch before it: the database need not wait."""
        if self._ahead is not None and self._ahead.results:
            self._ahead.writing = self._send(self._ahead)
            await asyncio.sleep(0)  # this is what sends it off

    def _send(self, this: Round) -> asyncio.Future[list[asyncpg.Record]]:
        writing = asyncio.ensure_future(self._link.write(this.parameters))
        # Whoever waits for it is told what went wrong; should nobody wait any more, it is known already.
        writing.add_done_callback(lambda written: written.cancelled() or written.exception())
        return writing

    def _drop_ahead(self) -> None:
        """What was decided ahead rests on a batch that is not what it was taken for: its commands wait again."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            self._ahead_pause = AHEAD_PAUSE_BATCHES
            self._forget(ahead.pending)
            self._queue[:0] = unanswered(ahead.pending)

    def _deliver(self, results: Mapping[str, OrganizationResult], moved: frozenset[str]) -> list[Pending]:
        again: list[Pending] = []
        for organization_id, result in results.items():
            if organization_id in moved:
                self._cache.forget(organization_id)
                again.extend(result.waiting)
                continue
            result.tell()
            for session_id, session in result.sessions.items():
                if not session.is_live:
                    self._cache.note_ended(result.entry, session_id)
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
            self._link.drop()
            try:
                written = await self._link.resolve(self._shard_id, batch_id, list(results))
            except LOST:
                if loop.time() < give_up_at:
                    await asyncio.sleep(_RETRY_PAUSE_SECONDS)
                    continue
                self._outage = True
                busy = Refused(code=RefusalCode.BUSY, facts={"waiting": len(self._queue)})
                answer_all(pending, busy)
                answer_all(self._queue, busy)
                self._queue.clear()
                return []
            self._log.info("batch resolved", organizations=len(results), written=len(written))
            self._deliver(results, frozenset(results) - written)
            return unanswered(pending)

    def _forget(self, pending: Iterable[Pending]) -> None:
        for each in pending:
            self._cache.forget(each.command.organization_id)
