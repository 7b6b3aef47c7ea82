"""People of an organization whose committers are attacked: who they are, what they have, and what their calls leave.

Knows the one way in which people change, and how meters are counted from the calls alone. Refuses to know what is
attacked.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from commcredits.core.access import SYSTEM
from commcredits.core.commands import Authorise, CorrectCall, LiftBlock, RecordCall, Service
from commcredits.core.outcomes import Outcome, Recorded
from commcredits.core.roster import Licence, Limits, PartyKind, Roster
from commcredits.core.tariffs import Rate
from commcredits.operations.services import Services
from commcredits.operations.verify import verify_books
from commcredits.storage.connection import Pool, open_pool
from commcredits.storage.decks import publish_deck
from commcredits.storage.rosters import change_rules, changing_roster
from tests.storage.committer.world import CALLEE, FUNDING, NOON, SHARD, World, assign_deck, execute_all, new_id

DOMESTIC: Final = "+40316300000"
BRITISH: Final = CALLEE
STRANGER: Final = "+40722999999"
CREDITS: Final = Licence.COMMUNICATIONS_CREDITS
DOMESTIC_SECOND_MICROS: Final = 1_000
"""What a second to DOMESTIC costs once minutes are over: 0.06 a minute, by the second. BRITISH costs ten times that."""

_INSERT_PARTY: Final = """
insert into parties (
    shard_id, organization_id, party_id, kind, user_principal_name, display_name, usage_location, department, licences,
    toll_free_allowed, monthly_cap_micros, created_at
) values (0, $1, $2, $3, $4, $4, $5, $6, $7, true, $8, $9)
"""
_INSERT_NUMBER: Final = """
insert into phone_numbers (shard_id, organization_id, number, kind, display_name, generation, created_at)
values (0, $1, $2, $3, '', 1, now())
"""
_ASSIGN: Final = """
update phone_numbers set purpose = $3, party_id = $4 where shard_id = 0 and organization_id = $1 and number = $2
"""
_SHARES: Final = """
select
    coalesce(m.key, u.key) as key, coalesce(m.period, u.period) as period, m.held, u.held as told_held, m.used,
    u.used as told_used
