"""Billing details: who buys, as receipts say it.

Knows when they may be saved, and that a checked tax id changes what a purchase is taxed with. Refuses to change
receipts that were issued: each keeps what held then.
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.access import Permission
from commcredits.core.money import MICROS_PER_UNIT
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.parties import Party, wrong_field
from commcredits.core.tax_ids import TaxId, allowed_tax_id, read_tax_id
from commcredits.core.taxes import Tax, tax_on_purchase
from commcredits.operations.audit_looks import at_billing_details
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage import receipts


@reads(Permission.RECEIPTS_READ)
async def get_billing_details(services: Services, *, organization_id: str) -> Party | Refused:
    """Who buys for an organization; its name and country when nobody has said more."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    known = await receipts.read_billing_details(services.pool, services.shard_id, organization_id)
    return Party(legal_name=organization.name, country=organization.country) if known is None else known


@acts(Permission.BILLING_DETAILS_WRITE, look=at_billing_details)
async def save_billing_details(services: Services, *, organization_id: str, details: Party) -> Party | Refused:
    """Keep who buys, for receipts from now on; the tax id is written the way it is on documents.

    The country is the organization's, which taxes go by; it may be left empty. Purchases from now on are taxed by
    whether the tax id was checked.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    country = organization.country
    if details.country not in {"", country}:
        return invalid_input("country", details.country, f"{country}, the organization's country, which taxes go by")
    if details.iban:
        return invalid_input("iban", "", "left out: it is the seller's")
    read = _read_tax_id(country, details.tax_id)
    if isinstance(read, Refused):
        return read
    known = replace(details, country=country, tax_id=read.text, tax_id_checked=read.checked)
    wrong = wrong_field(known)
    if wrong is not None:
        return invalid_input(wrong.field, wrong.value, wrong.allowed)
    async with services.pool.acquire() as connection, connection.transaction():
        await receipts.save_billing_details(connection, services.shard_id, organization_id, known, services.clock())
    return known


@reads(Permission.FUNDS_READ)
async def purchase_tax(services: Services, *, organization_id: str) -> Tax | Refused:
    """How a purchase made now would be taxed, with the tax of one unit: to be said before somebody buys."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    known = await receipts.read_billing_details(services.pool, services.shard_id, organization_id)
    return tax_on_purchase(
        services.funding.taxes,
        country=organization.country,
        has_tax_id=known is not None and known.tax_id_checked,
        amount_micros=MICROS_PER_UNIT,
        minor_digits=organization.minor_digits,
        now=services.clock(),
    )


def _read_tax_id(country: str, text: str) -> TaxId | Refused:
    if not text:
        return TaxId(text="", checked=False)
    read = read_tax_id(country, text)
    if read is not None:
        return read
    facts = {"country": country, "allowed": allowed_tax_id(country)}
    return Refused(code=RefusalCode.TAX_ID_NOT_VALID, facts=facts)
