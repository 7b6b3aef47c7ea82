"""The paths of an organization's auto-recharge rule, its attempts, and its balance alerts.

Knows fields. Refuses to know what a rule may say, and when it recharges.
"""

from __future__ import annotations

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, recharge_answers
from commcredits.edges.http.administration.access import ActingServices, beside
from commcredits.edges.http.administration.answers import Listing
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.funding import AMOUNT_REFUSALS, agree_on_currency
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery, OptionalKeyHeader
from commcredits.edges.http.administration.recharge_answers import (
    AutoRecharge,
    AutoRechargeSaved,
    BalanceAlerts,
    RechargeAttempt,
)
from commcredits.edges.http.administration.recharge_forms import AutoRechargeToSave, BalanceAlertsToSave
from commcredits.edges.http.administration.refusing import fault, taken
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import balance_alerts, organizations, recharge_attempts, recharging
from commcredits.operations.recharging import RechargeTerms
from commcredits.operations.services import Services

_PATH = "/v1/organizations/{organization_id}/auto-recharge"
_ALERTS = "/v1/organizations/{organization_id}/balance-alerts"


def add_auto_recharge(routes: APIRouter) -> None:
    """Put a rule in force; see how it stands, and what it has done."""
    _add_save(routes)

    @routes.get(
        _PATH,
        tags=[Tag.FUNDS],
        summary="Show the auto-recharge rule, how it stands and what comes next",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, HttpFault.NOT_FOUND),
    )
    async def read_auto_recharge(services: ActingServices, organization_id: Identifier) -> AutoRecharge:
        return await _read(services, organization_id)

    @routes.get(
        f"{_PATH}/attempts",
        tags=[Tag.FUNDS],
        summary="List what auto-recharge has tried, why it failed and what followed, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_recharge_attempts(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[RechargeAttempt]:
        page = taken(
            await recharge_attempts.list_recharge_attempts(
                services, organization_id=organization_id, cursor=cursor, limit=limit
            )
        )
        return answers.listing(page, recharge_answers.recharge_attempt)


def _add_save(routes: APIRouter) -> None:
    @routes.put(
        _PATH,
        tags=[Tag.FUNDS],
        summary="Put an auto-recharge rule in force",
        response_description="The rule holds from now on.",
        responses=guarded_with_json(
            *AMOUNT_REFUSALS,
            RefusalCode.AMOUNT_NOT_PAYABLE,
            RefusalCode.COUNTRY_NOT_AVAILABLE,
            RefusalCode.POST_USAGE,
            RefusalCode.UNKNOWN_PAYMENT_METHOD,
            RefusalCode.PAYMENT_METHOD_NOT_ALLOWED,
            RefusalCode.TRIGGER_NOT_ALLOWED,
            RefusalCode.TARGET_NOT_ALLOWED,
            RefusalCode.CAP_BELOW_AMOUNT,
        ),
    )
    async def save_auto_recharge(
        services: ActingServices, organization_id: Identifier, body: AutoRechargeToSave, key: OptionalKeyHeader = None
    ) -> AutoRechargeSaved:
        await agree_on_currency(services, organization_id, body.currency)
        saved = taken(
            await recharging.save_auto_recharge(
                services,
                organization_id=organization_id,
                command_id=key or services.new_id(),
                terms=RechargeTerms(
                    enabled=body.enabled,
                    mode=body.mode,
                    recharge_amount_micros=body.recharge_amount or 0,
                    target_amount_micros=body.target_amount or 0,
                    trigger_amount_micros=body.trigger_amount,
                    monthly_cap_micros=body.monthly_cap,
                    payment_method_id=body.payment_method,
                    backup_payment_method_id=body.backup_payment_method or "",
                    expiry_ahead_days=body.expiry_ahead_days,
                ),
            )
        )
        rule = await _read(services, organization_id)
        return AutoRechargeSaved(**rule.model_dump(), recharge_started=saved.recharge_started)


def add_balance_alerts(routes: APIRouter) -> None:
    """Choose the amounts that are told of; see them."""

    @routes.put(
        _ALERTS,
        tags=[Tag.FUNDS],
        summary="Choose below which balances somebody is told",
        description="That nothing is left is told in any case. Each alert is told once per fall of the posted balance.",
        response_description="These amounts hold from now on.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.CONFLICT),
    )
    async def save_balance_alerts(
        services: ActingServices, organization_id: Identifier, body: BalanceAlertsToSave, key: OptionalKeyHeader = None
    ) -> BalanceAlerts:
        taken(
            await balance_alerts.save_balance_alerts(
                services,
                organization_id=organization_id,
                command_id=key or services.new_id(),
                amounts_micros=body.amounts,
            )
        )
        return await _alerts(services, organization_id)

    @routes.get(
        _ALERTS,
        tags=[Tag.FUNDS],
        summary="Show below which balances somebody is told",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def read_balance_alerts(services: ActingServices, organization_id: Identifier) -> BalanceAlerts:
        return await _alerts(services, organization_id)


async def _read(services: Services, organization_id: str) -> AutoRecharge:
    organization = taken(
        await organizations.get_organization(beside(services, organization_id), organization_id=organization_id)
    )
    rule = taken(await recharging.read_auto_recharge(services, organization_id=organization_id))
    if rule is None:
        raise fault(HttpFault.NOT_FOUND, "The organization has no auto-recharge rule.")
    return recharge_answers.auto_recharge(rule, organization.currency)


async def _alerts(services: Services, organization_id: str) -> BalanceAlerts:
    organization = taken(
        await organizations.get_organization(beside(services, organization_id), organization_id=organization_id)
    )
    alerts = taken(await balance_alerts.read_balance_alerts(services, organization_id=organization_id))
    return recharge_answers.balance_alerts(alerts, organization.currency)
