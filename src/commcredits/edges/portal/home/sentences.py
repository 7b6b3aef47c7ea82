"""What needs attention, in words, and the button that puts it right.

Knows a title, a sentence and a button for each kind, and where the button leads. Refuses to decide what matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.routing import Match

from commcredits.core.advice_recharge import RechargeAdvice
from commcredits.core.attention import AttentionKind, Matter, Urgency
from commcredits.core.pools import read_pool_key
from commcredits.core.roster import Licence
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.roster_words import LICENCES
from commcredits.edges.translations import marked

PAUSES: Final[Mapping[str, str]] = {
    "dispute": marked("A bank disputes a purchase, and its funds are frozen."),
    "refund": marked("Funds were refunded."),
    "adjustment": marked("The operator took funds by an adjustment."),
}

BADGES: Final[Mapping[Urgency, str]] = {Urgency.STOPPED: "bad", Urgency.SOON: "warn", Urgency.BETTER: ""}
URGENCIES: Final[Mapping[Urgency, str]] = {
    Urgency.STOPPED: marked("Urgent"),
    Urgency.SOON: marked("Soon"),
    Urgency.BETTER: marked("Suggestion"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One matter as the page shows it. ``address`` is empty where no page of theirs would help."""

    key: str
    badge: str
    urgency: str
    title: str
    sentence: str
    button: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    title: str
    sentence: str
    button: str
    path: str
    permission: str


_CREDITS: Final = "/billing/communications-credits"
_METHODS: Final = "/billing/payment-methods"

