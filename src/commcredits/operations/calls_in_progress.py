"""Calls that an edge has forgotten, found again: whose they are, and what their switch has reported of them.

Knows what the database remembers of a call. Refuses to know protocols, and to change anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from commcredits.core.account import SessionState
from commcredits.core.commands import Service
from commcredits.operations.services import Services
from commcredits.storage.codec import decode_memory
from commcredits.storage.connection import load_statement

_UPDATE: Final = "update:"
_REFUND: Final = "refund:"
_NO_CURRENCY: Final = "XXX"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCall:
    """One call.

    ``reports`` are its latest updates: the whole seconds that each told, by request number. ``refunds`` are the seconds
    that each refund left of it, by the refund's command id.
    """

    organization_id: str
    session_id: str
    switch: str
    service: Service
    caller: str
    callee: str
    state: SessionState
    live: bool
    granted_seconds: int
    final: bool
    started_at: datetime | None
    used_seconds: int
    charged_micros: int
    reports: Mapping[int, int]
    refunds: Mapping[str, int]


async def find_calls(
    services: Services, *, session_ids: Sequence[str], beginning: str = "", organization_id: str = ""
) -> list[FoundCall]:
    """The calls of these ids; of an organization where one is named, in whatever state they are.

    Besides, its running calls whose ids begin with ``beginning`` and a tilde. Without an organization running calls
    alone are found, by reading through all of them. Raises what the driver raises.
    """
    if organization_id:
        rows = await services.pool.fetch(
            load_statement("find_calls_of_organization"),
            services.shard_id,
            organization_id,
            list(session_ids),
            f"{beginning}~" if beginning else None,
        )
    else:
        rows = await services.pool.fetch(
            load_statement("find_live_calls"),
            services.shard_id,
            list(session_ids),
            f"{beginning}~" if beginning else None,
        )
    return [_found(row) for row in rows]


def _found(row: Any) -> FoundCall:
    reports, refunds = {}, {}
    for key, content, _answer in decode_memory(row["memory"], _NO_CURRENCY):
        if key.startswith(_UPDATE):
            reports[int(key.removeprefix(_UPDATE))] = int(content.partition("/")[0])
        elif key.startswith(_REFUND):
            refunds[key.removeprefix(_REFUND)] = int(content)
    return FoundCall(
        organization_id=str(row["organization_id"]),
        session_id=row["session_id"],
        switch=row["switch"],
        service=Service(row["service"]),
        caller=row["caller"],
        callee=row["callee"],
        state=SessionState(row["state"]),
        live=row["live"],
        granted_seconds=row["granted_seconds"],
        final=row["final"],
        started_at=row["started_at"],
        used_seconds=row["used_seconds"],
        charged_micros=row["charged_micros"],
        reports=reports,
        refunds=refunds,
    )
