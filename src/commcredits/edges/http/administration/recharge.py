"""The path of an organization's auto-recharge rule.

Knows fields. Refuses to know what a rule may say, and when it recharges.
"""

from __future__ import annotations

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.answers import AutoRecharge, AutoRechargeSaved
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import Identifier
from commcredits.edges.http.administration.funding import AMOUNT_REFUSALS, agree_on_currency
from commcredits.edges.http.administration.parameters import OptionalKeyHeader
from commcredits.edges.http.administration.refusing import fault, taken
from commcredits.edges.http.administration.requests import AutoRechargeToSave
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import organizations, recharging
from commcredits.operations.services import Services

_PATH = "/v1/organizations/{organization_id}/auto-recharge"


def add_auto_recharge(routes: APIRouter, services: Services) -> None:
    """Put a rule in force; see how it stands."""

    @routes.put(
        _PATH,
        tags=[Tag.FUNDS],
        summary="Put an auto-recharge rule in force",
        response_description="The rule holds from now on.",
        responses=guarded_with_json(
            *AMOUNT_REFUSALS,
            RefusalCode.AMOUNT_NOT_PAYABLE,
            RefusalCode.COUNTRY_NOT_AVAILABLE,
            RefusalCode.UNKNOWN_PAYMENT_METHOD,
            RefusalCode.TRIGGER_NOT_ALLOWED,
            RefusalCode.CAP_BELOW_AMOUNT,
        ),
    )
    async def save_auto_recharge(
        organization_id: Identifier, body: AutoRechargeToSave, key: OptionalKeyHeader = None
    ) -> AutoRechargeSaved:
        await agree_on_currency(services, organization_id, body.currency)
        saved = taken(
            await recharging.save_auto_recharge(
                services,
                organization_id=organization_id,
                command_id=key or services.new_id(),
                enabled=body.enabled,
                recharge_amount_micros=body.recharge_amount,
                trigger_amount_micros=body.trigger_amount,
                monthly_cap_micros=body.monthly_cap,
                payment_method_id=body.payment_method,
            )
        )
        rule = await _read(services, organization_id)
        return AutoRechargeSaved(**rule.model_dump(), recharge_started=saved.recharge_started)

    @routes.get(
        _PATH,
        tags=[Tag.FUNDS],
        summary="Show the auto-recharge rule and how it stands",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, HttpFault.NOT_FOUND),
    )
    async def read_auto_recharge(organization_id: Identifier) -> AutoRecharge:
        return await _read(services, organization_id)


async def _read(services: Services, organization_id: str) -> AutoRecharge:
    organization = taken(await organizations.get_organization(services, organization_id=organization_id))
    rule = taken(await recharging.read_auto_recharge(services, organization_id=organization_id))
    if rule is None:
        raise fault(HttpFault.NOT_FOUND, "The organization has no auto-recharge rule.")
    return answers.auto_recharge(rule, organization.currency)
