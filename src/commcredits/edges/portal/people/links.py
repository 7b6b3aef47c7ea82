"""Addresses of the pages of users, resource accounts and licences.

Knows where the portal is mounted, and which organization's pages these are. Refuses to know what stands there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from commcredits.core.roster import PartyKind
from commcredits.edges.portal.page import Page

BASE: Final = "/organizations/{organization_id:uuid}"
PLACES: Final[Mapping[PartyKind, str]] = {
    PartyKind.USER: f"{BASE}/users",
    PartyKind.RESOURCE_ACCOUNT: f"{BASE}/resource-accounts",
}
"""Where the list of each kind stands; everything about one of them stands below it."""
ADD: Final = "/add"
ONE: Final = "/{party_id:uuid}"
CHANGE: Final = f"{ONE}/change"
REMOVE: Final = f"{ONE}/remove"
CHOOSE: Final = "/licences"
PREVIEW: Final = "/licences/preview"
APPLY: Final = "/licences/apply"
EXPORT: Final = "/export.csv"
IMPORT: Final = f"{BASE}/users/import"
SAMPLE: Final = f"{IMPORT}/sample-{{file}}.csv"
LICENCES: Final = f"{BASE}/licences"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleLinks:
    """Links of one organization's people; ``base`` is where all of its pages stand."""

    base: str

    def people(self, kind: PartyKind = PartyKind.USER, **query: str) -> str:
        """The list of users or of resource accounts."""
        return f"{self.base}{_place(kind)}" + (f"?{urlencode(query)}" if query else "")

    def export(self, kind: PartyKind, **query: str) -> str:
        """The same people as a file."""
        return f"{self.people(kind)}{EXPORT}" + (f"?{urlencode(query)}" if query else "")

    def add(self, kind: PartyKind) -> str:
        """The form for somebody new."""
        return f"{self.people(kind)}{ADD}"

    def one(self, kind: PartyKind, party_id: str, **notice: str) -> str:
        """One user or resource account; ``notice`` tells the page what to announce."""
        return f"{self.people(kind)}/{party_id}" + (f"?{urlencode(notice)}" if notice else "")

    def change(self, kind: PartyKind, party_id: str) -> str:
        """The form that changes what is known of somebody."""
        return f"{self.one(kind, party_id)}/change"

    def remove(self, kind: PartyKind, party_id: str) -> str:
        """The form that asks whether somebody shall be removed."""
        return f"{self.one(kind, party_id)}/remove"

    def choose(self, kind: PartyKind) -> str:
        """Where the people whose licences are to change are posted."""
        return f"{self.people(kind)}{CHOOSE}"

    def preview(self, kind: PartyKind) -> str:
        """Where the licences to give and take are posted, to be looked at first."""
        return f"{self.people(kind)}{PREVIEW}"

    def apply(self, kind: PartyKind) -> str:
        """Where they are given and taken."""
        return f"{self.people(kind)}{APPLY}"

    def import_file(self) -> str:
        """The page that takes a file."""
        return f"{self.people()}/import"

    def sample(self, file: str) -> str:
        """A file to begin with, of users or of licences."""
        return f"{self.import_file()}/sample-{file}.csv"

    def licences(self, **notice: str) -> str:
        """How many licences there are."""
        return f"{self.base}/licences" + (f"?{urlencode(notice)}" if notice else "")


def people_links(page: Page) -> PeopleLinks:
    """The links of the organization that the page's address names."""
    return PeopleLinks(base=f"{page.links.root}/organizations/{page.organization_id}")


def _place(kind: PartyKind) -> str:
    return PLACES[kind].removeprefix(BASE)
