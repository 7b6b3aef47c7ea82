"""The paths by which funds come: top-ups and promotional funds.

Knows fields and statuses. Refuses to know when a payment is allowed, and to guess a currency: one that is named must be
the organization's.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Response

from commcredits.core.outcomes import RefusalCode
from commcredits.core.purchases import TopUpState
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.access import ActingServices, beside
from commcredits.edges.http.administration.answers import Listing, Promotion, TopUp
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery
from commcredits.edges.http.administration.refusing import refusal, taken
from commcredits.edges.http.administration.requests import PromotionToGrant, TopUpToMake
from commcredits.operations import funding, organizations
from commcredits.operations.services import Services
from commcredits.storage.payments import TopUpRecord

AMOUNT_REFUSALS = (
    RefusalCode.UNKNOWN_ORGANIZATION,
    RefusalCode.ORGANIZATION_CLOSED,
    RefusalCode.CONFLICT,
    RefusalCode.CURRENCY_MISMATCH,
    RefusalCode.AMOUNT_BELOW_MINIMUM,
    RefusalCode.AMOUNT_ABOVE_MAXIMUM,
    RefusalCode.SANDBOX_NOT_ALLOWED,
)
"""What may be wrong with a request that names an amount."""


def add_top_ups(routes: APIRouter) -> None:
    """Buy funds; see what became of it."""

    @routes.post(
        "/v1/organizations/{organization_id}/top-ups",
        tags=[Tag.FUNDS],
        summary="Buy funds",
        description="Answers once the gateway has said something. The same key buys once.",
        status_code=HTTPStatus.CREATED,
        response_description="The payment succeeded and the funds are there.",
        responses={
            int(HTTPStatus.ACCEPTED): {
                "model": TopUp,
                "description": "The payment is under way, waits for the payer, or its outcome is not known yet; "
                "see its state, and ask again at its path.",
            },
            **guarded_with_json(
                *AMOUNT_REFUSALS,
                RefusalCode.AMOUNT_NOT_PAYABLE,
                RefusalCode.COUNTRY_NOT_AVAILABLE,
                RefusalCode.UNKNOWN_PAYMENT_METHOD,
                RefusalCode.PAYMENT_DECLINED,
                RefusalCode.TOO_MANY_ATTEMPTS,
                RefusalCode.GATEWAY_NOT_READY,
                RefusalCode.POST_USAGE,
                RefusalCode.TOP_UP_OPEN,
                RefusalCode.TOO_MANY_LOTS,
            ),
        },
    )
    async def make_top_up(
        services: ActingServices, organization_id: Identifier, body: TopUpToMake, key: KeyHeader, response: Response
    ) -> TopUp:
        await agree_on_currency(services, organization_id, body.currency)
        top_up = taken(
            await funding.add_funds(
                services,
                organization_id=organization_id,
                command_id=key,
                amount_micros=body.amount,
                payment_method_id=body.payment_method,
            )
        )
        response.status_code = _status_of(top_up)
        response.headers["Location"] = f"/v1/organizations/{organization_id}/top-ups/{top_up.top_up_id}"
        return answers.top_up(top_up)

    _add_top_up_lists(routes)


def _add_top_up_lists(routes: APIRouter) -> None:
    @routes.get(
        "/v1/organizations/{organization_id}/top-ups",
        tags=[Tag.FUNDS],
        summary="List an organization's attempts to buy funds, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_top_ups(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[TopUp]:
        page = taken(await funding.list_top_ups(services, organization_id=organization_id, cursor=cursor, limit=limit))
        return answers.listing(page, answers.top_up)

    @routes.get(
        "/v1/organizations/{organization_id}/top-ups/{top_up_id}",
        tags=[Tag.FUNDS],
        summary="Show an attempt to buy funds",
        responses=guarded(RefusalCode.UNKNOWN_TOP_UP),
    )
    async def get_top_up(services: ActingServices, organization_id: Identifier, top_up_id: Identifier) -> TopUp:
        found = taken(await funding.get_top_up(services, organization_id=organization_id, top_up_id=top_up_id))
        return answers.top_up(found)


def add_promotions(routes: APIRouter) -> None:
    """Give promotional funds."""

    @routes.post(
        "/v1/organizations/{organization_id}/promotions",
        tags=[Tag.FUNDS],
        summary="Grant promotional funds",
        description="They are used before paid ones, and expire when the request says.",
        status_code=HTTPStatus.CREATED,
        response_description="The funds are there.",
        responses=guarded_with_json(*AMOUNT_REFUSALS, RefusalCode.EXPIRY_NOT_ALLOWED, RefusalCode.TOO_MANY_LOTS),
    )
    async def grant_promotion(
        services: ActingServices, organization_id: Identifier, body: PromotionToGrant, key: KeyHeader
    ) -> Promotion:
        await agree_on_currency(services, organization_id, body.currency)
        granted = taken(
            await funding.grant_promotion(
                services,
                organization_id=organization_id,
                command_id=key,
                amount_micros=body.amount,
                expires_at=body.expires_at,
                reason=body.reason,
            )
        )
        return answers.promotion(granted)


async def agree_on_currency(services: Services, organization_id: str, currency: str | None) -> None:
    """Raise ProblemError when a request names a currency that is not the organization's."""
    if currency is None:
        return
    organization = taken(
        await organizations.get_organization(beside(services, organization_id), organization_id=organization_id)
    )
    if currency != organization.currency:
        raise refusal(RefusalCode.CURRENCY_MISMATCH, currency=currency, organization_currency=organization.currency)


def _status_of(top_up: TopUpRecord) -> HTTPStatus:
    """The status that tells where the attempt stands. Raises ProblemError for one that was declined."""
    match top_up.state:
        case TopUpState.SUCCEEDED:
            return HTTPStatus.CREATED
        case TopUpState.DECLINED:
            raise refusal(
                RefusalCode.PAYMENT_DECLINED,
                top_up_id=top_up.top_up_id,
                reason=top_up.reason,
                amount_micros=top_up.amount_micros,
                currency=top_up.currency,
            )
        case _:
            return HTTPStatus.ACCEPTED
