"""Recipients: who of an organization hears of which notices by mail.

Knows addresses by their form, languages and choices. Refuses to know whether somebody reads what is sent. Nobody is a
recipient for the role that he has: somebody was chosen, or, while nobody is, the organization's billing mail hears of
everything if there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.mail_addresses import ALLOWED, is_mail_address
from commcredits.core.outcomes import Done, Refused
from commcredits.operations.audit_looks import at_recipients
from commcredits.operations.inputs import invalid_input
from commcredits.operations.notice_kinds import NoticeGroup, check_kinds
from commcredits.operations.organizations import LANGUAGES, check_identifier, get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

RECIPIENTS_MAX: Final = 20
"""Most recipients of one organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who hears of notices of these kinds and groups, in this language."""

    recipient_id: str
    address: str
    language: str
    kinds: tuple[str, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Who was chosen. ``default_address`` is who hears of everything while nobody is; None: nobody hears anything."""

    chosen: tuple[Recipient, ...]
    default_address: str | None


@reads(Permission.NOTICES_READ)
async def list_recipients(services: Services, *, organization_id: str) -> Recipients | Refused:
    """Who hears of notices, oldest choice first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    rows = await services.pool.fetch(load_statement("list_recipients"), services.shard_id, organization_id)
    default = None
    if not rows:
        found = await services.pool.fetch(load_statement("load_billing_mails"), services.shard_id, [organization_id])
        default = next((row["address"] for row in found if is_mail_address(row["address"])), None)
    return Recipients(chosen=tuple(_recipient_of(row) for row in rows), default_address=default)


@acts(Permission.NOTICES_WRITE, look=at_recipients)
async def save_recipient(
    services: Services, *, organization_id: str, address: str, language: str = "", kinds: Sequence[str] = ()
) -> Recipient | Refused:
    """Have this address hear of these kinds and groups; one that is known gets the new choice instead of its old one.

    Without a language it is the organization's, without kinds all of them. Addresses that differ in capitals alone are
    one address.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if not is_mail_address(address):
        return invalid_input("address", address, ALLOWED)
    language = language or organization.language
    if language not in LANGUAGES:
        return invalid_input("language", language, " or ".join(LANGUAGES))
    chosen = check_kinds(kinds or (NoticeGroup.ALL.value,))
    if isinstance(chosen, Refused):
        return chosen
    place = (services.shard_id, organization_id)
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.execute(load_statement("lock_organization"), *place)
        row = await connection.fetchrow(
            load_statement("upsert_recipient"),
            *place,
            services.new_id(),
            address,
            language,
            list(chosen),
            services.clock(),
            RECIPIENTS_MAX,
        )
    if row is None:
        return invalid_input("address", address, f"one of at most {RECIPIENTS_MAX} recipients; remove another first")
    return _recipient_of(row)


@acts(Permission.NOTICES_WRITE, look=at_recipients)
async def remove_recipient(services: Services, *, organization_id: str, recipient_id: str) -> Done | Refused:
    """Tell somebody nothing more, not even by mails that wait already; changes nothing where nobody is told."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("recipient_id", recipient_id)
    if isinstance(checked, Refused):
        return checked
    gone: int = await services.pool.fetchval(
        load_statement("delete_recipient"), services.shard_id, organization_id, recipient_id
    )
    return Done(changed=gone > 0)


def _recipient_of(row: asyncpg.Record) -> Recipient:
    return Recipient(
        recipient_id=str(row["recipient_id"]),
        address=row["address"],
        language=row["language"],
        kinds=tuple(row["kinds"]),
        created_at=row["created_at"],
    )
