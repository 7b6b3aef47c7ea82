"""In which currency an organization pays, and whether before or after use.

Knows what binds a currency, and that it is changed against the same row version as money. Refuses to know bills, and
to change an amount: limits and alerts keep their figures, in the new currency.
"""

from __future__ import annotations

from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import SaveRechargeRule, SwitchBilling
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.audit_looks import at_billing
from commcredits.operations.inputs import check_currency, invalid_input, refuse_command_id
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.loading import lock_accounts

BINDING: Final = ("funds", "booked", "top_up_open", "calls_in_progress", "voucher", "adjustment")
"""What fixes a currency, in the order in which it is told: the words of the refusal's fact ``reason``."""

_ATTEMPTS: Final = 3


@acts(Permission.OPERATOR_ORGANIZATIONS, look=at_billing)
async def change_currency(services: Services, *, organization_id: str, currency: str) -> Organization | Refused:
    """Let an organization pay in another currency, until its first lot (domain.md §3, Currency).

    Its auto-recharge rule is switched off first, for the amounts were meant in the old currency, and decks of another
    currency are no longer its own. Refused with CURRENCY_FIXED and the reason once it had funds, and while a purchase,
    a call, a voucher or an adjustment is under way. A purchase of the same instant is made either wholly before, and
    then this is refused, or wholly after, in the new currency.
    """
    minor_digits = check_currency(currency)
    if isinstance(minor_digits, Refused):
        return minor_digits
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    for _ in range(_ATTEMPTS):
        changed = await _change(services, organization_id, currency, minor_digits)
        if isinstance(changed, Refused):
            return changed
        if changed:
            return await get_organization(services, organization_id=organization_id)
        await _switch_rule_off(services, organization_id)
    return Refused(code=RefusalCode.BUSY)


@acts(Permission.OPERATOR_ORGANIZATIONS, look=at_billing)
async def switch_billing(
    services: Services, *, organization_id: str, command_id: str, post_usage: bool, credit_line_micros: int = 0
) -> Done | Refused:
    """Let an organization pay after use, up to a line of credit, once its funds have drained; or in advance again.

    The line in millionths. Auto-recharge is switched off with the move, and purchases are refused while it lasts. The
    same again under another ``command_id`` bills what was used of the line and opens a new one (domain.md §3).
    """
    refused = refuse_command_id(command_id)
    if refused is None and post_usage and not 0 < credit_line_micros <= AMOUNT_MICROS_MAX:
        refused = invalid_input("credit_line", str(credit_line_micros), "an amount above 0: without a line, no calls")
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    outcome = await services.executor.execute(
        SwitchBilling(
            organization_id=organization_id,
            command_id=command_id,
            post_usage=post_usage,
            credit_line_micros=credit_line_micros if post_usage else 0,
        )
    )
    assert isinstance(outcome, Done | Refused), "billing is switched or refused"
    return outcome


async def _change(services: Services, organization_id: str, currency: str, minor_digits: int) -> bool | Refused:
    """Whether it was changed; not while a rule is on."""
    async with services.pool.acquire() as connection, connection.transaction():
        await lock_accounts(connection, services.shard_id, [organization_id])
        # Read by a statement of its own, so that it sees what whoever held the lock before has left.
        organization = await connection.fetchrow(load_statement("get_organization"), services.shard_id, organization_id)
        assert organization is not None, "it was there, and nobody deletes one"
        if organization["currency"] == currency:
            return True
        found = await connection.fetchrow(load_statement("what_fixes_currency"), services.shard_id, organization_id)
        assert found is not None, "it is one row, whatever there is"
        for reason in BINDING:
            if found[reason]:
                facts = {"currency": organization["currency"], "reason": reason}
                return Refused(code=RefusalCode.CURRENCY_FIXED, facts=facts)
        if found["rule_on"]:
            return False
        await connection.execute(
            load_statement("change_currency"), services.shard_id, organization_id, currency, minor_digits
        )
    return True


async def _switch_rule_off(services: Services, organization_id: str) -> None:
    """Switching off is never refused, and an attempt that no gateway has seen is cancelled with it."""
    await services.executor.execute(
        SaveRechargeRule(
            organization_id=organization_id,
            command_id=services.new_id(),
            enabled=False,
            recharge_amount_micros=0,
            trigger_amount_micros=0,
            monthly_cap_micros=None,
            payment_method="",
        )
    )
