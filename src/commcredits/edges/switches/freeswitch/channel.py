"""What a call's variables say to charging, and what charging writes into them.

Knows the names of the variables, which all begin with ``commcredits_``. Refuses to decide whether a call may be made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.core.commands import CallType, Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.switches.freeswitch.events import MICROSECONDS, Event
from commcredits.operations.charging import SESSION_ID, CallRequest, fit_session_id
from commcredits.operations.inputs import is_identifier

PROTOCOL: Final = "freeswitch"
DEFAULT_SWITCH: Final = "freeswitch"
"""What a switch is called whose dial plan does not say."""

UUID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)
"""The switch's own id of a call: a UUID, unless the dial plan chose another. It becomes part of commands."""

ASK: Final = "commcredits_ask"
"""Set to ``park`` by a dial plan that parks the call until we have decided."""

SWITCH: Final = "commcredits_switch"
"""Which switch this is, by its name in our settings."""

CALLER: Final = "commcredits_caller"
CALLEE: Final = "commcredits_callee"
ORGANIZATION: Final = "commcredits_organization_id"
SERVICE: Final = "commcredits_service"
CALL_TYPE: Final = "commcredits_call_type"
USER: Final = "commcredits_user"
CONFERENCE: Final = "commcredits_conference_id"
SLICE: Final = "commcredits_slice_seconds"
ON_GRANTED: Final = "commcredits_granted"
ON_REFUSED: Final = "commcredits_refused"
"""Extensions of the dial plan where an admitted, and a refused call goes on; named like that by default."""

SESSION: Final = "commcredits_session_id"
GRANTED: Final = "commcredits_granted_seconds"
CHARGED_FROM: Final = "commcredits_charged_from"
"""From when a call is charged that was answered before it was admitted; microseconds of the switch's clock."""

EMERGENCY: Final = "commcredits_emergency"
REFUSAL: Final = "commcredits_refusal"
STATUS: Final = "commcredits_status"
CAUSE: Final = "commcredits_cause"

_SERVICES: Final = {service.value: service for service in Service}
_CALL_TYPES: Final = {call_type.value: call_type for call_type in CallType}
_WORD: Final = re.compile(r"[A-Za-z0-9_.@*#+-]{1,64}", re.ASCII)
_SWITCH_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,48}", re.ASCII)
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,31}", re.ASCII)
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z0-9 _.:+~!@*#/-]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a call goes on in the dial plan."""

    extension: str
    context: str


def switch_of(channel: Event) -> str:
    """The name of the switch that a call is at."""
    name = channel.variable(SWITCH)
    return name if _SWITCH_NAME.fullmatch(name) else DEFAULT_SWITCH


def place_of(channel: Event, variable: str) -> Place:
    """Where the dial plan wants the call to go on; its defaults where it says nothing that could be a name."""
    extension, context = channel.variable(variable), channel.text("caller-context")
    return Place(
        extension=extension if _WORD.fullmatch(extension) else variable,
        context=context if _WORD.fullmatch(context) else "default",
    )


def new_session_id(switch: str, channel: Event) -> str:
    """An id for a call that asks. Each asking has its own: what became of an earlier one does not bind it."""
    return fit_session_id(switch, channel.uuid, str(channel.told_at))


def uuid_in(session_id: str) -> str:
    """The switch's own id in one of ours; empty where there is none."""
    parts = session_id.split("~")
    return parts[1] if len(parts) == 3 and UUID.fullmatch(parts[1]) else ""  # noqa: PLR2004 - the parts of new_session_id


def request_of(switch: str, channel: Event) -> tuple[CallRequest, Refused | None]:
    """What the call asks for, and which of its variables is none of what it may be.

    The two together: an emergency is let through whatever else is wrong (domain.md §5, row 20).
    """
    service, call_type = channel.variable(SERVICE), channel.variable(CALL_TYPE)
    wrong = None
    if service and service not in _SERVICES:
        wrong = _wrong(SERVICE, service, "a service")
    elif call_type and call_type not in _CALL_TYPES:
        wrong = _wrong(CALL_TYPE, call_type, "a call type")
    request = CallRequest(
        session_id=new_session_id(switch, channel),
        caller=channel.variable(CALLER) or channel.text("caller-caller-id-number"),
        callee=channel.variable(CALLEE) or channel.text("caller-destination-number"),
        switch=f"{PROTOCOL}:{switch}",
        organization_id=channel.variable(ORGANIZATION),
        service=_SERVICES.get(service),
        call_type=_CALL_TYPES.get(call_type),
        user=channel.variable(USER),
        conference_id=channel.variable(CONFERENCE),
        slice_seconds=channel.number(f"variable_{SLICE}") if channel.variable(SLICE) else None,
        answered=channel.answered_at > 0,
    )
    return request, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCall:
    """A call that was admitted, as its variables tell; times in microseconds of the switch's clock, 0 for not yet."""

    session_id: str
    organization_id: str
    emergency: bool
    granted_seconds: int
    created_at: int
    charged_from: int
    told_at: int


def known_call(channel: Event) -> KnownCall | None:
    """The admitted call that these variables tell of, or None."""
    session_id, organization_id = channel.variable(SESSION), channel.variable(ORGANIZATION)
    if SESSION_ID.fullmatch(session_id) is None:
        return None
    return KnownCall(
        session_id=session_id,
        organization_id=organization_id if is_identifier(organization_id) else "",
        emergency=channel.variable(EMERGENCY) == "true",
        granted_seconds=channel.number(f"variable_{GRANTED}"),
        created_at=channel.created_at,
        charged_from=charged_from(channel),
        told_at=channel.told_at,
    )


def charged_from(channel: Event) -> int:
    """From when the call is charged: its answer, or its admission where that came later; 0: not yet."""
    return channel.answered_at and max(channel.answered_at, channel.number(f"variable_{CHARGED_FROM}"))


def used_seconds(channel: Event) -> int:
    """How long a call that is over was talked, by the switch's clock: each second that was begun counts."""
    began, ended = charged_from(channel), channel.hung_up_at or channel.told_at
    return max(0, -((began - ended) // MICROSECONDS)) if began else 0


def set_variables(uuid: str, variables: Mapping[str, str]) -> str:
    """The command that sets these variables of a call. ValueError for a value that could be more than a value."""
    for name, value in variables.items():
        if _PLAIN_VALUE.fullmatch(value) is None:
            raise ValueError(f"the value of {name} is not plain")
    return f"api uuid_setvar_multi {uuid} " + ";".join(f"{name}={value}" for name, value in variables.items())


def dialled(channel: Event) -> str:
    """The number that was asked for, where it is one: what was priced is what is dialled."""
    number = channel.variable(CALLEE) or channel.text("caller-destination-number")
    return number if _NUMBER.fullmatch(number) else ""


def _wrong(name: str, value: str, allowed: str) -> Refused:
    return Refused(code=RefusalCode.INVALID_INPUT, facts={"field": name, "value": value[:64], "allowed": allowed})
