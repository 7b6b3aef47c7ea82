"""Disputes: reading one back from the gateway, and bringing the books in line with it.

Knows that a dispute may be heard of before the payment itself. Refuses to believe an event: what the gateway says of
the dispute now is recorded, in whatever order its messages came.
"""

from __future__ import annotations

from enum import StrEnum

from commcredits.core.access import Permission
from commcredits.core.commands import CloseDispute, OpenDispute
from commcredits.core.outcomes import Refused
from commcredits.core.purchases import TopUpState
from commcredits.gateways.minor_units import from_minor_units
from commcredits.gateways.protocol import Dispute, DisputeState, Gateway, NotFound, Unavailable
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.payments import resolve_top_up
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.payments import TopUpRecord, read_disputed_top_ups, read_top_up

_PAID = frozenset({TopUpState.SUCCEEDED, TopUpState.DISPUTED, TopUpState.REVERSED})


class Followed(StrEnum):
    """How far following a gateway's news has come."""

    DONE = "done"
    NOT_OURS = "not_ours"
    AGAIN = "again"
    """The gateway, or the committer, has no answer now."""


async def follow_dispute(services: Services, *, gateway: str, top_up: TopUpRecord) -> Followed:
    """Bring the books in line with what the gateway says of a charge's dispute now.

    A payment whose success is not recorded yet is resolved first. What was lost is gross, in the charge's currency.
    """
    through = services.gateways[gateway]
    if top_up.state not in _PAID:
        await resolve_top_up(services, top_up)
        known = await read_top_up(services.pool, services.shard_id, top_up.organization_id, top_up.top_up_id)
        if known is None or known.state not in _PAID:
            return Followed.AGAIN
        top_up = known
    found = await through.find_dispute(top_up.gateway_reference)
    if isinstance(found, Unavailable):
        return Followed.AGAIN
    if isinstance(found, NotFound):  # an early warning, which takes no money
        return Followed.DONE
    opened = await services.executor.execute(
        OpenDispute(
            organization_id=top_up.organization_id, top_up_id=top_up.top_up_id, dispute_reference=found.reference
        )
    )
    if isinstance(opened, Refused):
        return Followed.AGAIN
    if found.state is DisputeState.OPEN:
        return Followed.DONE
    closed = await services.executor.execute(
        CloseDispute(
            organization_id=top_up.organization_id,
            top_up_id=top_up.top_up_id,
            dispute_reference=found.reference,
            won=found.state is DisputeState.WON,
            lost_micros=_lost_micros(through, found, top_up),
        )
    )
    return Followed.AGAIN if isinstance(closed, Refused) else Followed.DONE


@reads(Permission.OPERATOR_FUNDS)
async def list_disputes(
    services: Services, *, organization_id: str, cursor: str | None, limit: int
) -> Page[TopUpRecord] | Refused:
    """An organization's top-ups that were ever disputed, newest first; a cursor is the last id of the page before.

    One that is disputed now is frozen by ``disputed_micros``; one that has succeeded was won, one reversed was lost.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = None if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await read_disputed_top_ups(
        services.pool, services.shard_id, organization_id, before=before, limit=limit + 1
    )
    shown = rows[:limit]
    return Page(items=shown, next_cursor=shown[-1].top_up_id if len(rows) > limit else None)


def _lost_micros(gateway: Gateway, dispute: Dispute, top_up: TopUpRecord) -> int:
    """What the bank has taken, gross; all of it where the gateway counts it in another currency."""
    if dispute.state is not DisputeState.LOST:
        return 0
    micros = from_minor_units(dispute.amount_minor, dispute.currency, gateway.capabilities().minor_unit_exceptions)
    if dispute.currency != top_up.currency or not isinstance(micros, int):
        return top_up.amount_micros + top_up.tax.micros
    return micros
