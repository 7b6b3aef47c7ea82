"""The questions of the pages of payment methods and of approvals, answered by the operations.

Knows how a gateway's facts become what a page shows, and how a bank transfer and a purchase order are called there.
Refuses to hold rules: what may be done, and why not, comes from the operations as it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.method_ports import (
    ApprovalView,
    ByHand,
    Expiry,
    MethodsView,
    MethodView,
    TransferView,
)
from commcredits.edges.portal.ports import OrganizationView
from commcredits.operations.approvals import find_sent_top_up, resume_sent_top_up
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.payment_method_roles import (
    choose_payment_methods,
    remove_payment_method,
    replace_payment_method,
)
from commcredits.operations.payment_methods import (
    add_payment_method,
    begin_adding_method,
    finish_adding_methods,
    list_payment_methods,
)
from commcredits.operations.payments import find_top_up
from commcredits.operations.recharging import AutoRecharge, read_auto_recharge
from commcredits.operations.services import Services
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord

_BANK: Final = "bank"
_ORDER: Final = "po:"
"""How the gateway of payments by hand calls its two ways to pay."""

_MONTHS_PER_YEAR: Final = 12


class ServicesForMethods:
    """MethodOperations over the product's services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def payment_methods(self, organization_id: str) -> MethodsView | Refused:
        """What an organization can pay with, and the ways to get more."""
        services = self._services
        organization = await get_organization(services, organization_id=organization_id)
        if isinstance(organization, Refused):
            return organization
        methods = await list_payment_methods(services, organization_id=organization_id)
        if isinstance(methods, Refused):
            return methods
        rule = await read_auto_recharge(services, organization_id=organization_id)
        if isinstance(rule, Refused):
            return rule
        now = services.clock()
        local = now.astimezone(ZoneInfo(organization.time_zone))
        return MethodsView(
            organization=organization_view(organization),
            as_of=now,
            methods=tuple(self._method_view(each, rule, local) for each in methods if each.removed_at is None),
            gateways=tuple(
                sorted(name for name, each in services.gateways.items() if each.capabilities().hosted_setup)
            ),
            by_hand=self._gateway_by_hand() is not None,
        )

    async def begin_adding_method(
        self, organization_id: str, *, gateway: str, return_path: str, command_id: str
    ) -> str | Refused:
        """The address of the gateway's page."""
        begun = await begin_adding_method(
            self._services,
            organization_id=organization_id,
            command_id=command_id,
            gateway=gateway,
            return_url=self._address(return_path),
        )
        return begun if isinstance(begun, Refused) else begun.hosted_url

    async def finish_adding_methods(self, organization_id: str, *, gateway: str) -> Refused | None:
        """Keep what was entered there."""
        kept = await finish_adding_methods(self._services, organization_id=organization_id, gateway=gateway)
        return kept if isinstance(kept, Refused) else None

    async def add_method_by_hand(self, organization_id: str, *, way: ByHand, order_number: str) -> MethodView | Refused:
        """Add a bank transfer, or the purchase order of that number."""
        gateway = self._gateway_by_hand()
        if gateway is None:
            return Refused(code=RefusalCode.PAYMENT_METHOD_NOT_ALLOWED)
        added = await add_payment_method(
            self._services,
            organization_id=organization_id,
            gateway=gateway,
            reference=_BANK if way is ByHand.BANK_TRANSFER else f"{_ORDER}{order_number}",
        )
        return added if isinstance(added, Refused) else self._method_view(added, None, self._services.clock())

    async def choose_methods(
        self, organization_id: str, *, default: str, backup: str | None, command_id: str
    ) -> Refused | None:
        """Choose what pays."""
        chosen = await choose_payment_methods(
            self._services,
            organization_id=organization_id,
            command_id=command_id,
            default_id=default,
            backup_id=backup,
        )
        return chosen if isinstance(chosen, Refused) else None

    async def replace_method(
        self, organization_id: str, *, payment_method: str, by: str, command_id: str
    ) -> Refused | None:
        """Let another take its place."""
        replaced = await replace_payment_method(
            self._services,
            organization_id=organization_id,
            command_id=command_id,
            payment_method_id=payment_method,
            by=by,
        )
        return replaced if isinstance(replaced, Refused) else None

    async def remove_method(self, organization_id: str, *, payment_method: str) -> Refused | None:
        """Take it out of use."""
        removed = await remove_payment_method(
            self._services, organization_id=organization_id, payment_method_id=payment_method
        )
        return removed if isinstance(removed, Refused) else None

    async def transfer(self, organization_id: str, *, top_up_id: str) -> TransferView | Refused:
        """What to pay and how, of a purchase by hand."""
        services = self._services
        organization = await get_organization(services, organization_id=organization_id)
        if isinstance(organization, Refused):
            return organization
        top_up = await find_top_up(services, organization_id=organization_id, top_up_id=top_up_id)
        if isinstance(top_up, Refused):
            return top_up
        gateway = services.gateways.get(top_up.gateway)
        if gateway is None or not gateway.capabilities().confirmed_by_hand:
            return Refused(code=RefusalCode.UNKNOWN_TOP_UP, facts={"top_up_id": top_up_id})
        return TransferView(
            organization=organization_view(organization),
            top_up_id=top_up_id,
            state=top_up.state,
            amount_micros=top_up.amount_micros + top_up.tax.micros,
            tax_micros=top_up.tax.micros,
            currency=top_up.currency,
            payee=gateway.capabilities().payee,
            reference=top_up.gateway_reference,
            order_number=top_up.brand,
        )

    async def approval(self, top_up_id: str, *, asks_gateway: bool) -> ApprovalView | None:
        """The payment of this id."""
        found = await find_sent_top_up(self._services, top_up_id=top_up_id, asks_gateway=asks_gateway)
        return None if found is None else _approval_view(found)

    async def resume_payment(self, top_up_id: str, *, return_path: str) -> ApprovalView | Refused:
        """Let the payer approve."""
        resumed = await resume_sent_top_up(self._services, top_up_id=top_up_id, return_url=self._address(return_path))
        return resumed if isinstance(resumed, Refused) else _approval_view(resumed)

    def is_by_hand(self, gateway: str) -> bool:
        """Whether somebody confirms what is paid through this gateway."""
        through = self._services.gateways.get(gateway)
        return through is not None and through.capabilities().confirmed_by_hand

    def _address(self, path: str) -> str:
        """A page of this installation as the outside reaches it."""
        return f"{self._services.payments.origin}{path}"

    def _gateway_by_hand(self) -> str | None:
        return next((name for name in self._services.gateways if self.is_by_hand(name)), None)

    def _method_view(self, method: PaymentMethodRecord, rule: AutoRecharge | None, now: datetime) -> MethodView:
        gateway = self._services.gateways.get(method.gateway)
        expires = None
        if method.expiry_year is not None and method.expiry_month is not None:
            expires = (method.expiry_year, method.expiry_month)
        return MethodView(
            payment_method=method.payment_method_id,
            kind=method.kind,
            brand=method.brand,
            last4=method.last4,
            created_at=method.created_at,
            expires=expires,
            expiry=_expiry(expires, now),
            is_default=method.is_default,
            is_backup=method.is_backup,
            recharges=_recharges(method.payment_method_id, rule),
            off_session=gateway is not None and gateway.capabilities().off_session,
        )


