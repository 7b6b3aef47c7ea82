"""The parts that operations work with, over a fresh database and a clock that stands.

Knows how the parts are put together, and the shortest way to an organization that can call. Refuses to know what is
tested.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from commcredits.core.access import SYSTEM
from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.core.commands import Authorise, Command, End, GrantPromotion, Service, Start
from commcredits.core.outcomes import Done, Ended, Granted, LotGranted, Outcome, Refused, Started
from commcredits.operations.organizations import Organization, open_organization
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo, assign_rate_deck, publish_rate_deck
from commcredits.storage.committer import Committer
from commcredits.storage.connection import open_pool
from commcredits.storage.identifiers import IdentifierSource

SHARD = 0
WAIT_SECONDS_MAX = 30
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALLER = "+40722000001"
CALLEE = "+442079460000"
HEADER = (
    "prefix,destination,service,price_per_minute,connection_fee,"
    "first_increment,next_increment,effective_from,effective_to"
)
DECK = f"{HEADER}\n44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,\n".encode()
"""One rate: 0.60 a minute, by the second, so that a second costs 10,000 millionths."""

T = TypeVar("T")
new_id = IdentifierSource()


class Clock:
    """An instant that stands still until a test moves it, or lets it go."""

    def __init__(self, now: datetime = NOON) -> None:
        self._set_to = now
        self._going_since: float | None = None

    def __call__(self) -> datetime:
        return self.now

    @property
    def now(self) -> datetime:
        """What it shows."""
        if self._going_since is None:
            return self._set_to
        return self._set_to + timedelta(seconds=time.monotonic() - self._going_since)

    @now.setter
    def now(self, instant: datetime) -> None:
        self._set_to = instant
        if self._going_since is not None:
            self._going_since = time.monotonic()

    def go(self) -> None:
        """From now on go as fast as any other, from wherever it stands."""
        self._going_since = time.monotonic()

    def advance(self, **duration: float) -> None:
        """Let time pass: ``clock.advance(seconds=30)``."""
        self.now += timedelta(**duration)


@dataclass(kw_only=True)
class Office:
    """Services over one database, and the clock that they all read."""

    services: Services
    clock: Clock
    _decks: dict[str, RateDeckInfo] = field(default_factory=dict)

    async def execute(self, command: Command) -> Outcome:
        """The outcome of a command, once it is durable."""
        return await self.services.executor.execute(command)

    async def organization(self, name: str = "Example", **fields: str) -> Organization:
        """A new organization without funds."""
        content = {"country": "RO", "currency": "EUR", "time_zone": "Europe/Bucharest", "language": "ro", **fields}
        opened = await open_organization(self.services, command_id=new_id(), name=name, **content)
        assert isinstance(opened, Organization), opened
        return opened

    async def calling_organization(self, *, funds_micros: int = 50_000_000, **fields: str) -> str:
        """The id of a new organization with one promotional lot of a year and a rate deck in its currency."""
        organization = await self.organization(**fields)
        await self.grant(organization.organization_id, funds_micros)
        await self.assign_deck(organization)
        return organization.organization_id

    async def grant(self, organization_id: str, amount_micros: int, *, days: int = 365) -> str:
        """The id of a new promotional lot that expires after so many days."""
        command = GrantPromotion(
            organization_id=organization_id,
            command_id=new_id(),
            amount_micros=amount_micros,
            expires_at=self.clock.now + timedelta(days=days),
            reason="test",
        )
        return _as(LotGranted, await self.execute(command)).lot_id

    async def deck(self, currency: str = "EUR", content: bytes = DECK) -> RateDeckInfo:
        """A new published deck."""
        published = await publish_rate_deck(
            self.services, command_id=new_id(), name="Standard", currency=currency, lines=[content]
        )
        assert isinstance(published, RateDeckInfo), published
        return published

    async def assign_deck(self, organization: Organization) -> None:
        """Price this organization's calls by the deck of its currency, published once."""
        if organization.currency not in self._decks:
            self._decks[organization.currency] = await self.deck(organization.currency)
        done = await assign_rate_deck(
            self.services,
            organization_id=organization.organization_id,
            command_id=new_id(),
            rate_deck_id=self._decks[organization.currency].rate_deck_id,
        )
        assert isinstance(done, Done), done

    async def authorise(self, organization_id: str, session_id: str, **fields: Any) -> Granted | Refused:
        """The answer to a call that asks to be made."""
        content = {"service": Service.OUTBOUND, "caller": CALLER, "callee": CALLEE, **fields}
        outcome = await self.execute(Authorise(organization_id=organization_id, session_id=session_id, **content))
        assert isinstance(outcome, Granted | Refused), outcome
        return outcome

    async def call(self, organization_id: str, session_id: str, seconds: int, **fields: Any) -> Ended:
        """A whole call: authorised, answered, over after that many seconds."""
        granted = await self.authorise(organization_id, session_id, **fields)
        assert isinstance(granted, Granted), granted
        _as(Started, await self.execute(Start(organization_id=organization_id, session_id=session_id)))
        return await self.end(organization_id, session_id, seconds)

    async def end(self, organization_id: str, session_id: str, seconds: int) -> Ended:
        """The end of a call after that many seconds."""
        command = End(organization_id=organization_id, session_id=session_id, used_seconds=seconds, cause="normal")
        return _as(Ended, await self.execute(command))


@asynccontextmanager
async def open_office(
    database_url: str, *, charging: ChargingTerms | None = None, funding: FundingTerms | None = None
) -> AsyncIterator[Office]:
    """Services with a committer that runs; at the end it must have run without an error."""
    clock = Clock()
    funding = funding or FundingTerms(top_up_minimum_micros={})
    committer = Committer(
        database_url=database_url,
        shard_id=SHARD,
        clock=clock,
        new_id=new_id,
        charging=charging or ChargingTerms(),
        funding=funding,
    )
    running = asyncio.create_task(committer.run())
    pool = await open_pool(database_url, min_size=1, max_size=4, application_name="operations")
    try:
        yield Office(
            services=Services(
                actor=SYSTEM,
                shard_id=SHARD,
                pool=pool,
                executor=committer,
                gateways={},
                clock=clock,
                new_id=new_id,
                funding=funding,
                charging=charging or ChargingTerms(),
            ),
            clock=clock,
        )
    finally:
        await committer.close()
        await running
        await pool.close()


async def soon(condition: Callable[[], bool]) -> None:
    """Wait until a condition of this process holds."""
    give_up_at = asyncio.get_running_loop().time() + WAIT_SECONDS_MAX
    while not condition():
        assert asyncio.get_running_loop().time() < give_up_at, "it never came true"
        await asyncio.sleep(0.005)


def _as(kind: type[T], outcome: Outcome) -> T:
    assert isinstance(outcome, kind), outcome
    return outcome
