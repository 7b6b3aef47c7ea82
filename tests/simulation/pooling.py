"""What operations take for a pool of connections: each statement is one act between two awaits.

Knows the locks that transactions on payment methods hold until they end, or until their process is killed. Refuses to
undo: in every transaction of these operations, whatever is written is written last and in one act.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from commcredits.storage.connection import load_statement
from tests.simulation.scheduling import pause

_LOCKING: Final = frozenset({load_statement("lock_payment_methods")})
_WAITING: Final = frozenset({load_statement("lock_payment_methods"), load_statement("hold_payment_method")})


class SimulatedConnection:
    """One connection, or the pool itself for statements outside of any transaction."""

    def __init__(self, select: Callable[[str, Sequence[Any]], Sequence[Any]], locks: dict[str, object]) -> None:
        self._select = select
        self._locks = locks

    async def fetch(self, statement: str, *arguments: Any) -> Sequence[Any]:
        """All rows, once nobody else holds what the statement waits for."""
        await pause()
        if statement in _WAITING:
            _shard_id, organization_id, *_others = arguments
            while self._locks.get(organization_id, self) is not self:
                await pause()
            if statement in _LOCKING:
                self._locks[organization_id] = self
        rows = self._select(statement, arguments)
        await pause()
        return rows

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        """The first row, or None."""
        rows = await self.fetch(statement, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        """The first value of the first row, or None."""
        row = await self.fetchrow(statement, *arguments)
        return None if row is None else next(iter(row.values()))

    async def execute(self, statement: str, *arguments: Any) -> None:
        """A statement whose rows nobody wants."""
        await self.fetch(statement, *arguments)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Locks that are taken are kept until its end, whatever ends it."""
        try:
            yield
        finally:
            for organization_id in [each for each, holder in self._locks.items() if holder is self]:
                del self._locks[organization_id]


class SimulatedPool(SimulatedConnection):
    """Connections, each with transactions of its own."""

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[SimulatedConnection]:
        """A connection of one's own."""
        await pause()
        yield SimulatedConnection(self._select, self._locks)
