"""The operator's staff: inviting them, what they may do, shutting them out.

Knows who may do so: owners alone. Refuses to know how anybody signs in, and to give staff a role of an organization.
"""

from __future__ import annotations

from collections.abc import Sequence

from commcredits.core.access import Permission
from commcredits.core.outcomes import Done, Refused
from commcredits.operations import administrator_records as records
from commcredits.operations.administrator_records import Administrator, Invited, Invitee
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.identifiers import OPERATOR_ID


@reads(Permission.OPERATOR_STAFF)
async def list_staff(services: Services) -> tuple[Administrator, ...] | Refused:
    """Everybody who works for the operator or is invited to, by name; at most 500."""
    return await records.list_records(services, OPERATOR_ID)


@reads(Permission.OPERATOR_STAFF)
async def get_staff(services: Services, *, administrator_id: str) -> Administrator | Refused:
    """One of them, or UNKNOWN_ADMINISTRATOR."""
    return await records.find_record(services, OPERATOR_ID, administrator_id)


@acts(Permission.OPERATOR_STAFF, needs_proof=True)
async def invite_staff(
    services: Services,
    *,
    address: str,
    name: str,
    roles: Sequence[str],
    language: str = "",
    by_link: bool = False,
) -> Invited | Refused:
    """Invite somebody, for 7 days, in English unless another language is named."""
    invitee = Invitee(address=address, name=name, roles=roles, language=language or "en", by_link=by_link)
    return await records.invite(services, OPERATOR_ID, invitee)


@acts(Permission.OPERATOR_STAFF, needs_proof=True)
async def resend_staff_invitation(
    services: Services, *, administrator_id: str, by_link: bool = False
) -> Invited | Refused:
    """Invite somebody anew: the link before opens nothing any more."""
    return await records.invite_again(services, OPERATOR_ID, administrator_id, by_link=by_link)


@acts(Permission.OPERATOR_STAFF)
async def withdraw_staff_invitation(services: Services, *, administrator_id: str) -> Done | Refused:
    """End an invitation that is open; changes nothing where there is none."""
    return await records.withdraw(services, OPERATOR_ID, administrator_id)


@acts(Permission.OPERATOR_STAFF, needs_proof=True)
async def change_staff_roles(
    services: Services, *, administrator_id: str, roles: Sequence[str]
) -> Administrator | Refused:
    """Give somebody other roles, and end their visits. LAST_ADMINISTRATOR where no owner would be left."""
    return await records.change_roles(services, OPERATOR_ID, administrator_id, roles)


@acts(Permission.OPERATOR_STAFF)
async def disable_staff(services: Services, *, administrator_id: str) -> Administrator | Refused:
    """Shut somebody out at once. LAST_ADMINISTRATOR where no owner would be left."""
    return await records.disable(services, OPERATOR_ID, administrator_id)


@acts(Permission.OPERATOR_STAFF, needs_proof=True)
async def enable_staff(services: Services, *, administrator_id: str) -> Administrator | Refused:
    """Let somebody in again."""
    return await records.enable(services, OPERATOR_ID, administrator_id)