def organization_view(organization: Organization) -> OrganizationView:
    """An organization as its pages name it."""
    return OrganizationView(
        organization_id=organization.organization_id,
        name=organization.name,
        country=organization.country,
        currency=organization.currency,
        time_zone=organization.time_zone,
        status=organization.status,
    )


def _recharges(payment_method: str, rule: AutoRecharge | None) -> str:
    if rule is None or not rule.enabled:
        return ""
    if payment_method == rule.payment_method_id:
        return "first"
    return "backup" if payment_method == rule.backup_payment_method_id else ""


def _expiry(expires: tuple[int, int] | None, now: datetime) -> Expiry:
    """A card can be used until the end of its month; notices call the same two months soon."""
    if expires is None:
        return Expiry.NONE
    left = (expires[0] - now.year) * _MONTHS_PER_YEAR + expires[1] - now.month
    if left < 0:
        return Expiry.EXPIRED
    return Expiry.SOON if left <= 1 else Expiry.LATER


def _approval_view(top_up: TopUpRecord) -> ApprovalView:
    return ApprovalView(
        top_up_id=top_up.top_up_id,
        organization_id=top_up.organization_id,
        amount_micros=top_up.amount_micros + top_up.tax.micros,
        currency=top_up.currency,
        last4=top_up.last4,
        state=top_up.state,
        reason=top_up.reason,
        url=top_up.action_url,
    )
