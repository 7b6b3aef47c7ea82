"""A small world for attacks on the committer: organizations with funds, one rate deck, committers, and their books.

Knows how the parts are put together and how money is counted from the rows alone. Refuses to know what is attacked.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.core.commands import (
    AssignRateDeck,
    Authorise,
    Command,
    End,
    GrantPromotion,
    RequestTopUp,
    Service,
    Start,
    Update,
)
from commcredits.core.outcomes import Done, Ended, Granted, LotGranted, Outcome, RefusalCode, Refused
from commcredits.core.tariffs import Rate
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from commcredits.storage.connection import Connection, connect
from commcredits.storage.decks import publish_deck
from commcredits.storage.embedded_host import until
from commcredits.storage.identifiers import IdentifierSource
from commcredits.storage.organizations import OrganizationRecord, insert_organization

SHARD = 0
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
A_YEAR = timedelta(days=365)
CALLER = "+40722000001"
CALLEE = "+442079460000"
SECOND_MICROS = 10_000
"""What a second to CALLEE costs: 0.60 a minute, by the second, without a connection fee."""
COMMITTER_NAME = "commcredits-committer"
WAIT_SECONDS_MAX = 30
FUNDING = FundingTerms(top_up_minimum_micros={})

new_id = IdentifierSource()


class Clock:
    """An instant that stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        """Let time pass: ``clock.advance(seconds=30)``."""
        self.now += timedelta(**duration)


