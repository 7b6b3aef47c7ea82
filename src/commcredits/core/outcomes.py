"""Every answer that a command can get: the closed list of refusals, and the outcomes of what was done.

Knows codes and facts. Refuses to know sentences, languages and wire formats: each edge owns a complete table from
these codes to its own (decision record 0004).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class RefusalCode(StrEnum):
    """Why something was not done. Stable: interfaces show these words."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    ORGANIZATION_CLOSED = "organization_closed"
    UNKNOWN_ORGANIZATION = "unknown_organization"
    UNKNOWN_NUMBER = "unknown_number"
    NO_RATE = "no_rate"
    UNKNOWN_SESSION = "unknown_session"
    SESSION_ENDED = "session_ended"
    STALE_REQUEST = "stale_request"
    CONFLICT = "conflict"
    BUSY = "busy"
    INTERNAL_ERROR = "internal_error"
    INVALID_INPUT = "invalid_input"
    AMOUNT_BELOW_MINIMUM = "amount_below_minimum"
    AMOUNT_ABOVE_MAXIMUM = "amount_above_maximum"
    AMOUNT_NOT_PAYABLE = "amount_not_payable"
    TRIGGER_NOT_ALLOWED = "trigger_not_allowed"
    CAP_BELOW_AMOUNT = "cap_below_amount"
    CURRENCY_MISMATCH = "currency_mismatch"
    COUNTRY_NOT_AVAILABLE = "country_not_available"
    UNKNOWN_PAYMENT_METHOD = "unknown_payment_method"
    PAYMENT_DECLINED = "payment_declined"
    UNKNOWN_TOP_UP = "unknown_top_up"
    TOP_UP_OPEN = "top_up_open"
    UNKNOWN_RATE_DECK = "unknown_rate_deck"
    NUMBER_TAKEN = "number_taken"
    EXPIRY_NOT_ALLOWED = "expiry_not_allowed"
    TOO_MANY_LOTS = "too_many_lots"
    CREDITS_NOT_LICENSED = "credits_not_licensed"
    UNKNOWN_USER = "unknown_user"
    USER_REQUIRED = "user_required"
    USER_TAKEN = "user_taken"
    DIAL_OUT_NOT_ALLOWED = "dial_out_not_allowed"
    PREMIUM_NOT_ALLOWED = "premium_not_allowed"
    TOLL_FREE_NOT_ALLOWED = "toll_free_not_allowed"
    CAP_REACHED = "cap_reached"
    TOO_MANY_CALLS = "too_many_calls"
    BLOCKED = "blocked"
    UNKNOWN_BLOCK = "unknown_block"
    LICENCE_NOT_AVAILABLE = "licence_not_available"
    LICENCE_CONFLICT = "licence_conflict"
    QUOTA_REACHED = "quota_reached"
    NUMBER_NOT_AVAILABLE = "number_not_available"
    CREDITS_NOT_SET_UP = "credits_not_set_up"
    NUMBER_IN_USE = "number_in_use"
    RATE_DECK_NOT_DRAFT = "rate_deck_not_draft"
    RATE_DECK_NOT_PUBLISHED = "rate_deck_not_published"
    SWITCH_NOT_LINKED = "switch_not_linked"
    TARGET_NOT_ALLOWED = "target_not_allowed"
    POST_USAGE = "post_usage"
    PAYMENT_METHOD_IN_USE = "payment_method_in_use"
    PAYMENT_METHOD_NOT_ALLOWED = "payment_method_not_allowed"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    PAYMENT_NOT_OPEN = "payment_not_open"
    NOTHING_TO_REFUND = "nothing_to_refund"
    UNKNOWN_REFUND = "unknown_refund"
    CURRENCY_FIXED = "currency_fixed"
    VOUCHER_NOT_VALID = "voucher_not_valid"
    UNKNOWN_ADJUSTMENT = "unknown_adjustment"
    ADJUSTMENT_SETTLED = "adjustment_settled"
    REFUND_SETTLED = "refund_settled"
    SECOND_PERSON_REQUIRED = "second_person_required"
    TAX_ID_NOT_VALID = "tax_id_not_valid"
    UNKNOWN_RECEIPT = "unknown_receipt"
    UNKNOWN_ENDPOINT = "unknown_endpoint"
    UNKNOWN_DELIVERY = "unknown_delivery"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    GATEWAY_NOT_READY = "gateway_not_ready"
    NOT_PERMITTED = "not_permitted"
    PROOF_REQUIRED = "proof_required"
    UNKNOWN_ADMINISTRATOR = "unknown_administrator"
    ADMINISTRATOR_TAKEN = "administrator_taken"
    LAST_ADMINISTRATOR = "last_administrator"
    INVITATION_NOT_VALID = "invitation_not_valid"
    SIGN_IN_FAILED = "sign_in_failed"
    UNKNOWN_API_KEY = "unknown_api_key"
    UNKNOWN_EXPORT = "unknown_export"
    UNKNOWN_COST_DECK = "unknown_cost_deck"
    SANDBOX_NOT_ALLOWED = "sandbox_not_allowed"


