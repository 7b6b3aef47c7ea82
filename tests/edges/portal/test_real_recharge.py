"""Auto-recharge, alerts and receipts over the real operations and the real database, as the product mounts them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.core.commands import SwitchBilling
from commcredits.core.outcomes import Refused
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.billing_details import save_billing_details
from tests.edges.portal.visitor import TOKEN, forms_of, text_of
from tests.operations.office import new_id
from tests.operations.selling import BUYER, Shop, open_shop


@dataclass(kw_only=True)
class Office:
    """A shop with one buyer, and somebody who is signed in at its portal."""

    shop: Shop
    buyer: str
    browser: httpx.AsyncClient

    @property
    def billing(self) -> str:
        """Where the buyer's billing pages begin."""
        return f"/portal/organizations/{self.buyer}/billing"

    async def text(self, address: str) -> str:
        """What a page says."""
        answer = await self.browser.get(address)
        assert answer.status_code == 200, answer.text
        return text_of(answer.text)

    async def send(self, page: str, action: str, fields: dict[str, str]) -> httpx.Response:
        """The answer to a form of a page, with these fields filled in."""
        forms = forms_of((await self.browser.get(page)).text)
        form = next(each for each in forms if each.action == action)
        return await self.browser.post(action, data=form.fields | fields)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_shop(database_url) as shop:
        portal = portal_app(
            lambda page: ServicesForPortal(page.services),
            PortalSettings(operator_token=TOKEN),
            now=shop.services.clock,
            services=shop.services,
        )
        application = Starlette(routes=[Mount("/portal", portal)])
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(application), base_url="http://127.0.0.1:8080"
        ) as browser:
            opened = Office(shop=shop, buyer=await shop.buyer(), browser=browser)
            await opened.send("/portal/sign-in", "/portal/sign-in", {"operator_token": TOKEN})
            yield opened


async def test_alerts_are_kept_and_heard_by_the_billing_mail(office: Office) -> None:
    credits_page = f"{office.billing}/communications-credits"
    address = f"{credits_page}/balance-alerts"
    answer = await office.send(credits_page, address, {"alert_1": "20", "alert_2": "100"})
    assert answer.status_code == 303
    page = await office.text(credits_page)
    assert 'name="alert_1" value="100.00"' in page
    assert 'name="alert_2" value="20.00"' in page
    assert "Nobody hears of it yet." in page
    assert not isinstance(
        await save_billing_details(office.shop.services, organization_id=office.buyer, details=BUYER), Refused
    )
    assert "Nobody hears of it yet." not in await office.text(credits_page)


async def test_a_purchase_leads_to_its_receipt_and_the_page_tells_the_tax(office: Office) -> None:
    address = f"{office.billing}/billing-details"
    details = {
        "legal_name": "Alfa SRL",
        "address_1": "Bd. Unirii 10",
        "city": "Cluj-Napoca",
        "county": "RO-CJ",
        "tax_id": "RO10000008",
    }
    assert (await office.send(address, address, details)).status_code == 303
    await office.shop.buy(office.buyer)
    assert "/receipts/CC-000001" not in await office.text(f"{office.billing}/communications-credits")
    await office.shop.issue()
    page = await office.text(f"{office.billing}/communications-credits")
    assert f'href="{office.billing}/receipts/CC-000001"' in page
    assert "EUR 60.50</bdi> with tax" in page
    assert "CC-000001" in await office.text(f"{office.billing}/receipts")
    assert "Alfa SRL" in await office.text(f"{office.billing}/receipts/CC-000001")
    other = await office.shop.buyer(name="Beta")
    stranger = await office.browser.get(f"/portal/organizations/{other}/billing/receipts/CC-000001")
    assert stranger.status_code == 404


async def test_an_organization_that_pays_after_use_is_told_so(office: Office) -> None:
    await office.shop.buy(office.buyer)
    command = SwitchBilling(
        organization_id=office.buyer, command_id=new_id(), post_usage=True, credit_line_micros=250_000_000
    )
    assert not isinstance(await office.shop.services.executor.execute(command), Refused)
    page = await office.text(f"{office.billing}/communications-credits")
    assert "Calls are billed after use" in page
    assert 'Line of credit</dt><dd><bdi class="number">EUR 250.00' in page
    assert "Add more funds" not in page


async def test_attempts_that_there_are_none_of_are_a_page(office: Office) -> None:
    address = f"{office.billing}/communications-credits/recharge-attempts"
    assert "Nothing was tried yet" in await office.text(address)
    assert (await office.browser.get(f"{address}?cursor=nonsense")).status_code == 422
