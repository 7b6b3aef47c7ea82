"""Receipts, their series, and billing details as rows.

Knows locks and order: numbers of a series are taken one after another under the lock of its row, and given back when
the transaction fails (decision record 0018). Refuses to know what stands on a receipt.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from commcredits.core.parties import Party
from commcredits.core.receipts import (
    PaidWith,
    ReceiptCause,
    ReceiptDocument,
    Settled,
    read_receipt,
    write_receipt,
)
from commcredits.core.taxes import Tax, TaxTreatment
from commcredits.storage.connection import Connection, Pool, load_statement
from commcredits.storage.identifiers import OPERATOR_ID

_encode_party: Final = msgspec.json.Encoder(order="deterministic").encode
_decode_party: Final = msgspec.json.Decoder(Party).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a list of what is owed goes on: settled since an instant, and after the one with this time and id."""

    since: datetime
    after_at: datetime
    after_id: str = OPERATOR_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """The last number that a series gave out, 0 for none, and when."""

    last_sequence: int
    last_issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedReceipt:
    """A document with its place in its series; ``receipt_id`` orders an organization's documents."""

    receipt_id: str
    organization_id: str
    series: str
    sequence: int
    settled: Settled
    document: ReceiptDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRecord:
    """A document that was issued."""

    receipt_id: str
    document: ReceiptDocument


@asynccontextmanager
async def numbering(pool: Pool, shard_id: int, series: str) -> AsyncIterator[tuple[Connection, SeriesState]]:
    """One transaction that holds a series: what it issues is there, with its numbers, or is not and leaves no gap."""
    place = (shard_id, OPERATOR_ID, series)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(load_statement("insert_receipt_series"), *place)
        row = await connection.fetchrow(load_statement("lock_receipt_series"), *place)
        assert row is not None, "it was inserted if it was not there"
        yield (
            connection,
            SeriesState(last_sequence=row["last_sequence"], last_issued_at=row["last_issued_at"]),
        )


async def insert_receipts(connection: Connection, shard_id: int, receipts: Sequence[NumberedReceipt]) -> None:
    """Keep documents of one series, in order, within ``numbering``; there is at least one."""
    await connection.executemany(load_statement("insert_receipt"), [_row(shard_id, receipt) for receipt in receipts])
    last = receipts[-1]
    await connection.execute(
        load_statement("update_receipt_series"),
        shard_id,
        OPERATOR_ID,
        last.series,
        last.sequence,
        last.document.issued_at,
    )


async def read_owed_receipts(
    connection: Connection | Pool, shard_id: int, place: Place, limit: int
) -> tuple[Settled, ...]:
    """Paid top-ups without a receipt, in order of settlement."""
    rows = await connection.fetch(
        load_statement("list_owed_receipts"), shard_id, place.since, place.after_at, place.after_id, limit
    )
    return tuple(_owed_receipt(row) for row in rows)


async def read_owed_credit_notes(
    connection: Connection | Pool, shard_id: int, place: Place, limit: int
) -> tuple[Settled, ...]:
    """Refunds and lost disputes without a credit note, of top-ups that have a receipt, in order of settlement."""
    rows = await connection.fetch(
        load_statement("list_owed_credit_notes"), shard_id, place.since, place.after_at, place.after_id, limit
    )
    return tuple(_owed_credit_note(row) for row in rows)


async def read_receipt_record(
    connection: Connection | Pool, shard_id: int, organization_id: str, number: str
) -> ReceiptRecord | None:
    """The document of this organization with this number, or None."""
    row = await connection.fetchrow(load_statement("get_receipt"), shard_id, organization_id, number)
    return None if row is None else _record_of(row)


async def read_receipt_records(
    connection: Connection | Pool, shard_id: int, organization_id: str, *, before: str | None, limit: int
) -> tuple[ReceiptRecord, ...]:
    """An organization's documents, newest first, from the one before this id on."""
    rows = await connection.fetch(load_statement("list_receipts"), shard_id, organization_id, before, limit)
    return tuple(_record_of(row) for row in rows)


