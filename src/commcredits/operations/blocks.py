"""Blocks: which there are and why, setting one by hand, lifting one, and telling the operator of each.

Knows whom and what can be blocked. Refuses to decide which calls a block stops, and when a limit sets one (core).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog

from commcredits.core.access import Permission
from commcredits.core.commands import LiftBlock, SetBlock
from commcredits.core.outcomes import BlockSet, Done, RefusalCode, Refused
from commcredits.core.policies import NO_COUNTRY
from commcredits.core.roster import BlockedKind, BlockReason
from commcredits.operations.audit_looks import at_block, at_blocks
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_command_id, refuse_name
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
from commcredits.operations.people import is_country, refuse_user
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.parties import find_parties
from commcredits.storage.rosters import changing_roster, load_roster

LIFTED_BY_CHARACTERS_MAX: Final = 200
"""Longest name of whoever lifts a block."""

LIFT_REASON_CHARACTERS_MAX: Final = 500
"""Longest reason for lifting one."""

ANNOUNCED_AT_ONCE_MAX: Final = 1_000
"""Most blocks that are told in one round; the next round tells the rest."""

_LIST: Final = "blocks"
_NEWEST: Final = (datetime.max.replace(tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff")
_COUNTRY_ALLOWED: Final = (
    "the code of a country that has telephone numbers (ISO 3166-1), such as GB,"
    f" or {NO_COUNTRY} for numbers of no country"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRecord:
    """A block and what it rests on.

    ``subject`` is the object id of a user or the code of a country; ``display_name`` and ``user_principal_name`` are
    those of a user who is still there. ``limit_micros`` and ``spent_micros`` are what set it off, None where somebody
    did. ``lifted_at`` is None while it is in force.
    """

    block_id: str
    kind: BlockedKind
    subject: str
    display_name: str
    user_principal_name: str
    reason: BlockReason
    limit_micros: int | None
    spent_micros: int | None
    currency: str
    blocked_at: datetime
    lifted_at: datetime | None
    lifted_by: str


@reads(Permission.POLICIES_READ)
async def list_blocks(
    services: Services, *, organization_id: str, in_force: bool, cursor: str | None, limit: int
) -> Page[BlockRecord] | Refused:
    """An organization's blocks, newest first: those ``in_force`` alone, or all there ever were."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _NEWEST if cursor is None else _read_position(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_blocks"), services.shard_id, organization_id, *before, in_force, limit + 1
    )
    items = tuple(_block_of(row, organization.currency) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    return Page(items=items, next_cursor=write_cursor(_LIST, write_instant(last.blocked_at), last.block_id))


@acts(Permission.OPERATOR_BLOCKS, look=at_blocks)
async def set_block(
    services: Services, *, organization_id: str, command_id: str, kind: str, subject: str
) -> BlockRecord | Refused:
    """Block the charged calls of a user or resource account, or calls to a country, until somebody lifts the block.

    ``subject`` is an object id or a user principal name, or the code of a country. What is blocked already is answered
    with the block that there is. From the first block on, an organization has rules (commcredits.operations.rules).
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = refuse_command_id(command_id)
    if refused is not None:
        return refused
    if kind not in tuple(BlockedKind):
        return invalid_input("kind", kind, ", ".join(BlockedKind))
    found = await _subject_of(services, organization_id, BlockedKind(kind), subject)
    if isinstance(found, Refused):
        return found
    await _have_rules(services, organization_id)
    outcome = await services.executor.execute(
        SetBlock(organization_id=organization_id, command_id=command_id, kind=BlockedKind(kind), subject=found)
    )
    if isinstance(outcome, Refused):
        return outcome
    assert isinstance(outcome, BlockSet), "a block is set or refused"
    return await _get_block(services, organization_id, outcome.block_id, organization.currency)


@acts(Permission.OPERATOR_BLOCKS, look=at_block)
async def lift_block(
    services: Services, *, organization_id: str, command_id: str, block_id: str, lifted_by: str, reason: str = ""
) -> BlockRecord | Refused:
    """Let calls go on at once; a block that was lifted before stays as it is, with the name of whoever did."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("block_id", block_id)
    if isinstance(checked, Refused):
        return checked
    refused = (
        refuse_command_id(command_id)
        or refuse_name("lifted_by", lifted_by, LIFTED_BY_CHARACTERS_MAX)
        or refuse_name("reason", reason, LIFT_REASON_CHARACTERS_MAX, may_be_empty=True)
    )
    if refused is not None:
        return refused
    found = await _get_block(services, organization_id, block_id, organization.currency)
    if isinstance(found, Refused) or found.lifted_at is not None:
        return found
    outcome = await services.executor.execute(
        LiftBlock(organization_id=organization_id, command_id=command_id, block_id=block_id, lifted_by=lifted_by)
    )
    if isinstance(outcome, Refused) and outcome.code is not RefusalCode.UNKNOWN_BLOCK:
        return outcome
    assert isinstance(outcome, Done | Refused), "a block is lifted, or was by somebody else at the same moment"
    if reason:
        place = (services.shard_id, organization_id, block_id)
        await services.pool.execute(load_statement("console/note_lift_reason"), *place, reason)
    return await _get_block(services, organization_id, block_id, organization.currency)


async def announce_blocks(services: Services) -> int:
    """Tell the log of blocks that it was not told of yet, each in a warning of its own; returns how many.

    The debt stands in the block's own row, so that a process that ends right after a block was set owes nobody
    anything. Each is told once, unless the worker is cut off between telling and writing down that it told.
    """
    log = structlog.get_logger("blocks")
    async with services.pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            load_statement("list_blocks_to_announce"), services.shard_id, ANNOUNCED_AT_ONCE_MAX
        )
        for row in rows:
            log.warning(
                "calls blocked",
                organization_id=str(row["organization_id"]),
                block_id=str(row["block_id"]),
                kind=row["kind"],
                subject=row["subject"],
                reason=row["reason"],
                limit_micros=row["limit_micros"],
                spent_micros=row["spent_micros"],
                blocked_at=row["blocked_at"].isoformat(),
            )
        if rows:
            told = ([row["organization_id"] for row in rows], [row["block_id"] for row in rows])
            await connection.execute(
                load_statement("mark_blocks_announced"), services.shard_id, *told, services.clock()
            )
    return len(rows)