_WORDS: Final[Mapping[AttentionKind, _Words]] = {
    AttentionKind.CLOSING: _Words(
        title=marked("The organization is closed, or closing"),
        sentence=marked("New calls are refused. Ask the operator if that is not what you expect."),
        button="",
        path="",
        permission="organization.read",
    ),
    AttentionKind.NO_RATES: _Words(
        title=marked("There are no prices for calls yet"),
        sentence=marked("Calls that credits pay for are refused until the operator assigns a rate deck."),
        button="",
        path="",
        permission="organization.read",
    ),
    AttentionKind.BALANCE_EMPTY: _Words(
        title=marked("The balance is empty"),
        sentence=marked("Calls that credits pay for are refused until there are funds."),
        button=marked("Add more funds"),
        path=f"{_CREDITS}/add-funds",
        permission="funds.write",
    ),
    AttentionKind.OWED: _Words(
        title=marked("%(amount)s are owed"),
        sentence=marked("The next funds repay that first."),
        button=marked("Add more funds"),
        path=f"{_CREDITS}/add-funds",
        permission="funds.write",
    ),
    AttentionKind.RECHARGE_SUSPENDED: _Words(
        title=marked("Auto-recharge is suspended"),
        sentence=marked(
            "Payments were declined several times. It goes on once you save the settings or change the payment method."
        ),
        button=marked("See what was declined"),
        path=f"{_CREDITS}/recharge-attempts",
        permission="funds.read",
    ),
    AttentionKind.RECHARGE_PAUSED: _Words(
        title=marked("Auto-recharge is paused"),
        sentence=marked("%(reason)s It goes on once somebody has looked and saved the settings."),
        button=marked("Modify recharge settings"),
        path=f"{_CREDITS}#auto-recharge-settings",
        permission="funds.write",
    ),
    AttentionKind.APPROVAL_NEEDED: _Words(
        title=marked("A payment waits for approval"),
        sentence=marked("The bank wants the holder of the card to approve it; no funds are added before that."),
        button=marked("See the purchases"),
        path=_CREDITS,
        permission="funds.read",
    ),
    AttentionKind.RECHARGE_CAP_REACHED: _Words(
        title=marked("The monthly cap of auto-recharge is reached"),
        sentence=marked("Nothing more is recharged before the next month begins."),
        button=marked("Modify recharge settings"),
        path=f"{_CREDITS}#auto-recharge-settings",
        permission="funds.write",
    ),
    AttentionKind.RECHARGE_DECLINED: _Words(
        title=marked("The last recharge was declined"),
        sentence=marked("It is tried again %(at)s. Adding funds by hand helps at once."),
        button=marked("See what was declined"),
        path=f"{_CREDITS}/recharge-attempts",
        permission="funds.read",
    ),
    AttentionKind.CALLS_REFUSED: _Words(
        title=marked("Calls were refused for lack of funds"),
        sentence=marked("In the last 24 hours: %(count)s."),
        button=marked("What to set so that it does not happen again"),
        path="/advice",
        permission="advice.read",
    ),
    AttentionKind.CREDIT_LINE_NEARLY_USED: _Words(
        title=marked("The line of credit is nearly used"),
        sentence=marked("%(amount)s are left of it. The operator can raise it."),
        button=marked("See the balance"),
        path=_CREDITS,
        permission="funds.read",
    ),
    AttentionKind.BALANCE_LOW: _Words(
        title=marked("The balance will not last long"),
        sentence=marked("At this pace it lasts %(days)s, and nothing will recharge it by itself."),
        button=marked("Add more funds"),
        path=f"{_CREDITS}/add-funds",
        permission="funds.write",
    ),
    AttentionKind.POOL_USED: _Words(
        title=marked("A minute pool is used up"),
        sentence=marked("%(name)s: further calls draw on credits, where their callers may."),
        button=marked("See the minute pools"),
        path="/reports/minute-pools",
        permission="reports.read",
    ),
    AttentionKind.POOL_NEARLY_USED: _Words(
        title=marked("A minute pool is nearly used"),
        sentence=marked("%(name)s: %(percent)s of this month's minutes are taken."),
        button=marked("See the minute pools"),
        path="/reports/minute-pools",
        permission="reports.read",
    ),
    AttentionKind.BLOCKED: _Words(
        title=marked("Somebody or some country is blocked"),
        sentence=marked("Blocks in force: %(count)s."),
        button=marked("See who and why"),
        path="/reports/blocked-users",
        permission="policies.read",
    ),
    AttentionKind.LICENCES_SHORT: _Words(
        title=marked("More licences are assigned than were bought"),
        sentence=marked("%(name)s: %(count)s more."),
        button=marked("See the licences"),
        path="/licences",
        permission="users.read",
    ),
    AttentionKind.CARD_EXPIRED: _Words(
        title=marked("A card has expired"),
        sentence=marked("%(name)s can no longer be charged."),
        button=marked("Replace it"),
        path=_METHODS,
        permission="payment_methods.read",
    ),
    AttentionKind.CARD_EXPIRING: _Words(
        title=marked("A card is about to expire"),
        sentence=marked("%(name)s can be charged until %(at)s."),
        button=marked("Replace it"),
        path=_METHODS,
        permission="payment_methods.read",
    ),
    AttentionKind.LOTS_EXPIRING: _Words(
        title=marked("Funds will expire unused"),
        sentence=marked("At this pace some %(amount)s, the first on %(at)s."),
        button=marked("See which"),
        path="/advice/expiring",
        permission="advice.read",
    ),
    AttentionKind.UNUSUAL: _Words(
        title=marked("Unusual spending"),
        sentence=marked("In the last days: %(count)s."),
        button=marked("See what was unusual"),
        path="/advice/anomalies",
        permission="advice.read",
    ),
    AttentionKind.WEBHOOK_DISABLED: _Words(
        title=marked("A webhook was switched off"),
        sentence=marked("Its address took nothing for too long. Endpoints: %(count)s."),
        button=marked("See the webhooks"),
        path="/programs/webhooks",
        permission="webhooks.read",
    ),
    AttentionKind.NO_METHOD: _Words(
        title=marked("There is no payment method"),
        sentence=marked("Without one no funds can be added."),
        button=marked("Add payment method"),
        path=f"{_METHODS}/add",
        permission="payment_methods.write",
    ),
    AttentionKind.NO_RULE: _Words(
        title=marked("The balance is not recharged by itself"),
        sentence=marked("With auto-recharge, calls do not stop for lack of funds."),
        button=marked("What to set"),
        path="/advice",
        permission="advice.read",
    ),
    AttentionKind.RULE_OFF: _Words(
        title=marked("Auto-recharge is off"),
        sentence=marked("The balance is not recharged by itself."),
        button=marked("Modify recharge settings"),
        path=f"{_CREDITS}#auto-recharge-settings",
        permission="funds.write",
    ),
    AttentionKind.TRIGGER_TOO_LOW: _Words(
        title=marked("Auto-recharge fires late"),
        sentence=marked("By your own use, the chance to run dry within a month is %(percent)s."),
        button=marked("What to set instead"),
        path="/advice",
        permission="advice.read",
    ),
    AttentionKind.DETAILS_MISSING: _Words(
        title=marked("Receipts lack your address"),
        sentence=marked("The billing details say who buys; receipts are addressed as they say when they are issued."),
        button=marked("Billing details"),
        path="/billing/billing-details",
        permission="billing_details.write",
    ),
    AttentionKind.NOBODY_HEARS: _Words(
        title=marked("Nobody is told by mail"),
        sentence=marked("When a recharge fails or funds run out, no mail is sent to anybody."),
        button=marked("Choose recipients"),
        path="/notices/recipients",
        permission="notices.write",
    ),
    AttentionKind.ONE_ADMINISTRATOR: _Words(
        title=marked("There is only one global administrator"),
        sentence=marked("When that person cannot sign in, nobody can let them in again."),
        button=marked("Invite another one"),
        path="/administrators",
        permission="administrators.write",
    ),
}

