"""Every "no" of the core as the text of an error that CGRateS gives, in one complete table.

Knows the words that scripts of switches compare (``$cgr_ret`` in OpenSIPS). Refuses to know why something was refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode

INSUFFICIENT_CREDIT: Final = "INSUFFICIENT_CREDIT"
"""Also the reason of a call that we cut at the end of its money."""

FORCED_DISCONNECT: Final = "FORCED_DISCONNECT"
"""The reason of a call that somebody wants cut."""

SESSION_NOT_FOUND: Final = "SESSION_NOT_FOUND"
NOT_IMPLEMENTED: Final = "NOT_IMPLEMENTED"
BUSY: Final = "SERVER_ERROR: busy"
INTERNAL: Final = "SERVER_ERROR: internal error"

_CREDIT: Final = f"RALS_ERROR:{INSUFFICIENT_CREDIT}"
_DESTINATION: Final = "RALS_ERROR:UNAUTHORIZED_DESTINATION"
_NO_ACCOUNT: Final = "RALS_ERROR:ACCOUNT_NOT_FOUND"
_DISABLED: Final = "RALS_ERROR:ACCOUNT_DISABLED"
_NO_RATE: Final = "RALS_ERROR:RATING_PLAN_NOT_FOUND"
_LIMIT: Final = "RESOURCES_ERROR:RESOURCE_UNAVAILABLE"
_EXISTS: Final = "EXISTS"
_NOT_FOUND: Final = "NOT_FOUND"
_INVALID: Final = "NOT_CONVERTIBLE"

ERRORS: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.INSUFFICIENT_FUNDS: _CREDIT,
    RefusalCode.ORGANIZATION_CLOSED: _DISABLED,
    RefusalCode.UNKNOWN_ORGANIZATION: _NO_ACCOUNT,
    RefusalCode.UNKNOWN_NUMBER: _NO_ACCOUNT,
    RefusalCode.NO_RATE: _NO_RATE,
    RefusalCode.UNKNOWN_SESSION: SESSION_NOT_FOUND,
    RefusalCode.SESSION_ENDED: SESSION_NOT_FOUND,
    RefusalCode.STALE_REQUEST: "REQ_UNSYNCHRONIZED",
    RefusalCode.CONFLICT: _EXISTS,
    RefusalCode.BUSY: BUSY,
    RefusalCode.INTERNAL_ERROR: INTERNAL,
    RefusalCode.INVALID_INPUT: _INVALID,
    RefusalCode.AMOUNT_BELOW_MINIMUM: _INVALID,
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: _INVALID,
    RefusalCode.AMOUNT_NOT_PAYABLE: _INVALID,
    RefusalCode.TRIGGER_NOT_ALLOWED: _INVALID,
    RefusalCode.CAP_BELOW_AMOUNT: _INVALID,
    RefusalCode.CURRENCY_MISMATCH: _INVALID,
    RefusalCode.COUNTRY_NOT_AVAILABLE: _DESTINATION,
    RefusalCode.UNKNOWN_PAYMENT_METHOD: _NOT_FOUND,
    RefusalCode.PAYMENT_DECLINED: _CREDIT,
    RefusalCode.UNKNOWN_TOP_UP: _NOT_FOUND,
    RefusalCode.TOP_UP_OPEN: _EXISTS,
    RefusalCode.UNKNOWN_RATE_DECK: _NO_RATE,
    RefusalCode.NUMBER_TAKEN: _EXISTS,
    RefusalCode.EXPIRY_NOT_ALLOWED: _INVALID,
    RefusalCode.TOO_MANY_LOTS: _LIMIT,
    RefusalCode.CREDITS_NOT_LICENSED: _DESTINATION,
    RefusalCode.UNKNOWN_USER: "RALS_ERROR:USER_NOT_FOUND",
    RefusalCode.USER_REQUIRED: _NO_ACCOUNT,
    RefusalCode.USER_TAKEN: _EXISTS,
    RefusalCode.DIAL_OUT_NOT_ALLOWED: _DESTINATION,
    RefusalCode.PREMIUM_NOT_ALLOWED: _DESTINATION,
    RefusalCode.TOLL_FREE_NOT_ALLOWED: _DESTINATION,
    RefusalCode.CAP_REACHED: _CREDIT,
    RefusalCode.TOO_MANY_CALLS: _LIMIT,
    RefusalCode.BLOCKED: _DISABLED,
    RefusalCode.UNKNOWN_BLOCK: _NOT_FOUND,
    RefusalCode.LICENCE_NOT_AVAILABLE: _LIMIT,
    RefusalCode.LICENCE_CONFLICT: _EXISTS,
    RefusalCode.QUOTA_REACHED: _LIMIT,
    RefusalCode.NUMBER_NOT_AVAILABLE: _LIMIT,
    RefusalCode.CREDITS_NOT_SET_UP: _DISABLED,
    RefusalCode.NUMBER_IN_USE: _EXISTS,
    RefusalCode.RATE_DECK_NOT_DRAFT: _EXISTS,
    RefusalCode.RATE_DECK_NOT_PUBLISHED: _NO_RATE,
    RefusalCode.SWITCH_NOT_LINKED: "NOT_CONNECTED",
    RefusalCode.TARGET_NOT_ALLOWED: _INVALID,
    RefusalCode.POST_USAGE: _EXISTS,
    RefusalCode.PAYMENT_METHOD_IN_USE: _EXISTS,
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: _INVALID,
    RefusalCode.TOO_MANY_ATTEMPTS: _EXISTS,
    RefusalCode.PAYMENT_NOT_OPEN: _EXISTS,
    RefusalCode.NOTHING_TO_REFUND: _EXISTS,
    RefusalCode.UNKNOWN_REFUND: _EXISTS,
    RefusalCode.CURRENCY_FIXED: _EXISTS,
    RefusalCode.VOUCHER_NOT_VALID: _EXISTS,
    RefusalCode.UNKNOWN_ADJUSTMENT: _EXISTS,
    RefusalCode.ADJUSTMENT_SETTLED: _EXISTS,
    RefusalCode.REFUND_SETTLED: _EXISTS,
    RefusalCode.SECOND_PERSON_REQUIRED: _EXISTS,
    RefusalCode.TAX_ID_NOT_VALID: _INVALID,
    RefusalCode.UNKNOWN_RECEIPT: _EXISTS,
    RefusalCode.UNKNOWN_ENDPOINT: _EXISTS,
    RefusalCode.UNKNOWN_DELIVERY: _EXISTS,
    RefusalCode.ADDRESS_NOT_ALLOWED: _INVALID,
    RefusalCode.GATEWAY_NOT_READY: _EXISTS,
    RefusalCode.NOT_PERMITTED: _EXISTS,
    RefusalCode.PROOF_REQUIRED: _EXISTS,
    RefusalCode.UNKNOWN_ADMINISTRATOR: _EXISTS,
    RefusalCode.ADMINISTRATOR_TAKEN: _EXISTS,
    RefusalCode.LAST_ADMINISTRATOR: _EXISTS,
    RefusalCode.INVITATION_NOT_VALID: _EXISTS,
    RefusalCode.SIGN_IN_FAILED: _EXISTS,
    RefusalCode.UNKNOWN_API_KEY: _EXISTS,
    RefusalCode.UNKNOWN_EXPORT: _EXISTS,
    RefusalCode.UNKNOWN_COST_DECK: _EXISTS,
    RefusalCode.SANDBOX_NOT_ALLOWED: _EXISTS,
}
"""The error for each refusal. A test fails when a code has no line here."""

TEMPORARY: Final = frozenset({RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
"""What the same command may be answered otherwise in a moment."""


def missing(fields: Iterable[str]) -> str:
    """The error of an event that lacks these fields."""
    return f"MANDATORY_IE_MISSING: [{' '.join(fields)}]"


def unknown_method(method: str) -> str:
    """The error of a method that there is not, as Go's net/rpc says it."""
    return f"rpc: can't find service {method}"


def wrong(field: str) -> str:
    """The error of an event whose field says nothing that it could."""
    return f"{_INVALID}: {field}"
