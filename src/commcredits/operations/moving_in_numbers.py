"""Moving in from another system: telephone numbers with their names, their users and what they are for, from a file.

Knows that a file is held against the numbers and people there are as a whole: all of it is written, or nothing. Refuses
to ask for quotas, for this is an act of the operator's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from msgspec import UNSET

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.numbers import is_e164
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberKind, NumberPurpose, Party
from commcredits.operations.csv_lines import (
    Column,
    CsvReader,
    LineError,
    Mistakes,
    Row,
    Source,
    one_of,
    read_csv,
)
from commcredits.operations.inputs import is_identifier, refuse_name
from commcredits.operations.numbers import (
    DISPLAY_NAME_CHARACTERS_MAX,
    PARTY_KINDS,
    PURPOSES,
    USER_PRINCIPAL_NAME_CHARACTERS_MAX,
)
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.parties import find_parties
from commcredits.storage.rosters import changing_roster, load_roster

ROWS_MAX: Final = 200_000
"""Most numbers in a file."""

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Largest file of numbers."""


WRITE_SECONDS_MAX: Final = 60
"""How long writing the largest file may take."""


def read_number(text: str) -> str:
    """A number in international form. Raises ValueError."""
    if not is_e164(text):
        raise ValueError(text)
    return text


def read_display_name(text: str) -> str:
    """A name that people see, or none. Raises ValueError."""
    if refuse_name("display_name", text, DISPLAY_NAME_CHARACTERS_MAX, may_be_empty=True):
        raise ValueError(text)
    return text


def read_user(text: str) -> str:
    """An object id or a user principal name, in letters of any size, or nobody. Raises ValueError."""
    if refuse_name("user", text, USER_PRINCIPAL_NAME_CHARACTERS_MAX, may_be_empty=True):
        raise ValueError(text)
    return text.lower()


NUMBER_COLUMNS: Final[Mapping[str, Column]] = {
    "number": Column(
        read=read_number, allowed="a number in international form: a plus sign and 5 to 15 digits", required=True
    ),
    "kind": Column(read=one_of([kind.value for kind in NumberKind]), allowed=", ".join(NumberKind), required=True),
    "display_name": Column(
        read=read_display_name, allowed=f"0 to {DISPLAY_NAME_CHARACTERS_MAX} characters on one line"
    ),
    "user": Column(
        read=read_user, allowed="the object id or user principal name of a user or resource account, or empty"
    ),
    "purpose": Column(
        read=one_of(["", *(purpose.value for purpose in NumberPurpose)]),
        allowed=f"{', '.join(NumberPurpose)}; or empty: a person's where there is a user, else unassigned",
    ),
}
"""The columns of a file of numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberImport:
    """What a file of numbers does, or would do.

    ``added``, ``changed`` and ``unchanged`` count numbers, ``assigned`` those that serve somebody who was nobody's
    before. ``errors`` are the first 200 of ``error_count``; while there is one, nothing is written. ``refused`` is why.
    ``written`` is false for a dry run, and when nothing was to be changed.
    """

    added: int
    changed: int
    unchanged: int
    assigned: int
    errors: tuple[LineError, ...]
    error_count: int
    refused: Refused | None
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Number:
    """A number as it is, or shall be."""

    number: str
    kind: NumberKind
    display_name: str
    purpose: NumberPurpose
    party_id: str | None


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What a file would do; ``lines`` say where in it each number stands."""

    new: list[_Number] = field(default_factory=list)
    changed: list[_Number] = field(default_factory=list)
    unchanged: int = 0
    assigned: int = 0
    lines: dict[str, int] = field(default_factory=dict)


