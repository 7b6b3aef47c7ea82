"""Addresses of the operator's console: the patterns that are routed, and the links that its pages carry.

Knows where the portal is mounted. Refuses to know what stands at an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from commcredits.edges.portal.page import Page

HEALTH: Final = "/console"
GATEWAYS: Final = "/console/gateways"
ORGANIZATIONS: Final = "/console/organizations"
OPEN: Final = "/console/organizations/new"
ORGANIZATION: Final = "/console/organizations/{about_id:uuid}"
BILLING: Final = f"{ORGANIZATION}/billing"
CURRENCY: Final = f"{ORGANIZATION}/currency"
DECK_OF: Final = f"{ORGANIZATION}/rate-deck"
CLOSE: Final = f"{ORGANIZATION}/close"
PROMOTION: Final = f"{ORGANIZATION}/promotion"
CALLS: Final = "/console/live-calls"
CUT: Final = "/console/live-calls/cut"
REFUND_CALL: Final = "/console/live-calls/refund"
FRAUD: Final = "/console/fraud"
FLAGS: Final = "/console/fraud/flags"
SPENDING: Final = "/console/fraud/spending"
BLOCK_BY_HAND: Final = "/console/fraud/block"
BLOCK: Final = "/console/fraud/blocks/{about_id:uuid}/{block_id:uuid}"
DECKS: Final = "/console/rate-decks"
NEW_DECK: Final = "/console/rate-decks/new"
EXPLAIN: Final = "/console/rate-decks/explain"
DECK: Final = "/console/rate-decks/{rate_deck_id:uuid}"
COMPARE: Final = f"{DECK}/compare"
PUBLISH: Final = f"{DECK}/publish"
ROLL_BACK: Final = f"{DECK}/roll-back"
DISCARD: Final = f"{DECK}/discard"
COST: Final = f"{DECK}/cost"
MARGINS: Final = "/console/margins"
MARGIN: Final = "/console/margins/{report_id:uuid}"
ADJUSTMENTS: Final = "/console/adjustments"
ASK_ADJUSTMENT: Final = "/console/adjustments/new"
DECIDE: Final = "/console/adjustments/{about_id:uuid}/{adjustment_id:uuid}"
VOUCHERS: Final = "/console/vouchers"
PAYMENTS: Final = "/console/payments"
LOOK_UP: Final = "/console/payments/look-up"
BY_HAND: Final = "/console/payments/by-hand"
REFUND: Final = "/console/payments/refund"
DISPUTES: Final = "/console/payments/disputes"
REFUNDS: Final = "/console/payments/refunds"
REFUND_REQUESTS: Final = "/console/payments/refund-requests"
DECIDE_REFUND: Final = "/console/payments/refund-requests/{about_id:uuid}/{refund_request_id:uuid}"
EVENTS: Final = "/console/payments/events"
PAYOUTS: Final = "/console/payments/payouts"
TELLING: Final = "/console/mails-and-webhooks"
JOBS: Final = "/console/jobs"
VERIFICATIONS: Final = "/console/verifications"
VERIFICATION: Final = "/console/verifications/{run_id:uuid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLinks:
    """Links of the console; ``root`` is where the portal is mounted."""

    root: str

    def to(self, pattern: str, **query: str) -> str:
        """A page by the last words of its address, such as ``organizations/new``; empty: the first one."""
        path = f"{HEALTH}/{pattern}" if pattern else HEALTH
        return f"{self.root}{path}" + (f"?{urlencode(query)}" if query else "")

    def organization(self, organization_id: str, act: str = "", **query: str) -> str:
        """An organization as the operator sees it, or a form of its page."""
        return self.to(f"organizations/{organization_id}" + (f"/{act}" if act else ""), **query)

    def deck(self, rate_deck_id: str, act: str = "", **query: str) -> str:
        """A rate deck, or a form of its page."""
        return self.to(f"rate-decks/{rate_deck_id}" + (f"/{act}" if act else ""), **query)

    def block(self, organization_id: str, block_id: str, **query: str) -> str:
        """A block with the calls that led to it."""
        return self.to(f"fraud/blocks/{organization_id}/{block_id}", **query)

    def next_page(self, page: Page, cursor: str) -> str:
        """The same list from this place on."""
        query = {name: value for name, value in page.request.query_params.items() if name not in {"cursor", "done"}}
        return f"{self.root}{_path(page)}?{urlencode({**query, 'cursor': cursor})}"

    def first_page(self, page: Page) -> str:
        """The same list from its beginning."""
        query = {name: value for name, value in page.request.query_params.items() if name not in {"cursor", "done"}}
        return f"{self.root}{_path(page)}" + (f"?{urlencode(query)}" if query else "")


def console_links(page: Page) -> ConsoleLinks:
    """The console's links where this page's portal is mounted."""
    return ConsoleLinks(root=page.links.root)


def _path(page: Page) -> str:
    """The address of a page below the portal's root."""
    return page.request.url.path.removeprefix(page.links.root)
