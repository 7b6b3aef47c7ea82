"""Importing people and their licences from files: all of a file or nothing of it, and a preview of either.

Knows that a file is held against the people and the stock of licences there are as a whole. Refuses to know columns
(commcredits.operations.people_csv), bytes (commcredits.operations.csv_lines) and what becomes of one line
(commcredits.operations.people_lines).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.licensing import UNLIMITED, recount, refuse_shortage, shortages
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, Line, NumberKind, NumberPurpose, Party
from commcredits.operations.csv_lines import Column, CsvReader, LineError, Source, read_csv
from commcredits.operations.organizations import get_organization
from commcredits.operations.people_csv import (
    FILE_BYTES_MAX,
    LICENCE_COLUMNS,
    ROWS_MAX,
    USER_COLUMNS,
    licence_line,
    user_line,
)
from commcredits.operations.people_lines import ImportPlan, plan_licences, plan_people
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.parties import find_parties, insert_parties, update_parties
from commcredits.storage.rosters import LicenceCounts, changing_roster, count_licences

CHANGES_SHOWN_MAX: Final = 200
"""How many people a report names with what becomes of them; the others are counted."""

Counted = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceNeed:
    """How many of a licence an organization needs once a file is imported, against how many it has bought.

    ``purchased`` is None where there is no limit. ``short`` can be more than the difference: what is bought for one
    country is no help in another.
    """

    licence: Licence
    purchased: int | None
    needed: int
    short: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """Somebody as a file finds and leaves them: ``before`` is None for whoever is new; the numbers are added."""

    before: Party | None
    after: Party
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What a file does, or would do.

    ``added``, ``changed`` and ``unchanged`` count people, ``numbers`` the numbers that are newly assigned. ``errors``
    are the first 200 things that are wrong with its lines, of ``error_count``; while there is one, ``licences`` is
    empty. ``refused`` is why nothing is, or would be, written. ``written`` is false for a preview, and when nothing was
    to be changed. ``people`` are the first 200 who are added or changed; ``digest`` stands for all of what would be
    done, and is empty where something stands against it.
    """

    added: int
    changed: int
    unchanged: int
    numbers: int
    licences: tuple[LicenceNeed, ...]
    errors: tuple[LineError, ...]
    error_count: int
    refused: Refused | None
    written: bool
    people: tuple[PersonChange, ...] = field(default=(), compare=False)
    digest: str = field(default="", compare=False)


@acts(Permission.USERS_WRITE)
async def import_people(
    services: Services,
    *,
    organization_id: str,
    source: Source,
    dry_run: bool = False,
    expected: str = "",
    progress: Callable[[str, int], None] | None = None,
) -> ImportReport | Refused:
    """Add and change users and resource accounts, by user principal name, with licences and numbers.

    What a file has no column for stays as it is; the licences of a line are all that somebody has afterwards, and its
    numbers are added to those that somebody has. Nothing is written unless every line is right and licences suffice.
    ``expected`` is the digest of a preview that somebody agreed to: nothing is written, and the report is refused with
    CONFLICT, where people have changed since so that the file would do something else.
    ``progress`` is told ``"read"``, ``"checked"`` or ``"written"``, and how many lines or people. Refused as a whole
    when the organization is not open or the file is too large; everything else stands in the report.
    """

    async def plan(connection: Connection, reader: CsvReader) -> ImportPlan:
        lines = [user_line(row) for row in reader.rows]
        place = (services.shard_id, organization_id)
        known = await find_parties(
            connection,
            *place,
            party_ids=[line.object_id for line in lines if line.object_id],
            names=[line.user_principal_name for line in lines],
        )
        numbers = [number for line in lines for number in line.numbers or ()]
        own = await _find_numbers(connection, *place, numbers)
        return await plan_people(lines, known, own, reader.mistakes, services.new_id)

    return await _import(
        services,
        organization_id=organization_id,
        source=source,
        columns=USER_COLUMNS,
        plan=plan,
        dry_run=dry_run,
        expected=expected,
        progress=progress,
    )


@acts(Permission.USERS_WRITE)
async def import_licences(
    services: Services,
    *,
    organization_id: str,
    source: Source,
    dry_run: bool = False,
    expected: str = "",
    progress: Callable[[str, int], None] | None = None,
) -> ImportReport | Refused:
    """Give and take licences by user principal name, line after line; otherwise like ``import_people``."""

    async def plan(connection: Connection, reader: CsvReader) -> ImportPlan:
        lines = [licence_line(row) for row in reader.rows]
        names = [line.user_principal_name for line in lines]
        known = await find_parties(connection, services.shard_id, organization_id, party_ids=[], names=names)
        return await plan_licences(lines, known, reader.mistakes)

    return await _import(
        services,
        organization_id=organization_id,
        source=source,
        columns=LICENCE_COLUMNS,
        plan=plan,
        dry_run=dry_run,
        expected=expected,
        progress=progress,
    )


