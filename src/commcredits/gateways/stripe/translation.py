"""Reads what Stripe's objects say and says it in the gateway's own records. Pure; the calls are elsewhere.

What a PaymentIntent's status means for our key:

| PaymentIntent                                                   | outcome                                         |
|-----------------------------------------------------------------|-------------------------------------------------|
| `succeeded`                                                     | `Succeeded`, with the fee where Stripe tells it |
| `processing`                                                    | `Processing`                                    |
| `requires_action`                                               | `ActionRequired`, with the page if there is one |
| `requires_payment_method` after `authentication_required`       | `ActionRequired` without a page                 |
| `requires_payment_method` after any other failure               | `Declined`                                      |
| `canceled`, or closed by us (`keys.CLOSED_FIELD`)               | `Declined`                                      |
| `requires_confirmation`, `requires_payment_method` never tried  | `NotFound`: made, and nothing was tried yet     |
| anything else                                                   | `Unknown`                                       |
"""

from datetime import UTC, datetime
from typing import Final

from commcredits.gateways.protocol import (
    ActionRequired,
    Declined,
    Dispute,
    DisputeState,
    LookupOutcome,
    NotFound,
    PaymentMethod,
    Payout,
    Processing,
    Refunded,
    RefundOutcome,
    RefundProcessing,
    RefundRefused,
    Succeeded,
    Unknown,
)
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.declines import AUTHENTICATION_REQUIRED, may_try_again
from commcredits.gateways.stripe.keys import CLOSED_FIELD

CANCELLED: Final = "cancelled"

_OPEN_DISPUTES: Final = frozenset({"needs_response", "under_review"})
_WON_DISPUTES: Final = frozenset({"won", "prevented"})


def outcome_of(intent: shapes.PaymentIntent) -> LookupOutcome:
    """Say what a PaymentIntent means for its key; `NotFound` means that nothing was tried yet."""
    if closed := intent.metadata.get(CLOSED_FIELD):
        return closed_outcome(closed, intent.id)
    failure = failure_of(intent)
    match intent.status:
        case "succeeded":
            return Succeeded(reference=intent.id, fee_minor=_fee_of(intent))
        case "processing":
            return Processing(reference=intent.id)
        case "requires_action":
            return ActionRequired(reference=intent.id, url=page_of(intent))
        case "canceled":
            return decline_of(intent.id, failure) if failure else closed_outcome(CANCELLED, intent.id)
        case "requires_payment_method" if failure is not None:
            if needs_payer(failure):
                return ActionRequired(reference=intent.id, url="")
            return decline_of(intent.id, failure)
        case "requires_payment_method" | "requires_confirmation":
            return NotFound()
        case _:
            return Unknown(detail=f"Stripe says {intent.status[:40]}, which a charge of ours never is")


def closed_outcome(code: str, reference: str) -> Declined:
    """Say of a key that it was closed before anything was taken."""
    sentence = "The charge was closed before anything was taken."
    return Declined(code=code, retryable=may_try_again(code), message=sentence, reference=reference)


def decline_of(reference: str, failure: shapes.Failure) -> Declined:
    """Say why no money was taken."""
    code = failure.decline_code or failure.code or "declined"
    return Declined(
        code=code,
        retryable=may_try_again(code, failure.advice_code),
        message=failure.message or "",
        reference=reference,
    )


def needs_payer(failure: shapes.Failure) -> bool:
    """Whether a failure only says that the payer must approve."""
    return AUTHENTICATION_REQUIRED in {failure.code, failure.decline_code}


def failure_of(intent: shapes.PaymentIntent) -> shapes.Failure | None:
    """Find why the last try failed: Stripe clears `last_payment_error` at any update, the failed charge stays."""
    if intent.last_payment_error is not None:
        return intent.last_payment_error
    charge = intent.latest_charge
    if not isinstance(charge, shapes.Charge) or charge.status != "failed":
        return None
    outcome = charge.outcome or shapes.ChargeOutcome()
    return shapes.Failure(
        code=charge.failure_code,
        decline_code=outcome.reason,
        advice_code=outcome.advice_code,
        message=charge.failure_message,
    )


def page_of(intent: shapes.PaymentIntent) -> str:
    """The page on which the payer approves, or nothing while Stripe has none."""
    redirect = intent.next_action.redirect_to_url if intent.next_action else None
    return (redirect.url or "") if redirect else ""


def _fee_of(intent: shapes.PaymentIntent) -> int | None:
    charge = intent.latest_charge
    if not isinstance(charge, shapes.Charge) or not isinstance(charge.balance_transaction, shapes.BalanceTransaction):
        return None
    transaction = charge.balance_transaction
    # A fee in the currency in which the operator is paid out is no fee in the charge's.
    return transaction.fee if transaction.currency == intent.currency else None


def refund_outcome_of(refund: shapes.Refund) -> RefundOutcome:
    """Say what became of a refund."""
    match refund.status:
        case "succeeded":
            return Refunded(reference=refund.id)
        case "failed" | "canceled":
            code = refund.failure_reason or refund.status
            return RefundRefused(code=code, message="Stripe could not give the money back.", reference=refund.id)
        case _:
            return RefundProcessing(reference=refund.id)


def payment_method_of(stored: shapes.PaymentMethod) -> PaymentMethod | NotFound:
    """Say what may be shown of a payment method; a detached one is not found."""
    if stored.customer is None:
        return NotFound()
    card = stored.card or shapes.Card()
    account = stored.sepa_debit or shapes.BankAccount()
    return PaymentMethod(
        reference=stored.id,
        customer_reference=stored.customer,
        kind=stored.type,
        brand=card.brand or stored.type,
        last4=card.last4 or account.last4 or "",
        expiry_month=card.exp_month,
        expiry_year=card.exp_year,
        fingerprint=card.fingerprint or account.fingerprint,
        country=card.country or account.country,
    )


def dispute_state_of(status: str) -> DisputeState | None:
    """Say where a dispute stands; None for an early warning, which takes no money."""
    if status in _OPEN_DISPUTES:
        return DisputeState.OPEN
    if status in _WON_DISPUTES:
        return DisputeState.WON
    return DisputeState.LOST if status == "lost" else None


def dispute_of(dispute: shapes.Dispute, charge_reference: str) -> Dispute | None:
    """Say what a dispute asks for; None for an early warning."""
    state = dispute_state_of(dispute.status)
    if state is None:
        return None
    return Dispute(
        reference=dispute.id,
        charge_reference=charge_reference,
        amount_minor=dispute.amount,
        currency=dispute.currency.upper(),
        state=state,
        reason=dispute.reason,
    )


def payout_of(payout: shapes.Payout) -> Payout:
    """Say what was sent to the operator's bank."""
    return Payout(
        reference=payout.id,
        amount_minor=payout.amount,
        currency=payout.currency.upper(),
        arrives_on=datetime.fromtimestamp(payout.arrival_date, UTC).date(),
        state=payout.status,
    )
