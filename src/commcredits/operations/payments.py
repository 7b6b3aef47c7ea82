"""Taking an attempt to its gateway, and finding out what became of it: between two transactions, never inside one.

Knows how a gateway's answer becomes a command for the ledger. Refuses to grant funds itself, and to take silence for a
failure: an unknown outcome is looked up (domain.md §3).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.commands import PaymentState, RecordPayment
from commcredits.core.outcomes import Done, Outcome, RefusalCode, Refused, TopUpTaken
from commcredits.core.purchases import TopUpState
from commcredits.core.topups import NOT_APPROVED, OPEN_STATES, TOO_MANY_ATTEMPTS
from commcredits.gateways.minor_units import NO_EXCEPTIONS, from_minor_units, to_minor_units
from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    Gateway,
    NotFound,
    Processing,
    Succeeded,
    Unknown,
)
from commcredits.operations.new_methods import may_be_charged
from commcredits.operations.organizations import check_identifier
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.payment_methods import hold_payment_method, read_payment_methods
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord, read_top_up, read_unresolved_top_ups
from commcredits.storage.refunds import read_verdict

RESOLVE_AFTER_SECONDS: Final = 60
"""An attempt that was sent and is not settled is looked up from this age on; its own call has long ended by then."""

APPROVAL_SECONDS_MAX: Final = 24 * 3_600
"""How long a payment may wait for its payer's approval; then it is closed at the gateway, out of the way
of the next recharge."""

GIVE_UP_AFTER_SECONDS: Final = 600
"""An attempt that the gateway never saw is closed there, and then here, from this age on."""

RESOLVED_AT_ONCE_MAX: Final = 100
"""Most attempts looked up in one go."""

FROM_THE_OLDEST: Final = OPERATOR_ID
"""Where a look at open attempts begins: the nil id, before every other."""

CONFIRMED: Final = "confirmed"
REJECTED: Final = "rejected"
"""What a person says of a payment or refund by hand: the money moved, or it did not and will not."""

_LOOKUPS_MAX: Final = 8
"""Most look-ups under way at once: a gateway that hangs holds up those of its neighbours that much less."""


async def take_payment(services: Services, *, organization_id: str, top_up: TopUpTaken, off_session: bool) -> Outcome:
    """Charge an attempt that this caller alone may send, and record what the gateway said.

    The attempt is committed as sent before this is called. Whatever happens here, even a crash, leaves a charge that
    can be looked up under the attempt's id. A new card that was tried too often is not taken to the gateway.
    """
    top_up_id = top_up.top_up_id
    method = await hold_payment_method(services.pool, services.shard_id, organization_id, top_up.payment_method)
    if method is None or method.removed_at is not None:
        return await _record(services, organization_id, top_up_id, "", _gone(top_up))
    gateway = services.gateways.get(method.gateway)
    if gateway is None:
        return await _record(services, organization_id, top_up_id, method.gateway, _gone(top_up))
    if not await may_be_charged(services, organization_id=organization_id, method=method, top_up_id=top_up_id):
        command = _not_taken(organization_id, top_up_id, method.gateway, TOO_MANY_ATTEMPTS)
        return await services.executor.execute(command)
    outcome = await _charge(services, gateway, method, top_up, organization_id, off_session=off_session)
    if isinstance(outcome, Unknown) and outcome.this_call_did_nothing:
        # This was the attempt's first and only call, so nothing of it is under way anywhere.
        command = _not_taken(organization_id, top_up_id, method.gateway, "gateway_unreachable")
        return await services.executor.execute(command)
    return await _record(services, organization_id, top_up_id, method.gateway, outcome, top_up.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What one look at open attempts came to; the next look begins after ``next_after``.

    ``failures`` are what a gateway's plug-in raised, which means that it is broken; the others were looked up all the
    same.
    """

    settled: int
    next_after: str
    failures: tuple[Exception, ...]


async def resolve_open_top_ups(
    services: Services, *, after: str = FROM_THE_OLDEST, at_once: int = RESOLVED_AT_ONCE_MAX
) -> Resolved:
    """Look up attempts that were sent and are not settled, from the one after an id on, at most ``at_once``.

    An attempt may stay open for days, while its payer has not approved it: whoever looks goes on where the last look
    ended, so that old attempts never keep new ones from being settled. One that its gateway never saw is closed at the
    gateway first, so that a call still under way cannot charge it later, and only then recorded as declined.
    """
    sent_before = services.clock() - timedelta(seconds=RESOLVE_AFTER_SECONDS)
    waiting = await read_unresolved_top_ups(
        services.pool, services.shard_id, sent_before=sent_before, after=after, limit=at_once
    )
    gate = asyncio.Semaphore(_LOOKUPS_MAX)

    async def look(top_up: TopUpRecord) -> Outcome:
        async with gate:
            return await resolve_top_up(services, top_up)

    outcomes = await asyncio.gather(*(look(top_up) for top_up in waiting), return_exceptions=True)
    settled = sum(
        isinstance(outcome, TopUpTaken) and outcome.state in (PaymentState.SUCCEEDED, PaymentState.DECLINED)
        for outcome in outcomes
    )
    return Resolved(
        settled=settled,
        next_after=waiting[-1].top_up_id if len(waiting) == at_once else FROM_THE_OLDEST,
        failures=tuple(outcome for outcome in outcomes if isinstance(outcome, Exception)),
    )


