"""The form of an organization's rules, and what would change by it in words.

Knows every rule but the caps of departments, which have a page of their own. Refuses to judge: what the rules may say,
the operation knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec
from msgspec.structs import replace as replace_struct

from commcredits.core.pools import POOLED
from commcredits.core.roster import (
    CallsWithoutUser,
    ConferenceDialOut,
    DialOutPolicy,
    PoolSize,
    UserDialOut,
)
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.policies.fields import (
    Difference,
    FieldReader,
    amount_text,
    amount_words,
    count_words,
)
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.rules import CALLS_MAX, DESTINATION_FACTOR_MAX, Rules

CONFERENCE: Final = "conference"
USER: Final = "user"
PREMIUM: Final = "premium"
WITHOUT_USER: Final = "calls_without_user"
STOPS_BOTH: Final = "international_stops_both"
POOL: Final = "pool-"
"""What the names of the fields of pools begin with; a licence's code follows."""

YES: Final = "yes"
NO: Final = "no"

AMOUNTS: Final[Mapping[str, str]] = {
    "user_monthly_max_micros": marked("Cap of each user in a month"),
    "user_hourly_max_micros": marked("What one user may spend within an hour"),
    "destination_daily_max_micros": marked("What calls to one foreign country may cost in a day"),
    "toll_free_caller_daily_max_micros": marked("What one caller may cost on toll-free numbers in a day"),
}
"""Limits in money, by name."""

COUNTS: Final[Mapping[str, str]] = {
    "calls_max": marked("Calls of the organization at once"),
    "user_calls_max": marked("Calls of one user at once"),
}
"""Limits of calls at once, by name."""

FACTOR: Final = "destination_factor"
FACTOR_LABEL: Final = marked("How many times what is usual it must also exceed")

LABELS: Final[Mapping[str, str]] = {
    CONFERENCE: marked("Conferences dial out to"),
    USER: marked("Users call"),
    PREMIUM: marked("Premium numbers"),
    WITHOUT_USER: marked("Calls that belong to nobody"),
    STOPS_BOTH: marked("Domestic and International: one empty pool stops both"),
    **AMOUNTS,
    **COUNTS,
    FACTOR: FACTOR_LABEL,
}
"""Every field by its label, but those of pools."""

NAMES: Final = (*LABELS, *(f"{POOL}{licence}" for licence in POOLED))
_POOLS_BY: Final = marked("Minute pools are counted by: %(licence)s")


def rule_values(rules: Rules, speech: Speech, currency: str) -> dict[str, str]:
    """What stands in the fields for these rules."""
    limits = rules.limits
    return {
        CONFERENCE: rules.dial_out.conference.value,
        USER: rules.dial_out.user.value,
        PREMIUM: YES if rules.premium_allowed else NO,
        WITHOUT_USER: rules.calls_without_user.value,
        STOPS_BOTH: YES if rules.international_stops_both else NO,
        **{name: amount_text(getattr(limits, name), speech, currency) for name in AMOUNTS},
        **{name: "" if getattr(limits, name) is None else str(getattr(limits, name)) for name in COUNTS},
        FACTOR: str(limits.destination_factor),
        **{f"{POOL}{licence}": rules.pool_size_by.get(licence, PoolSize.ASSIGNED).value for licence in POOLED},
    }


