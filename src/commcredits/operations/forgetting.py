"""Forgetting what was told long ago: mails with their addresses, and deliveries with their answers.

Knows how long both are kept. Refuses to forget notices: they are what happened, and name nobody.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

KEPT_DAYS: Final = 90
"""How long mails and deliveries are kept after they were settled."""

AT_ONCE_MAX: Final = 10_000
"""Most rows forgotten in one statement."""


async def forget_what_was_told(services: Services) -> int:
    """Forget mails and deliveries that were settled 90 days ago; returns how many."""
    before = services.clock() - timedelta(days=KEPT_DAYS)
    count = 0
    for statement in ("prune_mails", "prune_deliveries"):
        gone = AT_ONCE_MAX
        while gone == AT_ONCE_MAX:
            gone = await services.pool.fetchval(load_statement(statement), services.shard_id, before, AT_ONCE_MAX)
            count += gone
    return count
