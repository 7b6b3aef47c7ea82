"""What gateways have told of, as rows: messages as they came, events, how far lists were read, payouts.

Knows rows and that each event is kept once. Refuses to know what an event means; operations do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import asyncpg

from commcredits.storage.connection import Pool, load_statement
from commcredits.storage.identifiers import OPERATOR_ID


class EventState(StrEnum):
    """How far an event was dealt with."""

    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"
    """It is about nothing of ours."""
    FAILED = "failed"
    """It was tried often enough; somebody has to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEvent:
    """One thing that a gateway has told of, and how far it was dealt with; ``failure`` says what the last try met."""

    gateway_event_id: str
    gateway: str
    event_id: str
    kind: str
    object_reference: str
    idempotency_key: str | None
    occurred_at: datetime
    noted_at: datetime
    by_message: bool
    state: EventState
    attempts: int
    next_try_at: datetime
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventToKeep:
    """An event as it was told, under the id that it is kept by here."""

    gateway_event_id: str
    event_id: str
    kind: str
    object_reference: str
    idempotency_key: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPayout:
    """What a gateway has sent to the operator's bank account, in millionths."""

    gateway: str
    reference: str
    amount_micros: int
    currency: str
    arrives_on: date
    state: str
    noted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageToKeep:
    """A message byte by byte; ``headers`` are JSON."""

    message_id: str
    gateway: str
    headers: str
    body: bytes
    received_at: datetime


async def keep_message(
    pool: Pool, shard_id: int, message: MessageToKeep, events: Sequence[EventToKeep]
) -> tuple[GatewayEvent, ...]:
    """Keep a message and its events; only those that nobody has told of before come back."""
    rows = await pool.fetch(
        load_statement("keep_gateway_message"),
        shard_id,
        OPERATOR_ID,
        message.message_id,
        message.gateway,
        message.headers,
        message.body,
        message.received_at,
        *_columns(events),
    )
    return tuple(_event_of(row) for row in rows)


async def keep_page(
    pool: Pool,
    shard_id: int,
    events: Sequence[EventToKeep],
    *,
    gateway: str,
    cursor: str | None,
    next_cursor: str | None,
    at: datetime,
) -> int:
    """Keep a page of a gateway's events and how far it was read; returns how many are new."""
    rows = await pool.fetch(
        load_statement("keep_gateway_page"),
        shard_id,
        OPERATOR_ID,
        gateway,
        cursor,
        next_cursor,
        at,
        *_columns(events),
    )
    return len(rows)


async def read_cursor(pool: Pool, shard_id: int, *, gateway: str, list_name: str) -> str | None:
    """How far the list ``events`` or ``payouts`` of a gateway was read; None: not at all."""
    cursor: str | None = await pool.fetchval(
        load_statement("get_gateway_cursor"), shard_id, OPERATOR_ID, gateway, list_name
    )
    return cursor


async def read_waiting_events(pool: Pool, shard_id: int, *, now: datetime, limit: int) -> tuple[GatewayEvent, ...]:
    """Events whose turn has come, those that wait longest first."""
    statement = load_statement("list_waiting_gateway_events")
    rows = await pool.fetch(statement, shard_id, OPERATOR_ID, now, limit)
    return tuple(_event_of(row) for row in rows)


async def settle_event(
    pool: Pool,
    shard_id: int,
    gateway_event_id: str,
    *,
    state: EventState,
    next_try_at: datetime,
    failure: str = "",
) -> None:
    """Note what a try came to; what is done stays done."""
    await pool.execute(
        load_statement("settle_gateway_event"),
        shard_id,
        OPERATOR_ID,
        gateway_event_id,
        state.value,
        next_try_at,
        failure,
    )


async def read_events(
    pool: Pool, shard_id: int, *, gateway: str | None, state: str | None, before: str | None, limit: int
) -> tuple[GatewayEvent, ...]:
    """What gateways have told of, newest first, before this id."""
    statement = load_statement("list_gateway_events")
    rows = await pool.fetch(statement, shard_id, OPERATOR_ID, gateway, state, before, limit)
    return tuple(_event_of(row) for row in rows)


async def read_event(pool: Pool, shard_id: int, gateway_event_id: str) -> GatewayEvent | None:
    """One event, or None."""
    row = await pool.fetchrow(load_statement("get_gateway_event"), shard_id, OPERATOR_ID, gateway_event_id)
    return None if row is None else _event_of(row)


async def keep_payouts(
    pool: Pool, shard_id: int, payouts: Sequence[GatewayPayout], *, gateway: str, next_cursor: str | None, at: datetime
) -> int:
    """Keep a page of payouts as they stand, and how far the list was read; returns how many there were."""
    rows = await pool.fetch(
        load_statement("keep_gateway_payouts"),
        shard_id,
        OPERATOR_ID,
        gateway,
        next_cursor,
        at,
        [each.reference for each in payouts],
        [each.amount_micros for each in payouts],
        [each.currency for each in payouts],
        [each.arrives_on for each in payouts],
        [each.state for each in payouts],
    )
    return len(rows)


async def read_payouts(
    pool: Pool, shard_id: int, *, gateway: str | None, before: tuple[date, str, str] | None, limit: int
) -> tuple[GatewayPayout, ...]:
    """Payouts, latest arrival first, before the one of this day, gateway and reference."""
    place = (None, None, None) if before is None else before
    rows = await pool.fetch(load_statement("list_gateway_payouts"), shard_id, OPERATOR_ID, gateway, *place, limit)
    return tuple(
        GatewayPayout(
            gateway=row["gateway"],
            reference=row["reference"],
            amount_micros=row["amount_micros"],
            currency=row["currency"],
            arrives_on=row["arrives_on"],
            state=row["state"],
            noted_at=row["noted_at"],
        )
        for row in rows
    )


def _columns(events: Sequence[EventToKeep]) -> tuple[list[object], ...]:
    return (
        [each.gateway_event_id for each in events],
        [each.event_id for each in events],
        [each.kind for each in events],
        [each.object_reference for each in events],
        [each.idempotency_key for each in events],
        [each.occurred_at for each in events],
    )


def _event_of(row: asyncpg.Record) -> GatewayEvent:
    return GatewayEvent(
        gateway_event_id=str(row["gateway_event_id"]),
        gateway=row["gateway"],
        event_id=row["event_id"],
        kind=row["kind"],
        object_reference=row["object_reference"],
        idempotency_key=row["idempotency_key"],
        occurred_at=row["occurred_at"],
        noted_at=row["noted_at"],
        by_message=row["message_id"] is not None,
        state=EventState(row["state"]),
        attempts=row["attempts"],
        next_try_at=row["next_try_at"],
        failure=row["failure"],
    )
