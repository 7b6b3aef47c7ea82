"""Sums of calls by day, kept by the worker, so that reports over months read sums and not calls.

Knows which days are over, which have changed since, and how to sum one anew. Refuses to add to a sum of calls: whatever
has become of a day, it is summed from its calls again, in the transaction that forgets that it had changed (decision
record 0026).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg

from commcredits.operations.services import Services
from commcredits.operations.spending_days import DAY, day_bounds, days_of_hour, local_day, months_of, next_month
from commcredits.operations.spending_journal import sum_journal_anew
from commcredits.storage.connection import Connection, load_statement

DAYS_AT_ONCE: Final = 31
"""Most days that are summed in one transaction: those of a month."""

TURNS_AT_ONCE: Final = 6
"""Most such transactions for one organization in a round: whoever has years to sum keeps nobody waiting for long."""

CHANGES_AT_ONCE: Final = 10_000
"""Most changes that are looked at in one transaction."""

ORGANIZATIONS_AT_ONCE: Final = 200
"""Most organizations that one round sums; the next round goes on after them."""

SETTLES: Final = timedelta(minutes=30)
"""How long after its end a day is left to those who write its last calls: far longer than any batch takes to commit and
than the clocks of two machines differ. A call that begins on a day and is committed later is none of a switch's."""

FROM_THE_FIRST: Final = "00000000-0000-0000-0000-000000000000"
"""Before every organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How many days a round summed, and after which organization the next one goes on."""

    count: int
    next_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What one transaction sums: days, and the changes that are done with then."""

    days: tuple[date, ...]
    through: date
    done: tuple[tuple[datetime, int], ...]


async def sum_spending(services: Services, *, after: str = FROM_THE_FIRST) -> Turn:
    """Sum what is due of some organizations, each up to a month of days. Two workers at once do no harm."""
    rows = await services.pool.fetch(
        load_statement("spending/list_due"),
        services.shard_id,
        services.clock() - SETTLES,
        after,
        ORGANIZATIONS_AT_ONCE,
    )
    count = 0
    for row in rows:
        for _turn in range(TURNS_AT_ONCE):
            summed = await sum_organization(services, organization_id=str(row["organization_id"]))
            count += summed
            if summed < DAYS_AT_ONCE:
                break
    is_last = len(rows) < ORGANIZATIONS_AT_ONCE
    return Turn(count=count, next_after=FROM_THE_FIRST if is_last else str(rows[-1]["organization_id"]))


async def sum_organization(services: Services, *, organization_id: str) -> int:
    """Sum up to a month of an organization's days; how many were. None while somebody else sums them."""
    async with services.pool.acquire() as connection:
        try:
            async with connection.transaction(isolation="repeatable_read"):
                return await _sum(connection, services, organization_id)
        except asyncpg.SerializationError:
            return 0


async def _sum(connection: Connection, services: Services, organization_id: str) -> int:
    place = (services.shard_id, organization_id)
    organization = await connection.fetchrow(load_statement("get_organization"), *place)
    if organization is None:
        return 0
    zone = organization["time_zone"]
    settled = local_day(services.clock() - SETTLES, zone) - DAY
    progress = await connection.fetchrow(load_statement("spending/lock_progress"), *place)
    if progress is not None and progress["time_zone"] != zone:
        await connection.execute(load_statement("spending/forget_all"), *place)
        await sum_journal_anew(connection, services.shard_id, organization_id)
        progress = None
    if progress is None:
        through = await _begin(connection, services.shard_id, organization_id, zone, settled)
    else:
        through = progress["summed_through"]
    if through is None:
        return 0
    work = await _work(connection, services.shard_id, organization_id, zone, through, settled)
    if work.days:
        await _sum_days(connection, services.shard_id, organization_id, zone, work)
    await connection.execute(
        load_statement("spending/forget_changes"), *place, [hour for hour, _ in work.done], [by for _, by in work.done]
    )
    next_over_at = day_bounds(work.through + DAY, zone)[1]
    await connection.execute(load_statement("spending/move_progress"), *place, work.through, next_over_at)
    return len(work.days)


async def _begin(connection: Connection, shard_id: int, organization_id: str, zone: str, settled: date) -> date | None:
    """The day before the first one to sum; None where somebody else has begun."""
    first_at = await connection.fetchval(load_statement("spending/first_call_at"), shard_id, organization_id)
    through = settled if first_at is None else min(settled, local_day(first_at, zone) - DAY)
    begun = await connection.fetchval(
        load_statement("spending/begin_progress"),
        shard_id,
        organization_id,
        zone,
        through,
        day_bounds(through + DAY, zone)[1],
    )
    return None if begun is None else through


async def _work(
    connection: Connection, shard_id: int, organization_id: str, zone: str, through: date, settled: date
) -> _Work:
    """The days that changed, then those that are over and were never summed, as many as are summed at once."""
    rows = await connection.fetch(load_statement("spending/list_changes"), shard_id, organization_id, CHANGES_AT_ONCE)
    touched = {(row["began_hour"], row["changed_in"]): days_of_hour(row["began_hour"], zone) for row in rows}
    changed = sorted({day for days in touched.values() for day in days if day <= through})
    running = await _open_days(connection, shard_id, organization_id, zone, changed)
    # A day whose calls run is read from them meanwhile; summing it again and again would be for nothing.
    days = [day for day in changed if day not in running][:DAYS_AT_ONCE]
    after = through
    while after < settled and len(days) < DAYS_AT_ONCE:
        after += DAY
        days.append(after)
    chosen = frozenset(days)
    return _Work(
        days=tuple(days),
        through=after,
        done=tuple(change for change, of in touched.items() if all(day in chosen or day > after for day in of)),
    )


async def _sum_days(connection: Connection, shard_id: int, organization_id: str, zone: str, work: _Work) -> None:
    place, bounds = (shard_id, organization_id), [day_bounds(day, zone) for day in work.days]
    await connection.execute(load_statement("spending/forget_days"), *place, list(work.days))
    await connection.execute(
        load_statement("spending/sum_days"),
        *place,
        list(work.days),
        [begins for begins, _ in bounds],
        [ends for _, ends in bounds],
    )
    months = [month for month in months_of(work.days) if next_month(month) - DAY <= work.through]
    await connection.execute(load_statement("spending/forget_months"), *place, months)
    await connection.execute(load_statement("spending/sum_months"), *place, months)
    running = await _open_days(connection, shard_id, organization_id, zone, work.days)
    if running:
        begins = [day_bounds(day, zone)[0] for day in running]
        await connection.execute(load_statement("spending/mark_open_days"), *place, begins)


async def _open_days(
    connection: Connection, shard_id: int, organization_id: str, zone: str, days: list[date] | tuple[date, ...]
) -> frozenset[date]:
    """Those of the days that have calls which run."""
    if not days:
        return frozenset()
    bounds = {day_bounds(day, zone)[0]: (day, day_bounds(day, zone)[1]) for day in days}
    rows = await connection.fetch(
        load_statement("spending/find_open_days"),
        shard_id,
        organization_id,
        list(bounds),
        [ends for _, ends in bounds.values()],
    )
    return frozenset(bounds[row["begins_at"]][0] for row in rows)
