"""Emergency calls, which go through whatever the balance, the policy or the rest of the request says.

Knows how to recognise one and what is answered at once (domain.md §5, row 20). Refuses to know the queue: the answer
never waits for it, and only the record of the call does. (On one connection answers keep the order of the requests, as
HTTP wants it: a switch that pipelines gives its emergency calls a connection of their own.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from commcredits.core.commands import Authorise, CallType, Service
from commcredits.edges.http.charging.fields import FIELD_RULES
from commcredits.operations.charging import EMERGENCY_GRANT

_PARTY_CHARACTERS_MAX: Final = 32
_SESSION_ID_CHARACTERS_MAX: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCall:
    """A call that goes through; ``command`` records it, and is None where too little is known to."""

    organization_id: str | None
    session_id: str
    command: Authorise | None


def asks_for_emergency(fields: Mapping[str, Any], forms: frozenset[str]) -> bool:
    """Whether these fields of an authorise, right or wrong otherwise, ask for an emergency call."""
    callee = fields.get("callee")
    said = fields.get("service") == Service.EMERGENCY or fields.get("call_type") == CallType.EMERGENCY_OUT
    return said or (type(callee) is str and callee in forms)


def read_emergency(fields: Mapping[str, Any], organization_of: Callable[[str], str | None]) -> EmergencyCall:
    """The emergency call in these fields, whatever is wrong with them."""
    rules = FIELD_RULES["authorise"]
    caller = _plain(fields.get("caller"), _PARTY_CHARACTERS_MAX)
    callee = _plain(fields.get("callee"), _PARTY_CHARACTERS_MAX)
    session_id = _plain(fields.get("session_id"), _SESSION_ID_CHARACTERS_MAX)
    given = fields.get("organization_id")
    organization_id = given if rules["organization_id"].accepts(given) else organization_of(caller)
    if organization_id is None or not rules["session_id"].accepts(fields.get("session_id")):
        return EmergencyCall(organization_id=organization_id, session_id=session_id, command=None)
    command = Authorise(
        organization_id=organization_id,
        session_id=session_id,
        service=Service.EMERGENCY,
        caller=caller,
        callee=callee,
        slice_seconds=EMERGENCY_GRANT.granted_seconds,
        answered=fields.get("answered") is True,
        switch=str(fields.get("switch")) if rules["switch"].accepts(fields.get("switch")) else "",
    )
    return EmergencyCall(organization_id=organization_id, session_id=session_id, command=command)


def _plain(value: object, characters_max: int) -> str:
    """The printable ASCII of a text, cut to what a record holds; empty when it is no text."""
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value[:characters_max] if letter.isascii() and letter.isprintable())
