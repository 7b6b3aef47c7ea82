"""Operator adjustments: funds given or taken by hand, with a reason, and beyond a limit with a second person.

Knows what an adjustment is. Refuses to know what becomes of lots and debts: the account's command does that. An
adjustment that is approved is applied under its own id, so that a process that dies in between leaves work for the next
round and never a second application (commcredits.operations.agreeing).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.commands import Adjust
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.outcomes import Adjusted, RefusalCode, Refused
from commcredits.operations.agreeing import (
    LAST,
    NOBODY,
    NOT_SETTLED,
    WHO_CHARACTERS_MAX,
    Book,
    RequestState,
    Standing,
    complete,
    decide,
    find_row,
    first_state,
    get_row,
    locked_currency,
)
from commcredits.operations.audit_looks import at_funds
from commcredits.operations.inputs import UNSHOWABLE, invalid_input, refuse_command_id, refuse_name
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import acts, reads
from commcredits.operations.sandboxes import refuse_sandbox
from commcredits.operations.second_person import person_of
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

REASON_CHARACTERS_MIN: Final = 3
REASON_CHARACTERS_MAX: Final = 500


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


@acts(Permission.OPERATOR_FUNDS, needs_proof=True, look=at_funds)
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
        state = await first_state(
            services,
            connection,
            ADJUSTMENTS,
            organization_id,
            micros=abs(amount_micros),
            limit=services.rules.adjustment_limit_micros,
            name=requested_by,
        )
        content = (amount_micros, currency, reason, state.value, requested_by, now, person)
        made = await connection.fetchval(
            load_statement("insert_adjustment"),
            services.shard_id,
            organization_id,
            services.new_id(),
            command_id,
            *content,
        )
        row = await find_row(
            services, connection, ADJUSTMENTS, organization_id, request_id=made or NOBODY, command_id=command_id
        )
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


@acts(Permission.OPERATOR_FUNDS, needs_proof=True, look=at_funds)
async def approve_adjustment(
    services: Services, *, organization_id: str, adjustment_id: str, approved_by: str
) -> Adjustment | Refused:
    """Agree to a pending adjustment, as somebody else than who asked for it; it is applied at once.

    Refused with SECOND_PERSON_REQUIRED for the same person, ADJUSTMENT_SETTLED when it is pending no more, and
    CURRENCY_MISMATCH when the organization has another currency by now. Who approved it may do so again.
    """
    decided = await decide(
        services,
        ADJUSTMENTS,
        organization_id=organization_id,
        request_id=adjustment_id,
        person=approved_by,
        state=RequestState.APPROVED,
    )
    return decided if isinstance(decided, Refused) else await _apply(services, adjustment_of(decided))


@acts(Permission.OPERATOR_FUNDS)
async def reject_adjustment(
    services: Services, *, organization_id: str, adjustment_id: str, rejected_by: str
) -> Adjustment | Refused:
    """Do not agree to a pending adjustment; whoever asked for it may take it back in this way, too."""
    decided = await decide(
        services,
        ADJUSTMENTS,
        organization_id=organization_id,
        request_id=adjustment_id,
        person=rejected_by,
        state=RequestState.REJECTED,
    )
    return decided if isinstance(decided, Refused) else adjustment_of(decided)


@reads(Permission.OPERATOR_FUNDS)
async def get_adjustment(services: Services, *, organization_id: str, adjustment_id: str) -> Adjustment | Refused:
    """One adjustment of this organization; another's is as unknown as none."""
    row = await get_row(services, ADJUSTMENTS, organization_id=organization_id, request_id=adjustment_id)
    return row if isinstance(row, Refused) else adjustment_of(row)


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
    before = LAST if cursor is None else check_identifier("cursor", cursor)
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

    async def apply(row: asyncpg.Record) -> bool:
        return (await _apply(services, adjustment_of(row))).state is not AdjustmentState.APPROVED

    return await complete(services, ADJUSTMENTS, apply)


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
        row = await find_row(
            services, connection, ADJUSTMENTS, adjustment.organization_id, request_id=adjustment.adjustment_id
        )
    assert row is not None, "it was there, and nobody deletes one"
    return adjustment_of(row)


def _refuse_closed(_services: Services, standing: Standing) -> Refused | None:
    return Refused(code=RefusalCode.ORGANIZATION_CLOSED) if standing.is_closed else None


ADJUSTMENTS: Final = Book(
    id_name="adjustment_id",
    get="get_adjustment",
    decide="decide_adjustment",
    sum_alone="sum_adjusted_by_person",
    list_approved="list_adjustments_to_apply",
    unknown=RefusalCode.UNKNOWN_ADJUSTMENT,
    settled=RefusalCode.ADJUSTMENT_SETTLED,
    refuse_approval=_refuse_closed,
)
