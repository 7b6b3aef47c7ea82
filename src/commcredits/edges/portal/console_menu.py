"""The menu of the operator's console.

Knows the order, the words and the icons of its entries. Refuses to decide what may be done: an operation asks again.
"""

from __future__ import annotations

from typing import Final

from commcredits.core.access import Permission
from commcredits.edges.portal.menu_entries import Entry, Section
from commcredits.edges.translations import marked

CONSOLE_MENU: Final[tuple[Section, ...]] = (
    Section(
        key="console",
        heading=marked("Console"),
        entries=(
            Entry(
                key="health",
                label=marked("Health"),
                icon="heart_pulse",
                path="",
                permission=Permission.OPERATOR_READ,
            ),
            Entry(
                key="console-organizations",
                label=marked("Organizations"),
                icon="building",
                path="/organizations",
                permission=Permission.OPERATOR_READ,
            ),
            Entry(
                key="live-calls",
                label=marked("Live calls"),
                icon="call",
                path="/live-calls",
                permission=Permission.OPERATOR_CALLS,
            ),
            Entry(
                key="fraud",
                label=marked("Fraud desk"),
                icon="shield",
                path="/fraud",
                permission=Permission.OPERATOR_BLOCKS,
            ),
        ),
    ),
    Section(
        key="console-money",
        heading=marked("Rates and money"),
        entries=(
            Entry(
                key="rate-decks",
                label=marked("Rate decks"),
                icon="certificate",
                path="/rate-decks",
                permission=Permission.OPERATOR_RATES,
            ),
            Entry(
                key="margins",
                label=marked("Margins"),
                icon="data_trending",
                path="/margins",
                permission=Permission.OPERATOR_RATES,
            ),
            Entry(
                key="adjustments",
                label=marked("Adjustments"),
                icon="edit",
                path="/adjustments",
                permission=Permission.OPERATOR_FUNDS,
            ),
            Entry(
                key="payments",
                label=marked("Payments"),
                icon="payment",
                path="/payments",
                permission=Permission.OPERATOR_FUNDS,
            ),
        ),
    ),
    Section(
        key="console-service",
        heading=marked("Service"),
        entries=(
            Entry(
                key="telling",
                label=marked("Mails and webhooks"),
                icon="mail",
                path="/mails-and-webhooks",
                permission=Permission.OPERATOR_READ,
            ),
            Entry(
                key="jobs", label=marked("Jobs"), icon="arrow_sync", path="/jobs", permission=Permission.OPERATOR_READ
            ),
            Entry(
                key="verifications",
                label=marked("Verification"),
                icon="checkmark_circle",
                path="/verifications",
                permission=Permission.OPERATOR_VERIFY,
            ),
        ),
    ),
    Section(
        key="access",
        heading=marked("Access"),
        entries=(
            Entry(
                key="staff",
                label=marked("Staff"),
                icon="people_lock",
                path="/staff",
                permission=Permission.OPERATOR_STAFF,
            ),
            Entry(
                key="audit",
                label=marked("Audit log"),
                icon="history",
                path="/audit",
                permission=Permission.OPERATOR_AUDIT,
            ),
        ),
    ),
)
"""What the operator's people find. Below ``/console``."""
