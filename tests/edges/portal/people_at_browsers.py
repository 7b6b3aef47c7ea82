"""People at browsers of their own, at a portal that runs beside a provider of identities.

Knows the provider's own pages and an authenticator that keeps passkeys. Refuses to know what is tested.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page

from commcredits.operations.administrator_records import Invited
from commcredits.operations.administrators import invite_administrator
from commcredits.operations.services import Services
from tests.edges.portal.conftest import ARTIFACTS, LOCALES
from tests.edges.portal.identity_provider import RunningProvider
from tests.picturing import PATIENCE_MILLISECONDS, follow, picture

T = TypeVar("T")


@dataclass(kw_only=True)
class Running:
    """The portal at ``address``, with its services in the server's own loop."""

    address: str
    provider: RunningProvider
    services: Services
    loop: asyncio.AbstractEventLoop
    organization_id: str
    contexts: list[BrowserContext] = field(default_factory=list)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """What an operation answers."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def invited(self, address: str, *roles: str, organization_id: str | None = None) -> str:
        """An invitation's link."""
        invited = self.do(
            invite_administrator(
                self.services,
                organization_id=organization_id or self.organization_id,
                address=address,
                name="Front Desk",
                roles=roles or ("global_administrator",),
            )
        )
        assert isinstance(invited, Invited)
        assert invited.link is not None
        return invited.link.get_secret_value()


class Person:
    """Somebody at a browser of their own; ``complaints`` are what its policies found wrong."""

    def __init__(self, browser: Browser, running: Running, *, language: str = "en", width: int = 1440) -> None:
        self.context = browser.new_context(
            locale=LOCALES[language], viewport={"width": width, "height": 900}, reduced_motion="reduce"
        )
        self.context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.page = self.context.new_page()
        self.running = running
        self.complaints: list[str] = []
        self.page.on(
            "console",
            lambda said: self.complaints.append(said.text) if "Content Security Policy" in said.text else None,
        )

    def open(self, path: str) -> Page:
        """A page of the portal."""
        self.page.goto(path if path.startswith("http") else self.running.address + path)
        return self.page

    def through(self, account: str, *, title: str = "Exemplu Conturi", path: str = "/sign-in") -> Page:
        """To the provider as this account, and back; whatever comes of it."""
        page = self.open(path)
        page.get_by_role("link", name=f"Continue with {title}").click()
        return self.at_provider(account)

    def at_provider(self, account: str) -> Page:
        """The provider's own pages: who one is, and that one agrees."""
        page = self.page
        page.wait_for_url(re.compile(re.escape(self.running.provider.issuer)))
        page.locator("input[name=login]").fill(account)
        page.locator("input[name=password]").fill("anything")
        follow(page.get_by_role("button"))
        if page.url.startswith(self.running.provider.issuer):
            page.get_by_role("button", name="Continue").click()
        page.wait_for_url(re.compile(r"localhost:\d+/portal/(?!sign-in/back/\w+\?.*zzz)"))
        page.wait_for_load_state("networkidle")
        return page

    def is_in(self) -> bool:
        """Whether pages open for them."""
        return self.open("/security").url.endswith("/security")

    def passkeys(self) -> Any:
        """An authenticator that does what people do: keeps passkeys, and makes sure of its owner."""
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        identity = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        return session, identity


def shot(page: Page, name: str) -> None:
    """Keep a picture for people to look at."""
    picture(page, ARTIFACTS / "access" / f"{name}.png")
