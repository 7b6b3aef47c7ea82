"""Auto-recharge: saving the rule, reading how it stands, and taking due attempts to the gateway.

Knows which attempts wait. Refuses to decide when a recharge is due: ``commcredits.core.recharge`` does, in the same
commit as the change that crossed the trigger.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import (
    Account,
    BackupUse,
    ChargingTerms,
    Context,
    PauseReason,
    RechargeMode,
    RechargeRule,
)
from commcredits.core.commands import CheckRecharge, SaveRechargeRule, SendTopUp
from commcredits.core.outcomes import Done, RechargeRuleSaved, Refused, TopUpTaken
from commcredits.core.recharge import RechargeStanding, measured_micros, month_so_far, standing
from commcredits.core.recharge_outlook import NextStep, month_ends_at, next_step
from commcredits.core.recharge_rules import EXPIRY_AHEAD_DAYS_MAX
from commcredits.operations.audit_looks import at_auto_recharge
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import get_organization
from commcredits.operations.payment_methods import find_recharging_method
from commcredits.operations.payments import APPROVAL_SECONDS_MAX, take_payment
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.loading import load_accounts
from commcredits.storage.payments import TopUpRecord, read_due_top_ups, read_recharge_candidates

DUE_AT_ONCE_MAX: Final = 200
"""Most attempts taken from the waiting ones in one round."""

GATEWAY_CALLS_MAX: Final = 64
"""Most gateway calls under way at once: a slow gateway must not pile up connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargeTerms:
    """What a rule shall say; amounts in millionths.

    ``mode`` is fixed, to_target or close_gap. ``recharge_amount_micros`` counts in the modes fixed and close_gap,
    ``target_amount_micros`` in to_target. No cap given: ten times that amount. ``backup_payment_method_id`` is empty
    where there is none. Funds that expire within ``expiry_ahead_days`` count as gone already.
    """

    enabled: bool
    trigger_amount_micros: int
    payment_method_id: str
    recharge_amount_micros: int = 0
    monthly_cap_micros: int | None = None
    mode: str = RechargeMode.FIXED
    target_amount_micros: int = 0
    backup_payment_method_id: str = ""
    expiry_ahead_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRecharge:
    """The rule in force, how it stands, and what comes next; amounts in millionths. Terms are as in RechargeTerms.

    ``measured_micros`` is what the trigger is compared with. ``recharged_this_month_micros`` is what counts against the
    cap of ``month``, which is over at ``month_ends_at``; ``cap_left_micros`` is the rest. ``retry_at`` is when a rule
    that waits after a decline or an attempt may act again.
    """

    enabled: bool
    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int
    payment_method_id: str
    recharged_this_month_micros: int
    standing: RechargeStanding
    retry_at: datetime | None
    mode: RechargeMode
    target_amount_micros: int
    backup_payment_method_id: str | None
    expiry_ahead_days: int
    suspended: bool
    paused: PauseReason | None
    declines: int
    backup_use: BackupUse
    measured_micros: int
    month: str
    month_ends_at: datetime
    cap_left_micros: int
    next_step: NextStep


@acts(Permission.FUNDS_WRITE, needs_proof=True, look=at_auto_recharge)
async def save_auto_recharge(
    services: Services, *, organization_id: str, command_id: str, terms: RechargeTerms
) -> RechargeRuleSaved | Refused:
    """Put a rule in force; says so when the balance is below its trigger already and a recharge starts at once.

    Both methods must be the organization's own, and fit to be charged while nobody is there. Switching off asks for
    neither: it is never refused for what a method has become.
    """
    if terms.mode not in set(RechargeMode):
        return invalid_input("mode", terms.mode, ", ".join(RechargeMode))
    if not 0 <= terms.expiry_ahead_days <= EXPIRY_AHEAD_DAYS_MAX:
        return invalid_input("expiry_ahead_days", str(terms.expiry_ahead_days), f"0 to {EXPIRY_AHEAD_DAYS_MAX}")
    if terms.enabled:
        for payment_method_id in filter(None, (terms.payment_method_id, terms.backup_payment_method_id)):
            method = await find_recharging_method(
                services, organization_id=organization_id, payment_method_id=payment_method_id
            )
            if isinstance(method, Refused):
                return method
    command = SaveRechargeRule(
        organization_id=organization_id,
        command_id=command_id,
        enabled=terms.enabled,
        recharge_amount_micros=terms.recharge_amount_micros,
        trigger_amount_micros=terms.trigger_amount_micros,
        monthly_cap_micros=terms.monthly_cap_micros,
        payment_method=terms.payment_method_id,
        mode=terms.mode,
        target_amount_micros=terms.target_amount_micros,
        backup_payment_method=terms.backup_payment_method_id,
        expiry_ahead_days=terms.expiry_ahead_days,
    )
    outcome = await services.executor.execute(command)
    assert isinstance(outcome, RechargeRuleSaved | Refused)
    return outcome


