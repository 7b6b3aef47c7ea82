"""Adding funds by hand, promotional grants, and the attempts to buy funds that there were.

Knows the order: record the attempt, commit, charge, record the answer. Refuses to charge inside a transaction.
"""

from __future__ import annotations

from datetime import datetime

from commcredits.core.access import Permission
from commcredits.core.commands import GrantPromotion, RequestTopUp
from commcredits.core.outcomes import LotGranted, RefusalCode, Refused, TopUpTaken
from commcredits.core.topups import TOO_MANY_ATTEMPTS
from commcredits.operations.audit_looks import at_funds
from commcredits.operations.inputs import refuse_command_id
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.payment_methods import find_payment_method
from commcredits.operations.payments import find_top_up, take_payment
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.deciding import OPERATIONS
from commcredits.storage.loading import load_answers
from commcredits.storage.payments import TopUpRecord, read_top_ups


@acts(Permission.FUNDS_WRITE, needs_proof=True)
async def add_funds(
    services: Services, *, organization_id: str, command_id: str, amount_micros: int, payment_method_id: str
) -> TopUpRecord | Refused:
    """Buy funds with a stored payment method, the payer being present.

    Returns the attempt as it stands: succeeded, declined, waiting for the payer, or unknown for now. The same
    ``command_id`` buys once and gets the same attempt, whatever has become of it since; with other content it is
    refused as a conflict. Amount in millionths; minimum and maximum by domain.md §3.
    """
    refused: Refused | None = None
    method = await find_payment_method(services, organization_id=organization_id, payment_method_id=payment_method_id)
    if isinstance(method, Refused):
        refused = method
    elif method.gateway not in services.gateways:
        refused = Refused(code=RefusalCode.GATEWAY_NOT_READY, facts={"gateway": method.gateway})
    # Whoever asks again because no answer came must not hear "unknown", and buy once more with another method.
    if refused is not None and not await _was_asked(services, organization_id, command_id, refused):
        return refused
    command = RequestTopUp(
        organization_id=organization_id,
        command_id=command_id,
        amount_micros=amount_micros,
        payment_method=payment_method_id,
    )
    requested = await services.executor.execute(command)
    if isinstance(requested, Refused):
        return requested
    assert isinstance(requested, TopUpTaken)
    if requested.send:
        recorded = await take_payment(services, organization_id=organization_id, top_up=requested, off_session=False)
        if isinstance(recorded, Refused) and recorded.code is not RefusalCode.BUSY:
            return recorded
    top_up = await find_top_up(services, organization_id=organization_id, top_up_id=requested.top_up_id)
    if isinstance(top_up, TopUpRecord) and top_up.reason == TOO_MANY_ATTEMPTS:
        facts = {"top_up_id": top_up.top_up_id, "payment_method_id": payment_method_id}
        return Refused(code=RefusalCode.TOO_MANY_ATTEMPTS, facts=facts)
    return top_up


@acts(Permission.OPERATOR_FUNDS, needs_proof=True, look=at_funds)
async def grant_promotion(
    services: Services, *, organization_id: str, command_id: str, amount_micros: int, expires_at: datetime, reason: str
) -> LotGranted | Refused:
    """Give promotional funds, used before paid ones; amount in millionths. Repeatable under its ``command_id``."""
    command = GrantPromotion(
        organization_id=organization_id,
        command_id=command_id,
        amount_micros=amount_micros,
        expires_at=expires_at,
        reason=reason,
    )
    outcome = await services.executor.execute(command)
    assert isinstance(outcome, LotGranted | Refused)
    return outcome


@reads(Permission.FUNDS_READ)
async def list_top_ups(
    services: Services, *, organization_id: str, cursor: str | None, limit: int
) -> Page[TopUpRecord] | Refused:
    """An organization's attempts to buy funds, newest first; a cursor is the last id of the page before."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = None if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await read_top_ups(services.pool, services.shard_id, organization_id, before=before, limit=limit + 1)
    shown = rows[:limit]
    return Page(items=shown, next_cursor=shown[-1].top_up_id if len(rows) > limit else None)


@reads(Permission.FUNDS_READ)
async def get_top_up(services: Services, *, organization_id: str, top_up_id: str) -> TopUpRecord | Refused:
    """One attempt of this organization; another's is as unknown as none."""
    return await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)


async def _was_asked(services: Services, organization_id: str, command_id: str, refused: Refused) -> bool:
    """Whether this purchase was asked for before its method was refused; the account then gives its first answer."""
    of_method = {RefusalCode.UNKNOWN_PAYMENT_METHOD, RefusalCode.GATEWAY_NOT_READY}
    if refused.code not in of_method or refuse_command_id(command_id) is not None:
        return False
    key = (organization_id, OPERATIONS[RequestTopUp], command_id)
    async with services.pool.acquire() as connection:
        return key in await load_answers(connection, services.shard_id, [key])
