"""Operator adjustments: funds given or taken by hand, with a reason, and beyond a limit with a second person.

Knows who has to agree. Refuses to know what becomes of lots and debts: the account's command does that. An adjustment
that is approved is written down first and applied under its own id after, so that a process that dies in between leaves
work for the next round and never a second application.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import Adjust
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.outcomes import Adjusted, RefusalCode, Refused
from commcredits.operations.audit_looks import at_funds
from commcredits.operations.inputs import UNSHOWABLE, invalid_input, refuse_command_id, refuse_name
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import acts, reads
from commcredits.operations.sandboxes import refuse_sandbox
from commcredits.operations.second_person import is_same_person, person_of
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.loading import lock_accounts

REASON_CHARACTERS_MIN: Final = 3
REASON_CHARACTERS_MAX: Final = 500
WHO_CHARACTERS_MAX: Final = 200
ALONE_HOURS: Final = 24
"""Over how long one person's adjustments of an organization are added up: many small ones are one large one."""

NOT_SETTLED: Final = frozenset({RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
"""Refusals that say nothing about the command; it may have been carried out, and is given again."""

_ROUND_MAX: Final = 100
_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class AdjustmentState(StrEnum):
    """Where an adjustment stands: pending → approved → applied | refused by the account, or pending → rejected."""

    PENDING = "pending"
    APPROVED = "approved"
    APPLIED = "applied"
    REFUSED = "refused"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """An adjustment of ``amount_micros``, negative for funds that are taken; ``owed_micros`` of those were not there.

    ``decided_by`` is who approved or rejected it, empty where nobody else had to; ``lot_id`` what was given became;
    ``refusal`` the code of why the account took nothing of it. The people behind those names are kept beside it
    (commcredits.operations.second_person).
    """

    adjustment_id: str
    organization_id: str
    amount_micros: int
    currency: str
    reason: str
    state: AdjustmentState
    requested_by: str
    requested_at: datetime
    decided_by: str
    decided_at: datetime | None
    owed_micros: int
    lot_id: str | None
    refusal: str


@acts(Permission.OPERATOR_FUNDS, look=at_funds)
async def request_adjustment(
    services: Services, *, organization_id: str, command_id: str, amount_micros: int, reason: str, requested_by: str
) -> Adjustment | Refused:
    """Give funds, or take them with a negative amount; applied at once as far as one person may do it alone.

    Beyond the operator's limit it is pending until another person approves it. The same ``command_id`` is one
    adjustment and gets it again as it stands; with other content it is a conflict.
    """
    refused = _refuse_request(command_id, amount_micros, reason, requested_by)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = await refuse_sandbox(services, organization_id)
    if refused is not None:
        return refused
    now, person = services.clock(), person_of(services.actor, requested_by)
    async with services.pool.acquire() as connection, connection.transaction():
        currency = await locked_currency(services, connection, organization_id)
        if currency is None:
            return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
        state = await _first_state(services, connection, organization_id, amount_micros, person, now)
        content = (amount_micros, currency, reason, state.value, requested_by, now, person)
        made = await connection.fetchval(
            load_statement("insert_adjustment"),
            services.shard_id,
            organization_id,
            services.new_id(),
            command_id,
            *content,
        )
        row = await _row(services, connection, organization_id, made or _NOBODY, command_id)
    assert row is not None, "it was written, or was there"
    known = adjustment_of(row)
    if made is None and (known.amount_micros, known.reason, known.requested_by) != (
        amount_micros,
        reason,
        requested_by,
    ):
        facts = {"command_id": command_id, "command": "request_adjustment"}
        return Refused(code=RefusalCode.CONFLICT, facts=facts)
    return await _apply(services, known)


@acts(Permission.OPERATOR_FUNDS, look=at_funds)
async def approve_adjustment(
    services: Services, *, organization_id: str, adjustment_id: str, approved_by: str
) -> Adjustment | Refused:
    """Agree to a pending adjustment, as somebody else than who asked for it; it is applied at once.

    Refused with SECOND_PERSON_REQUIRED for the same person, ADJUSTMENT_SETTLED when it is pending no more, and
    CURRENCY_MISMATCH when the organization has another currency by now. Who approved it may do so again.
    """
    decided = await _decide(services, organization_id, adjustment_id, approved_by, AdjustmentState.APPROVED)
    return decided if isinstance(decided, Refused) else await _apply(services, decided)


@acts(Permission.OPERATOR_FUNDS)
async def reject_adjustment(
    services: Services, *, organization_id: str, adjustment_id: str, rejected_by: str
) -> Adjustment | Refused:
    """Do not agree to a pending adjustment; whoever asked for it may take it back in this way, too."""
    return await _decide(services, organization_id, adjustment_id, rejected_by, AdjustmentState.REJECTED)


@reads(Permission.OPERATOR_FUNDS)
async def get_adjustment(services: Services, *, organization_id: str, adjustment_id: str) -> Adjustment | Refused:
    """One adjustment of this organization; another's is as unknown as none."""
    for name, value in (("organization_id", organization_id), ("adjustment_id", adjustment_id)):
        checked = check_identifier(name, value)
        if isinstance(checked, Refused):
            return checked
    async with services.pool.acquire() as connection:
        row = await _row(services, connection, organization_id, adjustment_id)
    return _unknown(adjustment_id) if row is None else adjustment_of(row)


@reads(Permission.OPERATOR_FUNDS)
async def list_adjustments(
    services: Services, *, organization_id: str, cursor: str | None, limit: int, state: AdjustmentState | None = None
) -> Page[Adjustment] | Refused:
    """An organization's adjustments, newest first; a cursor is the last id of the page before."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = _LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await services.pool.fetch(
        load_statement("list_adjustments"),
        services.shard_id,
        organization_id,
        before,
        "" if state is None else state.value,
        limit + 1,
    )
    items = tuple(adjustment_of(row) for row in rows[:limit])
    return Page(items=items, next_cursor=items[-1].adjustment_id if len(rows) > limit else None)


async def complete_adjustments(services: Services) -> int:
    """Apply what was approved and is not applied yet, because whoever approved it died or lost the database.

    Returns how many were settled. Each has its turn: those that an account cannot take now keep no other waiting.
    """
    settled, after = 0, _NOBODY
    while True:
        rows = await services.pool.fetch(
            load_statement("list_adjustments_to_apply"), services.shard_id, _ROUND_MAX, after
        )
        for row in rows:
            applied = await _apply(services, adjustment_of(row))
            settled += applied.state is not AdjustmentState.APPROVED
        if len(rows) < _ROUND_MAX:
            return settled
        after = str(rows[-1]["adjustment_id"])


async def locked_currency(services: Services, connection: Connection, organization_id: str) -> str | None:
    """The currency of an organization that is not closed, which stays so until the transaction ends; None of another.

    Locks the account first and reads after: whoever changes a currency holds that lock.
    """
    await lock_accounts(connection, services.shard_id, [organization_id])
    row = await connection.fetchrow(load_statement("get_organization"), services.shard_id, organization_id)
    if row is None or row["status"] == OrganizationStatus.CLOSED.value:
        return None
    return str(row["currency"])


def adjustment_of(row: asyncpg.Record) -> Adjustment:
    """An adjustment from its row."""
    return Adjustment(
        adjustment_id=str(row["adjustment_id"]),
        organization_id=str(row["organization_id"]),
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        reason=row["reason"],
        state=AdjustmentState(row["state"]),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        owed_micros=row["owed_micros"],
        lot_id=None if row["lot_id"] is None else str(row["lot_id"]),
        refusal=row["refusal"],
    )


def _refuse_request(command_id: str, amount_micros: int, reason: str, requested_by: str) -> Refused | None:
    refused = refuse_command_id(command_id) or refuse_name("as", requested_by, WHO_CHARACTERS_MAX)
    if refused is not None:
        return refused
    if not 0 < abs(amount_micros) <= AMOUNT_MICROS_MAX:
        return invalid_input("amount", str(amount_micros), "an amount other than 0, of a thousand million at most")
    if not REASON_CHARACTERS_MIN <= len(reason.strip()) <= len(reason) <= REASON_CHARACTERS_MAX or UNSHOWABLE.search(
        reason
    ):
        return invalid_input(
            "reason", reason, f"{REASON_CHARACTERS_MIN} to {REASON_CHARACTERS_MAX} characters on one line"
        )
    return None


async def _first_state(
    services: Services,
    connection: Connection,
    organization_id: str,
    amount_micros: int,
    person: str,
    now: datetime,
) -> AdjustmentState:
    """Approved while what this person has done alone stays within the limit. The account's row is locked."""
    alone = await connection.fetchval(
        load_statement("sum_adjusted_by_person"),
        services.shard_id,
        organization_id,
        person,
        now - timedelta(hours=ALONE_HOURS),
    )
    within = alone + abs(amount_micros) <= services.rules.adjustment_limit_micros
    return AdjustmentState.APPROVED if within else AdjustmentState.PENDING


async def _decide(
    services: Services, organization_id: str, adjustment_id: str, person: str, state: AdjustmentState
) -> Adjustment | Refused:
    refused = refuse_name("as", person, WHO_CHARACTERS_MAX)
    if refused is not None:
        return refused
    known = await get_adjustment(services, organization_id=organization_id, adjustment_id=adjustment_id)
    if isinstance(known, Refused):
        return known
    approves, actor = state is AdjustmentState.APPROVED, person_of(services.actor, person)
    place = (services.shard_id, organization_id, adjustment_id)
    async with services.pool.acquire() as connection, connection.transaction():
        currency = await locked_currency(services, connection, organization_id)
        row = await _row(services, connection, organization_id, adjustment_id)
        assert row is not None, "it was there, and nobody deletes one"
        if approves and row["state"] == AdjustmentState.PENDING:
            refused = _refuse_approval(services, row, person, currency)
        elif approves and currency is None:
            refused = Refused(code=RefusalCode.ORGANIZATION_CLOSED)
        if refused is not None:
            return refused
        statement = load_statement("decide_adjustment")
        decided = await connection.fetchval(statement, *place, state.value, person, services.clock(), actor)
        row = await _row(services, connection, organization_id, adjustment_id)
    assert row is not None, "it was there, and nobody deletes one"
    known = adjustment_of(row)
    repeated = row["decided_actor"] == actor and (known.state is AdjustmentState.REJECTED) is not approves
    if decided is None and not repeated:
        settled: dict[str, str | int] = {"adjustment_id": adjustment_id, "state": known.state.value}
        return Refused(code=RefusalCode.ADJUSTMENT_SETTLED, facts=settled)
    return known


def _refuse_approval(services: Services, row: asyncpg.Record, person: str, currency: str | None) -> Refused | None:
    """Why this person cannot agree to a pending adjustment of an organization with this currency, None if closed."""
    asked: dict[str, str | int] = {"adjustment_id": str(row["adjustment_id"]), "requested_by": row["requested_by"]}
    if is_same_person(services.actor, person, asked_by=row["requested_by"], asked_actor=row["requested_actor"]):
        return Refused(code=RefusalCode.SECOND_PERSON_REQUIRED, facts=asked)
    if currency is None:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    if currency != row["currency"]:
        changed: dict[str, str | int] = {"currency": row["currency"], "organization_currency": currency}
        return Refused(code=RefusalCode.CURRENCY_MISMATCH, facts=changed)
    return None


async def _apply(services: Services, adjustment: Adjustment) -> Adjustment:
    """The adjustment after what it says was done, if it is approved; the same again does nothing twice."""
    if adjustment.state is not AdjustmentState.APPROVED:
        return adjustment
    outcome = await services.executor.execute(
        Adjust(
            organization_id=adjustment.organization_id,
            command_id=adjustment.adjustment_id,
            amount_micros=adjustment.amount_micros,
            reason=adjustment.reason,
        )
    )
    settled: tuple[Any, ...]
    if isinstance(outcome, Adjusted):
        settled = (AdjustmentState.APPLIED.value, outcome.owed_micros, outcome.lot_id or None, "")
    else:
        assert isinstance(outcome, Refused), outcome
        if outcome.code in NOT_SETTLED:
            return adjustment
        settled = (AdjustmentState.REFUSED.value, 0, None, outcome.code.value)
    async with services.pool.acquire() as connection:
        place = (services.shard_id, adjustment.organization_id, adjustment.adjustment_id)
        await connection.execute(load_statement("settle_adjustment"), *place, *settled)
        row = await _row(services, connection, adjustment.organization_id, adjustment.adjustment_id)
    assert row is not None, "it was there, and nobody deletes one"
    return adjustment_of(row)


async def _row(
    services: Services, connection: Connection, organization_id: str, adjustment_id: str, command_id: str | None = None
) -> asyncpg.Record | None:
    statement = load_statement("get_adjustment")
    return await connection.fetchrow(statement, services.shard_id, organization_id, adjustment_id, command_id)


def _unknown(adjustment_id: str) -> Refused:
    return Refused(code=RefusalCode.UNKNOWN_ADJUSTMENT, facts={"adjustment_id": adjustment_id})
