"""The paths of payments that wait for somebody, of refunds, and of disputes.

Knows fields and statuses. Refuses to know what may be confirmed or given back; the operations do.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, payment_answers
from commcredits.edges.http.administration.access import ActingOperator, ActingServices
from commcredits.edges.http.administration.answers import Listing, TopUp
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery
from commcredits.edges.http.administration.payment_answers import Dispute, Refund
from commcredits.edges.http.administration.payment_requests import (
    PaymentToConfirm,
    PaymentToReject,
    PaymentToResume,
    RefundToMake,
)
from commcredits.edges.http.administration.refund_requests import WAITING, waiting
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations import by_hand, disputes, payments, refund_asking, refunds
from commcredits.operations.refund_requests import RefundRequest
from commcredits.storage.refunds import RefundRecord

_ORGANIZATION: Final = "/v1/organizations/{organization_id}"
_TOP_UP: Final = f"{_ORGANIZATION}/top-ups/{{top_up_id}}"
_REFUNDS: Final = f"{_ORGANIZATION}/refunds"
_REFUND: Final = f"{_REFUNDS}/{{refund_id}}"


def add_waiting_payments(routes: APIRouter) -> None:
    """Approve a payment, or say by hand what became of it."""

    @routes.post(
        f"{_TOP_UP}/resume",
        tags=[Tag.FUNDS],
        summary="Let the payer, who is present now, approve a payment",
        description="The answer's action_url is a fresh page of the gateway while the payment waits for it.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_TOP_UP, RefusalCode.PAYMENT_NOT_OPEN, RefusalCode.GATEWAY_NOT_READY
        ),
    )
    async def resume_payment(
        services: ActingServices, organization_id: Identifier, top_up_id: Identifier, body: PaymentToResume
    ) -> TopUp:
        resumed = await payments.resume_payment(
            services, organization_id=organization_id, top_up_id=top_up_id, return_url=body.return_url
        )
        return answers.top_up(taken(resumed))

    @routes.post(
        f"{_TOP_UP}/confirm",
        tags=[Tag.FUNDS],
        summary="Confirm that the money of a payment by hand has come",
        description="For bank transfers and purchase orders. The first word stands; the same again is answered again.",
        response_description="The funds are there.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_TOP_UP, RefusalCode.PAYMENT_NOT_OPEN),
    )
    async def confirm_payment(
        services: ActingServices,
        organization_id: Identifier,
        top_up_id: Identifier,
        body: PaymentToConfirm,
        operator: ActingOperator,
    ) -> TopUp:
        confirmed = await by_hand.confirm_payment(
            services,
            organization_id=organization_id,
            top_up_id=top_up_id,
            reference=body.reference,
            confirmed_by=operator,
        )
        return answers.top_up(taken(confirmed))

    _add_rejection(routes)


def _add_rejection(routes: APIRouter) -> None:
    @routes.post(
        f"{_TOP_UP}/reject",
        tags=[Tag.FUNDS],
        summary="Say that the money of a payment by hand will not come",
        response_description="The attempt is closed and grants nothing.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_TOP_UP, RefusalCode.PAYMENT_NOT_OPEN),
    )
    async def reject_payment(
        services: ActingServices,
        organization_id: Identifier,
        top_up_id: Identifier,
        body: PaymentToReject,
        operator: ActingOperator,
    ) -> TopUp:
        rejected = await by_hand.reject_payment(
            services,
            organization_id=organization_id,
            top_up_id=top_up_id,
            reason=body.reason,
            rejected_by=operator,
        )
        return answers.top_up(taken(rejected))


def add_refunds(routes: APIRouter) -> None:
    """Give unused funds back; see what became of it."""

    @routes.post(
        _REFUNDS,
        tags=[Tag.FUNDS],
        summary="Refund what is unused of a top-up, or a part of it",
        description="To the method that paid, tax in proportion. Up to the operator's limit the funds leave the "
        "balance at once, and the refund's state tells what the gateway said; beyond, nothing is taken until somebody "
        "else approves it. The same key refunds once.",
        status_code=HTTPStatus.CREATED,
        response_description="The refund, as it stands.",
        responses=WAITING
        | guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_TOP_UP,
            RefusalCode.NOTHING_TO_REFUND,
            RefusalCode.CONFLICT,
        ),
        response_model=Refund,
    )
    async def refund_top_up(
        services: ActingServices,
        organization_id: Identifier,
        body: RefundToMake,
        key: KeyHeader,
        operator: ActingOperator,
    ) -> Refund | Response:
        refunded = taken(
            await refund_asking.request_refund(
                services,
                organization_id=organization_id,
                command_id=key,
                top_up_id=body.top_up_id,
                amount_micros=body.amount,
                reason=body.reason,
                requested_by=operator,
            )
        )
        if isinstance(refunded, RefundRequest):
            return waiting(refunded)
        assert isinstance(refunded, RefundRecord), refunded
        return payment_answers.refund(refunded)

    _add_refund_reads(routes)


def _add_refund_reads(routes: APIRouter) -> None:
    @routes.get(
        _REFUNDS,
        tags=[Tag.FUNDS],
        summary="List an organization's refunds, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_refunds(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Refund]:
        page = await refunds.list_refunds(services, organization_id=organization_id, cursor=cursor, limit=limit)
        return answers.listing(taken(page), payment_answers.refund)

    @routes.get(_REFUND, tags=[Tag.FUNDS], summary="Show a refund", responses=guarded(RefusalCode.UNKNOWN_REFUND))
    async def get_refund(services: ActingServices, organization_id: Identifier, refund_id: Identifier) -> Refund:
        found = await refunds.find_organizations_refund(services, organization_id=organization_id, refund_id=refund_id)
        return payment_answers.refund(taken(found))


def add_refunds_by_hand(routes: APIRouter) -> None:
    """Say by hand what became of a refund."""

    @routes.post(
        f"{_REFUND}/confirm",
        tags=[Tag.FUNDS],
        summary="Confirm that the money of a refund by hand was sent",
        responses=guarded_with_json(RefusalCode.UNKNOWN_REFUND, RefusalCode.PAYMENT_NOT_OPEN),
    )
    async def confirm_refund(
        services: ActingServices,
        organization_id: Identifier,
        refund_id: Identifier,
        body: PaymentToConfirm,
        operator: ActingOperator,
    ) -> Refund:
        confirmed = await by_hand.confirm_refund(
            services,
            organization_id=organization_id,
            refund_id=refund_id,
            reference=body.reference,
            confirmed_by=operator,
        )
        return payment_answers.refund(taken(confirmed))

    @routes.post(
        f"{_REFUND}/reject",
        tags=[Tag.FUNDS],
        summary="Say that the money of a refund by hand could not be sent",
        response_description="The funds are back in their lot.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_REFUND, RefusalCode.PAYMENT_NOT_OPEN),
    )
    async def reject_refund(
        services: ActingServices,
        organization_id: Identifier,
        refund_id: Identifier,
        body: PaymentToReject,
        operator: ActingOperator,
    ) -> Refund:
        rejected = await by_hand.reject_refund(
            services,
            organization_id=organization_id,
            refund_id=refund_id,
            reason=body.reason,
            rejected_by=operator,
        )
        return payment_answers.refund(taken(rejected))


def add_disputes(routes: APIRouter) -> None:
    """See which payments their payers' banks have asked back."""

    @routes.get(
        f"{_ORGANIZATION}/disputes",
        tags=[Tag.FUNDS],
        summary="List an organization's disputed payments, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_disputes(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Dispute]:
        page = await disputes.list_disputes(services, organization_id=organization_id, cursor=cursor, limit=limit)
        return answers.listing(taken(page), payment_answers.dispute)
