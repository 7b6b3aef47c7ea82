"""The path that payment gateways send their messages to.

Knows headers and exact bytes. Refuses to read them: the gateway's own plug-in proves where they come from, and the
operation asks the gateway back before it believes anything.
"""

from __future__ import annotations

from fastapi import APIRouter, Request

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration.answers import Changed
from commcredits.edges.http.administration.bodies import WEBHOOK_BYTES_MAX, read_body
from commcredits.edges.http.administration.documenting import ALWAYS, Tag, problems
from commcredits.edges.http.administration.forms import GatewayName
from commcredits.edges.http.administration.refusing import fault, taken
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import payment_messages
from commcredits.operations.services import Services


def add_gateways(routes: APIRouter, services: Services) -> None:
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
    async def receive_webhook(name: GatewayName, request: Request) -> Changed:
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
