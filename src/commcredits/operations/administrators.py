"""Administrators of an organization: inviting them, what they may do, shutting them out.

Knows who may do so. Refuses to know how anybody signs in, and to give anybody a role of the operator's.
"""

from __future__ import annotations

from collections.abc import Sequence

from commcredits.core.access import Permission
from commcredits.core.outcomes import Done, Refused
from commcredits.operations import administrator_records as records
from commcredits.operations.administrator_records import Administrator, Invited, Invitee
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services


@reads(Permission.ADMINISTRATORS_READ)
async def list_administrators(services: Services, *, organization_id: str) -> tuple[Administrator, ...] | Refused:
    """Everybody who administers an organization or is invited to, by name; at most 500."""
    known = await get_organization(services, organization_id=organization_id)
    return known if isinstance(known, Refused) else await records.list_records(services, organization_id)


@reads(Permission.ADMINISTRATORS_READ)
async def get_administrator(
    services: Services, *, organization_id: str, administrator_id: str
) -> Administrator | Refused:
    """One of them, or UNKNOWN_ADMINISTRATOR."""
    known = await get_organization(services, organization_id=organization_id)
    if isinstance(known, Refused):
        return known
    return await records.find_record(services, organization_id, administrator_id)


@acts(Permission.ADMINISTRATORS_WRITE, needs_proof=True)
async def invite_administrator(
    services: Services,
    *,
    organization_id: str,
    address: str,
    name: str,
    roles: Sequence[str],
    language: str = "",
    by_link: bool = False,
) -> Invited | Refused:
    """Invite somebody, for 7 days. Without a language it is the organization's.

    A letter brings the link. Where no mail server is set the link is in the answer, once; the operator's people may
    ask for that too (``by_link``).
    """
    known = await get_organization(services, organization_id=organization_id)
    if not isinstance(known, Organization):
        return known
    invitee = Invitee(address=address, name=name, roles=roles, language=language or known.language, by_link=by_link)
    return await records.invite(services, organization_id, invitee)


@acts(Permission.ADMINISTRATORS_WRITE, needs_proof=True)
async def resend_invitation(
    services: Services, *, organization_id: str, administrator_id: str, by_link: bool = False
) -> Invited | Refused:
    """Invite somebody anew: the link before opens nothing any more.

    For an active administrator who lost every passkey it makes room for a new one, and the old ones open nothing here
    once it is accepted.
    """
    known = await get_organization(services, organization_id=organization_id)
    if isinstance(known, Refused):
        return known
    return await records.invite_again(services, organization_id, administrator_id, by_link=by_link)


@acts(Permission.ADMINISTRATORS_WRITE)
async def withdraw_invitation(services: Services, *, organization_id: str, administrator_id: str) -> Done | Refused:
    """End an invitation that is open; changes nothing where there is none."""
    known = await get_organization(services, organization_id=organization_id)
    if isinstance(known, Refused):
        return known
    return await records.withdraw(services, organization_id, administrator_id)


@acts(Permission.ADMINISTRATORS_WRITE, needs_proof=True)
async def change_administrator_roles(
    services: Services, *, organization_id: str, administrator_id: str, roles: Sequence[str]
) -> Administrator | Refused:
    """Give somebody other roles, and end their visits. LAST_ADMINISTRATOR where nobody would have all rights."""
    known = await get_organization(services, organization_id=organization_id)
    if isinstance(known, Refused):
        return known
    return await records.change_roles(services, organization_id, administrator_id, roles)


@acts(Permission.ADMINISTRATORS_WRITE)
async def disable_administrator(
    services: Services, *, organization_id: str, administrator_id: str
) -> Administrator | Refused:
    """Shut somebody out at once. LAST_ADMINISTRATOR where nobody would have all rights."""
    known = await get_organization(services, organization_id=organization_id)
    if isinstance(known, Refused):
        return known
    return await records.disable(services, organization_id, administrator_id)


@acts(Permission.ADMINISTRATORS_WRITE, needs_proof=True)
async def enable_administrator(
    services: Services, *, organization_id: str, administrator_id: str
) -> Administrator | Refused:
    """Let somebody in again."""
    known = await get_organization(services, organization_id=organization_id)
    if isinstance(known, Refused):
        return known
    return await records.enable(services, organization_id, administrator_id)
