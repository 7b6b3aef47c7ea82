"""Addresses of the pages of usage.

Knows where the portal is mounted, and which organization's pages these are. Refuses to know what stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from commcredits.edges.portal.page import Page

USAGE: Final = "/organizations/{organization_id:uuid}/reports/usage"
EXPORTS: Final = f"{USAGE}/exports"
PROGRESS: Final = f"{EXPORTS}/progress"
EXPORT_FILE: Final = f"{EXPORTS}/{{export_id:uuid}}/file"
REMOVE_EXPORT: Final = f"{EXPORTS}/{{export_id:uuid}}/removal"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLinks:
    """Links of one organization's usage; ``base`` is where it stands."""

    base: str

    def usage(self, query: Sequence[tuple[str, str]] = ()) -> str:
        """The report."""
        return self.base + (f"?{urlencode(query)}" if query else "")

    def exports(self) -> str:
        """The exports there are, and where one is asked for."""
        return f"{self.base}/exports"

    def progress(self) -> str:
        """How far exports are, without what stands around it."""
        return f"{self.base}/exports/progress"

    def file(self, export_id: str) -> str:
        """A written export."""
        return f"{self.base}/exports/{quote(export_id, safe='')}/file"

    def removal(self, export_id: str) -> str:
        """Where the removal of an export is posted."""
        return f"{self.base}/exports/{quote(export_id, safe='')}/removal"


def usage_links(page: Page) -> UsageLinks:
    """The links of the organization that the page's address names."""
    return UsageLinks(base=f"{page.links.root}/organizations/{page.organization_id}/reports/usage")
