"""The operator's view of vouchers: what was issued, what became of it, and making open ones worthless.

Knows states and counts. Refuses to know codes but for the one that somebody holds in hand and asks about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import refuse_operator
from commcredits.operations.organizations import check_identifier
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.operations.vouchers import voucher_digest
from commcredits.storage.connection import load_statement

_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class VoucherState(StrEnum):
    """Open; claimed by an organization and about to become funds; redeemed; voided."""

    OPEN = "open"
    CLAIMED = "claimed"
    REDEEMED = "redeemed"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherBatch:
    """A batch and how many of its vouchers stand where; ``redeem_until`` also ends open ones."""

    batch_id: str
    quantity: int
    amount_micros: int
    currency: str
    redeem_until: datetime
    lot_days: int
    note: str
    issued_by: str
    issued_at: datetime
    open_count: int
    redeemed_count: int
    voided_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """What became of one voucher; ``redeemed_by`` is the id of the organization that has it, as ``lot_id``."""

    voucher_id: str
    batch_id: str
    state: VoucherState
    amount_micros: int
    currency: str
    redeem_until: datetime
    note: str
    redeemed_by: str | None
    redeemed_at: datetime | None
    lot_id: str | None
    voided_by: str
    voided_at: datetime | None


@reads(Permission.OPERATOR_FUNDS)
async def list_voucher_batches(services: Services, *, cursor: str | None, limit: int) -> Page[VoucherBatch] | Refused:
    """Batches, newest first; a cursor is the last id of the page before."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await _batches(services, before, None, limit + 1)
    items = tuple(_batch_of(row) for row in rows[:limit])
    return Page(items=items, next_cursor=items[-1].batch_id if len(rows) > limit else None)


@reads(Permission.OPERATOR_FUNDS)
async def find_voucher(services: Services, *, code: str) -> Voucher | Refused:
    """What became of the voucher with this code, for an operator whom its holder asks."""
    digest = voucher_digest(code)
    if digest is None:
        return Refused(code=RefusalCode.VOUCHER_NOT_VALID, facts={"reason": "mistyped"})
    row = await services.pool.fetchrow(load_statement("find_voucher"), services.shard_id, digest)
    if row is None:
        return Refused(code=RefusalCode.VOUCHER_NOT_VALID, facts={"reason": "unknown"})
    return _voucher_of(row)


@acts(Permission.OPERATOR_FUNDS)
async def void_voucher(services: Services, *, code: str, voided_by: str) -> Voucher | Refused:
    """Make one voucher worthless. One that was redeemed stays so: VOUCHER_NOT_VALID, with its state."""
    refused = refuse_operator(voided_by)
    if refused is not None:
        return refused
    found = await find_voucher(services, code=code)
    if isinstance(found, Refused):
        return found
    await _void(services, voided_by, digest=voucher_digest(code))
    after = await find_voucher(services, code=code)
    if isinstance(after, Voucher) and after.state is not VoucherState.VOIDED:
        return Refused(code=RefusalCode.VOUCHER_NOT_VALID, facts={"reason": after.state.value})
    return after


@acts(Permission.OPERATOR_FUNDS)
async def void_voucher_batch(services: Services, *, batch_id: str, voided_by: str) -> VoucherBatch | Refused:
    """Make all open vouchers of a batch worthless; an unknown one is VOUCHER_NOT_VALID."""
    checked = check_identifier("batch_id", batch_id)
    refused = checked if isinstance(checked, Refused) else refuse_operator(voided_by)
    if refused is not None:
        return refused
    await _void(services, voided_by, batch_id=batch_id)
    rows = await _batches(services, _LAST, batch_id, 1)
    if not rows:
        return Refused(code=RefusalCode.VOUCHER_NOT_VALID, facts={"reason": "unknown", "batch_id": batch_id})
    return _batch_of(rows[0])


async def _void(
    services: Services, voided_by: str, *, digest: bytes | None = None, batch_id: str | None = None
) -> None:
    statement = load_statement("void_vouchers")
    await services.pool.execute(statement, services.shard_id, digest, batch_id, voided_by, services.clock())


async def _batches(services: Services, before: str, batch_id: str | None, limit: int) -> list[asyncpg.Record]:
    return await services.pool.fetch(load_statement("list_voucher_batches"), services.shard_id, before, batch_id, limit)


def _batch_of(row: asyncpg.Record) -> VoucherBatch:
    return VoucherBatch(
        batch_id=str(row["batch_id"]),
        quantity=row["quantity"],
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        redeem_until=row["redeem_until"],
        lot_days=row["lot_days"],
        note=row["note"],
        issued_by=row["issued_by"],
        issued_at=row["issued_at"],
        open_count=row["open_count"],
        redeemed_count=row["redeemed_count"] + row["claimed_count"],
        voided_count=row["voided_count"],
    )


def _voucher_of(row: asyncpg.Record) -> Voucher:
    return Voucher(
        voucher_id=str(row["voucher_id"]),
        batch_id=str(row["batch_id"]),
        state=VoucherState(row["state"]),
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        redeem_until=row["redeem_until"],
        note=row["note"],
        redeemed_by=None if row["claimed_by"] is None else str(row["claimed_by"]),
        redeemed_at=row["claimed_at"] if row["claimed_by"] is not None else None,
        lot_id=None if row["lot_id"] is None else str(row["lot_id"]),
        voided_by=row["voided_by"],
        voided_at=row["voided_at"],
    )
