"""Sandboxes: an organization beside one's own, with play money, for trying programs on it.

Knows how one is opened and how much play money it may hold. Refuses to let real money in: the core refuses what would
move any, and operations ask here before they ask a gateway. What counts money for the operator leaves sandboxes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import AssignRateDeck, GrantPromotion
from commcredits.core.outcomes import LotGranted, RefusalCode, Refused
from commcredits.operations.inputs import refuse_command_id
from commcredits.operations.organizations import NAME_CHARACTERS_MAX, Organization, get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.reports import read_balance
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.organizations import OrganizationRecord, insert_organization

FIRST_PLAY_MONEY_MICROS: Final = 100_000_000
"""What a sandbox begins with, in its currency."""

PLAY_MONEY_MAX_MICROS: Final = 1_000_000_000
"""Most play money that a sandbox may hold."""

_REASON: Final = "play money"
_MARK: Final = " (sandbox)"
_YEARS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The sandbox of the organization ``sandbox_of``, and the play money that is left in it."""

    organization_id: str
    sandbox_of: str
    name: str
    currency: str
    available_micros: int
    created_at: datetime


@reads(Permission.ORGANIZATION_READ)
async def get_sandbox(services: Services, *, organization_id: str) -> Sandbox | Refused | None:
    """An organization's sandbox, or the sandbox itself by its own id; None where it has none."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    row = await _row(services, organization_id)
    if row is None:
        return None
    balance = await read_balance(services, organization_id=str(row["organization_id"]))
    if isinstance(balance, Refused):
        return balance
    return Sandbox(
        organization_id=str(row["organization_id"]),
        sandbox_of=str(row["sandbox_of"]),
        name=row["name"],
        currency=row["currency"],
        available_micros=balance.available_micros,
        created_at=row["created_at"],
    )


@acts(Permission.SETTINGS_WRITE)
async def open_sandbox(services: Services, *, organization_id: str) -> Sandbox | Refused:
    """Open an organization's sandbox, with its rates and some play money; asked again, it is the same one.

    A sandbox has none of its own.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    row = await _row(services, organization_id)
    if row is not None and str(row["organization_id"]) == organization_id:
        return Refused(code=RefusalCode.SANDBOX_NOT_ALLOWED)
    if row is None and organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    sandbox_id = await _insert(services, organization) if row is None else str(row["organization_id"])
    if organization.rate_deck_id is not None:
        # Again after each step that a process may have died before; the same command is done once.
        assign = AssignRateDeck(
            organization_id=sandbox_id,
            command_id=f"sandbox:{organization.rate_deck_id}",
            rate_deck_id=organization.rate_deck_id,
            rate_deck_currency=organization.currency,
        )
        assigned = await services.executor.execute(assign)
        if isinstance(assigned, Refused) and assigned.code is RefusalCode.BUSY:
            return assigned
    granted = await _grant(services, sandbox_id, f"sandbox:{sandbox_id}", FIRST_PLAY_MONEY_MICROS)
    if isinstance(granted, Refused) and granted.code is RefusalCode.BUSY:
        return granted
    opened = await get_sandbox(services, organization_id=sandbox_id)
    assert opened is not None, "it was just opened, and organizations are never taken away"
    return opened


@acts(Permission.FUNDS_WRITE)
async def grant_play_money(
    services: Services, *, organization_id: str, command_id: str, amount_micros: int
) -> LotGranted | Refused:
    """Put play money into an organization's sandbox, or the sandbox itself by its own id; amount in millionths.

    SANDBOX_NOT_ALLOWED where there is no sandbox. Repeatable under its ``command_id``.
    """
    sandbox = await get_sandbox(services, organization_id=organization_id)
    refused = refuse_command_id(command_id)
    if isinstance(sandbox, Refused) or refused is not None:
        return sandbox if isinstance(sandbox, Refused) else refused or Refused(code=RefusalCode.INVALID_INPUT)
    if sandbox is None:
        return Refused(code=RefusalCode.SANDBOX_NOT_ALLOWED)
    if not 0 < amount_micros <= PLAY_MONEY_MAX_MICROS - sandbox.available_micros:
        code = RefusalCode.AMOUNT_ABOVE_MAXIMUM if amount_micros > 0 else RefusalCode.AMOUNT_BELOW_MINIMUM
        facts = {
            "amount_micros": amount_micros,
            "minimum_micros": 1,
            "maximum_micros": max(0, PLAY_MONEY_MAX_MICROS - sandbox.available_micros),
        }
        return Refused(code=code, facts=facts)
    return await _grant(services, sandbox.organization_id, command_id, amount_micros)


async def refuse_sandbox(services: Services, organization_id: str) -> Refused | None:
    """SANDBOX_NOT_ALLOWED for a sandbox: asked before anything real is touched on an organization's behalf."""
    is_sandbox = await services.pool.fetchval(load_statement("is_sandbox"), services.shard_id, organization_id)
    return Refused(code=RefusalCode.SANDBOX_NOT_ALLOWED) if is_sandbox else None


async def price_sandbox_alike(
    services: Services, *, organization_id: str, command_id: str, rate_deck_id: str, currency: str, at: datetime | None
) -> None:
    """Give an organization's sandbox, if it has one, the rate deck that the organization has just been given."""
    sandbox_id = await services.pool.fetchval(load_statement("find_sandbox"), services.shard_id, organization_id)
    if sandbox_id is not None:
        await services.executor.execute(
            AssignRateDeck(
                organization_id=str(sandbox_id),
                command_id=command_id,
                rate_deck_id=rate_deck_id,
                rate_deck_currency=currency,
                in_force_at=at,
            )
        )


async def _insert(services: Services, organization: Organization) -> str:
    record = OrganizationRecord(
        organization_id=services.new_id(),
        name=organization.name[: NAME_CHARACTERS_MAX - len(_MARK)] + _MARK,
        country=organization.country,
        currency=organization.currency,
        minor_digits=organization.minor_digits,
        time_zone=organization.time_zone,
        language=organization.language,
        created_at=services.clock(),
        sandbox_of=organization.organization_id,
    )
    async with services.pool.acquire() as connection, connection.transaction():
        place = (services.shard_id, organization.organization_id)
        await connection.execute(load_statement("lock_organization"), *place)
        known = await connection.fetchval(load_statement("find_sandbox"), *place)
        if known is not None:
            return str(known)
        await insert_organization(connection, services.shard_id, record)
    return record.organization_id


async def _grant(services: Services, sandbox_id: str, command_id: str, amount_micros: int) -> LotGranted | Refused:
    # The same for every try of one command, whenever it is sent again within the year.
    expires_at = datetime(services.clock().year + _YEARS, 1, 1, tzinfo=UTC)
    granted = await services.executor.execute(
        GrantPromotion(
            organization_id=sandbox_id,
            command_id=command_id,
            amount_micros=amount_micros,
            expires_at=expires_at,
            reason=_REASON,
        )
    )
    assert isinstance(granted, LotGranted | Refused), "a grant is granted or refused"
    return granted


async def _row(services: Services, organization_id: str) -> asyncpg.Record | None:
    return await services.pool.fetchrow(load_statement("get_sandbox"), services.shard_id, organization_id)
