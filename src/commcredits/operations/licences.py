"""Licences of an organization: how many are bought, who has which; giving and taking them, one or very many at once.

Knows that a change is whole or not at all, and can be looked at before. Refuses to know which licence pays for a call
(commcredits.core.plans), and which go together (commcredits.core.licensing).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.licensing import UNLIMITED, LicenceStock, recount, refuse_licences, refuse_shortage, stock_of
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.roster import Licence, Party
from commcredits.operations.audit_looks import at_licences
from commcredits.operations.inputs import invalid_input, is_identifier
from commcredits.operations.organizations import get_organization
from commcredits.operations.people import COUNTRY_ALLOWED, is_country, refuse_licence, refuse_user
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.parties import find_parties, update_parties
from commcredits.storage.rosters import changing_roster, count_licences

PURCHASED_MAX: Final = 10_000_000
"""Most licences of a kind that an organization can have bought for a country."""

ASSIGNMENTS_MAX: Final = 200_000
"""Most people whose licences change at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Whose licences change: ``user`` is an object id or a user principal name. Those taken go before those given."""

    user: str
    assign: frozenset[Licence] = frozenset()
    take: frozenset[Licence] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentLine:
    """What becomes of one assignment: ``party`` with the licences after it, None when there is nobody by that name.

    ``refused`` says why it cannot be, None when it can.
    """

    user: str
    party: Party | None
    changed: bool
    refused: Refused | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentReport:
    """What assignments do, line by line in their order. ``refused`` is why nothing was, or would be, written.

    ``written`` is false for a preview, and when there was nothing to write.
    """

    lines: tuple[AssignmentLine, ...]
    refused: Refused | None
    written: bool


@acts(Permission.USERS_WRITE, look=at_licences)
async def set_purchased(
    services: Services, *, organization_id: str, licence: str, country: str, quantity: int
) -> Done | Refused:
    """Say how many of a licence are bought for a country, or, with ``country`` empty, for none in particular.

    Never fewer than are assigned. Communications Credits are free and in any quantity, so none are bought.
    """
    refused = _refuse_purchase(licence, country, quantity)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        place = (services.shard_id, organization_id)
        counts = await count_licences(connection, *place)
        bought = {**counts.bought, (licence, country): quantity}
        refused = refuse_shortage(counts.assigned, counts.assigned, bought)
        if refused is not None or counts.bought.get((licence, country), 0) == quantity:
            change.withdraw()
            return refused or Done(changed=False)
        await connection.execute(load_statement("buy_licences"), *place, licence, country, quantity)
    return Done(changed=True)


@reads(Permission.USERS_READ)
async def list_licences(services: Services, *, organization_id: str) -> tuple[LicenceStock, ...] | Refused:
    """How many licences of each kind are bought, assigned and free, by the country that they were bought for."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with services.pool.acquire() as connection:
        counts = await count_licences(connection, services.shard_id, organization_id)
    return stock_of(counts.assigned, counts.bought)


@acts(Permission.USERS_WRITE, look=at_licences)
async def assign_licences(
    services: Services, *, organization_id: str, users: Sequence[str], licences: Sequence[str], dry_run: bool = False
) -> AssignmentReport | Refused:
    """Give each of these people each of these licences: all of it, or nothing. What somebody has already stays."""
    refused = _refuse_codes("licences", licences)
    if refused is not None:
        return refused
    assign = frozenset(map(Licence, licences))
    return await change_licences(
        services,
        organization_id=organization_id,
        assignments=[Assignment(user=user, assign=assign) for user in users],
        dry_run=dry_run,
    )


@acts(Permission.USERS_WRITE, look=at_licences)
async def take_licences(
    services: Services, *, organization_id: str, users: Sequence[str], licences: Sequence[str], dry_run: bool = False
) -> AssignmentReport | Refused:
    """Take each of these licences from each of these people: all of it, or nothing."""
    refused = _refuse_codes("licences", licences)
    if refused is not None:
        return refused
    take = frozenset(map(Licence, licences))
    return await change_licences(
        services,
        organization_id=organization_id,
        assignments=[Assignment(user=user, take=take) for user in users],
        dry_run=dry_run,
    )


