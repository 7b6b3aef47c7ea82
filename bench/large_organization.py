"""One organization of 10,000 users and 1,000,000 calls over a year, for measuring what is read of it.

Every call is told to the real committer by a clock that goes through the year, month by month with a new fund lot each,
so that calls, pools, lots, journal and balance agree by construction: ``verify`` finds nothing. People and numbers are
copied in. The same seed makes the same calls. ``python -m bench.large_organization URL`` fills a migrated database.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Final

import uvloop

from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.core.commands import AssignRateDeck, CallType, Command, GrantPromotion, RecordCall, Service
from commcredits.core.outcomes import Outcome, Refused
from commcredits.core.tariffs import Rate
from commcredits.storage.committer import Committer
from commcredits.storage.connection import Connection, connect, open_pool
from commcredits.storage.decks import publish_deck
from commcredits.storage.identifiers import IdentifierSource
from commcredits.storage.organizations import OrganizationRecord, insert_organization
from commcredits.storage.rosters import changing_roster

SHARD_ID: Final = 0
CALLS: Final = 1_000_000
USERS: Final = 10_000
DAYS: Final = 365
CURRENCY: Final = "EUR"

_SEED: Final = 20261123
_AT_ONCE: Final = 4_000
_LOT_MICROS: Final = 2_000_000_000
"""What a month's lot is for a million calls a year: more than a month costs, so that some of it expires unused."""
_RESOURCE_ACCOUNTS: Final = 40
_DEPARTMENTS: Final = tuple(f"Department {number}" for number in range(1, 41))
_DESTINATIONS: Final = (
    ("40", "Romania", 4_000, 60),
    ("44", "United Kingdom", 11_000, 14),
    ("49", "Germany", 12_000, 12),
    ("33", "France", 13_000, 6),
    ("39", "Italy", 14_000, 4),
    ("1", "United States", 9_000, 3),
    ("263", "Zimbabwe", 310_000, 1),
)
"""Prefix, name, millionths a minute, and how often it is called."""

_NUMBERS: Final = {"40": "+4072{:07d}", "44": "+4420794{:05d}", "49": "+493012{:06d}", "33": "+331423{:05d}"}
_KINDS: Final = (
    (CallType.USER_OUT, 52),
    (CallType.USER_IN, 28),
    (CallType.CONF_OUT, 7),
    (CallType.UCAP_IN, 6),
    (CallType.USER_OUT_TRANSFER, 3),
    (CallType.USER_OUT_FORWARDING, 2),
    (CallType.UCAP_OUT, 1),
    (CallType.EMERGENCY_OUT, 1),
)
_SERVICES: Final = {
    CallType.USER_IN: Service.TOLL_IN,
    CallType.CONF_OUT: Service.CONFERENCE_DIAL_OUT,
    CallType.UCAP_IN: Service.TOLL_FREE_IN,
    CallType.EMERGENCY_OUT: Service.EMERGENCY,
}
_BRIDGE: Final = "+40312000000"
_QUEUE: Final = "+40800800800"


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeOrganization:
    """What was built: whose calls, by whom, from when to when, and how many the books took."""

    organization_id: str
    user_ids: tuple[str, ...]
    resource_account_ids: tuple[str, ...]
    rate_deck_id: str
    begins_at: datetime
    ends_at: datetime
    calls: int


Progress = Callable[[int, int], None]
"""Is told how many calls are in the books, and of how many."""


async def build(
    database_url: str,
    *,
    ends_at: datetime,
    calls: int = CALLS,
    users: int = USERS,
    days: int = DAYS,
    country: str = "RO",
    progress: Progress | None = None,
) -> LargeOrganization:
    """Fill a migrated database. ``ends_at`` is when the last call is over: now, for pages that show the last days."""
    new_id = IdentifierSource()
    begins_at = ends_at - timedelta(days=days)
    connection = await connect(database_url)
    try:
        made = await _set_up(connection, new_id, users=users, country=country, begins_at=begins_at, ends_at=ends_at)
    finally:
        await connection.close()
    pool = await open_pool(database_url, min_size=1, max_size=1, application_name="bench")
    async with pool, changing_roster(pool, SHARD_ID, made.organization_id):
        pass  # counts the licences of those who were just written
    clock = _Clock(begins_at)
    committer = Committer(
        database_url=database_url,
        shard_id=SHARD_ID,
        clock=clock,
        new_id=new_id,
        charging=ChargingTerms(),
        funding=FundingTerms(top_up_minimum_micros={}),
    )
    running = asyncio.create_task(committer.run())
    try:
        taken = await _tell_calls(committer, clock, made, calls, new_id, progress)
    finally:
        await committer.close()
        await running
    connection = await connect(database_url)
    try:
        await connection.execute("vacuum analyze", timeout=600)
    finally:
        await connection.close()
    return LargeOrganization(
        organization_id=made.organization_id,
        user_ids=made.user_ids,
        resource_account_ids=made.resource_account_ids,
        rate_deck_id=made.rate_deck_id,
        begins_at=begins_at,
        ends_at=ends_at,
        calls=taken,
    )


