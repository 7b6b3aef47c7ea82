"""How long tests wait for a browser, how they go from page to page, and pictures of whole pages, kept to be looked at.

Knows that the browser of a busy machine now and then draws nothing for many seconds, and then does when asked again,
and that a click returns while the page that it leads to is still empty. Refuses to judge what is on a page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright import async_api, sync_api
from playwright.async_api import Page as AsyncPage
from playwright.async_api import TimeoutError as NotDrawnError
from playwright.sync_api import Locator, Page

PATIENCE_MILLISECONDS: Final = 30_000
"""How long is waited for what a page must come to; whoever is quick is not kept waiting."""
DRAWN_MILLISECONDS_MAX: Final = 10_000


def be_patient() -> None:
    """Have what is expected of pages wait as long as everything else does; five seconds are the driver's own."""
    for driver in (sync_api, async_api):
        driver.expect.set_options(timeout=PATIENCE_MILLISECONDS)


def follow(leading: Locator) -> None:
    """Click what leads to another page, or to the same one anew, and wait until that has loaded.

    For whoever then reads the page as it is: what waits for something that only the new page says needs no more.
    """
    with leading.page.expect_navigation(timeout=PATIENCE_MILLISECONDS):
        leading.click()


def picture(page: Page, path: Path) -> None:
    """Keep a picture of the whole page. Raises NotDrawnError where the browser draws none, asked twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        page.screenshot(path=path, full_page=True, timeout=DRAWN_MILLISECONDS_MAX)
    except NotDrawnError:
        page.screenshot(path=path, full_page=True, timeout=PATIENCE_MILLISECONDS)


async def picture_of(page: AsyncPage, path: Path) -> None:
    """The same of a page that is driven by an event loop."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        await page.screenshot(path=path, full_page=True, timeout=DRAWN_MILLISECONDS_MAX)
    except NotDrawnError:
        await page.screenshot(path=path, full_page=True, timeout=PATIENCE_MILLISECONDS)
