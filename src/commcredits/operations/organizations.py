"""Organizations: opening one, finding one, listing all.

Knows what an organization must say of itself. Refuses to know its money: from its opening on, commands change that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg
from phonenumbers import SUPPORTED_REGIONS

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.calendar import is_time_zone
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.audit_looks import at_organization
from commcredits.operations.inputs import check_currency, invalid_input, is_identifier, refuse_command_id, refuse_name
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.organizations import OrganizationRecord, insert_organization
from commcredits.storage.remembering import digest, remember_command

NAME_CHARACTERS_MAX: Final = 200
"""Longest name of an organization."""

LANGUAGES: Final = ("en", "ro")
"""Languages that an organization's mails and pages can be in."""

_LIST: Final = "organizations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organization as it stands. ``country`` is ISO 3166-1 alpha-2, ``currency`` ISO 4217, ``time_zone`` IANA.

    ``minor_digits`` are the currency's decimal digits by ISO 4217.
    """

    organization_id: str
    name: str
    country: str
    currency: str
    minor_digits: int
    time_zone: str
    language: str
    status: OrganizationStatus
    rate_deck_id: str | None
    created_at: datetime


def check_identifier(field: str, text: str) -> str | Refused:
    """The id, which must be a UUID in canonical lower-case form, or the refusal of that field."""
    if is_identifier(text):
        return text
    return invalid_input(field, text, "a UUID in lower case, such as 018f3c5e-8a70-7000-8000-000000000001")


def check_organization_id(text: str) -> str | Refused:
    """The id of an organization, or why it cannot be one."""
    return check_identifier("organization_id", text)


@acts(Permission.OPERATOR_ORGANIZATIONS)
async def open_organization(
    services: Services, *, command_id: str, name: str, country: str, currency: str, time_zone: str, language: str
) -> Organization | Refused:
    """Open an organization with an empty balance.

    The same ``command_id`` opens one organization and gets it again; with other content it is refused as a conflict.
    """
    minor_digits = _check_opening(command_id, name, country, currency, time_zone, language)
    if isinstance(minor_digits, Refused):
        return minor_digits
    record = OrganizationRecord(
        organization_id=services.new_id(),
        name=name,
        country=country,
        currency=currency,
        minor_digits=minor_digits,
        time_zone=time_zone,
        language=language,
        created_at=services.clock(),
    )
    content = digest(name, country, currency, time_zone, language)
    async with services.pool.acquire() as connection, connection.transaction():
        known = await remember_command(
            connection,
            services.shard_id,
            operation="open_organization",
            command_id=command_id,
            content=content,
            made_id=record.organization_id,
            at=record.created_at,
        )
        if known is None:
            opened = await insert_organization(connection, services.shard_id, record)
            assert opened, "a fresh id is nobody's yet"
    if known is not None and known.content != content:
        facts = {"command_id": command_id, "command": "open_organization"}
        return Refused(code=RefusalCode.CONFLICT, facts=facts)
    return await get_organization(services, organization_id=record.organization_id if known is None else known.made_id)


@reads(Permission.ORGANIZATION_READ)
async def get_organization(services: Services, *, organization_id: str) -> Organization | Refused:
    """The organization, or why there is none: every operation on one asks here first."""
    checked = check_organization_id(organization_id)
    if isinstance(checked, Refused):
        return checked
    row = await services.pool.fetchrow(load_statement("get_organization"), services.shard_id, organization_id)
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": organization_id})
    return _organization_of(row)


@reads(Permission.OPERATOR_READ)
async def list_organizations(services: Services, *, cursor: str | None, limit: int) -> Page[Organization] | Refused:
    """Organizations in order of name, as the database's collation orders text."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    after = ("", OPERATOR_ID) if cursor is None else read_cursor(_LIST, cursor, 2)
    if after is None or not is_identifier(after[1]):
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(load_statement("list_organizations"), services.shard_id, *after, limit + 1)
    items = tuple(_organization_of(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    return Page(items=items, next_cursor=write_cursor(_LIST, items[-1].name, items[-1].organization_id))


@acts(Permission.SETTINGS_WRITE, look=at_organization)
async def change_organization(
    services: Services, *, organization_id: str, name: str, language: str
) -> Organization | Refused:
    """Call an organization by another name, or write to it in another language, from now on.

    What was issued stays as it was. Country and time zone are fixed with the opening: taxes go by the one, and months
    of pools, caps and statements by the other.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = refuse_name("name", name, NAME_CHARACTERS_MAX)
    if refused is not None:
        return refused
    if language not in LANGUAGES:
        return invalid_input("language", language, " or ".join(LANGUAGES))
    await services.pool.execute(
        load_statement("change_organization"), services.shard_id, organization_id, name, language
    )
    return await get_organization(services, organization_id=organization_id)


def _check_opening(
    command_id: str, name: str, country: str, currency: str, time_zone: str, language: str
) -> int | Refused:
    """The digits of the currency, or the refusal of the first field that is wrong."""
    refused = refuse_command_id(command_id) or refuse_name("name", name, NAME_CHARACTERS_MAX)
    if refused is not None:
        return refused
    if country not in SUPPORTED_REGIONS:
        return invalid_input("country", country, "the ISO 3166-1 code of a country with telephone numbers, such as RO")
    minor_digits = check_currency(currency)
    if isinstance(minor_digits, Refused):
        return minor_digits
    if not is_time_zone(time_zone):
        return invalid_input("time_zone", time_zone, "the IANA name of a time zone, such as Europe/Bucharest")
    if language not in LANGUAGES:
        return invalid_input("language", language, " or ".join(LANGUAGES))
    return minor_digits


def _organization_of(row: asyncpg.Record) -> Organization:
    return Organization(
        organization_id=str(row["organization_id"]),
        name=row["name"],
        country=row["country"],
        currency=row["currency"],
        minor_digits=row["minor_digits"],
        time_zone=row["time_zone"],
        language=row["language"],
        status=OrganizationStatus(row["status"]),
        rate_deck_id=None if row["rate_deck_id"] is None else str(row["rate_deck_id"]),
        created_at=row["created_at"],
    )
