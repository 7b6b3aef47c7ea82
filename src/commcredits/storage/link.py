"""A committer's connection: the prepared statement that it sends, and what it asks after a connection was lost.

Knows how that connection plans and commits. Refuses to know what is written, and to try again: the committer does.
"""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from commcredits.storage.connection import Connection, DatabaseUnreachableError, connect, load_statement

CONNECTION_SETTINGS: Final = {
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "enable_memoize": "off",
    "jit": "off",
}
"""How a committer's connection plans and commits."""

# What the driver raises when the connection is gone, or the server is going or no longer the primary: the batch's
# outcome is unknown.
LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    DatabaseUnreachableError,
    OSError,
    TimeoutError,
)
# What PostgreSQL raises when two batches were in each other's way: decide the whole batch again.
CONTENDED: Final = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
# What one command's data can provoke: the batch is halved until that command stands alone.
POISONED: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)


# Where the statement of calls ends and that of everything is continued; both are one text to whoever reads it.
_SELDOM_COMES_HERE: Final = "-- What is written seldom comes in here when a batch has any of it: commit_seldom.sql.\n"


def whole_statement() -> str:
    """The statement that writes everything that a batch can hold; ``commit_batch`` alone writes what calls change."""
    calls, marker, answer = load_statement("commit_batch").partition(_SELDOM_COMES_HERE)
    assert marker, "commit_batch.sql says where commit_seldom.sql comes in"
    return calls + load_statement("commit_seldom") + answer


class Link:
    """A connection that is opened when it is needed, and opened anew after it was dropped."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._connection: Connection | None = None
        # By how many parameters each takes. Most batches hold nothing but calls, and parts of a statement that they do
        # not use cost a tenth of it all the same (decision 0015).
        self._statements: dict[int, asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record]] = {}

    async def connection(self) -> Connection:
        """The open connection, with its statements prepared. Raises what the driver raises when there is none."""
        if self._connection is None or self._connection.is_closed():
            # One plan for every batch size, for planning this statement takes longer than running it; and a plan of
            # probes by key alone, for tables that look small when it is made will not stay so.
            connection = await connect(
                self._database_url, application_name="commcredits-committer", settings=CONNECTION_SETTINGS
            )
            self._connection = connection
            try:
                for text in (load_statement("commit_batch"), whole_statement()):
                    statement = await connection.prepare(text)
                    self._statements[len(statement.get_parameters())] = statement
            except BaseException:
                self.drop()
                raise
        return self._connection

    async def write(self, parameters: list[Any]) -> list[asyncpg.Record]:
        """Commit a batch over the open connection; returns the statement's rows."""
        assert self._statements, "connection() comes first"
        return await self._statements[len(parameters)].fetch(*parameters)

    async def resolve(self, shard_id: int, batch_id: str, organization_ids: list[str]) -> frozenset[str]:
        """Of these organizations, those that a batch whose connection was lost has written.

        Waits while that batch is still under way; when this returns without one, it never will be written.
        """
        connection = await self.connection()
        await connection.fetchval(load_statement("resolve_batch"), shard_id, batch_id)
        rows = await connection.fetch(load_statement("written_by_batch"), shard_id, batch_id, organization_ids)
        return frozenset([str(row[0]) for row in rows])

    def drop(self) -> None:
        """Cut the connection, if there is one; the next use opens another."""
        connection, self._connection, self._statements = self._connection, None, {}
        if connection is not None:
            connection.terminate()
