"""Moving in from another system: opening balances with their own dates and expiries, from a file, with a dry run.

Knows that each line is a lot of its own, under an id that comes from its reference or its content, so that the same
file again adds nothing. Refuses to judge a lot: the core does, in the dry run as in earnest. People come by
commcredits.operations.people_import, numbers by commcredits.operations.moving_in_numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import ChargingTerms, Context
from commcredits.core.calendar import parse_instant, twelve_months_after
from commcredits.core.commands import ImportLot
from commcredits.core.funds import LOTS_MAX
from commcredits.core.granting import import_lot
from commcredits.core.money import parse_micros
from commcredits.core.outcomes import LotGranted, Outcome, RefusalCode, Refused
from commcredits.operations.csv_lines import Column, CsvReader, LineError, Row, Source, read_csv
from commcredits.operations.inputs import refuse_name
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import acts
from commcredits.operations.sandboxes import refuse_sandbox
from commcredits.operations.sending import send_all
from commcredits.operations.services import Services
from commcredits.storage.codec import content_digest
from commcredits.storage.deciding import OPERATIONS
from commcredits.storage.loading import RememberedAnswer, load_accounts, load_answers

FILE_BYTES_MAX: Final = 1024 * 1024
"""Largest file of opening balances."""

REFERENCE_CHARACTERS_MAX: Final = 200
"""Longest reference of a lot in the system that it comes from."""

_FLAGS: Final[Mapping[str, bool]] = {"": False, "false": False, "true": True}


def read_amount(text: str) -> int:
    """An amount above nothing, in millionths. Raises ValueError."""
    amount = parse_micros(text)
    if amount <= 0:
        raise ValueError(text)
    return amount


def read_purchase(text: str) -> datetime:
    """An instant that has another one twelve months after it. Raises ValueError."""
    instant = parse_instant(text)
    twelve_months_after(instant)
    return instant


def read_expiry(text: str) -> datetime | None:
    """An instant; None where the lot expires twelve months after it was bought. Raises ValueError."""
    return parse_instant(text) if text else None


def read_flag(text: str) -> bool:
    """Whether the lot was given and not bought. Raises ValueError."""
    if text not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text]


def read_reference(text: str) -> str:
    """What the other system calls the lot, or nothing. Raises ValueError."""
    if refuse_name("reference", text, REFERENCE_CHARACTERS_MAX, may_be_empty=True):
        raise ValueError(text)
    return text


_INSTANT_ALLOWED: Final = "an RFC 3339 instant such as 2026-11-22T00:00:00Z, or a date, which is its midnight in UTC"

LOT_COLUMNS: Final[Mapping[str, Column]] = {
    "amount": Column(
        read=read_amount, allowed="a decimal above 0 with at most 6 digits after the point", required=True
    ),
    "purchased_at": Column(read=read_purchase, allowed=_INSTANT_ALLOWED, required=True),
    "expires_at": Column(read=read_expiry, allowed=f"{_INSTANT_ALLOWED}; empty: twelve months after the purchase"),
    "promotional": Column(read=read_flag, allowed="true, false or empty"),
    "reference": Column(read=read_reference, allowed=f"0 to {REFERENCE_CHARACTERS_MAX} characters on one line"),
    "currency": Column(read=str, allowed="the organization's currency, or empty"),
}
"""The columns of a file of opening balances."""

_COLUMN_OF: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.AMOUNT_BELOW_MINIMUM: "amount",
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: "amount",
    RefusalCode.EXPIRY_NOT_ALLOWED: "expires_at",
    RefusalCode.CONFLICT: "reference",
}
_ALLOWED: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: "an amount within bounds",
    RefusalCode.EXPIRY_NOT_ALLOWED: "a purchase that is not in the future, and an expiry that is",
    RefusalCode.TOO_MANY_LOTS: f"at most {LOTS_MAX} lots with anything left in an organization",
    RefusalCode.ORGANIZATION_CLOSED: "an organization that is open",
    RefusalCode.CONFLICT: "a reference that no lot with other content has",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LotImport:
    """What a file of opening balances does, or would do. Amounts in millionths.

    ``added`` lots are new and come to ``amount_micros``, ``promotional_micros`` of it given and not bought; ``known``
    ones came before. ``errors`` are the first 200 of ``error_count``; while there is one, nothing is added. ``refused``
    is why nothing is, or why adding stopped: the same file again goes on where it did. ``written`` is false for a dry
    run, and when nothing was to be added.
    """

    added: int
    known: int
    amount_micros: int
    promotional_micros: int
    currency: str
    errors: tuple[LineError, ...]
    error_count: int
    refused: Refused | None
    written: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    line: int
    command: ImportLot


@acts(Permission.OPERATOR_FUNDS)
async def import_lots(
    services: Services,
    *,
    organization_id: str,
    source: Source,
    dry_run: bool = False,
    progress: Callable[[int], None] | None = None,
) -> LotImport | Refused:
    """Take over the opening balances of a file, each once, whether it has a reference or not.

    Without a reference a lot is known by its content and by how many equal lines stand above it. ``progress`` is told
    the lines read so far. Refused as a whole for an unknown organization and for a file that is too large.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = await refuse_sandbox(services, organization_id)
    if refused is not None:
        return refused
    reader = await read_csv(source, LOT_COLUMNS, rows_max=LOTS_MAX, bytes_max=FILE_BYTES_MAX, progress=progress)
    if isinstance(reader, Refused):
        return reader
    lines = _lines_of(reader, organization_id, organization.currency)
    answers = await _answers(services, organization_id, lines)
    new, known = _new_lines(reader, lines, answers)
    await _try_out(services, organization_id, new, reader)
    report = LotImport(
        added=len(new),
        known=known,
        amount_micros=sum(line.command.amount_micros for line in new),
        promotional_micros=sum(line.command.amount_micros for line in new if line.command.promotional),
        currency=organization.currency,
        errors=reader.mistakes.in_order(),
        error_count=reader.mistakes.count,
        refused=None,
        written=False,
    )
    if report.error_count:
        return replace(report, refused=report.errors[0].refused())
    if dry_run or not new:
        return report
    return _added(report, new, await send_all(services, [line.command for line in new]))


