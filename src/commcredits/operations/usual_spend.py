"""What calls to a country usually cost an organization a day, which a fraud limit rests on.

Knows how to learn it from the calls of the last weeks. Refuses to know what the limit does with it
(commcredits.core.policies).
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from commcredits.core.calendar import last_days
from commcredits.core.policies import NO_COUNTRY
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.rosters import change_rules, changing_roster, load_roster

DAYS: Final = 28
"""How many days are looked at, today not among them, for it is not over."""

AT_ONCE_MAX: Final = 200
"""Most organizations listed in one statement."""


async def learn_usual_spend(services: Services, *, at_once: int = AT_ONCE_MAX) -> int:
    """Learn what a day of calls to each country costs at most, wherever a limit asks for it.

    Returns for how many organizations that was other than before. A day on which a country was blocked for costing too
    much teaches nothing about that country.
    """
    changed = 0
    after = OPERATOR_ID
    while True:
        rows = await services.pool.fetch(load_statement("list_destination_limits"), services.shard_id, after, at_once)
        for row in rows:
            changed += await _learn(services, str(row["organization_id"]), row["time_zone"])
        if len(rows) < at_once:
            return changed
        after = str(rows[-1]["organization_id"])


async def _learn(services: Services, organization_id: str, time_zone: str) -> bool:
    place = (services.shard_id, organization_id)
    _days, bounds = last_days(services.clock(), time_zone, DAYS + 1)
    rows = await services.pool.fetch(load_statement("usual_daily_spend"), *place, list(bounds[:-1]), NO_COUNTRY)
    usual = {row["country"]: row["charged_micros"] for row in rows}
    async with services.pool.acquire() as connection:
        known = await load_roster(connection, *place)
    if known is None or known.usual_daily_micros == usual:
        return False
    async with changing_roster(services.pool, *place) as connection:
        roster = await load_roster(connection, *place)
        assert roster is not None, "its row is locked"
        await change_rules(connection, *place, replace(roster, usual_daily_micros=usual))
    return True