@acts(Permission.OPERATOR_NUMBERS)
async def import_numbers(
    services: Services,
    *,
    organization_id: str,
    source: Source,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> NumberImport | Refused:
    """Give an organization the numbers of a file and say whom they serve, all of them or none.

    Numbers that it has already are called, and assigned, as the file says; a column that the file does not have leaves
    them as they are. One that serves somebody has to become unassigned before it serves another. ``progress`` is told
    the lines read so far. Refused as a whole when the organization is not open or the file is too large.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    reader = await read_csv(source, NUMBER_COLUMNS, rows_max=ROWS_MAX, bytes_max=FILE_BYTES_MAX, progress=progress)
    if isinstance(reader, Refused):
        return reader
    if reader.broken:
        return _report(reader, _Plan())
    return await _import(services, organization_id, reader, dry_run=dry_run)


async def _import(services: Services, organization_id: str, reader: CsvReader, *, dry_run: bool) -> NumberImport:
    with_people = await _looks_at_people(services, organization_id, reader)
    async with _changing(services, organization_id, with_people=with_people) as (connection, withdraw):
        planned = await _plan(connection, services.shard_id, organization_id, reader)
        if not (reader.mistakes.count or dry_run):
            await _write(services, connection, organization_id, planned, reader.mistakes)
        report = _report(reader, planned)
        if dry_run or not report.written:
            withdraw()
    return replace(report, written=False) if dry_run else report


class _WithdrawnError(Exception):
    """Rolls a transaction back whose caller has changed its mind."""


@asynccontextmanager
async def _changing(
    services: Services, organization_id: str, *, with_people: bool
) -> AsyncIterator[tuple[Connection, Callable[[], None]]]:
    """A transaction, and what to call to leave no trace of it.

    A number that serves somebody makes calls look at people; an organization without people goes on without.
    """
    if with_people:
        async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
            yield connection, change.withdraw
        return
    withdrawn: list[bool] = []
    with suppress(_WithdrawnError):
        async with services.pool.acquire() as connection, connection.transaction():
            yield connection, lambda: withdrawn.append(True)
            if withdrawn:
                raise _WithdrawnError


async def _looks_at_people(services: Services, organization_id: str, reader: CsvReader) -> bool:
    """Whether the organization has people and rules, or will have a number that serves somebody."""
    for row in reader.rows:
        *_rest, user, purpose = row.values
        if user or purpose not in (UNSET, "", NumberPurpose.UNASSIGNED):
            return True
    async with services.pool.acquire() as connection:
        return await load_roster(connection, services.shard_id, organization_id) is not None


async def _plan(connection: Connection, shard_id: int, organization_id: str, reader: CsvReader) -> _Plan:
    """What the file does to the numbers there are; what is wrong with its lines is noted."""
    users = [row.values[3] for row in reader.rows if row.values[3]]
    parties = await find_parties(
        connection,
        shard_id,
        organization_id,
        party_ids=[user for user in users if is_identifier(user)],
        names=users,
    )
    by_name = {party.user_principal_name.lower(): party for party in parties}
    # Should somebody be called like another's object id, the object id counts.
    by_name |= {party.party_id: party for party in parties}
    # In one order, so that two files never wait for each other.
    numbers = sorted({row.values[0] for row in reader.rows})
    rows = await connection.fetch(load_statement("lock_numbers"), shard_id, numbers, timeout=WRITE_SECONDS_MAX)
    known = {row["number"]: row for row in rows}
    plan = _Plan()
    for row in reader.rows:
        _take_row(plan, reader.mistakes, row, known.get(row.values[0]), by_name, organization_id)
    return plan


def _take_row(
    plan: _Plan, mistakes: Mistakes, row: Row, known: Any, parties: Mapping[str, Party], organization_id: str
) -> None:
    """One line of the file: a number that is new, changed or as it was, or a mistake."""
    number, kind, display_name, user, _purpose = row.values
    first = plan.lines.setdefault(number, row.line)
    before = None if known is None else _number_of(known)
    if first != row.line:
        mistakes.add(row.line, "number", number, f"each number once; line {first} has it too")
        return
    if known is not None and str(known["organization_id"]) != organization_id:
        mistakes.add(row.line, "number", number, "a number that is no organization's yet", RefusalCode.NUMBER_TAKEN)
        return
    if before is not None and before.kind != kind:
        mistakes.add(row.line, "kind", kind, f"{before.kind}, for that is what the number is")
        return
    party = parties.get(user) if user else None
    if user and party is None:
        allowed = "that of a user or resource account of the organization"
        mistakes.add(row.line, "user", user, allowed, RefusalCode.UNKNOWN_USER)
        return
    wanted = _wanted_purpose(row, before, party, mistakes)
    if wanted is None:
        return
    after = _Number(
        number=number,
        kind=NumberKind(kind),
        display_name=display_name or ("" if before is None or display_name == "" else before.display_name),
        purpose=wanted,
        party_id=_party_id(wanted, before, party),
    )
    _add(plan, before, after)


def _wanted_purpose(row: Row, before: _Number | None, party: Party | None, mistakes: Mistakes) -> NumberPurpose | None:
    """What a line says the number is for; None when it cannot be."""
    number, kind, _display_name, user, said = row.values
    if said:
        purpose = NumberPurpose(said)
    elif party is not None:
        purpose = NumberPurpose.PERSON
    else:
        return NumberPurpose.UNASSIGNED if before is None else before.purpose
    if purpose is not NumberPurpose.UNASSIGNED and purpose not in PURPOSES[kind]:
        allowed = ", ".join((*PURPOSES[kind], NumberPurpose.UNASSIGNED))
        mistakes.add(row.line, "purpose", purpose, f"{allowed}; for this is a {kind} number")
        return None
    served = PARTY_KINDS.get(purpose)
    if (None if party is None else party.kind) is not served:
        allowed = "left out" if served is None else f"a {served.replace('_', ' ')}"
        mistakes.add(row.line, "user", user or "", f"{allowed} where the purpose is {purpose}")
        return None
    party_id = None if party is None else party.party_id
    in_use = before is not None and before.purpose is not NumberPurpose.UNASSIGNED
    if in_use and before is not None and (before.purpose, before.party_id) != (purpose, party_id):
        allowed = "a number that is unassigned, or serves this user already"
        mistakes.add(row.line, "number", number, allowed, RefusalCode.NUMBER_IN_USE)
        return None
    return purpose


def _party_id(purpose: NumberPurpose, before: _Number | None, party: Party | None) -> str | None:
    if party is not None:
        return party.party_id
    return before.party_id if before is not None and before.purpose is purpose else None


def _add(plan: _Plan, before: _Number | None, after: _Number) -> None:
    was_unassigned = before is None or before.purpose is NumberPurpose.UNASSIGNED
    if was_unassigned and after.purpose is not NumberPurpose.UNASSIGNED:
        plan.assigned += 1
    if before is None:
        plan.new.append(after)
    elif after != before:
        plan.changed.append(after)
    else:
        plan.unchanged += 1


async def _write(
    services: Services, connection: Connection, organization_id: str, planned: _Plan, mistakes: Mistakes
) -> None:
    """Write what is new and changed; a number that has become another's meanwhile is a mistake after all."""
    place = (services.shard_id, organization_id)
    numbers = [each.number for each in planned.new]
    # Locked before they are inserted, in the order of whoever acquires one from there.
    await connection.fetch(load_statement("lock_stock_numbers"), services.shard_id, numbers, timeout=WRITE_SECONDS_MAX)
    if planned.new:
        rows = await connection.fetch(
            load_statement("insert_phone_numbers"),
            *place,
            *_columns(planned.new, "number", "kind", "display_name", "purpose", "party_id"),
            services.clock(),
            timeout=WRITE_SECONDS_MAX,
        )
        for number in set(numbers) - {row["number"] for row in rows}:
            allowed = "a number that is no organization's yet"
            mistakes.add(planned.lines[number], "number", number, allowed, RefusalCode.NUMBER_TAKEN)
    if planned.changed:
        await connection.execute(
            load_statement("update_phone_numbers"),
            *place,
            *_columns(planned.changed, "number", "display_name", "purpose", "party_id"),
            timeout=WRITE_SECONDS_MAX,
        )


def _columns(numbers: Sequence[_Number], *names: str) -> Iterable[list[Any]]:
    return ([getattr(number, name) for number in numbers] for name in names)


def _number_of(row: Any) -> _Number:
    return _Number(
        number=row["number"],
        kind=NumberKind(row["kind"]),
        display_name=row["display_name"],
        purpose=NumberPurpose(row["purpose"]),
        party_id=None if row["party_id"] is None else str(row["party_id"]),
    )


def _report(reader: CsvReader, planned: _Plan) -> NumberImport:
    errors = reader.mistakes.in_order()
    refused = errors[0].refused() if errors else None
    return NumberImport(
        added=len(planned.new),
        changed=len(planned.changed),
        unchanged=planned.unchanged,
        assigned=planned.assigned,
        errors=errors,
        error_count=reader.mistakes.count,
        refused=refused,
        written=refused is None and bool(planned.new or planned.changed),
    )