class Refused(Struct, frozen=True, kw_only=True, gc=False):
    """Nothing was done. ``facts`` are what the refusal rests on: amounts as ``*_micros``, limits, ids.

    ``would_change_it`` are the keys of commcredits.core.remedies, each of which alone would change the refusal of a
    call; none where nobody can do anything, and for commands that are no calls.
    """

    code: RefusalCode
    facts: Mapping[str, str | int] = field(default_factory=dict)
    would_change_it: tuple[str, ...] = ()


class Granted(Struct, frozen=True, kw_only=True, gc=False):
    """A call may go on.

    ``granted_seconds`` is the TOTAL that the call may last, counted from its answer; report again within
    ``valid_seconds``; ``final`` means that money limits this grant. ``charged_micros`` is what is posted so far,
    ``held_micros`` what is set aside for the rest of the grant.
    """

    grant_number: int
    granted_seconds: int
    valid_seconds: int
    final: bool
    charged_micros: int
    held_micros: int
    currency: str
    included_seconds: int = 0
    """How many of the granted seconds minutes of a pool pay for."""


class Started(Struct, frozen=True, kw_only=True, gc=False):
    """The call was answered; the fields are those of Granted."""

    grant_number: int
    granted_seconds: int
    valid_seconds: int
    final: bool
    charged_micros: int
    held_micros: int
    currency: str
    included_seconds: int = 0


class Ended(Struct, frozen=True, kw_only=True, gc=False):
    """The call is over after ``duration_seconds``: ``pool_minutes`` and ``charged_micros`` paid for it in all."""

    duration_seconds: int
    charged_micros: int
    currency: str
    pool_minutes: int = 0


class Recorded(Struct, frozen=True, kw_only=True, gc=False):
    """A call told after the fact is in the books, or an ended one was priced anew.

    ``pool_minutes`` came out of a minute pool, ``charged_micros`` out of money, ``owed_micros`` of that is a debt.
    ``free_call`` when no rate was known: recorded, charged nothing, flagged to the operator (domain.md §5, row 21).
    """

    duration_seconds: int
    pool_minutes: int
    charged_micros: int
    owed_micros: int
    free_call: bool
    currency: str


class TopUpTaken(Struct, frozen=True, kw_only=True, gc=False):
    """A top-up as it stands after the command: see commcredits.core.topups for its states."""

    top_up_id: str
    state: str
    amount_micros: int
    currency: str
    payment_method: str
    send: bool = False
    """True for the one command that moved the attempt to ``sent``: only its caller may go to the gateway."""
    reason: str = ""
    action_url: str = ""
    tax_micros: int = 0
    """What the payer is charged beside ``amount_micros``."""


class RechargeRuleSaved(Struct, frozen=True, kw_only=True, gc=False):
    """The auto-recharge rule is in force; ``recharge_started`` when the balance was below its trigger already."""

    recharge_started: bool


class LotGranted(Struct, frozen=True, kw_only=True, gc=False):
    """Promotional funds were added as this lot."""

    lot_id: str
    amount_micros: int
    currency: str
    expires_at: datetime


class RefundTaken(Struct, frozen=True, kw_only=True, gc=False):
    """A refund as it stands after the command: see commcredits.core.top_up_refunds. Amounts are net, and their tax."""

    refund_id: str
    top_up_id: str
    state: str
    amount_micros: int
    tax_micros: int
    currency: str
    send: bool = False
    """True for the one command that opened it: only its caller may go to the gateway."""
    gateway: str = ""
    charge_reference: str = ""


class Adjusted(Struct, frozen=True, kw_only=True, gc=False):
    """Funds were given, as the lot ``lot_id``, or taken; ``owed_micros`` of what was taken were not there."""

    amount_micros: int
    owed_micros: int
    currency: str
    lot_id: str = ""


class BlockSet(Struct, frozen=True, kw_only=True, gc=False):
    """This block is in force; ``changed`` is false when it was so before, whoever or whatever had set it."""

    block_id: str
    changed: bool


class Done(Struct, frozen=True, kw_only=True, gc=False):
    """The command took effect, or had taken effect before; there is nothing more to tell."""

    changed: bool


CallOutcome = Granted | Started | Ended | Recorded | Refused
Outcome = (
    Granted
    | Started
    | Ended
    | Recorded
    | Refused
    | TopUpTaken
    | RechargeRuleSaved
    | LotGranted
    | RefundTaken
    | Adjusted
    | BlockSet
    | Done
)
