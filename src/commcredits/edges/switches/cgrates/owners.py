"""Whose call an event tells of: the organization, and our id of the call.

Knows that a number says it, then the Tenant. Refuses to know what the call may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.commands import Authorise
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


def session_id_of(switch: str, origin_host: str, origin_id: str) -> str:
    """Our id of a call: unique for the client and what it calls itself and the call, as CGRateS' own ids are."""
    client = switch.removeprefix(f"{PROTOCOL}:")
    return fit_session_id(client, origin_host, origin_id) if origin_host else fit_session_id(client, origin_id)


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

    def organization_of(self, event: Event) -> str:
        """Whose calls this account makes, without a look at the database; empty where nobody knows."""
        caller = event.caller
        request = CallRequest(session_id="owner", caller=caller, callee=caller, switch=f"{PROTOCOL}:owner")
        identified = self._desk.identify(request)
        if isinstance(identified, Authorise):
            return identified.organization_id
        return self._tenants.get(event.tenant, "")
