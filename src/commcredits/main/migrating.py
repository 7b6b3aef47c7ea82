"""Bringing a database to this version's schema, or finding that it is not.

Knows when each is done. Refuses to know what a migration changes.
"""

from __future__ import annotations

from commcredits.storage.connection import connect
from commcredits.storage.migrations import migrate, pending


async def bring_up_to_date(url: str) -> tuple[str, ...]:
    """Apply what is pending; the names of what was applied. Raises MigrationError, DatabaseUnreachableError."""
    connection = await connect(url)
    try:
        return tuple(each.name for each in await migrate(connection))
    finally:
        await connection.close()


async def is_up_to_date(url: str) -> bool:
    """Whether nothing is pending. Raises MigrationError, DatabaseUnreachableError."""
    connection = await connect(url)
    try:
        return not await pending(connection)
    finally:
        await connection.close()
