"""What the operator lets happen with funds beside buying them: limits and policies that operations go by.

Knows their defaults. Refuses to know where they are set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Remainder(StrEnum):
    """What becomes of the funds that are left when an organization closes (domain.md §3, Closing)."""

    REFUND = "refund"
    """What was bought goes back to the methods that paid; what nobody paid for is forfeited."""
    FORFEIT = "forfeit"


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRules:
    """The operator's settings for funds that are given, taken or left over.

    One person may adjust an organization's balance by ``adjustment_limit_micros``, in millionths of its currency, in 24
    hours; beyond, a second person has to agree. ``refund_limit_micros`` is the same for what one person refunds it,
    net, purchases and calls together. With 0 two people always have to agree. ``account_codes`` are the numbers of
    accounts in the operator's own books, where they are not the usual ones (commcredits.operations.accounting).
    """

    adjustment_limit_micros: int = 100_000_000
    refund_limit_micros: int = 100_000_000
    closing_remainder: Remainder = Remainder.REFUND
    account_codes: Mapping[str, str] = field(default_factory=dict)
