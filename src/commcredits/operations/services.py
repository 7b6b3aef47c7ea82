"""The parts that operations work with, handed in by the composition root.

Knows their types. Refuses to make them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from commcredits.core.access import Actor
from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.core.commands import Command
from commcredits.core.outcomes import Outcome
from commcredits.core.receipts import ReceiptTerms
from commcredits.gateways.protocol import Gateway
from commcredits.operations.advice_terms import AdviceTerms
from commcredits.operations.funding_rules import FundingRules
from commcredits.operations.key_terms import KeyTerms
from commcredits.operations.payment_terms import PaymentTerms
from commcredits.operations.report_terms import ReportTerms
from commcredits.operations.telling_terms import TellingTerms
from commcredits.storage.connection import Pool

RENDERED_AT_ONCE_MAX: Final = 2
"""Most documents that one process renders at a time: each takes a processor for a moment."""


class Executor(Protocol):
    """Whoever commits commands; ``commcredits.storage.committer.Committer`` is the one there is."""

    def execute(self, command: Command) -> Awaitable[Outcome]:
        """The outcome, once it is durable."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One shard's storage, the gateways by name, the clock, the source of ids, and the operator's terms.

    ``actor`` is whoever acts through them: each operation asks them for its permission. ``charging`` must be what the
    executor charges by. Without a seller ``receipts`` is None.
    """

    actor: Actor

    shard_id: int
    pool: Pool
    executor: Executor
    gateways: Mapping[str, Gateway]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    funding: FundingTerms
    charging: ChargingTerms = field(default_factory=ChargingTerms)
    payments: PaymentTerms = field(default_factory=PaymentTerms)
    rules: FundingRules = field(default_factory=FundingRules)
    random_bits: Callable[[int], int] = secrets.randbits
    """So many unpredictable bits, as a number: what secrets are made of."""
    receipts: ReceiptTerms | None = None
    rendering: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(RENDERED_AT_ONCE_MAX))
    telling: TellingTerms = field(default_factory=TellingTerms)
    advice: AdviceTerms = field(default_factory=AdviceTerms)
    reports: ReportTerms = field(default_factory=ReportTerms)
    keys: KeyTerms = field(default_factory=KeyTerms)

    def acting_as(self, actor: Actor) -> Services:
        """The same parts, for somebody else."""
        return replace(self, actor=actor)
