"""What a person of the operator says of payments and refunds that no gateway tells of: the money came, or it did not.

Knows gateways whose charges wait for a person. Refuses to confirm what a gateway itself can tell, and to take a verdict
back: the first one stands, and who looks at open payments and refunds carries it out where a process died over it.
"""

from __future__ import annotations

from typing import Final

from commcredits.core.access import Permission
from commcredits.core.commands import PaymentState, RecordPayment, RecordRefund
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import RefundState
from commcredits.core.top_up_refunds import OPEN_REFUNDS
from commcredits.core.topups import OPEN_STATES
from commcredits.operations.inputs import refuse_name
from commcredits.operations.payments import CONFIRMED, REJECTED, find_top_up, gateway_name_of, not_open
from commcredits.operations.permitting import acts
from commcredits.operations.refunds import find_organizations_refund
from commcredits.operations.services import Services
from commcredits.storage.payments import TopUpRecord
from commcredits.storage.refunds import HandVerdict, RefundRecord, keep_verdict, read_verdict

REFERENCE_CHARACTERS_MAX: Final = 200
"""Longest reference of a transfer, and longest reason."""

_WHO_CHARACTERS_MAX: Final = 200


@acts(Permission.OPERATOR_FUNDS)
async def confirm_payment(
    services: Services, *, organization_id: str, top_up_id: str, reference: str, confirmed_by: str
) -> TopUpRecord | Refused:
    """The money of a payment by hand has come: its funds are granted. Repeatable; ``reference`` is the bank's."""
    return await _say_of_payment(services, organization_id, top_up_id, CONFIRMED, reference, confirmed_by)


@acts(Permission.OPERATOR_FUNDS)
async def reject_payment(
    services: Services, *, organization_id: str, top_up_id: str, reason: str, rejected_by: str
) -> TopUpRecord | Refused:
    """The money of a payment by hand will not come: the attempt is closed and grants nothing. Repeatable."""
    return await _say_of_payment(services, organization_id, top_up_id, REJECTED, reason, rejected_by)


@acts(Permission.OPERATOR_FUNDS)
async def confirm_refund(
    services: Services, *, organization_id: str, refund_id: str, reference: str, confirmed_by: str
) -> RefundRecord | Refused:
    """The money of a refund by hand was sent back. Repeatable."""
    return await _say_of_refund(services, organization_id, refund_id, CONFIRMED, reference, confirmed_by)


@acts(Permission.OPERATOR_FUNDS)
async def reject_refund(
    services: Services, *, organization_id: str, refund_id: str, reason: str, rejected_by: str
) -> RefundRecord | Refused:
    """The money of a refund by hand could not be sent back: the funds return to their lot. Repeatable."""
    return await _say_of_refund(services, organization_id, refund_id, REJECTED, reason, rejected_by)


async def _say_of_payment(
    services: Services, organization_id: str, top_up_id: str, verdict: str, reference: str, said_by: str
) -> TopUpRecord | Refused:
    refused = _refuse_words(verdict, reference, said_by)
    if refused is not None:
        return refused
    top_up = await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)
    if isinstance(top_up, Refused):
        return top_up
    gateway = await gateway_name_of(services, top_up)
    if not _waits_for_a_person(services, gateway) or top_up.sent_at is None:
        return not_open(top_up)
    is_open = top_up.state in OPEN_STATES
    if not await _stands(services, organization_id, top_up_id, verdict, reference, said_by, may_be_new=is_open):
        return not_open(top_up)
    if not is_open:
        return top_up
    state = PaymentState.SUCCEEDED if verdict == CONFIRMED else PaymentState.DECLINED
    recorded = await services.executor.execute(
        RecordPayment(
            organization_id=organization_id,
            top_up_id=top_up_id,
            state=state,
            gateway=gateway,
            reason="" if verdict == CONFIRMED else REJECTED,
        )
    )
    if isinstance(recorded, Refused):
        return recorded
    return await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)


async def _say_of_refund(
    services: Services, organization_id: str, refund_id: str, verdict: str, reference: str, said_by: str
) -> RefundRecord | Refused:
    refused = _refuse_words(verdict, reference, said_by)
    if refused is not None:
        return refused
    refund = await find_organizations_refund(services, organization_id=organization_id, refund_id=refund_id)
    if isinstance(refund, Refused):
        return refund
    is_open = refund.state in OPEN_REFUNDS
    if not _waits_for_a_person(services, refund.gateway) or not await _stands(
        services, organization_id, refund_id, verdict, reference, said_by, may_be_new=is_open
    ):
        facts = {"refund_id": refund_id, "state": refund.state.value}
        return Refused(code=RefusalCode.PAYMENT_NOT_OPEN, facts=facts)
    if not is_open:
        return refund
    recorded = await services.executor.execute(
        RecordRefund(
            organization_id=organization_id,
            refund_id=refund_id,
            top_up_id=refund.top_up_id,
            state=(RefundState.REFUNDED if verdict == CONFIRMED else RefundState.REFUSED).value,
            refusal="" if verdict == CONFIRMED else REJECTED,
        )
    )
    if isinstance(recorded, Refused):
        return recorded
    return await find_organizations_refund(services, organization_id=organization_id, refund_id=refund_id)


async def _stands(
    services: Services,
    organization_id: str,
    subject_id: str,
    verdict: str,
    reference: str,
    said_by: str,
    *,
    may_be_new: bool,
) -> bool:
    """Whether this verdict is the one that stands; a new one is kept where it may be."""
    if not may_be_new:
        known = await read_verdict(services.pool, services.shard_id, organization_id, subject_id)
        return known is not None and known[0] == verdict
    said = HandVerdict(
        subject_id=subject_id, verdict=verdict, reference=reference, said_by=said_by, said_at=services.clock()
    )
    stands, _reference = await keep_verdict(services.pool, services.shard_id, organization_id, said)
    return stands == verdict


def _waits_for_a_person(services: Services, gateway: str) -> bool:
    through = services.gateways.get(gateway)
    return through is not None and through.capabilities().confirmed_by_hand


def _refuse_words(verdict: str, reference: str, said_by: str) -> Refused | None:
    field = "reference" if verdict == CONFIRMED else "reason"
    return refuse_name(field, reference, REFERENCE_CHARACTERS_MAX) or refuse_name(
        "said_by", said_by, _WHO_CHARACTERS_MAX
    )
