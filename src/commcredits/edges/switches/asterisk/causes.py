"""What a refused caller gets from Asterisk: a cause of Q.850 for every refusal, in one complete table.

Knows which causes Asterisk's PJSIP channel turns into which SIP status. Refuses to know why something was refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode

NORMAL_CLEARING: Final = 16
"""The end of a call that was answered."""

NO_ANSWER: Final = 19
"""480 over SIP: the called side rang too long."""

CALL_REJECTED: Final = 21
"""403 over SIP: this call is not allowed, and would not be a second later either."""

INVALID_NUMBER: Final = 28
"""484 over SIP."""

FAILURE: Final = 38
"""500 over SIP: a fault of ours."""

CONGESTION: Final = 42
"""503 over SIP: nobody can say now; trying again is worth it."""

REFUSAL_CAUSES: Final[Mapping[RefusalCode, int]] = {
    RefusalCode.INSUFFICIENT_FUNDS: CALL_REJECTED,
    RefusalCode.ORGANIZATION_CLOSED: CALL_REJECTED,
    RefusalCode.UNKNOWN_ORGANIZATION: CALL_REJECTED,
    RefusalCode.UNKNOWN_NUMBER: CALL_REJECTED,
    RefusalCode.NO_RATE: CALL_REJECTED,
    RefusalCode.UNKNOWN_SESSION: CALL_REJECTED,
    RefusalCode.SESSION_ENDED: CALL_REJECTED,
    RefusalCode.STALE_REQUEST: CALL_REJECTED,
    RefusalCode.CONFLICT: CALL_REJECTED,
    RefusalCode.BUSY: CONGESTION,
    RefusalCode.INTERNAL_ERROR: FAILURE,
    RefusalCode.INVALID_INPUT: INVALID_NUMBER,
    RefusalCode.AMOUNT_BELOW_MINIMUM: CALL_REJECTED,
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: CALL_REJECTED,
    RefusalCode.AMOUNT_NOT_PAYABLE: CALL_REJECTED,
    RefusalCode.TRIGGER_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.CAP_BELOW_AMOUNT: CALL_REJECTED,
    RefusalCode.CURRENCY_MISMATCH: CALL_REJECTED,
    RefusalCode.COUNTRY_NOT_AVAILABLE: CALL_REJECTED,
    RefusalCode.UNKNOWN_PAYMENT_METHOD: CALL_REJECTED,
    RefusalCode.PAYMENT_DECLINED: CALL_REJECTED,
    RefusalCode.UNKNOWN_TOP_UP: CALL_REJECTED,
    RefusalCode.TOP_UP_OPEN: CALL_REJECTED,
    RefusalCode.UNKNOWN_RATE_DECK: CALL_REJECTED,
    RefusalCode.NUMBER_TAKEN: CALL_REJECTED,
    RefusalCode.EXPIRY_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.TOO_MANY_LOTS: CALL_REJECTED,
    RefusalCode.CREDITS_NOT_LICENSED: CALL_REJECTED,
    RefusalCode.UNKNOWN_USER: CALL_REJECTED,
    RefusalCode.USER_REQUIRED: CALL_REJECTED,
    RefusalCode.USER_TAKEN: CALL_REJECTED,
    RefusalCode.DIAL_OUT_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.PREMIUM_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.TOLL_FREE_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.CAP_REACHED: CALL_REJECTED,
    RefusalCode.TOO_MANY_CALLS: CALL_REJECTED,
    RefusalCode.BLOCKED: CALL_REJECTED,
    RefusalCode.UNKNOWN_BLOCK: CALL_REJECTED,
    RefusalCode.LICENCE_NOT_AVAILABLE: CALL_REJECTED,
    RefusalCode.LICENCE_CONFLICT: CALL_REJECTED,
    RefusalCode.QUOTA_REACHED: CALL_REJECTED,
    RefusalCode.NUMBER_NOT_AVAILABLE: CALL_REJECTED,
    RefusalCode.CREDITS_NOT_SET_UP: CALL_REJECTED,
    RefusalCode.NUMBER_IN_USE: CALL_REJECTED,
    RefusalCode.RATE_DECK_NOT_DRAFT: CALL_REJECTED,
    RefusalCode.RATE_DECK_NOT_PUBLISHED: CALL_REJECTED,
    RefusalCode.SWITCH_NOT_LINKED: CALL_REJECTED,
    RefusalCode.TARGET_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.POST_USAGE: CALL_REJECTED,
    RefusalCode.PAYMENT_METHOD_IN_USE: CALL_REJECTED,
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.TOO_MANY_ATTEMPTS: CALL_REJECTED,
    RefusalCode.PAYMENT_NOT_OPEN: CALL_REJECTED,
    RefusalCode.NOTHING_TO_REFUND: CALL_REJECTED,
    RefusalCode.UNKNOWN_REFUND: CALL_REJECTED,
    RefusalCode.CURRENCY_FIXED: CALL_REJECTED,
    RefusalCode.VOUCHER_NOT_VALID: CALL_REJECTED,
    RefusalCode.UNKNOWN_ADJUSTMENT: CALL_REJECTED,
    RefusalCode.ADJUSTMENT_SETTLED: CALL_REJECTED,
    RefusalCode.REFUND_SETTLED: CALL_REJECTED,
    RefusalCode.SECOND_PERSON_REQUIRED: CALL_REJECTED,
    RefusalCode.TAX_ID_NOT_VALID: CALL_REJECTED,
    RefusalCode.UNKNOWN_RECEIPT: CALL_REJECTED,
    RefusalCode.UNKNOWN_ENDPOINT: CALL_REJECTED,
    RefusalCode.UNKNOWN_DELIVERY: CALL_REJECTED,
    RefusalCode.ADDRESS_NOT_ALLOWED: CALL_REJECTED,
    RefusalCode.GATEWAY_NOT_READY: CALL_REJECTED,
    RefusalCode.NOT_PERMITTED: CALL_REJECTED,
    RefusalCode.PROOF_REQUIRED: CALL_REJECTED,
    RefusalCode.UNKNOWN_ADMINISTRATOR: CALL_REJECTED,
    RefusalCode.ADMINISTRATOR_TAKEN: CALL_REJECTED,
    RefusalCode.LAST_ADMINISTRATOR: CALL_REJECTED,
    RefusalCode.INVITATION_NOT_VALID: CALL_REJECTED,
    RefusalCode.SIGN_IN_FAILED: CALL_REJECTED,
    RefusalCode.UNKNOWN_API_KEY: CALL_REJECTED,
    RefusalCode.UNKNOWN_EXPORT: CALL_REJECTED,
    RefusalCode.UNKNOWN_COST_DECK: CALL_REJECTED,
    RefusalCode.SANDBOX_NOT_ALLOWED: CALL_REJECTED,
}
"""ITU-T Q.850's cause for each refusal. No cause says "pay first": the variable with the refusal's code does."""

TEMPORARY_REFUSALS: Final = frozenset({RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
"""Refusals that say nothing about the caller or the money."""
