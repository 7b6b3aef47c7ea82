"""Reading the audit log: who did what, when, from where, and what it changed.

Knows lists, filters and where chains end. Refuses to show an organization another one's log, and to leave out an act
because nothing became of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import msgspec

from commcredits.core.access import Permission
from commcredits.core.audit import AuditOutcome
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import UNSHOWABLE, invalid_input, is_identifier
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
from commcredits.storage.audit import ChainHead, list_heads
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

FILTER_CHARACTERS_MAX: Final = 300
"""Longest value that a filter is compared with: no entry holds a longer one."""

SEQUENCE_MAX: Final = 2**63 - 1

_LIST: Final = "audit"
_LIST_OF_ALL: Final = "audit_of_all"
_LATEST: Final = (datetime(9999, 12, 31, tzinfo=UTC), "ffffffff-ffff-ffff-ffff-ffffffffffff", SEQUENCE_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which acts: since ``begins`` and before ``ends``, of one actor by id or name, one operation, about one subject.

    What is left empty leaves nothing out.
    """

    begins: datetime | None = None
    ends: datetime | None = None
    actor: str = ""
    operation: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedAct:
    """One act, or one look at something worth an entry, with what became of it.

    ``subject`` is what it was about, ``made`` the id of what it made.
    ``organization_id`` is whose chain it stands in, None for the operator's; ``sequence`` is its place there,
    ``answer_sequence`` that of what became of it. ``outcome`` "asked" means that no answer was ever written: what was
    wanted may have been done or not. ``before`` and ``after`` are what was looked at, empty where the operation changes
    nothing that the log follows. Instants are aware UTC.
    """

    organization_id: str | None
    organization_name: str
    sequence: int
    answer_sequence: int | None
    at: datetime
    answered_at: datetime | None
    actor_kind: str
    actor_id: str
    actor_name: str
    roles: tuple[str, ...]
    edge: str
    source: str
    operation: str
    subject: str
    made: str
    outcome: AuditOutcome
    code: str
    reason: str
    parameters: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def changes(self) -> tuple[tuple[str, Any, Any], ...]:
        """What is different after it: each name with the values before and after, None for one that was not there."""
        if self.outcome is not AuditOutcome.DONE:
            return ()
        names = sorted({*self.before, *self.after})
        pairs = ((name, self.before.get(name), self.after.get(name)) for name in names)
        return tuple((name, before, after) for name, before, after in pairs if before != after)


@reads(Permission.AUDIT_READ)
async def list_audit(
    services: Services, *, organization_id: str, query: AuditQuery, cursor: str | None, limit: int
) -> Page[AuditedAct] | Refused:
    """What was done to an organization, by its own people and by the operator's, latest first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit) or check_query(query)
    if refused is not None:
        return refused
    before = SEQUENCE_MAX if cursor is None else _read_sequence(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_audit_acts"),
        services.shard_id,
        organization_id,
        before,
        query.begins,
        query.ends,
        query.actor,
        query.operation,
        query.subject,
        limit + 1,
    )
    items = tuple(_act_of(row, organization.name) for row in rows[:limit])
    following = write_cursor(_LIST, str(items[-1].sequence)) if len(rows) > limit else None
    return Page(items=items, next_cursor=following)


@reads(Permission.OPERATOR_AUDIT)
async def list_all_audit(
    services: Services, *, query: AuditQuery, cursor: str | None, limit: int
) -> Page[AuditedAct] | Refused:
    """What was done to every organization and to what is the operator's own, latest first."""
    refused = check_limit(limit) or check_query(query)
    if refused is not None:
        return refused
    before = _LATEST if cursor is None else _read_place(cursor)
    if before is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_all_audit_acts"),
        services.shard_id,
        *before,
        query.begins,
        query.ends,
        query.actor,
        query.operation,
        query.subject,
        limit + 1,
    )
    items = tuple(_act_of(row, row["organization_name"] or "") for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    key = (write_instant(last.at), last.organization_id or OPERATOR_ID, str(last.sequence))
    return Page(items=items, next_cursor=write_cursor(_LIST_OF_ALL, *key))


@reads(Permission.AUDIT_READ)
async def get_audit_head(services: Services, *, organization_id: str) -> ChainHead | Refused | None:
    """Where an organization's chain ends, to be kept elsewhere; None while nothing stands in it."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    heads = await list_heads(services.pool, services.shard_id, organization_id)
    return heads[0] if heads else None


@reads(Permission.OPERATOR_AUDIT)
async def list_audit_heads(services: Services) -> tuple[ChainHead, ...]:
    """Where every chain ends, the operator's own first (its organization id is all zeros), to be kept elsewhere."""
    return await list_heads(services.pool, services.shard_id)


def check_query(query: AuditQuery) -> Refused | None:
    """Why nothing can be looked for like this, or None."""
    for name, value in (("actor", query.actor), ("operation", query.operation), ("subject", query.subject)):
        if len(value) > FILTER_CHARACTERS_MAX or UNSHOWABLE.search(value):
            return invalid_input(name, value, f"at most {FILTER_CHARACTERS_MAX} characters on one line")
    if query.begins is not None and query.ends is not None and query.ends <= query.begins:
        return invalid_input("to", query.ends.isoformat(), "an instant after the beginning")
    return None


def _read_sequence(cursor: str) -> int | None:
    key = read_cursor(_LIST, cursor, 1)
    return None if key is None else _sequence(key[0])


def _read_place(cursor: str) -> tuple[datetime, str, int] | None:
    key = read_cursor(_LIST_OF_ALL, cursor, 3)
    if key is None or not is_identifier(key[1]):
        return None
    at, sequence = read_instant(key[0]), _sequence(key[2])
    return None if at is None or sequence is None else (at, key[1], sequence)


def _sequence(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(SEQUENCE_MAX)) - 1 else None


def _act_of(row: asyncpg.Record, organization_name: str) -> AuditedAct:
    is_answered = row["answer_sequence"] is not None
    organization_id = str(row["organization_id"])
    return AuditedAct(
        organization_id=None if organization_id == OPERATOR_ID else organization_id,
        organization_name=organization_name,
        sequence=row["sequence"],
        answer_sequence=row["answer_sequence"],
        at=row["at"],
        answered_at=row["answered_at"],
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        actor_name=row["actor_name"],
        roles=tuple(row["roles"]),
        edge=row["edge"],
        source=row["source"],
        operation=row["operation"],
        subject=row["subject"],
        made=row["answer_subject"] or "",
        outcome=AuditOutcome(row["answer_outcome"] if is_answered else row["outcome"]),
        code=row["answer_code"] if is_answered else row["code"],
        reason=row["reason"],
        parameters=_document(row["parameters"]),
        before=_document(row["before"]),
        after=_document(row["answer_after"] or ""),
    )


def _document(text: str) -> Mapping[str, Any]:
    if not text:
        return {}
    found = msgspec.json.decode(text)
    return found if isinstance(found, dict) else {"value": found}
