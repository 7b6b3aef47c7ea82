"""Which result code tells each refusal, and what a message says of several groups: complete tables.

Knows RFC 6733 §7.1 and RFC 8506 §9. Refuses to know why something was refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.diameter.credit_control.dictionary import CreditResult
from commcredits.edges.diameter.dictionary import ResultCode

_DENIED: Final = CreditResult.END_USER_SERVICE_DENIED
_NOT_COMPLIED: Final = ResultCode.UNABLE_TO_COMPLY

RESULTS: Final[Mapping[RefusalCode, int]] = {
    RefusalCode.INSUFFICIENT_FUNDS: CreditResult.CREDIT_LIMIT_REACHED,
    RefusalCode.CAP_REACHED: _DENIED,
    RefusalCode.ORGANIZATION_CLOSED: _DENIED,
    RefusalCode.CREDITS_NOT_LICENSED: _DENIED,
    RefusalCode.USER_REQUIRED: _DENIED,
    RefusalCode.DIAL_OUT_NOT_ALLOWED: _DENIED,
    RefusalCode.PREMIUM_NOT_ALLOWED: _DENIED,
    RefusalCode.TOLL_FREE_NOT_ALLOWED: _DENIED,
    RefusalCode.TOO_MANY_CALLS: _DENIED,
    RefusalCode.BLOCKED: _DENIED,
    RefusalCode.UNKNOWN_ORGANIZATION: CreditResult.USER_UNKNOWN,
    RefusalCode.UNKNOWN_NUMBER: CreditResult.USER_UNKNOWN,
    RefusalCode.UNKNOWN_USER: CreditResult.USER_UNKNOWN,
    RefusalCode.NO_RATE: CreditResult.RATING_FAILED,
    RefusalCode.INVALID_INPUT: CreditResult.RATING_FAILED,
    RefusalCode.UNKNOWN_SESSION: ResultCode.UNKNOWN_SESSION_ID,
    RefusalCode.SESSION_ENDED: ResultCode.UNKNOWN_SESSION_ID,
    # The base protocol has one kind of error that says "later, or somebody else" (RFC 8506 §7, "temporary error").
    RefusalCode.BUSY: ResultCode.TOO_BUSY,
    RefusalCode.INTERNAL_ERROR: ResultCode.TOO_BUSY,
    RefusalCode.CONFLICT: _NOT_COMPLIED,
    RefusalCode.STALE_REQUEST: _NOT_COMPLIED,
    # No call is ever refused with these; whoever reads one all the same can do nothing about it.
    RefusalCode.AMOUNT_BELOW_MINIMUM: _NOT_COMPLIED,
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: _NOT_COMPLIED,
    RefusalCode.AMOUNT_NOT_PAYABLE: _NOT_COMPLIED,
    RefusalCode.TRIGGER_NOT_ALLOWED: _NOT_COMPLIED,
    RefusalCode.CAP_BELOW_AMOUNT: _NOT_COMPLIED,
    RefusalCode.CURRENCY_MISMATCH: _NOT_COMPLIED,
    RefusalCode.COUNTRY_NOT_AVAILABLE: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_PAYMENT_METHOD: _NOT_COMPLIED,
    RefusalCode.PAYMENT_DECLINED: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_TOP_UP: _NOT_COMPLIED,
    RefusalCode.TOP_UP_OPEN: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_RATE_DECK: _NOT_COMPLIED,
    RefusalCode.NUMBER_TAKEN: _NOT_COMPLIED,
    RefusalCode.EXPIRY_NOT_ALLOWED: _NOT_COMPLIED,
    RefusalCode.TOO_MANY_LOTS: _NOT_COMPLIED,
    RefusalCode.USER_TAKEN: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_BLOCK: _NOT_COMPLIED,
    RefusalCode.LICENCE_NOT_AVAILABLE: _NOT_COMPLIED,
    RefusalCode.LICENCE_CONFLICT: _NOT_COMPLIED,
    RefusalCode.QUOTA_REACHED: _NOT_COMPLIED,
    RefusalCode.NUMBER_NOT_AVAILABLE: _NOT_COMPLIED,
    RefusalCode.CREDITS_NOT_SET_UP: _NOT_COMPLIED,
    RefusalCode.NUMBER_IN_USE: _NOT_COMPLIED,
    RefusalCode.RATE_DECK_NOT_DRAFT: _NOT_COMPLIED,
    RefusalCode.RATE_DECK_NOT_PUBLISHED: _NOT_COMPLIED,
    RefusalCode.SWITCH_NOT_LINKED: _NOT_COMPLIED,
    RefusalCode.TARGET_NOT_ALLOWED: _NOT_COMPLIED,
    RefusalCode.POST_USAGE: _NOT_COMPLIED,
    RefusalCode.PAYMENT_METHOD_IN_USE: _NOT_COMPLIED,
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: _NOT_COMPLIED,
    RefusalCode.TOO_MANY_ATTEMPTS: _NOT_COMPLIED,
    RefusalCode.PAYMENT_NOT_OPEN: _NOT_COMPLIED,
    RefusalCode.NOTHING_TO_REFUND: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_REFUND: _NOT_COMPLIED,
    RefusalCode.CURRENCY_FIXED: _NOT_COMPLIED,
    RefusalCode.VOUCHER_NOT_VALID: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_ADJUSTMENT: _NOT_COMPLIED,
    RefusalCode.ADJUSTMENT_SETTLED: _NOT_COMPLIED,
    RefusalCode.REFUND_SETTLED: _NOT_COMPLIED,
    RefusalCode.SECOND_PERSON_REQUIRED: _NOT_COMPLIED,
    RefusalCode.TAX_ID_NOT_VALID: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_RECEIPT: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_ENDPOINT: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_DELIVERY: _NOT_COMPLIED,
    RefusalCode.ADDRESS_NOT_ALLOWED: _NOT_COMPLIED,
    RefusalCode.GATEWAY_NOT_READY: _NOT_COMPLIED,
    RefusalCode.NOT_PERMITTED: _NOT_COMPLIED,
    RefusalCode.PROOF_REQUIRED: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_ADMINISTRATOR: _NOT_COMPLIED,
    RefusalCode.ADMINISTRATOR_TAKEN: _NOT_COMPLIED,
    RefusalCode.LAST_ADMINISTRATOR: _NOT_COMPLIED,
    RefusalCode.INVITATION_NOT_VALID: _NOT_COMPLIED,
    RefusalCode.SIGN_IN_FAILED: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_API_KEY: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_EXPORT: _NOT_COMPLIED,
    RefusalCode.UNKNOWN_COST_DECK: _NOT_COMPLIED,
    RefusalCode.SANDBOX_NOT_ALLOWED: _NOT_COMPLIED,
}
"""Each refusal of the core as a result code. A test fails when a code has no line here."""

TOLD_FIRST: Final = (
    CreditResult.CREDIT_LIMIT_REACHED,
    _DENIED,
    CreditResult.USER_UNKNOWN,
    ResultCode.UNKNOWN_SESSION_ID,
    CreditResult.RATING_FAILED,
)
"""Which of several failures a message is about, when all of its groups have failed."""

SUCCESS: Final = int(ResultCode.SUCCESS)

_PROTOCOL_ERRORS: Final = 3


def result_of_message(results: Sequence[int]) -> int:
    """The result code of a message by those of its groups (RFC 8506 §5.1.2).

    A temporary error is one of the whole message, which is then sent again whole. Otherwise a message succeeds when
    one of its groups does: the code of the message goes before those of its groups.
    """
    for result in results:
        if is_temporary(result):
            return result
    if not results or SUCCESS in results:
        return SUCCESS
    return next((code for code in TOLD_FIRST if code in results), results[0])


def is_temporary(result: int) -> bool:
    """Whether it is a protocol error, which has the E bit and means "try again" (RFC 6733 §7.1.3)."""
    return result // 1000 == _PROTOCOL_ERRORS
