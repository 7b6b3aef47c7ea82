"""A browser without scripts and pictures: asks for pages, keeps cookies, fills in forms with what stands in them.

Knows HTML forms. Refuses to know what the pages are about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from tests.edges.portal.memory_operations import Books, MemoryOperations
from tests.edges.portal.memory_visits import MemoryVisits

TOKEN: Final = "an operator token"
NOW: Final = datetime(2026, 11, 22, 15, 32, 10, tzinfo=UTC)
NBSP: Final = "\u00a0"
HTMX: Final = {"HX-Request": "true"}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Tell the instant."""
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


def mounted(operations: MemoryOperations, clock: Callable[[], datetime], *, live_seconds: int = 600) -> Starlette:
    """The portal where the product has it: at ``/portal`` of a larger application."""
    settings = PortalSettings(operator_token=TOKEN, live_seconds=live_seconds)
    visits = MemoryVisits(settings, clock)
    app = portal_app(lambda _page: operations, settings, now=clock, visits=visits)
    return Starlette(routes=[Mount("/portal", app)])


@dataclass(kw_only=True)
class Form:
    """A form as it stands in a page: where it goes, what its fields hold."""

    action: str = ""
    identity: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(action=given.get("action", ""), identity=given.get("id", "")))
        elif tag == "input" and self.forms and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and ("selected" in given or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = given["value"]


def forms_of(html: str) -> list[Form]:
    """Every form of a page, or of a part of one."""
    parser = _Forms()
    parser.feed(html)
    return parser.forms


class Visitor:
    """Somebody at the portal. ``clock`` and ``operations`` are what stands behind it."""

    def __init__(self, operations: MemoryOperations | None = None, *, language: str = "en") -> None:
        self.clock = Clock()
        self.operations = operations or MemoryOperations(NOW)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(mounted(self.operations, self.clock), raise_app_exceptions=False),
            base_url="http://portal.test",
            headers={"Accept-Language": language},
        )

    async def get(self, path: str, *, htmx: bool = False) -> httpx.Response:
        """Ask for a page."""
        return await self.http.get(path, headers=HTMX if htmx else {})

    async def post(self, path: str, fields: dict[str, str], *, htmx: bool = False) -> httpx.Response:
        """Post exactly these fields."""
        return await self.http.post(path, data=fields, headers=HTMX if htmx else {})

    async def sign_in(self, token: str = TOKEN, path: str = "/portal/sign-in") -> httpx.Response:
        """Show the operator token on the sign-in page."""
        form = self.form((await self.get(path)).text, "/portal/sign-in")
        return await self.submit(form, operator_token=token)

    async def submit(self, form: Form, *, htmx: bool = False, **fields: str) -> httpx.Response:
        """Send a form with these fields filled in."""
        return await self.post(form.action, {**form.fields, **fields}, htmx=htmx)

    def form(self, html: str, action: str) -> Form:
        """The form that goes to this address."""
        return next(form for form in forms_of(html) if form.action == action)


def credits_path(organization_id: str) -> str:
    """Where an organization's Communications Credits page stands."""
    return f"/portal/organizations/{organization_id}/billing/communications-credits"


async def signed_in(books: Books, operations: MemoryOperations, language: str = "en") -> tuple[Visitor, str]:
    """A visitor who is signed in, and the address of this organization's Communications Credits page."""
    visitor = Visitor(operations, language=language)
    await visitor.sign_in()
    return visitor, credits_path(books.organization.organization_id)


async def at_the_page(language: str = "en", *, history: bool = True) -> tuple[Visitor, Books, str]:
    """A visitor at the page of the only organization, one with a history or one that was just opened."""
    operations = MemoryOperations(NOW)
    books = operations.open_with_history() if history else operations.open()
    visitor, path = await signed_in(books, operations, language)
    return visitor, books, path


async def funds_form(visitor: Visitor, path: str) -> Form:
    """The form that adds funds, fetched afresh."""
    return visitor.form((await visitor.get(f"{path}/add-funds")).text, f"{path}/add-funds")


async def recharge_form(visitor: Visitor, path: str) -> Form:
    """The auto-recharge settings, fetched afresh."""
    return visitor.form((await visitor.get(path)).text, f"{path}/auto-recharge")


def text_of(html: str) -> str:
    """A page with every run of white space as one plain space."""
    return " ".join(html.replace(NBSP, " ").split())
