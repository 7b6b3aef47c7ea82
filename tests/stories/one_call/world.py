"""The organization that a story is about, the parts that an edge is given, and what the ledger says in the end.

Knows the real database, a clock that stands, and everything of a ledger that may not depend on who told the story.
Refuses to know protocols.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import Expire, RecordCall, Service
from commcredits.core.covering import pool_minutes
from commcredits.core.outcomes import Done, Recorded
from commcredits.core.roster import BlockedKind, Licence
from commcredits.operations.blocks import BlockRecord, set_block
from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.licences import AssignmentReport, assign_licences, set_purchased
from commcredits.operations.numbers import NumberDirectory, PhoneNumber, add_number, assign_number
from commcredits.operations.switch_parts import SwitchParts
from commcredits.operations.tariffs import assign_rate_deck
from commcredits.operations.upkeep import reap_silent_sessions
from commcredits.operations.verify import verify_books
from commcredits.storage.committer import Committer
from tests.operations.colleagues import add
from tests.operations.office import HEADER, Office, new_id, open_office
from tests.stories.one_call.steps import OWN, RATES, ROMANIAN, SLICE_SECONDS, STRANGER
from tests.stories.one_call.variants import Variant

STRANGERS_NUMBER: Final = "+40311999999"
USER: Final = "front.desk@example.com"

_CALLS: Final = """
    select service, callee, state, case when state = 'refused' then cause else '' end as refusal, live,
        used_seconds, overrun_seconds, charged_micros, included_seconds
    from call_sessions where organization_id = $1
    order by service, callee, state, used_seconds, charged_micros, overrun_seconds
"""
_LOTS: Final = """
    select f.source, f.amount_micros, lot.free_micros, lot.held_micros
    from accounts a
    cross join unnest(a.lot_ids, a.lot_free_micros, a.lot_held_micros) as lot (lot_id, free_micros, held_micros)
    join fund_lots f on f.organization_id = a.organization_id and f.lot_id = lot.lot_id
    where a.organization_id = $1 order by lot.lot_id
"""
_ACCOUNT: Final = "select posted_micros, held_micros from accounts where organization_id = $1"
_JOURNAL: Final = """
    select source, target, reason, sum(amount_micros)::bigint as amount_micros
    from journal where organization_id = $1 group by source, target, reason order by source, target, reason
"""
_METERS: Final = """
    select case when key like 'pool:%' then key else split_part(key, ':', 1) end as key, used, held
    from meters where organization_id = $1 order by key, period
"""
_FLAGS: Final = "select kind, count(*) as count from call_flags where organization_id = $1 group by kind order by kind"
_NOTHING_RUNS: Final = "select count(*) from call_sessions where organization_id = $1 and live"

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCall:
    """What a call came to. Instants, ids and the cause of its end are left out: they are the switch's own."""

    service: str
    callee: str
    state: str
    refusal: str
    used_seconds: int
    overrun_seconds: int
    charged_micros: int
    pool_minutes: int
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything that must be equal, whoever told the story.

    ``account`` is what is posted and held, ``lots`` what is left and held of each, ``journal`` the sum of each kind of
    transfer, ``meters`` what pools and limits count, ``flags`` how many of each kind, ``discrepancies`` what
    verification finds wrong.
    """

    calls: tuple[LedgerCall, ...]
    account: Row
    lots: tuple[Row, ...]
    journal: tuple[Row, ...]
    meters: tuple[Row, ...]
    flags: Mapping[str, int]
    discrepancies: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One organization of an office, its number, and what somebody who is no switch does."""

    office: Office
    organization_id: str
    number: str

    async def parts(self, protocol: str) -> SwitchParts:
        """The parts of an edge that speaks this protocol: its own desk and looks, with the one committer."""
        services = self.office.services
        directory = NumberDirectory()
        await directory.load(services.pool, services.shard_id)
        committer = services.executor
        assert isinstance(committer, Committer)
        clock = self.office.clock
        return SwitchParts(
            desk=ChargingDesk(
                submitter=committer, directory=directory, pool=services.pool, shard_id=services.shard_id, clock=clock
            ),
            following=Following(
                pool=services.pool, shard_id=services.shard_id, protocol=protocol or "http", clock=clock
            ),
            services=services,
        )

    def number_of(self, name: str) -> str:
        """The number that a step's name of a caller stands for."""
        return {OWN: self.number, STRANGER: STRANGERS_NUMBER}.get(name, name)

    async def top_up(self, amount_micros: int) -> None:
        """Funds arrive."""
        await self.office.grant(self.organization_id, amount_micros)

    async def reap(self) -> None:
        """Close the calls whose switch went silent."""
        await reap_silent_sessions(self.office.services)

    async def settle(self) -> None:
        """Wait until everything that was handed to the committer so far is done, also what nobody waits for."""
        await self.office.execute(Expire(organization_id=self.organization_id, session_id="none", grant_number=1))

    async def calls_that_run(self) -> int:
        """How many calls of the organization may still use funds."""
        count: int = await self.office.services.pool.fetchval(_NOTHING_RUNS, self.organization_id)
        return count

    async def ledger(self) -> Ledger:
        """What the books say now."""
        pool, organization_id = self.office.services.pool, self.organization_id

        async def rows(statement: str) -> tuple[Row, ...]:
            return tuple(tuple(row) for row in await pool.fetch(statement, organization_id))

        (account,) = await rows(_ACCOUNT)
        return Ledger(
            calls=tuple(_call_of(row) for row in await pool.fetch(_CALLS, organization_id)),
            account=account,
            lots=await rows(_LOTS),
            journal=await rows(_JOURNAL),
            meters=await rows(_METERS),
            flags={row["kind"]: row["count"] for row in await pool.fetch(_FLAGS, organization_id)},
            discrepancies=(await verify_books(self.office.services)).discrepancies,
        )


