"""Auto-recharge from its form to its receipt, in Romanian: a real browser, the real database, the simulated gateway."""

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pypdfium2
import pytest
from playwright.async_api import ConsoleMessage, Page, async_playwright, expect

from commcredits.core.money import MICROS_PER_UNIT
from commcredits.edges.demo.administration import AdministrationClient
from commcredits.gateways.protocol import CustomerRequest, Unavailable
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from tests.edges.portal.conftest import CHROMIUM_ARGUMENTS, LOCALES
from tests.picturing import be_patient, picture_of
from tests.stories.books import administration, open_organization, publish_deck

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

TOKEN: Final = "the-token-of-the-recharging-story"
CHROMIUM: Final = Path("/usr/bin/chromium")
PICTURES: Final = Path(__file__).resolve().parents[2] / "artifacts" / "stories"
NBSP: Final = "\u00a0"
CARDS: Final = ("sim_decline_insufficient_funds", "sim_ok")
WAITS_SECONDS: Final = 30

SELLER: Final[dict[str, Any]] = {
    "legal_name": "Telefonie Exemplu SRL",
    "address_lines": ["Str. Școlii 5"],
    "city": "SECTOR3",
    "county": "RO-B",
    "country": "RO",
    "tax_id": "RO18547290",
    "registration_number": "J40/1234/2006",
    "time_zone": "Europe/Bucharest",
    "exchange_rates": [{"currency": "EUR", "from": "2020-01-01", "rate": "5"}],
}
TAX: Final = {"country": "RO", "from": "2020-01-01", "treatment": "on_top_up", "rate": "21"}


async def add_cards(simulator_url: str, api: AdministrationClient, organization_id: str) -> None:
    """Store the cards at the gateway, and with the organization."""
    gateway = SimulatorGateway(simulator_url)
    customer = await gateway.create_customer(CustomerRequest(idempotency_key=organization_id, name="Story"))
    assert not isinstance(customer, Unavailable)
    await gateway.aclose()
    async with SimulatorControl(simulator_url) as control:
        for card in CARDS:
            stored = await control.attach_card(customer.reference, card)
            path = f"/v1/organizations/{organization_id}/payment-methods"
            await api.post(path, {"gateway": "simulator", "reference": stored.reference})


async def say_who_buys(page: Page) -> None:
    """Fill in the billing details."""
    await page.get_by_role("link", name="Date de facturare").first.click()
    await page.get_by_label("Denumire legală").fill("Țânțar & Fiii SRL")
    await page.get_by_label("Adresă", exact=True).fill("Bd. Unirii 10")
    await page.get_by_label("Localitate").fill("Cluj-Napoca")
    await page.get_by_label("Județ sau regiune").select_option(label="Cluj")
    await page.get_by_label("Cod fiscal").fill("RO10000009")
    await page.get_by_role("button", name="Salvați modificările").click()
    await expect(page.locator("#details-tax_id-error")).to_have_text("Codul fiscal nu este valid.")
    await page.get_by_label("Cod fiscal").fill("RO10000008")
    await page.get_by_role("button", name="Salvați modificările").click()
    await expect(page.get_by_text("Datele de facturare au fost salvate")).to_be_visible()


async def set_auto_recharge(page: Page) -> None:
    """Up to a target, with a card that is declined and a good one behind it."""
    await page.get_by_role("link", name="Modificați setările de reîncărcare").click()
    await page.get_by_role("switch").check()
    await expect(page.get_by_label("Țintă", exact=True)).to_be_hidden()
    await page.get_by_label("Până la o țintă").check()
    await expect(page.get_by_label("Suma reîncărcării")).to_be_hidden()
    await page.get_by_label("Țintă", exact=True).fill("60,50")
    await page.get_by_label("Când soldul scade sub").fill("20")
    for label, card in (("Metodă de plată", "1001"), ("Metodă de rezervă", "0001")):
        methods = page.get_by_label(label, exact=True)
        await methods.select_option(label=await methods.locator("option", has_text=card).inner_text())
    await page.get_by_role("button", name="Salvați modificările").click()
    await expect(page.get_by_role("status")).to_contain_text("reîncărcarea începe acum")