@acts(Permission.FUNDS_WRITE, look=at_auto_recharge)
async def switch_auto_recharge_off(
    services: Services, *, organization_id: str, command_id: str
) -> RechargeRuleSaved | Refused:
    """Switch the rule off at once, and leave all else that it says as it is; nothing where there is none."""
    rule = await read_auto_recharge(services, organization_id=organization_id)
    if isinstance(rule, Refused):
        return rule
    if rule is None:
        return RechargeRuleSaved(recharge_started=False)
    terms = RechargeTerms(
        enabled=False,
        trigger_amount_micros=rule.trigger_amount_micros,
        payment_method_id=rule.payment_method_id,
        recharge_amount_micros=rule.recharge_amount_micros,
        monthly_cap_micros=rule.monthly_cap_micros,
        mode=rule.mode,
        target_amount_micros=rule.target_amount_micros,
        backup_payment_method_id=rule.backup_payment_method_id or "",
        expiry_ahead_days=rule.expiry_ahead_days,
    )
    return await save_auto_recharge(services, organization_id=organization_id, command_id=command_id, terms=terms)


@reads(Permission.FUNDS_READ)
async def read_auto_recharge(services: Services, *, organization_id: str) -> AutoRecharge | Refused | None:
    """The rule and how it stands now, or None when none was ever saved."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with services.pool.acquire() as connection:
        loaded = (await load_accounts(connection, services.shard_id, [organization_id]))[organization_id]
    rule = loaded.account.recharge.rule
    if rule is None:
        return None
    now = services.clock()
    context = Context(now=now, new_id=services.new_id, decks={}, charging=ChargingTerms(), funding=services.funding)
    return _auto_recharge(loaded.account, rule, context)


def _auto_recharge(account: Account, rule: RechargeRule, context: Context) -> AutoRecharge:
    state = account.recharge
    stands = standing(account, context)
    waits = {RechargeStanding.COOL_DOWN: state.cool_down_until, RechargeStanding.BACK_OFF: state.retry_at}
    month, spent = month_so_far(account, context)
    return AutoRecharge(
        enabled=rule.enabled,
        recharge_amount_micros=rule.recharge_amount_micros,
        trigger_amount_micros=rule.trigger_amount_micros,
        monthly_cap_micros=rule.monthly_cap_micros,
        payment_method_id=rule.payment_method,
        recharged_this_month_micros=spent,
        standing=stands,
        retry_at=waits.get(stands),
        mode=rule.mode,
        target_amount_micros=rule.target_amount_micros,
        backup_payment_method_id=rule.backup_payment_method or None,
        expiry_ahead_days=rule.expiry_ahead_days,
        suspended=state.suspended,
        paused=state.paused,
        declines=state.declines,
        backup_use=state.backup_use,
        measured_micros=measured_micros(account, rule, context),
        month=month,
        month_ends_at=month_ends_at(account, context),
        cap_left_micros=max(0, rule.monthly_cap_micros - spent),
        next_step=next_step(account, context, approval_seconds=APPROVAL_SECONDS_MAX),
    )


async def run_due_recharges(services: Services) -> int:
    """Claim each waiting attempt and charge it; returns how many this caller took to a gateway.

    Any number of workers may run this at once: the claim is a command, and only one of them gets to send. No more are
    taken than may be under way at once, so a gateway that hangs holds the next round up for one time-out at most.
    Raises what a gateway's plug-in raised, which means that it is broken, after the others were taken there.
    """
    due = await read_due_top_ups(services.pool, services.shard_id, GATEWAY_CALLS_MAX)
    sent = await asyncio.gather(*(_send(services, top_up) for top_up in due), return_exceptions=True)
    failures = [each for each in sent if isinstance(each, Exception)]
    if failures:
        raise ExceptionGroup("attempts that could not be taken to their gateway", failures)
    return sum(each for each in sent if isinstance(each, int))


async def check_recharges(services: Services, *, at_once: int = DUE_AT_ONCE_MAX) -> int:
    """Ask again for rules whose cool-down, back-off or month is over.

    Returns how many accounts that changed: an attempt was opened, or it was told that the cap leaves no room for one.

    Everyone's turn comes in every round, ``at_once`` at a time: not each candidate can recharge in the end, and those
    that cannot must not stand before the others for ever.
    """
    opened, after = 0, OPERATOR_ID
    while True:
        candidates = await read_recharge_candidates(
            services.pool, services.shard_id, now=services.clock(), after=after, limit=at_once
        )
        outcomes = await asyncio.gather(
            *(services.executor.execute(CheckRecharge(organization_id=candidate)) for candidate in candidates)
        )
        opened += sum(isinstance(outcome, Done) and outcome.changed for outcome in outcomes)
        if len(candidates) < at_once:
            return opened
        after = candidates[-1]


async def _send(services: Services, top_up: TopUpRecord) -> int:
    claimed = await services.executor.execute(
        SendTopUp(organization_id=top_up.organization_id, top_up_id=top_up.top_up_id)
    )
    if not isinstance(claimed, TopUpTaken) or not claimed.send:
        return 0
    await take_payment(services, organization_id=top_up.organization_id, top_up=claimed, off_session=True)
    return 1
