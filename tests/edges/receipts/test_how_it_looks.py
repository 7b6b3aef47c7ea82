"""The page of a receipt in a browser: accessible, no wider than a phone, and asking nobody for anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from msgspec.structs import replace
from playwright.sync_api import Page, sync_playwright

from commcredits.core.receipts import ReceiptDocument
from commcredits.edges.receipts.html import html_of
from tests.edges.receipts.papers import ROMANIAN, credit_note, paper, sheet

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
WIDTHS = (320, 1_440)
LONG = paper(buyer=replace(ROMANIAN, legal_name="W" * 200, reference="x" * 100))
DOCUMENTS = {"a receipt": paper(), "a credit note": credit_note(paper()), "a long name": LONG}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        if not Path(CHROMIUM).exists():
            pytest.skip("Debian's package chromium is not installed")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_the_page_is_for_everybody_and_fits_every_screen(
    page: Page, document: ReceiptDocument, language: str, width: int
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": width, "height": 900})
    page.set_content(html_of(sheet(document, language)).decode())
    assert asked == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
