"""Handing notices on: a mail for each recipient, a delivery for each endpoint, exactly once.

Knows who wants which kind. Refuses to send anything: commcredits.operations.mailing and .webhook_delivering do. A
notice is handed on in one transaction with the mails and deliveries that are made of it, so a worker that is killed
leaves all of that or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg
import structlog

from commcredits.core.mail_addresses import is_mail_address
from commcredits.operations.mailed_receipts import RECEIPT_AWAITED_SECONDS, WITH_RECEIPT
from commcredits.operations.notice_kinds import NoticeGroup, is_chosen
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement

HANDED_ON_AT_ONCE_MAX: Final = 200
"""Most notices handed on in one transaction; the next one takes the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipient:
    address: str
    language: str
    kinds: tuple[str, ...]


async def hand_on_notices(services: Services) -> int:
    """Make mails and deliveries of notices that none were made of yet; returns how many notices.

    Where nobody was chosen, the organization's billing mail hears of everything, if it has one. Without a mail server
    no mail is made, now or later, and each notice is told to the log, without anything about people. What waited for
    longer than the operator's days is not mailed, but delivered to endpoints, whose programs can read the instant.
    """
    now = services.clock()
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            load_statement("list_notices_to_hand_on"), services.shard_id, HANDED_ON_AT_ONCE_MAX
        )
        if not rows:
            return 0
        organizations = sorted({row["organization_id"] for row in rows})
        if services.telling.mails:
            since = now - timedelta(days=services.telling.late_days)
            in_time = [row for row in rows if row["noticed_at"] >= since]
            await _make_mails(connection, services, in_time, organizations)
        else:
            _tell_the_log(rows)
        await _make_deliveries(connection, services, rows, organizations)
        done = ([row["organization_id"] for row in rows], [row["notice_id"] for row in rows])
        await connection.execute(load_statement("mark_notices_handed_on"), services.shard_id, *done, now)
    return len(rows)


async def _make_mails(
    connection: Connection, services: Services, rows: Sequence[asyncpg.Record], organizations: Sequence[object]
) -> None:
    recipients = await _recipients(connection, services, organizations)
    now = services.clock()
    after_receipt = now if services.receipts is None else now + timedelta(seconds=RECEIPT_AWAITED_SECONDS)
    mails = [
        (
            row["organization_id"],
            services.new_id(),
            row["notice_id"],
            recipient.address,
            recipient.language,
            after_receipt if row["kind"] in WITH_RECEIPT else now,
        )
        for row in rows
        for recipient in recipients.get(row["organization_id"], ())
        if is_chosen(recipient.kinds, row["kind"])
    ]
    if mails:
        columns = [list(column) for column in zip(*mails, strict=True)]
        await connection.execute(load_statement("insert_mails"), services.shard_id, *columns, now)


async def _recipients(
    connection: Connection, services: Services, organizations: Sequence[object]
) -> Mapping[object, Sequence[_Recipient]]:
    found: dict[object, list[_Recipient]] = {}
    for row in await connection.fetch(load_statement("load_recipients"), services.shard_id, organizations):
        recipient = _Recipient(address=row["address"], language=row["language"], kinds=tuple(row["kinds"]))
        found.setdefault(row["organization_id"], []).append(recipient)
    everything = (NoticeGroup.ALL.value,)
    for row in await connection.fetch(load_statement("load_billing_mails"), services.shard_id, organizations):
        if is_mail_address(row["address"]):
            recipient = _Recipient(address=row["address"], language=row["language"], kinds=everything)
            found[row["organization_id"]] = [recipient]
    return found


async def _make_deliveries(
    connection: Connection, services: Services, rows: Sequence[asyncpg.Record], organizations: Sequence[object]
) -> None:
    endpoints: dict[object, list[asyncpg.Record]] = {}
    for endpoint in await connection.fetch(load_statement("load_endpoints"), services.shard_id, organizations):
        endpoints.setdefault(endpoint["organization_id"], []).append(endpoint)
    deliveries = [
        (row["organization_id"], services.new_id(), endpoint["endpoint_id"], row["notice_id"])
        for row in rows
        for endpoint in endpoints.get(row["organization_id"], ())
        if is_chosen(endpoint["kinds"], row["kind"])
    ]
    if deliveries:
        columns = [list(column) for column in zip(*deliveries, strict=True)]
        await connection.execute(load_statement("insert_deliveries"), services.shard_id, *columns, services.clock())


def _tell_the_log(rows: Sequence[asyncpg.Record]) -> None:
    log = structlog.get_logger("notices")
    for row in rows:
        log.info(
            "notice",
            organization_id=str(row["organization_id"]),
            notice_id=str(row["notice_id"]),
            kind=row["kind"],
            noticed_at=row["noticed_at"].isoformat(),
        )
