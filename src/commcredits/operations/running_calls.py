"""Running calls of one protocol, for an edge that holds the timers of its calls and has just started.

Knows what is needed to go on with a call. Refuses to know how its switch is told anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commcredits.core.account import SessionState
from commcredits.core.commands import Service
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCall:
    """A call that may still use funds. ``started_at`` is None while it rings, as far as we were told."""

    organization_id: str
    session_id: str
    switch: str
    is_emergency: bool
    started_at: datetime | None
    used_seconds: int
    granted_seconds: int


async def list_running_calls(services: Services, *, protocol: str, count_max: int) -> tuple[RunningCall, ...]:
    """The calls told over links of this protocol, in no order, ``count_max`` at most. Raises what the driver raises."""
    rows = await services.pool.fetch(
        load_statement("list_live_calls_of_protocol"), services.shard_id, f"{protocol}:", count_max
    )
    return tuple(
        RunningCall(
            organization_id=str(row["organization_id"]),
            session_id=row["session_id"],
            switch=row["switch"],
            is_emergency=row["service"] == Service.EMERGENCY,
            started_at=row["started_at"] if row["state"] == SessionState.STARTED else None,
            used_seconds=row["used_seconds"],
            granted_seconds=row["granted_seconds"],
        )
        for row in rows
    )
