"""Closing an organization: refuse what is new at once, wait for what is under way, give back or forfeit the rest.

Knows the order, and that every step may be taken again after a process died: what is owed stands in the table of
closings, and the worker goes on from there. Refuses to end a call, and to forfeit what a gateway would not take back:
that waits until somebody decides (domain.md §3, Closing).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import CloseOrganization, FinishClosing
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.audit_looks import at_organization
from commcredits.operations.funding_rules import Remainder
from commcredits.operations.inputs import refuse_operator
from commcredits.operations.organizations import get_organization
from commcredits.operations.payment_terms import RefundPolicy
from commcredits.operations.permitting import acts, reads
from commcredits.operations.refunds import refund_top_up
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

_ROUND_MAX: Final = 100
_REASON: Final = "organization closed"
_SYSTEM: Final = "worker"


class ClosingWait(StrEnum):
    """What a closing waits for."""

    CALLS_IN_PROGRESS = "calls_in_progress"
    PAYMENTS_OPEN = "payments_open"
    REFUNDS_OPEN = "refunds_open"
    REFUND_REFUSED = "refund_refused"
    """A gateway did not take funds back: pay them out by hand and adjust the balance, or close again to forfeit."""
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How far it is: closed at an instant, or waiting for something."""

    organization_id: str
    remainder: Remainder
    requested_by: str
    requested_at: datetime
    closed_at: datetime | None
    waits_for: ClosingWait | None


@acts(Permission.OPERATOR_ORGANIZATIONS, look=at_organization)
async def close_organization(
    services: Services, *, organization_id: str, requested_by: str, remainder: Remainder | None = None
) -> Closing | Refused:
    """Close an organization: new calls and purchases are refused from now on, and the worker does the rest.

    ``remainder`` None is the operator's setting; where the refund policy lets nobody refund, it is forfeited. The same
    again changes nothing but what becomes of the remainder, while that has not gone.
    """
    refused = refuse_operator(requested_by)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is OrganizationStatus.CLOSED:
        return await get_closing(services, organization_id=organization_id)
    wanted = remainder or services.rules.closing_remainder
    if services.payments.refund_policy is RefundPolicy.NONE:
        wanted = Remainder.FORFEIT
    if remainder is None and organization.status is OrganizationStatus.CLOSING:
        return await get_closing(services, organization_id=organization_id)
    # Written down first: whoever dies now leaves a closing that the worker begins.
    await services.pool.execute(
        load_statement("write_closing"),
        services.shard_id,
        organization_id,
        wanted.value,
        requested_by,
        services.clock(),
    )
    begun = await _begin(services, organization_id)
    return begun or await get_closing(services, organization_id=organization_id)


@reads(Permission.ORGANIZATION_READ)
async def get_closing(services: Services, *, organization_id: str) -> Closing | Refused:
    """How far an organization's closing is; one that does not close is UNKNOWN_ORGANIZATION here."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    row = await services.pool.fetchrow(load_statement("get_closing"), services.shard_id, organization_id)
    if row is None:
        facts = {"organization_id": organization_id, "status": organization.status.value}
        return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts=facts)
    remainder = Remainder(row["remainder"])
    waits_for = None
    if row["closed_at"] is None:
        waits = (ClosingWait.CALLS_IN_PROGRESS, ClosingWait.PAYMENTS_OPEN, ClosingWait.REFUNDS_OPEN)
        waits_for = next((each for each in waits if row[each.value]), ClosingWait.WORKER)
        if (
            waits_for is ClosingWait.WORKER
            and remainder is Remainder.REFUND
            and await _refundable(services, organization_id)
        ):
            waits_for = ClosingWait.REFUND_REFUSED
    return Closing(
        organization_id=organization_id,
        remainder=remainder,
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        closed_at=row["closed_at"],
        waits_for=waits_for,
    )


async def finish_closings(services: Services) -> int:
    """Take every closing as far as it can go; returns how many organizations were closed.

    Raises what went wrong with some, such as a gateway's plug-in that is broken, after all others had their turn.
    """
    closed, after = 0, OPERATOR_ID
    failures: list[Exception] = []
    while True:
        rows = await services.pool.fetch(load_statement("list_open_closings"), services.shard_id, after, _ROUND_MAX)
        for row in rows:
            (done,) = await asyncio.gather(_advance(services, str(row["organization_id"])), return_exceptions=True)
            if isinstance(done, Exception):
                failures.append(done)
            else:
                closed += done is True
        if len(rows) < _ROUND_MAX:
            break
        after = str(rows[-1]["organization_id"])
    if failures:
        raise ExceptionGroup("closings that could not be taken further", failures)
    return closed


async def _begin(services: Services, organization_id: str) -> Refused | None:
    command = CloseOrganization(organization_id=organization_id, command_id=f"closing:{organization_id}")
    outcome = await services.executor.execute(command)
    return outcome if isinstance(outcome, Refused) else None


async def _advance(services: Services, organization_id: str) -> bool:
    """Whether the organization is closed now and was not before."""
    if await _begin(services, organization_id) is not None:
        return False
    known = await get_closing(services, organization_id=organization_id)
    if isinstance(known, Refused):
        return False
    if known.waits_for in {ClosingWait.CALLS_IN_PROGRESS, ClosingWait.PAYMENTS_OPEN, ClosingWait.REFUNDS_OPEN}:
        return False
    # Also of one that is closed: a payment that succeeded after all, or a corrected call, has brought funds back.
    if known.remainder is Remainder.REFUND and await _refund(services, organization_id):
        return False
    outcome = await services.executor.execute(FinishClosing(organization_id=organization_id))
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused) or organization.status is not OrganizationStatus.CLOSED:
        return False
    await services.pool.execute(load_statement("note_closed"), services.shard_id, organization_id, services.clock())
    return isinstance(outcome, Done) and outcome.changed and known.closed_at is None


async def _refund(services: Services, organization_id: str) -> bool:
    """Ask for what was bought and is left to go back; whether anything is still to be waited for.

    What a refund has given back already is part of its command's id: one that a gateway has refused is not asked for
    again, and funds that come back later are.
    """
    for top_up_id, refunded_micros in await _refundable(services, organization_id):
        await refund_top_up(
            services,
            organization_id=organization_id,
            command_id=f"closing:{top_up_id}:{refunded_micros}",
            top_up_id=top_up_id,
            amount_micros=None,
            reason=_REASON,
            requested_by=_SYSTEM,
        )
    again = await get_closing(services, organization_id=organization_id)
    if isinstance(again, Refused) or again.closed_at is None:
        return isinstance(again, Refused) or again.waits_for is not ClosingWait.WORKER
    return bool(await _refundable(services, organization_id))


async def _refundable(services: Services, organization_id: str) -> list[tuple[str, int]]:
    rows = await services.pool.fetch(
        load_statement("list_refundable_top_ups"), services.shard_id, organization_id, services.clock()
    )
    return [(str(row["top_up_id"]), row["refunded_micros"]) for row in rows]
