"""Calls in progress over all organizations: who, since when, what is granted, held and charged, and over which switch.

Knows that a call whose grant has run out without a word from its switch is silent. Refuses to cut one
(commcredits.operations.call_cuts).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import SessionState
from commcredits.core.commands import Service
from commcredits.core.outcomes import Refused
from commcredits.core.privacy import Privacy
from commcredits.operations.organizations import check_organization_id, get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

SHOWN_MAX: Final = 200
"""Most calls that are shown at once, the longest first."""

LOOKED_AT_MAX: Final = 5_000
"""Most calls that are looked at to find those: with more, an organization has to be chosen."""


_INBOUND: Final = frozenset({Service.TOLL_FREE_IN, Service.TOLL_IN})


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """A call in progress; amounts in millionths. ``cut_reason`` is empty while nobody wants it cut.

    The external party's last digits are hidden as its organization's country wants it (domain.md §7).
    """

    organization_id: str
    organization_name: str
    country: str
    session_id: str
    service: Service
    call_type: str
    caller: str
    callee: str
    destination: str
    display_name: str
    state: SessionState
    authorised_at: datetime
    started_at: datetime | None
    granted_until: datetime
    granted_seconds: int
    used_seconds: int
    charged_micros: int
    held_micros: int
    currency: str
    switch: str
    is_silent: bool
    cut_reason: str
    cut_ordered_at: datetime | None
    cut_told_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldInCurrency:
    """What calls of organizations with this currency hold, in millionths."""

    currency: str
    held_micros: int
    organizations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTotals:
    """All calls in progress, whatever is shown of them."""

    calls: int
    silent_calls: int
    held: tuple[HeldInCurrency, ...]


@reads(Permission.OPERATOR_CALLS)
async def list_live_calls(
    services: Services,
    *,
    organization_id: str | None = None,
    session_id: str = "",
    silent_only: bool = False,
    limit: int = SHOWN_MAX,
) -> tuple[LiveCall, ...] | Refused:
    """Calls in progress, the longest first, at most SHOWN_MAX; of one organization alone where one is named."""
    if organization_id is not None:
        checked = check_organization_id(organization_id)
        known = (
            checked
            if isinstance(checked, Refused)
            else await get_organization(services, organization_id=organization_id)
        )
        if isinstance(known, Refused):
            return known
    now = services.clock()
    rows = await services.pool.fetch(
        load_statement("console/list_live_calls"),
        services.shard_id,
        organization_id,
        silent_only,
        now,
        LOOKED_AT_MAX,
        LOOKED_AT_MAX if session_id else max(1, min(limit, SHOWN_MAX)),
    )
    return tuple(_call_of(row, now) for row in rows if session_id in {"", row["session_id"]})


@reads(Permission.OPERATOR_CALLS)
async def sum_live_calls(services: Services) -> LiveTotals:
    """How many calls run, and what they hold in each currency."""
    rows = await services.pool.fetch(load_statement("console/sum_live_calls"), services.shard_id, services.clock())
    return LiveTotals(
        calls=rows[0]["calls"] if rows else 0,
        silent_calls=rows[0]["silent_calls"] if rows else 0,
        held=tuple(
            HeldInCurrency(currency=row["currency"], held_micros=row["held_micros"], organizations=row["organizations"])
            for row in rows
            if row["held_micros"]
        ),
    )


def _call_of(row: asyncpg.Record, now: datetime) -> LiveCall:
    service = Service(row["service"])
    inbound = service in _INBOUND
    caller, callee = Privacy().shown(row["caller"], row["callee"], inbound=inbound, country=row["country"])
    return LiveCall(
        organization_id=str(row["organization_id"]),
        organization_name=row["name"],
        country=row["country"],
        session_id=row["session_id"],
        service=service,
        call_type=row["call_type"] or "",
        caller=caller,
        callee=callee,
        destination=row["rate_destination"] or "",
        display_name=row["display_name"] or "",
        state=SessionState(row["state"]),
        authorised_at=row["authorised_at"],
        started_at=row["started_at"],
        granted_until=row["grant_ends_at"],
        granted_seconds=row["granted_seconds"],
        used_seconds=row["used_seconds"],
        charged_micros=row["charged_micros"],
        held_micros=row["held_micros"],
        currency=row["currency"],
        switch=row["switch"],
        is_silent=row["grant_ends_at"] <= now,
        cut_reason=row["cut_reason"] or "",
        cut_ordered_at=row["cut_ordered_at"],
        cut_told_at=row["cut_told_at"],
    )
