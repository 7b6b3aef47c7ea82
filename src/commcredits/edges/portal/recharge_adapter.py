"""The portal's questions about auto-recharge and balance alerts, answered by the operations.

Knows how the operations' records become the portal's views. Refuses to hold rules.
"""

from __future__ import annotations

from commcredits.core.outcomes import Refused
from commcredits.edges.portal.recharge_ports import (
    AutoRechargeChange,
    AutoRechargeSaved,
    AutoRechargeView,
    BalanceAlertsView,
    RechargeAttemptsView,
    RechargeAttemptView,
)
from commcredits.operations import balance_alerts, recharging
from commcredits.operations.recharge_attempts import RechargeAttempt, list_recharge_attempts
from commcredits.operations.recharging import AutoRecharge, RechargeTerms
from commcredits.operations.recipients import list_recipients
from commcredits.operations.services import Services


class RechargesForPortal:
    """RechargeOperations over the product's services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def save_auto_recharge(
        self, organization_id: str, *, change: AutoRechargeChange, command_id: str
    ) -> AutoRechargeSaved | Refused:
        """Put the rule in force."""
        saved = await recharging.save_auto_recharge(
            self._services,
            organization_id=organization_id,
            command_id=command_id,
            terms=RechargeTerms(
                enabled=change.enabled,
                trigger_amount_micros=change.trigger_amount_micros,
                payment_method_id=change.payment_method,
                recharge_amount_micros=change.recharge_amount_micros,
                monthly_cap_micros=change.monthly_cap_micros,
                mode=change.mode,
                target_amount_micros=change.target_amount_micros,
                backup_payment_method_id=change.backup_payment_method,
                expiry_ahead_days=change.expiry_ahead_days,
            ),
        )
        return saved if isinstance(saved, Refused) else AutoRechargeSaved(recharge_started=saved.recharge_started)

    async def recharge_attempts(
        self, organization_id: str, *, cursor: str | None, limit: int
    ) -> RechargeAttemptsView | Refused:
        """What auto-recharge has tried."""
        page = await list_recharge_attempts(self._services, organization_id=organization_id, cursor=cursor, limit=limit)
        if isinstance(page, Refused):
            return page
        items = tuple(_attempt_view(attempt) for attempt in page.items)
        return RechargeAttemptsView(items=items, next_cursor=page.next_cursor)

    async def balance_alerts(self, organization_id: str) -> BalanceAlertsView | Refused:
        """The amounts, and whether anybody hears of them."""
        alerts = await balance_alerts.read_balance_alerts(self._services, organization_id=organization_id)
        if isinstance(alerts, Refused):
            return alerts
        recipients = await list_recipients(self._services, organization_id=organization_id)
        if isinstance(recipients, Refused):
            return recipients
        is_heard = bool(recipients.chosen) or recipients.default_address is not None
        return BalanceAlertsView(amounts_micros=alerts.amounts_micros, is_heard=is_heard)

    async def save_balance_alerts(
        self, organization_id: str, *, amounts_micros: tuple[int, ...], command_id: str
    ) -> Refused | None:
        """Keep these amounts."""
        saved = await balance_alerts.save_balance_alerts(
            self._services, organization_id=organization_id, command_id=command_id, amounts_micros=amounts_micros
        )
        return saved if isinstance(saved, Refused) else None


def rule_view(rule: AutoRecharge) -> AutoRechargeView:
    """The rule as the portal shows it."""
    return AutoRechargeView(
        enabled=rule.enabled,
        mode=rule.mode,
        recharge_amount_micros=rule.recharge_amount_micros,
        target_amount_micros=rule.target_amount_micros,
        trigger_amount_micros=rule.trigger_amount_micros,
        monthly_cap_micros=rule.monthly_cap_micros,
        payment_method=rule.payment_method_id,
        backup_payment_method=rule.backup_payment_method_id or "",
        expiry_ahead_days=rule.expiry_ahead_days,
        recharged_this_month_micros=rule.recharged_this_month_micros,
        cap_left_micros=rule.cap_left_micros,
        month_ends_at=rule.month_ends_at,
        measured_micros=rule.measured_micros,
        standing=rule.standing,
        paused=rule.paused,
        next_step=rule.next_step,
    )


def _attempt_view(attempt: RechargeAttempt) -> RechargeAttemptView:
    return RechargeAttemptView(
        top_up_id=attempt.top_up_id,
        created_at=attempt.created_at,
        amount_micros=attempt.amount_micros,
        tax_micros=attempt.tax_micros,
        currency=attempt.currency,
        brand=attempt.brand,
        last4=attempt.last4,
        outcome=attempt.outcome,
        reason=attempt.reason,
        follow_up=attempt.follow_up,
        retry_at=attempt.retry_at,
    )
