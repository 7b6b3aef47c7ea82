"""Limits of one committer: how much may wait, how long, and how much is kept in memory.

Knows numbers. Refuses to know what a committer does with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commcredits.storage.cache import ACCOUNTS_MAX, ENDED_SESSIONS_MAX

BATCH_COMMANDS_MAX: Final = 4_000
"""Most commands in one batch: bounds its memory, its locks and how long the first one waits."""

QUEUE_COMMANDS_MAX: Final = 20_000
"""Most commands that may wait; one more is answered "busy" at once."""

REDO_ROUNDS_MAX: Final = 100
"""How often a batch is redone under lock before the committer takes it for a bug; once is the rule."""

AHEAD_SHARE: Final = 2
"""A batch is decided ahead once it holds one command for every so many of the batch under way."""

BATCHES_OF_ALL: Final = 3
"""All commands that wait or are under way make so many batches: one commits, one is decided, one is told and comes."""

SHARED_COMMANDS_MIN: Final = 64
"""Up to this many, what waits goes in one batch: more and smaller ones would cost more than they gain."""

AHEAD_PAUSE_BATCHES: Final = 16
"""For how many batches nothing is decided ahead after decisions had to be thrown away: another process is busy here."""

OUTAGE_SECONDS_MAX: Final = 5.0
"""How long waiting commands are kept while the database does not answer; then they are answered "busy"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitterTerms:
    """Limits of one committer; see the constants of this module and of the cache."""

    batch_commands_max: int = BATCH_COMMANDS_MAX
    queue_commands_max: int = QUEUE_COMMANDS_MAX
    outage_seconds_max: float = OUTAGE_SECONDS_MAX  # a duration of the machine, not money
    cached_accounts_max: int = ACCOUNTS_MAX
    cached_ended_sessions_max: int = ENDED_SESSIONS_MAX

    def batch_share(self, commands: int) -> int:
        """Most commands of the next batch, of all that wait or are under way: so batches stay alike in size."""
        return min(max(commands // BATCHES_OF_ALL, SHARED_COMMANDS_MIN), self.batch_commands_max)
