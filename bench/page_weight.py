"""What a browser fetches for the first page that it opens: the page, its styles, scripts and icons, and its letters.

Knows how much goes over the wire, packed as the portal packs it. A font counts where the page has a letter that it is
for; of two that have a letter, the one whose rule stands later (CSS Fonts 4 §4.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

import httpx

_LINKED: Final = re.compile(r'(?:href|src)="([^"#]*/static/[^"#]+)[^"]*"')
_FACE: Final = re.compile(r'@font-face\s*\{[^}]*?url\("([^"]+)"\)[^}]*?unicode-range:([^;]+);', re.DOTALL)
_RANGE: Final = re.compile(r"U\+([0-9A-Fa-f]+)(?:-([0-9A-Fa-f]+))?")
_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWeight:
    """How many bytes each of the files took on its way; ``page`` is the page's own HTML."""

    address: str
    language: str
    page: int
    files: dict[str, int]

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return self.page + sum(self.files.values())


async def weigh(client: httpx.AsyncClient, address: str, language: str) -> PageWeight:
    """Fetch the page and all that it asks for, as a browser that has nothing of it yet."""
    page, body = await _fetch(client, address, language)
    html = body.decode()
    files = {}
    fonts: list[tuple[str, str]] = []
    for link in sorted({unescape(link) for link in _LINKED.findall(html)}):
        files[_name(link)], content = await _fetch(client, link, language)
        if ".css" in link:
            folder = link.rpartition("/")[0]
            fonts += [(f"{folder}/{file}", ranges) for file, ranges in _FACE.findall(content.decode())]
    for font in sorted({_font_of(letter, fonts) for letter in set(unescape(_TAG.sub(" ", html)))} - {""}):
        files[_name(font)], _content = await _fetch(client, font, language)
    return PageWeight(address=address, language=language, page=page, files=files)


async def _fetch(client: httpx.AsyncClient, address: str, language: str) -> tuple[int, bytes]:
    """How many bytes came, and what they hold."""
    headers = {"Accept-Language": language, "Accept-Encoding": "gzip"}
    async with client.stream("GET", address, headers=headers) as answer:
        answer.raise_for_status()
        content = b"".join([piece async for piece in answer.aiter_bytes()])
        return answer.num_bytes_downloaded, content


def _font_of(letter: str, fonts: list[tuple[str, str]]) -> str:
    found = ""
    for file, ranges in fonts:
        if any(first <= ord(letter) <= last for first, last in _bounds(ranges)):
            found = file
    return found


def _bounds(ranges: str) -> Iterator[tuple[int, int]]:
    for first, last in _RANGE.findall(ranges):
        yield int(first, 16), int(last or first, 16)


def _name(address: str) -> str:
    return address.rpartition("/")[2].partition("?")[0]