async def resolve_top_up(services: Services, top_up: TopUpRecord) -> Outcome:
    """Ask the gateway what became of one attempt, in whatever state it is here, and record it."""
    gateway_name = await gateway_name_of(services, top_up)
    gateway = services.gateways.get(gateway_name)
    if gateway is None:
        return Done(changed=False)
    said = await _said_by_hand(services, gateway, top_up)
    found = said or await gateway.lookup(top_up.top_up_id)
    reason, patience_seconds = "not_received", GIVE_UP_AFTER_SECONDS
    if isinstance(found, ActionRequired):
        reason, patience_seconds = NOT_APPROVED, APPROVAL_SECONDS_MAX
    if isinstance(found, NotFound | ActionRequired) and _is_older(services, top_up, patience_seconds):
        closed = await gateway.cancel(top_up.top_up_id)
        if isinstance(closed, Declined):
            command = _not_taken(top_up.organization_id, top_up.top_up_id, gateway_name, reason)
            return await services.executor.execute(command)
        found = closed
    if isinstance(found, NotFound):
        return Done(changed=False)
    recorded = await _record(services, top_up.organization_id, top_up.top_up_id, gateway_name, found, top_up.currency)
    if isinstance(found, Unknown) and isinstance(recorded, TopUpTaken) and recorded.state not in OPEN_STATES:
        # Nothing was learnt of an attempt that is settled here; whoever asked for news of it has to ask again.
        return Refused(code=RefusalCode.GATEWAY_NOT_READY, facts={"gateway": gateway_name})
    return recorded


async def _said_by_hand(services: Services, gateway: Gateway, top_up: TopUpRecord) -> Succeeded | Declined | None:
    """What a person has said of a payment by hand, if the process died before that was recorded."""
    if not gateway.capabilities().confirmed_by_hand:
        return None
    known = await read_verdict(services.pool, services.shard_id, top_up.organization_id, top_up.top_up_id)
    if known is None:
        return None
    if known[0] == CONFIRMED:
        return Succeeded(reference=top_up.gateway_reference)
    return Declined(code=REJECTED, retryable=False, message="Somebody said that the money will not come.")


@acts(Permission.FUNDS_WRITE)
async def resume_payment(
    services: Services, *, organization_id: str, top_up_id: str, return_url: str | None = None
) -> TopUpRecord | Refused:
    """Give the payer, who is present now, a fresh page to approve the payment on, or what has become of it meanwhile.

    Refused as not open unless the attempt waits for an approval. ``return_url`` is a page of this installation.
    """
    top_up = await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)
    if isinstance(top_up, Refused):
        return top_up
    back_to = services.payments.page_of(organization_id) if return_url is None else return_url
    refused = services.payments.refuse_return_url(back_to)
    if refused is not None:
        return refused
    gateway = services.gateways.get(top_up.gateway)
    if top_up.state is not TopUpState.ACTION_REQUIRED or gateway is None:
        return not_open(top_up)
    found = await gateway.resume(top_up_id, back_to)
    if isinstance(found, Unknown):
        return Refused(code=RefusalCode.GATEWAY_NOT_READY, facts={"gateway": top_up.gateway})
    if not isinstance(found, NotFound):
        recorded = await _record(services, organization_id, top_up_id, top_up.gateway, found, top_up.currency)
        if isinstance(recorded, Refused):
            return recorded
    return await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)


@reads(Permission.FUNDS_READ)
async def find_top_up(services: Services, *, organization_id: str, top_up_id: str) -> TopUpRecord | Refused:
    """One attempt of this organization; another's is as unknown as none."""
    for name, value in (("organization_id", organization_id), ("top_up_id", top_up_id)):
        checked = check_identifier(name, value)
        if isinstance(checked, Refused):
            return checked
    found = await read_top_up(services.pool, services.shard_id, organization_id, top_up_id)
    if found is None:
        return Refused(code=RefusalCode.UNKNOWN_TOP_UP, facts={"top_up_id": top_up_id})
    return found


