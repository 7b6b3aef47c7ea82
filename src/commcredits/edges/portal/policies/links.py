"""Addresses of the pages of policies, caps and limits.

Knows where the portal is mounted, and which organization's pages these are. Refuses to know what stands there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from commcredits.core.roster import PartyKind
from commcredits.edges.portal.page import Page

POLICIES: Final = "/organizations/{organization_id:uuid}/policies"
CHANGE: Final = f"{POLICIES}/change"
REVIEW: Final = f"{POLICIES}/review"
SAVE: Final = f"{POLICIES}/save"
DEPARTMENTS: Final = f"{POLICIES}/departments"
TRY: Final = f"{POLICIES}/try"
PARTIES: Final[Mapping[PartyKind, str]] = {
    PartyKind.USER: f"{POLICIES}/users/{{party_id:uuid}}",
    PartyKind.RESOURCE_ACCOUNT: f"{POLICIES}/resource-accounts/{{party_id:uuid}}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLinks:
    """Links of one organization's policies; ``base`` is where all of its pages stand."""

    base: str

    def policies(self, **notice: str) -> str:
        """What is in force; ``notice`` tells the page what to announce."""
        return f"{self.base}/policies" + (f"?{urlencode(notice)}" if notice else "")

    def change(self) -> str:
        """The form that changes it."""
        return f"{self.base}/policies/change"

    def review(self) -> str:
        """Where the form is posted, to be looked at before it is saved."""
        return f"{self.base}/policies/review"

    def save(self) -> str:
        """Where it is put in force."""
        return f"{self.base}/policies/save"

    def departments(self, **query: str) -> str:
        """Caps of departments."""
        return f"{self.base}/policies/departments" + (f"?{urlencode(query)}" if query else "")

    def attempt(self) -> str:
        """The page that says whether a call would be allowed."""
        return f"{self.base}/policies/try"

    def party(self, kind: PartyKind, party_id: str) -> str:
        """One user's own policy; with ``/review`` and ``/save`` behind it, the steps of changing it."""
        place = "users" if kind is PartyKind.USER else "resource-accounts"
        return f"{self.base}/policies/{place}/{party_id}"


def policy_links(page: Page) -> PolicyLinks:
    """The links of the organization that the page's address names."""
    return PolicyLinks(base=f"{page.links.root}/organizations/{page.organization_id}")
