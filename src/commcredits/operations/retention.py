"""Retention: what is personal about calls is erased once their records are kept no longer (domain.md §7, Privacy).

Knows how to walk through all calls again and again, a few at a time, from where it stopped. Refuses to touch money:
charges, journal, pools and places stay, so that the books agree as before, and to look at running calls. Reports leave
such calls out by their date alone; erasing them follows within hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

FROM_THE_FIRST_ORGANIZATION: Final = OPERATOR_ID
"""After whom the walk through all organizations begins."""

CALLS_AT_ONCE: Final = 500
"""How many calls are looked at in one transaction."""

CALLS_IN_A_TURN: Final = 20_000
"""How many calls of one organization are looked at before the others have their turn."""

WALK_AGAIN_DAYS: Final = 7
"""A walk begins anew so many days after it began, for calls that were told of after it had passed their place."""

_THE_FIRST: Final = (datetime(2000, 1, 1, tzinfo=UTC), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many calls were erased; ``next_after`` is the organization to go on after."""

    count: int
    next_after: str


async def erase_old_calls(services: Services, *, after: str, at_once: int) -> Erased:
    """Look at the organizations after one, so many, and erase what is due of their calls."""
    now, privacy = services.clock(), services.reports.privacy
    organizations = await services.pool.fetch(
        load_statement("list_organizations_to_erase"), services.shard_id, after, at_once
    )
    if not organizations:
        return Erased(count=0, next_after=FROM_THE_FIRST_ORGANIZATION)
    countries = {str(row["organization_id"]): row["country"] for row in organizations}
    due = await services.pool.fetch(
        load_statement("list_erasures_due"),
        services.shard_id,
        list(countries),
        list(privacy.periods()),
        now,
        now - timedelta(days=WALK_AGAIN_DAYS),
    )
    count = 0
    for row in due:
        count += await _walk(services, row, countries[str(row["organization_id"])], now)
    return Erased(count=count, next_after=list(countries)[-1])


async def _walk(services: Services, due: asyncpg.Record, country: str, now: datetime) -> int:
    """Go on through one organization's calls of one period of retention; returns how many were erased."""
    began_at = due["began_at"] or now
    place = _THE_FIRST if due["through_at"] is None else (due["through_at"], due["through_session_id"])
    if not due["call_there"]:
        began_at, place = now, _THE_FIRST
    erased = 0
    for _turn in range(CALLS_IN_A_TURN // CALLS_AT_ONCE):
        step = await _step(services, str(due["organization_id"]), country, due["days"], place, (began_at, now))
        if step is None:
            break
        place = step.place
        erased += step.erased
    return erased


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    place: tuple[datetime, str]
    erased: int


async def _step(
    services: Services,
    organization_id: str,
    country: str,
    days: int,
    place: tuple[datetime, str],
    times: tuple[datetime, datetime],
) -> _Step | None:
    """Look at the next few calls, in one transaction with how far that is; None when there are none."""
    began_at, now = times
    whose = (services.shard_id, organization_id)
    async with services.pool.acquire() as connection, connection.transaction():
        calls = await connection.fetch(
            load_statement("list_calls_to_erase"),
            *whose,
            *place,
            now - timedelta(days=days),
            CALLS_AT_ONCE,
            country,
        )
        privacy = services.reports.privacy
        ids = [call["session_id"] for call in calls if call["is_whole"] and privacy.kept_days(call["location"]) == days]
        erased = 0
        if ids:
            # Before any call is: whoever charges locks in this order, and no copy of these calls in memory may be
            # written back.
            await connection.execute(load_statement("move_account_version"), *whose)
            erased = await connection.fetchval(load_statement("erase_calls"), *whose, ids, now)
        reached = (calls[-1]["authorised_at"], calls[-1]["session_id"]) if calls else place
        await connection.execute(load_statement("note_erased_through"), *whose, days, *reached, began_at)
    return _Step(place=reached, erased=erased) if calls else None
