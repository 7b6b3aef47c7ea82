"""Payment methods: adding one on a gateway's page or by its reference, listing them, reading one back.

Knows that a gateway's customer belongs to one organization, and that only what the gateway describes is stored. Refuses
to know card numbers, and to let an organization see or pay with another's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.gateways.protocol import (
    Customer,
    CustomerRequest,
    Gateway,
    GatewayMisuseError,
    NotFound,
    PaymentMethod,
    SetupRequest,
    SetupStarted,
    Unavailable,
)
from commcredits.operations.audit_looks import at_payment_methods
from commcredits.operations.inputs import invalid_input, refuse_command_id
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.sandboxes import refuse_sandbox
from commcredits.operations.services import Services
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.payment_methods import (
    OwnedMethod,
    claim_customer,
    give_first_role,
    insert_payment_method,
    read_customer_organization,
    read_customers,
    read_methods_by_reference,
    read_payment_methods,
    remove_method,
)
from commcredits.storage.payment_methods import read_expiring_methods as _read_expiring_methods
from commcredits.storage.payments import PaymentMethodRecord

_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSetup:
    """A page of the gateway waits for the payer. Whoever holds the address may add a method: it is a secret."""

    gateway: str
    hosted_url: str = field(repr=False)


@acts(Permission.PAYMENT_METHODS_WRITE, needs_proof=True)
async def begin_adding_method(
    services: Services, *, organization_id: str, command_id: str, gateway: str, return_url: str | None = None
) -> MethodSetup | Refused:
    """Open the gateway's page on which somebody enters a card or account; then ``finish_adding_methods``.

    ``return_url`` leads back to a page of this installation, by default to the organization's credits. The same
    ``command_id`` gets the same page.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    back_to = services.payments.page_of(organization_id) if return_url is None else return_url
    refused = (
        refuse_command_id(command_id)
        or services.payments.refuse_return_url(back_to)
        or await refuse_sandbox(services, organization_id)
    )
    if refused is not None:
        return refused
    through = services.gateways.get(gateway)
    if through is None or not through.capabilities().hosted_setup:
        pages = sorted(name for name, each in services.gateways.items() if each.capabilities().hosted_setup)
        return invalid_input("gateway", gateway, ", ".join(pages) or "a gateway with a page for payment methods")
    customer = await _customer_of(services, organization, gateway, through)
    if isinstance(customer, Refused):
        return customer
    request = SetupRequest(
        idempotency_key=f"setup-{organization_id}-{command_id}", customer_reference=customer, return_url=back_to
    )
    try:
        started = await through.begin_setup(request)
    except GatewayMisuseError:
        # The key is known with another customer or page to return to.
        return Refused(code=RefusalCode.CONFLICT, facts={"command_id": command_id, "command": "begin_adding_method"})
    if not isinstance(started, SetupStarted):
        return _not_ready(gateway)
    return MethodSetup(gateway=gateway, hosted_url=started.hosted_url)


@acts(Permission.PAYMENT_METHODS_WRITE, look=at_payment_methods)
async def finish_adding_methods(
    services: Services, *, organization_id: str, gateway: str
) -> tuple[PaymentMethodRecord, ...] | Refused:
    """Keep what was entered on the gateway's page: all that this organization can pay with there, oldest first.

    May be repeated, and by several at once; a method that was removed here stays so.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    through = services.gateways.get(gateway)
    if through is None:
        return _unknown_gateway(services, gateway)
    for customer in await read_customers(services.pool, services.shard_id, organization_id, gateway):
        listed = await through.list_payment_methods(customer)
        if isinstance(listed, Unavailable):
            return _not_ready(gateway)
        if isinstance(listed, NotFound):
            continue
        for described in listed:
            await _keep(services, organization_id, gateway, described)
    methods = await read_payment_methods(services.pool, services.shard_id, organization_id)
    return tuple(each for each in methods if each.gateway == gateway)


@acts(Permission.PAYMENT_METHODS_WRITE, needs_proof=True, look=at_payment_methods)
async def add_payment_method(
    services: Services, *, organization_id: str, gateway: str, reference: str
) -> PaymentMethodRecord | Refused:
    """Keep a way to pay that the gateway knows, by its reference there; for operators, who know references.

    What belongs to another organization's customer is as unknown as nothing. One that was removed is used again, where
    the gateway still knows it.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = await refuse_sandbox(services, organization_id)
    if refused is not None:
        return refused
    through = services.gateways.get(gateway)
    if through is None:
        return _unknown_gateway(services, gateway)
    described = await through.describe_payment_method(reference)
    if isinstance(described, Unavailable):
        return _not_ready(gateway)
    if isinstance(described, NotFound) or not await _may_have(services, organization_id, through, gateway, described):
        return Refused(code=RefusalCode.UNKNOWN_PAYMENT_METHOD, facts={"gateway": gateway, "reference": reference[:64]})
    added = await _keep(services, organization_id, gateway, described, again=True)
    if added.removed_at is not None:
        return _not_ready(gateway)
    return added


