"""What the JSON bodies of answers about refunds, disputes and gateways hold, made from the operations' records.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from commcredits.core.money import format_micros
from commcredits.core.purchases import RefundState, TopUpState
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Time, time, time_or_none
from commcredits.operations.payment_methods import MethodSetup as MethodSetupRecord
from commcredits.storage.gateway_records import EventState
from commcredits.storage.gateway_records import GatewayEvent as GatewayEventRecord
from commcredits.storage.gateway_records import GatewayPayout as GatewayPayoutRecord
from commcredits.storage.payments import TopUpRecord
from commcredits.storage.refunds import RefundRecord


class MethodSetup(BaseModel):
    """The gateway's page. Whoever has its address may add a payment method there: treat it as a secret."""

    gateway: str
    hosted_url: str


class Refund(BaseModel):
    """Funds of a top-up on their way back; ``amount`` is net, ``tax`` goes back with it. ``refusal`` says why not."""

    refund_id: Identity
    top_up_id: Identity
    lot_id: Identity
    state: RefundState
    amount: Amount
    tax: Amount
    currency: Currency
    reason: str
    requested_by: str
    created_at: Time
    settled_at: Time | None
    gateway: str
    gateway_reference: str
    refusal: str


class DisputeStanding(StrEnum):
    """Where a dispute stands."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Dispute(BaseModel):
    """A top-up whose payer's bank has asked for the money back; ``frozen`` is what cannot be used meanwhile."""

    top_up_id: Identity
    dispute_reference: str
    standing: DisputeStanding
    amount: Amount
    frozen: Amount
    currency: Currency
    gateway: str
    gateway_reference: str
    created_at: Time


class GatewayEvent(BaseModel):
    """One thing that a gateway has told of, by a message or by its list, and how far it was dealt with."""

    gateway_event_id: Identity
    gateway: str
    event_id: str
    kind: str
    object_reference: str
    occurred_at: Time
    noted_at: Time
    by_message: bool
    state: EventState
    attempts: Annotated[int, Field(ge=0)]
    next_try_at: Time
    failure: str


class GatewayPayout(BaseModel):
    """What a gateway has sent to the operator's bank account; negative where it took something."""

    gateway: str
    reference: str
    amount: Amount
    currency: Currency
    arrives_on: Annotated[str, Field(json_schema_extra={"format": "date"})]
    state: str


def method_setup(record: MethodSetupRecord) -> MethodSetup:
    """A gateway's page as it is answered."""
    return MethodSetup(gateway=record.gateway, hosted_url=record.hosted_url)


def refund(record: RefundRecord) -> Refund:
    """A refund as it is answered."""
    return Refund(
        refund_id=record.refund_id,
        top_up_id=record.top_up_id,
        lot_id=record.lot_id,
        state=record.state,
        amount=format_micros(record.amount_micros),
        tax=format_micros(record.tax_micros),
        currency=record.currency,
        reason=record.reason,
        requested_by=record.requested_by,
        created_at=time(record.created_at),
        settled_at=time_or_none(record.settled_at),
        gateway=record.gateway,
        gateway_reference=record.gateway_reference,
        refusal=record.refusal,
    )


def dispute(record: TopUpRecord) -> Dispute:
    """A disputed top-up as it is answered."""
    standings = {TopUpState.DISPUTED: DisputeStanding.OPEN, TopUpState.REVERSED: DisputeStanding.LOST}
    return Dispute(
        top_up_id=record.top_up_id,
        dispute_reference=record.dispute_reference,
        standing=standings.get(record.state, DisputeStanding.WON),
        amount=format_micros(record.amount_micros),
        frozen=format_micros(record.disputed_micros),
        currency=record.currency,
        gateway=record.gateway,
        gateway_reference=record.gateway_reference,
        created_at=time(record.created_at),
    )


def gateway_event(record: GatewayEventRecord) -> GatewayEvent:
    """A gateway's event as it is answered."""
    return GatewayEvent(
        gateway_event_id=record.gateway_event_id,
        gateway=record.gateway,
        event_id=record.event_id,
        kind=record.kind,
        object_reference=record.object_reference,
        occurred_at=time(record.occurred_at),
        noted_at=time(record.noted_at),
        by_message=record.by_message,
        state=record.state,
        attempts=record.attempts,
        next_try_at=time(record.next_try_at),
        failure=record.failure,
    )


def gateway_payout(record: GatewayPayoutRecord) -> GatewayPayout:
    """A gateway's payout as it is answered."""
    return GatewayPayout(
        gateway=record.gateway,
        reference=record.reference,
        amount=format_micros(record.amount_micros),
        currency=record.currency,
        arrives_on=record.arrives_on.isoformat(),
        state=record.state,
    )
