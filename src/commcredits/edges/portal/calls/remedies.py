"""What would change a refusal, as a button for whoever may and as whom to ask for everybody else.

Knows every key of commcredits.core.remedies, the page that does what it says, and the permission for it. Refuses to
promise anything that the core has not said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.roster import Licence
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.calls.words import CAPS
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked

_BILLING: Final = marked("Ask your billing administrator.")
_PEOPLE: Final = marked("Ask your user administrator.")
_TELEPHONY: Final = marked("Ask your telephony administrator.")
_OPERATOR: Final = marked("Only the operator can do this: ask the operator's support.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """``words`` say what would help. ``button`` and ``address`` lead there; empty where ``ask`` says whom to ask."""

    words: str
    button: str = ""
    address: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How one kind of remedy is told: who may, on which page below the organization's, and whom to ask else."""

    words: str
    button: str = ""
    permission: Permission | None = None
    path: str = ""
    ask: str = ""


_WAYS: Final[Mapping[str, _Way]] = {
    "add_funds": _Way(
        words=marked("Add funds: the call goes through as soon as they are there."),
        button=marked("Add more funds"),
        permission=Permission.FUNDS_WRITE,
        path="/billing/communications-credits/add-funds",
        ask=_BILLING,
    ),
    "assign_licence": _Way(
        words=marked("Assign a licence: %(licence)s."),
        button=marked("Assign licences"),
        permission=Permission.USERS_WRITE,
        path="/users",
        ask=_PEOPLE,
    ),
    "buy_licence": _Way(
        words=marked("Have one more licence purchased: %(licence)s."),
        button=marked("Open licences"),
        permission=Permission.USERS_WRITE,
        path="/licences",
        ask=_PEOPLE,
    ),
    "wait_until": _Way(words=marked("Wait until %(instant)s: it begins anew then.")),
    "raise_limit": _Way(
        words=marked("Raise or remove a limit: %(limit)s."),
        button=marked("Open policies and caps"),
        permission=Permission.POLICIES_WRITE,
        path="/policies",
        ask=_TELEPHONY,
    ),
    "lift_block": _Way(
        words=marked("Have the block lifted."),
        button=marked("Open blocked users"),
        permission=Permission.OPERATOR_BLOCKS,
        path="/reports/blocked-users",
        ask=_OPERATOR,
    ),
    "change_policy": _Way(
        words=marked("Change the organization's dial-out policy."),
        button=marked("Open policies and caps"),
        permission=Permission.POLICIES_WRITE,
        path="/policies",
        ask=_TELEPHONY,
    ),
    "change_user_policy": _Way(
        words=marked("Give the user a dial-out policy of their own."),
        button=marked("Open users"),
        permission=Permission.POLICIES_WRITE,
        path="/users",
        ask=_TELEPHONY,
    ),
    "set_usage_location": _Way(
        words=marked("Give the user a usage location: without one nothing is domestic."),
        button=marked("Open users"),
        permission=Permission.USERS_WRITE,
        path="/users",
        ask=_PEOPLE,
    ),
    "change_rules": _Way(
        words=marked("Change a rule of the organization: %(rule)s."),
        button=marked("Open policies and caps"),
        permission=Permission.POLICIES_WRITE,
        path="/policies",
        ask=_TELEPHONY,
    ),
    "change_user": _Way(
        words=marked("Change a setting of the user's own: %(rule)s."),
        button=marked("Open users"),
        permission=Permission.USERS_WRITE,
        path="/users",
        ask=_PEOPLE,
    ),
    "assign_number": _Way(
        words=marked("Assign the calling number to a user."),
        button=marked("Open numbers"),
        permission=Permission.NUMBERS_WRITE,
        path="/numbers",
        ask=_TELEPHONY,
    ),
    "name_user": _Way(words=marked("Have the telephone system say which user calls."), ask=_OPERATOR),
    "add_user": _Way(
        words=marked("Add the user."),
        button=marked("Open users"),
        permission=Permission.USERS_WRITE,
        path="/users",
        ask=_PEOPLE,
    ),
    "import_rate": _Way(words=marked("Have a rate for this destination put into the rate deck."), ask=_OPERATOR),
    "assign_rate_deck": _Way(words=marked("Have a rate deck assigned to the organization."), ask=_OPERATOR),
    "end_call": _Way(words=marked("Wait until one of the running calls has ended.")),
    "reopen_organization": _Way(words=marked("Have the organization opened again."), ask=_OPERATOR),
}
"""Every kind of remedy, by the beginning of its key."""

RULES: Final[Mapping[str, str]] = {
    "premium_allowed": marked("premium-rate numbers"),
    "toll_free_allowed": marked("toll-free numbers"),
    "calls_without_user": marked("calls that belong to no user"),
    "international_stops_both": marked("either pool used up stops both"),
}
"""Rules by the field that holds them."""


def remedies_for(page: Page, keys: Iterable[str]) -> tuple[Remedy, ...]:
    """What would change a refusal, in the order of the keys; one that is not known here is left out."""
    told = (_remedy(page, key) for key in keys)
    return tuple(each for each in told if each is not None)


def _remedy(page: Page, key: str) -> Remedy | None:
    kind, _, subject = key.partition(":")
    way = _WAYS.get(kind)
    if way is None:
        return None
    words = page.speech.say(way.words, **_facts(page, kind, subject))
    if way.permission is not None and page.may(way.permission.value):
        return Remedy(
            words=words,
            button=page.speech.say(way.button),
            address=f"{page.links.root}/organizations/{page.organization_id}{way.path}",
        )
    return Remedy(words=words, ask=page.speech.say(way.ask) if way.ask else "")


def _facts(page: Page, kind: str, subject: str) -> dict[str, str]:
    tell = _SUBJECTS.get(kind)
    return {} if tell is None else tell(page, subject)


def _licence(page: Page, subject: str) -> dict[str, str]:
    known = subject in {licence.value for licence in Licence}
    return {"licence": page.speech.say(roster_words.LICENCES[Licence(subject)]) if known else subject}


def _instant(page: Page, subject: str) -> dict[str, str]:
    return {"instant": page.speech.formats.second(datetime.fromisoformat(subject))}


def _limit(page: Page, subject: str) -> dict[str, str]:
    return {"limit": page.speech.say(cap_words(subject))}


def _rule(page: Page, subject: str) -> dict[str, str]:
    return {"rule": page.speech.say(RULES[subject]) if subject in RULES else subject}


_SUBJECTS: Final[Mapping[str, Callable[[Page, str], dict[str, str]]]] = {
    "assign_licence": _licence,
    "buy_licence": _licence,
    "wait_until": _instant,
    "raise_limit": _limit,
    "change_rules": _rule,
    "change_user": _rule,
}


def cap_words(key: str) -> str:
    """The marked words for the limit that a meter's key is of."""
    parts = key.split(":")
    return CAPS.get(":".join(parts[:2])) or CAPS.get(parts[0], key)
