"""What roles are called and what they may do, and what is said when signing in does not work.

Knows sentences. Refuses to know languages: each is marked here and translated where it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.access import Role
from commcredits.core.outcomes import Refused
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked

ROLE_NAMES: Final[Mapping[Role, str]] = {
    Role.GLOBAL_ADMINISTRATOR: marked("Global administrator"),
    Role.BILLING_ADMINISTRATOR: marked("Billing administrator"),
    Role.TELEPHONY_ADMINISTRATOR: marked("Telephony administrator"),
    Role.USER_ADMINISTRATOR: marked("User administrator"),
    Role.REPORTS_READER: marked("Reports reader"),
    Role.SUPPORT: marked("Support"),
    Role.REPORTING_APP: marked("Reporting app"),
    Role.OPERATOR_STAFF: marked("Operator staff"),
    Role.OPERATOR_OWNER: marked("Operator owner"),
}

ROLE_EXPLANATIONS: Final[Mapping[Role, str]] = {
    Role.GLOBAL_ADMINISTRATOR: marked("Everything, and who else is an administrator."),
    Role.BILLING_ADMINISTRATOR: marked("Funds, auto-recharge, payment methods and receipts. No users and no calls."),
    Role.TELEPHONY_ADMINISTRATOR: marked("Numbers, policies, calls and reports. No money."),
    Role.USER_ADMINISTRATOR: marked("Users and their licences."),
    Role.REPORTS_READER: marked("Reports and call records, to read only."),
    Role.SUPPORT: marked("Looks up a call or a user. Changes nothing and sees no money."),
    Role.REPORTING_APP: marked("Call records, for a program."),
    Role.OPERATOR_STAFF: marked("Organizations, rate decks, refunds, adjustments and fraud blocks."),
    Role.OPERATOR_OWNER: marked("Everything, and who else works for the operator."),
}

_FAILED: Final = marked("This does not prove who you are. Try again.")
_REASONS: Final[Mapping[str, str]] = {
    "wrong_organization": marked("Your account belongs to an organization that has no portal here."),
    "no_role": marked("Your account has no role here. Ask whoever manages your organization's accounts for one."),
    "no_subject": _FAILED,
    "no_address": marked("Your account has no mail address, which an administrator needs here."),
    "address_taken": marked(
        "An administrator with your mail address exists already. Sign in the way you did before, and link this account "
        "on the page Security."
    ),
    "identity_taken": marked("Another administrator is linked to this account already."),
    "disabled": marked("Your access was switched off. Ask another administrator."),
    "provider_away": marked("The sign-in service cannot be reached now. Try again in a moment."),
    "cancelled": marked("The sign-in was not finished. Nothing has changed."),
    "not_you": marked("This is not the account that you are signed in with."),
    "nobody": marked("No administrator belongs to this passkey any more."),
}


def failure_sentence(page: Page, refused: Refused) -> str:
    """Why somebody was not let in, in the words of the page."""
    wait_seconds = refused.facts.get("wait_seconds")
    if isinstance(wait_seconds, int):
        minutes = max(1, -(-wait_seconds // 60))
        sentence = page.speech.translations.ngettext(
            "Too many tries. Wait %(minutes)s minute and try again.",
            "Too many tries. Wait %(minutes)s minutes and try again.",
            minutes,
        )
        return str(sentence) % {"minutes": page.speech.formats.count(minutes)}
    reason = str(refused.facts.get("reason", ""))
    return page.speech.say(_REASONS[reason]) if reason in _REASONS else page.speech.refusal(refused, "")
