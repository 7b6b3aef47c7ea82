"""An administrator's desk: the portal over the real database, an organization of its own, a browser without scripts.

Knows how to get there, and how to send a form of a page. Refuses to know what the pages are about.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.core.outcomes import Refused
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.services import Services
from tests.edges.portal.visitor import TOKEN, Form, forms_of, text_of
from tests.operations.office import Office, open_office

ORIGIN: Final = "http://127.0.0.1:8080"


@dataclass(kw_only=True)
class Desk:
    """A signed-in browser, and what stands behind the pages."""

    office: Office
    organization_id: str
    http: httpx.AsyncClient

    @property
    def services(self) -> Services:
        """What the pages ask."""
        return self.office.services

    @property
    def base(self) -> str:
        """Where the organization's pages stand."""
        return f"/portal/organizations/{self.organization_id}"

    async def get(self, path: str) -> str:
        """A page's HTML, with every run of white space as one plain space; it must be there."""
        answer = await self.http.get(self._below(path))
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-2000:])
        return text_of(answer.text)

    async def form(self, path: str, identity: str) -> Form:
        """A form of a page, by its id."""
        return form_in((await self.http.get(self._below(path))).text, identity)

    async def send(self, form: Form, **fields: str) -> httpx.Response:
        """Send a form with these fields filled in."""
        return await self.http.post(form.action, data={**form.fields, **fields})

    async def follow(self, answer: httpx.Response) -> str:
        """The page that an answer leads to; the answer's own where it leads nowhere."""
        while answer.status_code == 303:
            answer = await self.http.get(answer.headers["location"])
        return text_of(answer.text)

    def _below(self, path: str) -> str:
        return path if path.startswith("/portal") else f"{self.base}{path}"


def form_in(html: str, identity: str) -> Form:
    """The form with this id in a page."""
    found = [form for form in forms_of(html) if form.identity == identity]
    assert found, (identity, text_of(html)[:2000])
    return found[0]


@asynccontextmanager
async def open_desk(database_url: str, language: str = "en") -> AsyncIterator[Desk]:
    """A desk over a fresh database; whoever sits there owns the installation."""
    async with open_office(database_url) as office:
        organization = await office.organization("Exemplu SRL")
        assert not isinstance(organization, Refused)
        portal = portal_app(
            lambda page: ServicesForPortal(page.services),
            PortalSettings(operator_token=TOKEN),
            now=office.clock,
            services=office.services,
        )
        transport = httpx.ASGITransport(Starlette(routes=[Mount("/portal", portal)]))
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={"Accept-Language": language}
        ) as http:
            page = (await http.get("/portal/sign-in")).text
            form = next(each for each in forms_of(page) if "operator_token" in each.fields)
            signed_in = await http.post(form.action, data={**form.fields, "operator_token": TOKEN})
            assert signed_in.status_code == 303, signed_in.text
            yield Desk(office=office, organization_id=organization.organization_id, http=http)
