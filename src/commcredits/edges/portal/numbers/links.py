"""Addresses of the pages of telephone numbers.

Knows where the portal is mounted, and which organization's pages these are. In an address a number stands without its
plus sign. Refuses to know what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from commcredits.edges.portal.page import Page

NUMBERS: Final = "/organizations/{organization_id:uuid}/numbers"
GET: Final = f"{NUMBERS}/get"
CHOSEN: Final = f"{GET}/{{digits:int}}"
ACQUIRE: Final = f"{CHOSEN}/acquire"
NUMBER: Final = f"{NUMBERS}/{{digits:int}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberLinks:
    """Links of one organization's numbers; ``base`` is where all of its pages stand."""

    base: str

    def numbers(self, **query: str) -> str:
        """The organization's numbers."""
        return f"{self.base}/numbers" + (f"?{urlencode(query)}" if query else "")

    def number(self, number: str, **notice: str) -> str:
        """One of them, and whom it serves; ``notice`` tells the page what to announce."""
        return f"{self.base}/numbers/{number.removeprefix('+')}" + (f"?{urlencode(notice)}" if notice else "")

    def stock(self, **query: str) -> str:
        """Numbers that can be had."""
        return f"{self.base}/numbers/get" + (f"?{urlencode(query)}" if query else "")

    def chosen(self, number: str) -> str:
        """One of those, reserved or to be reserved."""
        return f"{self.base}/numbers/get/{number.removeprefix('+')}"

    def acquire(self, number: str) -> str:
        """Where a reserved number is made the organization's own."""
        return f"{self.chosen(number)}/acquire"


def number_links(page: Page) -> NumberLinks:
    """The links of the organization that the page's address names."""
    return NumberLinks(base=f"{page.links.root}/organizations/{page.organization_id}")
