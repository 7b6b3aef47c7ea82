"""What can be made to go wrong, one record per fault, and which requests it can go wrong in.

A test card is a bundle of faults that strike by themselves; a script adds faults to the next requests. Both speak
these records. Pure: nothing here waits, answers or remembers.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple, TypeVar

import msgspec

MILLISECONDS_MAX: Final = 600_000
COPIES_MAX: Final = 10

Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=MILLISECONDS_MAX)]


class DeclineCode(StrEnum):
    """Why a charge was declined; the simulator declines for nothing else."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    EXPIRED_CARD = "expired_card"
    STOLEN_CARD = "stolen_card"
    DO_NOT_HONOUR = "do_not_honour"
    PROCESSING_ERROR = "processing_error"
    AUTHENTICATION_FAILED = "authentication_failed"
    CANCELLED = "cancelled"


class DeclineMeaning(NamedTuple):
    """Whether a new attempt with the same card may succeed, and the sentence that goes with the code."""

    retryable: bool
    message: str


DECLINE_MEANINGS: Final[Mapping[DeclineCode, DeclineMeaning]] = MappingProxyType(
    {
        DeclineCode.INSUFFICIENT_FUNDS: DeclineMeaning(
            retryable=True, message="The card's account does not hold enough money."
        ),
        DeclineCode.EXPIRED_CARD: DeclineMeaning(retryable=False, message="The card has expired."),
        DeclineCode.STOLEN_CARD: DeclineMeaning(retryable=False, message="The card was reported stolen."),
        DeclineCode.DO_NOT_HONOUR: DeclineMeaning(retryable=True, message="The bank declined and gave no reason."),
        DeclineCode.PROCESSING_ERROR: DeclineMeaning(retryable=True, message="The bank could not process the charge."),
        DeclineCode.AUTHENTICATION_FAILED: DeclineMeaning(
            retryable=False, message="The card's holder did not approve the charge."
        ),
        DeclineCode.CANCELLED: DeclineMeaning(
            retryable=False, message="The charge was cancelled before it was decided."
        ),
    }
)


class Decline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="decline"):
    """The charge is declined with `code`."""

    code: DeclineCode = DeclineCode.DO_NOT_HONOUR


class Authenticate(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="authenticate"
):
    """The card's holder must approve on the hosted page; with `off_session_only`, not when present anyway."""

    off_session_only: bool = False


class Process(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="process"):
    """The charge is decided only after a while: it succeeds, or is declined with `decline_code`."""

    milliseconds: Milliseconds = 2_000
    decline_code: DeclineCode | None = None


class RefuseRefund(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="refuse_refund"
):
    """The refund is refused."""


class Delay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="delay"):
    """The answer comes late; with `before_acting`, so does the act itself, even if the caller has gone by then."""

    milliseconds: Milliseconds = 3_000
    before_acting: bool = False


class LoseAnswer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="lose_answer"
):
    """The answer never comes: the connection is dropped, or left hanging. Without `before_acting` the act is done."""

    manner: Literal["drop", "hang"] = "drop"
    before_acting: bool = False


class Error(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="error"):
    """The answer is an error. With `after_acting` the act is done nevertheless, which 429 never claims."""

    status: Literal[429, 500, 502, 503] = 500
    after_acting: bool = False


class RepeatWebhook(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="repeat_webhook"
):
    """Each webhook of the object is sent `copies` times."""

    copies: Annotated[int, msgspec.Meta(ge=2, le=COPIES_MAX)] = 2


class DelayWebhook(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="delay_webhook"
):
    """Only the object's first webhook waits, so that later ones overtake it."""

    milliseconds: Milliseconds = 3_000


class DropWebhook(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="drop_webhook"
):
    """No webhook of the object is sent; the list of events still has them."""


ChargeFault = Decline | Authenticate | Process
ReplyFault = Delay | LoseAnswer | Error
WebhookFault = RepeatWebhook | DelayWebhook | DropWebhook
Fault = ChargeFault | RefuseRefund | ReplyFault | WebhookFault

Operation = Literal["charge", "refund", "lookup", "cancel"]

FAULTS_OF_OPERATION: Final[Mapping[Operation, tuple[type, ...]]] = MappingProxyType(
    {
        "charge": (Decline, Authenticate, Process, Delay, LoseAnswer, Error, RepeatWebhook, DelayWebhook, DropWebhook),
        "refund": (RefuseRefund, Delay, LoseAnswer, Error, RepeatWebhook, DelayWebhook, DropWebhook),
        "lookup": (Delay, LoseAnswer, Error),
        "cancel": (Delay, LoseAnswer, Error),
    }
)

F = TypeVar("F")


def first_of(faults: Iterable[object], kinds: tuple[type[F], ...]) -> F | None:
    """Find the first fault that is of one of `kinds`."""
    return next((fault for fault in faults if isinstance(fault, kinds)), None)
