"""Every way to pay over the whole system, in a real browser that stands on two sites: the portal's and the gateway's.

The portal is at ``localhost`` and the gateway at ``127.0.0.1``, which browsers take for two sites: cookies are withheld
on the way back, and no form may lead across, as with a gateway on the internet.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright, expect
from pydantic import SecretStr

from commcredits.core.money import MICROS_PER_UNIT
from commcredits.edges.demo.administration import AdministrationClient
from commcredits.gateways.simulator.server import SimulatorSettings, running_simulator
from commcredits.gateways.simulator.signing import new_webhook_secret
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from tests.edges.portal.conftest import CHROMIUM_ARGUMENTS, LOCALES
from tests.picturing import PATIENCE_MILLISECONDS, be_patient, picture_of
from tests.stories.books import administration, open_organization, publish_deck

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

TOKEN: Final = "the-token-of-the-paying-story"
ACCOUNT: Final = "RO49 AAAA 1B31 0075 9384 0000, Credite Exemplu SRL"
CHROMIUM: Final = Path("/usr/bin/chromium")
PICTURES: Final = Path(__file__).resolve().parents[2] / "artifacts" / "stories"
WORDS: Final = {
    "en": {
        "add method": "Add payment method",
        "continue": "Continue",
        "to gateway": "Continue to the payment page",
        "added": "The payment method was added",
        "add": "Add more funds",
        "pay": "Pay now",
        "declined": "Your payment was declined",
        "fix": "Replace the card, or add another payment method",
        "replace": "Replace",
        "replaced": "The payment method was replaced",
        "funds added": "Funds were added",
        "approval": "Your bank asks for your approval",
        "made": "The payment was made",
        "nothing waits": "Nothing waits for approval here",
        "transfer": "Bank transfer",
        "how": "Pay by bank transfer",
        "arrived": "This payment has arrived",
    },
    "ro": {
        "add method": "Adăugați metodă de plată",
        "continue": "Continuați",
        "to gateway": "Continuați la pagina de plată",
        "added": "Metoda de plată a fost adăugată",
        "add": "Adăugați mai multe fonduri",
        "pay": "Plătiți acum",
        "declined": "Plata dvs. a fost refuzată",
        "fix": "Înlocuiți cardul sau adăugați altă metodă de plată",
        "replace": "Înlocuire",
        "replaced": "Metoda de plată a fost înlocuită",
        "funds added": "Fondurile au fost adăugate",
        "approval": "Banca dvs. vă cere aprobarea",
        "made": "Plata a fost efectuată",
        "nothing waits": "Aici nu așteaptă nimic aprobarea",
        "transfer": "Transfer bancar",
        "how": "Plată prin transfer bancar",
        "arrived": "Această plată a sosit",
    },
}


@dataclass(frozen=True, kw_only=True)
class Payer:
    """An administrator at a browser, with scripts or without, and the API to see what came of it."""

    page: Page
    api: AdministrationClient
    origin: str
    organization_id: str
    language: str
    scripts: bool

    @property
    def words(self) -> dict[str, str]:
        """What the pages say."""
        return WORDS[self.language]

    @property
    def billing(self) -> str:
        """Where the organization's pages begin."""
        return f"{self.origin}/portal/organizations/{self.organization_id}/billing"

    async def shows(self, words: str) -> None:
        """Wait until the page says that."""
        await expect(self.page.get_by_text(words).first).to_be_visible()

    async def click(self, role: Any, words: str) -> None:
        """Click what is named so."""
        await self.page.get_by_role(role, name=words, exact=True).first.click()

    async def read(self, path: str) -> Any:
        """What the API says of the organization."""
        return await self.api.get(f"/v1/organizations/{self.organization_id}/{path}")

    async def balance(self) -> str:
        """The posted balance."""
        return str((await self.read("balance"))["posted"])

    async def last_purchase(self) -> Any:
        """The newest attempt."""
        return (await self.read("top-ups"))["items"][0]

    async def follow_to_gateway(self, page: Page) -> None:
        """Scripts are there already; everybody else has a link to click."""
        if not self.scripts:
            await page.get_by_role("link", name=self.words["to gateway"]).click()
        await page.wait_for_url("http://127.0.0.1:*/**")

    async def enter_card(self, card: str) -> None:
        """Continue from the form that adds a method, choose a card at the gateway, and come back."""
        await self.click("button", self.words["continue"])
        await self.follow_to_gateway(self.page)
        await self.page.locator(f"input[value={card}]").check()
        await self.page.locator("button.primary").click()
        await self.page.locator("main a.button").click()
        await self.page.wait_for_url(f"{self.origin}/portal/organizations/**")

    async def add_funds(self, amount: str, card: str) -> None:
        """Buy with the card of these digits, or with whatever is named so."""
        await self.page.goto(f"{self.billing}/communications-credits")
        await self.click("link", self.words["add"])
        await self.page.locator("#funds-amount").fill(amount)
        methods = self.page.locator("#funds-payment_method")
        await methods.select_option(label=await methods.locator("option", has_text=card).inner_text())
        await self.click("button", self.words["pay"])


@asynccontextmanager
async def _browser(complaints: list[str], *, language: str, scripts: bool) -> AsyncIterator[BrowserContext]:
    def heard(message: ConsoleMessage) -> None:
        # A form that comes back does so with status 422, which the browser reports for every such answer.
        if message.type in {"error", "warning"} and "status of 422" not in message.text:
            complaints.append(message.text)

    be_patient()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS))
        context = await browser.new_context(
            locale=LOCALES[language], viewport={"width": 1280, "height": 900}, java_script_enabled=scripts
        )
        context.on("console", heard)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        yield context
        await browser.close()


