"""Addresses of the pages of the audit log.

Knows where they stand below the portal. Refuses to know what is on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

ORGANIZATION_LOG: Final = "/organizations/{organization_id:uuid}/audit"
ORGANIZATION_FILE: Final = f"{ORGANIZATION_LOG}.{{form}}"
CONSOLE_LOG: Final = "/console/audit"
CONSOLE_FILE: Final = f"{CONSOLE_LOG}.{{form}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLinks:
    """Links of one log: an organization's, or, with ``organization_id`` empty, everything of the console."""

    root: str
    organization_id: str = ""

    def log(self, query: Mapping[str, str] | None = None, cursor: str | None = None) -> str:
        """The list, narrowed as the query says, from a cursor on."""
        fields = {**(query or {}), **({"cursor": cursor} if cursor else {})}
        return self._base() + (f"?{urlencode(fields)}" if fields else "")

    def file(self, form: str, query: Mapping[str, str]) -> str:
        """The same time as a file."""
        fields = {name: value for name, value in query.items() if name in {"from", "to"}}
        return f"{self._base()}.{form}" + (f"?{urlencode(fields)}" if fields else "")

    def of(self, organization_id: str) -> str:
        """An organization's own log."""
        return f"{self.root}/organizations/{quote(organization_id, safe='')}/audit"

    def _base(self) -> str:
        return self.of(self.organization_id) if self.organization_id else f"{self.root}{CONSOLE_LOG}"