async def until_posted(api: AdministrationClient, path: str, posted: str) -> None:
    """Wait for a balance."""
    async with asyncio.timeout(WAITS_SECONDS):
        while True:
            if (await api.get(f"{path}/balance"))["posted"] == posted:
                return
            await asyncio.sleep(0.1)


async def until_receipt(page: Page) -> None:
    """Look at the list until the worker has issued the receipt."""
    async with asyncio.timeout(WAITS_SECONDS):
        while not await page.get_by_role("link", name="CC-000001").count():
            await asyncio.sleep(0.2)
            await page.reload()


async def read_the_attempts(page: Page) -> None:
    """Both attempts, the paid one first, each with its reason and what followed."""
    await page.get_by_role("link", name="Încercări de reîncărcare").click()
    await expect(page.locator("tbody tr")).to_have_count(2)
    paid, declined = page.locator("tbody tr").nth(0), page.locator("tbody tr").nth(1)
    await expect(paid).to_contain_text("0001")
    await expect(paid).to_contain_text(f"+59,50{NBSP}EUR")
    await expect(declined).to_contain_text("1001")
    await expect(declined).to_contain_text("Contul metodei de plată nu are destui bani.")
    await expect(declined).to_contain_text("A urmat imediat metoda de rezervă.")
    await picture_of(page, PICTURES / "recharge-attempts-ro.png")


async def save_the_receipt(page: Page) -> bytes:
    """The PDF of the recharge's receipt, which is read on its page first."""
    await page.get_by_role("link", name="Facturi", exact=True).click()
    await until_receipt(page)
    await page.get_by_role("link", name="CC-000001").click()
    await expect(page.locator("main")).to_contain_text("Țânțar & Fiii SRL")
    await picture_of(page, PICTURES / "receipt-ro.png")
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Descărcați PDF").click()
    download = await downloading.value
    assert download.suggested_filename == "CC-000001.pdf"
    return (await download.path()).read_bytes()


def pdf_text(content: bytes) -> str:
    """What a PDF says, on all its pages."""
    document = pypdfium2.PdfDocument(BytesIO(content))
    return "\n".join(page.get_textpage().get_text_range() for page in document).replace(NBSP, " ")


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's package chromium is not installed")
async def test_a_declined_card_a_good_backup_and_the_receipt_of_what_it_bought(tmp_path: Path) -> None:
    settings = Settings(
        data_directory=tmp_path,
        operator_token=TOKEN,
        web_port=0,
        charging_port=0,
        simulator_port=0,
        seller=SELLER,
        taxes=(TAX,),
    )
    PICTURES.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A form that comes back does so with status 422, which the browser reports for every such answer.
        if message.type in {"error", "warning"} and "status of 422" not in message.text:
            complaints.append(message.text)

    be_patient()
    async with running_system(settings) as running, administration(running, TOKEN) as api, async_playwright() as driver:
        assert running.simulator_url is not None
        organization_id = await open_organization(api, "Story", await publish_deck(api), MICROS_PER_UNIT)
        await add_cards(running.simulator_url, api, organization_id)
        address = f"{running.web_url}/portal/organizations/{organization_id}/billing/communications-credits"
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_ARGUMENTS))
        page = await browser.new_page(locale=LOCALES["ro"], viewport={"width": 1440, "height": 1000})
        page.on("console", heard)
        await page.goto(address)
        await page.locator("#operator-token").fill(TOKEN)
        await page.locator("main button[type=submit]").click()
        await page.wait_for_url(address)
        await say_who_buys(page)
        await page.goto(address)
        await set_auto_recharge(page)
        await until_posted(api, f"/v1/organizations/{organization_id}", "60.500000")

        await page.goto(address)
        await read_the_attempts(page)
        text = pdf_text(await save_the_receipt(page))
        for said in ("Telefonie Exemplu SRL", "Țânțar & Fiii SRL", "RO10000008", "59,50", "12,50", "72,00"):
            assert said in text, said
        await browser.close()
        verification = await api.post("/v1/verify")
    assert verification["discrepancies"] == []
    assert complaints == []
