"""Messages of gateways: kept as they came, each event once, and dealt with until it is done.

Knows which event is about what. Refuses to believe any of them: an event only nudges, and the state is read back from
the gateway, so that duplicates and messages out of order do no harm. What cannot be dealt with now waits for a
worker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from commcredits.core.access import SYSTEM, Permission
from commcredits.core.outcomes import Done, Refused
from commcredits.core.purchases import RefundState, TopUpState
from commcredits.core.top_up_refunds import OPEN_REFUNDS
from commcredits.core.topups import OPEN_STATES
from commcredits.gateways.protocol import EventKind, WebhookEvent, WebhookRejected
from commcredits.operations.disputes import Followed, follow_dispute
from commcredits.operations.inputs import invalid_input, is_identifier
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.payment_methods import refresh_payment_method
from commcredits.operations.payments import resolve_top_up
from commcredits.operations.permitting import acts, reads
from commcredits.operations.refunds import resolve_refund
from commcredits.operations.services import Services
from commcredits.storage.gateway_records import (
    EventState,
    EventToKeep,
    GatewayEvent,
    MessageToKeep,
    keep_message,
    read_event,
    read_events,
    read_waiting_events,
    settle_event,
)
from commcredits.storage.payment_methods import read_methods_by_reference
from commcredits.storage.payments import TopUpRecord, read_charged_top_up, read_top_up
from commcredits.storage.refunds import find_refund, read_refund

DEAL_SECONDS_MAX: Final = 5.0
"""How long a gateway waits for our answer at most while its message is dealt with; then the worker goes on."""

RETRY_SECONDS: Final = (10, 30, 60, 300, 900, 3_600)
"""How long an event that could not be dealt with waits, try after try; the last one for all that follow."""

TRIES_MAX: Final = 30
"""After so many tries, which take a day, somebody has to look."""

EVENTS_A_MESSAGE_MAX: Final = 200

_AT_ONCE_MAX: Final = 8
_HEADERS_KEPT_MAX: Final = 16
_HEADER_CHARACTERS_MAX: Final = 1_024
_TELLING_HEADERS: Final = ("signature", "webhook", "timestamp", "request-id", "event")
_SECRET_HEADERS: Final = ("authorization", "cookie", "token", "secret", "key")

_CHARGES: Final = frozenset(
    {
        EventKind.CHARGE_SUCCEEDED,
        EventKind.CHARGE_PROCESSING,
        EventKind.CHARGE_ACTION_REQUIRED,
        EventKind.CHARGE_DECLINED,
    }
)
_REFUNDS: Final = frozenset({EventKind.REFUND_SUCCEEDED, EventKind.REFUND_REFUSED})
_DISPUTES: Final = frozenset({EventKind.DISPUTE_OPENED, EventKind.DISPUTE_WON, EventKind.DISPUTE_LOST})
_METHODS: Final = frozenset({EventKind.PAYMENT_METHOD_ADDED, EventKind.PAYMENT_METHOD_DETACHED})
_SETTLING: Final = frozenset({EventKind.CHARGE_SUCCEEDED, EventKind.CHARGE_DECLINED})
_UNPAID: Final = frozenset({TopUpState.DECLINED, TopUpState.CANCELLED})


async def receive_webhook(
    services: Services, *, gateway: str, headers: Mapping[str, str], raw_body: bytes
) -> Done | Refused:
    """Take a gateway's message: prove it, keep it, deal with it. Whether it changed anything here by now.

    Once it is kept, nothing that happens makes the gateway send it again: the worker deals with what is left.
    """
    through = services.gateways.get(gateway)
    if through is None:
        return invalid_input("gateway", gateway, ", ".join(sorted(services.gateways)))
    events = through.verify_webhook(headers, raw_body)
    if isinstance(events, WebhookRejected):
        log = structlog.get_logger("gateways")
        log.warning("message not proven", gateway=gateway, reason=events.reason, length_bytes=len(raw_body))
        return invalid_input("body", "", f"a message signed by the gateway: {events.reason}")
    if len(events) > EVENTS_A_MESSAGE_MAX:
        return invalid_input("body", "", f"a message of at most {EVENTS_A_MESSAGE_MAX} events")
    message = MessageToKeep(
        message_id=services.new_id(),
        gateway=gateway,
        headers=msgspec.json.encode(_telling(headers)).decode(),
        body=raw_body,
        received_at=services.clock(),
    )
    # The signature is the proof: from here on it is the product that acts.
    services = services.acting_as(SYSTEM)
    fresh = await keep_message(services.pool, services.shard_id, message, events_to_keep(services, events))
    changed = False
    try:
        async with asyncio.timeout(DEAL_SECONDS_MAX):
            for event in fresh:
                changed = await deal_with(services, event) is EventState.DONE or changed
    except TimeoutError:
        structlog.get_logger("gateways").info("message left to the worker", gateway=gateway)
    return Done(changed=changed)


def events_to_keep(services: Services, events: Sequence[WebhookEvent]) -> tuple[EventToKeep, ...]:
    """Events under ids of ours, each once."""
    known: dict[str, EventToKeep] = {}
    for event in events:
        known.setdefault(
            event.id,
            EventToKeep(
                gateway_event_id=services.new_id(),
                event_id=event.id,
                kind=event.kind.value,
                object_reference=event.object_reference,
                idempotency_key=event.idempotency_key,
                occurred_at=event.occurred_at,
            ),
        )
    return tuple(known.values())


async def deal_with_waiting_events(services: Services, *, at_once: int = 100) -> int:
    """Deal with events whose turn has come; returns how many are done with."""
    waiting = await read_waiting_events(services.pool, services.shard_id, now=services.clock(), limit=at_once)
    gate = asyncio.Semaphore(_AT_ONCE_MAX)

    async def deal(event: GatewayEvent) -> EventState:
        async with gate:
            return await deal_with(services, event)

    states = await asyncio.gather(*(deal(event) for event in waiting))
    return sum(state is not EventState.WAITING for state in states)


async def deal_with(services: Services, event: GatewayEvent) -> EventState:
    """Read back what an event is about, record it, and note how far that came. Safe to repeat, also at once."""
    log, failure = structlog.get_logger("gateways"), ""
    try:
        followed = await _follow(services, event)
    except Exception as error:
        # A gateway's plug-in, or something of ours, is broken: it is told in full, and the event waits.
        log.exception("event failed", gateway=event.gateway, kind=event.kind)
        followed, failure = Followed.AGAIN, type(error).__name__
    now = services.clock()
    state, next_try_at = EventState.DONE, now
    if followed is Followed.NOT_OURS:
        state = EventState.IGNORED
    elif followed is Followed.AGAIN:
        failure = failure or "no answer"
        state = EventState.FAILED if event.attempts + 1 >= TRIES_MAX else EventState.WAITING
        next_try_at = now + timedelta(seconds=RETRY_SECONDS[min(event.attempts, len(RETRY_SECONDS) - 1)])
    await settle_event(
        services.pool,
        services.shard_id,
        event.gateway_event_id,
        state=state,
        next_try_at=next_try_at,
        failure=failure,
    )
    return state


@reads(Permission.OPERATOR_GATEWAYS)
async def list_gateway_events(
    services: Services, *, gateway: str | None, state: str | None, cursor: str | None, limit: int
) -> Page[GatewayEvent] | Refused:
    """What gateways have told of, newest first; for the operator. A cursor is the last id of the page before."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    if cursor is not None and not is_identifier(cursor):
        return invalid_input("cursor", cursor, "the next_cursor of an earlier page of the same list")
    if state is not None and state not in set(EventState):
        return invalid_input("state", state, ", ".join(EventState))
    rows = await read_events(
        services.pool, services.shard_id, gateway=gateway, state=state, before=cursor, limit=limit + 1
    )
    shown = rows[:limit]
    return Page(items=shown, next_cursor=shown[-1].gateway_event_id if len(rows) > limit else None)