@asynccontextmanager
async def open_one_office(database_url: str) -> AsyncIterator[Office]:
    """An office whose grants are for SLICE_SECONDS."""
    async with open_office(database_url, charging=ChargingTerms(slice_seconds=SLICE_SECONDS)) as office:
        yield office


async def open_world(office: Office, variant: Variant, *, number: str) -> World:
    """A new organization with this number, as the variant wants it."""
    organization = await office.organization(name=number)
    world = World(office=office, organization_id=organization.organization_id, number=number)
    if variant.funds_micros:
        await world.top_up(variant.funds_micros)
    deck = await office.deck(content=f"{HEADER}\n{RATES}".encode())
    assigned = await assign_rate_deck(
        office.services,
        organization_id=world.organization_id,
        command_id=new_id(),
        rate_deck_id=deck.rate_deck_id,
    )
    assert isinstance(assigned, Done), assigned
    await _add_number(world)
    if variant.people:
        await _hire(world)
    if variant.pool_minutes_used:
        await _use_minutes(world, variant.pool_minutes_used)
    if variant.blocked:
        blocked = await set_block(
            office.services,
            organization_id=world.organization_id,
            command_id=new_id(),
            kind=BlockedKind.DESTINATION,
            subject="GB",
        )
        assert isinstance(blocked, BlockRecord), blocked
    return world


async def _add_number(world: World) -> None:
    added = await add_number(
        world.office.services,
        organization_id=world.organization_id,
        number=world.number,
        kind="user",
        display_name="",
    )
    assert isinstance(added, PhoneNumber), added


async def _hire(world: World) -> None:
    """A user who has the number, 120 minutes a month, and credits after those."""
    services, organization_id = world.office.services, world.organization_id
    await add(world.office, organization_id, USER.partition("@")[0])
    bought = await set_purchased(
        services, organization_id=organization_id, licence=Licence.DOMESTIC_120, country="RO", quantity=1
    )
    assert isinstance(bought, Done), bought
    licences = [Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS]
    report = await assign_licences(services, organization_id=organization_id, users=[USER], licences=licences)
    assert isinstance(report, AssignmentReport), report
    assert report.written
    assigned = await assign_number(
        services, organization_id=organization_id, number=world.number, purpose="person", user=USER
    )
    assert isinstance(assigned, PhoneNumber), assigned


async def _use_minutes(world: World, minutes: int) -> None:
    """A call of so many minutes has been made before."""
    recorded = await world.office.execute(
        RecordCall(
            organization_id=world.organization_id,
            record_id="earlier",
            service=Service.OUTBOUND,
            caller=world.number,
            callee=ROMANIAN,
            started_at=world.office.clock.now - timedelta(hours=3),
            duration_seconds=minutes * 60,
        )
    )
    assert isinstance(recorded, Recorded), recorded
    assert recorded.pool_minutes == minutes


def _call_of(row: asyncpg.Record) -> LedgerCall:
    return LedgerCall(
        service=row["service"],
        callee=row["callee"],
        state=row["state"],
        refusal=row["refusal"],
        used_seconds=row["used_seconds"],
        overrun_seconds=row["overrun_seconds"],
        charged_micros=row["charged_micros"],
        pool_minutes=pool_minutes(row["included_seconds"], row["used_seconds"]),
        live=row["live"],
    )
