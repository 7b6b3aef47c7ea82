"""What an operator may do about one running call: have it cut at its switch.

Knows that a cut is an order until the switch has taken it. Refuses to end a call itself: its switch does, and says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import SessionState
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import invalid_input, refuse_name
from commcredits.operations.permitting import acts
from commcredits.operations.reports import get_call
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

CUT_REASON: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
"""What a reason may be: switches pass it on in a header."""

OPERATOR_REASON: Final = "operator"
"""The reason of a cut that nobody gave one for."""

ORDERED_BY_CHARACTERS_MAX: Final = 200
"""Longest name of whoever orders."""

_RUNNING: Final = (SessionState.AUTHORISED, SessionState.STARTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOrder:
    """A call that its switch is told to cut, again and again until it has taken it."""

    session_id: str
    switch: str
    reason: str
    ordered_at: datetime


@acts(Permission.OPERATOR_CALLS)
async def cut_call(
    services: Services, *, organization_id: str, session_id: str, reason: str, ordered_by: str
) -> CutOrder | Refused:
    """Order a running call to be cut. Ordered twice it is told twice, should it still run.

    Refused for a call that is over, and for one whose switch did not name the link over which it could be told.
    """
    refused = refuse_name("ordered_by", ordered_by, ORDERED_BY_CHARACTERS_MAX)
    if CUT_REASON.fullmatch(reason) is None:
        refused = invalid_input("reason", reason, "one word of small letters, digits and _, at most 64 characters")
    if refused is not None:
        return refused
    call = await get_call(services, organization_id=organization_id, session_id=session_id)
    if isinstance(call, Refused):
        return call
    facts = {"session_id": session_id, "state": call.state.value}
    if call.state not in _RUNNING:
        return Refused(code=RefusalCode.SESSION_ENDED, facts=facts)
    if not call.switch:
        return Refused(code=RefusalCode.SWITCH_NOT_LINKED, facts=facts)
    now = services.clock()
    await services.pool.execute(
        load_statement("order_cut"),
        services.shard_id,
        organization_id,
        session_id,
        call.switch,
        reason,
        ordered_by,
        now,
    )
    return CutOrder(session_id=session_id, switch=call.switch, reason=reason, ordered_at=now)
