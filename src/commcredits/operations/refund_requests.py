"""Refunds that were asked for, of purchases and of calls: who agrees to them, and how they are carried out, once.

Knows that a request is carried out under the id of the command that asked: a process that dies in between leaves work
for the next round and never a second refund, also of what was asked for before there were requests. Refuses to know how
funds go back: the account's commands do that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.commands import RefundCall, RequestRefund
from commcredits.core.outcomes import RefundTaken, RefusalCode, Refused
from commcredits.operations.agreeing import (
    LAST,
    NOT_SETTLED,
    Book,
    RequestState,
    Standing,
    complete,
    decide,
    find_row,
    get_row,
)
from commcredits.operations.audit_looks import at_funds
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.payment_terms import RefundPolicy
from commcredits.operations.permitting import acts, reads
from commcredits.operations.refunds import send_taken
from commcredits.operations.services import Services
from commcredits.storage.codec import decode_answer, encode_answer
from commcredits.storage.connection import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """A refund of a purchase (``top_up_id``) or of a call (``session_id``), net, in millionths.

    ``asked_micros`` None asks for all that is unused of a purchase; ``used_seconds`` of a call stay charged.
    ``amount_micros`` is what that came to when it was asked for. ``decided_by`` is who approved or rejected it, empty
    where nobody else had to; ``refund_id`` the refund that it became; ``refusal`` the code of why the account refused
    it, and ``left_micros`` how much of the purchase was unused then.
    """

    refund_request_id: str
    organization_id: str
    top_up_id: str | None
    session_id: str | None
    asked_micros: int | None
    used_seconds: int | None
    amount_micros: int
    currency: str
    reason: str
    state: RequestState
    requested_by: str
    requested_at: datetime
    decided_by: str
    decided_at: datetime | None
    refund_id: str | None
    refusal: str
    left_micros: int | None


@acts(Permission.OPERATOR_FUNDS, needs_proof=True, look=at_funds)
async def approve_refund_request(
    services: Services, *, organization_id: str, refund_request_id: str, approved_by: str
) -> RefundRequest | Refused:
    """Agree to a pending refund, as somebody else than who asked for it; it is carried out at once.

    What is unused then decides: where less is left than was asked for, the account refuses it and nothing is given
    back. Refused with SECOND_PERSON_REQUIRED for the same person, REFUND_SETTLED when it is pending no more, and
    NOTHING_TO_REFUND while the operator's policy lets nobody refund. Who approved it may do so again.
    """
    decided = await decide(
        services,
        REFUNDS,
        organization_id=organization_id,
        request_id=refund_request_id,
        person=approved_by,
        state=RequestState.APPROVED,
    )
    return decided if isinstance(decided, Refused) else await carry_out(services, decided)


@acts(Permission.OPERATOR_FUNDS)
async def reject_refund_request(
    services: Services, *, organization_id: str, refund_request_id: str, rejected_by: str
) -> RefundRequest | Refused:
    """Do not agree to a pending refund; whoever asked for it may take it back in this way, too."""
    decided = await decide(
        services,
        REFUNDS,
        organization_id=organization_id,
        request_id=refund_request_id,
        person=rejected_by,
        state=RequestState.REJECTED,
    )
    return decided if isinstance(decided, Refused) else refund_request_of(decided)


@reads(Permission.OPERATOR_FUNDS)
async def get_refund_request(
    services: Services, *, organization_id: str, refund_request_id: str
) -> RefundRequest | Refused:
    """One request of this organization; another's is as unknown as none."""
    row = await get_row(services, REFUNDS, organization_id=organization_id, request_id=refund_request_id)
    return row if isinstance(row, Refused) else refund_request_of(row)


