"""Rules and attempts of auto-recharge as the portal is walked with: one of each kind.

Knows every outcome that an attempt can have. Refuses to know organizations.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from commcredits.core.account import RechargeMode
from commcredits.core.recharge import RechargeStanding
from commcredits.core.recharge_outlook import NextKind, NextStep
from commcredits.edges.portal.recharge_ports import AutoRechargeView, BalanceAlertsView, RechargeAttemptView
from commcredits.operations.recharge_attempts import AttemptFollowUp, AttemptOutcome

UNIT: Final = 1_000_000
NO_ALERTS: Final = BalanceAlertsView(amounts_micros=(), is_heard=False)

_NOTHING: Final = AttemptFollowUp.NONE
_GOOD: Final = ("Visa", "4242")
_BAD: Final = ("Mastercard", "0341")
_ATTEMPTS: Final = (
    (AttemptOutcome.PAID, "", AttemptFollowUp.NONE, _GOOD),
    (AttemptOutcome.DECLINED, "insufficient_funds", AttemptFollowUp.BACKUP, _BAD),
    (AttemptOutcome.DECLINED, "expired_card", AttemptFollowUp.RETRY, _BAD),
    (AttemptOutcome.DECLINED, "stolen_card", AttemptFollowUp.SUSPENDED, _BAD),
    *(
        (outcome, "", AttemptFollowUp.RULE_CHANGED if outcome is AttemptOutcome.NOT_APPROVED else _NOTHING, _GOOD)
        for outcome in AttemptOutcome
        if outcome not in {AttemptOutcome.PAID, AttemptOutcome.DECLINED}
    ),
)


def a_rule(now: datetime, **terms: Any) -> AutoRechargeView:
    """A rule that watches, as far as the terms say nothing else."""
    usual: dict[str, Any] = {
        "enabled": True,
        "mode": RechargeMode.FIXED,
        "recharge_amount_micros": 0,
        "target_amount_micros": 0,
        "trigger_amount_micros": 0,
        "monthly_cap_micros": 0,
        "payment_method": "card_good",
        "backup_payment_method": "",
        "expiry_ahead_days": 0,
        "recharged_this_month_micros": 0,
        "cap_left_micros": 0,
        "month_ends_at": (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0),
        "measured_micros": 0,
        "standing": RechargeStanding.ABOVE_TRIGGER,
        "paused": None,
        "next_step": NextStep(kind=NextKind.WATCH),
    }
    return AutoRechargeView(**(usual | terms))


def attempts_of(currency: str, now: datetime) -> list[RechargeAttemptView]:
    """One attempt of every outcome, newest first."""
    return [
        RechargeAttemptView(
            top_up_id=str(uuid.uuid4()),
            created_at=now - timedelta(hours=row),
            amount_micros=500 * UNIT,
            tax_micros=105 * UNIT if outcome is AttemptOutcome.PAID else 0,
            currency=currency,
            brand=brand,
            last4=last4,
            outcome=outcome,
            reason=reason,
            follow_up=follow_up,
            retry_at=now + timedelta(hours=1) if follow_up is AttemptFollowUp.RETRY else None,
        )
        for row, (outcome, reason, follow_up, (brand, last4)) in enumerate(_ATTEMPTS)
    ]