@acts(Permission.OPERATOR_GATEWAYS)
async def deal_again_with(services: Services, *, gateway_event_id: str) -> GatewayEvent | Refused:
    """Deal with one event now, whatever came of it before; for the operator."""
    found = None
    if is_identifier(gateway_event_id):
        found = await read_event(services.pool, services.shard_id, gateway_event_id)
    if found is None:
        return invalid_input("gateway_event_id", gateway_event_id, "the id of an event that a gateway has told of")
    if found.gateway in services.gateways:
        await deal_with(services, found)
    return await read_event(services.pool, services.shard_id, gateway_event_id) or found


async def _follow(services: Services, event: GatewayEvent) -> Followed:
    if event.gateway not in services.gateways:
        return Followed.AGAIN
    kind = EventKind(event.kind)
    if kind in _REFUNDS:
        return await _follow_refund(services, event)
    if kind in _CHARGES or kind in _DISPUTES:
        top_up = await read_charged_top_up(
            services.pool,
            services.shard_id,
            gateway=event.gateway,
            key=event.idempotency_key or "",
            reference=event.object_reference,
        )
        if top_up is None:
            return Followed.NOT_OURS
        if kind in _DISPUTES:
            return await follow_dispute(services, gateway=event.gateway, top_up=top_up)
        return await _follow_charge(services, kind, top_up)
    known = kind in _METHODS or await read_methods_by_reference(
        services.pool, services.shard_id, event.gateway, event.object_reference
    )
    if not known:
        return Followed.NOT_OURS
    ours = await refresh_payment_method(services, gateway=event.gateway, reference=event.object_reference)
    if ours is None:
        return Followed.AGAIN
    return Followed.DONE if ours else Followed.NOT_OURS


