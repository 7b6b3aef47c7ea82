"""Which of Stripe's reasons for a decline may be tried again with the same payment method: a table, no calls.

The codes are those of Stripe's pages "Decline codes" and "Error codes"; what to do about each is decided here.
Stripe's `advice_code`, which passes on what the card's issuer or network says, outranks the table in one direction:
it can forbid another try and never allow one that the table forbids: networks fine whoever keeps trying a lost card.

A code that is not in the table is not tried again: a new reason is read by a person before a machine repeats it.
"""

from typing import Final

AUTHENTICATION_REQUIRED: Final = "authentication_required"
"""Not a decline: the payer must approve, which `translation` says as `ActionRequired`."""

_RETRYABLE: Final = frozenset(
    {
        # Something was busy or broken for a while, at Stripe, at the network or at the issuer.
        "approve_with_id",
        "issuer_not_available",
        "processing_error",
        "reenter_transaction",
        "try_again_later",
        "bank_account_unusable",
        # The account behind the card changes: a salary comes, a day's or a week's limit ends.
        "card_velocity_exceeded",
        "insufficient_funds",
        "withdrawal_count_limit_exceeded",
        # The issuer gives no reason. Often a passing suspicion; the rule's back-off bounds how often we ask.
        "call_issuer",
        "card_declined",
        "do_not_honor",
        "generic_decline",
        "no_action_taken",
        # We closed the charge ourselves before anything was tried.
        "cancelled",
        # A charge that looks like the one before; later it does not.
        "duplicate_transaction",
    }
)

_FINAL: Final = frozenset(
    {
        # The card is gone, or somebody says that it is not the payer's. Trying again is what networks fine.
        "fraudulent",
        "lost_card",
        "merchant_blacklist",
        "pickup_card",
        "restricted_card",
        "security_violation",
        "stolen_card",
        "highest_risk_level",
        "elevated_risk_level",
        "rule",
        "previously_declined_do_not_retry",
        # The payer or the issuer took the permission back.
        "do_not_try_again",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stop_payment_order",
        "debit_not_authorized",
        "debit_disputed",
        # What is stored of the card or account is wrong or out of date; somebody has to enter it anew.
        "account_closed",
        "bank_account_restricted",
        "expired_card",
        "incorrect_address",
        "incorrect_cvc",
        "incorrect_number",
        "incorrect_pin",
        "incorrect_zip",
        "invalid_account",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_number",
        "invalid_pin",
        "new_account_information_available",
        "no_account",
        "pin_try_exceeded",
        "resource_missing",
        "unknown_payment_method",
        # The card works, and not for this.
        "card_not_supported",
        "currency_not_supported",
        "invalid_amount",
        "not_permitted",
        "offline_pin_required",
        "online_or_offline_pin_required",
        "service_not_allowed",
        "transaction_not_allowed",
        # The payer was asked and said no, or did not manage.
        "authentication_not_handled",
        "authentication_required",
        "mobile_device_authentication_required",
        "payment_intent_authentication_failure",
        # What we asked for is refused as such: the same request is refused again.
        "amount_too_large",
        "amount_too_small",
        "testmode_decline",
        "live_mode_test_card",
        "test_mode_live_card",
    }
)

_ADVICE_AGAINST: Final = frozenset({"do_not_try_again", "confirm_card_data"})


def known_codes() -> frozenset[str]:
    """Every code that the table decides about."""
    return _RETRYABLE | _FINAL


def may_try_again(code: str, advice_code: str | None = None) -> bool:
    """Whether a new attempt with the same payment method may succeed, as far as `code` and the issuer's advice tell."""
    return code in _RETRYABLE and advice_code not in _ADVICE_AGAINST
