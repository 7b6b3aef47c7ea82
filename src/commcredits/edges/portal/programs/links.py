"""The addresses of the pages for programs.

Knows paths. Refuses to know what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from commcredits.edges.portal.page import Page

ROOT: Final = "/organizations/{organization_id:uuid}/programs"
KEYS: Final = f"{ROOT}/api-keys"
WEBHOOKS: Final = f"{ROOT}/webhooks"
SANDBOX: Final = f"{ROOT}/sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramLinks:
    """Below one organization's pages."""

    root: str

    def keys(self, **query: str) -> str:
        """The list of keys."""
        return _with(f"{self.root}/api-keys", query)

    def new_key(self) -> str:
        """The form of a new key."""
        return f"{self.root}/api-keys/new"

    def key(self, key_id: str, step: str) -> str:
        """Rotating or revoking one key."""
        return f"{self.root}/api-keys/{key_id}/{step}"

    def sandbox(self, step: str) -> str:
        """Opening the sandbox, or putting play money into it."""
        return f"{self.root}/sandbox/{step}"

    def webhooks(self, **query: str) -> str:
        """The list of endpoints."""
        return _with(f"{self.root}/webhooks", query)

    def webhook(self, endpoint_id: str, step: str = "", **query: str) -> str:
        """One endpoint with its deliveries, or what is done with it."""
        return _with(f"{self.root}/webhooks/{endpoint_id}{'/' if step else ''}{step}", query)

    def resend(self, endpoint_id: str, delivery_id: str) -> str:
        """Having a delivery made again."""
        return f"{self.root}/webhooks/{endpoint_id}/deliveries/{delivery_id}/resend"


def links_of(page: Page) -> ProgramLinks:
    """The links for the organization of this page."""
    return ProgramLinks(root=f"{page.links.root}/organizations/{page.organization_id}/programs")


def _with(path: str, query: dict[str, str]) -> str:
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
