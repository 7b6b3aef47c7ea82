"""Addresses of an organization's home and of its live parts.

Knows where they stand below the portal's root. Refuses to know what stands there.
"""

from __future__ import annotations

from typing import Final

from commcredits.edges.portal.page import Page

HOME: Final = "/organizations/{organization_id:uuid}"
PART: Final = f"{HOME}/home"
LIVE: Final = f"{HOME}/live"


def home(page: Page, organization_id: str) -> str:
    """The home of an organization."""
    return f"{page.links.root}/organizations/{organization_id}"


def part(page: Page, organization_id: str) -> str:
    """What of it changes while one looks."""
    return f"{home(page, organization_id)}/home"


def live(page: Page, organization_id: str) -> str:
    """Where one hears that something has moved."""
    return f"{home(page, organization_id)}/live"
