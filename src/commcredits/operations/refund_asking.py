"""Asking for a refund of a purchase or of a call: at once as far as one person may, beyond with a second one.

Knows what a refund comes to when it is asked for, and that nothing is taken before it is agreed to. Refuses to decide
about what was asked for, and to carry it out (commcredits.operations.refund_requests).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.outcomes import Ended, RefusalCode, Refused
from commcredits.core.refunding import refund_worth_micros, refuse_refund
from commcredits.core.top_up_refunds import refund_amount
from commcredits.operations.agreeing import (
    NOBODY,
    WHO_CHARACTERS_MAX,
    RequestState,
    find_row,
    first_state,
    get_row,
    locked_standing,
)
from commcredits.operations.audit_looks import at_funds
from commcredits.operations.inputs import UNSHOWABLE, invalid_input, refuse_command_id, refuse_name
from commcredits.operations.payments import find_top_up
from commcredits.operations.permitting import acts
from commcredits.operations.refund_requests import REFUNDS, RefundRequest, carry_out, refund_request_of
from commcredits.operations.refunds import (
    REASON_CHARACTERS_MAX,
    find_organizations_refund,
    refuse_by_policy,
    refuse_refund_input,
)
from commcredits.operations.reports import get_call
from commcredits.operations.second_person import person_of
from commcredits.operations.services import Services
from commcredits.storage.codec import decode_answer
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.loading import load_accounts, load_sessions, load_top_ups
from commcredits.storage.refunds import RefundRecord

USED_SECONDS_MAX: Final = 315_360_000
"""Ten years: longer than any call, and what a column of seconds takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What somebody asks for."""

    organization_id: str
    command_id: str
    top_up_id: str | None = None
    session_id: str | None = None
    asked_micros: int | None = None
    used_seconds: int | None = None
    reason: str
    requested_by: str

    def is_same(self, known: RefundRequest) -> bool:
        """Whether this is what was asked for before."""
        names = ("top_up_id", "session_id", "asked_micros", "used_seconds", "reason", "requested_by")
        return all(getattr(self, name) == getattr(known, name) for name in names)


@acts(Permission.OPERATOR_FUNDS, needs_proof=True, look=at_funds)
async def request_refund(
    services: Services,
    *,
    organization_id: str,
    command_id: str,
    top_up_id: str,
    amount_micros: int | None,
    reason: str,
    requested_by: str,
) -> RefundRecord | RefundRequest | Refused:
    """Give back what is unused of a top-up, or a part of it: net, in millionths; None: all that is left.

    At once as far as one person may do it alone; beyond, the request is pending, and takes nothing, until another
    person approves it. The same ``command_id`` is one request and gets it again as it stands.
    """
    refused = refuse_refund_input(command_id, amount_micros, reason, requested_by)
    if refused is not None:
        return refused
    top_up = await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)
    if isinstance(top_up, Refused):
        return top_up
    refused = refuse_by_policy(services, top_up_id)
    if refused is not None:
        return refused
    wanted = _Wanted(
        organization_id=organization_id,
        command_id=command_id,
        top_up_id=top_up.top_up_id,
        asked_micros=amount_micros,
        reason=reason,
        requested_by=requested_by,
    )
    answer = await _request(services, wanted)
    assert not isinstance(answer, Ended), "no call was meant"
    return answer


@acts(Permission.OPERATOR_CALLS, needs_proof=True, look=at_funds)
async def request_call_refund(
    services: Services,
    *,
    organization_id: str,
    command_id: str,
    session_id: str,
    used_seconds: int,
    reason: str,
    requested_by: str,
) -> Ended | RefundRequest | Refused:
    """Give back what an ended call was charged beyond ``used_seconds``: all of it for 0.

    At once as far as one person may do it alone, purchases and calls together; beyond, it is pending until another
    person approves it. The reason may be empty.
    """
    refused = refuse_command_id(command_id) or refuse_name("requested_by", requested_by, WHO_CHARACTERS_MAX)
    if refused is None and (len(reason) > REASON_CHARACTERS_MAX or UNSHOWABLE.search(reason)):
        refused = invalid_input("reason", reason, f"at most {REASON_CHARACTERS_MAX} characters on one line")
    if refused is None and not 0 <= used_seconds <= USED_SECONDS_MAX:
        refused = invalid_input("used_seconds", str(used_seconds), f"a whole number from 0 to {USED_SECONDS_MAX}")
    if refused is not None:
        return refused
    call = await get_call(services, organization_id=organization_id, session_id=session_id)
    if isinstance(call, Refused):
        return call
    wanted = _Wanted(
        organization_id=organization_id,
        command_id=command_id,
        session_id=session_id,
        used_seconds=used_seconds,
        reason=reason,
        requested_by=requested_by,
    )
    answer = await _request(services, wanted)
    assert not isinstance(answer, RefundRecord), "no purchase was meant"
    return answer


async def _request(services: Services, wanted: _Wanted) -> RefundRecord | Ended | RefundRequest | Refused:
    row = await _written(services, wanted)
    if isinstance(row, Refused):
        return row
    known = refund_request_of(row)
    if not wanted.is_same(known):
        facts = {"command_id": wanted.command_id, "command": "request_refund"}
        return Refused(code=RefusalCode.CONFLICT, facts=facts)
    known = await carry_out(services, row)
    if known.decided_by or known.state not in {RequestState.APPLIED, RequestState.REFUSED}:
        return known
    # What one person did alone is answered as the act itself.
    if known.refund_id is not None:
        return await find_organizations_refund(
            services, organization_id=wanted.organization_id, refund_id=known.refund_id
        )
    row = await get_row(services, REFUNDS, organization_id=wanted.organization_id, request_id=known.refund_request_id)
    answer = row if isinstance(row, Refused) else decode_answer(row["answer"])
    assert isinstance(answer, Refused | Ended), answer
    return answer


async def _written(services: Services, wanted: _Wanted) -> asyncpg.Record | Refused:
    """What is wanted as a row, written down now or before."""
    organization_id, now = wanted.organization_id, services.clock()
    async with services.pool.acquire() as connection, connection.transaction():
        standing = await locked_standing(services, connection, organization_id)
        if standing is None:
            return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION)
        command = {"request_id": NOBODY, "command_id": wanted.command_id}
        row = await find_row(services, connection, REFUNDS, organization_id, **command)
        if row is not None:
            return row
        amount = await _worth(services, connection, wanted, standing.currency)
        if isinstance(amount, Refused):
            return amount
        state = await first_state(
            services,
            connection,
            REFUNDS,
            organization_id,
            micros=amount,
            limit=services.rules.refund_limit_micros,
            name=wanted.requested_by,
        )
        await connection.execute(
            load_statement("insert_refund_request"),
            services.shard_id,
            organization_id,
            services.new_id(),
            wanted.command_id,
            wanted.top_up_id,
            wanted.session_id,
            wanted.asked_micros,
            wanted.used_seconds,
            amount,
            standing.currency,
            wanted.reason,
            state.value,
            wanted.requested_by,
            now,
            person_of(services.actor, wanted.requested_by),
        )
        row = await find_row(services, connection, REFUNDS, organization_id, **command)
    assert row is not None, "it was written"
    return row


async def _worth(services: Services, connection: Connection, wanted: _Wanted, currency: str) -> int | Refused:
    """What is wanted comes to now, in millionths, or why it cannot be had. The account's row is locked."""
    place = (wanted.organization_id, wanted.top_up_id or wanted.session_id or "")
    if wanted.top_up_id is not None:
        accounts = await load_accounts(connection, services.shard_id, [wanted.organization_id])
        top_ups = await load_top_ups(connection, services.shard_id, [place])
        account, top_up = accounts[wanted.organization_id].account, top_ups[place].top_up
        return refund_amount(account, top_up, wanted.asked_micros, services.clock())
    sessions = await load_sessions(connection, services.shard_id, [place], {wanted.organization_id: currency})
    session = sessions[place]
    return refuse_refund(session) or max(0, refund_worth_micros(session, wanted.used_seconds or 0))
