"""Forgetting what was told long ago: mails with their addresses, deliveries with their answers, messages of gateways.

Knows how long the first two are kept. Refuses to forget notices: they are what happened, and name nobody; and the
operator's and accounts' commands, whose ids live as long as the records they made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import first_identifier_at

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


async def forget_gateway_messages(services: Services, *, kept_days: int) -> int:
    """Forget messages of gateways, as they came, that are older and whose events are all dealt with; returns how many.

    The events stay: what a gateway has told of is told once, however often it says so.
    """
    before = first_identifier_at(services.clock() - timedelta(days=kept_days))
    count, gone = 0, AT_ONCE_MAX
    while gone == AT_ONCE_MAX:
        gone = await services.pool.fetchval(
            load_statement("prune_gateway_messages"), services.shard_id, before, AT_ONCE_MAX
        )
        count += gone
    return count
