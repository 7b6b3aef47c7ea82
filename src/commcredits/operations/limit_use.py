"""How much of caps and limits is used: of the whole organization's, of departments' and of single users'.

Knows which meter counts for which limit (commcredits.core.policies). A meter counts from when its limit was set: what
no limit binds is not known here. Refuses to know what the limits are (commcredits.operations.rules).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.calendar import day_of, hour_of, month_of
from commcredits.core.outcomes import Refused
from commcredits.core.roster import PartyKind
from commcredits.operations.inputs import is_identifier
from commcredits.operations.organizations import get_organization
from commcredits.operations.people import get_party
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

LARGEST_MAX: Final = 5
"""How many users, destinations and callers are named, those with the largest sums."""

DEPARTMENTS_MAX: Final = 1_000
"""As many departments as can have a cap (commcredits.operations.rules)."""


_CALLS: Final = "calls"
_DEPARTMENTS: Final = "cap:department:"
_USERS: Final = "cap:user:"
_SPEED: Final = "velocity:user:"
_DESTINATIONS: Final = "destination:"
_CALLERS: Final = "caller:"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUse:
    """What one limit has counted: millionths of the currency, or calls, used and held by running calls.

    ``subject`` is the department, the country, the caller's number or the object id; ``name`` the user's own, where
    there is one. ``is_full``: nothing has been left for some time.
    """

    subject: str
    name: str
    used: int
    held: int
    is_full: bool

    @property
    def counted(self) -> int:
        """Used and held together, never below nothing."""
        return max(0, self.used + self.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """What the limits of an organization have counted by now; of users, destinations and callers the largest."""

    month: str
    calls: int
    departments: tuple[MeterUse, ...]
    users: tuple[MeterUse, ...]
    users_this_hour: tuple[MeterUse, ...]
    destinations_today: tuple[MeterUse, ...]
    callers_today: tuple[MeterUse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyUse:
    """What the limits of one user have counted: this month's cap, the last hour's spend, calls at once."""

    month: str
    capped: MeterUse
    hour: MeterUse
    calls: MeterUse


@reads(Permission.POLICIES_READ)
async def read_limit_use(services: Services, *, organization_id: str) -> LimitUse | Refused:
    """What caps and fraud limits have counted in the month, day and hour that it is in the organization's zone."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    now, zone = services.clock(), organization.time_zone
    month, day, hour = month_of(now, zone), day_of(now, zone), hour_of(now, zone)
    wanted = (
        (_CALLS, "", 1),
        (_DEPARTMENTS, month, DEPARTMENTS_MAX),
        (_USERS, month, LARGEST_MAX),
        (_SPEED, hour, LARGEST_MAX),
        (_DESTINATIONS, day, LARGEST_MAX),
        (_CALLERS, day, LARGEST_MAX),
    )
    rows = await services.pool.fetch(
        load_statement("list_top_meters"),
        services.shard_id,
        organization_id,
        *(list(column) for column in zip(*wanted, strict=True)),
    )
    found: dict[str, list[MeterUse]] = {prefix: [] for prefix, _, _ in wanted}
    for row in rows:
        found[row["prefix"]].append(_use_of(row, row["prefix"]))
    return LimitUse(
        month=month,
        calls=next((each.counted for each in found[_CALLS] if not each.subject), 0),
        departments=tuple(found[_DEPARTMENTS]),
        users=tuple(found[_USERS]),
        users_this_hour=tuple(found[_SPEED]),
        destinations_today=tuple(found[_DESTINATIONS]),
        callers_today=tuple(found[_CALLERS]),
    )


@reads(Permission.POLICIES_READ)
async def read_party_use(services: Services, *, organization_id: str, kind: PartyKind, user: str) -> PartyUse | Refused:
    """What the limits of one user or resource account have counted."""
    found = await get_party(services, organization_id=organization_id, kind=kind, user=user)
    if isinstance(found, Refused):
        return found
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    now, zone = services.clock(), organization.time_zone
    party_id, month = found.party.party_id, month_of(now, zone)
    wanted = (
        (f"{_USERS}{party_id}", month),
        (f"{_SPEED}{party_id}", hour_of(now, zone)),
        (f"{_CALLS}:user:{party_id}", ""),
    )
    rows = await services.pool.fetch(
        load_statement("get_meters"),
        services.shard_id,
        organization_id,
        *(list(column) for column in zip(*wanted, strict=True)),
    )
    meters = {row["key"]: row for row in rows}
    capped, hour, calls = (
        MeterUse(
            subject=party_id,
            name="",
            used=meters[key]["used"] if key in meters else 0,
            held=meters[key]["held"] if key in meters else 0,
            is_full=key in meters and meters[key]["reached_at"] is not None,
        )
        for key, _ in wanted
    )
    return PartyUse(month=month, capped=capped, hour=hour, calls=calls)


def _use_of(row: asyncpg.Record, prefix: str) -> MeterUse:
    subject = row["key"].removeprefix(prefix)
    return MeterUse(
        subject=subject,
        name=(row["display_name"] or row["user_principal_name"] or "") if is_identifier(subject) else "",
        used=row["used"],
        held=row["held"],
        is_full=row["reached_at"] is not None,
    )
