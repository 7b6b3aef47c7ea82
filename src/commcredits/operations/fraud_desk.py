"""The fraud desk: who and what is blocked anywhere, what led to it, and whose spending is unusual.

Knows lists over all organizations. Refuses to block by itself: limits do that in charging, and people by
commcredits.operations.blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.privacy import Privacy
from commcredits.core.roster import BlockedKind, BlockReason
from commcredits.operations.inputs import is_identifier
from commcredits.operations.organizations import check_identifier, get_organization
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
from commcredits.storage.connection import load_statement

CALLS_OF_BLOCK_MAX: Final = 50
"""How many of the calls that led to a block are shown, the dearest first."""

LOOKED_BACK: Final = timedelta(hours=24)
"""How long before a block its calls are looked for: no limit counts over more than a day."""

USUAL_DAYS: Final = 28
KNOWN_DAYS_MIN: Final = 7
"""Of how many days the usual one is the mean, and how many must be known before anything is unusual."""

UNUSUAL_TIMES: Final = 3
"""How many times a usual day is unusual."""

SPENDERS_MAX: Final = 50

_LIST: Final = "all_blocks"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")
_INBOUND: Final = frozenset({Service.TOLL_FREE_IN, Service.TOLL_IN})


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedBlock:
    """A block and whose it is; ``limit_micros`` and ``spent_micros`` are what set it off, None where somebody did."""

    organization_id: str
    organization_name: str
    currency: str
    block_id: str
    kind: BlockedKind
    subject: str
    display_name: str
    user_principal_name: str
    reason: BlockReason
    limit_micros: int | None
    spent_micros: int | None
    period: str
    blocked_at: datetime
    lifted_at: datetime | None
    lifted_by: str
    lift_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOfBlock:
    """A call that a block rests on; the amount in millionths, external numbers masked as its country wants it."""

    session_id: str
    display_name: str
    caller: str
    callee: str
    destination: str
    country: str
    authorised_at: datetime
    used_seconds: int
    charged_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCase:
    """A block with the calls that led to it, the dearest first."""

    block: OwnedBlock
    calls: tuple[CallOfBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualSpend:
    """What an organization's calls of 24 hours cost; ``percent_of_usual`` is None where nothing is usual yet.

    ``toll_free_micros`` and ``unassigned_micros`` are of calls that anybody can make at the organization's cost.
    """

    organization_id: str
    organization_name: str
    currency: str
    calls: int
    charged_micros: int
    usual_micros: int
    percent_of_usual: int | None
    toll_free_micros: int
    unassigned_micros: int
    measured_at: datetime


@reads(Permission.OPERATOR_BLOCKS)
async def list_all_blocks(
    services: Services, *, in_force: bool, cursor: str | None, limit: int
) -> Page[OwnedBlock] | Refused:
    """Blocks of all organizations, newest first: those in force alone, or all there ever were."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _NEWEST if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("console/list_all_blocks"), services.shard_id, *before, in_force, None, limit + 1
    )
    items = tuple(_block_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.blocked_at), last.block_id))


@reads(Permission.OPERATOR_BLOCKS)
async def get_block_case(services: Services, *, organization_id: str, block_id: str) -> BlockCase | Refused:
    """A block of an organization, and the calls that led to it."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("block_id", block_id)
    if isinstance(checked, Refused):
        return checked
    rows = await services.pool.fetch(
        load_statement("console/list_all_blocks"), services.shard_id, *_NEWEST, *(False, block_id, 1)
    )
    if not rows or str(rows[0]["organization_id"]) != organization_id:
        return Refused(code=RefusalCode.UNKNOWN_BLOCK, facts={"block_id": block_id})
    block = _block_of(rows[0])
    user_id = block.subject if block.kind is BlockedKind.USER else None
    calls = await services.pool.fetch(
        load_statement("console/list_calls_of_block"),
        services.shard_id,
        organization_id,
        block.blocked_at - LOOKED_BACK,
        block.blocked_at,
        block.kind.value,
        user_id,
        block.subject,
        CALLS_OF_BLOCK_MAX,
    )
    return BlockCase(block=block, calls=tuple(_call_of(row, organization.country) for row in calls))


@reads(Permission.OPERATOR_BLOCKS)
async def list_unusual_spend(services: Services) -> tuple[UnusualSpend, ...]:
    """Whose spending of the last 24 hours is unusual, the most unusual first, as it was last measured."""
    rows = await services.pool.fetch(
        load_statement("console/list_spend"), services.shard_id, KNOWN_DAYS_MIN, UNUSUAL_TIMES, SPENDERS_MAX
    )
    return tuple(
        UnusualSpend(
            organization_id=str(row["organization_id"]),
            organization_name=row["name"],
            currency=row["currency"],
            calls=row["calls"],
            charged_micros=row["charged_micros"],
            usual_micros=row["usual_micros"],
            percent_of_usual=row["percent_of_usual"] if row["days_known"] >= KNOWN_DAYS_MIN else None,
            toll_free_micros=row["toll_free_micros"],
            unassigned_micros=row["unassigned_micros"],
            measured_at=row["measured_at"],
        )
        for row in rows
    )


async def watch_spend(services: Services) -> int:
    """Measure what every organization has spent in 24 hours, for the desk; returns how many have spent anything."""
    now = services.clock()
    spenders: int = await services.pool.fetchval(
        load_statement("console/measure_spend"),
        services.shard_id,
        now - LOOKED_BACK,
        (now - timedelta(days=USUAL_DAYS)).date(),
        now.date(),
        now,
        timeout=120,
    )
    return spenders


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    blocked_at = None if key is None else read_instant(key[0])
    if key is None or blocked_at is None or not is_identifier(key[1]):
        return None
    return blocked_at, key[1]


def _block_of(row: asyncpg.Record) -> OwnedBlock:
    reason = BlockReason(row["reason"])
    by_hand = reason is BlockReason.BY_ADMINISTRATOR
    return OwnedBlock(
        organization_id=str(row["organization_id"]),
        organization_name=row["name"],
        currency=row["currency"],
        block_id=str(row["block_id"]),
        kind=BlockedKind(row["kind"]),
        subject=row["subject"],
        display_name=row["display_name"] or "",
        user_principal_name=row["user_principal_name"] or "",
        reason=reason,
        limit_micros=None if by_hand else row["limit_micros"],
        spent_micros=None if by_hand else row["spent_micros"],
        period=row["period"],
        blocked_at=row["blocked_at"],
        lifted_at=row["lifted_at"],
        lifted_by=row["lifted_by"],
        lift_reason=row["lift_reason"],
    )


def _call_of(row: asyncpg.Record, country: str) -> CallOfBlock:
    inbound = Service(row["service"]) in _INBOUND
    caller, callee = Privacy().shown(row["caller"], row["callee"], inbound=inbound, country=country)
    return CallOfBlock(
        session_id=row["session_id"],
        display_name=row["display_name"] or "",
        caller=caller,
        callee=callee,
        destination=row["rate_destination"] or "",
        country=row["other_country"] or "",
        authorised_at=row["authorised_at"],
        used_seconds=row["used_seconds"],
        charged_micros=row["charged_micros"],
    )
