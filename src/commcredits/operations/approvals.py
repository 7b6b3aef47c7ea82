"""Payments that wait for their payer, found by their own id alone: whoever was mailed it may approve, and see no more.

Knows that the id of an attempt is unguessable and names one organization. Refuses to tell of attempts that never
reached a gateway.
"""

from __future__ import annotations

from commcredits.core.access import SYSTEM
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.topups import OPEN_STATES
from commcredits.operations.inputs import is_identifier
from commcredits.operations.payments import resolve_top_up, resume_payment
from commcredits.operations.services import Services
from commcredits.storage.payments import TopUpRecord, read_charged_top_up


async def find_sent_top_up(services: Services, *, top_up_id: str, asks_gateway: bool = False) -> TopUpRecord | None:
    """The attempt of this id that was sent to a gateway, whoever's it is; None where there is none.

    With ``asks_gateway`` one that is not settled is looked up at its gateway first.
    """
    found = await _find(services, top_up_id)
    if found is not None and asks_gateway and found.state in OPEN_STATES:
        await resolve_top_up(services, found)
        found = await _find(services, top_up_id)
    return found


async def resume_sent_top_up(services: Services, *, top_up_id: str, return_url: str) -> TopUpRecord | Refused:
    """Give the payer, who is present, a fresh page to approve on; or tell what the attempt has come to meanwhile.

    Refused as ``resume_payment`` is, and as an unknown top-up where no attempt of this id was sent.
    """
    found = await _find(services, top_up_id)
    if found is None:
        return Refused(code=RefusalCode.UNKNOWN_TOP_UP)
    # Whoever pays need not be anybody here: knowing the attempt's id is enough, and all that it opens.
    return await resume_payment(
        services.acting_as(SYSTEM), organization_id=found.organization_id, top_up_id=top_up_id, return_url=return_url
    )


async def _find(services: Services, top_up_id: str) -> TopUpRecord | None:
    if not is_identifier(top_up_id):
        return None
    for gateway in services.gateways:
        found = await read_charged_top_up(
            services.pool, services.shard_id, gateway=gateway, key=top_up_id, reference=""
        )
        if found is not None:
            return found
    return None
