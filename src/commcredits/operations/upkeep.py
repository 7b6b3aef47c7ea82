"""What time itself brings: lots that expire, calls whose switch went silent, traces that nobody needs any more.

Knows what to look for. Refuses to change accounts: it submits the commands that do. Each function may run twice, or in
two workers at once, without harm.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from commcredits.core.commands import Expire, ExpireLots
from commcredits.core.outcomes import Ended
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import first_identifier_at

AT_ONCE_MAX: Final = 1_000
"""Most organizations, or calls, taken in one round; the next round takes the rest."""

METERS_KEPT_DAYS: Final = 62
"""How long the meters of caps and limits are kept after their month, day or hour: two months, so that what is looked
at is always there."""

METERS_AT_ONCE_MAX: Final = 10_000
"""Most meters forgotten in one statement."""

BATCHES_KEPT_SECONDS: Final = 24 * 3600
"""How long the id of a committed batch is kept; a lost connection is resolved within seconds."""


async def expire_lots(services: Services, *, since: datetime) -> int:
    """Book the breakage of lots whose expiry lies after ``since`` and not after now.

    Returns how many organizations had such lots, whether or not the booking was possible now: nobody may take it for
    done before a look finds none.
    Expired funds cannot be used in any case: what is available is computed at the instant it is asked.
    """
    rows = await services.pool.fetch(
        load_statement("list_expired_lots"), services.shard_id, since, services.clock(), AT_ONCE_MAX
    )
    await asyncio.gather(
        *(services.executor.execute(ExpireLots(organization_id=str(row["organization_id"]))) for row in rows)
    )
    return len(rows)


async def reap_silent_sessions(services: Services) -> int:
    """Close calls whose grant has ended without a word from their switch; returns how many."""
    rows = await services.pool.fetch(
        load_statement("list_silent_sessions"), services.shard_id, services.clock(), AT_ONCE_MAX
    )
    outcomes = await asyncio.gather(
        *(
            services.executor.execute(
                Expire(
                    organization_id=str(row["organization_id"]),
                    session_id=row["session_id"],
                    grant_number=row["grant_number"],
                )
            )
            for row in rows
        )
    )
    return sum(isinstance(outcome, Ended) for outcome in outcomes)


async def prune_batches(services: Services) -> int:
    """Forget old batch ids; returns how many."""
    before = services.clock() - timedelta(seconds=BATCHES_KEPT_SECONDS)
    gone: int = await services.pool.fetchval(
        load_statement("prune_batches"), services.shard_id, first_identifier_at(before)
    )
    return gone


async def prune_meters(services: Services) -> int:
    """Forget meters of caps and limits whose period is long over and that no call holds anything of; returns how many.

    A call that is told or corrected later still begins a meter of its period anew. Pools are kept.
    """
    before = (services.clock() - timedelta(days=METERS_KEPT_DAYS)).date().isoformat()
    count = 0
    while True:
        gone: int = await services.pool.fetchval(
            load_statement("prune_meters"), services.shard_id, before, METERS_AT_ONCE_MAX
        )
        count += gone
        if gone < METERS_AT_ONCE_MAX:
            return count