@dataclass(kw_only=True)
class World:
    """One database, a connection of the test's own to it, and the clock of every committer opened here."""

    url: str
    database: Connection
    rate_deck_id: str = ""
    clock: Clock = field(default_factory=Clock)
    charging: ChargingTerms = field(default_factory=ChargingTerms)

    def new_committer(self, terms: CommitterTerms | None = None, *, url: str = "") -> Committer:
        """A committer that nobody runs yet."""
        return Committer(
            database_url=url or self.url,
            shard_id=SHARD,
            clock=self.clock,
            new_id=new_id,
            charging=self.charging,
            funding=FUNDING,
            terms=terms,
        )

    @asynccontextmanager
    async def committer(self, terms: CommitterTerms | None = None, *, url: str = "") -> AsyncIterator[Committer]:
        """A committer that runs; at the end it is closed, and must have run without an error."""
        committer = self.new_committer(terms, url=url)
        running = asyncio.create_task(committer.run())
        try:
            yield committer
        finally:
            await committer.close()
            await running

    async def open_organizations(self, count: int, *, funds_micros: int = 0) -> list[str]:
        """Ids of new organizations, in rising order, each with one lot of that amount (none for 0)."""
        opened = [await self._insert_organization() for _ in range(count)]
        async with self.committer() as committer:
            outcomes = await execute_all(
                committer,
                [assign_deck(organization_id, self.rate_deck_id) for organization_id in opened]
                + [grant(organization_id, funds_micros) for organization_id in opened if funds_micros],
            )
        assert all(isinstance(outcome, Done | LotGranted) for outcome in outcomes), outcomes
        return opened

    async def open_organization(self, *, funds_micros: int = 0) -> str:
        """The id of a new organization with one lot of that amount (none for 0)."""
        (organization_id,) = await self.open_organizations(1, funds_micros=funds_micros)
        return organization_id

    async def publish_deck(self, *, second_micros: int = SECOND_MICROS) -> str:
        """The id of a new deck with one rate, for CALLEE, by the second."""
        rate_deck_id = new_id()
        rate = Rate(
            prefix="44",
            destination="United Kingdom",
            service=Service.OUTBOUND,
            price_per_minute_micros=60 * second_micros,
            connection_fee_micros=0,
            first_increment_seconds=1,
            next_increment_seconds=1,
            effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        )
        await publish_deck(
            self.database,
            SHARD,
            rate_deck_id=rate_deck_id,
            name="Standard",
            currency="EUR",
            rates=[rate],
            published_at=self.clock.now,
        )
        return rate_deck_id

    async def _insert_organization(self) -> str:
        record = OrganizationRecord(
            organization_id=new_id(),
            name="Example",
            country="RO",
            currency="EUR",
            minor_digits=2,
            time_zone="Europe/Bucharest",
            language="ro",
            created_at=self.clock.now,
        )
        assert await insert_organization(self.database, SHARD, record)
        return record.organization_id

    async def amounts(self, organization_id: str) -> tuple[int, int]:
        """Posted and held of the account row, in millionths."""
        row = await self.database.fetchrow(
            "select posted_micros, held_micros from accounts where organization_id = $1", organization_id
        )
        assert row is not None
        return row["posted_micros"], row["held_micros"]

    async def call(self, session_id: str) -> dict[str, object] | None:
        """The row of the only call of that id, or None."""
        row = await self.database.fetchrow("select * from call_sessions where session_id = $1", session_id)
        return None if row is None else dict(row)

    async def count(self, table: str, condition: str = "true") -> int:
        """How many rows of a table meet a condition."""
        counted = await self.database.fetchval(f"select count(*) from {table} where {condition}")  # noqa: S608 - words of these tests
        return int(counted)

    async def blocked(self, *, on: str = "Lock") -> None:
        """Wait until a committer's connection waits for something of that type."""
        await eventually(lambda: self.are_blocked(1, on=on), f"no committer ever waited on {on}")

    async def are_blocked(self, number: int, *, on: str = "Lock") -> bool:
        """Whether that many connections of committers wait for something of that type."""
        blocked = await self.database.fetchval(
            """select count(*) from pg_stat_activity
            where datname = current_database() and application_name = $1
                and (wait_event_type = $2 or wait_event = $2)""",
            COMMITTER_NAME,
            on,
        )
        return bool(blocked == number)

    async def idle(self) -> None:
        """Wait until no connection of a committer has anything under way, given up by its committer or not."""
        await eventually(self._is_idle, "a committer's statement never ended")

    async def _is_idle(self) -> bool:
        return not await self.database.fetchval(
            """select exists (
                select from pg_stat_activity
                where datname = current_database() and application_name = $1 and state <> 'idle'
            )""",
            COMMITTER_NAME,
        )

    async def had_a_deadlock(self) -> bool:
        """Whether the server has broken a deadlock in this database; its statistics come a moment late."""
        query = "select deadlocks > 0 from pg_stat_database where datname = current_database()"
        return bool(await self.database.fetchval(query))

    async def end_committers(self) -> None:
        """End every committer's connection, from the server's side."""
        await self.database.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = $1""",
            COMMITTER_NAME,
        )

    @asynccontextmanager
    async def locked(self, *organization_ids: str) -> AsyncIterator[Connection]:
        """Hold these accounts' rows from another connection, in the order given."""
        holder = await connect(self.url, application_name="holder")
        try:
            async with holder.transaction():
                for organization_id in organization_ids:
                    await lock(holder, organization_id)
                yield holder
        finally:
            await holder.close()

    async def check_books(self) -> None:
        """Journal, lots, holds, calls and balances of every organization agree, by the rows alone."""
        query = Path(__file__).with_name("disagreements.sql").read_text("utf-8")
        assert [dict(row) for row in await self.database.fetch(query)] == []


@asynccontextmanager
async def open_world(url: str) -> AsyncIterator[World]:
    """The world of a fresh, migrated database, with one published deck."""
    opened = World(url=url, database=await connect(url, application_name="test"))
    try:
        opened.rate_deck_id = await opened.publish_deck()
        yield opened
    finally:
        await opened.database.close()


async def lock(connection: Connection, organization_id: str) -> None:
    """Lock one account's row until the connection's transaction ends."""
    await connection.execute("select from accounts where organization_id = $1 for update", organization_id)


async def eventually(condition: Callable[[], Awaitable[bool]], complaint: str) -> None:
    """Wait until a condition of the database holds; AssertionError with the complaint when it never does."""
    give_up_at = asyncio.get_running_loop().time() + WAIT_SECONDS_MAX
    while not await condition():
        assert asyncio.get_running_loop().time() < give_up_at, complaint
        await asyncio.sleep(0.005)


async def breathe() -> None:
    """Let a committer get on with what it can do now. No test rests on its having done anything."""
    await asyncio.sleep(0.02)


