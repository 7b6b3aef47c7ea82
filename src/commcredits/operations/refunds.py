"""Refunds: unused funds of a top-up go back to the method that paid.

Knows the order: take the funds out, commit, ask the gateway under the refund's own key, record its answer. Refuses to
take silence for an answer: a lost one is looked up, and what never arrived is sent again under the same key.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.commands import RecordRefund, RequestRefund
from commcredits.core.outcomes import Outcome, RefundTaken, RefusalCode, Refused
from commcredits.core.purchases import RefundState
from commcredits.core.top_up_refunds import OPEN_REFUNDS
from commcredits.gateways.minor_units import to_minor_units
from commcredits.gateways.protocol import (
    NotFound,
    Refunded,
    RefundOutcome,
    RefundProcessing,
    RefundRefused,
    RefundRequest,
    Unknown,
)
from commcredits.operations.inputs import invalid_input, refuse_command_id, refuse_name
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.payment_terms import RefundPolicy
from commcredits.operations.payments import (
    CONFIRMED,
    FROM_THE_OLDEST,
    REJECTED,
    RESOLVE_AFTER_SECONDS,
    Resolved,
    find_top_up,
)
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.refunds import RefundRecord, read_refund, read_refunds, read_unresolved_refunds, read_verdict

REASON_CHARACTERS_MAX: Final = 200
"""Longest reason of a refund."""

_RESOLVED_AT_ONCE_MAX: Final = 100
_LOOKUPS_MAX: Final = 8
_WHO_CHARACTERS_MAX: Final = 200


async def refund_top_up(
    services: Services,
    *,
    organization_id: str,
    command_id: str,
    top_up_id: str,
    amount_micros: int | None,
    reason: str,
    requested_by: str,
    by_operator: bool = True,
) -> RefundRecord | Refused:
    """Give back what is unused of a top-up, or a part of it: net, in millionths; None: all that is left.

    Asks nobody whether they agree: what people of the operator ask for goes through commcredits.operations.
    refund_requests. Tax goes back in proportion (domain.md §3, Refunds). The operator's policy may let nobody ask, or
    only the operator. The same ``command_id`` refunds once and gets the same refund, as it stands.
    """
    refused = refuse_refund_input(command_id, amount_micros, reason, requested_by)
    if refused is not None:
        return refused
    top_up = await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)
    if isinstance(top_up, Refused):
        return top_up
    refused = refuse_by_policy(services, top_up_id, by_operator=by_operator)
    if refused is not None:
        return refused
    taken = await services.executor.execute(
        RequestRefund(
            organization_id=organization_id,
            command_id=command_id,
            top_up_id=top_up_id,
            amount_micros=amount_micros,
            reason=reason,
            requested_by=requested_by,
        )
    )
    if isinstance(taken, Refused):
        return taken
    assert isinstance(taken, RefundTaken)
    return await send_taken(services, organization_id, taken)


def refuse_refund_input(command_id: str, amount_micros: int | None, reason: str, requested_by: str) -> Refused | None:
    """INVALID_INPUT for what no refund of a top-up could be asked for with."""
    return (
        refuse_command_id(command_id)
        or refuse_name("reason", reason, REASON_CHARACTERS_MAX)
        or refuse_name("requested_by", requested_by, _WHO_CHARACTERS_MAX)
        or _refuse_amount(amount_micros)
    )


def refuse_by_policy(services: Services, top_up_id: str, *, by_operator: bool = True) -> Refused | None:
    """NOTHING_TO_REFUND where the operator's policy lets nobody refund, or not whoever asks."""
    policy = services.payments.refund_policy
    if policy is RefundPolicy.NONE or (policy is RefundPolicy.OPERATOR and not by_operator):
        facts: dict[str, str | int] = {"top_up_id": top_up_id, "refund_policy": policy.value}
        return Refused(code=RefusalCode.NOTHING_TO_REFUND, facts=facts)
    return None


async def send_taken(services: Services, organization_id: str, taken: RefundTaken) -> RefundRecord | Refused:
    """The refund after the gateway was asked, if this is the answer that goes to it."""
    refund = await find_organizations_refund(services, organization_id=organization_id, refund_id=taken.refund_id)
    if isinstance(refund, Refused) or not taken.send:
        return refund
    sent = await _send(services, refund)
    if isinstance(sent, Refused) and sent.code is not RefusalCode.BUSY:
        return sent
    return await find_organizations_refund(services, organization_id=organization_id, refund_id=taken.refund_id)


@reads(Permission.FUNDS_READ)
async def find_organizations_refund(
    services: Services, *, organization_id: str, refund_id: str
) -> RefundRecord | Refused:
    """One refund of this organization; another's is as unknown as none."""
    for name, value in (("organization_id", organization_id), ("refund_id", refund_id)):
        checked = check_identifier(name, value)
        if isinstance(checked, Refused):
            return checked
    found = await read_refund(services.pool, services.shard_id, organization_id, refund_id)
    if found is None:
        return Refused(code=RefusalCode.UNKNOWN_REFUND, facts={"refund_id": refund_id})
    return found


