"""What the JSON bodies of answers about people and licences hold, made from the records of the operations.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from commcredits.core.licensing import LicenceStock as LicenceStockRecord
from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import ConferenceDialOut, Licence, UserDialOut
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Time, time
from commcredits.edges.http.administration.files import wrong_lines
from commcredits.edges.http.administration.refusing import ProblemError
from commcredits.edges.http.problems import Problem, refusal_problem
from commcredits.operations.csv_lines import LineError
from commcredits.operations.licences import AssignmentLine as AssignmentLineRecord
from commcredits.operations.licences import AssignmentReport as AssignmentReportRecord
from commcredits.operations.people import PartyInfo
from commcredits.operations.people_import import ImportReport as ImportReportRecord
from commcredits.operations.people_import import LicenceNeed as LicenceNeedRecord

Count = Annotated[int, Field(ge=0)]
Refusal = Annotated[
    dict[str, Any] | None,
    Field(description="The problem document that this would be refused with; null when it would not."),
]


class DialOut(BaseModel):
    """Where somebody's conferences may dial out to, and whom somebody may call."""

    conference: ConferenceDialOut
    user: UserDialOut


class User(BaseModel):
    """A user or resource account.

    ``dial_out`` and ``premium_allowed`` are null where the organization's own rules hold. ``shared_calling_account`` is
    the resource account by whose plan the user calls. ``monthly_cap`` is null without a cap of the user's own.
    """

    object_id: Identity
    user_principal_name: str
    display_name: str
    usage_location: str
    department: str
    licences: list[Licence]
    numbers: list[str]
    dial_out: DialOut | None
    premium_allowed: bool | None
    toll_free_allowed: bool
    monthly_cap: Amount | None
    currency: Currency
    shared_calling_account: Identity | None
    created_at: Time


class LicenceStock(BaseModel):
    """Licences bought for a country, or, with an empty one, for none in particular. null: there is no limit."""

    licence: Licence
    country: str
    purchased: Count | None
    assigned: Count
    free: int | None


class AssignmentLine(BaseModel):
    """What becomes of one user: the licences afterwards, and the refusal, null when there is none."""

    user: str
    object_id: Identity | None
    licences: list[Licence]
    changed: bool
    refusal: Refusal


class AssignmentReport(BaseModel):
    """What becomes of each user, in their order. ``written`` is false for a dry run and when nothing was to change."""

    written: bool
    refusal: Refusal
    lines: list[AssignmentLine]


class LicenceNeed(BaseModel):
    """How many of a licence are needed once a file is imported, and how many are bought; null: there is no limit."""

    licence: Licence
    purchased: Count | None
    needed: Count
    short: Count


class WrongLine(BaseModel):
    """One thing that is wrong with a file; ``column`` is empty for what concerns the whole line."""

    line: Count
    column: str
    value: str
    allowed: str
    code: RefusalCode


class ImportReport(BaseModel):
    """What a file does. ``added``, ``changed`` and ``unchanged`` count people, ``numbers`` those newly assigned.

    ``errors`` are the first 200 of ``error_count``. ``written`` is false for a dry run and when nothing was to change.
    """

    written: bool
    added: Count
    changed: Count
    unchanged: Count
    numbers: Count
    licences: list[LicenceNeed]
    error_count: Count
    errors: list[WrongLine]
    refusal: Refusal


def user(record: PartyInfo, currency: str) -> User:
    """A user or resource account as it is answered."""
    party = record.party
    policy, cap_micros = party.dial_out, party.monthly_cap_micros
    return User(
        object_id=party.party_id,
        user_principal_name=party.user_principal_name,
        display_name=party.display_name,
        usage_location=party.usage_location,
        department=party.department,
        licences=sorted(party.licences),
        numbers=list(record.numbers),
        dial_out=None if policy is None else DialOut(conference=policy.conference, user=policy.user),
        premium_allowed=party.premium_allowed,
        toll_free_allowed=party.toll_free_allowed,
        monthly_cap=None if cap_micros is None else format_micros(cap_micros),
        currency=currency,
        shared_calling_account=party.shared_calling_account or None,
        created_at=time(record.created_at),
    )


def licence_stock(record: LicenceStockRecord) -> LicenceStock:
    """Licences bought and assigned as they are answered."""
    return LicenceStock(
        licence=record.licence,
        country=record.country,
        purchased=record.purchased,
        assigned=record.assigned,
        free=record.free,
    )


def assignment_report(record: AssignmentReportRecord, *, dry_run: bool) -> AssignmentReport:
    """What assignments do as it is answered. Raises ProblemError when they were to be done and are refused.

    The problem then carries the lines that are to blame, if it is lines and not the stock.
    """
    if record.refused is not None and not dry_run:
        problem = refusal_problem(record.refused)
        lines = [_assignment_line(each).model_dump() for each in record.lines if each.refused is not None]
        raise ProblemError(Problem(status=problem.status, document={**problem.document, "lines": lines}))
    return AssignmentReport(
        written=record.written,
        refusal=refusal_document(record.refused),
        lines=[_assignment_line(each) for each in record.lines],
    )


def import_report(record: ImportReportRecord, *, dry_run: bool) -> ImportReport:
    """What a file does as it is answered. Raises ProblemError when it was to be imported and is refused."""
    if record.refused is not None and not dry_run:
        if record.errors:
            raise wrong_lines(record.errors, record.error_count)
        raise ProblemError(refusal_problem(record.refused))
    return ImportReport(
        written=record.written,
        added=record.added,
        changed=record.changed,
        unchanged=record.unchanged,
        numbers=record.numbers,
        licences=[_licence_need(each) for each in record.licences],
        error_count=record.error_count,
        errors=[wrong_line(each) for each in record.errors],
        refusal=refusal_document(record.refused),
    )


def _assignment_line(record: AssignmentLineRecord) -> AssignmentLine:
    party = record.party
    return AssignmentLine(
        user=record.user,
        object_id=None if party is None else party.party_id,
        licences=[] if party is None else sorted(party.licences),
        changed=record.changed,
        refusal=refusal_document(record.refused),
    )


def _licence_need(record: LicenceNeedRecord) -> LicenceNeed:
    return LicenceNeed(licence=record.licence, purchased=record.purchased, needed=record.needed, short=record.short)


def wrong_line(record: LineError) -> WrongLine:
    """One thing that is wrong with a file as it is answered."""
    return WrongLine(
        line=record.line, column=record.column, value=record.value, allowed=record.allowed, code=record.code
    )


def refusal_document(refused: Refused | None) -> dict[str, Any] | None:
    """What a refusal would be answered with, if there is one."""
    return None if refused is None else dict(refusal_problem(refused).document)
