"""Which call a request is about: whose numbers, which service, how many seconds at a time.

Knows how parties and subscriptions become the words of ``CallRequest``. Refuses to know whose the numbers are and
whether the call may be made.
"""

from __future__ import annotations

from typing import Final

from commcredits.core.commands import Service
from commcredits.core.numbers import DialledKind, classify
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.diameter.avp_writing import write_group, write_octets
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.addresses import number_of, user_of
from commcredits.edges.diameter.credit_control.dictionary import SubscriptionType
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest, Parties, is_named
from commcredits.operations.charging import SLICE_SECONDS_MAX, CallRequest, ChargingDesk, Identified

PROTOCOL: Final = "diameter"
SWITCH_CHARACTERS_MAX: Final = 255

MISSING_CALLED_PARTY: Final = write_group(
    cc.SERVICE_INFORMATION, write_group(cc.IMS_INFORMATION, write_octets(cc.CALLED_PARTY_ADDRESS, b""))
)
"""An example of what a request must have for its call to be rated (RFC 8506 §9.2), within its groups."""

_NUMBERED: Final = (SubscriptionType.E164, SubscriptionType.SIP_URI)


def switch_of(origin_host: str) -> str:
    """What a client is called with its calls."""
    return f"{PROTOCOL}:{origin_host}"


def call_of(request: CreditControlRequest, call_id: str, requested: int | None) -> CallRequest:
    """The call that a request asks for. Numbers that nobody told are empty."""
    parties = request.parties or Parties()
    calling, called = number_of(parties.calling), number_of(parties.called)
    own = next(
        (number for kind, data in request.subscriptions if kind in _NUMBERED and (number := number_of(data))), ""
    )
    if parties.terminating:
        called = called or own
    else:
        calling = calling or own
    return CallRequest(
        session_id=call_id,
        caller=calling,
        callee=called,
        switch=switch_of(request.origin_host),
        service=_inbound(called) if parties.terminating else None,
        user=next((user for kind, data in request.subscriptions if is_named(kind) and (user := user_of(data))), ""),
        slice_seconds=slice_of(requested),
    )


def identify(desk: ChargingDesk, request: CreditControlRequest, call_id: str, requested: int | None) -> Identified:
    """What the desk makes of the call that a request asks for."""
    call = call_of(request, call_id, requested)
    identified = desk.identify(call)
    if isinstance(identified, Refused) and identified.code is RefusalCode.INVALID_INPUT and not call.caller:
        # Nobody is named who could pay: that is no fault of the rating input.
        return Refused(code=RefusalCode.UNKNOWN_NUMBER)
    return identified


def slice_of(requested: int | None) -> int | None:
    """The slice that so many requested seconds ask for; None leaves it to the operator's settings."""
    return min(requested, SLICE_SECONDS_MAX) if requested else None


def failed_avps(refused: Refused) -> bytes:
    """What a Failed-AVP holds of a call that cannot be rated, as far as it is known (RFC 8506 §9.2)."""
    if refused.code is RefusalCode.INVALID_INPUT and refused.facts.get("field") == "callee":
        return MISSING_CALLED_PARTY
    return b""


def _inbound(called: str) -> Service:
    is_toll_free = called.startswith("+") and classify(called).kind is DialledKind.TOLL_FREE
    return Service.TOLL_FREE_IN if is_toll_free else Service.TOLL_IN
