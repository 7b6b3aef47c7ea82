"""What an organization's calls cost over time: by department, user, destination or service.

Knows dimensions and buckets of time. Refuses to price anything: a call counts with what it was charged, on the local
day on which it began. Reads sums where a day is summed and calls where it is not yet, in one snapshot, so that a report
is right to the second and yet takes milliseconds (decision record 0026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import invalid_input, is_identifier
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.operations.spending_days import DAY, DaysPlan, Summed, local_day, next_month, plan_days, read_summed
from commcredits.storage.connection import Connection, load_statement

SPAN_DAYS_MAX: Final = 1_100
"""Longest time that a report covers: three years and some days."""

DAYS_BY_DAY_MAX: Final = 92
"""Longest time that is told day by day."""

TOP_MAX: Final = 10_000
"""Most lines of a report; what lies beyond them is told as one sum."""

SERIES_MAX: Final = 5
"""Most lines that are told over time as well, the dearest."""


class SpendingBy(StrEnum):
    """What a report is about. Stable: addresses and files show these words."""

    DEPARTMENT = "department"
    USER = "user"
    DESTINATION = "destination"
    SERVICE = "service"
    CAPABILITY = "capability"


class SpendingEvery(StrEnum):
    """How time is told. A week begins on a Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What calls came to: ``charged_micros`` with connection fees, ``pool_minutes`` of minute pools beside them."""

    calls: int = 0
    seconds: int = 0
    pool_minutes: int = 0
    charged_micros: int = 0

    def with_more(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(
            calls=self.calls + other.calls,
            seconds=self.seconds + other.seconds,
            pool_minutes=self.pool_minutes + other.pool_minutes,
            charged_micros=self.charged_micros + other.charged_micros,
        )

    def without(self, other: Spent) -> Spent:
        """What is left of these without others among them."""
        return Spent(
            calls=self.calls - other.calls,
            seconds=self.seconds - other.seconds,
            pool_minutes=self.pool_minutes - other.pool_minutes,
            charged_micros=self.charged_micros - other.charged_micros,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLine:
    """One department, user, destination, service or capability.

    ``key`` is a department's name, an object id, a country's code, a service or a capability; empty: of none. ``name``
    is a destination as the rate has it, and a service's call type. ``display_name`` and ``user_principal_name`` are
    those of a user who is still there. ``over_time`` has what each bucket came to, for the dearest lines only.
    """

    key: str
    name: str
    spent: Spent
    display_name: str = ""
    user_principal_name: str = ""
    over_time: tuple[Spent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingReport:
    """What calls that began from ``first_day`` to ``last_day`` came to.

    ``buckets`` are the first days of the days, weeks or months; the first may have begun earlier. ``lines`` have the
    dearest first, ``others`` are all further ``others_count`` lines together; ``total`` is all of it.
    """

    by: SpendingBy
    every: SpendingEvery
    first_day: date
    last_day: date
    time_zone: str
    currency: str
    as_of: datetime
    buckets: tuple[date, ...]
    over_time: tuple[Spent, ...]
    lines: tuple[SpendingLine, ...]
    others: Spent
    others_count: int
    total: Spent


@reads(Permission.REPORTS_READ)
async def report_spending(
    services: Services,
    *,
    organization_id: str,
    by: str = SpendingBy.DEPARTMENT,
    every: str = "",
    first_day: date | None = None,
    last_day: date | None = None,
    top: int = 10,
) -> SpendingReport | Refused:
    """What an organization's calls cost in the days of its own time zone; by default in the last 30, today included.

    ``every`` is how time is told: left out, by day up to 31 days, by week up to 92, else by month. Refused calls cost
    nothing and are not counted; calls that run count with what they were charged so far.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    now = services.clock()
    last = last_day or local_day(now, organization.time_zone)
    first = first_day or last - timedelta(days=29)
    refused = _refuse(by, every, first, last, top)
    if refused is not None:
        return refused
    chosen = SpendingEvery(every) if every else _usual(first, last)
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        reading = _Reading(connection, services.shard_id, organization, first, last)
        return await reading.report(SpendingBy(by), chosen, top, now)


def bucket_of(day: date, every: SpendingEvery) -> date:
    """The first day of the day, week or month that a day is in."""
    if every is SpendingEvery.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if every is SpendingEvery.WEEK else day


def buckets_of(first: date, last: date, every: SpendingEvery) -> tuple[date, ...]:
    """The first days of all days, weeks or months from one day to another."""
    buckets, bucket = [], bucket_of(first, every)
    while bucket <= last:
        buckets.append(bucket)
        match every:
            case SpendingEvery.MONTH:
                bucket = next_month(bucket)
            case SpendingEvery.WEEK:
                bucket += timedelta(days=7)
            case SpendingEvery.DAY:
                bucket += DAY
    return tuple(buckets)


