"""Following every link of the portal from its first pages on, as somebody without scripts would.

Knows HTML and the portal's routes. Refuses to know what any page is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.routing import Match, Mount, Route, Router

from commcredits.edges.portal.door import FORM_TOKEN
from tests.edges.portal.busy import Busy
from tests.edges.portal.visitor import TOKEN, forms_of

ORIGIN: Final = "http://127.0.0.1:8080"
EXAMPLES_MAX: Final = 2
"""Most addresses looked at of each kind of page."""


class _Page(HTMLParser):
    """What a page says of itself: its links, its ids, its title and language."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.language = ""
        self.title = ""
        self.headings = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("id"):
            self.ids.append(given["id"])
        if tag == "html":
            self.language = given.get("lang", "")
        elif tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "h1":
            self.headings += 1
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False


def _routes(busy: Busy) -> Router:
    mount = busy.application.routes[0]
    assert isinstance(mount, Mount)
    inside: object = mount.app
    while not isinstance(inside, Starlette):
        inside = next(value for name, value in vars(inside).items() if name in {"app", "_app"})
    return inside.router


def _pattern(router: Router, path: str) -> str:
    scope = {"type": "http", "path": path.removeprefix("/portal"), "method": "GET", "root_path": ""}
    for route in router.routes:
        if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
            return route.path
    return ""


def patterns(busy: Busy) -> Iterator[str]:
    """Every address that answers a GET."""
    for route in _routes(busy).routes:
        if isinstance(route, Route) and "GET" in (route.methods or ()):
            yield route.path


async def signed_in(busy: Busy, language: str) -> httpx.AsyncClient:
    """A browser of whoever owns the installation, in this language."""
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(busy.application, raise_app_exceptions=True),
        base_url=ORIGIN,
        headers={"Accept-Language": language},
    )
    form = next(
        each for each in forms_of((await client.get("/portal/sign-in")).text) if "operator_token" in each.fields
    )
    answer = await client.post(form.action, data={**form.fields, "operator_token": TOKEN})
    assert answer.status_code == 303, answer.text
    return client


def _wrong(path: str, answer: httpx.Response, language: str) -> list[str]:
    """What is wrong with one page, a sentence each."""
    page = _Page()
    page.feed(answer.text)
    found = [f"{path}: the id {each} stands {count} times" for each, count in Counter(page.ids).items() if count > 1]
    if page.language != language:
        found.append(f"{path}: its language is {page.language!r}")
    if not page.title.strip() or page.headings != 1:
        found.append(f"{path}: its title is {page.title!r}, and it has {page.headings} first headings")
    # In English it may be a word, as of a list to choose from.
    if language == "ro" and re.search(r">\s*None\s*<", answer.text):
        found.append(f"{path}: shows the word None")
    unproven = re.findall(r"<form[^>]*method=.post.[^>]*>(?:(?!</form>).)*</form>", answer.text, re.DOTALL)
    found += [f"{path}: a form without its token" for each in unproven if f'name="{FORM_TOKEN}"' not in each]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """``pages`` are addresses by their pattern, at most EXAMPLES_MAX each; ``wrong`` is a sentence for each fault.

    ``files`` are the addresses that answer with something other than a page of the portal.
    """

    files: frozenset[str]
    pages: Mapping[str, tuple[str, ...]]
    wrong: tuple[str, ...]


async def walk(busy: Busy, language: str) -> Walked:
    """Follow every link, signed in as whoever owns the installation."""
    router = _routes(busy)
    client = await signed_in(busy, language)
    waiting = ["/portal/", f"/portal/organizations/{busy.organization_id}/billing/communications-credits"]
    seen = set(waiting)
    examples: dict[str, list[str]] = {}
    wrong: list[str] = []
    files: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        pattern = _pattern(router, urlsplit(path).path)
        if not pattern:
            wrong.append(f"{path}: leads nowhere")
            continue
        if len(examples.setdefault(pattern, [])) >= EXAMPLES_MAX:
            continue
        examples[pattern].append(path)
        answer = await client.get(path, follow_redirects=True)
        if answer.status_code != 200:
            wrong.append(f"{path}: answers {answer.status_code}")
            continue
        if (
            not answer.headers["content-type"].startswith("text/html")
            or "content-disposition" in answer.headers
            or not answer.text.startswith("<!doctype html>")
        ):
            files.add(path)
            continue
        wrong += _wrong(path, answer, language)
        page = _Page()
        page.feed(answer.text)
        for link in page.links:
            target = urlsplit(urldefrag(urljoin(str(answer.url), link)).url)
            address = target.path + (f"?{target.query}" if target.query else "")
            if target.netloc == urlsplit(ORIGIN).netloc and target.path.startswith("/portal") and address not in seen:
                seen.add(address)
                waiting.append(address)
    await client.aclose()
    return Walked(
        pages={pattern: tuple(paths) for pattern, paths in examples.items()}, wrong=tuple(wrong), files=frozenset(files)
    )
