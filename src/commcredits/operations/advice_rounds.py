"""Advice is worked out ahead, once an hour for each organization, so that a page that shows it only reads it.

Knows which calls, attempts and people advice rests on. Refuses to reckon: the core does. Each part may be worked out
twice, or by two workers at once, for the same history gives the same advice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from commcredits.core.advice_anomalies import (
    BASELINE_DAYS,
    LOOKED_AT_DAYS,
    AnomalyKind,
    SubjectDay,
    by_excess,
    unusual_days,
    unusual_subjects,
)
from commcredits.core.advice_forecast import forecast
from commcredits.core.advice_pace import DAYS_MIN, pace_of, tamed
from commcredits.core.advice_plans import cheaper_plans
from commcredits.core.advice_pools import Caller, MonthOfCalls
from commcredits.core.advice_recharge import Wish, advise
from commcredits.core.advice_series import ONE, DayOfSpend, HourOfSpend, days_of, unbroken
from commcredits.core.calendar import bounds_of, day_of, last_days, month_of, zone_of
from commcredits.core.licensing import CALLING_PLANS
from commcredits.core.money import MICROS_PER_UNIT
from commcredits.core.pools import pool_country
from commcredits.core.roster import Licence
from commcredits.operations.advice_records import Anomalies, PlanAdvice, SpendingAdvice
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

HISTORY_DAYS: Final = 400
"""How far back advice looks."""

FRESH: Final = timedelta(hours=1)
"""How old advice may become."""

AT_ONCE_MAX: Final = 20
"""How many organizations are listed in a turn."""

MONTH_DAYS: Final = 30
PLAN_MONTHS: Final = 3

_CORRECTED: Final = timedelta(days=3)
"""How far back calls still change by themselves; what is recorded for earlier days is found once a day."""

_EVERY_HOUR_AGAIN: Final = timedelta(days=1)
_DEAREST_MAX: Final = 60
_PLANS_AGAIN: Final = timedelta(days=1)
_EPISODE_GAP: Final = timedelta(days=8)
_PAID: Final = frozenset({"succeeded", "disputed", "reversed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """An organization whose advice is worked out, and the instant at which it is."""

    services: Services
    organization_id: str
    currency: str
    time_zone: str
    now: datetime

    async def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """The rows of a statement about this organization."""
        services = self.services
        return await services.pool.fetch(load_statement(statement), services.shard_id, self.organization_id, *arguments)

    async def save(self, part: str, document: bytes) -> None:
        """Keep a part of its advice."""
        await self.fetch("save_advice", part, self.now, document.decode())


async def work_out_advice(services: Services, *, at_once: int = AT_ONCE_MAX) -> int:
    """Work out the advice of everybody whose advice is an hour old; returns for how many."""
    done, after = 0, OPERATOR_ID
    while True:
        now = services.clock()
        rows = await services.pool.fetch(
            load_statement("list_advice_due"),
            services.shard_id,
            now - FRESH,
            now - timedelta(days=HISTORY_DAYS),
            after,
            at_once,
        )
        for row in rows:
            await _work_out(_desk(services, row, now))
        done += len(rows)
        if len(rows) < at_once:
            return done
        after = str(rows[-1]["organization_id"])


def _desk(services: Services, row: asyncpg.Record, now: datetime) -> _Desk:
    return _Desk(
        services=services,
        organization_id=str(row["organization_id"]),
        currency=row["currency"],
        time_zone=row["time_zone"],
        now=now,
    )


async def _work_out(desk: _Desk) -> None:
    known = {row["part"]: row["worked_out_at"] for row in await desk.fetch("load_advice", ["hours", "plans"])}
    hours = await _hours(desk, known.get("hours"))
    today = date.fromisoformat(day_of(desk.now, desk.time_zone))
    days = days_of(hours, desk.time_zone, today)
    episodes = await _episodes(desk)
    # Nothing else of this process waits while numbers are worked on.
    spending = await asyncio.to_thread(_spending, desk, hours, days, episodes)
    await desk.save("anomalies", msgspec.json.encode(await _anomalies(desk, days)))
    worked_out = known.get("plans")
    if worked_out is None or desk.now - worked_out >= _PLANS_AGAIN:
        await desk.save("plans", msgspec.json.encode(await _plans(desk)))
    # Last, for it is what says that the advice is fresh.
    await desk.save("spending", msgspec.json.encode(spending))


async def _hours(desk: _Desk, summed_at: datetime | None) -> tuple[HourOfSpend, ...]:
    """Every hour up to the one that is not over, summed anew as far as it may have changed."""
    begins = desk.now - timedelta(days=HISTORY_DAYS)
    every = summed_at is None or desk.now - summed_at >= _EVERY_HOUR_AGAIN
    since = begins if every else desk.now - _CORRECTED
    since = since.replace(minute=0, second=0, microsecond=0)
    await desk.fetch("sum_spend_hours", since, desk.now)
    if every:
        await desk.fetch("prune_spend_hours", begins - timedelta(days=1))
        await desk.save("hours", b"")
    rows = await desk.fetch("list_spend_hours", begins)
    return unbroken((HourOfSpend(**dict(row)) for row in rows), desk.now + timedelta(hours=1))


async def _episodes(desk: _Desk) -> tuple[int, ...]:
    """How many seconds each recharge took, from its first attempt to the money: attempts that follow are one."""
    rows = await desk.fetch("list_recharge_episodes", desk.now - timedelta(days=HISTORY_DAYS))
    found: list[int] = []
    began: datetime | None = None
    for row in rows:
        if began is not None and row["created_at"] - began > _EPISODE_GAP:
            # Nothing followed: the rule was suspended, and somebody had to act.
            found.append(int(_EPISODE_GAP.total_seconds()))
            began = None
        began = began or row["created_at"]
        if row["state"] in _PAID:
            found.append(max(0, int((row["settled_at"] - began).total_seconds())))
            began = None
    return tuple(found)


def _spending(
    desk: _Desk, hours: Sequence[HourOfSpend], days: Sequence[DayOfSpend], episodes: Sequence[int]
) -> SpendingAdvice:
    month = month_of(desk.now, desk.time_zone)
    begins, ends = bounds_of(month, desk.time_zone)
    spent = sum(each.charged_micros for each in hours if begins <= each.hour < ends)
    refused = sum(each.refused_calls for each in hours)
    pace = pace_of(days)
    zone = zone_of(desk.time_zone)
    today = desk.now.astimezone(zone).date()
    spent_today = sum(each.charged_micros for each in hours if each.hour.astimezone(zone).date() == today)
    known = SpendingAdvice(
        today=today,
        days=len(days),
        first_day=days[0].day if days else None,
        month=month,
        month_spent_micros=spent,
        refused_calls=refused,
        recent=tuple(days[-2 * MONTH_DAYS :]),
    )
    if pace is None:
        return known
    share = _rest_of_day(hours, desk)
    last_day = (ends.astimezone(zone) - timedelta(seconds=1)).date()
    rest = forecast(days, pace, (last_day - today).days + 1, first_day_share=share)
    ahead = forecast(days, pace, MONTH_DAYS)
    recent = sum(day.charged_micros for day in tamed(days)[-28:]) // min(28, len(days))
    terms = desk.services.funding
    minimum = terms.top_up_minimum_micros.get(desk.currency, terms.top_up_minimum_default_micros)
    unit = MICROS_PER_UNIT
    wish = Wish(
        minimum_micros=-(-minimum // unit) * unit,
        maximum_micros=max(unit, terms.top_up_maximum_micros // unit * unit),
        unit_micros=unit,
        month_micros=ahead.micros,
        month_high_micros=ahead.high_micros,
        level_micros=max(pace.level_micros + pace.rise_micros * MONTH_DAYS, recent),
    )
    over = hours[:-1]
    return msgspec.structs.replace(
        known,
        pace=pace,
        today_share=share,
        today_micros=spent_today,
        rest=rest,
        thirty_days=ahead,
        recharge=advise(over, episodes, wish),
    )


def _rest_of_day(hours: Sequence[HourOfSpend], desk: _Desk) -> int:
    """Which share of a day's spending, in millionths, comes after this time of day, by the last eight weeks."""
    zone = zone_of(desk.time_zone)
    now = desk.now.astimezone(zone)
    since = desk.now - timedelta(days=BASELINE_DAYS)
    whole = later = 0
    for each in hours:
        local = each.hour.astimezone(zone)
        if each.hour < since or local.date() == now.date():
            continue
        whole += each.charged_micros
        if local.hour > now.hour:
            later += each.charged_micros
        elif local.hour == now.hour:
            later += each.charged_micros * (60 - now.minute) // 60
    return later * ONE // whole if whole else ONE * (24 - now.hour) // 24


