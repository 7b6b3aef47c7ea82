"""Payment methods and gateway customers as rows: whose they are, their roles, and their removal.

Knows rows and their locks. Refuses to know when a method may be removed or chosen; operations do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from commcredits.storage.connection import Connection, Pool, load_statement
from commcredits.storage.payments import PaymentMethodRecord

MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedMethod:
    """A payment method and whose it is."""

    organization_id: str
    method: PaymentMethodRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodUses:
    """What stands against a removal: an enabled rule that pays with it, and an attempt that is open."""

    in_rule: bool
    open_top_up_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMethods:
    """What a recharge rule pays with; the backup may be empty."""

    enabled: bool
    payment_method_id: str
    backup_payment_method_id: str


async def insert_payment_method(
    connection: Connection | Pool,
    shard_id: int,
    organization_id: str,
    record: PaymentMethodRecord,
    *,
    again: bool = False,
) -> PaymentMethodRecord:
    """Keep a method; the one that is there already when the gateway's reference is known.

    That one may have been removed, and stays so unless it is wanted ``again``.
    """
    row = await connection.fetchrow(
        load_statement("insert_payment_method"),
        shard_id,
        organization_id,
        record.payment_method_id,
        record.gateway,
        record.reference,
        record.kind,
        record.brand,
        record.last4,
        record.expiry_month,
        record.expiry_year,
        record.created_at,
        record.customer_reference,
        record.fingerprint,
        record.country,
        again,
    )
    assert row is not None, "an upsert returns its row"
    return method_of(row)


async def read_payment_methods(
    connection: Connection | Pool, shard_id: int, organization_id: str, *, with_removed: bool = False
) -> tuple[PaymentMethodRecord, ...]:
    """An organization's methods, oldest first."""
    rows = await connection.fetch(load_statement("list_payment_methods"), shard_id, organization_id, with_removed)
    return tuple(method_of(row) for row in rows)


async def hold_payment_method(
    connection: Connection | Pool, shard_id: int, organization_id: str, payment_method_id: str
) -> PaymentMethodRecord | None:
    """One method as it stands once whoever is removing it has done so, or has found that it is in use."""
    row = await connection.fetchrow(load_statement("hold_payment_method"), shard_id, organization_id, payment_method_id)
    return None if row is None else method_of(row)


async def lock_payment_methods(
    connection: Connection, shard_id: int, organization_id: str
) -> tuple[PaymentMethodRecord, ...]:
    """All methods of an organization, removed ones too, which nobody else changes until the transaction ends."""
    rows = await connection.fetch(load_statement("lock_payment_methods"), shard_id, organization_id)
    return tuple(method_of(row) for row in rows)


async def read_uses(connection: Connection, shard_id: int, organization_id: str, payment_method_id: str) -> MethodUses:
    """What stands against the removal of a method, as committed now."""
    row = await connection.fetchrow(
        load_statement("find_uses_of_payment_method"), shard_id, organization_id, payment_method_id
    )
    assert row is not None, "a select of two values has one row"
    open_top_up = row["open_top_up_id"]
    return MethodUses(in_rule=row["in_rule"], open_top_up_id=None if open_top_up is None else str(open_top_up))


async def remove_method(
    connection: Connection | Pool,
    shard_id: int,
    organization_id: str,
    payment_method_id: str,
    *,
    at: datetime,
    detach_owed: bool,
) -> None:
    """Take a method out of use for good; ``detach_owed`` says that its gateway has to be told."""
    await connection.execute(
        load_statement("remove_payment_method"), shard_id, organization_id, payment_method_id, at, detach_owed
    )


async def give_roles(
    connection: Connection, shard_id: int, organization_id: str, *, default_id: str, backup_id: str
) -> None:
    """Let these be the default and the backup; empty for none. Within a transaction."""
    await connection.execute(load_statement("clear_payment_roles"), shard_id, organization_id)
    await connection.execute(load_statement("give_payment_roles"), shard_id, organization_id, default_id, backup_id)


async def give_first_role(pool: Pool, shard_id: int, organization_id: str) -> str | None:
    """Let the oldest method be the default where none is; the id of the one that became it, or None."""
    try:
        became = await pool.fetchval(load_statement("give_first_payment_role"), shard_id, organization_id)
    except asyncpg.UniqueViolationError:  # somebody else has chosen a default in this moment
        return None
    return None if became is None else str(became)