async def _first_card_is_declined_and_replaced(payer: Payer) -> None:
    page, words = payer.page, payer.words
    await payer.click("link", words["add method"])
    await payer.enter_card("sim_decline_insufficient_funds")
    await payer.shows(words["added"])
    await payer.shows("1001")
    await picture_of(page, PICTURES / f"methods-{payer.language}.png")

    await payer.add_funds("60", "1001")
    await payer.shows(words["declined"])
    await payer.click("link", words["fix"])
    await payer.click("link", words["replace"])
    await payer.click("link", words["add method"])
    await payer.enter_card("sim_ok")
    await payer.click("button", words["replace"])
    await payer.shows(words["replaced"])
    (method,) = (await payer.read("payment-methods"))["items"]
    assert (method["last4"], method["is_default"]) == ("0001", True)

    await payer.add_funds("60", "0001")
    await payer.shows(words["funds added"])
    assert await payer.balance() == "61.000000"


async def _a_payer_who_is_not_signed_in_approves(payer: Payer, complaints: list[str]) -> None:
    words = payer.words
    await payer.page.goto(f"{payer.billing}/payment-methods/add")
    await payer.enter_card("sim_authenticate")
    await payer.add_funds("70", "2001")
    await payer.shows(words["approval"])
    top_up = await payer.last_purchase()
    letter = f"{payer.origin}/portal/billing/approve/{top_up['top_up_id']}"
    async with _browser(complaints, language=payer.language, scripts=payer.scripts) as elsewhere:
        page = await elsewhere.new_page()
        await page.goto(letter)
        await expect(page.locator("main")).to_contain_text("2001")
        await expect(page.locator("body")).not_to_contain_text("Paying")
        await picture_of(page, PICTURES / f"approve-{payer.language}.png")
        await page.get_by_role("button", name=words["to gateway"]).click()
        await payer.follow_to_gateway(page)
        await page.locator("button[value=approve]").click()
        await page.locator("main a.button").click()
        await expect(page.get_by_text(words["made"]).first).to_be_visible()
        await page.goto(letter)
        await expect(page.locator("h1")).to_have_text(words["nothing waits"])
    assert await payer.balance() == "131.000000"


async def _a_transfer_names_its_reference_and_arrives(payer: Payer) -> None:
    page, words = payer.page, payer.words
    await page.goto(f"{payer.billing}/payment-methods/add")
    await page.locator("input[value=bank_transfer]").check()
    await payer.click("button", words["continue"])
    await payer.shows(words["added"])
    await payer.add_funds("200", words["transfer"])
    await expect(page.locator("h1")).to_have_text(words["how"])
    await expect(page.locator("main")).to_contain_text(ACCOUNT)
    await picture_of(page, PICTURES / f"transfer-{payer.language}.png")
    top_up = await payer.last_purchase()
    await expect(page.locator("#transfer-reference")).to_have_text(top_up["gateway_reference"])
    assert await payer.balance() == "131.000000"
    path = f"/v1/organizations/{payer.organization_id}/top-ups/{top_up['top_up_id']}/confirm"
    await payer.api.post(path, {"reference": "statement 12"}, key=f"confirm-{payer.language}")
    await page.reload()
    await payer.shows(words["arrived"])
    assert await payer.balance() == "331.000000"


@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's package chromium is not installed")
async def test_an_administrator_pays_in_every_way_with_scripts_and_without(tmp_path: Path) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    origin = f"http://localhost:{port}"
    secret = new_webhook_secret()
    complaints: list[str] = []
    simulator = SimulatorSettings(
        state_path=tmp_path / "simulator.db",
        port=0,
        webhook_url=f"http://127.0.0.1:{port}/v1/gateways/simulator/webhooks",
        webhook_secret=secret,
    )
    async with running_simulator(simulator) as simulator_url:
        settings = Settings(
            data_directory=tmp_path / "data",
            operator_token=SecretStr(TOKEN),
            web_port=port,
            charging_port=0,
            public_url=origin,
            gateways={
                "simulator": {"base_url": SecretStr(simulator_url), "webhook_secret": secret},
                "bank_transfer": {"account": SecretStr(ACCOUNT)},
            },
        )
        async with running_system(settings) as running, administration(running, TOKEN) as api:
            deck = await publish_deck(api)
            for language, scripts in (("en", True), ("ro", False)):
                organization_id = await open_organization(api, f"Paying {language}", deck, MICROS_PER_UNIT)
                async with _browser(complaints, language=language, scripts=scripts) as context:
                    page = await context.new_page()
                    payer = Payer(
                        page=page,
                        api=api,
                        origin=origin,
                        organization_id=organization_id,
                        language=language,
                        scripts=scripts,
                    )
                    await page.goto(f"{payer.billing}/communications-credits")
                    # People sign in with passkeys; the operator's own way stands folded beneath.
                    await page.locator("details.way-of-operator summary").click()
                    await page.locator("#operator-token").fill(TOKEN)
                    await page.locator("details.way-of-operator button[type=submit]").click()
                    await _first_card_is_declined_and_replaced(payer)
                    await _a_payer_who_is_not_signed_in_approves(payer, complaints)
                    await _a_transfer_names_its_reference_and_arrives(payer)
            verification = await api.post("/v1/verify")
    assert verification["discrepancies"] == []
    assert complaints == []
