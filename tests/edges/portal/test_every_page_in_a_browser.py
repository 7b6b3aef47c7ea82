"""Every page that links lead to, as eyes and screen readers meet it: both languages, light and dark, four widths."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Browser, Page

from tests.edges.portal.busy import open_busy
from tests.edges.portal.conftest import LOCALES, launched_chromium, photograph
from tests.edges.portal.test_how_it_looks import AXE_OPTIONS, OVERFLOWS
from tests.edges.portal.visitor import TOKEN
from tests.edges.portal.walking import walk
from tests.picturing import PATIENCE_MILLISECONDS, follow

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1_200)]

Scheme = Literal["light", "dark"]
VIEWS: Final[dict[str, tuple[tuple[Scheme, int], ...]]] = {
    "en": (("light", 320), ("dark", 390), ("light", 768), ("dark", 1440)),
    "ro": (("dark", 320), ("light", 390), ("dark", 768), ("light", 1440)),
}
"""Each language meets each width, and each width both schemes."""

EXAMINED: Final = {"en": 390, "ro": 1440}
"""Where each language's rules of accessibility are asked: on a phone and dark, and at a desk and light."""

PICTURED: Final = (390, 1440)


@dataclass(kw_only=True)
class Served:
    """A running portal, and an address of each of its pages."""

    origin: str
    pages: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """The busy organization's portal under the server that the product uses."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    found = Served(origin=f"http://127.0.0.1:{listener.getsockname()[1]}")
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        async with open_busy(database_url, tmp_path) as busy:
            walked = await walk(busy, "en")
            found.pages.update(
                {pattern: paths[0] for pattern, paths in walked.pages.items() if paths[0] not in walked.files}
            )
            server = uvicorn.Server(
                uvicorn.Config(busy.application, log_level="warning", loop="asyncio", lifespan="off")
            )
            servers.append(server)
            ready.set()
            await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(120), "the portal never came up"
    yield found
    servers[0].should_exit = True
    thread.join()
    listener.close()


def _wrong(page: Page, *, examined: bool) -> list[str]:
    found: list[str] = list(page.evaluate(OVERFLOWS))
    if examined:
        for each in Axe().run(page, options=AXE_OPTIONS).response["violations"]:
            found += [f"{each['id']}: {node['html'][:160]}" for node in each["nodes"]]
    return found


@pytest.fixture
def browser(served: Served) -> Iterator[Browser]:
    """A browser that starts once the database is there, for its thread can run no other loop from then on."""
    assert served.pages
    with launched_chromium() as launched:
        yield launched


@pytest.mark.parametrize("language", ["en", "ro"])
def test_no_page_overflows_breaks_a_policy_or_shuts_anybody_out(
    served: Served, browser: Browser, language: str
) -> None:
    context = browser.new_context(locale=LOCALES[language], reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served.origin}/portal/sign-in")
    page.locator("#operator-token").fill(TOKEN)
    follow(page.locator("main button[type=submit]"))
    wrong: list[str] = []
    for pattern, path in served.pages.items():
        for scheme, width in VIEWS[language]:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            if width == VIEWS[language][0][1]:
                page.goto(f"{served.origin}{path}")
            wrong += [
                f"{pattern} {scheme} {width}: {each}" for each in _wrong(page, examined=width == EXAMINED[language])
            ]
            if width not in PICTURED:
                continue
            name = pattern.strip("/").replace("/", "_").replace("{organization_id:uuid}", "id") or "home"
            photograph(page, f"every/{language}-{scheme}-{width}-{name}")
        wrong += [f"{pattern}: {each}" for each in complaints]
        complaints.clear()
    context.close()
    assert wrong == []
