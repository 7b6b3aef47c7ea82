"""An office that sells: a seller, a table of taxes, purchases, refunds and disputes in a line each.

Knows the commands that settle money. Refuses to know what is tested, and needs no gateway: what one would say is told.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from commcredits.core.account import FundingTerms
from commcredits.core.commands import (
    CloseDispute,
    OpenDispute,
    PaymentState,
    RecordPayment,
    RecordRefund,
    RequestRefund,
    RequestTopUp,
)
from commcredits.core.outcomes import RefundTaken, TopUpTaken
from commcredits.core.parties import Party
from commcredits.core.receipts import ExchangeRate, ReceiptDocument, ReceiptTerms
from commcredits.core.taxes import TaxRow, TaxTreatment
from commcredits.operations.paging import Page
from commcredits.operations.receipts import Issued, issue_receipts, list_receipts
from commcredits.operations.services import Services
from tests.operations.office import Office, new_id, open_office

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SELLER = Party(
    legal_name="Telefonie Exemplu SRL",
    address_lines=("Str. Școlii 5, et. 2",),
    city="SECTOR3",
    postal_code="030167",
    county="RO-B",
    country="RO",
    tax_id="RO18547290",
    tax_id_checked=True,
    registration_number="J40/1234/2006",
    mail="facturi@example.com",
)
BUYER = Party(
    legal_name="Întreprinderea Țânțar & Fiii SRL",
    address_lines=("Bd. Unirii 10", "ap. 3"),
    city="Cluj-Napoca",
    postal_code="400001",
    county="RO-CJ",
    country="RO",
    tax_id="RO10000008",
    mail="contabilitate@example.com",
    reference="PO-77",
)
TERMS = ReceiptTerms(
    seller=SELLER,
    time_zone="Europe/Bucharest",
    tax_currency="RON",
    exchange_rates=(
        ExchangeRate(currency="EUR", from_day="2026-11-01", rate_micros=5_000_000),
        ExchangeRate(currency="EUR", from_day="2026-11-20", rate_micros=5_093_200),
    ),
)
TAXES = (
    TaxRow(country="RO", effective_from=LONG_AGO, treatment=TaxTreatment.ON_TOP_UP, rate_micros=210_000),
    TaxRow(
        country="DE",
        effective_from=LONG_AGO,
        treatment=TaxTreatment.ON_TOP_UP,
        rate_micros=190_000,
        reverse_charge_with_tax_id=True,
    ),
    TaxRow(country="FR", effective_from=LONG_AGO, treatment=TaxTreatment.ON_USE, rate_micros=200_000),
)


@dataclass(kw_only=True)
class Shop:
    """An office whose services issue receipts."""

    office: Office
    services: Services

    async def buyer(self, country: str = "RO", currency: str = "EUR", name: str = "Alfa", language: str = "ro") -> str:
        """The id of a new organization that has bought nothing."""
        opened = await self.office.organization(name=name, country=country, currency=currency, language=language)
        return opened.organization_id

    async def buy(self, organization_id: str, amount_micros: int = 50_000_000) -> str:
        """The id of a top-up that was paid."""
        requested = await self.office.execute(
            RequestTopUp(
                organization_id=organization_id, command_id=new_id(), amount_micros=amount_micros, payment_method="card"
            )
        )
        assert isinstance(requested, TopUpTaken), requested
        paid = await self.office.execute(
            RecordPayment(
                organization_id=organization_id,
                top_up_id=requested.top_up_id,
                state=PaymentState.SUCCEEDED,
                gateway="simulator",
                gateway_reference=f"ch_{requested.top_up_id}",
                reason="",
            )
        )
        assert isinstance(paid, TopUpTaken), paid
        return requested.top_up_id

    async def give_back(self, organization_id: str, top_up_id: str, amount_micros: int | None = None) -> str:
        """The id of a refund that the gateway has made; all that is left without an amount."""
        taken = await self.office.execute(
            RequestRefund(
                organization_id=organization_id,
                command_id=new_id(),
                top_up_id=top_up_id,
                amount_micros=amount_micros,
                reason="asked for",
                requested_by="operator",
            )
        )
        assert isinstance(taken, RefundTaken), taken
        done = await self.office.execute(
            RecordRefund(
                organization_id=organization_id, top_up_id=top_up_id, refund_id=taken.refund_id, state="refunded"
            )
        )
        assert isinstance(done, RefundTaken), done
        return taken.refund_id

    async def lose_dispute(self, organization_id: str, top_up_id: str, lost_micros: int) -> None:
        """The payer's bank takes money of a top-up back."""
        about = {"organization_id": organization_id, "top_up_id": top_up_id, "dispute_reference": "dp_1"}
        await self.office.execute(OpenDispute(**about))
        await self.office.execute(CloseDispute(**about, won=False, lost_micros=lost_micros))

    async def issue(self) -> Issued:
        """What one round of the worker issues."""
        return await issue_receipts(self.services, since=LONG_AGO)

    async def documents(self, organization_id: str) -> tuple[ReceiptDocument, ...]:
        """An organization's documents, oldest first."""
        page = await list_receipts(self.services, organization_id=organization_id, cursor=None, limit=200)
        assert isinstance(page, Page), page
        return page.items[::-1]


@asynccontextmanager
async def open_shop(database_url: str, terms: ReceiptTerms = TERMS) -> AsyncIterator[Shop]:
    """An office with taxes and a seller; in November 2026 at noon."""
    funding = FundingTerms(top_up_minimum_micros={"EUR": 10_000, "RON": 10_000}, taxes=TAXES)
    async with open_office(database_url, funding=funding) as office:
        yield Shop(office=office, services=replace(office.services, receipts=terms))
