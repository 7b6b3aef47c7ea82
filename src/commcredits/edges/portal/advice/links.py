"""Addresses of the pages of advice.

Knows where they stand below the portal's root. Refuses to know what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from commcredits.edges.portal.page import Page

ADVICE: Final = "/organizations/{organization_id:uuid}/advice"
PLANS: Final = f"{ADVICE}/plans"
FORECAST: Final = f"{ADVICE}/forecast"
ANOMALIES: Final = f"{ADVICE}/anomalies"
EXPIRING: Final = f"{ADVICE}/expiring"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceLinks:
    """Links of one organization's advice; ``base`` is where all of its pages stand."""

    base: str

    def recharge(self) -> str:
        """What to set for auto-recharge."""
        return f"{self.base}/advice"

    def plans(self) -> str:
        """Who would be cheaper on another plan."""
        return f"{self.base}/advice/plans"

    def forecast(self) -> str:
        """What the month will cost."""
        return f"{self.base}/advice/forecast"

    def anomalies(self) -> str:
        """What was unusual."""
        return f"{self.base}/advice/anomalies"

    def expiring(self) -> str:
        """What will expire unused."""
        return f"{self.base}/advice/expiring"

    def use_amounts(self, *, recharge_micros: int, trigger_micros: int, cap_micros: int) -> str:
        """The auto-recharge form with these amounts in it."""
        query = urlencode({"recharge": recharge_micros, "trigger": trigger_micros, "cap": cap_micros})
        return f"{self.base}/billing/communications-credits?{query}#auto-recharge-settings"


def advice_links(page: Page) -> AdviceLinks:
    """The links of the organization that the page's address names."""
    return AdviceLinks(base=f"{page.links.root}/organizations/{page.organization_id}")
