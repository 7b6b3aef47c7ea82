"""Every "no" on the command line: a sentence for each refusal, and the exit status that tells a script what happened.

Knows sentences and statuses. Refuses to know why something was refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, TypeVar

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.cli.writing import amount_text

T = TypeVar("T")


class ExitStatus(IntEnum):
    """What the status of a command means. Stable: scripts rely on it; docs/cli.md lists it."""

    DONE = 0
    REFUSED = 1
    WRONG_INPUT = 2
    CANNOT_RUN = 3
    BOOKS_DISAGREE = 4
    NOT_SETTLED = 5
    NOT_ALL = 6


class RefusedError(Exception):
    """A command that was refused; whoever runs it says so and ends with its status."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused

    @property
    def status(self) -> ExitStatus:
        """Wrong input is told apart: trying again would not help."""
        return ExitStatus.WRONG_INPUT if self.refused.code is RefusalCode.INVALID_INPUT else ExitStatus.REFUSED


REFUSALS: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.INSUFFICIENT_FUNDS: "the available balance does not cover this",
    RefusalCode.ORGANIZATION_CLOSED: "the organization is closed",
    RefusalCode.UNKNOWN_ORGANIZATION: "there is no organization with this id",
    RefusalCode.UNKNOWN_NUMBER: "the number belongs to no organization",
    RefusalCode.NO_RATE: "the rate deck has no rate for this destination now",
    RefusalCode.UNKNOWN_SESSION: "the organization has no call with this session id",
    RefusalCode.SESSION_ENDED: "the call is over",
    RefusalCode.STALE_REQUEST: "a later request of this call was answered before",
    RefusalCode.CONFLICT: "the same command id was used before with other content",
    RefusalCode.BUSY: "the service, or the gateway, does not answer now; try again",
    RefusalCode.INTERNAL_ERROR: "the command failed inside; it may be tried again with the same command id",
    RefusalCode.INVALID_INPUT: "the input is not as it must be",
    RefusalCode.AMOUNT_BELOW_MINIMUM: "the amount is less than may be bought",
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: "the amount is more than may be bought at once",
    RefusalCode.AMOUNT_NOT_PAYABLE: "the currency has no coins for this amount; use fewer decimals",
    RefusalCode.TRIGGER_NOT_ALLOWED: "the trigger amount is outside what auto-recharge accepts",
    RefusalCode.CAP_BELOW_AMOUNT: "a monthly cap below the recharge amount would never recharge",
    RefusalCode.CURRENCY_MISMATCH: "the organization's currency is another one",
    RefusalCode.COUNTRY_NOT_AVAILABLE: "communication credits cannot be bought in this country",
    RefusalCode.UNKNOWN_PAYMENT_METHOD: "the organization has no such payment method, or the gateway does not know it",
    RefusalCode.PAYMENT_DECLINED: "the payment was declined; no funds were added",
    RefusalCode.UNKNOWN_TOP_UP: "the organization has no top-up with this id",
    RefusalCode.TOP_UP_OPEN: "another top-up of the organization is still being paid",
    RefusalCode.UNKNOWN_RATE_DECK: "there is no rate deck with this id",
    RefusalCode.NUMBER_TAKEN: "the number belongs to an organization already",
    RefusalCode.EXPIRY_NOT_ALLOWED: "the funds would expire at an instant that is not allowed",
    RefusalCode.TOO_MANY_LOTS: "the organization holds as many unused fund lots as it may",
    RefusalCode.CREDITS_NOT_LICENSED: "no minutes are left and the user has no Communications Credits licence",
    RefusalCode.UNKNOWN_USER: "the organization has no user or resource account by this name",
    RefusalCode.USER_REQUIRED: "the call belongs to no user, and the organization refuses such calls",
    RefusalCode.USER_TAKEN: "another user has this object id or user principal name",
    RefusalCode.DIAL_OUT_NOT_ALLOWED: "the dial-out policy does not allow this destination",
    RefusalCode.PREMIUM_NOT_ALLOWED: "premium-rate numbers are not allowed",
    RefusalCode.TOLL_FREE_NOT_ALLOWED: "toll-free numbers are switched off for this organizer",
    RefusalCode.CAP_REACHED: "a cap leaves nothing for this call",
    RefusalCode.TOO_MANY_CALLS: "as many calls run at once as are allowed",
    RefusalCode.BLOCKED: "calls like this are blocked until the block is lifted",
    RefusalCode.UNKNOWN_BLOCK: "the organization has no block with this id",
    RefusalCode.LICENCE_NOT_AVAILABLE: "as many licences are assigned as were purchased",
    RefusalCode.LICENCE_CONFLICT: "these licences cannot be held together",
    RefusalCode.QUOTA_REACHED: "the organization has as many such numbers as its licences allow",
    RefusalCode.NUMBER_NOT_AVAILABLE: "the number is not in stock, or is reserved for somebody else",
    RefusalCode.CREDITS_NOT_SET_UP: "set up communication credits first: add funds",
    RefusalCode.NUMBER_IN_USE: "the number is assigned; take it from whoever has it first",
    RefusalCode.RATE_DECK_NOT_DRAFT: "the rate deck is published already and never changes",
    RefusalCode.RATE_DECK_NOT_PUBLISHED: "the rate deck is a draft; publish it first",
    RefusalCode.SWITCH_NOT_LINKED: "the switch that runs this call has no link over which it could be told anything",
    RefusalCode.TARGET_NOT_ALLOWED: "the target must lie above the trigger, and not above the largest top-up",
    RefusalCode.POST_USAGE: "the organization pays calls after use: it cannot buy funds or recharge",
    RefusalCode.PAYMENT_METHOD_IN_USE: "auto-recharge pays with this method; choose another one first",
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: "this payment method cannot be used in this place",
    RefusalCode.TOO_MANY_ATTEMPTS: "too much was tried in a short time; wait, and try again",
    RefusalCode.PAYMENT_NOT_OPEN: "this payment does not wait for a confirmation",
    RefusalCode.NOTHING_TO_REFUND: "as much is not left unused of this purchase",
    RefusalCode.UNKNOWN_REFUND: "the organization has no refund with this id",
    RefusalCode.CURRENCY_FIXED: "the currency cannot change any more: the organization has had funds",
    RefusalCode.VOUCHER_NOT_VALID: "the code is of no voucher, or of one that is used, expired or in another currency",
    RefusalCode.UNKNOWN_ADJUSTMENT: "the organization has no adjustment with this id",
    RefusalCode.ADJUSTMENT_SETTLED: "the adjustment was made or rejected already",
    RefusalCode.REFUND_SETTLED: "the refund was agreed to or rejected already",
    RefusalCode.SECOND_PERSON_REQUIRED: "somebody else than who asked for it has to agree",
    RefusalCode.TAX_ID_NOT_VALID: "the tax id is not one of this country",
    RefusalCode.UNKNOWN_RECEIPT: "the organization has no receipt with this number",
    RefusalCode.UNKNOWN_ENDPOINT: "the organization has no webhook endpoint with this id",
    RefusalCode.UNKNOWN_DELIVERY: "the organization has no delivery with this id",
    RefusalCode.ADDRESS_NOT_ALLOWED: "webhooks go to public https addresses only",
    RefusalCode.GATEWAY_NOT_READY: "the payment gateway gave no usable answer; nothing was done. Try again",
    RefusalCode.NOT_PERMITTED: "whoever asks may not do this",
    RefusalCode.PROOF_REQUIRED: "whoever asks has to prove again who they are",
    RefusalCode.UNKNOWN_ADMINISTRATOR: "there is no administrator and no invitation with this id",
    RefusalCode.ADMINISTRATOR_TAKEN: "somebody with this mail address is an administrator already",
    RefusalCode.LAST_ADMINISTRATOR: "the organization would be left without a global administrator",
    RefusalCode.INVITATION_NOT_VALID: "the invitation was used, was withdrawn, or has ended",
    RefusalCode.SIGN_IN_FAILED: "what was given does not prove who this is",
    RefusalCode.UNKNOWN_API_KEY: "the organization has no API key with this id",
    RefusalCode.UNKNOWN_EXPORT: "there is no export with this id, or it was removed",
    RefusalCode.UNKNOWN_COST_DECK: "no deck tells what calls cost the operator",
    RefusalCode.SANDBOX_NOT_ALLOWED: "a sandbox organization cannot do this",
}
"""Each refusal of the core in words. A test fails when a code has no line here."""