async def read_receipt_numbers(
    connection: Connection | Pool, shard_id: int, organization_id: str, top_up_ids: Sequence[str]
) -> dict[str, str]:
    """The numbers of this organization's receipts by top-up, of those top-ups that have one."""
    rows = await connection.fetch(load_statement("list_receipt_numbers"), shard_id, organization_id, list(top_up_ids))
    return {str(row["top_up_id"]): row["number"] for row in rows}


async def read_billing_details(connection: Connection | Pool, shard_id: int, organization_id: str) -> Party | None:
    """Who buys for an organization; None when nobody has said."""
    text = await connection.fetchval(load_statement("get_billing_details"), shard_id, organization_id)
    return None if text is None else _decode_party(text)


async def save_billing_details(
    connection: Connection, shard_id: int, organization_id: str, details: Party, at: datetime
) -> None:
    """Keep who buys, within a transaction.

    The account comes first, as in the committer's statement, and gets its next version: what a purchase is taxed with
    rests on the tax id, so every process that decides must find its copy stale (decision record 0003).
    """
    moved = await connection.fetchval(load_statement("move_account_version"), shard_id, organization_id)
    if moved is None:
        raise LookupError(f"organization {organization_id} has no account")
    await connection.execute(
        load_statement("save_billing_details"),
        shard_id,
        organization_id,
        _encode_party(details).decode(),
        details.tax_id_checked,
        at,
    )


def _row(shard_id: int, receipt: NumberedReceipt) -> tuple[object, ...]:
    settled, document = receipt.settled, receipt.document
    return (
        shard_id,
        receipt.organization_id,
        receipt.receipt_id,
        receipt.series,
        receipt.sequence,
        document.number,
        document.cause.value,
        settled.subject_id,
        settled.top_up_id,
        document.issued_at,
        settled.settled_at,
        document.currency,
        document.net_micros,
        document.tax_micros,
        write_receipt(document),
    )


def _owed_receipt(row: asyncpg.Record) -> Settled:
    details = row["details"]
    return Settled(
        cause=ReceiptCause.TOP_UP,
        organization_id=str(row["organization_id"]),
        top_up_id=str(row["top_up_id"]),
        settled_at=row["settled_at"],
        currency=row["currency"],
        minor_digits=row["minor_digits"],
        net_micros=row["net_micros"],
        tax_micros=row["tax_micros"],
        tax=Tax(
            treatment=TaxTreatment(row["tax_treatment"]),
            rate_micros=row["tax_rate_micros"],
            micros=row["tax_micros"],
        ),
        buyer=Party(legal_name=row["name"], country=row["country"]) if details is None else _decode_party(details),
        paid_with=PaidWith(kind=row["method_kind"], brand=row["brand"], last4=row["last4"]),
    )


def _owed_credit_note(row: asyncpg.Record) -> Settled:
    receipt = read_receipt(row["document"])
    cause = ReceiptCause(row["cause"])
    return Settled(
        cause=cause,
        organization_id=str(row["organization_id"]),
        top_up_id=str(row["top_up_id"]),
        settled_at=row["settled_at"],
        currency=receipt.currency,
        minor_digits=receipt.minor_digits,
        net_micros=row["net_micros"],
        tax_micros=row["tax_micros"],
        tax=Tax(treatment=receipt.tax_treatment, rate_micros=receipt.tax_rate_micros, micros=receipt.tax_micros),
        buyer=receipt.buyer,
        paid_with=receipt.paid_with,
        refund_id=str(row["subject_id"]) if cause is ReceiptCause.REFUND else "",
        receipt=receipt,
        net_left_micros=row["net_left_micros"],
        tax_left_micros=row["tax_left_micros"],
    )


def _record_of(row: asyncpg.Record) -> ReceiptRecord:
    return ReceiptRecord(receipt_id=str(row["receipt_id"]), document=read_receipt(row["document"]))