from meters m
full join (
    select
        s.organization_id, part ->> 0 as key, part ->> 1 as period, sum((part ->> 2)::bigint) as held,
        sum((part ->> 3)::bigint) as used
    from call_sessions s
    cross join lateral jsonb_array_elements(s.meter_parts::jsonb) as part
    group by s.organization_id, part ->> 0, part ->> 1
) u using (organization_id, key, period)
where (coalesce(m.held, 0), coalesce(m.used, 0)) <> (coalesce(u.held, 0), coalesce(u.used, 0))
"""


@dataclass(kw_only=True)
class Staff:
    """The people of one organization, by the name of each."""

    world: World
    pool: Pool
    organization_id: str
    ids: dict[str, str] = field(default_factory=dict)

    async def hire(
        self,
        name: str,
        *licences: Licence,
        number: str = "",
        department: str = "",
        location: str = "RO",
        kind: PartyKind = PartyKind.USER,
        cap_micros: int | None = None,
    ) -> str:
        """The object id of a new user, or resource account, with these licences and a number."""
        party_id = self.ids[name] = new_id()
        async with changing_roster(self.pool, SHARD, self.organization_id) as connection:
            await connection.execute(
                _INSERT_PARTY,
                self.organization_id,
                party_id,
                kind.value,
                f"{name}@example.com",
                location,
                department,
                list(licences),
                cap_micros,
                self.world.clock.now,
            )
            if number:
                await connection.execute(
                    _INSERT_NUMBER, self.organization_id, number, "user" if kind is PartyKind.USER else "toll_free"
                )
        if number:
            await self.assign(number, name, "person" if kind is PartyKind.USER else "call_queue")
        return party_id

    async def license(self, name: str, *licences: Licence) -> None:
        """Give somebody exactly these licences."""
        await self.change(name, "licences", list(licences))

    async def change(self, name: str, column: str, value: object) -> None:
        """Change one thing that is known of somebody."""
        async with changing_roster(self.pool, SHARD, self.organization_id) as connection:
            await connection.execute(
                f"update parties set {column} = $3 where organization_id = $1 and party_id = $2",  # noqa: S608 - words of these tests
                self.organization_id,
                self.ids[name],
                value,
            )

    async def assign(self, number: str, name: str | None, purpose: str = "person") -> None:
        """Say whose a number is from now on; nobody's for None."""
        async with changing_roster(self.pool, SHARD, self.organization_id) as connection:
            party_id = None if name is None else self.ids[name]
            await connection.execute(
                _ASSIGN, self.organization_id, number, "unassigned" if name is None else purpose, party_id
            )

    async def rule(self, rules: Roster | None = None, *, limits: Limits | None = None) -> None:
        """Put rules in force, or limits alone."""
        wanted = rules or Roster(version=0, limits=limits or Limits())
        async with changing_roster(self.pool, SHARD, self.organization_id) as connection:
            await change_rules(connection, SHARD, self.organization_id, wanted)

    def call(self, session_id: str, who: str = "", *, callee: str = DOMESTIC, **more: Any) -> Authorise:
        """May this call be made? By that user, and for a minute unless said otherwise."""
        content: dict[str, Any] = {
            "service": Service.OUTBOUND,
            "caller": STRANGER,
            "slice_seconds": 60,
            "user": f"{who}@example.com" if who else "",
            **more,
        }
        return Authorise(organization_id=self.organization_id, session_id=session_id, callee=callee, **content)

    def record(self, record_id: str, who: str = "", *, callee: str = DOMESTIC, seconds: int = 60) -> RecordCall:
        """That call was made, and is over since a moment ago."""
        return RecordCall(
            organization_id=self.organization_id,
            record_id=record_id,
            service=Service.OUTBOUND,
            caller=STRANGER,
            callee=callee,
            started_at=self.world.clock.now - timedelta(seconds=seconds),
            duration_seconds=seconds,
            user=f"{who}@example.com" if who else "",
        )

    def correct(self, session_id: str, rate_deck_id: str, *, command_id: str = "") -> CorrectCall:
        """Price a call anew by that deck."""
        return CorrectCall(
            organization_id=self.organization_id,
            session_id=session_id,
            command_id=command_id or new_id(),
            rate_deck_id=rate_deck_id,
        )

    def lift(self, block_id: str) -> LiftBlock:
        """End a block."""
        return LiftBlock(
            organization_id=self.organization_id, command_id=new_id(), block_id=block_id, lifted_by="administrator"
        )

    async def meter(self, key: str, period: str = "2026-11") -> tuple[int, int]:
        """What is used and held of a meter; nothing when there is none."""
        row = await self.world.database.fetchrow(
            "select used, held from meters where organization_id = $1 and key = $2 and period = $3",
            self.organization_id,
            key,
            period,
        )
        return (0, 0) if row is None else (row["used"], row["held"])

    async def check_books(self, *, lifted: bool = False) -> None:
        """Every check of the books, and every meter by the shares of the calls alone.

        ``lifted``: a block was lifted, so meters of fraud limits have forgotten what calls used by then.
        """
        services = Services(
            actor=SYSTEM,
            shard_id=SHARD,
            pool=self.pool,
            executor=self.world.new_committer(),
            gateways={},
            clock=self.world.clock,
            new_id=new_id,
            funding=FUNDING,
        )
        assert (await verify_books(services)).discrepancies == ()
        strays = [dict(row) for row in await self.world.database.fetch(_SHARES)]
        assert [row for row in strays if not (lifted and row["key"].startswith(("velocity:", "destination:")))] == []


@asynccontextmanager
async def open_staff(world: World, *, funds_micros: int = 0) -> AsyncIterator[Staff]:
    """An organization without people yet, whose calls are priced at home and to the United Kingdom."""
    organization_id = await world.open_organization(funds_micros=funds_micros)
    pool = await open_pool(world.url, min_size=1, max_size=4, application_name="operations")
    try:
        staff = Staff(world=world, pool=pool, organization_id=organization_id)
        rate_deck_id = await publish_rates(world, rates())
        async with world.committer() as committer:
            await execute_all(committer, [assign_deck(organization_id, rate_deck_id)])
        yield staff
    finally:
        await pool.close()


def rates(*, factor: int = 1) -> list[Rate]:
    """Rates for DOMESTIC and BRITISH, by the second, and for calls to toll-free numbers."""
    found = [
        ("40", Service.OUTBOUND, 60 * DOMESTIC_SECOND_MICROS),
        ("44", Service.OUTBOUND, 600 * DOMESTIC_SECOND_MICROS),
        ("40", Service.TOLL_FREE_IN, 60 * DOMESTIC_SECOND_MICROS),
    ]
    return [
        Rate(
            prefix=prefix,
            destination="Somewhere",
            service=service,
            price_per_minute_micros=factor * price,
            connection_fee_micros=0,
            first_increment_seconds=1,
            next_increment_seconds=1,
            effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        )
        for prefix, service, price in found
    ]


async def publish_rates(world: World, wanted: Iterable[Rate]) -> str:
    """The id of a new deck with these rates."""
    rate_deck_id = new_id()
    await publish_deck(
        world.database,
        SHARD,
        rate_deck_id=rate_deck_id,
        name="Rates",
        currency="EUR",
        rates=list(wanted),
        published_at=NOON,
    )
    return rate_deck_id


def recorded(outcome: Outcome) -> Recorded:
    """The answer, which must be that of a call told after the fact or priced anew."""
    assert isinstance(outcome, Recorded), outcome
    return outcome
