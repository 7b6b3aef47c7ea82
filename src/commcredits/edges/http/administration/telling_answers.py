"""What the JSON bodies of answers about notices, recipients and webhooks hold, made from what operations return.

Knows how instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from commcredits.core.notices import NoticeKind
from commcredits.edges.http.administration.answers import Identity, Time, time, time_or_none
from commcredits.operations.notice_kinds import NoticeGroup
from commcredits.operations.notices import NoticeRecord
from commcredits.operations.recipients import Recipient as RecipientRecord
from commcredits.operations.recipients import Recipients as RecipientsRecord
from commcredits.operations.webhook_deliveries import Delivery as DeliveryRecord
from commcredits.operations.webhook_endpoints import Endpoint as EndpointRecord
from commcredits.operations.webhook_endpoints import EndpointWithSecret as EndpointWithSecretRecord

Attempts = Annotated[int, Field(ge=0)]
Secret = Annotated[
    str,
    Field(
        description="The secret that signs deliveries (Standard Webhooks). It is shown this once.",
        examples=["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
    ),
]
MailState = Literal["waiting", "sent", "failed"]
DeliveryState = Literal["waiting", "delivered", "failed"]


class NoticeAbout(BaseModel):
    """A kind of notice: the group that it is in, and what it is about."""

    kind: NoticeKind
    group: NoticeGroup
    explanation: str


class NoticeMail(BaseModel):
    """A mail of a notice. ``trouble`` says why a try did not succeed; empty where it did, or was not made."""

    mail_id: Identity
    address: str
    language: str
    state: MailState
    attempts: Attempts
    settled_at: Time | None
    trouble: str


class NoticeDelivery(BaseModel):
    """A delivery of a notice to a webhook endpoint; ``status`` is null where nobody answered."""

    delivery_id: Identity
    endpoint_id: Identity
    state: DeliveryState
    attempts: Attempts
    settled_at: Time | None
    status: int | None
    trouble: str


class Notice(BaseModel):
    """What happened, and to whom it was told; ``handed_on_at`` is null for a moment at first.

    ``facts`` are what a webhook carries: amounts as decimals in strings, ids, instants, counts.
    """

    notice_id: Identity
    kind: NoticeKind
    facts: dict[str, str | int]
    noticed_at: Time
    handed_on_at: Time | None
    mails: list[NoticeMail]
    deliveries: list[NoticeDelivery]


class Recipient(BaseModel):
    """Somebody who hears of notices of these kinds and groups by mail."""

    recipient_id: Identity
    address: str
    language: str
    kinds: list[str]
    created_at: Time


class Recipients(BaseModel):
    """Who was chosen. While nobody is, ``default_address`` hears of everything; null: nobody hears anything."""

    items: list[Recipient]
    default_address: str | None


class Endpoint(BaseModel):
    """A webhook endpoint. ``disabled_because`` is failing, gone or by_hand; empty while it is enabled.

    ``failing_since`` is since when it has taken nothing. Until ``old_secret_until`` two secrets sign.
    """

    endpoint_id: Identity
    url: str
    description: str
    kinds: list[str]
    state: Literal["enabled", "disabled"]
    disabled_because: Literal["", "failing", "gone", "by_hand"]
    disabled_at: Time | None
    failing_since: Time | None
    old_secret_until: Time | None
    created_at: Time


class EndpointWithSecret(Endpoint):
    """A webhook endpoint, with its new secret."""

    secret: Secret


class Delivery(BaseModel):
    """A notice on its way to an endpoint, or what became of it.

    ``status``, ``answer`` and ``trouble`` are of the latest try. ``next_at`` is null once it is settled.
    """

    delivery_id: Identity
    endpoint_id: Identity
    notice_id: Identity
    kind: NoticeKind
    state: DeliveryState
    attempts: Attempts
    made_at: Time
    next_at: Time | None
    attempted_at: Time | None
    settled_at: Time | None
    status: int | None
    answer: str
    trouble: str


def notice(record: NoticeRecord) -> Notice:
    """A notice as it is answered."""
    return Notice(
        notice_id=record.notice_id,
        kind=NoticeKind(record.kind),
        facts=dict(record.facts),
        noticed_at=time(record.noticed_at),
        handed_on_at=time_or_none(record.handed_on_at),
        mails=[
            NoticeMail.model_validate(
                {
                    "mail_id": mail.mail_id,
                    "address": mail.address,
                    "language": mail.language,
                    "state": mail.state,
                    "attempts": mail.attempts,
                    "settled_at": time_or_none(mail.settled_at),
                    "trouble": mail.trouble,
                }
            )
            for mail in record.mails
        ],
        deliveries=[
            NoticeDelivery.model_validate(
                {
                    "delivery_id": each.delivery_id,
                    "endpoint_id": each.endpoint_id,
                    "state": each.state,
                    "attempts": each.attempts,
                    "settled_at": time_or_none(each.settled_at),
                    "status": each.status,
                    "trouble": each.trouble,
                }
            )
            for each in record.deliveries
        ],
    )


def recipient(record: RecipientRecord) -> Recipient:
    """A recipient as it is answered."""
    return Recipient(
        recipient_id=record.recipient_id,
        address=record.address,
        language=record.language,
        kinds=list(record.kinds),
        created_at=time(record.created_at),
    )


def recipients(record: RecipientsRecord) -> Recipients:
    """Recipients as they are answered."""
    return Recipients(items=[recipient(each) for each in record.chosen], default_address=record.default_address)


def endpoint(record: EndpointRecord) -> Endpoint:
    """A webhook endpoint as it is answered."""
    return Endpoint.model_validate(_fields_of(record))


def endpoint_with_secret(record: EndpointWithSecretRecord) -> EndpointWithSecret:
    """A webhook endpoint and its new secret as they are answered, once."""
    return EndpointWithSecret.model_validate({**_fields_of(record.endpoint), "secret": record.secret})


def _fields_of(record: EndpointRecord) -> dict[str, object]:
    return {
        "endpoint_id": record.endpoint_id,
        "url": record.url,
        "description": record.description,
        "kinds": list(record.kinds),
        "state": record.state,
        "disabled_because": record.disabled_because,
        "disabled_at": time_or_none(record.disabled_at),
        "failing_since": time_or_none(record.failing_since),
        "old_secret_until": time_or_none(record.old_secret_until),
        "created_at": time(record.created_at),
    }


def delivery(record: DeliveryRecord) -> Delivery:
    """A delivery as it is answered."""
    return Delivery.model_validate(
        {
            "delivery_id": record.delivery_id,
            "endpoint_id": record.endpoint_id,
            "notice_id": record.notice_id,
            "kind": record.kind,
            "state": record.state,
            "attempts": record.attempts,
            "made_at": time(record.made_at),
            "next_at": time_or_none(record.next_at),
            "attempted_at": time_or_none(record.attempted_at),
            "settled_at": time_or_none(record.settled_at),
            "status": record.status,
            "answer": record.answer,
            "trouble": record.trouble,
        }
    )
