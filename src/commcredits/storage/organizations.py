"""Opening organizations: the one place that makes an account row; from then on only the committer writes it.

Knows rows. Refuses to judge names, countries and currencies: operations have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commcredits.storage.connection import Connection, load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationRecord:
    """An organization as it was opened. ``minor_digits`` are its currency's, by ISO 4217.

    ``sandbox_of`` is the organization that it is the sandbox of, None for any other.
    """

    organization_id: str
    name: str
    country: str
    currency: str
    minor_digits: int
    time_zone: str
    language: str
    created_at: datetime
    sandbox_of: str | None = None


async def insert_organization(connection: Connection, shard_id: int, record: OrganizationRecord) -> bool:
    """Open an organization with an empty account; False when that id is taken already."""
    opened = await connection.fetchval(
        load_statement("insert_organization"),
        shard_id,
        record.organization_id,
        record.name,
        record.country,
        record.currency,
        record.minor_digits,
        record.time_zone,
        record.language,
        record.created_at,
        record.sandbox_of,
    )
    return opened is not None
