"""The path that payment gateways send their messages to, and what the operator sees of what they told.

Knows headers and exact bytes. Refuses to read them: the gateway's own plug-in proves where they come from, and the
operation asks the gateway back before it believes anything.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration import answers, payment_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing
from commcredits.edges.http.administration.bodies import WEBHOOK_BYTES_MAX, read_body
from commcredits.edges.http.administration.documenting import ALWAYS, Tag, guarded, problems
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, GatewayName, Identifier, word_form
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.payment_answers import GatewayEvent, GatewayPayout
from commcredits.edges.http.administration.refusing import fault, taken
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import payment_messages, sweeping
from commcredits.storage.gateway_records import EventState

GatewayQuery = Annotated[GatewayName | None, Query(description="Of this gateway alone.")]
StateQuery = Annotated[Annotated[EventState, word_form(EventState)] | None, Query(description="In this state alone.")]


def add_gateways(routes: APIRouter) -> None:
    """Take a gateway's message."""

    @routes.post(
        "/v1/gateways/{name}/webhooks",
        tags=[Tag.GATEWAYS],
        summary="Take a message of a payment gateway",
        description="No token: the gateway's signature proves the message, which only makes us ask the gateway itself.",
        response_description="The message was taken.",
        responses=problems(
            *ALWAYS,
            HttpFault.MESSAGE_NOT_PROVEN,
            HttpFault.NOT_FOUND,
            HttpFault.REQUEST_TIMEOUT,
            HttpFault.PAYLOAD_TOO_LARGE,
            RefusalCode.INVALID_INPUT,
        ),
        openapi_extra={
            "security": [],
            "requestBody": {
                "required": True,
                "description": "Whatever the gateway sends.",
                "content": {"*/*": {"schema": {}}},
            },
        },
    )
    async def receive_webhook(services: ActingServices, name: GatewayName, request: Request) -> Changed:
        if name not in services.gateways:
            raise fault(HttpFault.NOT_FOUND, "There is no gateway of this name.")
        raw_body = await read_body(request, bytes_max=WEBHOOK_BYTES_MAX)
        outcome = await payment_messages.receive_webhook(
            services, gateway=name, headers=dict(request.headers), raw_body=raw_body
        )
        if isinstance(outcome, Refused) and outcome.code is RefusalCode.INVALID_INPUT:
            # Why it was not believed stays here: whoever forges messages learns nothing from the answer.
            raise fault(HttpFault.MESSAGE_NOT_PROVEN)
        return Changed(changed=taken(outcome).changed)


def add_gateway_records(routes: APIRouter) -> None:
    """See what gateways have told of; deal with an event again."""

    @routes.get(
        "/v1/gateway-events",
        tags=[Tag.GATEWAYS],
        summary="List what gateways have told of, newest first",
        description="Each event once, whether a message or the gateway's own list brought it.",
        responses=guarded(),
    )
    async def list_gateway_events(
        services: ActingServices,
        gateway: GatewayQuery = None,
        state: StateQuery = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[GatewayEvent]:
        page = await payment_messages.list_gateway_events(
            services, gateway=gateway, state=None if state is None else state.value, cursor=cursor, limit=limit
        )
        return answers.listing(taken(page), payment_answers.gateway_event)

    @routes.post(
        "/v1/gateway-events/{gateway_event_id}/process",
        tags=[Tag.GATEWAYS],
        summary="Deal with an event now, whatever came of it before",
        responses=guarded(),
    )
    async def process_gateway_event(services: ActingServices, gateway_event_id: Identifier) -> GatewayEvent:
        dealt = await payment_messages.deal_again_with(services, gateway_event_id=gateway_event_id)
        return payment_answers.gateway_event(taken(dealt))

    @routes.get(
        "/v1/gateway-payouts",
        tags=[Tag.GATEWAYS],
        summary="List what gateways have sent to the operator's bank account, latest arrival first",
        responses=guarded(),
    )
    async def list_gateway_payouts(
        services: ActingServices,
        gateway: GatewayQuery = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[GatewayPayout]:
        page = await sweeping.list_payouts(services, gateway=gateway, cursor=cursor, limit=limit)
        return answers.listing(taken(page), payment_answers.gateway_payout)
