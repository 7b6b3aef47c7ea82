"""The console's sentences for closed lists: signs of health with what to do, rounds of the worker, states.

Knows every member of those lists. Refuses to know languages: the sentences are marked here and translated where they
are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.flags import FlagKind
from commcredits.edges.portal import roster_words, sentences
from commcredits.edges.portal.console.job_words import JOBS
from commcredits.edges.translations import marked
from commcredits.edges.translations.notice_words import EXPLANATIONS
from commcredits.operations.adjustments import AdjustmentState
from commcredits.operations.agreeing import RequestState
from commcredits.operations.closing import ClosingWait
from commcredits.operations.margin_reports import ReportState
from commcredits.operations.organization_overview import RechargeState
from commcredits.operations.rate_comparing import Difference
from commcredits.operations.rate_explaining import Verdict
from commcredits.operations.service_health import SignKind
from commcredits.operations.verification_runs import RunState
from commcredits.storage.decks import RateDeckState

BLOCK_REASONS = roster_words.BLOCK_REASONS
TOP_UP_STATES = sentences.TOP_UP_STATES
SERVICES = sentences.SERVICES
SESSION_STATES = sentences.SESSION_STATES
NOTICES = EXPLANATIONS
__all__ = ("BLOCK_REASONS", "JOBS", "NOTICES", "SERVICES", "SESSION_STATES", "TOP_UP_STATES")

CONFIRM_CLOSING: Final = marked("Tick this to say that the organization shall be closed.")
DAYS_WANTED: Final = marked("Enter a whole number of days, from 1 to 3660.")
SECONDS_WANTED: Final = marked("Enter a whole number of seconds.")
PERIOD_WANTED: Final = marked("The last day must not lie before the first, nor more than a year after it.")
FILE_TOO_LARGE: Final = marked("The file is too large for a page. Larger ones go over the API or the command line.")
WRONG_LINE_AND_COLUMN: Final = marked("Line %(line)s, column %(column)s: “%(value)s” is wrong. Allowed is: %(allowed)s")
WRONG_LINE: Final = marked("Line %(line)s: “%(value)s” is wrong. Allowed is: %(allowed)s")
FIELD_IS_WRONG: Final = marked("The field %(field)s is wrong. Allowed is: %(allowed)s")

MARGINS_BY: Final[Mapping[str, str]] = {
    "destinations": marked("By destination"),
    "organizations": marked("By organization"),
    "services": marked("By service"),
}

RECHARGES: Final[Mapping[RechargeState, tuple[str, str]]] = {
    RechargeState.OFF: ("off", marked("Off")),
    RechargeState.ON: ("good", marked("On")),
    RechargeState.PAUSED: ("warn", marked("Paused")),
    RechargeState.SUSPENDED: ("bad", marked("Suspended")),
    RechargeState.POST_USAGE: ("off", marked("Pays after use")),
}

DECK_STATES: Final[Mapping[RateDeckState, tuple[str, str]]] = {
    RateDeckState.DRAFT: ("busy", marked("Draft")),
    RateDeckState.PUBLISHED: ("good", marked("Published")),
    RateDeckState.DISCARDED: ("off", marked("Discarded")),
    RateDeckState.COST: ("warn", marked("Cost deck")),
}

DIFFERENCES: Final[Mapping[Difference, tuple[str, str]]] = {
    Difference.ADDED: ("good", marked("Added")),
    Difference.REMOVED: ("bad", marked("Removed")),
    Difference.CHANGED: ("warn", marked("Changed")),
}

VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.CHOSEN: marked("Chosen: the longest prefix in force"),
    Verdict.SHORTER_PREFIX: marked("A longer prefix fits as well"),
    Verdict.FROM_ANYWHERE: marked("Another rate is bound to where the call comes from"),
    Verdict.OTHER_ORIGIN: marked("Bound to calls from another country"),
    Verdict.NOT_YET_IN_FORCE: marked("Not in force yet"),
    Verdict.NO_LONGER_IN_FORCE: marked("No longer in force"),
}

FLAGS: Final[Mapping[FlagKind, tuple[str, str]]] = {
    FlagKind.OVERRUN: (
        marked("Went on beyond its grant"),
        marked("The switch did not cut the call in time. Check its timer and its link."),
    ),
    FlagKind.AHEAD_OF_THE_CLOCK: (
        marked("More seconds than have passed"),
        marked("The switch reported more time than there was. Check its clock."),
    ),
    FlagKind.SILENT: (
        marked("Never reported ended"),
        marked("The call was closed at the end of its grant. Check whether the switch lost its link."),
    ),
    FlagKind.CLAIMED_TWICE: (
        marked("The same call id twice"),
        marked("Another call, or another switch, used the id. Check how call ids are made."),
    ),
    FlagKind.GONE_FROM_SWITCH: (
        marked("Gone from the switch"),
        marked("The switch did not have the call any more and had not said so; it was ended."),
    ),
    FlagKind.NOT_CHARGED: (
        marked("Nothing pays for it"),
        marked("The switch carried a call that nobody authorised; it was told to cut it."),
    ),
}

ADJUSTMENTS: Final[Mapping[AdjustmentState, tuple[str, str]]] = {
    AdjustmentState.PENDING: ("warn", marked("Waits for a second person")),
    AdjustmentState.APPROVED: ("busy", marked("Agreed to, being applied")),
    AdjustmentState.APPLIED: ("good", marked("Applied")),
    AdjustmentState.REFUSED: ("bad", marked("Refused by the account")),
    AdjustmentState.REJECTED: ("off", marked("Rejected")),
}

REFUND_REQUESTS: Final[Mapping[RequestState, tuple[str, str]]] = {
    RequestState.PENDING: ("warn", marked("Waits for a second person")),
    RequestState.APPROVED: ("busy", marked("Agreed to, being carried out")),
    RequestState.APPLIED: ("good", marked("Carried out")),
    RequestState.REFUSED: ("bad", marked("Refused by the account")),
    RequestState.REJECTED: ("off", marked("Rejected")),
}

CLOSING_WAITS: Final[Mapping[ClosingWait, str]] = {
    ClosingWait.CALLS_IN_PROGRESS: marked("Calls are in progress."),
    ClosingWait.PAYMENTS_OPEN: marked("A payment is not settled yet."),
    ClosingWait.REFUNDS_OPEN: marked("A refund is not settled yet."),
    ClosingWait.REFUND_REFUSED: marked(
        "A gateway did not take funds back: pay them out by hand and adjust the balance, or close again to forfeit."
    ),
    ClosingWait.WORKER: marked("The worker closes it within seconds."),
}

RUNS: Final[Mapping[RunState, tuple[str, str]]] = {
    RunState.WAITING: ("busy", marked("Asked for")),
    RunState.RUNNING: ("busy", marked("Running")),
    RunState.AGREED: ("good", marked("The books agree")),
    RunState.DIFFERED: ("bad", marked("The books disagree")),
    RunState.FAILED: ("warn", marked("Cut short")),
}

REPORTS: Final[Mapping[ReportState, tuple[str, str]]] = {
    ReportState.WAITING: ("busy", marked("Asked for")),
    ReportState.RUNNING: ("busy", marked("Being made")),
    ReportState.DONE: ("good", marked("Done")),
    ReportState.FAILED: ("bad", marked("Failed")),
}

CUT_REASONS: Final[Mapping[str, str]] = {
    "operator": marked("The operator wants it"),
    "fraud": marked("Fraud"),
    "customer_request": marked("The customer asked for it"),
    "stuck_call": marked("The call is stuck"),
    "maintenance": marked("Maintenance"),
}

EVENT_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "failed": ("bad", marked("Given up")),
    "waiting": ("busy", marked("Waiting")),
    "done": ("good", marked("Dealt with")),
    "ignored": ("off", marked("Not ours")),
}

REFUND_STATES: Final[Mapping[str, tuple[str, str]]] = {
    "sent": ("busy", marked("Sent to the gateway")),
    "processing": ("busy", marked("Being processed")),
    "unknown": ("warn", marked("Being checked")),
}

SIGNS: Final[Mapping[SignKind, tuple[str, str, str]]] = {
    SignKind.DATABASE: (
        marked("Database"),
        marked("It does not answer: look at its server, its disk and its log. Calls are refused until it does."),
        "",
    ),
    SignKind.COMMITTER: (
        marked("Committing commands"),
        marked("Commands are not committed: look at the log of the web process."),
        "",
    ),
    SignKind.WORKER: (
        marked("Worker"),
        marked("It has noted nothing for a while: start it, or look at its log. Recharges and receipts wait for it."),
        "jobs",
    ),
    SignKind.JOBS_FAILING: (marked("Rounds that fail or are late"), marked("The worker's log says why."), "jobs"),
    SignKind.CONNECTIONS: (
        marked("Connections to the database"),
        marked("Few are left: allow more on its server, or run fewer processes."),
        "",
    ),
    SignKind.SILENT_CALLS: (
        marked("Silent calls"),
        marked("Their switch does not report: look at its link. The worker closes them at the end of their grant."),
        "live-calls?silent=yes",
    ),
    SignKind.ATTEMPTS_STUCK: (
        marked("Purchases that are stuck"),
        marked("Look each up at its gateway; by hand, say whether the money came."),
        "payments",
    ),
    SignKind.REFUNDS_OPEN: (
        marked("Refunds that are not settled"),
        marked("Gateways take days at times. Those by hand wait for you."),
        "payments/refunds",
    ),
    SignKind.EVENTS_FAILED: (
        marked("Gateway messages that were given up"),
        marked("Find out why, then deal with each again."),
        "payments/events",
    ),
    SignKind.EVENTS_WAITING: (
        marked("Gateway messages that wait"),
        marked("They are tried again by themselves; the worker's log says what they met."),
        "payments/events?state=waiting",
    ),
    SignKind.MAILS_WAITING: (
        marked("Mails that wait"),
        marked("The mail server does not take them: check its settings and its log."),
        "mails-and-webhooks?way=mail",
    ),
    SignKind.MAILS_FAILED: (
        marked("Mails that were given up"),
        marked("Each says what the server answered. Try them again once that is mended."),
        "mails-and-webhooks?way=mail",
    ),
    SignKind.DELIVERIES_WAITING: (
        marked("Webhooks that wait"),
        marked("Endpoints do not take them; they are tried again by themselves."),
        "mails-and-webhooks",
    ),
    SignKind.DELIVERIES_FAILED: (
        marked("Webhooks that were given up"),
        marked("Tell the organization, and try them again once its endpoint answers."),
        "mails-and-webhooks",
    ),
    SignKind.NOTICES_WAITING: (marked("Notices that are to be handed on"), "", ""),
    SignKind.RECEIPTS_OWED: (
        marked("Receipts that are owed"),
        marked("Payments without a receipt: the log of the worker's round issue_receipts says why."),
        "jobs",
    ),
    SignKind.DECISIONS_WAITING: (
        marked("Adjustments that wait for a second person"),
        marked("Somebody else than who asked for them has to agree, or not."),
        "adjustments",
    ),
    SignKind.REFUNDS_WAITING: (
        marked("Refunds that wait for a second person"),
        marked("Somebody else than who asked for them has to agree, or not."),
        "payments/refund-requests",
    ),
    SignKind.VERIFICATION: (
        marked("Verification of the books"),
        marked("Verify them; where they disagree, the run says in which places."),
        "verifications",
    ),
}
"""What each sign is called, what to do about one that is not good, and which page of the console helps."""
