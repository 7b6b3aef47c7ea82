"""Every "no" of the core as the SIP status that a caller gets, in one complete table.

Knows statuses (RFC 3261 §21). Refuses to know why something was refused. The code itself travels beside the status,
in the headers ``Reason`` (RFC 3326) and ``X-Charging-Refusal``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode

PAYMENT_REQUIRED: Final = 402
FORBIDDEN: Final = 403
UNAVAILABLE: Final = 503

STATUSES: Final[Mapping[RefusalCode, int]] = {
    RefusalCode.INSUFFICIENT_FUNDS: PAYMENT_REQUIRED,
    RefusalCode.ORGANIZATION_CLOSED: FORBIDDEN,
    RefusalCode.UNKNOWN_ORGANIZATION: FORBIDDEN,
    RefusalCode.UNKNOWN_NUMBER: FORBIDDEN,
    RefusalCode.NO_RATE: FORBIDDEN,
    RefusalCode.UNKNOWN_SESSION: FORBIDDEN,
    RefusalCode.SESSION_ENDED: FORBIDDEN,
    RefusalCode.STALE_REQUEST: FORBIDDEN,
    RefusalCode.CONFLICT: FORBIDDEN,
    RefusalCode.BUSY: UNAVAILABLE,
    RefusalCode.INTERNAL_ERROR: UNAVAILABLE,
    RefusalCode.INVALID_INPUT: FORBIDDEN,
    RefusalCode.AMOUNT_BELOW_MINIMUM: FORBIDDEN,
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: FORBIDDEN,
    RefusalCode.AMOUNT_NOT_PAYABLE: FORBIDDEN,
    RefusalCode.TRIGGER_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.CAP_BELOW_AMOUNT: FORBIDDEN,
    RefusalCode.CURRENCY_MISMATCH: FORBIDDEN,
    RefusalCode.COUNTRY_NOT_AVAILABLE: FORBIDDEN,
    RefusalCode.UNKNOWN_PAYMENT_METHOD: FORBIDDEN,
    RefusalCode.PAYMENT_DECLINED: PAYMENT_REQUIRED,
    RefusalCode.UNKNOWN_TOP_UP: FORBIDDEN,
    RefusalCode.TOP_UP_OPEN: FORBIDDEN,
    RefusalCode.UNKNOWN_RATE_DECK: FORBIDDEN,
    RefusalCode.NUMBER_TAKEN: FORBIDDEN,
    RefusalCode.EXPIRY_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.TOO_MANY_LOTS: FORBIDDEN,
    RefusalCode.CREDITS_NOT_LICENSED: FORBIDDEN,
    RefusalCode.UNKNOWN_USER: FORBIDDEN,
    RefusalCode.USER_REQUIRED: FORBIDDEN,
    RefusalCode.USER_TAKEN: FORBIDDEN,
    RefusalCode.DIAL_OUT_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.PREMIUM_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.TOLL_FREE_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.CAP_REACHED: FORBIDDEN,
    RefusalCode.TOO_MANY_CALLS: FORBIDDEN,
    RefusalCode.BLOCKED: FORBIDDEN,
    RefusalCode.UNKNOWN_BLOCK: FORBIDDEN,
    RefusalCode.LICENCE_NOT_AVAILABLE: FORBIDDEN,
    RefusalCode.LICENCE_CONFLICT: FORBIDDEN,
    RefusalCode.QUOTA_REACHED: FORBIDDEN,
    RefusalCode.NUMBER_NOT_AVAILABLE: FORBIDDEN,
    RefusalCode.CREDITS_NOT_SET_UP: FORBIDDEN,
    RefusalCode.NUMBER_IN_USE: FORBIDDEN,
    RefusalCode.RATE_DECK_NOT_DRAFT: FORBIDDEN,
    RefusalCode.RATE_DECK_NOT_PUBLISHED: FORBIDDEN,
    RefusalCode.SWITCH_NOT_LINKED: FORBIDDEN,
    RefusalCode.TARGET_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.POST_USAGE: FORBIDDEN,
    RefusalCode.PAYMENT_METHOD_IN_USE: FORBIDDEN,
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.TOO_MANY_ATTEMPTS: FORBIDDEN,
    RefusalCode.PAYMENT_NOT_OPEN: FORBIDDEN,
    RefusalCode.NOTHING_TO_REFUND: FORBIDDEN,
    RefusalCode.UNKNOWN_REFUND: FORBIDDEN,
    RefusalCode.CURRENCY_FIXED: FORBIDDEN,
    RefusalCode.VOUCHER_NOT_VALID: FORBIDDEN,
    RefusalCode.UNKNOWN_ADJUSTMENT: FORBIDDEN,
    RefusalCode.ADJUSTMENT_SETTLED: FORBIDDEN,
    RefusalCode.REFUND_SETTLED: FORBIDDEN,
    RefusalCode.SECOND_PERSON_REQUIRED: FORBIDDEN,
    RefusalCode.TAX_ID_NOT_VALID: FORBIDDEN,
    RefusalCode.UNKNOWN_RECEIPT: FORBIDDEN,
    RefusalCode.UNKNOWN_ENDPOINT: FORBIDDEN,
    RefusalCode.UNKNOWN_DELIVERY: FORBIDDEN,
    RefusalCode.ADDRESS_NOT_ALLOWED: FORBIDDEN,
    RefusalCode.GATEWAY_NOT_READY: UNAVAILABLE,
    RefusalCode.NOT_PERMITTED: FORBIDDEN,
    RefusalCode.PROOF_REQUIRED: FORBIDDEN,
    RefusalCode.UNKNOWN_ADMINISTRATOR: FORBIDDEN,
    RefusalCode.ADMINISTRATOR_TAKEN: FORBIDDEN,
    RefusalCode.LAST_ADMINISTRATOR: FORBIDDEN,
    RefusalCode.INVITATION_NOT_VALID: FORBIDDEN,
    RefusalCode.SIGN_IN_FAILED: FORBIDDEN,
    RefusalCode.UNKNOWN_API_KEY: FORBIDDEN,
    RefusalCode.UNKNOWN_EXPORT: FORBIDDEN,
    RefusalCode.UNKNOWN_COST_DECK: FORBIDDEN,
    RefusalCode.SANDBOX_NOT_ALLOWED: FORBIDDEN,
}
"""The final answer to an INVITE for each refusal. A test fails when a code has no line here."""


def is_temporary(code: RefusalCode) -> bool:
    """Whether the same question may be answered otherwise in a moment: then it is no answer, and is asked again."""
    return STATUSES[code] == UNAVAILABLE