assert set(_WORDS) == set(AttentionKind), "every kind has its words"


def told(page: Page, matter: Matter, currency: str, place: int) -> Told:
    """A matter in the page's language, with a button where whoever looks may use it."""
    words = _WORDS[matter.kind]
    values = _values(page, matter, currency)
    say = page.speech.say
    offers = bool(words.path) and page.may(words.permission) and _is_there(page, words.path)
    base = f"{page.links.root}/organizations/{page.organization_id}"
    return Told(
        key=f"matter-{place}",
        badge=BADGES[matter.urgency],
        urgency=say(URGENCIES[matter.urgency]),
        title=say(words.title, **values),
        sentence=say(words.sentence, **values),
        button=say(words.button) if offers else "",
        address=f"{base}{words.path}" if offers else "",
    )


_PER_CENT: Final = 10_000


def _is_there(page: Page, path: str) -> bool:
    """Whether the portal has such a page; which it has depends on what it was put together with."""
    address = f"/organizations/{page.organization_id}{path.partition('#')[0]}"
    scope = {"type": "http", "method": "GET", "path": address, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in page.request.app.routes)


def _values(page: Page, matter: Matter, currency: str) -> dict[str, str]:
    fmt = page.speech.formats
    written: dict[AttentionKind, Callable[[], str]] = {
        AttentionKind.POOL_USED: lambda: pool_name(page, matter.name),
        AttentionKind.POOL_NEARLY_USED: lambda: pool_name(page, matter.name),
        AttentionKind.LICENCES_SHORT: lambda: page.speech.say(LICENCES[Licence(matter.name)]),
    }
    name = written.get(matter.kind, lambda: matter.name)()
    risk = matter.kind is AttentionKind.TRIGGER_TOO_LOW
    return {
        "amount": fmt.money_down(matter.amount_micros, currency),
        "count": fmt.count(matter.count),
        "days": fmt.days(matter.count),
        "percent": fmt.percent(rounded_share(matter.amount_micros) if risk else matter.count * _PER_CENT),
        "name": name,
        "at": "" if matter.at is None else _instant(page, matter),
        "reason": page.speech.say(PAUSES[matter.name]) if matter.name in PAUSES else "",
    }


def _instant(page: Page, matter: Matter) -> str:
    assert matter.at is not None, "asked for where there is one"
    fmt = page.speech.formats
    return fmt.minute(matter.at) if matter.kind is AttentionKind.RECHARGE_DECLINED else fmt.day(matter.at)


def pool_name(page: Page, key: str) -> str:
    """A minute pool by its licence and country, in words."""
    pool = read_pool_key(key)
    say = page.speech.say
    parts = [say(LICENCES[pool.licence])]
    if pool.country:
        parts.append(page.speech.formats.country(pool.country))
    if pool.international:
        parts.append(say(marked("international")))
    return " · ".join(parts)


def rounded_share(share: int) -> int:
    """A share in millionths, to one decimal of a per cent, two below one: nobody reads more."""
    step = 1_000 if share >= _PER_CENT else 100
    return share // step * step + (step if share % step * 2 >= step else 0)


def chosen_risk(advice: RechargeAdvice) -> int:
    """The risk of the advised trigger, as it is said."""
    return max(100, rounded_share(advice.chosen.risk))