async def _anomalies(desk: _Desk, days: Sequence[DayOfSpend]) -> Anomalies:
    """What was unusual of late: whole days, people, countries."""
    found = {AnomalyKind.DAY: unusual_days(days)}
    dates, bounds = last_days(desk.now, desk.time_zone, BASELINE_DAYS + LOOKED_AT_DAYS + 1)
    for kind in (AnomalyKind.USER, AnomalyKind.DESTINATION):
        rows = await desk.fetch("spend_of_subjects", list(bounds[:-1]), kind.value, LOOKED_AT_DAYS, _DEAREST_MAX)
        spent = [
            SubjectDay(
                subject=row["subject"],
                day=dates[row["day_number"] - 1],
                charged_micros=row["charged_micros"],
                calls=row["calls"],
            )
            for row in rows
        ]
        found[kind] = unusual_subjects(kind, spent, days)
    return Anomalies(found=by_excess(found), is_enough=len(days) > DAYS_MIN)


async def _plans(desk: _Desk) -> PlanAdvice:
    """Who would be cheaper on another plan, by the last full months."""
    months = _full_months(desk.now, desk.time_zone)
    bounds = [bounds_of(month, desk.time_zone)[0] for month in months]
    bounds.append(bounds_of(months[-1], desk.time_zone)[1])
    plans = sorted(plan.value for plan in CALLING_PLANS)
    holders = await desk.fetch("list_plan_holders", plans)
    # Whoever came later has no full months to go by, and would pass for somebody who never calls.
    holders = [row for row in holders if row["created_at"] < bounds[0]]
    countries = sorted(desk.services.charging.plan_countries)
    rows = await desk.fetch("sum_minutes_of_callers", bounds, countries) if holders else []
    used: dict[tuple[str, int, bool], tuple[int, int]] = {
        (str(row["party_id"]), row["month_number"], row["domestic"]): (row["minutes"], row["micros"]) for row in rows
    }
    callers = [_caller(row, used, len(months)) for row in holders]
    prices = desk.services.advice.prices_in(desk.currency)
    moves = await asyncio.to_thread(cheaper_plans, callers, prices) if rows else ()
    countries_held = {caller.country for caller in callers}
    return PlanAdvice(
        months=months,
        callers=len(callers),
        has_calls=bool(rows),
        is_priced=bool(countries_held) and all(prices.known(country) for country in countries_held),
        moves=moves,
    )


