"""The paths of what organizations bring with them from another system: opening balances and numbers.

Knows how a file arrives, and what of a report is answered. Refuses to know what may move in; the operations do. People
come by commcredits.edges.http.administration.people.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel

from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Amount, Currency
from commcredits.edges.http.administration.bodies import NUMBER_STOCK_BYTES_MAX, OPENING_BALANCES_BYTES_MAX
from commcredits.edges.http.administration.documenting import Tag, guarded_with_json
from commcredits.edges.http.administration.files import file_body, file_of, wrong_lines
from commcredits.edges.http.administration.forms import Identifier
from commcredits.edges.http.administration.parameters import DryRunQuery
from commcredits.edges.http.administration.people_answers import (
    Count,
    Refusal,
    WrongLine,
    refusal_document,
    wrong_line,
)
from commcredits.edges.http.administration.refusing import ProblemError, taken
from commcredits.edges.http.problems import HttpFault, refusal_problem
from commcredits.operations import moving_in, moving_in_numbers

_LOTS: Final = (
    "amount,purchased_at,expires_at,promotional,reference\n"
    "50.00,2026-03-01,2027-03-01,false,inv-2026-0042\n"
    "5.00,2026-10-01T12:00:00Z,,true,welcome\n"
)
_NUMBERS: Final = (
    "number,kind,display_name,user,purpose\n"
    "+40212345678,user,Recepție,front.desk@example.com,person\n"
    "+40800123456,toll_free,,,conference_bridge\n"
)


class LotImport(BaseModel):
    """What a file of opening balances does: lots that are new, what they come to, and those that came before.

    ``errors`` are the first 200 of ``error_count``. ``written`` is false for a dry run and when nothing was to add.
    """

    written: bool
    added: Count
    known: Count
    amount: Amount
    promotional: Amount
    currency: Currency
    error_count: Count
    errors: list[WrongLine]
    refusal: Refusal


class NumberImport(BaseModel):
    """What a file of numbers does; ``assigned`` are those that serve somebody who were nobody's before.

    ``errors`` are the first 200 of ``error_count``. ``written`` is false for a dry run and when nothing was to change.
    """

    written: bool
    added: Count
    changed: Count
    unchanged: Count
    assigned: Count
    error_count: Count
    errors: list[WrongLine]
    refusal: Refusal


def add_moving_in(routes: APIRouter) -> None:
    """Take over opening balances and numbers."""
    _add_lots(routes)
    _add_numbers(routes)


def _add_lots(routes: APIRouter) -> None:
    @routes.post(
        "/v1/organizations/{organization_id}/moving-in/lots",
        tags=[Tag.MOVING_IN],
        summary="Import opening balances with their own dates from CSV",
        description="The body, or its part named file: amount and purchased_at, and expires_at (empty: twelve months "
        "later), promotional, reference and currency where wanted. The same line again adds nothing: a lot is known by "
        "its reference, or by its content. A file with anything wrong in it is refused with lines and columns, and "
        "nothing of it is added. What is owed is repaid first.",
        response_description="The lots are there, or, for a dry run, what importing the file would do.",
        responses=guarded_with_json(
            HttpFault.MALFORMED_REQUEST, RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.SANDBOX_NOT_ALLOWED
        ),
        openapi_extra={"requestBody": file_body("Opening balances", _LOTS, bytes_max=OPENING_BALANCES_BYTES_MAX)},
    )
    async def import_lots(
        services: ActingServices, organization_id: Identifier, request: Request, *, dry_run: DryRunQuery = False
    ) -> LotImport:
        async with aclosing(file_of(request, bytes_max=OPENING_BALANCES_BYTES_MAX)) as pieces:
            report = taken(
                await moving_in.import_lots(services, organization_id=organization_id, source=pieces, dry_run=dry_run)
            )
        _raise_refusal(report, dry_run=dry_run)
        return LotImport(
            written=report.written,
            added=report.added,
            known=report.known,
            amount=format_micros(report.amount_micros),
            promotional=format_micros(report.promotional_micros),
            currency=report.currency,
            error_count=report.error_count,
            errors=[wrong_line(each) for each in report.errors],
            refusal=refusal_document(report.refused),
        )


def _add_numbers(routes: APIRouter) -> None:
    @routes.post(
        "/v1/organizations/{organization_id}/moving-in/numbers",
        tags=[Tag.MOVING_IN],
        summary="Import telephone numbers with their users from CSV",
        description="The body, or its part named file: number and kind, and display_name, user and purpose where "
        "wanted. The operator's own act, which no quota binds. All of a file or nothing: one with anything wrong in it "
        "is refused with lines and columns. Numbers that the organization has already are called and assigned as the "
        "file says; one that serves somebody has to become unassigned before it serves another.",
        response_description="The numbers are there, or, for a dry run, what importing the file would do.",
        responses=guarded_with_json(
            HttpFault.MALFORMED_REQUEST, RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.ORGANIZATION_CLOSED
        ),
        openapi_extra={"requestBody": file_body("Numbers", _NUMBERS, bytes_max=NUMBER_STOCK_BYTES_MAX)},
    )
    async def import_numbers(
        services: ActingServices, organization_id: Identifier, request: Request, *, dry_run: DryRunQuery = False
    ) -> NumberImport:
        async with aclosing(file_of(request, bytes_max=NUMBER_STOCK_BYTES_MAX)) as pieces:
            report = taken(
                await moving_in_numbers.import_numbers(
                    services, organization_id=organization_id, source=pieces, dry_run=dry_run
                )
            )
        _raise_refusal(report, dry_run=dry_run)
        return NumberImport(
            written=report.written,
            added=report.added,
            changed=report.changed,
            unchanged=report.unchanged,
            assigned=report.assigned,
            error_count=report.error_count,
            errors=[wrong_line(each) for each in report.errors],
            refusal=refusal_document(report.refused),
        )


def _raise_refusal(report: moving_in.LotImport | moving_in_numbers.NumberImport, *, dry_run: bool) -> None:
    """Raise ProblemError for a file that was to be imported and is refused."""
    refused: Refused | None = report.refused
    if refused is None or dry_run:
        return
    if report.errors:
        raise wrong_lines(report.errors, report.error_count)
    raise ProblemError(refusal_problem(refused))
