"""The console in a real browser: both languages and themes, four widths, and three journeys by keyboard alone."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.async_api import Browser, Page, async_playwright, expect

from commcredits.operations.adjustments import AdjustmentState, get_adjustment
from commcredits.operations.agreeing import RequestState
from commcredits.operations.refund_requests import get_refund_request
from tests.edges.portal.conftest import ARTIFACTS, CHROMIUM_ARGUMENTS, LOCALES
from tests.edges.portal.console_world import UNIT, ConsoleWorld, adjust, fill, open_world, refund, staff
from tests.edges.portal.test_console_pages import PAGES
from tests.edges.portal.test_how_it_looks import AXE_OPTIONS, OVERFLOWS
from tests.edges.portal.visitor import TOKEN
from tests.picturing import PATIENCE_MILLISECONDS, be_patient, picture_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

Scheme = Literal["light", "dark"]
VIEWS: Final[dict[str, tuple[tuple[Scheme, int], ...]]] = {
    "en": (("light", 320), ("dark", 390), ("light", 768), ("dark", 1440)),
    "ro": (("dark", 320), ("light", 390), ("dark", 768), ("light", 1440)),
}
EXAMINED: Final = (390, 1440)


@dataclass(kw_only=True)
class Console:
    """The console where a browser reaches it."""

    world: ConsoleWorld
    browser: Browser
    address: str
    complaints: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def window(self, language: str = "en") -> AsyncIterator[Page]:
        """A window that is signed in."""
        context = await self.browser.new_context(locale=LOCALES[language], reduced_motion="reduce")
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        await page.goto(f"{self.address}/sign-in")
        await page.locator("[name=operator_token]").first.fill(TOKEN)
        await page.locator("main form:has([name=operator_token]) button[type=submit]").click()
        await page.wait_for_url(lambda url: "sign-in" not in url)
        yield page
        await context.close()

    def _heard(self, told: object) -> None:
        kind, text = str(getattr(told, "type", "")), str(getattr(told, "text", ""))
        if kind in {"error", "warning"} and "status of 422" not in text:
            self.complaints.append(text)


@pytest.fixture
async def console(database_url: str, tmp_path: Path) -> AsyncIterator[Console]:
    """The filled console under the server that the product uses, and Debian's Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed (on Debian: the package chromium)")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    be_patient()
    async with open_world(database_url, tmp_path) as world, async_playwright() as playwright:
        await fill(world)
        server = uvicorn.Server(uvicorn.Config(world.application, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        browser = await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        opened = Console(world=world, browser=browser, address=f"http://127.0.0.1:{listener.getsockname()[1]}/portal")
        yield opened
        await browser.close()
        server.should_exit = True
        await serving
    listener.close()
    assert opened.complaints == []


@pytest.mark.parametrize("language", ["en", "ro"])
async def test_every_page_of_the_console_fits_every_width_and_breaks_no_rule_of_accessibility(
    console: Console, language: str
) -> None:
    found: list[str] = []
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    async with console.window(language) as page:
        for path, _words in PAGES:
            place = path.format(**console.world.ids)
            await page.goto(f"{console.address}/console/{place}".rstrip("/"))
            name = (
                place.partition("?")[0].replace("/", "-").replace(console.world.ids["organization"], "one") or "health"
            )
            for scheme, width in VIEWS[language]:
                await page.emulate_media(color_scheme=scheme)
                await page.set_viewport_size({"width": width, "height": 1000})
                at = f"{place}: {language}-{scheme}-{width}"
                found += [f"{at}: {each}" for each in await page.evaluate(OVERFLOWS)]
                if width in EXAMINED:
                    await picture_of(page, ARTIFACTS / f"console-{name[:40]}-{language}-{scheme}-{width}.png")
                    violations = (await Axe().run(page, context="html", options=AXE_OPTIONS)).response["violations"]
                    found += [f"{at}: {each['id']}: {node['html']}" for each in violations for node in each["nodes"]]
    assert not found, "\n".join(found)


async def test_a_call_is_cut_by_keyboard_alone(console: Console) -> None:
    async with console.window() as page:
        await page.goto(f"{console.address}/console/live-calls")
        await _tab_to(page, "Cut")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Cut this call?")
        await _tab_to(page, "Cut the call")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.good")).to_contain_text("The cut was ordered")
        await expect(page.locator(".message.good")).to_be_focused()
    ordered = await console.world.services.pool.fetchval("select count(*) from call_cuts")
    assert ordered == 1


async def test_an_adjustment_is_agreed_to_by_keyboard_alone(console: Console) -> None:
    organization = console.world.ids["organization"]
    await console.world.services.pool.execute("delete from adjustments")
    pending = await adjust(console.world.services.acting_as(staff("ana")), organization, 500 * UNIT, by="ana")
    async with console.window("ro") as page:
        await page.goto(f"{console.address}/console/adjustments")
        await page.locator("tbody a").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Ajustare")
        await _tab_to(page, "Aprobați")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.good")).to_contain_text("Ajustarea a fost aplicată")
    known = await get_adjustment(
        console.world.services, organization_id=organization, adjustment_id=pending.adjustment_id
    )
    assert getattr(known, "state", None) is AdjustmentState.APPLIED


async def test_a_refund_is_agreed_to_by_keyboard_alone(console: Console) -> None:
    await console.world.services.pool.execute("delete from refund_requests")
    pending = await refund(console.world)
    async with console.window("ro") as page:
        await page.goto(f"{console.address}/console/payments/refund-requests")
        await page.locator("tbody a").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Rambursare cerută")
        await _tab_to(page, "Aprobați")
        await page.keyboard.press("Enter")
        await expect(page.locator(".message.good")).to_contain_text("Rambursarea a fost efectuată")
        await expect(page.locator(".message.good")).to_be_focused()
    known = await get_refund_request(
        console.world.services,
        organization_id=pending.organization_id,
        refund_request_id=pending.refund_request_id,
    )
    assert getattr(known, "state", None) is RequestState.APPLIED


async def _tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus says these words."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if (await page.evaluate("document.activeElement?.innerText || ''")).strip() == words:
            return
    raise AssertionError(f"nothing that says {words!r} can be reached by keyboard")
