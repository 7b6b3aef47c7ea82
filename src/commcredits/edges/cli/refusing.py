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
}
"""Each refusal of the core in words. A test fails when a code has no line here."""

_MICROS_SUFFIX: Final = "_micros"


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
    return f"{REFUSALS[refused.code]} [{refused.code}{': ' if known else ''}{known}]"
