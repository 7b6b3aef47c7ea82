"""The minute pools of an organization in one month: how large, what is used and left, and what calls beyond them cost.

Knows how to bring licences, meters and calls together. Refuses to decide which call draws on which pool (core).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.calendar import bounds_of, month_of
from commcredits.core.commands import CallType
from commcredits.core.outcomes import Refused
from commcredits.core.plans import Situation, Source, capability
from commcredits.core.pools import minutes_per_licence, pool_keys_that_stop, pool_minutes, read_pool_key, shared_pools
from commcredits.core.roster import Licence, Roster
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.paging import check_limit
from commcredits.operations.permitting import reads
from commcredits.operations.reports import read_balance
from commcredits.operations.services import Services
from commcredits.operations.spending import TOP_MAX, rows_by_key
from commcredits.operations.spending_days import DAY, next_month, plan_days, read_summed
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.rosters import load_roster

_MONTH: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])", re.ASCII)
_OWN: Final = Licence.DOMESTIC_120_UNPOOLED
_OWN_POOLS: Final = f"pool:{_OWN.value}:"
_BEYOND: Final = "pool"
"""The dimension of the sums by day that counts what calls cost beyond pools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesBeyond:
    """What calls that had a pool came to beyond its minutes, paid by credits: whole calls, or what was left of them."""

    calls: int
    seconds: int
    charged_micros: int


