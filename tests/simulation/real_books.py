"""The same world over real books: PostgreSQL, the committer, and every statement of the operations as it is.

Knows a thread whose event loop carries the database, for which the simulated world waits at each act. Refuses to
decide the order of anything: the seed does, as it does in memory.
"""

import asyncio
import re
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from types import MappingProxyType
from typing import Any, Final, TypeVar

from commcredits.core.access import SYSTEM
from commcredits.core.account import Account, ChargingTerms, FundingTerms
from commcredits.core.commands import Command
from commcredits.core.outcomes import Done, Outcome
from commcredits.core.purchases import TopUp
from commcredits.operations.organizations import Organization, open_organization
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo, assign_rate_deck, publish_rate_deck
from commcredits.operations.verify import Verification, verify_books
from commcredits.storage.codec import decode_facts
from commcredits.storage.committer import Committer
from commcredits.storage.connection import Pool, open_pool
from commcredits.storage.loading import load_accounts
from commcredits.storage.purchase_codec import top_up_of
from tests.simulation.ledger import Kept
from tests.simulation.world import SHARD, World

T = TypeVar("T")

WAIT_SECONDS_MAX: Final = 30
DECK: Final = (
    b"prefix,destination,service,price_per_minute,connection_fee,"
    b"first_increment,next_increment,effective_from,effective_to\n"
    b"44,United Kingdom,outbound,60,0,1,1,2020-01-01,\n"
)
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RealBooks:
    """A committer and a pool on a thread of their own. ``world`` is whose clock and ids they use."""

    def __init__(self, funding: FundingTerms) -> None:
        self.world: World | None = None
        self._funding = funding
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="database")
        self._pool: Pool
        self._committer: Committer
        self._running: asyncio.Task[None]
        self._services: Services
        self._deck: RateDeckInfo | None = None

    # ---- what a world asks of its books

    def open(self, *, time_zone: str) -> str:
        """The id of a new organization whose calls cost a unit a second."""
        return self.wait(self._open(time_zone))

    def commit(self, command: Command) -> Outcome:
        """The outcome of a command that is durable now."""
        return self.wait(self._committer.execute(command))

    def select(self, statement: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """The rows of a statement, in a transaction of its own."""
        return self.wait(self._pool.fetch(statement, *arguments))

    def is_settled(self) -> bool:
        """Whether no attempt and no refund is open, and no event waits."""
        rows = self.select(
            "select 1 from top_ups where state in ('due', 'sent', 'processing', 'action_required', 'unknown')"
            " union all select 1 from refunds where state in ('sent', 'processing', 'unknown')"
            " union all select 1 from gateway_events where state = 'waiting'",
            (),
        )
        return not rows

    # ---- what is looked at in the end

    def verify(self) -> Verification:
        """What the product's own verification finds."""
        return self.wait(verify_books(self._services))

    def told(self, organization_id: str) -> str:
        """All that is kept of an organization, as text in which ids are numbered in the order in which they appear."""
        return self.wait(self._told(organization_id))

    # ---- the thread

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Have the thread do it, and wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS_MAX)

    async def begin(self, url: str) -> None:
        """Connect, and let the committer run."""
        self._pool = await open_pool(url, min_size=1, max_size=2, application_name="simulation")
        self._committer = Committer(
            database_url=url,
            shard_id=SHARD,
            clock=self._clock,
            new_id=self._new_id,
            charging=ChargingTerms(),
            funding=self._funding,
        )
        self._running = asyncio.create_task(self._committer.run())
        self._services = Services(
            actor=SYSTEM,
            shard_id=SHARD,
            pool=self._pool,
            executor=self._committer,
            gateways=MappingProxyType({}),
            clock=self._clock,
            new_id=self._new_id,
            funding=self._funding,
        )

    async def end(self) -> None:
        """Commit what waits, and disconnect."""
        await self._committer.close()
        await self._running
        await self._pool.close()

    def start_thread(self) -> None:
        """Let the thread begin."""
        self._thread.start()

    def stop_thread(self) -> None:
        """Let the thread end."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS_MAX)
        self._loop.close()

    def _clock(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) if self.world is None else self.world.now

    def _new_id(self) -> str:
        assert self.world is not None, "books without a world need no ids"
        return self.world.new_id()

    async def _open(self, time_zone: str) -> str:
        if self._deck is None:
            published = await publish_rate_deck(
                self._services, command_id="deck", name="Standard", currency="EUR", lines=[DECK]
            )
            assert isinstance(published, RateDeckInfo), published
            self._deck = published
        opened = await open_organization(
            self._services,
            command_id=self._new_id(),
            name="Example",
            country="RO",
            currency="EUR",
            time_zone=time_zone,
            language="en",
        )
        assert isinstance(opened, Organization), opened
        done = await assign_rate_deck(
            self._services,
            organization_id=opened.organization_id,
            command_id="deck",
            rate_deck_id=self._deck.rate_deck_id,
        )
        assert isinstance(done, Done), done
        return opened.organization_id

    async def _told(self, organization_id: str) -> str:
        async with self._pool.acquire() as connection:
            account = (await load_accounts(connection, SHARD, [organization_id]))[organization_id].account
        return describe(
            account,
            [top_up_of(row) for row in await self._rows("top_ups", "top_up_id", organization_id)],
            [
                (row["source"], row["target"], row["amount_micros"], row["reason"], row["session_id"])
                for row in await self._rows("journal", "transfer_id", organization_id)
            ],
            [
                (row["kind"], decode_facts(row["facts"]))
                for row in await self._rows("notices", "notice_id", organization_id)
            ],
            [
                (row["state"], row["amount_micros"], row["tax_micros"], row["refusal"])
                for row in await self._rows("refunds", "refund_id", organization_id)
            ],
        )

    async def _rows(self, table: str, order: str, organization_id: str) -> list[Any]:
        statement = f"select * from {table} where shard_id = $1 and organization_id = $2 order by {order}"  # noqa: S608 - names of tables that this module writes
        return await self._pool.fetch(statement, SHARD, organization_id)


@contextmanager
def real_books(url: str, funding: FundingTerms) -> Iterator[RealBooks]:
    """Real books in that database; in the end nothing of them is left running."""
    books = RealBooks(funding)
    books.start_thread()
    try:
        books.wait(books.begin(url))
        try:
            yield books
        finally:
            books.wait(books.end())
    finally:
        books.stop_thread()


def told_in_memory(kept: Kept) -> str:
    """The same text of what is kept in memory."""
    return describe(
        kept.account,
        list(kept.top_ups.values()),
        [
            (each.source.value, each.target.value, each.amount_micros, each.reason.value, each.session_id)
            for each in kept.journal
        ],
        [(notice.kind.value, dict(notice.facts)) for notice in kept.notices.values()],
        [(each.state.value, each.amount_micros, each.tax_micros, each.refusal) for each in kept.refunds.values()],
    )


def describe(account: Account, top_ups: list[TopUp], *others: list[Any]) -> str:
    """Everything as lines of text, with ids numbered in the order in which they first appear."""
    lots = [(lot.terms, lot.free_micros, lot.held_micros) for lot in account.lots]
    lines = [str(each) for each in top_ups]
    lines += [str(each) for each in (*lots, account.recharge, account.owed_micros, account.open_top_ups)]
    for kind in others:
        lines += [str(each) for each in kind]
    numbers: dict[str, str] = {}
    return "\n".join(
        _ID.sub(lambda found: numbers.setdefault(found[0], f"id-{len(numbers) + 1}"), line) for line in lines
    )
