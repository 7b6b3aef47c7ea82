"""The world that every measurement runs in: a fresh database, organizations with funds, a rate deck, a stream of calls.

The stream is the same for all: a call is authorised, charged once in mid-call and ended, so that a third of the
operations are of each kind. Which organization a call belongs to follows the run's shape: one hot organization, all
alike, or Zipf's law.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Final

from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.core.commands import AssignRateDeck, GrantPromotion, Service
from commcredits.core.tariffs import Rate
from commcredits.storage.committer import Committer
from commcredits.storage.connection import Connection, open_pool
from commcredits.storage.decks import publish_deck
from commcredits.storage.identifiers import IdentifierSource
from commcredits.storage.organizations import OrganizationRecord, insert_organization
from commcredits.storage.rosters import changing_roster

SHARD_ID: Final = 0
ORGANIZATIONS: Final = 10_000
SHAPES: Final = ("one hot organization", "10,000 organizations alike", "10,000 organizations, Zipf")
PEOPLE: Final = "one hot organization, with people"
"""Its calls belong to a user, and minutes of a pool pay for them until it is used up; then credits do."""

USERS: Final = 1_000
CALLER: Final = "+40212345678"
CALLEE: Final = "+40722123456"
UPDATE_SECONDS: Final = 2
END_SECONDS: Final = 5

_FUNDS_MICROS: Final = 10_000_000_000
_ZIPF_EXPONENT: Final = 1.0
_PICKS_AT_ONCE: Final = 100_000
_LOG_FILES: Final = 120
"""Of 16 MB each: what the server may write between two checkpoints, near enough."""

_SEED: Final = 20261122


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was set up: the organizations' ids, funded and priced."""

    database_url: str
    organization_ids: tuple[str, ...]
    rate_deck_id: str
    new_id: IdentifierSource


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def new_committer(database_url: str, new_id: IdentifierSource) -> Committer:
    """A committer with the operator's default settings."""
    return Committer(
        database_url=database_url,
        shard_id=SHARD_ID,
        clock=now,
        new_id=new_id,
        charging=ChargingTerms(),
        funding=FundingTerms(top_up_minimum_micros={}),
    )


async def set_up(connection: Connection, database_url: str) -> World:
    """Publish a deck, open the organizations and give each plenty of funds."""
    new_id = IdentifierSource()
    rate_deck_id = new_id()
    opened_at = now()
    await publish_deck(
        connection,
        SHARD_ID,
        rate_deck_id=rate_deck_id,
        name="Benchmark",
        currency="EUR",
        rates=_rates(opened_at),
        published_at=opened_at,
    )
    organization_ids = tuple(new_id() for _ in range(ORGANIZATIONS))
    for organization_id in organization_ids:
        record = OrganizationRecord(
            organization_id=organization_id,
            name="Benchmark",
            country="RO",
            currency="EUR",
            minor_digits=2,
            time_zone="Europe/Bucharest",
            language="en",
            created_at=opened_at,
        )
        await insert_organization(connection, SHARD_ID, record)
    await connection.execute(
        Path(__file__).with_name("sql").joinpath("people.sql").read_text("utf-8"),
        *(SHARD_ID, organization_ids[-1], [new_id() for _ in range(USERS)], CALLER, opened_at),
    )
    async with (
        await open_pool(database_url, min_size=1, max_size=1, application_name="bench") as pool,
        changing_roster(pool, SHARD_ID, organization_ids[-1]),
    ):
        pass  # counts the licences of those who were just written
    await _run_through_the_log(connection)
    return World(database_url=database_url, organization_ids=organization_ids, rate_deck_id=rate_deck_id, new_id=new_id)


async def _run_through_the_log(connection: Connection) -> None:
    """Have the server make the files of its log now: one that has run for a while uses those it has again.

    To make one takes 30 ms in which nothing is committed, and a measurement here would need two of them a second.
    """
    for _ in range(_LOG_FILES):
        await connection.execute("select pg_logical_emit_message(false, 'bench', '')")
        await connection.execute("select pg_switch_wal()")
    await connection.execute("checkpoint")


def funding_commands(world: World) -> Iterator[AssignRateDeck | GrantPromotion]:
    """The commands that price and fund every organization."""
    expires_at = now() + timedelta(days=365)
    for organization_id in world.organization_ids:
        yield AssignRateDeck(
            organization_id=organization_id,
            command_id="deck",
            rate_deck_id=world.rate_deck_id,
            rate_deck_currency="EUR",
        )
        yield GrantPromotion(
            organization_id=organization_id,
            command_id="funds",
            amount_micros=_FUNDS_MICROS,
            expires_at=expires_at,
            reason="benchmark",
        )


def organizations_of(world: World, shape: str) -> Iterator[str]:
    """An endless stream of organization ids in this shape, the same at every run."""
    ids = world.organization_ids
    if shape in (SHAPES[0], PEOPLE):
        while True:
            yield ids[0] if shape == SHAPES[0] else ids[-1]
    picker = random.Random(_SEED)
    weights = None
    if shape == SHAPES[2]:
        weights = list(accumulate(1 / rank**_ZIPF_EXPONENT for rank in range(1, len(ids) + 1)))
    while True:
        yield from picker.choices(ids, cum_weights=weights, k=_PICKS_AT_ONCE)


def _rates(effective_from: datetime) -> list[Rate]:
    """Enough prefixes for a look-up to be a real one."""
    prefixes = [str(prefix) for prefix in (*range(1, 10), *range(20, 100), *range(400, 410), *range(4070, 4080))]
    return [
        Rate(
            prefix=prefix,
            destination=f"Prefix {prefix}",
            service=Service.OUTBOUND,
            price_per_minute_micros=6_000,
            connection_fee_micros=0,
            first_increment_seconds=30,
            next_increment_seconds=6,
            effective_from=effective_from - timedelta(days=1),
        )
        for prefix in prefixes
    ]