async def _import(
    services: Services,
    *,
    organization_id: str,
    source: Source,
    columns: Mapping[str, Column],
    plan: Callable[[Connection, CsvReader], Awaitable[ImportPlan]],
    dry_run: bool,
    expected: str,
    progress: Callable[[str, int], None] | None,
) -> ImportReport | Refused:
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    tell = progress or (lambda _what, _count: None)
    reader = await read_csv(
        source,
        columns,
        rows_max=ROWS_MAX,
        bytes_max=FILE_BYTES_MAX,
        progress=lambda count: tell("read", count),
    )
    if isinstance(reader, Refused):
        return reader
    if reader.broken:
        return _report(reader, ImportPlan(), None)
    # The file was read whole by now: nobody waits for a change whose file comes over a slow line.
    async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        planned = await plan(connection, reader)
        tell("checked", len(reader.rows))
        counts = await count_licences(connection, services.shard_id, organization_id)
        report = _report(reader, planned, counts)
        if expected and report.digest != expected and report.refused is None:
            report = replace(report, refused=Refused(code=RefusalCode.CONFLICT), written=False)
        if dry_run or not report.written:
            change.withdraw()
        else:
            await _write(services, connection, organization_id, planned)
            tell("written", report.added + report.changed)
    return replace(report, written=False) if dry_run else report


def _report(reader: CsvReader, planned: ImportPlan, counts: LicenceCounts | None) -> ImportReport:
    """What the plan comes to; without counts nothing of the file could be understood."""
    errors = reader.mistakes.in_order()
    needs: tuple[LicenceNeed, ...] = ()
    refused = errors[0].refused() if errors else None
    if refused is None and counts is not None:
        assigned = recount(counts.assigned, planned.before, (*planned.after, *planned.new))
        needs = _needs(assigned, counts.bought)
        refused = refuse_shortage(counts.assigned, assigned, counts.bought)
    return ImportReport(
        added=len(planned.new),
        changed=planned.changed,
        unchanged=planned.unchanged,
        numbers=len(planned.numbers),
        licences=needs,
        errors=errors,
        error_count=reader.mistakes.count,
        refused=refused,
        written=refused is None and bool(planned.new or planned.changed),
        people=_changes_of(planned) if refused is None else (),
        digest=_digest_of(planned) if refused is None else "",
    )


def _changes_of(planned: ImportPlan) -> tuple[PersonChange, ...]:
    numbers: dict[str, list[str]] = {}
    for number, party_id in planned.numbers.items():
        numbers.setdefault(party_id, []).append(number)
    pairs = [*((None, party) for party in planned.new), *zip(planned.before, planned.after, strict=True)]
    return tuple(
        PersonChange(before=before, after=after, numbers=tuple(sorted(numbers.get(after.party_id, ()))))
        for before, after in pairs[:CHANGES_SHOWN_MAX]
    )


def _digest_of(planned: ImportPlan) -> str:
    """One text for what a file would do. New people get another object id each time, so names stand for those."""
    names = {party.party_id: party.user_principal_name for party in planned.new}
    sum_of = hashlib.sha256()
    for party in (*planned.new, *planned.before, *planned.after):
        texts = (
            names.get(party.party_id, party.party_id),
            party.user_principal_name,
            party.display_name,
            party.usage_location,
            party.department,
            *sorted(party.licences),
        )
        sum_of.update("\x1f".join(texts).encode() + b"\n")
    for number, party_id in sorted(planned.numbers.items()):
        sum_of.update(f"{number}\x1f{names.get(party_id, party_id)}\n".encode())
    return sum_of.hexdigest()


def _needs(assigned: Counted, bought: Counted) -> tuple[LicenceNeed, ...]:
    short = {each.licence: each.needed - each.purchased for each in shortages(assigned, bought)}
    return tuple(
        LicenceNeed(
            licence=licence,
            purchased=None if licence in UNLIMITED else _total(bought, licence),
            needed=_total(assigned, licence),
            short=short.get(licence, 0),
        )
        for licence in Licence
        if _total(assigned, licence) or _total(bought, licence)
    )


def _total(counts: Counted, licence: Licence) -> int:
    return sum(quantity for (code, _country), quantity in counts.items() if code == licence)


async def _write(services: Services, connection: Connection, organization_id: str, planned: ImportPlan) -> None:
    place = (services.shard_id, organization_id)
    await insert_parties(connection, *place, planned.new, created_at=services.clock())
    await update_parties(connection, *place, planned.after)
    if planned.numbers:
        await connection.execute(
            load_statement("assign_user_numbers"), *place, list(planned.numbers), list(planned.numbers.values())
        )


async def _find_numbers(
    connection: Connection, shard_id: int, organization_id: str, numbers: list[str]
) -> dict[str, Line]:
    if not numbers:
        return {}
    rows = await connection.fetch(load_statement("find_own_numbers"), shard_id, organization_id, numbers)
    return {
        row["number"]: Line(
            number=row["number"],
            kind=NumberKind(row["kind"]),
            purpose=NumberPurpose(row["purpose"]),
            party_id=None if row["party_id"] is None else str(row["party_id"]),
        )
        for row in rows
    }
