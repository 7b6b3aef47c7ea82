"""The administrator's page over the whole system: a real browser, the real database, money at the simulated gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import ConsoleMessage, Locator, Page, async_playwright, expect

from commcredits.core.money import MICROS_PER_UNIT
from commcredits.edges.demo.administration import AdministrationClient
from commcredits.gateways.protocol import CustomerRequest, Unavailable
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from tests.edges.portal.conftest import CHROMIUM_ARGUMENTS, LOCALES
from tests.edges.portal.test_in_a_browser import WORDS
from tests.picturing import be_patient, picture_of
from tests.stories.books import administration, open_organization, publish_deck

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TOKEN: Final = "the-token-of-the-portal-story"
CHROMIUM: Final = Path("/usr/bin/chromium")
PICTURES: Final = Path(__file__).resolve().parents[2] / "artifacts" / "stories"
CARDS: Final = ("sim_ok", "sim_decline_insufficient_funds")


async def _add_cards(simulator_url: str, api: AdministrationClient, organization_id: str) -> None:
    """Store test cards at the gateway, and with the organization."""
    gateway = SimulatorGateway(simulator_url)
    customer = await gateway.create_customer(CustomerRequest(idempotency_key=organization_id, name="Story"))
    assert not isinstance(customer, Unavailable)
    await gateway.aclose()
    async with SimulatorControl(simulator_url) as control:
        for card in CARDS:
            stored = await control.attach_card(customer.reference, card)
            path = f"/v1/organizations/{organization_id}/payment-methods"
            await api.post(path, {"gateway": "simulator", "reference": stored.reference})


@asynccontextmanager
async def _page(address: str, language: str, complaints: list[str]) -> AsyncIterator[Page]:
    """A browser window in that language, signed in as the operator, at this address."""

    def heard(message: ConsoleMessage) -> None:
        # A form that comes back does so with status 422, which the browser reports for every such answer.
        if message.type in {"error", "warning"} and "status of 422" not in message.text:
            complaints.append(message.text)

    be_patient()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS))
        page = await browser.new_page(locale=LOCALES[language], viewport={"width": 1440, "height": 1000})
        page.on("console", heard)
        await page.goto(address)
        await page.locator("#operator-token").fill(TOKEN)
        await page.locator("main button[type=submit]").click()
        await page.wait_for_url(address)
        yield page
        await browser.close()


async def _choose(methods: Locator, card: str) -> None:
    await methods.select_option(label=await methods.locator("option", has_text=card).inner_text())


async def _add_funds(page: Page, words: dict[str, str], amount: str, card: str) -> None:
    await page.get_by_role("link", name=words["add"]).click()
    await page.get_by_label(words["amount"], exact=True).fill(amount)
    await _choose(page.get_by_label(words["method"]).last, card)
    await page.get_by_role("button", name=words["pay"]).click()


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's package chromium is not installed")
async def test_an_administrator_funds_an_organization_in_both_languages(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path, operator_token=TOKEN, web_port=0, charging_port=0, simulator_port=0)
    PICTURES.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    async with running_system(settings) as running, administration(running, TOKEN) as api:
        assert running.simulator_url is not None
        deck = await publish_deck(api)
        for language in ("en", "ro"):
            words = WORDS[language]
            organization_id = await open_organization(api, f"Story {language}", deck, MICROS_PER_UNIT)
            await _add_cards(running.simulator_url, api, organization_id)
            path = f"/v1/organizations/{organization_id}"
            address = f"{running.web_url}/portal/organizations/{organization_id}/billing/communications-credits"
            async with _page(address, language, complaints) as page:
                await _add_funds(page, words, "12x", "0001")
                await expect(page.get_by_text(words["bad"]).first).to_be_visible()
                await page.goto(address)
                await _add_funds(page, words, "60", "1001")
                await expect(page.get_by_text(words["declined"]).first).to_be_visible()
                assert (await api.get(f"{path}/balance"))["posted"] == "1.000000"
                await page.goto(address)
                await _add_funds(page, words, words["typed"], "0001")
                await expect(page.get_by_text(words["added"]).first).to_be_visible()
                assert (await api.get(f"{path}/balance"))["posted"] == "1251.500000"

                await page.goto(address)
                await page.get_by_role("switch").check()
                await page.get_by_label(words["recharge"]).fill("500")
                await page.get_by_label(words["trigger"]).fill("2000")
                await _choose(page.get_by_label(words["method"]).last, "0001")
                await page.get_by_role("button", name=words["save"]).click()
                await expect(page.get_by_text(words["saved"]).first).to_be_visible()
                # The balance is below that trigger already, so the worker recharges at once, and once.
                for _ in range(300):
                    if (await api.get(f"{path}/balance"))["posted"] == "1751.500000":
                        break
                    await asyncio.sleep(0.1)
                await page.goto(address)
                await picture_of(page, PICTURES / f"credits-{language}.png")
                assert (await api.get(f"{path}/balance"))["posted"] == "1751.500000"
        verification = await api.post("/v1/verify")
    assert verification["discrepancies"] == []
    assert complaints == []
