"""Every "no" of the core on RADIUS, in one complete table.

Knows which refusals are a "no", in plain words, and which are only trouble of ours. Refuses to know packets.

Trouble is answered with silence: an access server asks again by itself, and turns to its second server where it has one
(RFC 2865 §2.4), while an Access-Reject would tell the caller that there is no credit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode

SILENCE: Final = ""
"""Instead of words: no answer at all."""

REFUSALS: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.INSUFFICIENT_FUNDS: "The credit does not cover this call.",
    RefusalCode.ORGANIZATION_CLOSED: "The organization makes no new calls.",
    RefusalCode.UNKNOWN_ORGANIZATION: "There is no such organization.",
    RefusalCode.UNKNOWN_NUMBER: "The number belongs to no organization.",
    RefusalCode.NO_RATE: "There is no rate for this destination.",
    RefusalCode.UNKNOWN_SESSION: "Nobody asked for this call.",
    RefusalCode.SESSION_ENDED: "The call is over.",
    RefusalCode.STALE_REQUEST: "A later request was answered before.",
    RefusalCode.CONFLICT: "Another call has the same id.",
    RefusalCode.BUSY: SILENCE,
    RefusalCode.INTERNAL_ERROR: SILENCE,
    RefusalCode.INVALID_INPUT: "A number of the call is missing or not as it must be.",
    RefusalCode.AMOUNT_BELOW_MINIMUM: "The amount is too small.",
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: "The amount is too large.",
    RefusalCode.AMOUNT_NOT_PAYABLE: "The currency has no coins for this amount.",
    RefusalCode.TRIGGER_NOT_ALLOWED: "The trigger amount is not allowed.",
    RefusalCode.CAP_BELOW_AMOUNT: "The cap is below the recharge amount.",
    RefusalCode.CURRENCY_MISMATCH: "The currencies differ.",
    RefusalCode.COUNTRY_NOT_AVAILABLE: "Credits cannot be bought in this country.",
    RefusalCode.UNKNOWN_PAYMENT_METHOD: "There is no such payment method.",
    RefusalCode.PAYMENT_DECLINED: "The payment was declined.",
    RefusalCode.UNKNOWN_TOP_UP: "There is no such top-up.",
    RefusalCode.TOP_UP_OPEN: "Another top-up is still being paid.",
    RefusalCode.UNKNOWN_RATE_DECK: "There is no such rate deck.",
    RefusalCode.NUMBER_TAKEN: "The number belongs to another organization.",
    RefusalCode.EXPIRY_NOT_ALLOWED: "The expiry is not allowed.",
    RefusalCode.TOO_MANY_LOTS: "There are too many fund lots.",
    RefusalCode.CREDITS_NOT_LICENSED: "No minutes are left, and the caller has no licence for credits.",
    RefusalCode.UNKNOWN_USER: "The organization has no such user.",
    RefusalCode.USER_REQUIRED: "The call belongs to no user of the organization.",
    RefusalCode.USER_TAKEN: "Another user has this name.",
    RefusalCode.DIAL_OUT_NOT_ALLOWED: "The caller may not call this destination.",
    RefusalCode.PREMIUM_NOT_ALLOWED: "The caller may not call premium-rate numbers.",
    RefusalCode.TOLL_FREE_NOT_ALLOWED: "Toll-free calls are switched off.",
    RefusalCode.CAP_REACHED: "A spending cap is reached.",
    RefusalCode.TOO_MANY_CALLS: "Too many calls run at once.",
    RefusalCode.BLOCKED: "Calls like this are blocked.",
    RefusalCode.UNKNOWN_BLOCK: "There is no such block.",
    RefusalCode.LICENCE_NOT_AVAILABLE: "No licence is left.",
    RefusalCode.LICENCE_CONFLICT: "These licences cannot be held together.",
    RefusalCode.QUOTA_REACHED: "The organization has as many numbers as it may.",
    RefusalCode.NUMBER_NOT_AVAILABLE: "The number is not available.",
    RefusalCode.CREDITS_NOT_SET_UP: "Credits are not set up.",
    RefusalCode.NUMBER_IN_USE: "The number is in use.",
    RefusalCode.SWITCH_NOT_LINKED: "The call's switch cannot be told anything.",
    RefusalCode.RATE_DECK_NOT_DRAFT: "The rate deck is published already.",
    RefusalCode.RATE_DECK_NOT_PUBLISHED: "The rate deck is a draft.",
    RefusalCode.TARGET_NOT_ALLOWED: "Target not allowed.",
    RefusalCode.POST_USAGE: "Billed after use.",
    RefusalCode.PAYMENT_METHOD_IN_USE: "Payment method in use.",
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: "Payment method not allowed.",
    RefusalCode.TOO_MANY_ATTEMPTS: "Too many attempts.",
    RefusalCode.PAYMENT_NOT_OPEN: "Payment not open.",
    RefusalCode.NOTHING_TO_REFUND: "Nothing to refund.",
    RefusalCode.UNKNOWN_REFUND: "Unknown refund.",
    RefusalCode.CURRENCY_FIXED: "Currency fixed.",
    RefusalCode.VOUCHER_NOT_VALID: "Voucher not valid.",
    RefusalCode.UNKNOWN_ADJUSTMENT: "Unknown adjustment.",
    RefusalCode.ADJUSTMENT_SETTLED: "Adjustment settled.",
    RefusalCode.REFUND_SETTLED: "Refund settled.",
    RefusalCode.SECOND_PERSON_REQUIRED: "Second person required.",
    RefusalCode.TAX_ID_NOT_VALID: "Tax id not valid.",
    RefusalCode.UNKNOWN_RECEIPT: "Unknown receipt.",
    RefusalCode.UNKNOWN_ENDPOINT: "Unknown endpoint.",
    RefusalCode.UNKNOWN_DELIVERY: "Unknown delivery.",
    RefusalCode.ADDRESS_NOT_ALLOWED: "Address not allowed.",
    RefusalCode.GATEWAY_NOT_READY: "Gateway not ready.",
    RefusalCode.NOT_PERMITTED: "Not permitted.",
    RefusalCode.PROOF_REQUIRED: "Proof required.",
    RefusalCode.UNKNOWN_ADMINISTRATOR: "Unknown administrator.",
    RefusalCode.ADMINISTRATOR_TAKEN: "Administrator taken.",
    RefusalCode.LAST_ADMINISTRATOR: "Last administrator.",
    RefusalCode.INVITATION_NOT_VALID: "Invitation not valid.",
    RefusalCode.SIGN_IN_FAILED: "Sign-in failed.",
    RefusalCode.UNKNOWN_API_KEY: "Unknown API key.",
    RefusalCode.UNKNOWN_EXPORT: "Unknown export.",
    RefusalCode.UNKNOWN_COST_DECK: "Unknown cost deck.",
    RefusalCode.SANDBOX_NOT_ALLOWED: "Sandbox not allowed.",
}
"""The Reply-Message of each refusal, at most 253 octets; a test fails when a code has no line here."""


def is_trouble(code: RefusalCode) -> bool:
    """Whether the same request may well be granted when it comes again."""
    return REFUSALS[code] is SILENCE
