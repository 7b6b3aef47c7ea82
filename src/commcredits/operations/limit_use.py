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
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.people import get_party
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement

LARGEST_MAX: Final = 5
"""How many users, destinations and callers are named, those with the largest sums."""

DEPARTMENTS_MAX: Final = 1_000
"""As many departments as can have a cap (commcredits.operations.rules)."""


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
    async with services.pool.acquire() as connection:
        reader = _Reader(connection, services.shard_id, organization)
        running = await reader.largest("calls", "", count=1)
        return LimitUse(
            month=month,
            calls=next((each.counted for each in running if not each.subject), 0),
            departments=await reader.largest("cap:department:", month, count=DEPARTMENTS_MAX),
            users=await reader.largest("cap:user:", month, of_users=True),
            users_this_hour=await reader.largest("velocity:user:", hour, of_users=True),
            destinations_today=await reader.largest("destination:", day),
            callers_today=await reader.largest("caller:", day),
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
    async with services.pool.acquire() as connection:
        reader = _Reader(connection, services.shard_id, organization)
        return PartyUse(
            month=month,
            capped=await reader.one(f"cap:user:{party_id}", month),
            hour=await reader.one(f"velocity:user:{party_id}", hour_of(now, zone)),
            calls=await reader.one(f"calls:user:{party_id}", ""),
        )


class _Reader:
    """Reads meters of one organization over one connection."""

    __slots__ = ("_connection", "_place")

    def __init__(self, connection: Connection, shard_id: int, organization: Organization) -> None:
        self._connection = connection
        self._place = (shard_id, organization.organization_id)

    async def largest(
        self, prefix: str, period: str, *, of_users: bool = False, count: int = LARGEST_MAX
    ) -> tuple[MeterUse, ...]:
        """The meters whose keys begin so, the largest first."""
        rows = await self._connection.fetch(
            load_statement("list_top_meters"), *self._place, prefix, period, of_users, count
        )
        return tuple(_use_of(row, prefix) for row in rows)

    async def one(self, key: str, period: str) -> MeterUse:
        """One meter; nothing was counted on one that is not there."""
        found = [each for each in await self.largest(key, period, count=1) if not each.subject]
        return found[0] if found else MeterUse(subject="", name="", used=0, held=0, is_full=False)


def _use_of(row: asyncpg.Record, prefix: str) -> MeterUse:
    subject = row["key"].removeprefix(prefix)
    return MeterUse(
        subject=subject,
        name=(row["display_name"] or row["user_principal_name"] or "") if is_identifier(subject) else "",
        used=row["used"],
        held=row["held"],
        is_full=row["reached_at"] is not None,
    )
