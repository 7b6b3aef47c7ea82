"""Addresses of the pages of calls.

Knows where the portal is mounted, and which organization's pages these are. Refuses to know what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from commcredits.edges.portal.page import Page

BASE: Final = "/organizations/{organization_id:uuid}"
CALLS: Final = f"{BASE}/calls"
CALL: Final = f"{CALLS}/{{session_id:path}}"
MAY_CALL: Final = f"{BASE}/call-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLinks:
    """Links of one organization's calls; ``base`` is where all of its pages stand."""

    base: str

    def calls(self, **query: str) -> str:
        """Calls, newest first, by user, number and time."""
        return f"{self.base}/calls" + (f"?{urlencode(query)}" if query else "")

    def call(self, session_id: str) -> str:
        """One call explained. A switch's id may hold anything that can be seen, a slash included."""
        return f"{self.base}/calls/{quote(session_id, safe='')}"

    def may_call(self, **query: str) -> str:
        """Whether a call may be made now, and why not."""
        return f"{self.base}/call-check" + (f"?{urlencode(query)}" if query else "")


def call_links(page: Page) -> CallLinks:
    """The links of the organization that the page's address names."""
    return CallLinks(base=f"{page.links.root}/organizations/{page.organization_id}")
