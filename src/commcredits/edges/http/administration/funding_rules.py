"""The paths of what the operator lets happen with funds: adjustments, vouchers, currency, billing, closing.

Knows fields, statuses and by whose token a request came. Refuses to know who has to agree to what.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, funding_rule_answers, report_answers
from commcredits.edges.http.administration.access import ActingOperator, ActingServices
from commcredits.edges.http.administration.answers import Listing, Organization
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.funding import agree_on_currency
from commcredits.edges.http.administration.funding_rule_answers import (
    Adjustment,
    Closing,
    IssuedVouchers,
    RedeemedVoucher,
    Voucher,
    VoucherBatch,
)
from commcredits.edges.http.administration.funding_rule_forms import (
    AdjustmentToRequest,
    BillingToSet,
    ClosingToBegin,
    CurrencyToSet,
    StateQuery,
    VouchersToIssue,
    VoucherToName,
)
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.report_answers import Balance
from commcredits.operations import adjustments, billing_terms, closing, reports, voucher_batches, vouchers
from commcredits.operations.vouchers import VoucherTerms

_ORGANIZATION: Final = "/v1/organizations/{organization_id}"
_ADJUSTMENT: Final = f"{_ORGANIZATION}/adjustments/{{adjustment_id}}"
_UNKNOWN: Final = RefusalCode.UNKNOWN_ORGANIZATION
_CLOSED: Final = RefusalCode.ORGANIZATION_CLOSED


def add_adjustments(routes: APIRouter) -> None:
    """Give or take funds by hand; agree to it."""

    @routes.post(
        f"{_ORGANIZATION}/adjustments",
        tags=[Tag.FUNDS],
        summary="Give or take funds by hand",
        description="Up to the operator's limit it is applied at once; beyond, it is pending until somebody else "
        "approves it. See its state.",
        status_code=HTTPStatus.CREATED,
        response_description="It is written down.",
        responses=guarded_with_json(
            _UNKNOWN, _CLOSED, RefusalCode.CONFLICT, RefusalCode.CURRENCY_MISMATCH, RefusalCode.SANDBOX_NOT_ALLOWED
        ),
    )
    async def request_adjustment(
        services: ActingServices,
        organization_id: Identifier,
        body: AdjustmentToRequest,
        key: KeyHeader,
        operator: ActingOperator,
    ) -> Adjustment:
        await agree_on_currency(services, organization_id, body.currency)
        requested = await adjustments.request_adjustment(
            services,
            organization_id=organization_id,
            command_id=key,
            amount_micros=body.amount,
            reason=body.reason,
            requested_by=operator,
        )
        return funding_rule_answers.adjustment(taken(requested))

    @routes.get(
        f"{_ORGANIZATION}/adjustments",
        tags=[Tag.FUNDS],
        summary="List an organization's adjustments, newest first",
        responses=guarded(_UNKNOWN),
    )
    async def list_adjustments(
        services: ActingServices,
        organization_id: Identifier,
        state: StateQuery = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Adjustment]:
        page = await adjustments.list_adjustments(
            services, organization_id=organization_id, cursor=cursor, limit=limit, state=state
        )
        return answers.listing(taken(page), funding_rule_answers.adjustment)

    _add_adjustment(routes)


def _add_adjustment(routes: APIRouter) -> None:
    @routes.get(
        _ADJUSTMENT,
        tags=[Tag.FUNDS],
        summary="Show an adjustment",
        responses=guarded(RefusalCode.UNKNOWN_ADJUSTMENT),
    )
    async def get_adjustment(
        services: ActingServices, organization_id: Identifier, adjustment_id: Identifier
    ) -> Adjustment:
        found = await adjustments.get_adjustment(services, organization_id=organization_id, adjustment_id=adjustment_id)
        return funding_rule_answers.adjustment(taken(found))

    @routes.post(
        f"{_ADJUSTMENT}/approval",
        tags=[Tag.FUNDS],
        summary="Agree to an adjustment that somebody else has asked for",
        responses=guarded(
            RefusalCode.UNKNOWN_ADJUSTMENT,
            RefusalCode.SECOND_PERSON_REQUIRED,
            _CLOSED,
            RefusalCode.ADJUSTMENT_SETTLED,
            RefusalCode.CURRENCY_MISMATCH,
        ),
    )
    async def approve_adjustment(
        services: ActingServices, organization_id: Identifier, adjustment_id: Identifier, operator: ActingOperator
    ) -> Adjustment:
        approved = await adjustments.approve_adjustment(
            services, organization_id=organization_id, adjustment_id=adjustment_id, approved_by=operator
        )
        return funding_rule_answers.adjustment(taken(approved))

    @routes.post(
        f"{_ADJUSTMENT}/rejection",
        tags=[Tag.FUNDS],
        summary="Do not agree to an adjustment, or take one's own back",
        responses=guarded(RefusalCode.UNKNOWN_ADJUSTMENT, RefusalCode.ADJUSTMENT_SETTLED),
    )
    async def reject_adjustment(
        services: ActingServices, organization_id: Identifier, adjustment_id: Identifier, operator: ActingOperator
    ) -> Adjustment:
        rejected = await adjustments.reject_adjustment(
            services, organization_id=organization_id, adjustment_id=adjustment_id, rejected_by=operator
        )
        return funding_rule_answers.adjustment(taken(rejected))


def add_vouchers(routes: APIRouter) -> None:
    """Issue vouchers, see and void them, redeem one."""

    @routes.post(
        "/v1/voucher-batches",
        tags=[Tag.FUNDS],
        summary="Issue vouchers",
        description="The codes are in this answer and nowhere else. The same key again is a conflict that names the "
        "batch: void it when its codes were lost on the way.",
        status_code=HTTPStatus.CREATED,
        response_description="They can be redeemed.",
        responses=guarded_with_json(
            RefusalCode.CONFLICT, RefusalCode.AMOUNT_BELOW_MINIMUM, RefusalCode.AMOUNT_ABOVE_MAXIMUM
        ),
    )
    async def issue_vouchers(
        services: ActingServices, body: VouchersToIssue, key: KeyHeader, operator: ActingOperator
    ) -> IssuedVouchers:
        terms = VoucherTerms(
            quantity=body.quantity,
            amount_micros=body.amount,
            currency=body.currency,
            redeem_until=body.redeem_until,
            lot_days=body.lot_days,
            note=body.note,
        )
        issued = await vouchers.issue_vouchers(services, command_id=key, terms=terms, issued_by=operator)
        return funding_rule_answers.issued_vouchers(taken(issued))

    @routes.get(
        "/v1/voucher-batches",
        tags=[Tag.FUNDS],
        summary="List batches of vouchers, newest first",
        responses=guarded(),
    )
    async def list_voucher_batches(
        services: ActingServices, cursor: CursorQuery = None, limit: LimitQuery = PAGE_ITEMS_DEFAULT
    ) -> Listing[VoucherBatch]:
        page = await voucher_batches.list_voucher_batches(services, cursor=cursor, limit=limit)
        return answers.listing(taken(page), funding_rule_answers.voucher_batch)

    _add_voiding(routes)
    _add_redemption(routes)


def _add_voiding(routes: APIRouter) -> None:
    @routes.post(
        "/v1/voucher-batches/{batch_id}/voiding",
        tags=[Tag.FUNDS],
        summary="Make all open vouchers of a batch worthless",
        responses=guarded(RefusalCode.VOUCHER_NOT_VALID),
    )
    async def void_voucher_batch(
        services: ActingServices, batch_id: Identifier, operator: ActingOperator
    ) -> VoucherBatch:
        voided = await voucher_batches.void_voucher_batch(services, batch_id=batch_id, voided_by=operator)
        return funding_rule_answers.voucher_batch(taken(voided))

    @routes.post(
        "/v1/vouchers/voiding",
        tags=[Tag.FUNDS],
        summary="Make a voucher worthless",
        responses=guarded_with_json(RefusalCode.VOUCHER_NOT_VALID),
    )
    async def void_voucher(services: ActingServices, body: VoucherToName, operator: ActingOperator) -> Voucher:
        voided = await voucher_batches.void_voucher(services, code=body.code, voided_by=operator)
        return funding_rule_answers.voucher(taken(voided))

    @routes.post(
        "/v1/vouchers/search",
        tags=[Tag.FUNDS],
        summary="Show what became of a voucher",
        responses=guarded_with_json(RefusalCode.VOUCHER_NOT_VALID),
    )
    async def find_voucher(services: ActingServices, body: VoucherToName) -> Voucher:
        return funding_rule_answers.voucher(taken(await voucher_batches.find_voucher(services, code=body.code)))


def _add_redemption(routes: APIRouter) -> None:
    @routes.post(
        f"{_ORGANIZATION}/voucher-redemptions",
        tags=[Tag.FUNDS],
        summary="Turn a voucher into promotional funds",
        description="The same code again gets the same answer. Ten wrong codes within an hour are the last ones.",
        status_code=HTTPStatus.CREATED,
        response_description="The funds are there.",
        responses=guarded_with_json(
            _UNKNOWN,
            _CLOSED,
            RefusalCode.VOUCHER_NOT_VALID,
            RefusalCode.TOO_MANY_LOTS,
            RefusalCode.AMOUNT_ABOVE_MAXIMUM,
            RefusalCode.TOO_MANY_ATTEMPTS,
            RefusalCode.SANDBOX_NOT_ALLOWED,
        ),
    )
    async def redeem_voucher(
        services: ActingServices, organization_id: Identifier, body: VoucherToName
    ) -> RedeemedVoucher:
        redeemed = await vouchers.redeem_voucher(services, organization_id=organization_id, code=body.code)
        return funding_rule_answers.redeemed_voucher(taken(redeemed))


def add_billing_terms(routes: APIRouter) -> None:
    """In which currency an organization pays, before or after use, and its end."""

    @routes.put(
        f"{_ORGANIZATION}/currency",
        tags=[Tag.ORGANIZATIONS],
        summary="Change the currency of an organization that never had funds",
        description="Its auto-recharge rule is switched off, and a rate deck of another currency is taken away.",
        responses=guarded_with_json(_UNKNOWN, _CLOSED, RefusalCode.CURRENCY_FIXED),
    )
    async def change_currency(
        services: ActingServices, organization_id: Identifier, body: CurrencyToSet
    ) -> Organization:
        changed = await billing_terms.change_currency(services, organization_id=organization_id, currency=body.currency)
        return answers.organization(taken(changed))

    @routes.put(
        f"{_ORGANIZATION}/billing",
        tags=[Tag.ORGANIZATIONS],
        summary="Let an organization pay after use, or in advance again",
        description="What is left drains first. The same again under another key opens the line of credit anew.",
        responses=guarded_with_json(_UNKNOWN, _CLOSED, RefusalCode.CONFLICT, RefusalCode.SANDBOX_NOT_ALLOWED),
    )
    async def switch_billing(
        services: ActingServices, organization_id: Identifier, body: BillingToSet, key: KeyHeader
    ) -> Balance:
        taken(
            await billing_terms.switch_billing(
                services,
                organization_id=organization_id,
                command_id=key,
                post_usage=body.post_usage,
                credit_line_micros=body.credit_line or 0,
            )
        )
        return report_answers.balance(taken(await reports.read_balance(services, organization_id=organization_id)))

    _add_closing(routes)


def _add_closing(routes: APIRouter) -> None:
    @routes.put(
        f"{_ORGANIZATION}/closing",
        tags=[Tag.ORGANIZATIONS],
        summary="Close an organization",
        description="New calls and purchases are refused at once; it is closed when running calls have ended and what "
        "is left has gone. For good.",
        responses=guarded_with_json(_UNKNOWN),
    )
    async def close_organization(
        services: ActingServices, organization_id: Identifier, body: ClosingToBegin, operator: ActingOperator
    ) -> Closing:
        begun = await closing.close_organization(
            services, organization_id=organization_id, requested_by=operator, remainder=body.remainder
        )
        return funding_rule_answers.closing_of(taken(begun))

    @routes.get(
        f"{_ORGANIZATION}/closing",
        tags=[Tag.ORGANIZATIONS],
        summary="Show how far an organization's closing is",
        responses=guarded(_UNKNOWN),
    )
    async def get_closing(services: ActingServices, organization_id: Identifier) -> Closing:
        return funding_rule_answers.closing_of(
            taken(await closing.get_closing(services, organization_id=organization_id))
        )
