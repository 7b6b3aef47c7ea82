"""Alerts about the balance: at which amounts somebody wants to hear that it fell below.

Knows how they are saved and read. Refuses to know when one is due: commcredits.core.alerting tells, in the commit that
crosses the amount; and whom to tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commcredits.core.access import Permission
from commcredits.core.commands import SaveBalanceAlerts
from commcredits.core.outcomes import Done, Refused
from commcredits.operations.audit_looks import at_alerts
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.loading import load_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceAlerts:
    """The amounts, highest first, in millionths; that nothing is left is always told."""

    amounts_micros: tuple[int, ...]


@acts(Permission.FUNDS_WRITE, look=at_alerts)
async def save_balance_alerts(
    services: Services, *, organization_id: str, command_id: str, amounts_micros: Sequence[int]
) -> Done | Refused:
    """Tell from the next time on that the posted balance falls below one of these; none: only when nothing is left."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    command = SaveBalanceAlerts(
        organization_id=organization_id, command_id=command_id, amounts_micros=tuple(amounts_micros)
    )
    outcome = await services.executor.execute(command)
    assert isinstance(outcome, Done | Refused)
    return outcome


@reads(Permission.FUNDS_READ)
async def read_balance_alerts(services: Services, *, organization_id: str) -> BalanceAlerts | Refused:
    """The amounts that somebody chose."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with services.pool.acquire() as connection:
        loaded = (await load_accounts(connection, services.shard_id, [organization_id]))[organization_id]
    return BalanceAlerts(amounts_micros=loaded.account.alerts.amounts_micros)
