"""Accepting an invitation: once, by whoever holds its token and proves to be somebody from then on.

Knows tokens by their digests. Refuses to say why a token opens nothing: it was used, withdrawn, is over, or was never
made. Whoever accepts with a passkey is that passkey's person from then on, and nobody else's passkeys open it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commcredits.core.access import Role
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.services import Services
from commcredits.operations.visits import Entrant, Way, digest_of
from commcredits.storage.connection import Connection, load_statement

NOT_VALID = Refused(code=RefusalCode.INVITATION_NOT_VALID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation that a token opened; ``organization_name`` is empty for the operator's staff."""

    organization_id: str
    organization_name: str
    invitation_id: str
    administrator_id: str
    invited_by: str
    expires_at: datetime
    name: str
    address: str
    language: str
    roles: tuple[Role, ...]


async def find_invitation(services: Services, token: str) -> Invitation | Refused:
    """The invitation of a token, while it can be accepted."""
    return await open_invitation(services, digest_of(token))


async def open_invitation(services: Services, token_hash: bytes) -> Invitation | Refused:
    """The same by the digest of a token: for whoever showed the token before."""
    row = await services.pool.fetchrow(
        load_statement("find_invitation"), services.shard_id, token_hash, services.clock()
    )
    if row is None:
        return NOT_VALID
    return Invitation(
        organization_id=str(row["organization_id"]),
        organization_name=row["organization_name"],
        invitation_id=str(row["invitation_id"]),
        administrator_id=str(row["administrator_id"]),
        invited_by=row["invited_by"],
        expires_at=row["expires_at"],
        name=row["name"],
        address=row["address"],
        language=row["language"],
        roles=tuple(Role(word) for word in row["roles"]),
    )


async def use_invitation(
    connection: Connection,
    services: Services,
    invitation: Invitation,
    *,
    person_id: str | None,
    way: Way,
    detail: str = "",
) -> Entrant | Refused:
    """Use it up within a transaction, for this person or, with None, for whoever a provider knows."""
    place = (services.shard_id, invitation.organization_id)
    # In the order of everybody else who changes administrators, so that nobody waits for each other.
    await connection.fetch(load_statement("lock_administrators"), *place)
    now = services.clock()
    row = await connection.fetchrow(load_statement("use_invitation"), *place, invitation.invitation_id, now, person_id)
    if row is None:
        return NOT_VALID
    await connection.execute(
        load_statement("end_visits_of_administrator"), *place, invitation.administrator_id, now, None
    )
    return Entrant(
        organization_id=invitation.organization_id,
        administrator_id=invitation.administrator_id,
        roles=tuple(Role(word) for word in row["roles"]),
        way=way,
        detail=detail,
        organization_name=invitation.organization_name,
    )
