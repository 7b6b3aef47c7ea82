"""What each scope and preset of a key is called on the pages.

Knows words. Refuses to know what a scope opens: the operations do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.access import Permission
from commcredits.edges.translations import marked
from commcredits.operations.api_keys import KeyState, Preset

SCOPES: Final[Mapping[Permission, str]] = {
    Permission.ORGANIZATION_READ: marked("See the organization"),
    Permission.SETTINGS_WRITE: marked("Change settings"),
    Permission.FUNDS_READ: marked("See the balance and funds"),
    Permission.FUNDS_WRITE: marked("Add funds and change auto-recharge"),
    Permission.PAYMENT_METHODS_READ: marked("See payment methods"),
    Permission.PAYMENT_METHODS_WRITE: marked("Change payment methods"),
    Permission.RECEIPTS_READ: marked("See receipts"),
    Permission.BILLING_DETAILS_WRITE: marked("Change billing details"),
    Permission.USERS_READ: marked("See users and licences"),
    Permission.USERS_WRITE: marked("Change users and licences"),
    Permission.NUMBERS_READ: marked("See phone numbers"),
    Permission.NUMBERS_WRITE: marked("Change phone numbers"),
    Permission.POLICIES_READ: marked("See policies, caps and blocks"),
    Permission.POLICIES_WRITE: marked("Change policies, caps and blocks"),
    Permission.CALLS_READ: marked("Look up calls"),
    Permission.CALL_RECORDS_READ: marked("Read call records"),
    Permission.REPORTS_READ: marked("Read reports"),
    Permission.ADVICE_READ: marked("Read advice"),
    Permission.NOTICES_READ: marked("See notices and their recipients"),
    Permission.NOTICES_WRITE: marked("Choose recipients of notices"),
    Permission.WEBHOOKS_READ: marked("See webhooks"),
    Permission.WEBHOOKS_WRITE: marked("Change webhooks"),
    Permission.ADMINISTRATORS_READ: marked("See administrators"),
    Permission.ADMINISTRATORS_WRITE: marked("Invite and change administrators"),
    Permission.API_KEYS_READ: marked("See API keys"),
    Permission.API_KEYS_WRITE: marked("Create and revoke API keys"),
    Permission.AUDIT_READ: marked("Read the audit log"),
    Permission.CHARGING: marked("Charge calls, as a switch does"),
}

PRESETS: Final[Mapping[Preset, str]] = {
    Preset.REPORTING_APP: marked("Reporting app"),
    Preset.REPORTS_READER: marked("Reports reader"),
    Preset.DIRECTORY: marked("Directory of users"),
    Preset.BILLING: marked("Billing"),
    Preset.READ_ONLY: marked("Everything, to read only"),
    Preset.SWITCH: marked("Switch"),
}

STATES: Final[Mapping[KeyState, tuple[str, str]]] = {
    KeyState.ACTIVE: ("good", marked("Active")),
    KeyState.EXPIRED: ("off", marked("Expired")),
    KeyState.REVOKED: ("off", marked("Revoked")),
}
"""A badge and its word for each state."""
