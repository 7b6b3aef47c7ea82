"""The portal over a real database, for people who come, prove who they are, and go.

Knows how the parts are put together, and the shortest ways in. Refuses to know what is tested.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.administrator_records import Invited
from commcredits.operations.administrators import invite_administrator
from commcredits.operations.payment_terms import PaymentTerms
from commcredits.operations.services import Services
from commcredits.operations.staff import invite_staff
from tests.edges.portal.soft_passkey import SoftPasskey, options_of
from tests.edges.portal.visitor import Form, forms_of
from tests.operations.office import Office

ORIGIN: Final = "https://portal.test"
TOKEN: Final = "an operator token"
COOKIE: Final = "__Host-commcredits_portal"


@dataclass(kw_only=True)
class Site:
    """The portal in several processes over one database: whoever is in or out is so in all of them."""

    office: Office
    services: Services
    settings: PortalSettings
    processes: dict[int, Starlette] = field(default_factory=dict)
    browsers: list[Browser] = field(default_factory=list)

    def browser(self, *, process: int = 0, source: str = "192.0.2.7", language: str = "en") -> Browser:
        """Somebody who has not been here yet."""
        transport = httpx.ASGITransport(self.process(process), client=(source, 4_711))
        headers = {"Accept-Language": language, "User-Agent": "Firefox/150"}
        client = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)
        browser = Browser(http=client, site=self)
        self.browsers.append(browser)
        return browser

    def process(self, number: int) -> Starlette:
        """The portal of one process, put together when somebody first comes to it."""
        if number not in self.processes:
            app = portal_app(
                lambda page: ServicesForPortal(page.services),
                self.settings,
                now=self.office.clock,
                services=self.services,
            )
            self.processes[number] = Starlette(routes=[Mount("/portal", app)])
        return self.processes[number]

    async def invited(self, organization_id: str | None, address: str, *roles: str) -> str:
        """The path of an invitation's link, for staff of the operator without an organization."""
        if organization_id is None:
            invited = await invite_staff(
                self.services, address=address, name="Front Desk", roles=roles or ("operator_owner",)
            )
        else:
            invited = await invite_administrator(
                self.services,
                organization_id=organization_id,
                address=address,
                name="Front Desk",
                roles=roles or ("global_administrator",),
            )
        assert isinstance(invited, Invited), invited
        assert invited.link is not None
        return invited.link.get_secret_value().removeprefix(ORIGIN)


@dataclass(kw_only=True)
class Browser:
    """Somebody's browser, with a passkey once one was made."""

    http: httpx.AsyncClient
    site: Site
    passkey: SoftPasskey = field(default_factory=lambda: SoftPasskey(origin=ORIGIN))

    async def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return await self.http.get(path)

    async def form(self, path: str, action: str, way: str = "") -> tuple[Form, str]:
        """The form of a page that goes there, and the page."""
        page = (await self.get(path)).text
        found = [
            each for each in forms_of(page) if each.action == action and (not way or each.fields.get("way") == way)
        ]
        assert found, page
        return found[0], page

    async def send(self, path: str, action: str, **fields: str) -> httpx.Response:
        """Fill in the form of a page that goes there, and send it."""
        form, _page = await self.form(path, action)
        return await self.http.post(action, data={**form.fields, **fields})

    async def accept(self, path: str) -> httpx.Response:
        """Accept an invitation with a new passkey."""
        form, page = await self.form(path, path, "new")
        credential = self.passkey.made(options_of(page, "create"))
        return await self.http.post(path, data={**form.fields, "credential": credential})

    async def sign_in(self, passkey: SoftPasskey | None = None) -> httpx.Response:
        """Sign in with a passkey."""
        form, page = await self.form("/portal/sign-in", "/portal/sign-in/passkey")
        credential = (passkey or self.passkey).used(options_of(page, "get"))
        return await self.http.post(form.action, data={**form.fields, "credential": credential})

    async def is_in(self) -> bool:
        """Whether pages open for them."""
        return (await self.get("/portal/security")).status_code == 200

    @property
    def cookie(self) -> str:
        """The cookie of the visit."""
        return self.http.cookies[COOKIE]


@asynccontextmanager
async def open_site(office: Office, **settings: object) -> AsyncIterator[Site]:
    """The portal at ORIGIN, with these settings."""
    services = replace(office.services, payments=PaymentTerms(origin=ORIGIN))
    given = {"operator_token": TOKEN, "origin": ORIGIN, "secure_cookies": True, "live_seconds": 600, **settings}
    portal_settings = PortalSettings(**given)  # type: ignore[arg-type]  # a test says which by name
    site = Site(office=office, services=services, settings=portal_settings)
    try:
        yield site
    finally:
        await asyncio.gather(*(browser.http.aclose() for browser in site.browsers))