def read_rules_form(fields: Mapping[str, str], standing: Rules, speech: Speech, currency: str) -> Rules | FormView:
    """The rules that a form wants in the place of those that stand, or the form with what is wrong in it."""
    reader = FieldReader(fields, speech, currency)
    conference = reader.word(CONFERENCE, ConferenceDialOut, standing.dial_out.conference)
    user = reader.word(USER, UserDialOut, standing.dial_out.user)
    without_user = reader.word(WITHOUT_USER, CallsWithoutUser, standing.calls_without_user)
    sizes = {
        licence: reader.word(f"{POOL}{licence}", PoolSize, standing.pool_size_by.get(licence, PoolSize.ASSIGNED))
        for licence in POOLED
    }
    amounts = {name: reader.amount(name, getattr(standing.limits, name)) for name in AMOUNTS}
    counts = {name: reader.count(name, getattr(standing.limits, name), CALLS_MAX) for name in COUNTS}
    factor = reader.count(FACTOR, standing.limits.destination_factor, DESTINATION_FACTOR_MAX)
    if factor is None:
        reader.errors[FACTOR] = speech.say(marked("Enter a whole number."))
    if reader.errors:
        values = {name: fields.get(name, "")[:64] for name in NAMES}
        return FormView(values=values, errors=reader.errors, command_id="")
    assert factor is not None, "an empty one is an error"
    return replace(
        standing,
        dial_out=DialOutPolicy(conference=conference, user=user),
        premium_allowed=fields.get(PREMIUM) == YES,
        calls_without_user=without_user,
        international_stops_both=fields.get(STOPS_BOTH) == YES,
        pool_size_by=sizes,
        limits=replace_struct(standing.limits, destination_factor=factor, **amounts, **counts),
    )


def differences(before: Rules, after: Rules, speech: Speech, currency: str) -> tuple[Difference, ...]:
    """What would change, in the order of the form."""
    labels = {name: speech.say(label) for name, label in LABELS.items()}
    for licence in POOLED:
        name = roster_words.licence_name(speech, licence)
        labels[f"{POOL}{licence}"] = speech.say(_POOLS_BY, licence=name)
    old, new = (_in_words(rules, speech, currency) for rules in (before, after))
    changed = _changed(before, after)
    return tuple(
        Difference(label=label, before=old[name], after=new[name]) for name, label in labels.items() if name in changed
    )


def digest_of(rules: Rules) -> str:
    """One text for rules, so that a form knows whether those it was filled in for still stand."""
    return hashlib.sha256(msgspec.json.encode(rules, order="deterministic")).hexdigest()


def _facts(rules: Rules) -> dict[str, object]:
    limits = rules.limits
    return {
        CONFERENCE: rules.dial_out.conference,
        USER: rules.dial_out.user,
        PREMIUM: rules.premium_allowed,
        WITHOUT_USER: rules.calls_without_user,
        STOPS_BOTH: rules.international_stops_both,
        FACTOR: limits.destination_factor,
        **{name: getattr(limits, name) for name in (*AMOUNTS, *COUNTS)},
        **{f"{POOL}{licence}": rules.pool_size_by.get(licence, PoolSize.ASSIGNED) for licence in POOLED},
    }


def _changed(before: Rules, after: Rules) -> frozenset[str]:
    old, new = _facts(before), _facts(after)
    return frozenset(name for name in old if old[name] != new[name])


def _in_words(rules: Rules, speech: Speech, currency: str) -> dict[str, str]:
    limits = rules.limits
    yes, no = speech.say(marked("Allowed")), speech.say(marked("Not allowed"))
    return {
        CONFERENCE: speech.say(roster_words.CONFERENCE_DIAL_OUTS[rules.dial_out.conference]),
        USER: speech.say(roster_words.USER_DIAL_OUTS[rules.dial_out.user]),
        PREMIUM: yes if rules.premium_allowed else no,
        WITHOUT_USER: speech.say(roster_words.CALLS_WITHOUT_USER[rules.calls_without_user]),
        STOPS_BOTH: speech.say(marked("Yes") if rules.international_stops_both else marked("No")),
        **{name: amount_words(getattr(limits, name), speech, currency) for name in AMOUNTS},
        **{name: count_words(getattr(limits, name), speech) for name in COUNTS},
        FACTOR: speech.formats.count(limits.destination_factor),
        **{
            f"{POOL}{licence}": speech.say(roster_words.POOL_SIZES[rules.pool_size_by.get(licence, PoolSize.ASSIGNED)])
            for licence in POOLED
        },
    }