@reads(Permission.PAYMENT_METHODS_READ)
async def list_payment_methods(
    services: Services, *, organization_id: str
) -> tuple[PaymentMethodRecord, ...] | Refused:
    """What an organization can pay with, oldest first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    return await read_payment_methods(services.pool, services.shard_id, organization_id)


@reads(Permission.PAYMENT_METHODS_READ)
async def find_payment_method(
    services: Services, *, organization_id: str, payment_method_id: str
) -> PaymentMethodRecord | Refused:
    """The organization's own method of that id; nobody pays with another organization's, or with a removed one."""
    methods = await list_payment_methods(services, organization_id=organization_id)
    if isinstance(methods, Refused):
        return methods
    return live_method(methods, payment_method_id) or unknown_method(payment_method_id)


async def find_recharging_method(
    services: Services, *, organization_id: str, payment_method_id: str
) -> PaymentMethodRecord | Refused:
    """The same, for a rule: it must be chargeable while its payer is not there."""
    method = await find_payment_method(services, organization_id=organization_id, payment_method_id=payment_method_id)
    if isinstance(method, Refused):
        return method
    return refuse_off_session(services, method) or method


async def read_expiring_methods(services: Services, *, now: datetime) -> tuple[OwnedMethod, ...]:
    """Methods in use that expire in this month or in the next, of all organizations; for notices."""
    found: list[OwnedMethod] = []
    after = OPERATOR_ID
    while True:
        page = await _read_expiring_methods(services.pool, services.shard_id, now=now, after=after, limit=_PAGE)
        found.extend(page)
        if len(page) < _PAGE:
            return tuple(found)
        after = page[-1].method.payment_method_id


async def refresh_payment_method(services: Services, *, gateway: str, reference: str) -> bool | None:
    """Read a method back from its gateway, which has told that something of it changed.

    Whether it is one of ours; None when the gateway does not answer now. One that is gone there is gone here.
    """
    through = services.gateways[gateway]
    owned = await read_methods_by_reference(services.pool, services.shard_id, gateway, reference)
    described = await through.describe_payment_method(reference)
    if isinstance(described, Unavailable):
        return None
    if isinstance(described, NotFound):
        for each in owned:
            await remove_method(
                services.pool,
                services.shard_id,
                each.organization_id,
                each.method.payment_method_id,
                at=services.clock(),
                detach_owed=False,
            )
        return bool(owned)
    owner = await read_customer_organization(services.pool, services.shard_id, gateway, described.customer_reference)
    whose = {each.organization_id for each in owned} | ({owner} if owner is not None else set())
    for organization_id in sorted(whose):
        await _keep(services, organization_id, gateway, described)
    return bool(whose)


async def _customer_of(services: Services, organization: Organization, name: str, gateway: Gateway) -> str | Refused:
    """The gateway's reference of the organization as a payer, made there where it has none."""
    known = await read_customers(services.pool, services.shard_id, organization.organization_id, name)
    if known:
        return known[0]
    request = CustomerRequest(idempotency_key=f"customer-{organization.organization_id}", name=organization.name)
    made = await gateway.create_customer(request)
    if not isinstance(made, Customer) or not await _claim(services, organization.organization_id, name, made.reference):
        return _not_ready(name)
    return made.reference


async def _claim(services: Services, organization_id: str, gateway: str, customer: str) -> bool:
    return await claim_customer(
        services.pool,
        services.shard_id,
        organization_id,
        gateway=gateway,
        reference=customer,
        at=services.clock(),
    )


async def _may_have(
    services: Services, organization_id: str, through: Gateway, gateway: str, described: PaymentMethod
) -> bool:
    """Whether nobody else has this method or its customer. What is paid by hand has no owner at its gateway."""
    if through.capabilities().confirmed_by_hand:
        return True
    owned = await read_methods_by_reference(services.pool, services.shard_id, gateway, described.reference)
    if any(each.organization_id != organization_id for each in owned):
        return False
    customer = described.customer_reference
    return not customer or await _claim(services, organization_id, gateway, customer)


async def _keep(
    services: Services, organization_id: str, gateway: str, described: PaymentMethod, *, again: bool = False
) -> PaymentMethodRecord:
    record = PaymentMethodRecord(
        payment_method_id=services.new_id(),
        gateway=gateway,
        reference=described.reference,
        kind=described.kind,
        brand=described.brand,
        last4=described.last4,
        expiry_month=described.expiry_month,
        expiry_year=described.expiry_year,
        created_at=services.clock(),
        customer_reference=described.customer_reference,
        fingerprint=described.fingerprint or "",
        country=described.country or "",
    )
    kept = await insert_payment_method(services.pool, services.shard_id, organization_id, record, again=again)
    became = await give_first_role(services.pool, services.shard_id, organization_id)
    return replace(kept, is_default=True) if became == kept.payment_method_id else kept


def live_method(methods: Sequence[PaymentMethodRecord], payment_method_id: str) -> PaymentMethodRecord | None:
    """The method of that id, unless it was removed."""
    for method in methods:
        if method.payment_method_id == payment_method_id and method.removed_at is None:
            return method
    return None


def refuse_off_session(services: Services, method: PaymentMethodRecord) -> Refused | None:
    """Why this method cannot be charged while nobody is there, or None."""
    gateway = services.gateways.get(method.gateway)
    if gateway is not None and gateway.capabilities().off_session:
        return None
    return not_allowed(method.payment_method_id, "payer_must_be_present")


def not_allowed(payment_method_id: str, reason: str) -> Refused:
    """This method cannot be used in this place."""
    facts = {"payment_method_id": payment_method_id[:64], "reason": reason}
    return Refused(code=RefusalCode.PAYMENT_METHOD_NOT_ALLOWED, facts=facts)


def unknown_method(payment_method_id: str) -> Refused:
    """The organization has no such method."""
    return Refused(code=RefusalCode.UNKNOWN_PAYMENT_METHOD, facts={"payment_method_id": payment_method_id[:64]})


def _unknown_gateway(services: Services, gateway: str) -> Refused:
    return invalid_input("gateway", gateway, ", ".join(sorted(services.gateways)))


def _not_ready(gateway: str) -> Refused:
    return Refused(code=RefusalCode.GATEWAY_NOT_READY, facts={"gateway": gateway})
