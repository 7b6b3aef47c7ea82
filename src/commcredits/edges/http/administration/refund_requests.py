"""The paths of refunds that wait for a second person: those of purchases, and those of calls.

Knows fields and statuses. Refuses to know who has to agree to what.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.access import ActingOperator, ActingServices
from commcredits.edges.http.administration.answers import (
    Amount,
    Currency,
    Identity,
    Listing,
    Time,
    time,
    time_or_none,
)
from commcredits.edges.http.administration.documenting import Responses, Tag, guarded
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier, word_form
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations import refund_requests
from commcredits.operations.agreeing import RequestState

_REQUESTS: Final = "/v1/organizations/{organization_id}/refund-requests"
_REQUEST: Final = f"{_REQUESTS}/{{refund_request_id}}"

StateQuery = Annotated[
    Annotated[RequestState, word_form(RequestState)] | None,
    Query(alias="state", description="Those in this state alone."),
]


class RefundRequest(BaseModel):
    """A refund that was asked for: of a purchase (``top_up_id``) or of a call (``session_id``), net.

    ``asked`` null asks for all that is unused of a purchase; ``used_seconds`` of a call stay charged. ``amount`` is
    what that came to when it was asked for. ``refund_id`` is the refund that became of it; ``refusal`` says why the
    account refused it, and ``left`` how much of the purchase was unused then.
    """

    refund_request_id: Identity
    organization_id: Identity
    top_up_id: Identity | None
    session_id: str | None
    asked: Amount | None
    used_seconds: Annotated[int, Field(ge=0)] | None
    amount: Amount
    currency: Currency
    reason: str
    state: RequestState
    requested_by: str
    requested_at: Time
    decided_by: str
    decided_at: Time | None
    refund_id: Identity | None
    refusal: str
    left: Amount | None


WAITING: Final[Responses] = {
    int(HTTPStatus.ACCEPTED): {
        "model": RefundRequest,
        "description": "It waits for a second person, or was decided by one; its state says which.",
    }
}
"""The answer to a refund that was not one person's to make."""


def waiting(record: refund_requests.RefundRequest) -> JSONResponse:
    """A request as the answer to whoever has asked for a refund."""
    place = f"/v1/organizations/{record.organization_id}/refund-requests/{record.refund_request_id}"
    return JSONResponse(
        _answer(record).model_dump(mode="json"), status_code=HTTPStatus.ACCEPTED, headers={"Location": place}
    )


def add_refund_requests(routes: APIRouter) -> None:
    """See refunds that were asked for; agree to them, or do not."""

    @routes.get(
        _REQUESTS,
        tags=[Tag.FUNDS],
        summary="List the refunds that people of the operator asked for, newest first",
        description="Of purchases and of calls; also those within the limit of one person.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_refund_requests(
        services: ActingServices,
        organization_id: Identifier,
        state: StateQuery = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[RefundRequest]:
        page = await refund_requests.list_refund_requests(
            services, organization_id=organization_id, cursor=cursor, limit=limit, state=state
        )
        return answers.listing(taken(page), _answer)

    @routes.get(
        _REQUEST,
        tags=[Tag.FUNDS],
        summary="Show a refund that was asked for",
        responses=guarded(RefusalCode.UNKNOWN_REFUND),
    )
    async def get_refund_request(
        services: ActingServices, organization_id: Identifier, refund_request_id: Identifier
    ) -> RefundRequest:
        found = await refund_requests.get_refund_request(
            services, organization_id=organization_id, refund_request_id=refund_request_id
        )
        return _answer(taken(found))

    _add_decisions(routes)


def _add_decisions(routes: APIRouter) -> None:
    @routes.post(
        f"{_REQUEST}/approval",
        tags=[Tag.FUNDS],
        summary="Agree to a refund that somebody else has asked for",
        description="It is carried out at once. Where less is left than was asked for, it is refused, not reduced.",
        responses=guarded(
            RefusalCode.UNKNOWN_REFUND,
            RefusalCode.SECOND_PERSON_REQUIRED,
            RefusalCode.REFUND_SETTLED,
            RefusalCode.NOTHING_TO_REFUND,
            RefusalCode.CURRENCY_MISMATCH,
        ),
    )
    async def approve_refund_request(
        services: ActingServices, organization_id: Identifier, refund_request_id: Identifier, operator: ActingOperator
    ) -> RefundRequest:
        approved = await refund_requests.approve_refund_request(
            services, organization_id=organization_id, refund_request_id=refund_request_id, approved_by=operator
        )
        return _answer(taken(approved))

    @routes.post(
        f"{_REQUEST}/rejection",
        tags=[Tag.FUNDS],
        summary="Do not agree to a refund, or take one's own request back",
        responses=guarded(RefusalCode.UNKNOWN_REFUND, RefusalCode.REFUND_SETTLED),
    )
    async def reject_refund_request(
        services: ActingServices, organization_id: Identifier, refund_request_id: Identifier, operator: ActingOperator
    ) -> RefundRequest:
        rejected = await refund_requests.reject_refund_request(
            services, organization_id=organization_id, refund_request_id=refund_request_id, rejected_by=operator
        )
        return _answer(taken(rejected))


def _answer(record: refund_requests.RefundRequest) -> RefundRequest:
    """A request as it is answered."""
    return RefundRequest(
        refund_request_id=record.refund_request_id,
        organization_id=record.organization_id,
        top_up_id=record.top_up_id,
        session_id=record.session_id,
        asked=None if record.asked_micros is None else format_micros(record.asked_micros),
        used_seconds=record.used_seconds,
        amount=format_micros(record.amount_micros),
        currency=record.currency,
        reason=record.reason,
        state=record.state,
        requested_by=record.requested_by,
        requested_at=time(record.requested_at),
        decided_by=record.decided_by,
        decided_at=time_or_none(record.decided_at),
        refund_id=record.refund_id,
        refusal=record.refusal,
        left=None if record.left_micros is None else format_micros(record.left_micros),
    )
