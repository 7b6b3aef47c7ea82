"""The frame around a page about one organization: its name in the menu, its time zone in every instant.

Knows how a page of a feature begins. Refuses to know features.
"""

from __future__ import annotations

from dataclasses import dataclass

from commcredits.core.outcomes import Refused
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.page import Page
from commcredits.operations.organizations import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A page in its organization's time zone, and that organization."""

    page: Page
    organization: Organization


async def framed(door: Door, page: Page) -> Framed | Refused:
    """The page within the frame of the organization that its address names, or why there is none."""
    organization = await door.organization(page)
    if isinstance(organization, Refused):
        return organization
    return Framed(page=page.in_time_zone(organization.time_zone), organization=organization)


def number_in(page: Page, name: str) -> int:
    """A count in the address, for a sentence; 0 for what is none."""
    text = page.request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0  # noqa: PLR2004 - nine digits fit
