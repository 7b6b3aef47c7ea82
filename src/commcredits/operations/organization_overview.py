"""All organizations as the operator looks at them: what each has and holds, its calls, its recharge, what is wrong.

Knows how to narrow the list. Refuses to change anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import UNSHOWABLE, invalid_input, is_identifier
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

SEARCH_CHARACTERS_MAX: Final = 200

_LIST: Final = "organization_overview"
_PATTERN_SIGN: Final = re.compile(r"([\\%_])")


class RechargeState(StrEnum):
    """How auto-recharge stands, as far as its rule says."""

    OFF = "off"
    ON = "on"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    POST_USAGE = "post_usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRow:
    """An organization; amounts in millionths. ``flags`` are those of its calls of the last seven days."""

    organization_id: str
    name: str
    country: str
    currency: str
    status: OrganizationStatus
    created_at: datetime
    rate_deck_id: str | None
    rate_deck_name: str
    available_micros: int
    held_micros: int
    owed_micros: int
    recharge: RechargeState
    live_calls: int
    blocks_in_force: int
    flags: int


@reads(Permission.OPERATOR_READ)
async def overview_organizations(
    services: Services,
    *,
    search: str = "",
    status: str = "",
    attention_only: bool = False,
    cursor: str | None,
    limit: int,
) -> Page[OverviewRow] | Refused:
    """Organizations in order of name; ``search`` is a part of the name in any case, or an id."""
    refused = check_limit(limit)
    if refused is None and status and status not in set(OrganizationStatus):
        refused = invalid_input("status", status, ", ".join(OrganizationStatus))
    if refused is None and (len(search) > SEARCH_CHARACTERS_MAX or UNSHOWABLE.search(search)):
        refused = invalid_input("search", search, f"at most {SEARCH_CHARACTERS_MAX} characters on one line")
    if refused is not None:
        return refused
    after = ("", OPERATOR_ID) if cursor is None else read_cursor(_LIST, cursor, 2)
    if after is None or not is_identifier(after[1]):
        return refuse_cursor(cursor or "")
    wanted = search.strip()
    by_id = wanted.lower() if is_identifier(wanted.lower()) else None
    pattern = "" if not wanted or by_id else "%" + _PATTERN_SIGN.sub(r"\\\1", wanted) + "%"
    rows = await services.pool.fetch(
        load_statement("console/list_organizations"),
        services.shard_id,
        *after,
        pattern,
        by_id,
        status,
        attention_only,
        limit + 1,
        services.clock(),
    )
    items = tuple(_row_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    return Page(items=items, next_cursor=write_cursor(_LIST, items[-1].name, items[-1].organization_id))


def _row_of(row: asyncpg.Record) -> OverviewRow:
    return OverviewRow(
        organization_id=str(row["organization_id"]),
        name=row["name"],
        country=row["country"],
        currency=row["currency"],
        status=OrganizationStatus(row["status"]),
        created_at=row["created_at"],
        rate_deck_id=None if row["rate_deck_id"] is None else str(row["rate_deck_id"]),
        rate_deck_name=row["rate_deck_name"] or "",
        available_micros=row["available_micros"],
        held_micros=row["held_micros"],
        owed_micros=row["owed_micros"],
        recharge=_recharge_of(row),
        live_calls=row["live_calls"],
        blocks_in_force=row["blocks_in_force"],
        flags=row["flags"],
    )


def _recharge_of(row: asyncpg.Record) -> RechargeState:
    if row["post_usage"]:
        return RechargeState.POST_USAGE
    if not row["recharge_enabled"]:
        return RechargeState.SUSPENDED if row["recharge_suspended"] else RechargeState.OFF
    if row["recharge_suspended"]:
        return RechargeState.SUSPENDED
    return RechargeState.PAUSED if row["recharge_paused"] else RechargeState.ON
