"""What the portal asks about auto-recharge and balance alerts, and the records that it shows of them.

Knows the questions and the answers. Refuses to know who answers. Every amount is an ``int`` of millionths of the major
unit of the organization's one currency; every instant is an aware UTC ``datetime``. A refusal is a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from commcredits.core.account import PauseReason, RechargeMode
from commcredits.core.outcomes import Refused
from commcredits.core.recharge import RechargeStanding
from commcredits.core.recharge_outlook import NextStep
from commcredits.operations.recharge_attempts import AttemptFollowUp, AttemptOutcome

ATTEMPTS_PER_PAGE = 20
"""How many attempts a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRechargeView:
    """The rule as saved, how it stands, and what comes next.

    ``recharged_this_month_micros`` counts against the cap: attempts of this calendar month, in the organization's zone,
    that succeeded or are open; ``cap_left_micros`` is the rest, until ``month_ends_at``. ``measured_micros`` is what
    the trigger is compared with. ``backup_payment_method`` is empty where there is none, ``paused`` None where nothing
    is. Amounts that the mode does not use are 0, or what they were before.
    """

    enabled: bool
    mode: RechargeMode
    recharge_amount_micros: int
    target_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int
    payment_method: str
    backup_payment_method: str
    expiry_ahead_days: int
    recharged_this_month_micros: int
    cap_left_micros: int
    month_ends_at: datetime
    measured_micros: int
    standing: RechargeStanding
    paused: PauseReason | None
    next_step: NextStep


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRechargeChange:
    """What an administrator saves. ``monthly_cap_micros`` None means the operator's default for the amount.

    ``backup_payment_method`` is empty for none; ``expiry_ahead_days`` 0 for funds that count until they expire.
    """

    enabled: bool
    mode: RechargeMode
    recharge_amount_micros: int
    target_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int | None
    payment_method: str
    backup_payment_method: str
    expiry_ahead_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRechargeSaved:
    """The rule is in force; ``recharge_started`` when the balance was below its trigger already."""

    recharge_started: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargeAttemptView:
    """One attempt of auto-recharge: what became of it, why, and what followed.

    ``amount_micros`` is net, ``tax_micros`` was charged beside it. ``reason`` is the gateway's code of a decline, empty
    where nothing went wrong; ``retry_at`` belongs to the follow-up ``retry``.
    """

    top_up_id: str
    created_at: datetime
    amount_micros: int
    tax_micros: int
    currency: str
    brand: str
    last4: str
    outcome: AttemptOutcome
    reason: str
    follow_up: AttemptFollowUp
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargeAttemptsView:
    """One page of attempts, newest first; ``next_cursor`` asks for the page after it, None at the end."""

    items: tuple[RechargeAttemptView, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAlertsView:
    """Below which balances somebody is told, highest first. ``is_heard``: whether anybody was chosen to hear of it."""

    amounts_micros: tuple[int, ...]
    is_heard: bool


class RechargeOperations(Protocol):
    """The operations on auto-recharge and alerts; the same promises as PortalOperations."""

    async def save_auto_recharge(
        self, organization_id: str, *, change: AutoRechargeChange, command_id: str
    ) -> AutoRechargeSaved | Refused:
        """Put the rule in force; a repeated ``command_id`` does nothing more, with other content it is a conflict."""
        ...

    async def recharge_attempts(
        self, organization_id: str, *, cursor: str | None, limit: int
    ) -> RechargeAttemptsView | Refused:
        """What auto-recharge has tried, newest first."""
        ...

    async def balance_alerts(self, organization_id: str) -> BalanceAlertsView | Refused:
        """Below which balances somebody is told."""
        ...

    async def save_balance_alerts(
        self, organization_id: str, *, amounts_micros: tuple[int, ...], command_id: str
    ) -> Refused | None:
        """Tell below these amounts from the next time on; None when that is in force."""
        ...