async def _follow_charge(services: Services, kind: EventKind, top_up: TopUpRecord) -> Followed:
    """Look up an attempt that is open, one that may have been paid after all, or one whose fee is not known."""
    may_be_paid = kind is EventKind.CHARGE_SUCCEEDED and (top_up.state in _UNPAID or not top_up.fee_micros)
    if top_up.state not in OPEN_STATES and not may_be_paid:
        return Followed.DONE
    recorded = await resolve_top_up(services, top_up)
    if isinstance(recorded, Refused):
        return Followed.AGAIN
    known = await read_top_up(services.pool, services.shard_id, top_up.organization_id, top_up.top_up_id)
    still_open = known is None or known.state in OPEN_STATES
    return Followed.AGAIN if still_open and kind in _SETTLING else Followed.DONE


async def _follow_refund(services: Services, event: GatewayEvent) -> Followed:
    refund = await find_refund(
        services.pool,
        services.shard_id,
        gateway=event.gateway,
        key=event.idempotency_key or "",
        reference=event.object_reference,
    )
    if refund is None:
        return Followed.NOT_OURS
    if refund.state not in OPEN_REFUNDS and not (
        refund.state is RefundState.REFUNDED and event.kind == EventKind.REFUND_REFUSED
    ):
        return Followed.DONE
    if isinstance(await resolve_refund(services, refund), Refused):
        return Followed.AGAIN
    known = await read_refund(services.pool, services.shard_id, refund.organization_id, refund.refund_id)
    return Followed.AGAIN if known is None or known.state in OPEN_REFUNDS else Followed.DONE


def _telling(headers: Mapping[str, str]) -> dict[str, str]:
    """The header fields that prove or explain a message, cut to size; never one that opens anything."""
    kept: dict[str, str] = {}
    for name in sorted(headers):
        lower = name.lower()
        tells = lower in {"content-type", "user-agent"} or any(word in lower for word in _TELLING_HEADERS)
        if tells and not any(word in lower for word in _SECRET_HEADERS) and len(kept) < _HEADERS_KEPT_MAX:
            kept[lower] = headers[name][:_HEADER_CHARACTERS_MAX].replace("\x00", "")
    return kept
