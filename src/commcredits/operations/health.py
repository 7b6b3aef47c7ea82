"""Whether requests can be served: the database answers, and so does the committer.

Knows how to ask both without changing anything. Refuses to say why one of them does not; the log does.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import asyncpg

from commcredits.core.commands import ExpireLots
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

ANSWER_SECONDS_MAX: Final = 2
"""A part that needs longer does not serve anybody either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Which parts answered in time."""

    database: bool
    committer: bool


async def check_health(services: Services) -> Health:
    """Ask the database for nothing, and the committer for an organization that there cannot be."""
    database, committer = await asyncio.gather(_database_answers(services), _committer_answers(services))
    return Health(database=database, committer=committer)


async def _database_answers(services: Services) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await services.pool.execute(load_statement("check_health"))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return False
    return True


async def _committer_answers(services: Services) -> bool:
    # The operator's own id is no organization's; whoever says so has taken the command and asked the database.
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            outcome = await services.executor.execute(ExpireLots(organization_id=OPERATOR_ID))
    except TimeoutError:
        return False
    return isinstance(outcome, Refused) and outcome.code is RefusalCode.UNKNOWN_ORGANIZATION