async def read_rule_methods(connection: Connection | Pool, shard_id: int, organization_id: str) -> RuleMethods | None:
    """What the organization's recharge rule pays with, or None where it has none."""
    row = await connection.fetchrow(load_statement("get_recharge_methods"), shard_id, organization_id)
    if row is None:
        return None
    return RuleMethods(
        enabled=row["enabled"],
        payment_method_id=row["payment_method"],
        backup_payment_method_id=row["backup_payment_method"],
    )


async def read_methods_to_detach(pool: Pool, shard_id: int, *, after: str, limit: int) -> tuple[OwnedMethod, ...]:
    """Removed methods whose gateway has not been told, in order of id."""
    rows = await pool.fetch(load_statement("list_methods_to_detach"), shard_id, after, limit)
    return tuple(_owned(row) for row in rows)


async def note_detached(pool: Pool, shard_id: int, owned: OwnedMethod) -> None:
    """The gateway has been told."""
    await pool.execute(
        load_statement("note_method_detached"), shard_id, owned.organization_id, owned.method.payment_method_id
    )


async def read_expiring_methods(
    connection: Connection | Pool, shard_id: int, *, now: datetime, after: str, limit: int
) -> tuple[OwnedMethod, ...]:
    """Methods in use that expire in the month of ``now`` or in the next, in order of id, after this one."""
    month = now.year * MONTHS_A_YEAR + now.month
    rows = await connection.fetch(
        load_statement("list_expiring_payment_methods"), shard_id, month, month + 1, after, limit
    )
    return tuple(_owned(row) for row in rows)


async def read_methods_by_reference(
    connection: Connection | Pool, shard_id: int, gateway: str, reference: str
) -> tuple[OwnedMethod, ...]:
    """Methods in use under a gateway's reference, whoever's they are; for gateways, which know nothing else."""
    rows = await connection.fetch(load_statement("find_methods_by_reference"), shard_id, gateway, reference)
    return tuple(_owned(row) for row in rows)


async def claim_customer(
    pool: Pool, shard_id: int, organization_id: str, *, gateway: str, reference: str, at: datetime
) -> bool:
    """Whether a gateway's customer is this organization's; one that is nobody's becomes its own."""
    statement = load_statement("claim_gateway_customer")
    owner = await pool.fetchval(statement, shard_id, organization_id, gateway, reference, at)
    if owner is None:  # somebody else has claimed it in this moment, which the statement could not see yet
        owner = await pool.fetchval(load_statement("get_customer_organization"), shard_id, gateway, reference)
    return str(owner) == organization_id


async def read_customers(pool: Pool, shard_id: int, organization_id: str, gateway: str) -> tuple[str, ...]:
    """The gateway's names of an organization as a payer, oldest first."""
    rows = await pool.fetch(load_statement("list_gateway_customers"), shard_id, organization_id, gateway)
    return tuple(row["reference"] for row in rows)


async def read_customer_organization(pool: Pool, shard_id: int, gateway: str, reference: str) -> str | None:
    """Whose a gateway's customer is, or None."""
    owner = await pool.fetchval(load_statement("get_customer_organization"), shard_id, gateway, reference)
    return None if owner is None else str(owner)


def method_of(row: asyncpg.Record) -> PaymentMethodRecord:
    """The record of a row of ``payment_methods``."""
    return PaymentMethodRecord(
        payment_method_id=str(row["payment_method_id"]),
        gateway=row["gateway"],
        reference=row["reference"],
        kind=row["kind"],
        brand=row["brand"],
        last4=row["last4"],
        expiry_month=row["expiry_month"],
        expiry_year=row["expiry_year"],
        created_at=row["created_at"],
        customer_reference=row["customer_reference"],
        fingerprint=row["fingerprint"],
        country=row["country"],
        is_default=row["is_default"],
        is_backup=row["is_backup"],
        removed_at=row["removed_at"],
    )


def _owned(row: asyncpg.Record) -> OwnedMethod:
    return OwnedMethod(organization_id=str(row["organization_id"]), method=method_of(row))
