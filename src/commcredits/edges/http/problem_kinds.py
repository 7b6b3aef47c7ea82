"""Every refusal of the core on HTTP: status, title, sentence.

Knows the table. Refuses to know the documents that are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.core.outcomes import RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """How one code appears on HTTP: its status, its title (the same every time) and the sentence that explains it."""

    status: int
    title: str
    detail: str


def kind(status: int, title: str, detail: str) -> ProblemKind:
    """A line of a table of problems."""
    return ProblemKind(status=status, title=title, detail=detail)


REFUSALS: Final[Mapping[RefusalCode, ProblemKind]] = {
    RefusalCode.INSUFFICIENT_FUNDS: kind(
        402, "Insufficient funds", "The available balance does not cover the next increment of this call."
    ),
    RefusalCode.ORGANIZATION_CLOSED: kind(403, "Organization closed", "The organization makes no new calls."),
    RefusalCode.UNKNOWN_ORGANIZATION: kind(404, "Unknown organization", "There is no organization with this id."),
    RefusalCode.UNKNOWN_NUMBER: kind(404, "Unknown number", "The number belongs to no organization."),
    RefusalCode.NO_RATE: kind(403, "No rate", "The organization's rate deck has no rate for this destination now."),
    RefusalCode.UNKNOWN_SESSION: kind(404, "Unknown session", "No call was authorised under this session id."),
    RefusalCode.SESSION_ENDED: kind(409, "Session ended", "The call is over; it can be neither started nor extended."),
    RefusalCode.STALE_REQUEST: kind(
        409, "Stale request", "A later request of this session was answered before; this one changes nothing."
    ),
    RefusalCode.CONFLICT: kind(409, "Conflict", "The same id was used before with other content."),
    RefusalCode.BUSY: kind(503, "Busy", "More commands are waiting than can be taken. Send the same request again."),
    RefusalCode.INTERNAL_ERROR: kind(
        500, "Internal error", "The command failed inside. It may be sent again with the same id."
    ),
    RefusalCode.INVALID_INPUT: kind(422, "Invalid input", "At least one field is not as it must be; see errors."),
    RefusalCode.AMOUNT_BELOW_MINIMUM: kind(422, "Amount below minimum", "The amount is less than may be bought."),
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: kind(
        422, "Amount above maximum", "The amount is more than may be bought at once."
    ),
    RefusalCode.AMOUNT_NOT_PAYABLE: kind(
        422, "Amount not payable", "The currency has no coins for this amount; use fewer decimals."
    ),
    RefusalCode.TRIGGER_NOT_ALLOWED: kind(
        422, "Trigger amount not allowed", "The trigger amount is outside what auto-recharge accepts."
    ),
    RefusalCode.CAP_BELOW_AMOUNT: kind(
        422, "Monthly cap below recharge amount", "A monthly cap below the recharge amount would never recharge."
    ),
    RefusalCode.CURRENCY_MISMATCH: kind(
        409, "Currency mismatch", "The organization's currency and that of the request differ."
    ),
    RefusalCode.COUNTRY_NOT_AVAILABLE: kind(
        403, "Country not available", "Communication credits cannot be bought in this country."
    ),
    RefusalCode.UNKNOWN_PAYMENT_METHOD: kind(
        422, "Unknown payment method", "No payment method of the organization has this name."
    ),
    RefusalCode.PAYMENT_DECLINED: kind(402, "Payment declined", "The payment was declined; no funds were added."),
    RefusalCode.UNKNOWN_TOP_UP: kind(404, "Unknown top-up", "The organization has no top-up with this id."),
    RefusalCode.TOP_UP_OPEN: kind(409, "Top-up open", "Another top-up of the organization is still being paid."),
    RefusalCode.UNKNOWN_RATE_DECK: kind(404, "Unknown rate deck", "There is no rate deck with this id."),
    RefusalCode.NUMBER_TAKEN: kind(409, "Number taken", "The number belongs to an organization already."),
    RefusalCode.EXPIRY_NOT_ALLOWED: kind(
        422, "Expiry not allowed", "The funds would expire at an instant that is not allowed."
    ),
    RefusalCode.TOO_MANY_LOTS: kind(
        409, "Too many fund lots", "The organization holds as many unused fund lots as it may."
    ),
    RefusalCode.CREDITS_NOT_LICENSED: kind(
        403,
        "Credits not licensed",
        "No minutes are left for this call, and whoever it belongs to has no Communications Credits licence.",
    ),
    RefusalCode.UNKNOWN_USER: kind(
        404, "Unknown user", "The organization has no user and no resource account by this name."
    ),
    RefusalCode.USER_REQUIRED: kind(
        403, "User required", "The organization refuses calls that belong to none of its users or resource accounts."
    ),
    RefusalCode.USER_TAKEN: kind(
        409, "User taken", "Another user of the organization has this object id or user principal name."
    ),
    RefusalCode.DIAL_OUT_NOT_ALLOWED: kind(
        403, "Dial-out not allowed", "The dial-out policy does not allow this destination."
    ),
    RefusalCode.PREMIUM_NOT_ALLOWED: kind(
        403, "Premium number not allowed", "Premium-rate numbers are not allowed for this call."
    ),
    RefusalCode.TOLL_FREE_NOT_ALLOWED: kind(
        403, "Toll-free not allowed", "Calls to toll-free numbers are switched off for this organizer."
    ),
    RefusalCode.CAP_REACHED: kind(403, "Cap reached", "A cap that somebody set leaves nothing for this call."),
    RefusalCode.TOO_MANY_CALLS: kind(403, "Too many calls", "As many calls run at once as are allowed."),
    RefusalCode.BLOCKED: kind(403, "Blocked", "Calls like this are blocked until somebody lifts the block."),
    RefusalCode.UNKNOWN_BLOCK: kind(404, "Unknown block", "The organization has no block with this id."),
    RefusalCode.LICENCE_NOT_AVAILABLE: kind(
        409, "Licence not available", "As many licences are assigned as were purchased."
    ),
    RefusalCode.LICENCE_CONFLICT: kind(409, "Licence conflict", "These licences cannot be held together."),
    RefusalCode.QUOTA_REACHED: kind(
        403, "Quota reached", "The organization has as many numbers of this kind as its licences allow."
    ),
    RefusalCode.NUMBER_NOT_AVAILABLE: kind(
        409, "Number not available", "The number is not in stock, or is reserved for somebody else."
    ),
    RefusalCode.CREDITS_NOT_SET_UP: kind(
        403,
        "Credits not set up",
        "A toll-free number can be acquired only once communication credits are set up: add funds first.",
    ),
    RefusalCode.NUMBER_IN_USE: kind(409, "Number in use", "The number is assigned; take it from whoever has it first."),
    RefusalCode.RATE_DECK_NOT_DRAFT: kind(
        409, "Rate deck not a draft", "The rate deck is published already; a published deck never changes."
    ),
    RefusalCode.RATE_DECK_NOT_PUBLISHED: kind(
        409, "Rate deck not published", "The rate deck is a draft; publish it first."
    ),
    RefusalCode.SWITCH_NOT_LINKED: kind(
        409, "Switch not linked", "The switch that runs this call has no link over which it could be told anything."
    ),
    RefusalCode.TARGET_NOT_ALLOWED: kind(
        422, "Target not allowed", "The target must lie above the trigger, and not above the largest top-up."
    ),
    RefusalCode.POST_USAGE: kind(
        409, "Billed after use", "The organization pays calls after use: it cannot buy funds or recharge."
    ),
    RefusalCode.PAYMENT_METHOD_IN_USE: kind(
        409, "Payment method in use", "Auto-recharge pays with this method; choose another one first."
    ),
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: kind(
        422, "Payment method not allowed", "This payment method cannot be used in this place."
    ),
    RefusalCode.TOO_MANY_ATTEMPTS: kind(
        429, "Too many attempts", "Too much was tried in a short time. Wait, and try again."
    ),
    RefusalCode.PAYMENT_NOT_OPEN: kind(409, "Payment not open", "This payment does not wait for a confirmation."),
    RefusalCode.NOTHING_TO_REFUND: kind(409, "Nothing to refund", "As much is not left unused of this purchase."),
    RefusalCode.UNKNOWN_REFUND: kind(404, "Unknown refund", "The organization has no refund with this id."),
    RefusalCode.CURRENCY_FIXED: kind(
        409, "Currency fixed", "The currency cannot change any more: the organization has had funds."
    ),
    RefusalCode.VOUCHER_NOT_VALID: kind(
        409,
        "Voucher not valid",
        "No voucher with this code can be redeemed here: it is unknown, used, expired or in another currency.",
    ),
    RefusalCode.UNKNOWN_ADJUSTMENT: kind(404, "Unknown adjustment", "The organization has no adjustment with this id."),
    RefusalCode.ADJUSTMENT_SETTLED: kind(409, "Adjustment settled", "The adjustment was made or rejected already."),
    RefusalCode.REFUND_SETTLED: kind(409, "Refund settled", "The refund was agreed to or rejected already."),
    RefusalCode.SECOND_PERSON_REQUIRED: kind(
        403, "Second person required", "Somebody else than who asked for it has to agree."
    ),
    RefusalCode.TAX_ID_NOT_VALID: kind(422, "Tax id not valid", "The tax id is not one of this country."),
    RefusalCode.UNKNOWN_RECEIPT: kind(404, "Unknown receipt", "The organization has no receipt with this number."),
    RefusalCode.UNKNOWN_ENDPOINT: kind(
        404, "Unknown endpoint", "The organization has no webhook endpoint with this id."
    ),
    RefusalCode.UNKNOWN_DELIVERY: kind(404, "Unknown delivery", "The organization has no delivery with this id."),
    RefusalCode.ADDRESS_NOT_ALLOWED: kind(422, "Address not allowed", "Webhooks go to public https addresses only."),
    RefusalCode.GATEWAY_NOT_READY: kind(
        503, "Gateway not ready", "The payment gateway gave no usable answer; nothing was done. Try again."
    ),
    RefusalCode.NOT_PERMITTED: kind(403, "Not permitted", "Whoever asks may not do this; see permission."),
    RefusalCode.PROOF_REQUIRED: kind(
        403, "Proof required", "Whoever asks has to prove again who they are before this."
    ),
    RefusalCode.UNKNOWN_ADMINISTRATOR: kind(
        404, "Unknown administrator", "There is no administrator and no invitation with this id."
    ),
    RefusalCode.ADMINISTRATOR_TAKEN: kind(
        409, "Administrator taken", "Somebody with this mail address is an administrator already."
    ),
    RefusalCode.LAST_ADMINISTRATOR: kind(
        409, "Last administrator", "The organization would be left without a global administrator."
    ),
    RefusalCode.INVITATION_NOT_VALID: kind(
        404, "Invitation not valid", "The invitation was used, was withdrawn, or has ended."
    ),
    RefusalCode.SIGN_IN_FAILED: kind(403, "Sign-in failed", "What was given does not prove who this is."),
    RefusalCode.UNKNOWN_API_KEY: kind(404, "Unknown API key", "The organization has no API key with this id."),
    RefusalCode.UNKNOWN_EXPORT: kind(404, "Unknown export", "There is no export with this id, or it was removed."),
    RefusalCode.UNKNOWN_COST_DECK: kind(404, "Unknown cost deck", "No deck tells what calls cost the operator."),
    RefusalCode.SANDBOX_NOT_ALLOWED: kind(409, "Sandbox not allowed", "A sandbox organization cannot do this."),
}
"""Each refusal of the core on HTTP. A test fails when a code has no line here."""
