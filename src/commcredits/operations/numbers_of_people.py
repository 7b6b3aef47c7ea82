"""The telephone number that each of some users is known by: their first.

Knows nothing else of them. Refuses to show it to whoever may not see policies and blocks.
"""

from __future__ import annotations

from collections.abc import Mapping

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import is_identifier
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement


@reads(Permission.POLICIES_READ)
async def first_numbers(
    services: Services, *, organization_id: str, user_ids: tuple[str, ...]
) -> Mapping[str, str] | Refused:
    """The first number of each of these users of an organization who has one, by object id."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    rows = await services.pool.fetch(
        load_statement("list_first_numbers"),
        services.shard_id,
        organization_id,
        [each for each in user_ids if is_identifier(each)],
    )
    return {str(row["party_id"]): row["number"] for row in rows}
