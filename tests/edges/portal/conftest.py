"""A real server and a real browser for the portal's walks.

One of each per module, for the browser's driver keeps the module's thread to itself. Every test opens an organization
of its own, and ends with a look at what the browser complained of: nothing, or the test fails.
"""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from tests.edges.portal.memory_operations import Books, MemoryOperations
from tests.edges.portal.memory_visits import MemoryVisits
from tests.edges.portal.visitor import NOW, TOKEN
from tests.picturing import PATIENCE_MILLISECONDS, be_patient, picture

ARTIFACTS: Final = Path(__file__).resolve().parents[3] / "artifacts" / "portal"
CHROMIUM_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STARTS_WITHIN_SECONDS: Final = 30
LOCALES: Final = {"en": "en-GB", "ro": "ro-RO"}


@dataclass(kw_only=True)
class Portal:
    """A running portal at ``address``, one that looks for news each second at ``quick_address``, and what is behind."""

    address: str
    quick_address: str
    operations: MemoryOperations
    visit: StorageState | None = None

    def credits(self, books: Books, *, quick: bool = False) -> str:
        """The address of an organization's Communications Credits page."""
        organization_id = books.organization.organization_id
        base = self.quick_address if quick else self.address
        return f"{base}/organizations/{organization_id}/billing/communications-credits"


@dataclass(kw_only=True)
class Surfer:
    """A person at a browser. ``complaints`` are what its console and its policies found wrong."""

    browser: Browser
    portal: Portal
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self,
        path: str,
        *,
        language: str = "en",
        width: int = 1440,
        scripts: bool = True,
        own_visit: bool = False,
    ) -> Page:
        """A fresh browser window, signed in, at this address; in a visit of its own or in the one that others share."""
        context = self.browser.new_context(
            locale=LOCALES[language],
            viewport={"width": width, "height": 1000},
            java_script_enabled=scripts,
            reduced_motion="reduce",
            storage_state=None if own_visit else self.portal.visit,
        )
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        if "/sign-in" in page.url:
            page.locator("#operator-token").fill(TOKEN)
            page.locator("main button[type=submit]").click()
            page.wait_for_url(path)
            if not own_visit:
                self.portal.visit = context.storage_state()
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        # A form that comes back does so with status 422, which the browser reports for every such answer.
        if message.type in {"error", "warning"} and "status of 422" not in message.text:
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """The portal under the server that the product uses, on a free port of this machine."""
    operations = MemoryOperations(NOW)

    def now() -> datetime:
        return datetime.now(UTC)

    steady = PortalSettings(operator_token=TOKEN, live_seconds=600)
    quick = PortalSettings(operator_token=TOKEN, live_seconds=1)
    mounts = (("/portal", steady), ("/deep/down/portal", quick))
    app = Starlette(
        routes=[
            Mount(path, portal_app(lambda _page: operations, each, now=now, visits=MemoryVisits(each, now)))
            for path, each in mounts
        ]
    )
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", loop="asyncio", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = listener.getsockname()[1]
    yield Portal(
        address=f"http://127.0.0.1:{port}/portal",
        quick_address=f"http://127.0.0.1:{port}/deep/down/portal",
        operations=operations,
    )
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; skips where it is not installed."""
    with launched_chromium() as browser:
        yield browser


@contextmanager
def launched_chromium() -> Iterator[Browser]:
    """The same for as long as the block lasts, within which this thread can run no event loop of its own."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed (on Debian: the package chromium)")
    be_patient()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def surfer(chromium: Browser, portal: Portal) -> Iterator[Surfer]:
    """A person at the browser, who must have nothing to complain of in the end."""
    person = Surfer(browser=chromium, portal=portal)
    yield person
    for context in person.contexts:
        context.close()
    assert person.complaints == []


def photograph(page: Page, name: str) -> None:
    """Keep a picture of the whole page for people to look at; the folder is not part of the tree."""
    picture(page, ARTIFACTS / f"{name}.png")