def _caller(row: asyncpg.Record, used: dict[tuple[str, int, bool], tuple[int, int]], months: int) -> Caller:
    party_id, nothing = str(row["party_id"]), (0, 0)
    asked = []
    for month in range(1, months + 1):
        domestic, abroad = used.get((party_id, month, True), nothing), used.get((party_id, month, False), nothing)
        asked.append(
            MonthOfCalls(
                domestic_minutes=domestic[0],
                domestic_micros=domestic[1],
                international_minutes=abroad[0],
                international_micros=abroad[1],
            )
        )
    licences = {Licence(each) for each in row["licences"]}
    return Caller(
        user_id=party_id,
        country=pool_country(row["usage_location"]),
        plan=next(licence for licence in Licence if licence in licences & CALLING_PLANS),
        has_credits=Licence.COMMUNICATIONS_CREDITS in licences,
        months=tuple(asked),
    )


def _full_months(now: datetime, time_zone: str) -> tuple[str, ...]:
    """The last full months, oldest first."""
    found: list[str] = []
    begins, _ends = bounds_of(month_of(now, time_zone), time_zone)
    while len(found) < PLAN_MONTHS:
        month = month_of(begins - timedelta(days=1), time_zone)
        found.append(month)
        begins, _ends = bounds_of(month, time_zone)
    return tuple(reversed(found))
