"""The portal's sentences for the closed lists of the core: refusals, states, sources, services.

Knows every member of those lists; a test fails on a hole. Refuses to know languages: the sentences are marked here and
translated where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from babel.support import Translations

from commcredits.core.account import OrganizationStatus, SessionState
from commcredits.core.commands import Service
from commcredits.core.funds import LotSource
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpKind, TopUpState
from commcredits.core.recharge import RechargeStanding
from commcredits.edges.portal.formatting import Formats
from commcredits.edges.translations import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """One language, ready to be spoken: its sentences and its way of writing values."""

    translations: Translations
    formats: Formats

    def say(self, sentence: str, **facts: str) -> str:
        """The sentence in this language, with its facts, which are written already."""
        return self.translations.gettext(sentence) % facts

    def refusal(self, refused: Refused, currency: str) -> str:
        """Why something was not done: with the facts where they are told, else without."""
        sentence = REFUSALS[refused.code]
        if sentence.precise:
            try:
                return self.say(sentence.precise, **_written(refused.facts, self.formats, currency))
            except KeyError:
                pass
        return self.say(sentence.plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalSentence:
    """What a person is told of a refusal; ``precise`` names the facts that it needs."""

    plain: str
    precise: str = ""


REFUSALS: Final[Mapping[RefusalCode, RefusalSentence]] = {
    RefusalCode.INSUFFICIENT_FUNDS: RefusalSentence(plain=marked("The balance was too low.")),
    RefusalCode.ORGANIZATION_CLOSED: RefusalSentence(
        plain=marked("The organization is closed: no funds can be added and new calls are refused.")
    ),
    RefusalCode.UNKNOWN_ORGANIZATION: RefusalSentence(plain=marked("There is no such organization.")),
    RefusalCode.UNKNOWN_NUMBER: RefusalSentence(plain=marked("The number belongs to no organization.")),
    RefusalCode.NO_RATE: RefusalSentence(plain=marked("No rate is known for this destination.")),
    RefusalCode.UNKNOWN_SESSION: RefusalSentence(plain=marked("There is no such call.")),
    RefusalCode.SESSION_ENDED: RefusalSentence(plain=marked("The call is over.")),
    RefusalCode.STALE_REQUEST: RefusalSentence(plain=marked("A newer request for this call was answered before.")),
    RefusalCode.CONFLICT: RefusalSentence(
        plain=marked("This form was sent before with other content. Check what was done; then send it again if needed.")
    ),
    RefusalCode.BUSY: RefusalSentence(plain=marked("The system is busy. Nothing was done; try again in a moment.")),
    RefusalCode.INTERNAL_ERROR: RefusalSentence(
        plain=marked("Something went wrong on our side. Sending the form again is safe: nothing is done twice.")
    ),
    RefusalCode.INVALID_INPUT: RefusalSentence(plain=marked("Something in the request cannot be read.")),
    RefusalCode.AMOUNT_BELOW_MINIMUM: RefusalSentence(
        plain=marked("The amount is too small."),
        precise=marked("The amount is too small. It must be at least %(minimum)s."),
    ),
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: RefusalSentence(
        plain=marked("The amount is too large."),
        precise=marked("The amount is too large. It may be at most %(maximum)s."),
    ),
    RefusalCode.AMOUNT_NOT_PAYABLE: RefusalSentence(
        plain=marked("The amount has more decimals than the currency."),
        precise=marked("The amount has more decimals than the currency, which has %(decimal_digits)s."),
    ),
    RefusalCode.TRIGGER_NOT_ALLOWED: RefusalSentence(
        plain=marked("This balance cannot trigger a recharge."),
        precise=marked("The balance that triggers the recharge must be above zero and at most %(maximum)s."),
    ),
    RefusalCode.CAP_BELOW_AMOUNT: RefusalSentence(
        plain=marked("The monthly cap is smaller than one recharge."),
        precise=marked("The monthly cap is smaller than one recharge. It must be at least %(minimum)s."),
    ),
    RefusalCode.CURRENCY_MISMATCH: RefusalSentence(plain=marked("This is not the currency of the organization.")),
    RefusalCode.COUNTRY_NOT_AVAILABLE: RefusalSentence(
        plain=marked("Communications Credits can't be bought in this country."),
        precise=marked("Communications Credits can't be bought in this country: %(country)s."),
    ),
    RefusalCode.UNKNOWN_PAYMENT_METHOD: RefusalSentence(
        plain=marked("This payment method is no longer on file. Choose another one.")
    ),
    RefusalCode.PAYMENT_DECLINED: RefusalSentence(plain=marked("Your payment was declined")),
    RefusalCode.UNKNOWN_TOP_UP: RefusalSentence(plain=marked("There is no such purchase.")),
    RefusalCode.TOP_UP_OPEN: RefusalSentence(
        plain=marked("Earlier purchases are still open. Wait until they are settled.")
    ),
    RefusalCode.UNKNOWN_RATE_DECK: RefusalSentence(plain=marked("There is no such rate deck.")),
    RefusalCode.NUMBER_TAKEN: RefusalSentence(plain=marked("The number belongs to another organization.")),
    RefusalCode.EXPIRY_NOT_ALLOWED: RefusalSentence(plain=marked("This date of expiry is not allowed.")),
    RefusalCode.TOO_MANY_LOTS: RefusalSentence(
        plain=marked("There are too many purchases with funds left. Use some up first.")
    ),
    RefusalCode.CREDITS_NOT_LICENSED: RefusalSentence(
        plain=marked("No minutes are left for this call, and the user has no Communications Credits licence.")
    ),
    RefusalCode.UNKNOWN_USER: RefusalSentence(plain=marked("There is no such user.")),
    RefusalCode.USER_REQUIRED: RefusalSentence(plain=marked("The call belongs to no user of the organization.")),
    RefusalCode.USER_TAKEN: RefusalSentence(plain=marked("Another user has this name already.")),
    RefusalCode.DIAL_OUT_NOT_ALLOWED: RefusalSentence(
        plain=marked("The dial-out policy does not allow this destination.")
    ),
    RefusalCode.PREMIUM_NOT_ALLOWED: RefusalSentence(plain=marked("Premium-rate numbers are not allowed.")),
    RefusalCode.TOLL_FREE_NOT_ALLOWED: RefusalSentence(
        plain=marked("Toll-free numbers are switched off for this organizer.")
    ),
    RefusalCode.CAP_REACHED: RefusalSentence(plain=marked("A cap leaves nothing for this call.")),
    RefusalCode.TOO_MANY_CALLS: RefusalSentence(plain=marked("Too many calls run at once.")),
    RefusalCode.BLOCKED: RefusalSentence(plain=marked("Calls like this are blocked.")),
    RefusalCode.UNKNOWN_BLOCK: RefusalSentence(plain=marked("There is no such block.")),
    RefusalCode.LICENCE_NOT_AVAILABLE: RefusalSentence(plain=marked("All purchased licences are assigned.")),
    RefusalCode.LICENCE_CONFLICT: RefusalSentence(plain=marked("These licences cannot be held together.")),
    RefusalCode.QUOTA_REACHED: RefusalSentence(
        plain=marked("The organization has as many numbers of this kind as its licences allow.")
    ),
    RefusalCode.NUMBER_NOT_AVAILABLE: RefusalSentence(plain=marked("The number is not available.")),
    RefusalCode.CREDITS_NOT_SET_UP: RefusalSentence(plain=marked("Set up Communications Credits first: add funds.")),
    RefusalCode.NUMBER_IN_USE: RefusalSentence(plain=marked("The number is in use.")),
    RefusalCode.RATE_DECK_NOT_DRAFT: RefusalSentence(plain=marked("The rate deck is published already.")),
    RefusalCode.RATE_DECK_NOT_PUBLISHED: RefusalSentence(plain=marked("The rate deck is not published yet.")),
    RefusalCode.SWITCH_NOT_LINKED: RefusalSentence(plain=marked("The telephone system of this call cannot be told.")),
    RefusalCode.TARGET_NOT_ALLOWED: RefusalSentence(
        plain=marked("The target must lie above the amount that triggers the recharge."),
        precise=marked("The target must lie between %(minimum)s and %(maximum)s."),
    ),
    RefusalCode.POST_USAGE: RefusalSentence(plain=marked("Calls are billed after use; funds cannot be added.")),
    RefusalCode.PAYMENT_METHOD_IN_USE: RefusalSentence(
        plain=marked("Auto-recharge uses this payment method. Choose another one first.")
    ),
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: RefusalSentence(plain=marked("This payment method cannot be used here.")),
    RefusalCode.TOO_MANY_ATTEMPTS: RefusalSentence(
        plain=marked("Too many attempts with this payment method. Try again later.")
    ),
    RefusalCode.PAYMENT_NOT_OPEN: RefusalSentence(plain=marked("This payment does not wait for a confirmation.")),
    RefusalCode.NOTHING_TO_REFUND: RefusalSentence(plain=marked("As much is not left unused of this purchase.")),
    RefusalCode.UNKNOWN_REFUND: RefusalSentence(plain=marked("There is no such refund.")),
    RefusalCode.CURRENCY_FIXED: RefusalSentence(plain=marked("The currency cannot be changed any more.")),
    RefusalCode.VOUCHER_NOT_VALID: RefusalSentence(plain=marked("This voucher cannot be redeemed.")),
    RefusalCode.UNKNOWN_ADJUSTMENT: RefusalSentence(plain=marked("There is no such adjustment.")),
    RefusalCode.ADJUSTMENT_SETTLED: RefusalSentence(plain=marked("The adjustment was made or rejected already.")),
    RefusalCode.REFUND_SETTLED: RefusalSentence(plain=marked("The refund was agreed to or rejected already.")),
    RefusalCode.SECOND_PERSON_REQUIRED: RefusalSentence(plain=marked("Somebody else has to agree.")),
    RefusalCode.TAX_ID_NOT_VALID: RefusalSentence(plain=marked("The tax ID is not valid.")),
    RefusalCode.UNKNOWN_RECEIPT: RefusalSentence(plain=marked("There is no such receipt.")),
    RefusalCode.UNKNOWN_ENDPOINT: RefusalSentence(plain=marked("There is no such webhook.")),
    RefusalCode.UNKNOWN_DELIVERY: RefusalSentence(plain=marked("There is no such delivery.")),
    RefusalCode.ADDRESS_NOT_ALLOWED: RefusalSentence(plain=marked("Webhooks go to public https addresses only.")),
    RefusalCode.GATEWAY_NOT_READY: RefusalSentence(plain=marked("The payment service does not answer. Try again.")),
    RefusalCode.NOT_PERMITTED: RefusalSentence(plain=marked("Your role does not allow this.")),
    RefusalCode.PROOF_REQUIRED: RefusalSentence(plain=marked("Prove again who you are before this.")),
    RefusalCode.UNKNOWN_ADMINISTRATOR: RefusalSentence(plain=marked("There is no such administrator.")),
    RefusalCode.ADMINISTRATOR_TAKEN: RefusalSentence(
        plain=marked("Somebody with this mail address is an administrator already.")
    ),
    RefusalCode.LAST_ADMINISTRATOR: RefusalSentence(
        plain=marked("Somebody must stay global administrator. Give another person the role first.")
    ),
    RefusalCode.INVITATION_NOT_VALID: RefusalSentence(
        plain=marked("This invitation was used, was withdrawn, or has ended.")
    ),
    RefusalCode.SIGN_IN_FAILED: RefusalSentence(plain=marked("This does not prove who you are. Try again.")),
    RefusalCode.UNKNOWN_API_KEY: RefusalSentence(plain=marked("There is no such API key.")),
    RefusalCode.UNKNOWN_EXPORT: RefusalSentence(plain=marked("There is no such export, or it was removed.")),
    RefusalCode.UNKNOWN_COST_DECK: RefusalSentence(
        plain=marked("There is no deck that tells what calls cost the operator.")
    ),
    RefusalCode.SANDBOX_NOT_ALLOWED: RefusalSentence(plain=marked("A sandbox organization cannot do this.")),
}
"""Every refusal, as this edge says it."""

ORGANIZATION_STATUSES: Final[Mapping[OrganizationStatus, str]] = {
    OrganizationStatus.OPEN: marked("Active"),
    OrganizationStatus.CLOSING: marked("Closing"),
    OrganizationStatus.CLOSED: marked("Closed"),
}

LOT_SOURCES: Final[Mapping[LotSource, str]] = {
    LotSource.MANUAL: marked("Added by hand"),
    LotSource.AUTO_RECHARGE: marked("Auto-recharge"),
    LotSource.PROMOTION: marked("Promotion"),
    LotSource.OPENING_BALANCE: marked("Opening balance"),
    LotSource.ADJUSTMENT: marked("Adjusted by the operator"),
    LotSource.POST_USAGE: marked("Line of credit"),
}

TOP_UP_KINDS: Final[Mapping[TopUpKind, str]] = {
    TopUpKind.MANUAL: marked("Added by hand"),
    TopUpKind.AUTO_RECHARGE: marked("Auto-recharge"),
}

TOP_UP_STATES: Final[Mapping[TopUpState, str]] = {
    TopUpState.DUE: marked("About to be paid"),
    TopUpState.SENT: marked("Being paid"),
    TopUpState.PROCESSING: marked("Being processed"),
    TopUpState.ACTION_REQUIRED: marked("Waiting for approval"),
    TopUpState.UNKNOWN: marked("Being checked"),
    TopUpState.SUCCEEDED: marked("Paid"),
    TopUpState.DECLINED: marked("Declined"),
    TopUpState.CANCELLED: marked("Cancelled"),
    TopUpState.DISPUTED: marked("Disputed"),
    TopUpState.REVERSED: marked("Taken back by the bank"),
}

SERVICES: Final[Mapping[Service, str]] = {
    Service.OUTBOUND: marked("Outbound call"),
    Service.TOLL_FREE_IN: marked("Call to a toll-free number"),
    Service.TOLL_IN: marked("Call to a toll number"),
    Service.CONFERENCE_DIAL_OUT: marked("Conference dial-out"),
    Service.EMERGENCY: marked("Emergency call"),
}

SESSION_STATES: Final[Mapping[SessionState, str]] = {
    SessionState.AUTHORISED: marked("Ringing"),
    SessionState.STARTED: marked("In progress"),
    SessionState.ENDED: marked("Ended"),
    SessionState.EXPIRED: marked("Closed"),
    SessionState.REFUSED: marked("Refused"),
}

NO_REASON: Final = marked("The bank gave no reason.")

DECLINES: Final[Mapping[str, str]] = {
    "amount_not_payable": marked("The payment provider cannot take this amount."),
    "authentication_failed": marked("The payment was not approved."),
    "authentication_required": marked("The bank wants the payer to approve this payment."),
    "cancelled": marked("The payment was cancelled."),
    "card_declined": NO_REASON,
    "do_not_honour": NO_REASON,
    "expired_card": marked("The card has expired."),
    "gateway_unreachable": marked("The payment provider could not be reached."),
    "insufficient_funds": marked("The account behind the payment method does not hold enough money."),
    "lost_card": marked("The card was reported lost."),
    "not_approved": marked("Nobody approved the payment in time."),
    "not_needed": marked("Other funds came before it was paid."),
    "not_received": marked("The payment never reached the payment provider."),
    "payment_method_gone": marked("The payment method is no longer on file."),
    "processing_error": marked("The bank could not process the payment."),
    "recharge_not_allowed": marked("Funds could no longer be added for this organization."),
    "rule_changed": marked("The auto-recharge settings were changed before it was paid."),
    "rule_switched_off": marked("Auto-recharge was switched off before it was paid."),
    "stolen_card": marked("The card was reported stolen."),
}
"""Why an attempt bought nothing: the codes of gateways, operations and rules. Any other code says no reason."""

STANDINGS_OF_CONCERN: Final = frozenset(
    {RechargeStanding.SUSPENDED, RechargeStanding.PAUSED, RechargeStanding.BACK_OFF, RechargeStanding.CAP_REACHED}
)
"""Standings in which a rule that is on does not protect the balance."""


def decline_sentence(reason: str) -> str:
    """The marked sentence for a gateway's code."""
    return DECLINES.get(reason, NO_REASON)


def _written(facts: Mapping[str, str | int], formats: Formats, currency: str) -> dict[str, str]:
    """Facts as a person reads them: amounts under their name without its unit, countries by name."""
    currency = str(facts.get("currency", currency))
    written: dict[str, str] = {}
    for name, value in facts.items():
        if isinstance(value, int) and name.endswith("_micros"):
            written[name.removesuffix("_micros")] = formats.money(value, currency)
        elif name == "country":
            written[name] = formats.country(str(value))
        else:
            written[name] = formats.count(value) if isinstance(value, int) else value
    return written