def not_open(top_up: TopUpRecord) -> Refused:
    """The payment does not wait for what was asked."""
    facts: dict[str, str | int] = {"top_up_id": top_up.top_up_id, "state": top_up.state.value}
    return Refused(code=RefusalCode.PAYMENT_NOT_OPEN, facts=facts)


async def gateway_name_of(services: Services, top_up: TopUpRecord) -> str:
    """Where an attempt went, or would have: the gateway of its method, even of a removed one; empty where unknown."""
    if top_up.gateway:
        return top_up.gateway
    methods = await read_payment_methods(services.pool, services.shard_id, top_up.organization_id, with_removed=True)
    return next((each.gateway for each in methods if each.payment_method_id == top_up.payment_method_id), "")


def _is_older(services: Services, top_up: TopUpRecord, seconds: int) -> bool:
    return top_up.sent_at is None or services.clock() - top_up.sent_at >= timedelta(seconds=seconds)


async def _charge(
    services: Services,
    gateway: Gateway,
    method: PaymentMethodRecord,
    top_up: TopUpTaken,
    organization_id: str,
    *,
    off_session: bool,
) -> ChargeOutcome:
    amount_minor = to_minor_units(
        top_up.amount_micros + top_up.tax_micros, top_up.currency, gateway.capabilities().minor_unit_exceptions
    )
    if not isinstance(amount_minor, int):
        return Declined(code="amount_not_payable", retryable=False, message=f"{gateway} cannot count this amount")
    request = ChargeRequest(
        idempotency_key=top_up.top_up_id,
        amount_minor=amount_minor,
        currency=top_up.currency,
        payment_method_reference=method.reference,
        off_session=off_session,
        description="Communication credits",
        metadata={"organization_id": organization_id, "top_up_id": top_up.top_up_id},
        return_url=services.payments.page_of(organization_id),
    )
    return await gateway.charge(request)


async def _record(
    services: Services,
    organization_id: str,
    top_up_id: str,
    gateway: str,
    outcome: ChargeOutcome,
    currency: str = "",
) -> Outcome:
    fee_micros = 0
    if isinstance(outcome, Succeeded) and outcome.fee_minor and currency:
        through = services.gateways.get(gateway)
        exceptions = NO_EXCEPTIONS if through is None else through.capabilities().minor_unit_exceptions
        fee = from_minor_units(outcome.fee_minor, currency, exceptions)
        fee_micros = fee if isinstance(fee, int) else 0
    command = payment_command(organization_id, top_up_id, gateway, outcome, fee_micros=fee_micros)
    return await services.executor.execute(command)


def payment_command(
    organization_id: str, top_up_id: str, gateway: str, outcome: ChargeOutcome, *, fee_micros: int = 0
) -> RecordPayment:
    """The ledger's command for what a gateway said; complete over its outcomes. ``fee_micros`` is of a success."""
    match outcome:
        case Succeeded(reference=reference):
            return RecordPayment(
                organization_id=organization_id,
                top_up_id=top_up_id,
                state=PaymentState.SUCCEEDED,
                gateway=gateway,
                gateway_reference=reference,
                fee_micros=fee_micros,
            )
        case Processing(reference=reference):
            return RecordPayment(
                organization_id=organization_id,
                top_up_id=top_up_id,
                state=PaymentState.PROCESSING,
                gateway=gateway,
                gateway_reference=reference,
            )
        case ActionRequired(reference=reference, url=url):
            return RecordPayment(
                organization_id=organization_id,
                top_up_id=top_up_id,
                state=PaymentState.ACTION_REQUIRED,
                gateway=gateway,
                gateway_reference=reference,
                action_url=url,
            )
        case Declined(code=code, retryable=retryable, reference=reference):
            return RecordPayment(
                organization_id=organization_id,
                top_up_id=top_up_id,
                state=PaymentState.DECLINED,
                gateway=gateway,
                gateway_reference=reference or "",
                reason=code,
                retryable=retryable,
            )
        case Unknown(detail=detail):
            return RecordPayment(
                organization_id=organization_id,
                top_up_id=top_up_id,
                state=PaymentState.UNKNOWN,
                gateway=gateway,
                reason=detail[:200],
            )


def _not_taken(organization_id: str, top_up_id: str, gateway: str, reason: str) -> RecordPayment:
    return RecordPayment(
        organization_id=organization_id,
        top_up_id=top_up_id,
        state=PaymentState.NOT_TAKEN,
        gateway=gateway,
        reason=reason,
    )


def _gone(top_up: TopUpTaken) -> Declined:
    return Declined(
        code="payment_method_gone", retryable=False, message=f"{top_up.payment_method} is not stored any more"
    )