@acts(Permission.USERS_WRITE, look=at_licences)
async def change_licences(
    services: Services, *, organization_id: str, assignments: Sequence[Assignment], dry_run: bool = False
) -> AssignmentReport | Refused:
    """Carry out assignments in their order: all of them, or, when one cannot be or licences are short, none.

    A change to another plan is one assignment that takes and gives. With ``dry_run`` nothing is written, and the report
    says what would be.
    """
    if not 1 <= len(assignments) <= ASSIGNMENTS_MAX:
        allowed = f"1 to {ASSIGNMENTS_MAX} users or resource accounts"
        return invalid_input("users", f"{len(assignments)} users", allowed)
    refused = _refuse_users(each.user for each in assignments)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN and any(each.assign for each in assignments):
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        report = await _carry_out(connection, services.shard_id, organization_id, assignments)
        if dry_run or not report.written:
            change.withdraw()
    return AssignmentReport(lines=report.lines, refused=report.refused, written=report.written and not dry_run)


async def _carry_out(
    connection: Connection, shard_id: int, organization_id: str, assignments: Sequence[Assignment]
) -> AssignmentReport:
    names = {each.user.lower() for each in assignments}
    before = await find_parties(
        connection,
        shard_id,
        organization_id,
        party_ids=[name for name in names if is_identifier(name)],
        names=[name for name in names if not is_identifier(name)],
    )
    # In a thread, for it can be one long piece of work, and others of this process want their turns.
    lines, changed = await asyncio.to_thread(_decide, before, assignments)
    refused = next((each.refused for each in lines if each.refused is not None), None)
    if refused is None and changed:
        counts = await count_licences(connection, shard_id, organization_id)
        ids = {party.party_id for party in changed}
        assigned = recount(counts.assigned, (party for party in before if party.party_id in ids), changed)
        refused = refuse_shortage(counts.assigned, assigned, counts.bought)
    written = refused is None and bool(changed)
    if written:
        await update_parties(connection, shard_id, organization_id, changed)
    return AssignmentReport(lines=lines, refused=refused, written=written)


def _decide(
    known: Iterable[Party], assignments: Iterable[Assignment]
) -> tuple[tuple[AssignmentLine, ...], list[Party]]:
    """What becomes of each assignment, one after the other, and whoever has other licences at the end."""
    before = {party.party_id: party for party in known}
    parties = dict(before)
    ids = {party.user_principal_name.lower(): party.party_id for party in parties.values()}
    lines = []
    for each in assignments:
        name = each.user.lower()
        party = parties.get(ids.get(name, name))
        if party is None:
            unknown = Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": each.user})
            lines.append(AssignmentLine(user=each.user, party=None, changed=False, refused=unknown))
            continue
        licences = (party.licences - each.take) | each.assign
        changed = licences != party.licences
        refused = refuse_licences(party.kind, party.usage_location, licences) if changed else None
        if changed and refused is None:
            party = parties[party.party_id] = replace(party, licences=licences)
        lines.append(AssignmentLine(user=each.user, party=party, changed=changed, refused=refused))
    return tuple(lines), [party for party in parties.values() if party != before[party.party_id]]


def _refuse_purchase(licence: str, country: str, quantity: int) -> Refused | None:
    refused = refuse_licence("licence", licence)
    if refused is not None:
        return refused
    if Licence(licence) in UNLIMITED:
        return invalid_input(
            "licence", licence, "a licence that is bought; this one is free, and nobody runs out of it"
        )
    if country and not is_country(country):
        return invalid_input("country", country, COUNTRY_ALLOWED)
    if not 0 <= quantity <= PURCHASED_MAX:
        return invalid_input("quantity", str(quantity), f"a whole number from 0 to {PURCHASED_MAX}")
    return None


def _refuse_codes(field: str, codes: Sequence[str]) -> Refused | None:
    if not codes:
        return invalid_input(field, "", f"at least one of {', '.join(Licence)}")
    return next((refused for code in codes if (refused := refuse_licence(field, code)) is not None), None)


def _refuse_users(users: Iterable[str]) -> Refused | None:
    return next((refused for user in users if (refused := refuse_user(user)) is not None), None)
