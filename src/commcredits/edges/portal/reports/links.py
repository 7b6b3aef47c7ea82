"""Addresses of the pages of reports.

Knows where the portal is mounted, and which organization's pages these are. Refuses to know what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from commcredits.edges.portal.page import Page

BASE: Final = "/organizations/{organization_id:uuid}/reports"
SPENDING: Final = f"{BASE}/spending"
SPENDING_FILE: Final = f"{BASE}/spending.csv"
STATEMENTS: Final = f"{BASE}/statements"
STATEMENT: Final = f"{STATEMENTS}/{{month}}"
STATEMENT_FILE: Final = f"{STATEMENTS}/{{month}}.csv"
POOLS: Final = f"{BASE}/minute-pools"
BLOCKED: Final = f"{BASE}/blocked-users"
LIFT: Final = f"{BLOCKED}/{{block_id:uuid}}/lift"
DIAL_OUT: Final = f"{BASE}/conference-dial-out"
DIAL_OUT_FILE: Final = f"{BASE}/conference-dial-out.csv"
LEGS: Final = f"{DIAL_OUT}/{{user_id:uuid}}"
LEGS_FILE: Final = f"{DIAL_OUT}/{{user_id:uuid}}/legs.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLinks:
    """Links of one organization's reports; ``base`` is where they stand."""

    base: str

    def spending(self, **query: str) -> str:
        """What calls cost over time."""
        return _with(f"{self.base}/spending", query)

    def spending_file(self, **query: str) -> str:
        """The same as a file."""
        return _with(f"{self.base}/spending.csv", query)

    def statements(self) -> str:
        """Every month of the balance."""
        return f"{self.base}/statements"

    def statement(self, month: str) -> str:
        """One month."""
        return f"{self.base}/statements/{quote(month, safe='')}"

    def statement_file(self, month: str) -> str:
        """One month as a file."""
        return f"{self.statement(month)}.csv"

    def pools(self, **query: str) -> str:
        """Minute pools of a month."""
        return _with(f"{self.base}/minute-pools", query)

    def blocked(self, **query: str) -> str:
        """Who is blocked, and why."""
        return _with(f"{self.base}/blocked-users", query)

    def lift(self, block_id: str) -> str:
        """Where the end of a block is posted."""
        return f"{self.base}/blocked-users/{quote(block_id, safe='')}/lift"

    def dial_out(self, **query: str) -> str:
        """Conference dial-out by organizer."""
        return _with(f"{self.base}/conference-dial-out", query)

    def dial_out_file(self, **query: str) -> str:
        """The same as a file."""
        return _with(f"{self.base}/conference-dial-out.csv", query)

    def legs(self, user_id: str, **query: str) -> str:
        """The conference legs of one organizer."""
        return _with(f"{self.base}/conference-dial-out/{quote(user_id, safe='')}", query)

    def legs_file(self, user_id: str, **query: str) -> str:
        """The same as a file."""
        return _with(f"{self.base}/conference-dial-out/{quote(user_id, safe='')}/legs.csv", query)


def report_links(page: Page) -> ReportLinks:
    """The links of the organization that the page's address names."""
    return ReportLinks(base=f"{page.links.root}/organizations/{page.organization_id}/reports")


def _with(address: str, query: dict[str, str]) -> str:
    return address + (f"?{urlencode(query)}" if query else "")
