"""Auto-recharge: saving the rule, reading how it stands, and taking due attempts to the gateway.

Knows which attempts wait. Refuses to decide when a recharge is due: ``commcredits.core.recharge`` does, in the same
commit as the change that crossed the trigger.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commcredits.core.account import ChargingTerms, Context
from commcredits.core.calendar import month_of
from commcredits.core.commands import CheckRecharge, SaveRechargeRule, SendTopUp
from commcredits.core.outcomes import Done, RechargeRuleSaved, Refused, TopUpTaken
from commcredits.core.recharge import RechargeStanding, standing
from commcredits.operations.organizations import get_organization
from commcredits.operations.payment_methods import find_payment_method
from commcredits.operations.payments import take_payment
from commcredits.operations.services import Services
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.loading import load_accounts
from commcredits.storage.payments import TopUpRecord, read_due_top_ups, read_recharge_candidates

DUE_AT_ONCE_MAX: Final = 200
"""Most attempts taken from the waiting ones in one round."""

GATEWAY_CALLS_MAX: Final = 64
"""Most gateway calls under way at once: a slow gateway must not pile up connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRecharge:
    """The rule in force and how it stands; amounts in millionths.

    ``recharged_this_month_micros`` is what counts against the cap. ``retry_at`` is when a waiting rule may act again.
    """

    enabled: bool
    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int
    payment_method_id: str
    recharged_this_month_micros: int
    standing: RechargeStanding
    retry_at: datetime | None


async def save_auto_recharge(
    services: Services,
    *,
    organization_id: str,
    command_id: str,
    enabled: bool,
    recharge_amount_micros: int,
    trigger_amount_micros: int,
    monthly_cap_micros: int | None,
    payment_method_id: str,
) -> RechargeRuleSaved | Refused:
    """Put a rule in force; says so when the balance is below its trigger already and a recharge starts at once."""
    if enabled:
        method = await find_payment_method(
            services, organization_id=organization_id, payment_method_id=payment_method_id
        )
        if isinstance(method, Refused):
            return method
    command = SaveRechargeRule(
        organization_id=organization_id,
        command_id=command_id,
        enabled=enabled,
        recharge_amount_micros=recharge_amount_micros,
        trigger_amount_micros=trigger_amount_micros,
        monthly_cap_micros=monthly_cap_micros,
        payment_method=payment_method_id,
    )
    outcome = await services.executor.execute(command)
    assert isinstance(outcome, RechargeRuleSaved | Refused)
    return outcome


async def read_auto_recharge(services: Services, *, organization_id: str) -> AutoRecharge | Refused | None:
    """The rule and how it stands now, or None when none was ever saved."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with services.pool.acquire() as connection:
        loaded = (await load_accounts(connection, services.shard_id, [organization_id]))[organization_id]
    state = loaded.account.recharge
    rule = state.rule
    if rule is None:
        return None
    now = services.clock()
    context = Context(now=now, new_id=services.new_id, decks={}, charging=ChargingTerms(), funding=services.funding)
    stands = standing(loaded.account, context)
    waits = {RechargeStanding.COOL_DOWN: state.cool_down_until, RechargeStanding.BACK_OFF: state.retry_at}
    return AutoRecharge(
        enabled=rule.enabled,
        recharge_amount_micros=rule.recharge_amount_micros,
        trigger_amount_micros=rule.trigger_amount_micros,
        monthly_cap_micros=rule.monthly_cap_micros,
        payment_method_id=rule.payment_method,
        recharged_this_month_micros=(
            state.month_micros if state.month == month_of(now, loaded.account.time_zone) else 0
        ),
        standing=stands,
        retry_at=waits.get(stands),
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
    """Ask again for rules whose cool-down, back-off or month is over; returns how many attempts that opened.

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
