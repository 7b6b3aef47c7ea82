"""Top-ups as rows: reading them; and what a payment method is as a record.

Knows rows. Refuses to move a top-up from state to state: only the committer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from commcredits.core.purchases import TopUpKind, TopUpState
from commcredits.core.taxes import NO_TAX, Tax
from commcredits.storage.connection import Connection, Pool, load_statement
from commcredits.storage.purchase_codec import tax_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodRecord:
    """A stored way to pay, as its gateway described it; ``reference`` is the gateway's own.

    One with ``removed_at`` is kept for what it paid, and never charged.
    """

    payment_method_id: str
    gateway: str
    reference: str
    kind: str
    brand: str
    last4: str
    expiry_month: int | None
    expiry_year: int | None
    created_at: datetime
    customer_reference: str = ""
    fingerprint: str = ""
    country: str = ""
    is_default: bool = False
    is_backup: bool = False
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpRecord:
    """One attempt to buy funds, with what may be shown of its payment method.

    ``reason`` is the gateway's code of a decline, or why the attempt was cancelled. ``action_url`` is where the payer
    approves it while its state is ``action_required``; ``lot_id`` is the fund lot that a success left.
    """

    top_up_id: str
    organization_id: str
    kind: TopUpKind
    state: TopUpState
    amount_micros: int
    currency: str
    payment_method_id: str
    brand: str
    last4: str
    created_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    gateway: str
    gateway_reference: str
    reason: str
    action_url: str
    lot_id: str | None
    tax: Tax = NO_TAX
    fee_micros: int = 0
    refunded_micros: int = 0
    disputed_micros: int = 0
    dispute_reference: str = ""


async def read_top_ups(
    connection: Connection | Pool, shard_id: int, organization_id: str, *, before: str | None, limit: int
) -> tuple[TopUpRecord, ...]:
    """An organization's top-ups, newest first, from the one before this id on."""
    rows = await connection.fetch(load_statement("list_top_ups"), shard_id, organization_id, before, limit)
    return tuple(top_up_record_of(row) for row in rows)


async def read_top_up(
    connection: Connection | Pool, shard_id: int, organization_id: str, top_up_id: str
) -> TopUpRecord | None:
    """One top-up of this organization, or None."""
    row = await connection.fetchrow(load_statement("get_top_up"), shard_id, organization_id, top_up_id)
    return None if row is None else top_up_record_of(row)


async def read_charged_top_up(
    connection: Connection | Pool, shard_id: int, *, gateway: str, key: str, reference: str
) -> TopUpRecord | None:
    """The top-up that a gateway means, whoever's it is, or None: by our key where it tells that, else by its own name.

    One that another gateway was asked for is none of this one's.
    """
    row = await connection.fetchrow(load_statement("find_charged_top_up"), shard_id, gateway, key, reference)
    return None if row is None else top_up_record_of(row)


async def read_disputed_top_ups(
    connection: Connection | Pool, shard_id: int, organization_id: str, *, before: str | None, limit: int
) -> tuple[TopUpRecord, ...]:
    """An organization's top-ups that were ever disputed, newest first, from the one before this id on."""
    rows = await connection.fetch(load_statement("list_disputed_top_ups"), shard_id, organization_id, before, limit)
    return tuple(top_up_record_of(row) for row in rows)


async def read_due_top_ups(connection: Connection | Pool, shard_id: int, limit: int) -> tuple[TopUpRecord, ...]:
    """Auto-recharge attempts that wait to be sent, oldest first."""
    rows = await connection.fetch(load_statement("list_due_top_ups"), shard_id, limit)
    return tuple(top_up_record_of(row) for row in rows)


async def read_unresolved_top_ups(
    connection: Connection | Pool, shard_id: int, *, sent_before: datetime, after: str, limit: int
) -> tuple[TopUpRecord, ...]:
    """Attempts that were sent before that instant and are not settled, oldest first, from the one after an id on."""
    rows = await connection.fetch(load_statement("list_unresolved_top_ups"), shard_id, sent_before, after, limit)
    return tuple(top_up_record_of(row) for row in rows)


async def read_recharge_candidates(
    connection: Connection | Pool, shard_id: int, *, now: datetime, after: str, limit: int
) -> Sequence[str]:
    """Organizations whose rule may be due though nothing of theirs moves: a wait is over, or a month began.

    In order of their ids, from the one after ``after`` on.
    """
    rows = await connection.fetch(load_statement("list_recharge_candidates"), shard_id, now, after, limit)
    return [str(row["organization_id"]) for row in rows]


def top_up_record_of(row: asyncpg.Record) -> TopUpRecord:
    """The record of a row that joins ``top_ups``, ``organizations`` and ``payment_methods``."""
    return TopUpRecord(
        top_up_id=str(row["top_up_id"]),
        organization_id=str(row["organization_id"]),
        kind=TopUpKind(row["kind"]),
        state=TopUpState(row["state"]),
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        payment_method_id=row["payment_method"],
        brand=row["brand"],
        last4=row["last4"],
        created_at=row["created_at"],
        sent_at=row["sent_at"],
        settled_at=row["settled_at"],
        gateway=row["gateway"],
        gateway_reference=row["gateway_reference"],
        reason=row["reason"],
        action_url=row["action_url"],
        lot_id=None if row["lot_id"] is None else str(row["lot_id"]),
        tax=tax_of(row),
        fee_micros=row["fee_micros"],
        refunded_micros=row["refunded_micros"],
        disputed_micros=row["disputed_micros"],
        dispute_reference=row["dispute_reference"],
    )
