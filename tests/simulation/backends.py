"""Where a simulated world keeps its books: in memory, or in a real database behind the real committer.

Knows what a world asks of either. The one in memory lets every commit be looked at.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from commcredits.core.account import FundingTerms
from commcredits.core.commands import Command
from commcredits.core.outcomes import Outcome
from commcredits.core.tariffs import RateDeck
from commcredits.core.top_up_refunds import OPEN_REFUNDS
from commcredits.core.topups import OPEN_STATES
from tests.simulation.ledger import Committed, MemoryLedger
from tests.simulation.tables import Tables


class Backend(Protocol):
    """Books, and rows beside them. Every call is one act; none of them waits."""

    def open(self, *, time_zone: str) -> str:
        """The id of a new organization without funds, whose calls cost a unit a second."""
        ...

    def commit(self, command: Command) -> Outcome:
        """The outcome of a command that is durable now."""
        ...

    def select(self, statement: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """The rows of a statement."""
        ...

    def is_settled(self) -> bool:
        """Whether no attempt and no refund is open, and no event waits."""
        ...


class InMemory:
    """The ledger in memory; ``seen`` is told of every commit."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        funding: FundingTerms,
        deck: RateDeck,
    ) -> None:
        self.ledger = MemoryLedger(clock=clock, new_id=new_id, funding=funding, decks={deck.rate_deck_id: deck})
        self.tables = Tables(self.ledger)
        self.seen: Callable[[Committed], None] = lambda _committed: None
        self._deck_id = deck.rate_deck_id

    def open(self, *, time_zone: str) -> str:
        """The id of a new organization."""
        return self.ledger.open(country="RO", currency="EUR", time_zone=time_zone, rate_deck_id=self._deck_id)

    def commit(self, command: Command) -> Outcome:
        """Decide, keep, and let it be looked at."""
        committed = self.ledger.commit(command)
        self.seen(committed)
        return committed.outcome

    def select(self, statement: str, arguments: Sequence[Any]) -> Sequence[Any]:
        """The rows of a statement that has an answer here."""
        return self.tables.select(statement, arguments)

    def is_settled(self) -> bool:
        """Whether no attempt and no refund is open, and no event waits."""
        return not self.tables.told.waits and not any(
            any(each.state in OPEN_STATES for each in kept.top_ups.values())
            or any(each.state in OPEN_REFUNDS for each in kept.refunds.values())
            for kept in self.ledger.organizations.values()
        )