class _Clock:
    """Stands at an instant until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def _set_up(
    connection: Connection,
    new_id: IdentifierSource,
    *,
    users: int,
    country: str,
    begins_at: datetime,
    ends_at: datetime,
) -> LargeOrganization:
    opened_at = begins_at - timedelta(days=2)
    deck_id, organization_id = new_id(), new_id()
    rates = [
        Rate(
            prefix=prefix,
            destination=name,
            service=service,
            price_per_minute_micros=price,
            connection_fee_micros=20_000 if prefix == "263" else 0,
            first_increment_seconds=30,
            next_increment_seconds=6,
            effective_from=opened_at,
        )
        for service in (Service.OUTBOUND, Service.CONFERENCE_DIAL_OUT, Service.TOLL_FREE_IN)
        for prefix, name, price, _weight in _DESTINATIONS
    ]
    await publish_deck(
        connection,
        SHARD_ID,
        rate_deck_id=deck_id,
        name="Large",
        currency=CURRENCY,
        rates=rates,
        published_at=opened_at,
    )
    record = OrganizationRecord(
        organization_id=organization_id,
        name="Large Example",
        country=country,
        currency=CURRENCY,
        minor_digits=2,
        time_zone="Europe/Bucharest",
        language="en",
        created_at=opened_at,
    )
    await insert_organization(connection, SHARD_ID, record)
    user_ids = tuple(new_id() for _ in range(users))
    accounts = tuple(new_id() for _ in range(min(_RESOURCE_ACCOUNTS, users)))
    await _copy_people(connection, organization_id, user_ids, accounts, country, opened_at)
    return LargeOrganization(
        organization_id=organization_id,
        user_ids=user_ids,
        resource_account_ids=accounts,
        rate_deck_id=deck_id,
        begins_at=begins_at,
        ends_at=ends_at,
        calls=0,
    )


async def _copy_people(
    connection: Connection,
    organization_id: str,
    user_ids: tuple[str, ...],
    accounts: tuple[str, ...],
    country: str,
    at: datetime,
) -> None:
    people_columns = (
        "shard_id", "organization_id", "party_id", "kind", "user_principal_name", "display_name", "usage_location",
        "department", "licences", "toll_free_allowed", "created_at",
    )  # fmt: skip
    people: list[tuple[object, ...]] = [
        (
            *(SHARD_ID, organization_id, user_id, "user", f"user{number:05d}@example.com", f"User {number:05d}"),
            *(country, _DEPARTMENTS[number % len(_DEPARTMENTS)], _licences(number), True, at),
        )
        for number, user_id in enumerate(user_ids)
    ]
    people += [
        (
            *(SHARD_ID, organization_id, account, "resource_account", f"queue{number:02d}@example.com"),
            *(f"Queue {number:02d}", country, "", ["MCOPSTNC"], True, at),
        )
        for number, account in enumerate(accounts)
    ]
    await connection.copy_records_to_table("parties", records=people, columns=people_columns)
    number_columns = (
        "shard_id", "organization_id", "number", "kind", "display_name", "generation", "created_at", "purpose",
        "party_id",
    )  # fmt: skip
    numbers: list[tuple[object, ...]] = [
        (SHARD_ID, organization_id, _own_number(number), "user", "", 1, at, "person", user_id)
        for number, user_id in enumerate(user_ids)
    ]
    numbers.append((SHARD_ID, organization_id, _BRIDGE, "toll", "Bridge", 1, at, "conference_bridge", None))
    numbers.append((SHARD_ID, organization_id, _QUEUE, "toll_free", "Queue", 1, at, "call_queue", accounts[0]))
    await connection.copy_records_to_table("phone_numbers", records=numbers, columns=number_columns)


def _licences(number: int) -> list[str]:
    """Nine in ten have a plan; one in four a conferencing licence; all may draw on credits."""
    plan = ("MCOPSTN5", "MCOPSTN1", "MCOPSTN5", "MCOPSTN2", "MCOPSTN5", "MCOPSTN8", "MCOPSTN5", "MCOPSTN6", "MCOPSTN5")
    own = ["MCOPSTNC", *plan[number % 10 : number % 10 + 1]]
    return [*own, "MCOMEETADV"] if number % 4 == 0 else own


def _own_number(number: int) -> str:
    return f"+4021{number:07d}"


async def _tell_calls(
    committer: Committer,
    clock: _Clock,
    made: LargeOrganization,
    calls: int,
    new_id: IdentifierSource,
    progress: Progress | None,
) -> int:
    assign = AssignRateDeck(
        organization_id=made.organization_id,
        command_id="deck",
        rate_deck_id=made.rate_deck_id,
        rate_deck_currency=CURRENCY,
    )
    _expect_done(await committer.execute(assign))
    taken, month = 0, ""
    waiting: list[Command] = []
    for call in _calls(made, calls, new_id):
        over_at = call.started_at + timedelta(seconds=call.duration_seconds)
        if f"{over_at:%Y-%m}" != month:
            taken += await _send(committer, waiting)
            month = f"{over_at:%Y-%m}"
            clock.now = over_at
            lot = GrantPromotion(
                organization_id=made.organization_id,
                command_id=f"lot {month}",
                amount_micros=max(1_000_000, _LOT_MICROS * calls // CALLS),
                expires_at=clock.now + timedelta(days=365),
                reason="benchmark",
            )
            _expect_done(await committer.execute(lot))
        # Calls come in order of their ends: the clock shows the last one's when all that wait are sent.
        clock.now = over_at
        waiting.append(call)
        if len(waiting) >= _AT_ONCE:
            taken += await _send(committer, waiting)
            if progress is not None:
                progress(taken, calls)
    return taken + await _send(committer, waiting)


async def _send(committer: Committer, waiting: list[Command]) -> int:
    """Empty the list into the books; returns how many there were."""
    if not waiting:
        return 0
    outcomes = await asyncio.gather(*(committer.execute(command) for command in waiting))
    for outcome in outcomes:
        _expect_done(outcome)
    count = len(waiting)
    waiting.clear()
    return count


def _expect_done(outcome: Outcome) -> None:
    if isinstance(outcome, Refused):
        raise RuntimeError(f"the books refused: {outcome.code} {dict(outcome.facts)}")  # noqa: TRY004 - a value of ours


def _calls(made: LargeOrganization, count: int, new_id: IdentifierSource) -> Iterator[RecordCall]:
    """Calls in order of time, evenly spread but for nights; a few users call much more than the others."""
    random_ = random.Random(_SEED)
    length = made.ends_at - made.begins_at
    step = length / count
    users = range(len(made.user_ids))
    weights = list(accumulate(1 / (rank + 20) for rank in users))
    callers = iter(random_.choices(users, cum_weights=weights, k=count))
    kinds = iter(random_.choices([kind for kind, _ in _KINDS], [weight for _, weight in _KINDS], k=count))
    destinations = iter(random_.choices(_DESTINATIONS, [each[3] for each in _DESTINATIONS], k=count))
    for number in range(count):
        seconds = max(1, min(int(random_.expovariate(1 / 150)), 3_600))
        # Told when it is over, so that calls are in order of their ends and none is from the future.
        started_at = made.begins_at + step * number - timedelta(seconds=seconds)
        prefix = next(destinations)[0]
        yield _call(made, next(kinds), next(callers), _external(prefix, random_), started_at, seconds, new_id)


def _call(
    made: LargeOrganization,
    kind: CallType,
    user: int,
    external: str,
    started_at: datetime,
    seconds: int,
    new_id: IdentifierSource,
) -> RecordCall:
    whose, own = made.user_ids[user], _own_number(user)
    if kind in (CallType.UCAP_IN, CallType.UCAP_OUT):
        whose, own = made.resource_account_ids[user % len(made.resource_account_ids)], _QUEUE
    elif kind is CallType.CONF_OUT:
        own = _BRIDGE
    elif kind is CallType.EMERGENCY_OUT:
        external = "112"
    inbound = kind in (CallType.USER_IN, CallType.UCAP_IN)
    return RecordCall(
        organization_id=made.organization_id,
        record_id=new_id(),
        service=_SERVICES.get(kind, Service.OUTBOUND),
        caller=external if inbound else own,
        callee=own if inbound else external,
        started_at=started_at.astimezone(UTC),
        duration_seconds=seconds,
        call_type=kind,
        user=whose,
        conference_id=str(100_000 + user) if kind is CallType.CONF_OUT else "",
    )


def _external(prefix: str, random_: random.Random) -> str:
    form = _NUMBERS.get(prefix)
    return form.format(random_.randrange(100_000)) if form else f"+{prefix}{random_.randrange(20_000_000, 99_999_999)}"


def fill(database_url: str, *, calls: int = CALLS, users: int = USERS) -> None:
    """Build one in a migrated database, with its last call just now, and say how long it took."""
    began = time.perf_counter()
    made = uvloop.run(build(database_url, ends_at=datetime.now(UTC), calls=calls, users=users))
    seconds = time.perf_counter() - began
    print(f"organization {made.organization_id}: {made.calls} calls of {len(made.user_ids)} users in {seconds:.0f} s")


def main() -> None:
    """Read the command line, and build."""
    parser = argparse.ArgumentParser(prog="python -m bench.large_organization", description=__doc__)
    parser.add_argument("database_url", help="a migrated database")
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--users", type=int, default=USERS)
    arguments = parser.parse_args()
    fill(arguments.database_url, calls=arguments.calls, users=arguments.users)


if __name__ == "__main__":
    main()
