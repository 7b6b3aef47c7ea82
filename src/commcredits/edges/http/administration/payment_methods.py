"""The paths of payment methods: adding one on a gateway's page or by reference, roles, replacing, removing.

Knows fields and statuses. Refuses to know which method may be removed or chosen; the operations do.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, payment_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing, PaymentMethod
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import Identifier
from commcredits.edges.http.administration.parameters import KeyHeader
from commcredits.edges.http.administration.payment_answers import MethodSetup
from commcredits.edges.http.administration.payment_requests import (
    MethodSetupToBegin,
    MethodSetupToFinish,
    MethodToReplace,
    RolesToGive,
)
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.administration.requests import PaymentMethodToAdd
from commcredits.operations import payment_method_roles, payment_methods

_ORGANIZATION: Final = "/v1/organizations/{organization_id}"
_METHODS: Final = f"{_ORGANIZATION}/payment-methods"


def add_payment_methods(routes: APIRouter) -> None:
    """Keep a way to pay by its reference, list those there are."""

    @routes.post(
        _METHODS,
        tags=[Tag.FUNDS],
        summary="Add a payment method that a gateway keeps",
        description="The gateway is asked to describe it. The same reference again gets the same answer. A reference "
        "that belongs to another organization is unknown.",
        status_code=HTTPStatus.CREATED,
        response_description="The organization can pay with it.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_PAYMENT_METHOD,
            RefusalCode.GATEWAY_NOT_READY,
            RefusalCode.SANDBOX_NOT_ALLOWED,
        ),
    )
    async def add_payment_method(
        services: ActingServices, organization_id: Identifier, body: PaymentMethodToAdd
    ) -> PaymentMethod:
        added = taken(
            await payment_methods.add_payment_method(
                services, organization_id=organization_id, gateway=body.gateway, reference=body.reference
            )
        )
        return answers.payment_method(added)

    @routes.get(
        _METHODS,
        tags=[Tag.FUNDS],
        summary="List an organization's payment methods, oldest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_payment_methods(services: ActingServices, organization_id: Identifier) -> Listing[PaymentMethod]:
        methods = taken(await payment_methods.list_payment_methods(services, organization_id=organization_id))
        return answers.whole_listing(methods, answers.payment_method)


def add_method_setups(routes: APIRouter) -> None:
    """Enter a payment method on a gateway's page."""

    @routes.post(
        f"{_ORGANIZATION}/payment-method-setups",
        tags=[Tag.FUNDS],
        summary="Open a gateway's page on which a payment method is entered",
        description="No number of a card ever comes here. When the person is back, finish.",
        status_code=HTTPStatus.CREATED,
        response_description="Send the person to the page.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.CONFLICT,
            RefusalCode.GATEWAY_NOT_READY,
            RefusalCode.SANDBOX_NOT_ALLOWED,
        ),
    )
    async def begin_method_setup(
        services: ActingServices, organization_id: Identifier, body: MethodSetupToBegin, key: KeyHeader
    ) -> MethodSetup:
        begun = await payment_methods.begin_adding_method(
            services,
            organization_id=organization_id,
            command_id=key,
            gateway=body.gateway,
            return_url=body.return_url,
        )
        return payment_answers.method_setup(taken(begun))

    @routes.post(
        f"{_ORGANIZATION}/payment-method-setups/finish",
        tags=[Tag.FUNDS],
        summary="Keep the payment methods that were entered on a gateway's page",
        description="Answers all of the organization's methods at that gateway. May be repeated.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.GATEWAY_NOT_READY),
    )
    async def finish_method_setup(
        services: ActingServices, organization_id: Identifier, body: MethodSetupToFinish
    ) -> Listing[PaymentMethod]:
        kept = await payment_methods.finish_adding_methods(
            services, organization_id=organization_id, gateway=body.gateway
        )
        return answers.whole_listing(taken(kept), answers.payment_method)


def add_method_roles(routes: APIRouter) -> None:
    """Choose, replace, remove."""
    _add_replacement(routes)

    @routes.put(
        f"{_ORGANIZATION}/payment-method-roles",
        tags=[Tag.FUNDS],
        summary="Choose the default payment method and its backup",
        description="Auto-recharge pays with them from now on; where it is on, both must be chargeable while nobody is "
        "there. An attempt that was sent goes on with its own.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_PAYMENT_METHOD,
            RefusalCode.PAYMENT_METHOD_NOT_ALLOWED,
            RefusalCode.CONFLICT,
            RefusalCode.SANDBOX_NOT_ALLOWED,
        ),
    )
    async def choose_payment_methods(
        services: ActingServices, organization_id: Identifier, body: RolesToGive, key: KeyHeader
    ) -> Changed:
        chosen = await payment_method_roles.choose_payment_methods(
            services,
            organization_id=organization_id,
            command_id=key,
            default_id=body.default,
            backup_id=body.backup,
        )
        return Changed(changed=taken(chosen).changed)

    @routes.delete(
        f"{_METHODS}/{{payment_method_id}}",
        tags=[Tag.FUNDS],
        summary="Remove a payment method, here and at its gateway",
        description="Not while auto-recharge pays with it, nor while an attempt with it is open.",
        responses=guarded(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_PAYMENT_METHOD,
            RefusalCode.PAYMENT_METHOD_IN_USE,
        ),
    )
    async def remove_payment_method(
        services: ActingServices, organization_id: Identifier, payment_method_id: Identifier
    ) -> Changed:
        removed = await payment_method_roles.remove_payment_method(
            services, organization_id=organization_id, payment_method_id=payment_method_id
        )
        return Changed(changed=taken(removed).changed)


def _add_replacement(routes: APIRouter) -> None:
    @routes.post(
        f"{_METHODS}/{{payment_method_id}}/replacement",
        tags=[Tag.FUNDS],
        summary="Let another payment method take the place of one, and remove that one",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_PAYMENT_METHOD,
            RefusalCode.PAYMENT_METHOD_NOT_ALLOWED,
            RefusalCode.PAYMENT_METHOD_IN_USE,
            RefusalCode.CONFLICT,
        ),
    )
    async def replace_payment_method(
        services: ActingServices,
        organization_id: Identifier,
        payment_method_id: Identifier,
        body: MethodToReplace,
        key: KeyHeader,
    ) -> PaymentMethod:
        replaced = await payment_method_roles.replace_payment_method(
            services,
            organization_id=organization_id,
            command_id=key,
            payment_method_id=payment_method_id,
            by=body.by,
        )
        return answers.payment_method(taken(replaced))
