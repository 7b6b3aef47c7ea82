"""Which services a call of each type can be: told only one of the two, the other follows; told both, they must agree.

Knows the words. Refuses to know who pays (commcredits.core.plans), and which number makes an inbound call toll-free
(commcredits.core.admission): a call type alone says no more than that the call comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.commands import CallType, Service

_INBOUND: Final = (Service.TOLL_IN, Service.TOLL_FREE_IN)
_OUTBOUND: Final = (Service.OUTBOUND,)

SERVICES_OF: Final[Mapping[CallType, tuple[Service, ...]]] = {
    CallType.USER_IN: _INBOUND,
    CallType.USER_OUT: _OUTBOUND,
    CallType.USER_OUT_TRANSFER: _OUTBOUND,
    CallType.USER_OUT_FORWARDING: _OUTBOUND,
    CallType.USER_OUT_CONF: _OUTBOUND,
    CallType.CONF_IN: _INBOUND,
    CallType.CONF_OUT: (Service.CONFERENCE_DIAL_OUT,),
    CallType.UCAP_IN: _INBOUND,
    CallType.UCAP_OUT: _OUTBOUND,
    CallType.UNASSIGNED_IN: _INBOUND,
    CallType.EMERGENCY_OUT: (Service.EMERGENCY,),
    CallType.DR_IN: _INBOUND,
    CallType.DR_OUT: _OUTBOUND,
}
"""The services of each call type; the first is what it is when nobody says."""


def service_of(call_type: CallType) -> Service:
    """What a call of this type is charged as when only its type was told."""
    return SERVICES_OF[call_type][0]


def agree(call_type: CallType, service: Service) -> bool:
    """Whether one call can be both. An emergency, told either way, is one whatever else was said (domain.md §5)."""
    if service is Service.EMERGENCY or call_type is CallType.EMERGENCY_OUT:
        return True
    return service in SERVICES_OF[call_type]
