"""Notices: adding those that time brings, and what was told to whom.

Knows the rows that commands and rounds leave behind. Refuses to know what happened: the core's decisions, and
commcredits.operations.notice_rounds, say that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.money import format_micros
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import invalid_input, is_identifier
from commcredits.operations.organizations import get_organization
from commcredits.operations.paging import (
    Page,
    check_limit,
    read_cursor,
    read_instant,
    refuse_cursor,
    write_cursor,
    write_instant,
)
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.codec import decode_facts, encode_facts
from commcredits.storage.connection import Connection, Pool, load_statement

MICROS: Final = "_micros"
_LIST: Final = "notices"
_NEWEST: Final = (datetime(9999, 12, 31, tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOfNotice:
    """A mail of a notice: to whom, and what became of it. ``state`` is waiting, sent or failed."""

    mail_id: str
    address: str
    language: str
    state: str
    attempts: int
    settled_at: datetime | None
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOfNotice:
    """A delivery of a notice to a webhook endpoint. ``state`` is waiting, delivered or failed."""

    delivery_id: str
    endpoint_id: str
    state: str
    attempts: int
    settled_at: datetime | None
    status: int | None
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRecord:
    """What happened, and to whom it was told; ``handed_on_at`` is None until mails and deliveries were made of it.

    ``facts`` are shown as the interfaces do: amounts as decimals in the major unit.
    """

    notice_id: str
    kind: str
    facts: Mapping[str, str | int]
    noticed_at: datetime
    handed_on_at: datetime | None
    mails: tuple[MailOfNotice, ...]
    deliveries: tuple[DeliveryOfNotice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeToTell:
    """A notice on its way to somebody; amounts in ``facts`` are millionths, named ``*_micros``."""

    notice_id: str
    organization_id: str
    kind: str
    facts: Mapping[str, str | int]
    noticed_at: datetime


def notice_to_tell(row: asyncpg.Record) -> NoticeToTell:
    """The notice of a row that has its columns."""
    return NoticeToTell(
        notice_id=str(row["notice_id"]),
        organization_id=str(row["organization_id"]),
        kind=row["kind"],
        facts=decode_facts(row["facts"]),
        noticed_at=row["noticed_at"],
    )


def shown_facts(facts: Mapping[str, str | int]) -> dict[str, str | int]:
    """Facts as interfaces show them: ``amount_micros`` becomes ``amount``, a decimal with six digits."""
    return {
        name.removesuffix(MICROS): format_micros(value) if name.endswith(MICROS) and isinstance(value, int) else value
        for name, value in facts.items()
    }


async def add_notices(connection: Connection | Pool, services: Services, notices: Sequence[tuple[str, Notice]]) -> int:
    """Keep things to tell, each with its organization's id; what is known by kind and key is told no second time.

    Returns how many are new.
    """
    if not notices:
        return 0
    added: int = await connection.fetchval(
        load_statement("insert_notices"),
        services.shard_id,
        [organization_id for organization_id, _notice in notices],
        [services.new_id() for _each in notices],
        [notice.kind.value for _id, notice in notices],
        [notice.key for _id, notice in notices],
        [encode_facts(notice.facts) for _id, notice in notices],
        services.clock(),
    )
    return added


@reads(Permission.NOTICES_READ)
async def list_notices(
    services: Services, *, organization_id: str, kind: str | None, cursor: str | None, limit: int
) -> Page[NoticeRecord] | Refused:
    """What there was to tell of an organization, newest first, with every mail and delivery of it."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    if kind is not None and kind not in tuple(NoticeKind):
        return invalid_input("kind", kind, "one of " + ", ".join(NoticeKind))
    before = _NEWEST if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    place = (services.shard_id, organization_id)
    rows = await services.pool.fetch(load_statement("list_notices"), *place, *before, kind, limit + 1)
    ids = [row["notice_id"] for row in rows[:limit]]
    mails = await services.pool.fetch(load_statement("list_mails_of_notices"), *place, ids)
    deliveries = await services.pool.fetch(load_statement("list_deliveries_of_notices"), *place, ids)
    items = tuple(_notice_of(row, mails, deliveries) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.noticed_at), last.notice_id))


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    noticed_at = None if key is None else read_instant(key[0])
    if key is None or noticed_at is None or not is_identifier(key[1]):
        return None
    return noticed_at, key[1]


def _notice_of(
    row: asyncpg.Record, mails: Sequence[asyncpg.Record], deliveries: Sequence[asyncpg.Record]
) -> NoticeRecord:
    return NoticeRecord(
        notice_id=str(row["notice_id"]),
        kind=row["kind"],
        facts=shown_facts(decode_facts(row["facts"])),
        noticed_at=row["noticed_at"],
        handed_on_at=row["handed_on_at"],
        mails=tuple(
            MailOfNotice(
                mail_id=str(mail["mail_id"]),
                address=mail["address"],
                language=mail["language"],
                state=mail["state"],
                attempts=mail["attempts"],
                settled_at=mail["settled_at"],
                trouble=mail["trouble"],
            )
            for mail in mails
            if mail["notice_id"] == row["notice_id"]
        ),
        deliveries=tuple(
            DeliveryOfNotice(
                delivery_id=str(delivery["delivery_id"]),
                endpoint_id=str(delivery["endpoint_id"]),
                state=delivery["state"],
                attempts=delivery["attempts"],
                settled_at=delivery["settled_at"],
                status=delivery["status"],
                trouble=delivery["trouble"],
            )
            for delivery in deliveries
            if delivery["notice_id"] == row["notice_id"]
        ),
    )