_MICROS_SUFFIX: Final = "_micros"


_CONFLICTS: Final[Mapping[str, str]] = {
    "state": "the call is not over, or was refused: it has no charge that could be changed",
    "repaid_micros": "what the call owed was repaid from other funds since: which to fill again is yours to say",
}
"""What is said of a conflict that is none of ids, by the fact that it rests on."""


def taken(outcome: T | Refused) -> T:
    """The outcome that was hoped for. Raises RefusedError for a refusal."""
    if isinstance(outcome, Refused):
        raise RefusedError(outcome)
    return outcome


def sentence_of(refused: Refused) -> str:
    """A refusal in one line: for wrong input the field, its value and what is allowed; else why, and the facts."""
    facts = {
        name.removesuffix(_MICROS_SUFFIX): amount_text(value)
        if isinstance(value, int) and name.endswith(_MICROS_SUFFIX)
        else str(value)
        for name, value in refused.facts.items()
    }
    if refused.code is RefusalCode.INVALID_INPUT and facts.keys() >= {"field", "value", "allowed"}:
        field = facts["field"].removesuffix(_MICROS_SUFFIX)
        return f"{field}: {facts['value']!r} is not allowed; it must be {facts['allowed']}"
    known = ", ".join(f"{name} {value}" for name, value in facts.items())
    sentence = REFUSALS[refused.code]
    if refused.code is RefusalCode.CONFLICT:
        sentence = next((said for fact, said in _CONFLICTS.items() if fact in refused.facts), sentence)
    return f"{sentence} [{refused.code}{': ' if known else ''}{known}]"