@reads(Permission.FUNDS_READ)
async def list_refunds(
    services: Services, *, organization_id: str, cursor: str | None, limit: int
) -> Page[RefundRecord] | Refused:
    """An organization's refunds, newest first; a cursor is the last id of the page before."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = None if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await read_refunds(services.pool, services.shard_id, organization_id, before=before, limit=limit + 1)
    shown = rows[:limit]
    return Page(items=shown, next_cursor=shown[-1].refund_id if len(rows) > limit else None)


async def resolve_open_refunds(
    services: Services, *, after: str = FROM_THE_OLDEST, at_once: int = _RESOLVED_AT_ONCE_MAX
) -> Resolved:
    """Find out what became of refunds that are not settled, from the one after an id on, at most ``at_once``."""
    before = services.clock() - timedelta(seconds=RESOLVE_AFTER_SECONDS)
    waiting = await read_unresolved_refunds(
        services.pool, services.shard_id, requested_before=before, after=after, limit=at_once
    )
    gate = asyncio.Semaphore(_LOOKUPS_MAX)

    async def look(refund: RefundRecord) -> Outcome | None:
        async with gate:
            return await resolve_refund(services, refund)

    outcomes = await asyncio.gather(*(look(refund) for refund in waiting), return_exceptions=True)
    settled = sum(
        isinstance(outcome, RefundTaken) and outcome.state in (RefundState.REFUNDED, RefundState.REFUSED)
        for outcome in outcomes
    )
    return Resolved(
        settled=settled,
        next_after=waiting[-1].refund_id if len(waiting) == at_once else FROM_THE_OLDEST,
        failures=tuple(outcome for outcome in outcomes if isinstance(outcome, Exception)),
    )


async def resolve_refund(services: Services, refund: RefundRecord) -> Outcome | None:
    """Ask the gateway what became of one refund, and record it; one that it never saw is sent again, under its key.

    One that is settled here is never sent again, whatever the gateway has forgotten.
    """
    gateway = services.gateways.get(refund.gateway)
    if gateway is None:
        return None
    if gateway.capabilities().confirmed_by_hand:
        # A person has said what became of it, and the process died before that was recorded.
        known = await read_verdict(services.pool, services.shard_id, refund.organization_id, refund.refund_id)
        if known is not None:
            return await services.executor.execute(_command(refund, _said(known[0])))
    found = await gateway.lookup_refund(refund.refund_id)
    if isinstance(found, NotFound):
        return await _send(services, refund) if refund.state in OPEN_REFUNDS else None
    return await services.executor.execute(_command(refund, found))


async def _send(services: Services, refund: RefundRecord) -> Outcome | None:
    """Ask the gateway, and record what it said. None where it is not set here: another process may know it."""
    gateway = services.gateways.get(refund.gateway)
    if gateway is None:
        return None
    amount_minor = to_minor_units(
        refund.amount_micros + refund.tax_micros, refund.currency, gateway.capabilities().minor_unit_exceptions
    )
    outcome: RefundOutcome
    if isinstance(amount_minor, int):
        outcome = await gateway.refund(
            RefundRequest(
                idempotency_key=refund.refund_id,
                charge_reference=refund.charge_reference,
                amount_minor=amount_minor,
                currency=refund.currency,
                reason=refund.reason,
            )
        )
    else:
        outcome = RefundRefused(code="amount_not_payable", message=f"{refund.gateway} cannot count this amount")
    return await services.executor.execute(_command(refund, outcome))


def _command(refund: RefundRecord, outcome: RefundOutcome) -> RecordRefund:
    """The ledger's command for what a gateway said of a refund; complete over its outcomes."""
    state, refusal, reference = RefundState.UNKNOWN, "", ""
    match outcome:
        case Refunded(reference=reference):
            state = RefundState.REFUNDED
        case RefundProcessing(reference=reference):
            state = RefundState.PROCESSING
        case RefundRefused(code=refusal):
            state, reference = RefundState.REFUSED, outcome.reference or ""
        case Unknown():
            pass
    return RecordRefund(
        organization_id=refund.organization_id,
        refund_id=refund.refund_id,
        top_up_id=refund.top_up_id,
        state=state.value,
        gateway_reference=reference,
        refusal=refusal,
    )


def _said(verdict: str) -> RefundOutcome:
    if verdict == CONFIRMED:
        return Refunded(reference="")
    return RefundRefused(code=REJECTED, message="Somebody said that the money could not be sent.")


def _refuse_amount(amount_micros: int | None) -> Refused | None:
    if amount_micros is None or amount_micros > 0:
        return None
    return invalid_input("amount", str(amount_micros), "an amount above 0, or left out for all that is unused")