async def _subject_of(services: Services, organization_id: str, kind: BlockedKind, subject: str) -> str | Refused:
    """The object id of the user, or the country as it was given."""
    if kind is BlockedKind.DESTINATION:
        if subject == NO_COUNTRY or is_country(subject):
            return subject
        return invalid_input("subject", subject, _COUNTRY_ALLOWED)
    refused = refuse_user(subject)
    if refused is not None:
        return invalid_input("subject", subject, str(refused.facts["allowed"]))
    ids = [subject] if is_identifier(subject) else []
    async with services.pool.acquire() as connection:
        found = await find_parties(connection, services.shard_id, organization_id, party_ids=ids, names=[subject])
    return found[0].party_id if found else Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": subject})


async def _have_rules(services: Services, organization_id: str) -> None:
    """Calls of a plain wallet look at no block: from now on this organization has people and rules, though none yet."""
    async with services.pool.acquire() as connection:
        roster = await load_roster(connection, services.shard_id, organization_id)
    if roster is None:
        async with changing_roster(services.pool, services.shard_id, organization_id):
            pass


async def _get_block(services: Services, organization_id: str, block_id: str, currency: str) -> BlockRecord | Refused:
    row = await services.pool.fetchrow(load_statement("get_block"), services.shard_id, organization_id, block_id)
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_BLOCK, facts={"block_id": block_id})
    return _block_of(row, currency)


def _read_position(cursor: str) -> tuple[datetime, str] | None:
    key = read_cursor(_LIST, cursor, 2)
    blocked_at = None if key is None else read_instant(key[0])
    if key is None or blocked_at is None or not is_identifier(key[1]):
        return None
    return blocked_at, key[1]


def _block_of(row: asyncpg.Record, currency: str) -> BlockRecord:
    reason = BlockReason(row["reason"])
    by_hand = reason is BlockReason.BY_ADMINISTRATOR
    return BlockRecord(
        block_id=str(row["block_id"]),
        kind=BlockedKind(row["kind"]),
        subject=row["subject"],
        display_name=row["display_name"] or "",
        user_principal_name=row["user_principal_name"] or "",
        reason=reason,
        limit_micros=None if by_hand else row["limit_micros"],
        spent_micros=None if by_hand else row["spent_micros"],
        currency=currency,
        blocked_at=row["blocked_at"],
        lifted_at=row["lifted_at"],
        lifted_by=row["lifted_by"],
    )
