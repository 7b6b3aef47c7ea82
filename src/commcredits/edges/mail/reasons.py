"""Sentences for the codes within a notice: why a payment failed, what follows, why something was paused or disabled.

Knows the codes of gateways and of the core. Refuses to show a code that it does not know: that says nothing to people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.roster import Licence
from commcredits.edges.translations import marked

NO_REASON: Final = marked("The bank gave no reason.")

DECLINES: Final[Mapping[str, str]] = {
    "amount_not_payable": marked("The payment provider cannot take this amount."),
    "authentication_failed": marked("The payment was not approved."),
    "authentication_required": marked("The bank wants the payer to approve this payment."),
    "cancelled": marked("The payment was cancelled."),
    "expired_card": marked("The card has expired."),
    "gateway_unreachable": marked("The payment provider could not be reached."),
    "insufficient_funds": marked("The account behind the payment method does not hold enough money."),
    "lost_card": marked("The card was reported lost."),
    "not_approved": marked("Nobody approved the payment in time."),
    "not_received": marked("The payment never reached the payment provider."),
    "payment_method_gone": marked("The payment method is no longer on file."),
    "processing_error": marked("The bank could not process the payment."),
    "stolen_card": marked("The card was reported stolen."),
}

WHAT_NEXT: Final[Mapping[str, str]] = {
    "backup": marked("The backup payment method is tried at once."),
    "retry": marked("The next attempt follows on %(retry_at)s."),
    "suspended": marked("There is no further attempt: auto-recharge has stopped."),
}

PAUSES: Final[Mapping[str, str]] = {
    "dispute": marked("The payer's bank asked for a payment back."),
    "refund": marked("Unused funds were refunded."),
    "adjustment": marked("The operator adjusted the balance."),
}

SWITCHED_OFF: Final[Mapping[str, str]] = {
    "saved": marked("Somebody saved the settings with auto-recharge off."),
    "post_usage": marked("The organization pays its calls after use from now on."),
    "organization_closed": marked("The organization is being closed."),
}

DISABLED: Final[Mapping[str, str]] = {
    "failing": marked("It had taken no message for five days."),
    "gone": marked("It answered that it is gone (410)."),
}

POOLS: Final[Mapping[Licence, str]] = {
    Licence.DOMESTIC_120: marked("Domestic plan with 120 minutes, %(country)s"),
    Licence.DOMESTIC_240: marked("Domestic plan with 240 minutes, %(country)s"),
    Licence.DOMESTIC: marked("Domestic plan, %(country)s"),
    Licence.DOMESTIC_AND_INTERNATIONAL: marked("Domestic and international plan, %(country)s"),
    Licence.AUDIO_CONFERENCING: marked("dial-out from conferences"),
}

INTERNATIONAL_POOL: Final = marked("Domestic and international plan, %(country)s, international minutes")
