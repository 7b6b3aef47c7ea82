"""What a caller hears of a refusal: a SIP status with its phrase, and the cause of the hang-up.

Knows the two tables of words, SIP's (RFC 3261 §21) and Q.850's as FreeSWITCH names them. Refuses to know why something
was refused. Busy and broken are 503, never a word about credit: a caller tries again, and a route may be tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.core.outcomes import RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A refusal on the wire."""

    status: int
    phrase: str
    cause: str


_NO_CREDIT: Final = Wording(status=402, phrase="Payment Required", cause="CALL_REJECTED")
_FORBIDDEN: Final = Wording(status=403, phrase="Forbidden", cause="OUTGOING_CALL_BARRED")
_NOT_NOW: Final = Wording(status=503, phrase="Charging Unavailable", cause="NORMAL_TEMPORARY_FAILURE")

REFUSALS: Final[Mapping[RefusalCode, Wording]] = {
    RefusalCode.INSUFFICIENT_FUNDS: _NO_CREDIT,
    RefusalCode.ORGANIZATION_CLOSED: _FORBIDDEN,
    RefusalCode.UNKNOWN_ORGANIZATION: _FORBIDDEN,
    RefusalCode.UNKNOWN_NUMBER: _FORBIDDEN,
    RefusalCode.NO_RATE: _FORBIDDEN,
    RefusalCode.UNKNOWN_SESSION: _FORBIDDEN,
    RefusalCode.SESSION_ENDED: _FORBIDDEN,
    RefusalCode.STALE_REQUEST: _FORBIDDEN,
    RefusalCode.CONFLICT: _FORBIDDEN,
    RefusalCode.BUSY: _NOT_NOW,
    RefusalCode.INTERNAL_ERROR: _NOT_NOW,
    RefusalCode.INVALID_INPUT: _FORBIDDEN,
    RefusalCode.AMOUNT_BELOW_MINIMUM: _FORBIDDEN,
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: _FORBIDDEN,
    RefusalCode.AMOUNT_NOT_PAYABLE: _FORBIDDEN,
    RefusalCode.TRIGGER_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.CAP_BELOW_AMOUNT: _FORBIDDEN,
    RefusalCode.CURRENCY_MISMATCH: _FORBIDDEN,
    RefusalCode.COUNTRY_NOT_AVAILABLE: _FORBIDDEN,
    RefusalCode.UNKNOWN_PAYMENT_METHOD: _FORBIDDEN,
    RefusalCode.PAYMENT_DECLINED: _NO_CREDIT,
    RefusalCode.UNKNOWN_TOP_UP: _FORBIDDEN,
    RefusalCode.TOP_UP_OPEN: _FORBIDDEN,
    RefusalCode.UNKNOWN_RATE_DECK: _FORBIDDEN,
    RefusalCode.NUMBER_TAKEN: _FORBIDDEN,
    RefusalCode.EXPIRY_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.TOO_MANY_LOTS: _FORBIDDEN,
    RefusalCode.CREDITS_NOT_LICENSED: _FORBIDDEN,
    RefusalCode.UNKNOWN_USER: _FORBIDDEN,
    RefusalCode.USER_REQUIRED: _FORBIDDEN,
    RefusalCode.USER_TAKEN: _FORBIDDEN,
    RefusalCode.DIAL_OUT_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.PREMIUM_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.TOLL_FREE_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.CAP_REACHED: _FORBIDDEN,
    RefusalCode.TOO_MANY_CALLS: _FORBIDDEN,
    RefusalCode.BLOCKED: _FORBIDDEN,
    RefusalCode.UNKNOWN_BLOCK: _FORBIDDEN,
    RefusalCode.LICENCE_NOT_AVAILABLE: _FORBIDDEN,
    RefusalCode.LICENCE_CONFLICT: _FORBIDDEN,
    RefusalCode.QUOTA_REACHED: _FORBIDDEN,
    RefusalCode.NUMBER_NOT_AVAILABLE: _FORBIDDEN,
    RefusalCode.CREDITS_NOT_SET_UP: _FORBIDDEN,
    RefusalCode.NUMBER_IN_USE: _FORBIDDEN,
    RefusalCode.RATE_DECK_NOT_DRAFT: _FORBIDDEN,
    RefusalCode.RATE_DECK_NOT_PUBLISHED: _FORBIDDEN,
    RefusalCode.SWITCH_NOT_LINKED: _FORBIDDEN,
    RefusalCode.TARGET_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.POST_USAGE: _FORBIDDEN,
    RefusalCode.PAYMENT_METHOD_IN_USE: _FORBIDDEN,
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.TOO_MANY_ATTEMPTS: _FORBIDDEN,
    RefusalCode.PAYMENT_NOT_OPEN: _FORBIDDEN,
    RefusalCode.NOTHING_TO_REFUND: _FORBIDDEN,
    RefusalCode.UNKNOWN_REFUND: _FORBIDDEN,
    RefusalCode.CURRENCY_FIXED: _FORBIDDEN,
    RefusalCode.VOUCHER_NOT_VALID: _FORBIDDEN,
    RefusalCode.UNKNOWN_ADJUSTMENT: _FORBIDDEN,
    RefusalCode.ADJUSTMENT_SETTLED: _FORBIDDEN,
    RefusalCode.REFUND_SETTLED: _FORBIDDEN,
    RefusalCode.SECOND_PERSON_REQUIRED: _FORBIDDEN,
    RefusalCode.TAX_ID_NOT_VALID: _FORBIDDEN,
    RefusalCode.UNKNOWN_RECEIPT: _FORBIDDEN,
    RefusalCode.UNKNOWN_ENDPOINT: _FORBIDDEN,
    RefusalCode.UNKNOWN_DELIVERY: _FORBIDDEN,
    RefusalCode.ADDRESS_NOT_ALLOWED: _FORBIDDEN,
    RefusalCode.GATEWAY_NOT_READY: _FORBIDDEN,
    RefusalCode.NOT_PERMITTED: _FORBIDDEN,
    RefusalCode.PROOF_REQUIRED: _FORBIDDEN,
    RefusalCode.UNKNOWN_ADMINISTRATOR: _FORBIDDEN,
    RefusalCode.ADMINISTRATOR_TAKEN: _FORBIDDEN,
    RefusalCode.LAST_ADMINISTRATOR: _FORBIDDEN,
    RefusalCode.INVITATION_NOT_VALID: _FORBIDDEN,
    RefusalCode.SIGN_IN_FAILED: _FORBIDDEN,
    RefusalCode.UNKNOWN_API_KEY: _FORBIDDEN,
    RefusalCode.UNKNOWN_EXPORT: _FORBIDDEN,
    RefusalCode.UNKNOWN_COST_DECK: _FORBIDDEN,
    RefusalCode.SANDBOX_NOT_ALLOWED: _FORBIDDEN,
}
"""Each refusal of the core. A test fails when a code has no line here."""
