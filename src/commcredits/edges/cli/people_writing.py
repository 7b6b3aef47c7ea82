"""What commands on people and licences write, for people and for programs.

Knows the form. JSON has the same fields as the administration API. Refuses to know what is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import typer

from commcredits.core.money import format_micros
from commcredits.edges.cli.files import wrong_lines
from commcredits.edges.cli.refusing import RefusedError, sentence_of
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
    instant_text,
    moment_text,
    write_facts,
    write_json,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.licensing import LicenceStock
    from commcredits.core.outcomes import Refused
    from commcredits.operations.licences import AssignmentLine, AssignmentReport
    from commcredits.operations.people import PartyInfo
    from commcredits.operations.people_import import ImportReport

_CHOICES: Final = {True: "allowed", False: "not allowed", None: "as the organization"}


def user_document(record: PartyInfo, currency: str) -> dict[str, object]:
    """A user or resource account as JSON."""
    party = record.party
    policy, cap_micros = party.dial_out, party.monthly_cap_micros
    return {
        "object_id": party.party_id,
        "user_principal_name": party.user_principal_name,
        "display_name": party.display_name,
        "usage_location": party.usage_location,
        "department": party.department,
        "licences": sorted(party.licences),
        "numbers": list(record.numbers),
        "dial_out": None if policy is None else {"conference": policy.conference, "user": policy.user},
        "premium_allowed": party.premium_allowed,
        "toll_free_allowed": party.toll_free_allowed,
        "monthly_cap": None if cap_micros is None else format_micros(cap_micros),
        "currency": currency,
        "shared_calling_account": party.shared_calling_account or None,
        "created_at": instant_text(record.created_at),
    }


def write_user(record: PartyInfo, currency: str) -> None:
    """Everything that is known of somebody, a line each."""
    party = record.party
    policy, cap_micros = party.dial_out, party.monthly_cap_micros
    write_facts(
        {
            "object id": party.party_id,
            "user principal name": party.user_principal_name,
            "display name": party.display_name,
            "usage location": party.usage_location,
            "department": party.department,
            "licences": " ".join(sorted(party.licences)),
            "numbers": " ".join(record.numbers),
            "dial-out": "as the organization" if policy is None else f"{policy.conference}/{policy.user}",
            "premium numbers": _CHOICES[party.premium_allowed],
            "toll-free numbers": _CHOICES[party.toll_free_allowed],
            "monthly cap": "" if cap_micros is None else f"{amount_text(cap_micros)} {currency}",
            "calls by the plan of": party.shared_calling_account,
            "added": moment_text(record.created_at),
        }
    )


def write_users(records: Iterable[PartyInfo]) -> None:
    """A table of people."""
    write_table(
        ("display name", "user principal name", "location", "department", "licences", "numbers", "object id"),
        (
            (
                each.party.display_name,
                each.party.user_principal_name,
                each.party.usage_location,
                each.party.department,
                " ".join(sorted(each.party.licences)),
                " ".join(each.numbers),
                each.party.party_id,
            )
            for each in records
        ),
    )


def stock_document(record: LicenceStock) -> dict[str, object]:
    """Licences of a kind, bought for a country, as JSON."""
    return {
        "licence": record.licence,
        "country": record.country,
        "purchased": record.purchased,
        "assigned": record.assigned,
        "free": record.free,
    }


def write_stock(records: Iterable[LicenceStock]) -> None:
    """A table of licences."""
    write_table(
        ("licence", "bought for", "purchased ", "assigned ", "free "),
        (
            (each.licence, each.country or "any country", _limit(each.purchased), str(each.assigned), _limit(each.free))
            for each in records
        ),
    )


def write_assignments(report: AssignmentReport, *, dry_run: bool, as_json: bool) -> None:
    """What assignments did, or would do. Raises typer.Exit when they were, or would be, refused.

    Every line that is to blame is complained of.
    """
    if as_json and (dry_run or report.refused is None):
        write_json(
            {
                "written": report.written,
                "refusal": _refusal(report.refused),
                "lines": [_line_document(line) for line in report.lines],
            }
        )
    for line in report.lines:
        if line.refused is not None:
            complain(f"{line.user}: {sentence_of(line.refused)}")
    if report.refused is not None:
        raise _ended(report.refused)
    if not as_json:
        changed = sum(line.changed for line in report.lines)
        write_facts({_done("changed", dry_run=dry_run): str(changed), "unchanged": str(len(report.lines) - changed)})


def write_import(report: ImportReport, *, dry_run: bool, as_json: bool) -> None:
    """What a file did, or would do. Raises typer.Exit when it was, or would be, refused."""
    is_told = dry_run or report.refused is None
    if as_json and is_told:
        write_json(_import_document(report))
    elif is_told:
        write_facts(
            {
                _done("added", dry_run=dry_run): str(report.added),
                _done("changed", dry_run=dry_run): str(report.changed),
                "unchanged": str(report.unchanged),
                _done("numbers assigned", dry_run=dry_run): str(report.numbers),
            }
        )
        if report.licences:
            write_table(
                ("licence", "purchased ", "needed ", "short "),
                ((each.licence, _limit(each.purchased), str(each.needed), str(each.short)) for each in report.licences),
            )
    if report.errors:
        raise wrong_lines(report.errors, report.error_count)
    if report.refused is not None:
        raise _ended(report.refused)


def _ended(refused: Refused) -> typer.Exit:
    """The end of a command that was refused after something was told."""
    complain(sentence_of(refused))
    return typer.Exit(RefusedError(refused).status)


def _import_document(report: ImportReport) -> dict[str, object]:
    return {
        "written": report.written,
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "numbers": report.numbers,
        "licences": [
            {"licence": each.licence, "purchased": each.purchased, "needed": each.needed, "short": each.short}
            for each in report.licences
        ],
        "error_count": report.error_count,
        "errors": [
            {
                "line": each.line,
                "column": each.column,
                "value": each.value,
                "allowed": each.allowed,
                "code": each.code,
            }
            for each in report.errors
        ],
        "refusal": _refusal(report.refused),
    }


def _line_document(line: AssignmentLine) -> dict[str, object]:
    party = line.party
    return {
        "user": line.user,
        "object_id": None if party is None else party.party_id,
        "licences": [] if party is None else sorted(party.licences),
        "changed": line.changed,
        "refusal": _refusal(line.refused),
    }


def _refusal(refused: Refused | None) -> dict[str, object] | None:
    return None if refused is None else {**refused.facts, "code": refused.code, "detail": sentence_of(refused)}


def _done(what: str, *, dry_run: bool) -> str:
    return f"would be {what}" if dry_run else what


def _limit(quantity: int | None) -> str:
    return "unlimited" if quantity is None else str(quantity)
