"""What the JSON bodies of answers hold, made from the records of the operations.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

from commcredits.core.account import OrganizationStatus
from commcredits.core.money import format_micros
from commcredits.core.numbers import DialledKind
from commcredits.core.outcomes import LotGranted
from commcredits.core.purchases import TopUpKind, TopUpState
from commcredits.core.roster import NumberKind, NumberPurpose
from commcredits.operations.numbers import PhoneNumber as PhoneNumberRecord
from commcredits.operations.organizations import Organization as OrganizationRecord
from commcredits.operations.paging import Page
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord

R = TypeVar("R")
T = TypeVar("T")

Amount = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]+\.[0-9]{6}$",
        description="A decimal with exactly six digits after the point, in the currency's major unit.",
        examples=["47.700000"],
    ),
]
Time = Annotated[
    str,
    Field(
        description="RFC 3339, in UTC.",
        examples=["2026-11-22T12:00:00Z"],
        json_schema_extra={"format": "date-time"},
    ),
]
Identity = Annotated[
    str, Field(examples=["019353b4-7c1e-7000-8000-0123456789ab"], json_schema_extra={"format": "uuid"})
]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217.", examples=["EUR"])]
Seconds = Annotated[int, Field(ge=0)]


class Listing(BaseModel, Generic[T]):
    """Some items of a list; ``next_cursor`` asks for those after them, and is null at the end."""

    items: list[T]
    next_cursor: str | None


class Organization(BaseModel):
    """An organization; ``rate_deck_id`` is null until a rate deck is assigned."""

    organization_id: Identity
    name: str
    country: str
    currency: Currency
    time_zone: str
    language: str
    status: OrganizationStatus
    rate_deck_id: Identity | None
    created_at: Time


class PhoneNumber(BaseModel):
    """A telephone number, the organization that pays for its calls, and what it is for.

    ``party_id`` is the user or resource account that has it. ``country`` (empty where there is none) and
    ``dialled_kind`` are what the numbering plans say of its range; no price goes by them.
    """

    number: str
    organization_id: Identity
    kind: NumberKind
    display_name: str
    purpose: NumberPurpose
    party_id: Identity | None
    country: str
    dialled_kind: DialledKind
    created_at: Time


class PaymentMethod(BaseModel):
    """A way to pay, as its gateway describes it, and whether it is the default or the backup."""

    payment_method: Identity
    gateway: str
    reference: str
    kind: str
    brand: str
    last4: str
    expiry_month: int | None
    expiry_year: int | None
    country: str
    is_default: bool
    is_backup: bool
    created_at: Time


class TopUp(BaseModel):
    """An attempt to buy funds. ``action_url`` is where the payer approves it while its state is ``action_required``.

    ``amount`` is net; the payer is charged that and ``tax``. ``fee`` is what the gateway kept. Of it, ``refunded``
    went back or is on its way, and ``disputed`` is frozen.
    """

    top_up_id: Identity
    kind: TopUpKind
    state: TopUpState
    amount: Amount
    currency: Currency
    payment_method: Identity
    brand: str
    last4: str
    created_at: Time
    sent_at: Time | None
    settled_at: Time | None
    gateway: str
    gateway_reference: str
    reason: str
    action_url: str
    lot_id: Identity | None
    tax: Amount
    fee: Amount
    refunded: Amount
    disputed: Amount
    dispute_reference: str


class Promotion(BaseModel):
    """The fund lot that a grant of promotional funds made."""

    lot_id: Identity
    amount: Amount
    currency: Currency
    expires_at: Time


class Changed(BaseModel):
    """``changed`` is false when things stood that way before."""

    changed: bool


def listing(page: Page[R], show: Callable[[R], T]) -> Listing[T]:
    """A page of records as it is answered."""
    return Listing(items=[show(item) for item in page.items], next_cursor=page.next_cursor)


def whole_listing(records: Iterable[R], show: Callable[[R], T]) -> Listing[T]:
    """A list that fits one page, as it is answered."""
    return Listing(items=[show(record) for record in records], next_cursor=None)


def time(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_or_none(instant: datetime | None) -> str | None:
    """An instant as RFC 3339 in UTC, if there is one."""
    return None if instant is None else time(instant)


def organization(record: OrganizationRecord) -> Organization:
    """An organization as it is answered."""
    return Organization(
        organization_id=record.organization_id,
        name=record.name,
        country=record.country,
        currency=record.currency,
        time_zone=record.time_zone,
        language=record.language,
        status=record.status,
        rate_deck_id=record.rate_deck_id,
        created_at=time(record.created_at),
    )


def phone_number(record: PhoneNumberRecord) -> PhoneNumber:
    """A telephone number as it is answered."""
    return PhoneNumber(
        number=record.number,
        organization_id=record.organization_id,
        kind=record.kind,
        display_name=record.display_name,
        purpose=record.purpose,
        party_id=record.party_id,
        country=record.country,
        dialled_kind=record.dialled_kind,
        created_at=time(record.created_at),
    )


def payment_method(record: PaymentMethodRecord) -> PaymentMethod:
    """A payment method as it is answered."""
    return PaymentMethod(
        payment_method=record.payment_method_id,
        gateway=record.gateway,
        reference=record.reference,
        kind=record.kind,
        brand=record.brand,
        last4=record.last4,
        expiry_month=record.expiry_month,
        expiry_year=record.expiry_year,
        country=record.country,
        is_default=record.is_default,
        is_backup=record.is_backup,
        created_at=time(record.created_at),
    )


def top_up(record: TopUpRecord) -> TopUp:
    """An attempt to buy funds as it is answered."""
    return TopUp(
        top_up_id=record.top_up_id,
        kind=record.kind,
        state=record.state,
        amount=format_micros(record.amount_micros),
        currency=record.currency,
        payment_method=record.payment_method_id,
        brand=record.brand,
        last4=record.last4,
        created_at=time(record.created_at),
        sent_at=time_or_none(record.sent_at),
        settled_at=time_or_none(record.settled_at),
        gateway=record.gateway,
        gateway_reference=record.gateway_reference,
        reason=record.reason,
        action_url=record.action_url,
        lot_id=record.lot_id,
        tax=format_micros(record.tax.micros),
        fee=format_micros(record.fee_micros),
        refunded=format_micros(record.refunded_micros),
        disputed=format_micros(record.disputed_micros),
        dispute_reference=record.dispute_reference,
    )


def promotion(granted: LotGranted) -> Promotion:
    """Granted promotional funds as they are answered."""
    return Promotion(
        lot_id=granted.lot_id,
        amount=format_micros(granted.amount_micros),
        currency=granted.currency,
        expires_at=time(granted.expires_at),
    )
