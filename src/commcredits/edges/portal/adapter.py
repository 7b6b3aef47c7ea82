"""The portal's questions, answered by the operations.

Knows how the operations' records become the portal's views. Refuses to hold rules: what may be done, and why not, comes
from the operations as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.method_adapter import ServicesForMethods
from commcredits.edges.portal.ports import (
    LOTS_SHOWN_MAX,
    ROWS_SHOWN_MAX,
    BalanceView,
    CallView,
    CreditsOverview,
    DayOfConsumptionView,
    LotView,
    OrganizationsView,
    OrganizationView,
    PaymentMethodView,
    TopUpLimitsView,
    TopUpView,
)
from commcredits.edges.portal.receipt_adapter import ReceiptsForPortal
from commcredits.edges.portal.recharge_adapter import RechargesForPortal, rule_view
from commcredits.operations.billing_details import purchase_tax
from commcredits.operations.funding import add_funds, list_top_ups
from commcredits.operations.organizations import Organization, get_organization, list_organizations
from commcredits.operations.paging import Page
from commcredits.operations.payment_methods import list_payment_methods
from commcredits.operations.receipts import find_receipt_numbers
from commcredits.operations.recharging import read_auto_recharge
from commcredits.operations.reports import (
    Balance,
    CallRecord,
    LotRecord,
    consumption_by_day,
    list_calls,
    list_lots,
    read_balance,
)
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord

CONSUMPTION_DAYS = 30
"""How many days of consumption the page draws."""


class ServicesForPortal(ServicesForMethods, RechargesForPortal, ReceiptsForPortal):
    """The portal's operations over the product's services."""

    async def list_organizations(self, *, cursor: str | None, limit: int) -> OrganizationsView | Refused:
        """Organizations in order of name."""
        page = await list_organizations(self._services, cursor=cursor, limit=limit)
        if isinstance(page, Refused):
            return page
        items = tuple(_organization_view(organization) for organization in page.items)
        return OrganizationsView(items=items, next_cursor=page.next_cursor)

    async def organization(self, organization_id: str) -> OrganizationView | Refused:
        """The organization alone."""
        organization = await get_organization(self._services, organization_id=organization_id)
        return organization if isinstance(organization, Refused) else _organization_view(organization)

    async def balance(self, organization_id: str) -> BalanceView | Refused:
        """The balance alone."""
        balance = await read_balance(self._services, organization_id=organization_id)
        return balance if isinstance(balance, Refused) else _balance_view(balance)

    async def credits_overview(self, organization_id: str) -> CreditsOverview | Refused:
        """All that the page shows."""
        services = self._services
        organization = await get_organization(services, organization_id=organization_id)
        if isinstance(organization, Refused):
            return organization
        balance = await read_balance(services, organization_id=organization_id)
        methods = await list_payment_methods(services, organization_id=organization_id)
        rule = await read_auto_recharge(services, organization_id=organization_id)
        lots = await list_lots(services, organization_id=organization_id)
        top_ups = await list_top_ups(services, organization_id=organization_id, cursor=None, limit=ROWS_SHOWN_MAX)
        calls = await list_calls(services, organization_id=organization_id, cursor=None, limit=ROWS_SHOWN_MAX)
        calls_shown = not (isinstance(calls, Refused) and calls.code is RefusalCode.NOT_PERMITTED)
        if not calls_shown:
            calls = Page(items=(), next_cursor=None)
        days = await consumption_by_day(services, organization_id=organization_id, days=CONSUMPTION_DAYS)
        tax = await purchase_tax(services, organization_id=organization_id)
        for each in (balance, methods, rule, lots, top_ups, calls, days, tax):
            if isinstance(each, Refused):
                return each
        assert not isinstance(balance, Refused)
        assert not isinstance(methods, Refused)
        assert not isinstance(rule, Refused)
        assert not isinstance(lots, Refused)
        assert not isinstance(top_ups, Refused)
        assert not isinstance(calls, Refused)
        assert not isinstance(days, Refused)
        assert not isinstance(tax, Refused)
        top_up_ids = [top_up.top_up_id for top_up in top_ups.items]
        receipts = await find_receipt_numbers(services, organization_id=organization_id, top_up_ids=top_up_ids)
        if isinstance(receipts, Refused):
            return receipts
        this_month = days[-1].day.replace(day=1) if days else None
        terms = services.funding
        return CreditsOverview(
            organization=_organization_view(organization),
            as_of=balance.as_of,
            balance=_balance_view(balance),
            limits=TopUpLimitsView(
                minimum_micros=terms.top_up_minimum_micros.get(
                    organization.currency, terms.top_up_minimum_default_micros
                ),
                maximum_micros=terms.top_up_maximum_micros,
            ),
            payment_methods=tuple(_method_view(each) for each in sorted(methods, key=lambda each: not each.is_default)),
            auto_recharge=None if rule is None else rule_view(rule),
            lots=tuple(_lot_view(lot) for lot in lots[:LOTS_SHOWN_MAX]),
            lot_count=len(lots),
            top_ups=tuple(self._top_up_view(top_up, receipts) for top_up in top_ups.items),
            calls=tuple(_call_view(call) for call in calls.items),
            consumption=tuple(DayOfConsumptionView(day=each.day, charged_micros=each.charged_micros) for each in days),
            consumed_this_month_micros=sum(
                each.charged_micros for each in days if this_month is not None and each.day >= this_month
            ),
            purchase_tax=tax,
            calls_shown=calls_shown,
        )

    async def add_funds(
        self, organization_id: str, *, amount_micros: int, payment_method: str, command_id: str
    ) -> TopUpView | Refused:
        """Buy funds by hand."""
        top_up = await add_funds(
            self._services,
            organization_id=organization_id,
            command_id=command_id,
            amount_micros=amount_micros,
            payment_method_id=payment_method,
        )
        return top_up if isinstance(top_up, Refused) else self._top_up_view(top_up, {})

    def _top_up_view(self, top_up: TopUpRecord, receipts: Mapping[str, str]) -> TopUpView:
        return TopUpView(
            top_up_id=top_up.top_up_id,
            kind=top_up.kind,
            state=top_up.state,
            amount_micros=top_up.amount_micros,
            currency=top_up.currency,
            brand=top_up.brand,
            last4=top_up.last4,
            created_at=top_up.created_at,
            reason=top_up.reason,
            action_url=top_up.action_url,
            tax_micros=top_up.tax.micros,
            receipt_number=receipts.get(top_up.top_up_id, ""),
            by_hand=self.is_by_hand(top_up.gateway),
        )


def _organization_view(organization: Organization) -> OrganizationView:
    return OrganizationView(
        organization_id=organization.organization_id,
        name=organization.name,
        country=organization.country,
        currency=organization.currency,
        time_zone=organization.time_zone,
        status=organization.status,
    )


def _balance_view(balance: Balance) -> BalanceView:
    return BalanceView(
        posted_micros=balance.posted_micros,
        held_micros=balance.held_micros,
        available_micros=balance.available_micros,
        owed_micros=balance.owed_micros,
        post_usage=balance.post_usage,
        credit_line_micros=balance.credit_line_micros,
        credit_line_used_micros=balance.credit_line_used_micros,
    )


def _method_view(method: PaymentMethodRecord) -> PaymentMethodView:
    return PaymentMethodView(
        payment_method=method.payment_method_id, brand=method.brand, last4=method.last4, kind=method.kind
    )


def _lot_view(lot: LotRecord) -> LotView:
    return LotView(
        lot_id=lot.lot_id,
        source=lot.source,
        purchased_at=lot.purchased_at,
        expires_at=lot.expires_at,
        amount_micros=lot.amount_micros,
        left_micros=lot.free_micros + lot.held_micros,
    )


def _call_view(call: CallRecord) -> CallView:
    return CallView(
        session_id=call.session_id,
        service=call.service,
        state=call.state,
        authorised_at=call.authorised_at,
        caller=call.caller,
        callee=call.callee,
        # Only a deck's rates have a prefix: what the product itself calls a free call is no place.
        destination=call.destination if call.rate_prefix else "",
        duration_seconds=call.duration_seconds,
        pool_minutes=call.pool_minutes,
        charged_micros=call.charged_micros,
        currency=call.currency,
        refusal=call.refusal,
    )
