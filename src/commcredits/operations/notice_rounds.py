"""Notices that time brings: lots and cards that expire soon, minute pools that are nearly or wholly used.

Knows what is looked for, a bounded page at a time. Refuses to tell anybody: commcredits.operations.handing_on does.
Each may run twice, or in two workers at once, for a notice is kept once per kind and key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from commcredits.core.calendar import month_of
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.pools import pool_minutes, shared_pools
from commcredits.operations.notices import add_notices
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.rosters import decode_roster

LOT_DAYS: Final = (60, 30, 7)
"""How many days ahead the end of a lot is told (domain.md §3)."""

CARD_DAYS: Final = 30
"""How many days before the end of its last month a card is told to expire."""

POOL_PERCENTS: Final = (80, 100)
"""Shares of a pool's minutes whose use is told."""

AT_ONCE_MAX: Final = 1_000
"""Most lots, cards or organizations looked at in one statement."""

FROM_THE_FIRST: Final = OPERATOR_ID
"""Before every organization: where a look at minute pools begins."""

_DECEMBER: Final = 12
_BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)


async def tell_of_expiring_lots(services: Services, *, at_once: int = AT_ONCE_MAX) -> int:
    """Notice lots with something left that expire within 60, 30 or 7 days; returns how many notices are new.

    Of the distances that a lot has come within, only the nearest is told: a lot that is first seen 20 days ahead is
    told at 30 days and not at 60. A distance that a lot was bought within is not told: its buyer knows.
    """
    now = services.clock()
    until = now + timedelta(days=max(LOT_DAYS))
    after, lot_id = _BEGINNING, OPERATOR_ID
    count = 0
    while True:
        rows = await services.pool.fetch(
            load_statement("list_lots_expiring"),
            services.shard_id,
            now,
            until,
            list(LOT_DAYS),
            after,
            lot_id,
            at_once,
        )
        told = [(str(row["organization_id"]), _of_lot(row)) for row in rows]
        count += await add_notices(services.pool, services, told)
        if len(rows) < at_once:
            return count
        after, lot_id = rows[-1]["expires_at"], str(rows[-1]["lot_id"])


async def tell_of_expiring_cards(services: Services, *, at_once: int = AT_ONCE_MAX) -> int:
    """Notice stored cards that expire within 30 days; returns how many notices are new.

    A card is good until the end of its last month, in UTC. One that had expired before it was looked at is not told.
    """
    months = tuple(_months_ending_within(services.clock(), CARD_DAYS))
    years, numbers = [year for year, _month in months], [month for _year, month in months]
    after = (OPERATOR_ID, OPERATOR_ID)
    count = 0
    while months:
        rows = await services.pool.fetch(
            load_statement("list_cards_expiring"), services.shard_id, years, numbers, *after, at_once
        )
        told = [(str(row["organization_id"]), _of_card(row)) for row in rows]
        count += await add_notices(services.pool, services, told)
        if len(rows) < at_once:
            break
        after = (str(rows[-1]["organization_id"]), str(rows[-1]["payment_method_id"]))
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolsLooked:
    """How many notices are new, and after which organization the next look goes on."""

    count: int
    next_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pool:
    organization_id: str
    key: str
    period: str
    minutes: int


async def tell_of_used_pools(services: Services, *, after: str, at_once: int) -> PoolsLooked:
    """Notice shared pools of so many organizations, from the one after that id on, used to 80 or 100 % this month.

    The month is the organization's own. Minutes count as used when calls have used them, not while they hold them. A
    pool that is first seen wholly used is told once, as used. The look begins anew behind the last organization.
    """
    now = services.clock()
    rows = await services.pool.fetch(load_statement("list_organizations_with_pools"), services.shard_id, after, at_once)
    pools = [pool for row in rows for pool in _pools_of(row, now)]
    next_after = str(rows[-1]["organization_id"]) if len(rows) == at_once else FROM_THE_FIRST
    if not pools:
        return PoolsLooked(count=0, next_after=next_after)
    used = await services.pool.fetch(
        load_statement("list_pools_used"),
        services.shard_id,
        [pool.organization_id for pool in pools],
        [pool.key for pool in pools],
        [pool.period for pool in pools],
        [pool.minutes for pool in pools],
        min(POOL_PERCENTS),
    )
    told = [(str(row["organization_id"]), _of_pool(row)) for row in used]
    return PoolsLooked(count=await add_notices(services.pool, services, told), next_after=next_after)


def _of_lot(row: asyncpg.Record) -> Notice:
    facts: dict[str, str | int] = {
        "lot_id": str(row["lot_id"]),
        "amount_micros": row["free_micros"],
        "currency": row["currency"],
        "expires_at": row["expires_at"].isoformat(),
        "days": row["days"],
    }
    return Notice(kind=NoticeKind.LOT_EXPIRING, key=f"{row['lot_id']}:{row['days']}", facts=facts)


def _of_card(row: asyncpg.Record) -> Notice:
    month = f"{row['expiry_year']}-{row['expiry_month']:02d}"
    facts: dict[str, str | int] = {
        "payment_method": str(row["payment_method_id"]),
        "brand": row["brand"],
        "last4": row["last4"],
        "expiry_month": month,
    }
    return Notice(kind=NoticeKind.CARD_EXPIRING, key=f"{row['payment_method_id']}:{month}", facts=facts)


def _of_pool(row: asyncpg.Record) -> Notice:
    percent = max(each for each in POOL_PERCENTS if row["used"] * 100 >= row["minutes"] * each)
    kind = NoticeKind.POOL_USED if percent == max(POOL_PERCENTS) else NoticeKind.POOL_NEARLY_USED
    facts: dict[str, str | int] = {
        "pool": row["key"],
        "month": row["period"],
        "percent": percent,
        "used_minutes": row["used"],
        "total_minutes": row["minutes"],
    }
    return Notice(kind=kind, key=f"{row['key']}:{row['period']}:{percent}", facts=facts)


def _pools_of(row: asyncpg.Record, now: datetime) -> Iterator[_Pool]:
    roster = decode_roster(row["roster"])
    period = month_of(now, row["time_zone"])
    for key in shared_pools(roster, row["country"]):
        minutes = pool_minutes(roster, key, row["country"])
        if minutes:
            yield _Pool(organization_id=str(row["organization_id"]), key=key, period=period, minutes=minutes)


def _months_ending_within(now: datetime, days: int) -> Iterator[tuple[int, int]]:
    """Calendar months that end after now and not later than in so many days."""
    year, month = now.year, now.month
    while True:
        year_after, month_after = (year + 1, 1) if month == _DECEMBER else (year, month + 1)
        if datetime(year_after, month_after, 1, tzinfo=UTC) > now + timedelta(days=days):
            return
        yield year, month
        year, month = year_after, month_after
