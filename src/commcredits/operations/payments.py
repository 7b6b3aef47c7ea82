"""Payment methods, and taking an attempt to its gateway: called between two transactions, never inside one.

Knows how a gateway's answer becomes a command for the ledger. Refuses to grant funds itself, and to take silence for a
failure: an unknown outcome is looked up (domain.md §3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from commcredits.core.commands import PaymentState, RecordPayment
from commcredits.core.outcomes import Done, Outcome, RefusalCode, Refused, TopUpTaken
from commcredits.gateways.minor_units import to_minor_units
from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    Gateway,
    NotFound,
    PaymentMethod,
    Processing,
    Succeeded,
    Unavailable,
    Unknown,
    WebhookRejected,
)
from commcredits.operations.organizations import get_organization
from commcredits.operations.services import Services
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.payments import (
    PaymentMethodRecord,
    TopUpRecord,
    insert_payment_method,
    read_open_top_up,
    read_payment_methods,
    read_unresolved_top_ups,
)

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

_LOOKUPS_MAX: Final = 8
"""Most look-ups under way at once: a gateway that hangs holds up those of its neighbours that much less."""


async def add_payment_method(
    services: Services, *, organization_id: str, gateway: str, reference: str
) -> PaymentMethodRecord | Refused:
    """Keep a way to pay that the gateway knows; only what the gateway describes is stored."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    through = services.gateways.get(gateway)
    if through is None:
        return _invalid("gateway", gateway, ", ".join(sorted(services.gateways)))
    described = await through.describe_payment_method(reference)
    if isinstance(described, Unavailable):
        return Refused(code=RefusalCode.BUSY, facts={"gateway": gateway})
    if isinstance(described, NotFound):
        return Refused(code=RefusalCode.UNKNOWN_PAYMENT_METHOD, facts={"gateway": gateway, "reference": reference[:64]})
    record = _record_of(described, services, gateway)
    return await insert_payment_method(services.pool, services.shard_id, organization_id, record)


async def list_payment_methods(
    services: Services, *, organization_id: str
) -> tuple[PaymentMethodRecord, ...] | Refused:
    """An organization's stored ways to pay, oldest first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    return await read_payment_methods(services.pool, services.shard_id, organization_id)


async def find_payment_method(
    services: Services, *, organization_id: str, payment_method_id: str
) -> PaymentMethodRecord | Refused:
    """The organization's own method of that id; nobody pays with another organization's."""
    methods = await list_payment_methods(services, organization_id=organization_id)
    if isinstance(methods, Refused):
        return methods
    for method in methods:
        if method.payment_method_id == payment_method_id:
            return method
    return Refused(code=RefusalCode.UNKNOWN_PAYMENT_METHOD, facts={"payment_method_id": payment_method_id[:64]})


async def take_payment(services: Services, *, organization_id: str, top_up: TopUpTaken, off_session: bool) -> Outcome:
    """Charge an attempt that this caller alone may send, and record what the gateway said.

    The attempt is committed as sent before this is called. Whatever happens here, even a crash, leaves a charge that
    can be looked up under the attempt's id.
    """
    method = await find_payment_method(
        services, organization_id=organization_id, payment_method_id=top_up.payment_method
    )
    if isinstance(method, Refused):
        return await _record(services, organization_id, top_up.top_up_id, "", _gone(top_up))
    gateway = services.gateways.get(method.gateway)
    if gateway is None:
        return await _record(services, organization_id, top_up.top_up_id, method.gateway, _gone(top_up))
    outcome = await _charge(gateway, method, top_up, off_session=off_session)
    if isinstance(outcome, Unknown) and outcome.this_call_did_nothing:
        # This was the attempt's first and only call, so nothing of it is under way anywhere.
        command = _not_taken(organization_id, top_up.top_up_id, method.gateway, "gateway_unreachable")
        return await services.executor.execute(command)
    return await _record(services, organization_id, top_up.top_up_id, method.gateway, outcome)


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
    """Ask the gateway what became of one attempt, and record it."""
    gateway_name = top_up.gateway
    if not gateway_name:
        method = await find_payment_method(
            services, organization_id=top_up.organization_id, payment_method_id=top_up.payment_method_id
        )
        gateway_name = "" if isinstance(method, Refused) else method.gateway
    gateway = services.gateways.get(gateway_name)
    if gateway is None:
        return Done(changed=False)
    found = await gateway.lookup(top_up.top_up_id)
    reason, patience_seconds = "not_received", GIVE_UP_AFTER_SECONDS
    if isinstance(found, ActionRequired):
        reason, patience_seconds = "not_approved", APPROVAL_SECONDS_MAX
    if isinstance(found, NotFound | ActionRequired) and _is_older(services, top_up, patience_seconds):
        closed = await gateway.cancel(top_up.top_up_id)
        if isinstance(closed, Declined):
            command = _not_taken(top_up.organization_id, top_up.top_up_id, gateway_name, reason)
            return await services.executor.execute(command)
        found = closed
    if isinstance(found, NotFound):
        return Done(changed=False)
    return await _record(services, top_up.organization_id, top_up.top_up_id, gateway_name, found)


def _is_older(services: Services, top_up: TopUpRecord, seconds: int) -> bool:
    return top_up.sent_at is None or services.clock() - top_up.sent_at >= timedelta(seconds=seconds)


async def receive_webhook(
    services: Services, *, gateway: str, headers: Mapping[str, str], raw_body: bytes
) -> Done | Refused:
    """Take a gateway's message. It only nudges: the state is read back from the gateway before it is believed."""
    through = services.gateways.get(gateway)
    if through is None:
        return _invalid("gateway", gateway, ", ".join(sorted(services.gateways)))
    events = through.verify_webhook(headers, raw_body)
    if isinstance(events, WebhookRejected):
        return _invalid("body", "", f"a message signed by the gateway: {events.reason}")
    changed = False
    for event in events:
        if event.idempotency_key is None:
            continue
        top_up = await read_open_top_up(services.pool, services.shard_id, event.idempotency_key)
        if top_up is not None:
            outcome = await resolve_top_up(services, top_up)
            changed = changed or isinstance(outcome, TopUpTaken)
    return Done(changed=changed)


async def _charge(
    gateway: Gateway, method: PaymentMethodRecord, top_up: TopUpTaken, *, off_session: bool
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
    )
    return await gateway.charge(request)


async def _record(
    services: Services, organization_id: str, top_up_id: str, gateway: str, outcome: ChargeOutcome
) -> Outcome:
    command = payment_command(organization_id, top_up_id, gateway, outcome)
    return await services.executor.execute(command)


def payment_command(organization_id: str, top_up_id: str, gateway: str, outcome: ChargeOutcome) -> RecordPayment:
    """The ledger's command for what a gateway said; complete over its outcomes."""
    match outcome:
        case Succeeded(reference=reference):
            return RecordPayment(
                organization_id=organization_id,
                top_up_id=top_up_id,
                state=PaymentState.SUCCEEDED,
                gateway=gateway,
                gateway_reference=reference,
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


def _record_of(described: PaymentMethod, services: Services, gateway: str) -> PaymentMethodRecord:
    return PaymentMethodRecord(
        payment_method_id=services.new_id(),
        gateway=gateway,
        reference=described.reference,
        kind=described.kind,
        brand=described.brand,
        last4=described.last4,
        expiry_month=described.expiry_month,
        expiry_year=described.expiry_year,
        created_at=services.clock(),
    )


def _invalid(field: str, value: str, allowed: str) -> Refused:
    return Refused(code=RefusalCode.INVALID_INPUT, facts={"field": field, "value": value[:64], "allowed": allowed})