async def soon(condition: Callable[[], bool], complaint: str) -> None:
    """Wait until a condition of this process holds; AssertionError with the complaint when it never does."""
    assert await until(condition, seconds_max=WAIT_SECONDS_MAX), complaint


def submit_all(committer: Committer, commands: Iterable[Command]) -> list[asyncio.Future[Outcome]]:
    """Submit commands in one breath, so that they meet in one batch; their answers to come.

    A second answer to one command raises in its callback: the committer logs it, and ``answered_once`` finds it.
    """
    return [_submit(committer, command) for command in commands]


def _submit(committer: Committer, command: Command) -> asyncio.Future[Outcome]:
    answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    committer.submit(command, answered.set_result)
    return answered


async def execute_all(committer: Committer, commands: Iterable[Command]) -> list[Outcome]:
    """The outcomes of commands that meet in one batch."""
    return await asyncio.wait_for(asyncio.gather(*submit_all(committer, commands)), WAIT_SECONDS_MAX)


# ---- commands


def authorise(organization_id: str, session_id: str, *, slice_seconds: int = 60, callee: str = CALLEE) -> Authorise:
    """May this call be made? By default for a minute, which costs 0.60."""
    return Authorise(
        organization_id=organization_id,
        session_id=session_id,
        service=Service.OUTBOUND,
        caller=CALLER,
        callee=callee,
        slice_seconds=slice_seconds,
    )


def start(organization_id: str, session_id: str) -> Start:
    """The call was answered."""
    return Start(organization_id=organization_id, session_id=session_id)


def update(organization_id: str, session_id: str, number: int, used_seconds: int) -> Update:
    """So much was used; another minute, please."""
    return Update(
        organization_id=organization_id,
        session_id=session_id,
        request_number=number,
        used_seconds=used_seconds,
        slice_seconds=60,
    )


def end(organization_id: str, session_id: str, used_seconds: int, *, cause: str = "normal") -> End:
    """The call is over."""
    return End(organization_id=organization_id, session_id=session_id, used_seconds=used_seconds, cause=cause)


def grant(
    organization_id: str, amount_micros: int, *, command_id: str = "", expires_at: datetime = NOON + A_YEAR
) -> GrantPromotion:
    """Add promotional funds, which live for a year unless said otherwise."""
    return GrantPromotion(
        organization_id=organization_id,
        command_id=command_id or new_id(),
        amount_micros=amount_micros,
        expires_at=expires_at,
        reason="welcome",
    )


def request_top_up(
    organization_id: str, *, command_id: str = "", amount_micros: int = 50_000_000, payment_method: str = "card"
) -> RequestTopUp:
    """Buy funds by hand."""
    return RequestTopUp(
        organization_id=organization_id,
        command_id=command_id or new_id(),
        amount_micros=amount_micros,
        payment_method=payment_method,
    )


def assign_deck(organization_id: str, rate_deck_id: str, *, command_id: str = "") -> AssignRateDeck:
    """Price the organization's calls by that deck."""
    return AssignRateDeck(
        organization_id=organization_id,
        command_id=command_id or new_id(),
        rate_deck_id=rate_deck_id,
        rate_deck_currency="EUR",
    )


# ---- answers


def is_refused(outcome: Outcome, code: RefusalCode) -> bool:
    """Whether the answer is this refusal."""
    return isinstance(outcome, Refused) and outcome.code is code


def codes(outcomes: Iterable[Outcome]) -> list[str]:
    """Answers in a word each: the refusal's code, or the name of the outcome in lower case."""
    return [
        outcome.code.value if isinstance(outcome, Refused) else type(outcome).__name__.lower() for outcome in outcomes
    ]


def granted(outcome: Outcome) -> Granted:
    """The answer, which must be a grant."""
    assert isinstance(outcome, Granted), outcome
    return outcome


def ended(outcome: Outcome) -> Ended:
    """The answer, which must be the end of a call."""
    assert isinstance(outcome, Ended), outcome
    return outcome


def held_micros(outcomes: Sequence[Outcome]) -> int:
    """What all grants among the answers hold together."""
    return sum(outcome.held_micros for outcome in outcomes if isinstance(outcome, Granted))