@reads(Permission.OPERATOR_FUNDS)
async def list_refund_requests(
    services: Services, *, organization_id: str, cursor: str | None, limit: int, state: RequestState | None = None
) -> Page[RefundRequest] | Refused:
    """An organization's requests, newest first; a cursor is the last id of the page before."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = LAST if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    wanted = "" if state is None else state.value
    rows = await services.pool.fetch(
        load_statement("list_refund_requests"), services.shard_id, organization_id, before, wanted, limit + 1
    )
    items = tuple(refund_request_of(row) for row in rows[:limit])
    return Page(items=items, next_cursor=items[-1].refund_request_id if len(rows) > limit else None)


async def complete_refund_requests(services: Services) -> int:
    """Carry out what was approved and is not yet, because whoever approved it died; returns how many were settled."""

    async def apply(row: asyncpg.Record) -> bool:
        return (await carry_out(services, row)).state is not RequestState.APPROVED

    return await complete(services, REFUNDS, apply)


def refund_request_of(row: asyncpg.Record) -> RefundRequest:
    """A request from its row."""
    answer = decode_answer(row["answer"]) if row["answer"] else None
    refused = answer if isinstance(answer, Refused) else None
    left = None if refused is None else refused.facts.get("maximum_micros")
    return RefundRequest(
        refund_request_id=str(row["refund_request_id"]),
        organization_id=str(row["organization_id"]),
        top_up_id=None if row["top_up_id"] is None else str(row["top_up_id"]),
        session_id=row["session_id"],
        asked_micros=row["asked_micros"],
        used_seconds=row["used_seconds"],
        amount_micros=row["amount_micros"],
        currency=row["currency"],
        reason=row["reason"],
        state=RequestState(row["state"]),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        refund_id=None if row["refund_id"] is None else str(row["refund_id"]),
        refusal="" if refused is None else refused.code.value,
        left_micros=None if left is None else int(left),
    )


async def carry_out(services: Services, row: asyncpg.Record) -> RefundRequest:
    """The request after what it says was done, if it is approved; the same again does nothing twice.

    It is settled before the gateway is asked: what became of a refund is looked for by itself from then on.
    """
    known = refund_request_of(row)
    if known.state is not RequestState.APPROVED:
        return known
    outcome = await services.executor.execute(_command(known, row["command_id"]))
    if isinstance(outcome, Refused) and outcome.code in NOT_SETTLED:
        return known
    state = RequestState.REFUSED if isinstance(outcome, Refused) else RequestState.APPLIED
    refund_id = outcome.refund_id if isinstance(outcome, RefundTaken) else None
    place = (services.shard_id, known.organization_id, known.refund_request_id)
    async with services.pool.acquire() as connection:
        await connection.execute(
            load_statement("settle_refund_request"), *place, state.value, refund_id, encode_answer(outcome)
        )
        settled = await find_row(
            services, connection, REFUNDS, known.organization_id, request_id=known.refund_request_id
        )
    assert settled is not None, "it was there, and nobody deletes one"
    if isinstance(outcome, RefundTaken):
        await send_taken(services, known.organization_id, outcome)
    return refund_request_of(settled)


def _command(request: RefundRequest, command_id: str) -> RequestRefund | RefundCall:
    """What the account is told. Who acts alone gives back what was counted, and not what became unused since."""
    if request.session_id is not None:
        return RefundCall(
            organization_id=request.organization_id,
            session_id=request.session_id,
            command_id=command_id,
            used_seconds=request.used_seconds or 0,
        )
    assert request.top_up_id is not None, "it is of a purchase or of a call"
    return RequestRefund(
        organization_id=request.organization_id,
        command_id=command_id,
        top_up_id=request.top_up_id,
        amount_micros=request.asked_micros if request.decided_by else request.amount_micros,
        reason=request.reason,
        requested_by=request.requested_by,
    )


def _refuse_by_policy(services: Services, _standing: Standing) -> Refused | None:
    """Also a closed organization is given back what is left; but nobody is where the policy lets nobody refund."""
    policy = services.payments.refund_policy
    if policy is not RefundPolicy.NONE:
        return None
    return Refused(code=RefusalCode.NOTHING_TO_REFUND, facts={"refund_policy": policy.value})


REFUNDS: Final = Book(
    id_name="refund_request_id",
    get="get_refund_request",
    decide="decide_refund_request",
    sum_alone="sum_refunded_by_person",
    list_approved="list_refund_requests_to_apply",
    unknown=RefusalCode.UNKNOWN_REFUND,
    settled=RefusalCode.REFUND_SETTLED,
    refuse_approval=_refuse_by_policy,
)