_NOTHING: Final = MinutesBeyond(calls=0, seconds=0, charged_micros=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRecord:
    """A minute pool, or the minutes that users in one country have for themselves, summed up.

    ``pool`` is the pool's meter; None for minutes of single users, of whom there are ``users`` then. ``capability`` is
    the code that reports show. ``available_minutes`` are neither used nor held; ``stopped_by`` is the meter of another
    pool whose end stops this one. ``empty_since`` is since when nothing is left, where that is known.
    """

    pool: str | None
    licence: Licence
    capability: str
    description: str
    country: str
    international: bool
    users: int | None
    total_minutes: int
    used_minutes: int
    held_minutes: int
    available_minutes: int
    empty_since: datetime | None
    stopped_by: str | None
    beyond: MinutesBeyond


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMinutes:
    """The minutes that one user has for themselves in a month, of a plan that is not pooled."""

    user_id: str
    display_name: str
    user_principal_name: str
    country: str
    total_minutes: int
    used_minutes: int
    held_minutes: int
    available_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolsReport:
    """All minutes of an organization in a month, their sums, and the credits that pay beyond them.

    Totals go by the licences that there are now, also for a month that is over.
    """

    month: str
    begins_at: datetime
    ends_at: datetime
    pools: tuple[PoolRecord, ...]
    total_minutes: int
    used_minutes: int
    held_minutes: int
    available_minutes: int
    beyond: MinutesBeyond
    available_micros: int
    currency: str
    as_of: datetime


@reads(Permission.REPORTS_READ)
async def report_pools(services: Services, *, organization_id: str, month: str = "") -> PoolsReport | Refused:
    """The minute pools in a month of the organization's own time zone, as ``2026-11``; empty: the one that is now."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    now = services.clock()
    current = month_of(now, organization.time_zone)
    wanted = month or current
    if _MONTH.fullmatch(wanted) is None or wanted > current:
        return invalid_input("month", month, f"a month such as 2026-11, not after {current}")
    balance = await read_balance(services, organization_id=organization_id)
    if isinstance(balance, Refused):
        return balance
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        pools = await _pools(connection, services.shard_id, organization, wanted)
    begins_at, ends_at = bounds_of(wanted, organization.time_zone)
    return PoolsReport(
        month=wanted,
        begins_at=begins_at,
        ends_at=ends_at,
        pools=pools,
        total_minutes=sum(pool.total_minutes for pool in pools),
        used_minutes=sum(pool.used_minutes for pool in pools),
        held_minutes=sum(pool.held_minutes for pool in pools),
        available_minutes=sum(pool.available_minutes for pool in pools),
        beyond=_sum_of(pool.beyond for pool in pools),
        available_micros=balance.available_micros,
        currency=organization.currency,
        as_of=now,
    )


@reads(Permission.REPORTS_READ)
async def list_own_minutes(
    services: Services, *, organization_id: str, month: str = "", limit: int = 50
) -> tuple[OwnMinutes, ...] | Refused:
    """The users who have minutes for themselves in a month, those with the fewest left first, at most ``limit``."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    current = month_of(services.clock(), organization.time_zone)
    wanted = month or current
    if _MONTH.fullmatch(wanted) is None or wanted > current:
        return invalid_input("month", month, f"a month such as 2026-11, not after {current}")
    refused = check_limit(limit)
    if refused is not None:
        return refused
    rows = await services.pool.fetch(
        load_statement("list_own_minutes"),
        services.shard_id,
        organization_id,
        wanted,
        _OWN_POOLS,
        _OWN.value,
        minutes_per_licence(_OWN.value, ""),
        limit,
    )
    return tuple(
        OwnMinutes(
            user_id=str(row["party_id"]),
            display_name=row["display_name"],
            user_principal_name=row["user_principal_name"],
            country=row["usage_location"],
            total_minutes=row["total"],
            used_minutes=row["used"],
            held_minutes=row["held"],
            available_minutes=row["available"],
        )
        for row in rows
    )


async def _pools(
    connection: Connection, shard_id: int, organization: Organization, month: str
) -> tuple[PoolRecord, ...]:
    place = (shard_id, organization.organization_id)
    roster = await load_roster(connection, *place) or Roster(version=0)
    rows = await connection.fetch(load_statement("list_pool_meters"), *place, month, _OWN_POOLS)
    meters = {row["key"]: row for row in rows}
    beyond = await _beyond(connection, shard_id, organization, month)
    # Pools whose licences have gone meanwhile are told as long as somebody used them.
    keys = dict.fromkeys((*shared_pools(roster, organization.country), *meters))
    shared = [_shared(key, roster, organization.country, meters, beyond) for key in keys]
    own = await connection.fetch(
        load_statement("sum_own_minutes"), *place, month, _OWN_POOLS, _OWN.value, minutes_per_licence(_OWN.value, "")
    )
    return (*shared, *(_of_users(row, beyond) for row in own))


async def _beyond(
    connection: Connection, shard_id: int, organization: Organization, month: str
) -> Mapping[str, MinutesBeyond]:
    """What calls cost beyond each pool; minutes that users have for themselves are told by country."""
    place, zone = (shard_id, organization.organization_id), organization.time_zone
    first = date.fromisoformat(f"{month}-01")
    summed = await read_summed(connection, *place, zone)
    plan = plan_days(summed, first, next_month(first) - DAY, zone, by_month=True)
    return {
        row["key"]: MinutesBeyond(calls=row["calls"], seconds=row["seconds"], charged_micros=row["charged_micros"])
        for row in await rows_by_key(connection, *place, _BEYOND, plan, TOP_MAX)
    }


def _shared(
    key: str,
    roster: Roster,
    organization_country: str,
    meters: Mapping[str, asyncpg.Record],
    beyond: Mapping[str, MinutesBeyond],
) -> PoolRecord:
    name, row = read_pool_key(key), meters.get(key)
    used, held = (0, 0) if row is None else (row["used"], row["held"])
    total = pool_minutes(roster, key, organization_country)
    stopping = (other for other in pool_keys_that_stop(roster, key) if other != key)
    return PoolRecord(
        pool=key,
        licence=name.licence,
        capability=_capability(name.licence),
        description=_description(name.licence, international=name.international),
        country=name.country,
        international=name.international,
        users=None,
        total_minutes=total,
        used_minutes=used,
        held_minutes=held,
        available_minutes=max(0, total - used - held),
        empty_since=None if row is None else row["reached_at"],
        stopped_by=next((other for other in stopping if _is_empty(other, roster, organization_country, meters)), None),
        beyond=beyond.get(key, _NOTHING),
    )


def _is_empty(key: str, roster: Roster, organization_country: str, meters: Mapping[str, asyncpg.Record]) -> bool:
    row = meters.get(key)
    return pool_minutes(roster, key, organization_country) <= (0 if row is None else row["used"] + row["held"])


def _of_users(row: asyncpg.Record, beyond: Mapping[str, MinutesBeyond]) -> PoolRecord:
    return PoolRecord(
        pool=None,
        licence=_OWN,
        capability=_capability(_OWN),
        description=_description(_OWN, international=False),
        country=row["country"],
        international=False,
        users=row["users"],
        total_minutes=row["users"] * minutes_per_licence(_OWN.value, row["country"]),
        used_minutes=row["used"],
        held_minutes=row["held"],
        available_minutes=row["available"],
        empty_since=None,
        stopped_by=None,
        beyond=beyond.get(f"{_OWN_POOLS}{row['country']}", _NOTHING),
    )


def _capability(licence: Licence) -> str:
    source = Source.CONFERENCE_POOL if licence is Licence.AUDIO_CONFERENCING else Source.DOMESTIC_POOL
    return capability(source, Situation(call_type=CallType.USER_OUT, plan=licence))


def _description(licence: Licence, *, international: bool) -> str:
    """The licence in words, as the page of who pays has them."""
    words = licence.name.replace("_", " ").capitalize()
    return f"{words}: international" if international else words


def _sum_of(parts: Iterable[MinutesBeyond]) -> MinutesBeyond:
    calls = seconds = charged_micros = 0
    for part in parts:
        calls += part.calls
        seconds += part.seconds
        charged_micros += part.charged_micros
    return MinutesBeyond(calls=calls, seconds=seconds, charged_micros=charged_micros)