class _Reading:
    """Reads one report, all of it in the snapshot of its connection."""

    __slots__ = ("_connection", "_currency", "_first", "_last", "_organization", "_place", "_zone")

    def __init__(
        self, connection: Connection, shard_id: int, organization: Organization, first: date, last: date
    ) -> None:
        self._connection = connection
        self._organization = organization
        self._place = (shard_id, organization.organization_id)
        self._zone, self._currency = organization.time_zone, organization.currency
        self._first, self._last = first, last

    async def report(self, by: SpendingBy, every: SpendingEvery, top: int, now: datetime) -> SpendingReport:
        """The whole of it."""
        summed = await read_summed(self._connection, *self._place, self._zone)
        whole = plan_days(summed, self._first, self._last, self._zone, by_month=True)
        rows = await rows_by_key(self._connection, *self._place, by.value, whole, top)
        buckets = buckets_of(self._first, self._last, every)
        overall = await self._over_time(summed, SpendingBy.SERVICE, every, buckets, None)
        over_time = overall.get(("", ""), (Spent(),) * len(buckets))
        total = Spent()
        for spent in over_time:
            total = total.with_more(spent)
        dearest = [row for row in rows[:SERIES_MAX] if row["charged_micros"]]
        series = await self._over_time(summed, by, every, buckets, [row["key"] for row in dearest])
        people = await self._people(by, rows)
        lines = tuple(_line(row, people, series if row in dearest else {}) for row in rows)
        others = total
        for line in lines:
            others = others.without(line.spent)
        keys = rows[0]["keys"] if rows else 0
        return SpendingReport(
            by=by,
            every=every,
            first_day=self._first,
            last_day=self._last,
            time_zone=self._zone,
            currency=self._currency,
            as_of=now,
            buckets=buckets,
            over_time=over_time,
            lines=lines,
            others=others,
            others_count=keys - len(rows),
            total=total,
        )

    async def _over_time(
        self,
        summed: Summed,
        by: SpendingBy,
        every: SpendingEvery,
        buckets: tuple[date, ...],
        keys: list[str] | None,
    ) -> Mapping[tuple[str, str], tuple[Spent, ...]]:
        """What each key came to in each bucket; of ``keys`` alone, or, for None, all of them together."""
        if keys is not None and not keys:
            return {}
        plan = plan_days(summed, self._first, self._last, self._zone, by_month=every is SpendingEvery.MONTH)
        rows = await self._connection.fetch(
            load_statement("spending/over_time"),
            *self._place,
            by.value,
            list(plan.months),
            list(plan.days),
            [begins for begins, _ in plan.live_bounds],
            [ends for _, ends in plan.live_bounds],
            list(plan.live),
            keys is None,
            keys or [],
        )
        position = {bucket: number for number, bucket in enumerate(buckets)}
        found: dict[tuple[str, str], list[Spent]] = {}
        for row in rows:
            of_key = found.setdefault((row["key"], row["name"]), [Spent()] * len(buckets))
            number = position[bucket_of(row["day"], every)]
            of_key[number] = of_key[number].with_more(_spent(row))
        return {key: tuple(of_key) for key, of_key in found.items()}

    async def _people(self, by: SpendingBy, rows: Iterable[asyncpg.Record]) -> Mapping[str, asyncpg.Record]:
        if by is not SpendingBy.USER:
            return {}
        return await people_by_id(self._connection, *self._place, [row["key"] for row in rows])


async def rows_by_key(
    connection: Connection, shard_id: int, organization_id: str, dimension: str, plan: DaysPlan, top: int
) -> list[asyncpg.Record]:
    """The keys of a dimension of the sums with what calls came to, the dearest first."""
    return await connection.fetch(
        load_statement("spending/by_key"),
        shard_id,
        organization_id,
        dimension,
        list(plan.months),
        list(plan.days),
        [begins for begins, _ in plan.live_bounds],
        [ends for _, ends in plan.live_bounds],
        top,
    )


async def people_by_id(
    connection: Connection, shard_id: int, organization_id: str, keys: Iterable[str]
) -> Mapping[str, asyncpg.Record]:
    """The users and resource accounts that are still there, by object id."""
    rows = await connection.fetch(
        load_statement("spending/name_parties"), shard_id, organization_id, [key for key in keys if is_identifier(key)]
    )
    return {str(row["party_id"]): row for row in rows}


def _line(
    row: asyncpg.Record,
    people: Mapping[str, asyncpg.Record],
    series: Mapping[tuple[str, str], tuple[Spent, ...]],
) -> SpendingLine:
    person = people.get(row["key"])
    return SpendingLine(
        key=row["key"],
        name=row["name"],
        spent=_spent(row),
        display_name="" if person is None else person["display_name"],
        user_principal_name="" if person is None else person["user_principal_name"],
        over_time=series.get((row["key"], row["name"]), ()),
    )


def _spent(row: asyncpg.Record) -> Spent:
    return Spent(
        calls=row["calls"],
        seconds=row["seconds"],
        pool_minutes=row["pool_minutes"],
        charged_micros=row["charged_micros"],
    )


def _usual(first: date, last: date) -> SpendingEvery:
    days = (last - first).days + 1
    if days <= 31:  # noqa: PLR2004 - the days of a month, as the docstring of the report says
        return SpendingEvery.DAY
    return SpendingEvery.WEEK if days <= DAYS_BY_DAY_MAX else SpendingEvery.MONTH


def _refuse(by: str, every: str, first: date, last: date, top: int) -> Refused | None:
    if by not in tuple(SpendingBy):
        return invalid_input("by", by, ", ".join(SpendingBy))
    if every and every not in tuple(SpendingEvery):
        return invalid_input("every", every, f"{', '.join(SpendingEvery)}; or empty")
    if not date(2000, 1, 2) <= first <= last <= date(9000, 1, 1):
        return invalid_input("first_day", first.isoformat(), f"a day not after the last one, {last.isoformat()}")
    days = (last - first).days + 1
    if days > SPAN_DAYS_MAX:
        return invalid_input("last_day", last.isoformat(), f"at most {SPAN_DAYS_MAX} days after the first one")
    if every == SpendingEvery.DAY and days > DAYS_BY_DAY_MAX:
        return invalid_input("every", every, f"week or month for more than {DAYS_BY_DAY_MAX} days")
    if not 1 <= top <= TOP_MAX:
        return invalid_input("top", str(top), f"a whole number from 1 to {TOP_MAX}")
    return None
