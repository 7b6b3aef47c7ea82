"""Whose call an event tells of: the organization, and our id of the call.

Knows that a number says it, then the Tenant. Refuses to know what the call may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.switches.cgrates.events import Event
from commcredits.operations.charging import (
    SLICE_SECONDS_MAX,
    CallRequest,
    ChargingDesk,
    Identified,
    fit_session_id,
)

PROTOCOL: Final = "cgrates"
_NUMBER_CHARACTERS: Final = 16
_KEY_CHARACTERS_MAX: Final = 128 - _NUMBER_CHARACTERS - 1


def key_of(switch: str, origin_host: str, origin_id: str) -> str:
    """What a client calls a call, with its own name, as CGRateS' own ids are made; with room for a number of ours."""
    client = switch.removeprefix(f"{PROTOCOL}:")
    key = fit_session_id(client, origin_host, origin_id) if origin_host else fit_session_id(client, origin_id)
    if len(key) <= _KEY_CHARACTERS_MAX:
        return key
    digest = blake2b(key.encode(), digest_size=12).hexdigest()
    return f"{key[: _KEY_CHARACTERS_MAX - len(digest) - 1]}~{digest}"


def number_call(key: str, new_id: str) -> str:
    """Our id of a new call: what its client calls it, and the end of an id that nobody had before."""
    return f"{key}~{new_id.replace('-', '')[-_NUMBER_CHARACTERS:]}"


def key_of_session(session_id: str) -> str:
    """What the client of a call calls it, out of our id."""
    return session_id.rpartition("~")[0]


class Owners:
    """Finds organizations. ``tenants`` are organization ids by Tenant, for numbers that belong to nobody."""

    __slots__ = ("_desk", "_tenants")

    def __init__(self, desk: ChargingDesk, tenants: Mapping[str, str]) -> None:
        self._desk = desk
        self._tenants = tenants

    def identify(self, event: Event, *, session_id: str, switch: str, answered: bool) -> Identified:
        """The command that asks for this call, an emergency, or why there is none."""
        usage = event.usage_seconds
        request = CallRequest(
            session_id=session_id,
            caller=event.caller,
            callee=event.destination,
            switch=switch,
            user=event.user,
            slice_seconds=min(usage, SLICE_SECONDS_MAX) if usage else None,
            answered=answered,
        )
        identified = self._desk.identify(request)
        tenant = self._tenants.get(event.tenant, "")
        if tenant and isinstance(identified, Refused) and identified.code is RefusalCode.UNKNOWN_NUMBER:
            return self._desk.identify(
                CallRequest(
                    session_id=session_id,
                    caller=request.caller,
                    callee=request.callee,
                    switch=switch,
                    organization_id=tenant,
                    user=request.user,
                    slice_seconds=request.slice_seconds,
                    answered=answered,
                )
            )
        return identified