def _lines_of(reader: CsvReader, organization_id: str, currency: str) -> list[_Line]:
    """The lots of a file under their ids; a reference that stands twice, or another currency, is a mistake."""
    lines: list[_Line] = []
    references: dict[str, int] = {}
    equals: dict[str, int] = {}
    for row in reader.rows:
        amount, purchased_at, expires_at, promotional, reference, own_currency = _values(row)
        if own_currency not in ("", currency):
            reader.mistakes.add(row.line, "currency", own_currency, currency, RefusalCode.CURRENCY_MISMATCH)
        first = references.setdefault(reference, row.line) if reference else row.line
        if first != row.line:
            reader.mistakes.add(row.line, "reference", reference, f"each reference once; line {first} has it too")
            continue
        expires_at = expires_at or twelve_months_after(purchased_at)
        content = f"{amount}|{purchased_at.isoformat()}|{expires_at.isoformat()}|{promotional}"
        equals[content] = equals.get(content, 0) + 1
        command = ImportLot(
            organization_id=organization_id,
            command_id=_id_of(f"reference|{reference}" if reference else f"content|{content}|{equals[content]}"),
            amount_micros=amount,
            purchased_at=purchased_at,
            expires_at=expires_at,
            promotional=promotional,
        )
        lines.append(_Line(line=row.line, command=command))
    return lines


def _values(row: Row) -> tuple[int, datetime, datetime | None, bool, str, str]:
    """The values of a row; those of columns that the file does not have are empty."""
    amount, purchased_at, *optional = row.values
    expires_at, promotional, reference, currency = (each or None for each in optional)
    return amount, purchased_at, expires_at, promotional or False, reference or "", currency or ""


def _id_of(text: str) -> str:
    return f"moving-in:{blake2b(text.encode(), digest_size=20).hexdigest()}"


async def _answers(services: Services, organization_id: str, lines: Sequence[_Line]) -> Mapping[str, RememberedAnswer]:
    """What was answered to these commands before, by their ids."""
    if not lines:
        return {}
    wanted = [(organization_id, OPERATIONS[ImportLot], line.command.command_id) for line in lines]
    async with services.pool.acquire() as connection:
        found = await load_answers(connection, services.shard_id, wanted)
    return {command_id: answer for (_organization, _operation, command_id), answer in found.items()}


def _new_lines(
    reader: CsvReader, lines: Sequence[_Line], answers: Mapping[str, RememberedAnswer]
) -> tuple[list[_Line], int]:
    """The lots that were not taken over before, and how many were; a reference that another lot has is a mistake."""
    new: list[_Line] = []
    known = 0
    for line in lines:
        answer = answers.get(line.command.command_id)
        if answer is None:
            new.append(line)
        elif answer.content != content_digest(line.command):
            _note(reader, line, RefusalCode.CONFLICT)
        elif isinstance(answer.outcome, Refused):
            _note(reader, line, answer.outcome.code)
        else:
            known += 1
    return new, known


async def _try_out(services: Services, organization_id: str, lines: Sequence[_Line], reader: CsvReader) -> None:
    """Have the core decide about these lots, one after another, on a copy; what it refuses is a mistake."""
    async with services.pool.acquire() as connection:
        loaded = await load_accounts(connection, services.shard_id, [organization_id])
    account = loaded[organization_id].account
    context = Context(
        now=services.clock(), new_id=services.new_id, decks={}, charging=ChargingTerms(), funding=services.funding
    )
    for line in lines:
        decision = import_lot(account, line.command, context)
        account = decision.account
        if isinstance(decision.outcome, Refused):
            _note(reader, line, decision.outcome.code)


def _added(report: LotImport, lines: Sequence[_Line], outcomes: Sequence[Outcome]) -> LotImport:
    """The report once the books have answered."""
    added = [line.command for line, outcome in zip(lines, outcomes, strict=True) if isinstance(outcome, LotGranted)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    return replace(
        report,
        added=len(added),
        amount_micros=sum(command.amount_micros for command in added),
        promotional_micros=sum(command.amount_micros for command in added if command.promotional),
        refused=refused[0] if refused else None,
        written=bool(added),
    )


def _note(reader: CsvReader, line: _Line, code: RefusalCode) -> None:
    column = _COLUMN_OF.get(code, "")
    command = line.command
    values = {
        "amount": str(command.amount_micros),
        "expires_at": f"{command.purchased_at.isoformat()} to {command.expires_at.isoformat()}",
    }
    reader.mistakes.add(line.line, column, values.get(column, ""), _ALLOWED.get(code, "a lot of its own"), code)
