"""The paths of webhook endpoints and of the log of deliveries to them.

Knows fields and statuses. Refuses to know where webhooks may go and how they are signed. A secret is answered where it
was just made, and nowhere else.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, telling_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.telling_answers import Delivery, Endpoint, EndpointWithSecret
from commcredits.edges.http.administration.telling_forms import DeliveryState
from commcredits.edges.http.administration.telling_requests import EndpointToSave
from commcredits.operations import webhook_deliveries, webhook_endpoints

_ENDPOINTS: Final = "/v1/organizations/{organization_id}/webhook-endpoints"
_ENDPOINT: Final = f"{_ENDPOINTS}/{{endpoint_id}}"
_DELIVERIES: Final = "/v1/organizations/{organization_id}/webhook-deliveries"
_UNKNOWN: Final = (RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_ENDPOINT)


def add_webhook_endpoints(routes: APIRouter) -> None:
    """See, add, change and remove webhook endpoints, and switch them."""

    @routes.get(
        _ENDPOINTS,
        tags=[Tag.NOTICES],
        summary="List an organization's webhook endpoints",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_webhook_endpoints(services: ActingServices, organization_id: Identifier) -> Listing[Endpoint]:
        found = await webhook_endpoints.list_endpoints(services, organization_id=organization_id)
        return answers.whole_listing(taken(found), telling_answers.endpoint)

    @routes.post(
        _ENDPOINTS,
        tags=[Tag.NOTICES],
        summary="Add a webhook endpoint",
        description="Deliveries are signed as Standard Webhooks says, with the secret of the answer, which is shown "
        f"this once. An organization has at most {webhook_endpoints.ENDPOINTS_MAX} endpoints.",
        status_code=HTTPStatus.CREATED,
        response_description="The endpoint is told of these kinds from now on.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.ADDRESS_NOT_ALLOWED),
    )
    async def add_webhook_endpoint(
        services: ActingServices, organization_id: Identifier, body: EndpointToSave
    ) -> EndpointWithSecret:
        added = await webhook_endpoints.add_endpoint(
            services,
            organization_id=organization_id,
            url=body.url,
            description=body.description,
            kinds=body.kinds or (),
        )
        return telling_answers.endpoint_with_secret(taken(added))

    @routes.put(
        _ENDPOINT,
        tags=[Tag.NOTICES],
        summary="Change a webhook endpoint",
        description="The fields are replaced as a whole; the secret stays. What waits goes to the new address.",
        response_description="The endpoint as it is now.",
        responses=guarded_with_json(*_UNKNOWN, RefusalCode.ADDRESS_NOT_ALLOWED),
    )
    async def change_webhook_endpoint(
        services: ActingServices, organization_id: Identifier, endpoint_id: Identifier, body: EndpointToSave
    ) -> Endpoint:
        changed = await webhook_endpoints.change_endpoint(
            services,
            organization_id=organization_id,
            endpoint_id=endpoint_id,
            url=body.url,
            description=body.description,
            kinds=body.kinds or (),
        )
        return telling_answers.endpoint(taken(changed))

    _add_switching(routes)


def _add_switching(routes: APIRouter) -> None:
    @routes.delete(
        _ENDPOINT,
        tags=[Tag.NOTICES],
        summary="Remove a webhook endpoint",
        description="The log of what was delivered to it is forgotten with it.",
        response_description="It is gone.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def remove_webhook_endpoint(
        services: ActingServices, organization_id: Identifier, endpoint_id: Identifier
    ) -> Changed:
        done = await webhook_endpoints.remove_endpoint(
            services, organization_id=organization_id, endpoint_id=endpoint_id
        )
        return Changed(changed=taken(done).changed)

    @routes.post(
        f"{_ENDPOINT}/rotate-secret",
        tags=[Tag.NOTICES],
        summary="Give a webhook endpoint a new secret",
        description="For 24 hours deliveries carry two signatures, of the new secret and of the one before.",
        response_description="The new secret, which is shown this once.",
        responses=guarded(*_UNKNOWN),
    )
    async def rotate_webhook_secret(
        services: ActingServices, organization_id: Identifier, endpoint_id: Identifier
    ) -> EndpointWithSecret:
        rotated = await webhook_endpoints.rotate_secret(
            services, organization_id=organization_id, endpoint_id=endpoint_id
        )
        return telling_answers.endpoint_with_secret(taken(rotated))

    @routes.post(
        f"{_ENDPOINT}/enable",
        tags=[Tag.NOTICES],
        summary="Have a webhook endpoint take deliveries again",
        description="What failed meanwhile is sent again only where somebody asks for it, delivery by delivery.",
        response_description="The endpoint takes deliveries.",
        responses=guarded(*_UNKNOWN),
    )
    async def enable_webhook_endpoint(
        services: ActingServices, organization_id: Identifier, endpoint_id: Identifier
    ) -> Endpoint:
        enabled = await webhook_endpoints.enable_endpoint(
            services, organization_id=organization_id, endpoint_id=endpoint_id
        )
        return telling_answers.endpoint(taken(enabled))

    _add_disabling(routes)


def _add_disabling(routes: APIRouter) -> None:
    @routes.post(
        f"{_ENDPOINT}/disable",
        tags=[Tag.NOTICES],
        summary="Send a webhook endpoint nothing more",
        description="What waits for it counts as failed.",
        response_description="The endpoint takes no deliveries.",
        responses=guarded(*_UNKNOWN),
    )
    async def disable_webhook_endpoint(
        services: ActingServices, organization_id: Identifier, endpoint_id: Identifier
    ) -> Endpoint:
        disabled = await webhook_endpoints.disable_endpoint(
            services, organization_id=organization_id, endpoint_id=endpoint_id
        )
        return telling_answers.endpoint(taken(disabled))


def add_webhook_deliveries(routes: APIRouter) -> None:
    """See what was delivered, and have it delivered again."""

    @routes.get(
        _DELIVERIES,
        tags=[Tag.NOTICES],
        summary="List webhook deliveries, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_webhook_deliveries(
        services: ActingServices,
        organization_id: Identifier,
        *,
        endpoint_id: Annotated[Identifier | None, Query(description="Those to one endpoint alone.")] = None,
        state: Annotated[DeliveryState | None, Query(description="Those in one state alone.")] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Delivery]:
        page = await webhook_deliveries.list_deliveries(
            services,
            organization_id=organization_id,
            endpoint_id=endpoint_id,
            state=state,
            cursor=cursor,
            limit=limit,
        )
        return answers.listing(taken(page), telling_answers.delivery)

    @routes.post(
        f"{_DELIVERIES}/{{delivery_id}}/resend",
        tags=[Tag.NOTICES],
        summary="Deliver a webhook again",
        description="At once, with the same webhook-id, and with as many tries as a new one.",
        response_description="The delivery waits for its next try.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_DELIVERY),
    )
    async def resend_webhook_delivery(
        services: ActingServices, organization_id: Identifier, delivery_id: Identifier
    ) -> Delivery:
        resent = await webhook_deliveries.resend_delivery(
            services, organization_id=organization_id, delivery_id=delivery_id
        )
        return telling_answers.delivery(taken(resent))
