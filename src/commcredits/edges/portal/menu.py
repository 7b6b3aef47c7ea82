"""The menus beside the pages: an organization's, and the operator's console.

Knows the order, the words and the icons of entries, and the permission without which one is not offered. Refuses to
decide what may be done: an operation asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commcredits.core.access import Permission
from commcredits.edges.portal.console_menu import CONSOLE_MENU
from commcredits.edges.portal.menu_entries import Entry, Section
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as a template draws it."""

    key: str
    label: str
    icon: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSection:
    """A section as a template draws it: only what whoever looks may open."""

    key: str
    heading: str
    items: tuple[Item, ...]


ORGANIZATION_MENU: Final = (
    Section(
        key="top",
        heading="",
        entries=(
            Entry(
                key="home",
                label=marked("Home"),
                icon="home",
                path="",
                permission=Permission.ORGANIZATION_READ,
            ),
            Entry(
                key="advice",
                label=marked("Advice"),
                icon="lightbulb",
                path="/advice",
                permission=Permission.ADVICE_READ,
            ),
        ),
    ),
    Section(
        key="billing",
        heading=marked("Billing"),
        entries=(
            Entry(
                key="products",
                label=marked("Products & services"),
                icon="box",
                path="/billing/products-and-services",
                permission=Permission.FUNDS_READ,
            ),
            Entry(
                key="credits",
                label=marked("Communications Credits"),
                icon="wallet_credit_card",
                path="/billing/communications-credits",
                permission=Permission.FUNDS_READ,
            ),
            Entry(
                key="methods",
                label=marked("Payment methods"),
                icon="payment",
                path="/billing/payment-methods",
                permission=Permission.PAYMENT_METHODS_READ,
            ),
            Entry(
                key="receipts",
                label=marked("Receipts"),
                icon="receipt",
                path="/billing/receipts",
                permission=Permission.RECEIPTS_READ,
            ),
            Entry(
                key="details",
                label=marked("Billing details"),
                icon="edit",
                path="/billing/billing-details",
                permission=Permission.RECEIPTS_READ,
            ),
        ),
    ),
    Section(
        key="people",
        heading=marked("Users"),
        entries=(
            Entry(
                key="people",
                label=marked("Active users"),
                icon="people",
                path="/users",
                permission=Permission.USERS_READ,
            ),
            Entry(
                key="resource-accounts",
                label=marked("Resource accounts"),
                icon="bot",
                path="/resource-accounts",
                permission=Permission.USERS_READ,
            ),
            Entry(
                key="licences",
                label=marked("Licences"),
                icon="certificate",
                path="/licences",
                permission=Permission.USERS_READ,
            ),
        ),
    ),
    Section(
        key="voice",
        heading=marked("Voice"),
        entries=(
            Entry(
                key="numbers",
                label=marked("Phone numbers"),
                icon="call",
                path="/numbers",
                permission=Permission.NUMBERS_READ,
            ),
            Entry(
                key="policies",
                label=marked("Policies & caps"),
                icon="shield",
                path="/policies",
                permission=Permission.POLICIES_READ,
            ),
        ),
    ),
    Section(
        key="reports",
        heading=marked("Reports"),
        entries=(
            Entry(
                key="usage",
                label=marked("Usage"),
                icon="table",
                path="/reports/usage",
                permission=Permission.CALL_RECORDS_READ,
            ),
            Entry(
                key="spending",
                label=marked("Spending"),
                icon="data_trending",
                path="/reports/spending",
                permission=Permission.REPORTS_READ,
            ),
            Entry(
                key="statements",
                label=marked("Statements"),
                icon="document_text",
                path="/reports/statements",
                permission=Permission.FUNDS_READ,
            ),
            Entry(
                key="pools",
                label=marked("Minute pools"),
                icon="timer",
                path="/reports/minute-pools",
                permission=Permission.REPORTS_READ,
            ),
            Entry(
                key="calls",
                label=marked("Calls"),
                icon="call_outbound",
                path="/calls",
                permission=Permission.CALLS_READ,
            ),
            Entry(
                key="blocked",
                label=marked("Blocked users"),
                icon="call_prohibited",
                path="/reports/blocked-users",
                permission=Permission.POLICIES_READ,
            ),
            Entry(
                key="dial-out",
                label=marked("Conference dial-out"),
                icon="headset",
                path="/reports/conference-dial-out",
                permission=Permission.REPORTS_READ,
            ),
        ),
    ),
    Section(
        key="notices",
        heading=marked("Notices"),
        entries=(
            Entry(
                key="notices",
                label=marked("All notices"),
                icon="alert",
                path="/notices",
                permission=Permission.NOTICES_READ,
            ),
            Entry(
                key="recipients",
                label=marked("Recipients"),
                icon="mail",
                path="/notices/recipients",
                permission=Permission.NOTICES_READ,
            ),
        ),
    ),
    Section(
        key="programs",
        heading=marked("Programs"),
        entries=(
            Entry(
                key="api-keys",
                label=marked("API keys"),
                icon="key",
                path="/programs/api-keys",
                permission=Permission.API_KEYS_READ,
            ),
            Entry(
                key="webhooks",
                label=marked("Webhooks"),
                icon="plug_connected",
                path="/programs/webhooks",
                permission=Permission.WEBHOOKS_READ,
            ),
        ),
    ),
    Section(
        key="access",
        heading=marked("Organization"),
        entries=(
            Entry(
                key="administrators",
                label=marked("Administrators"),
                icon="people_lock",
                path="/administrators",
                permission=Permission.ADMINISTRATORS_READ,
            ),
            Entry(
                key="audit",
                label=marked("Audit log"),
                icon="history",
                path="/audit",
                permission=Permission.AUDIT_READ,
            ),
            Entry(
                key="settings",
                label=marked("Settings"),
                icon="settings",
                path="/settings",
                permission=Permission.ORGANIZATION_READ,
            ),
        ),
    ),
)
"""What an organization's administrators find. Below ``/organizations/<id>``."""

_WITHOUT_SERVICES: Final = "billing"
"""The section whose pages are there even where the portal was put together without services."""


def organization_menu(page: Page, organization_id: str) -> tuple[ItemSection, ...]:
    """The menu of an organization for whoever looks."""
    return _drawn(page, ORGANIZATION_MENU, f"{page.links.root}/organizations/{organization_id}")


def console_menu(page: Page) -> tuple[ItemSection, ...]:
    """The menu of the operator's console for whoever looks."""
    return _drawn(page, CONSOLE_MENU, f"{page.links.root}/console")


def _drawn(page: Page, menu: tuple[Section, ...], root: str) -> tuple[ItemSection, ...]:
    sections = (
        ItemSection(
            key=section.key,
            heading=section.heading,
            items=tuple(
                Item(key=entry.key, label=entry.label, icon=entry.icon, address=f"{root}{entry.path}")
                for entry in section.entries
                if page.may(entry.permission)
            ),
        )
        for section in menu
        if page.acting is not None or section.key == _WITHOUT_SERVICES
    )
    return tuple(section for section in sections if section.items)
