"""What letters say: a subject and its sentences for each kind of notice.

Knows every kind, and the facts that come with it. Refuses to know languages: the sentences are marked here and
translated where a letter is written. A sentence whose facts a notice does not have is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from commcredits.core.notices import NoticeKind
from commcredits.edges.translations import marked


class Page(StrEnum):
    """The page that a letter leads to."""

    CREDITS = "credits"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One kind's words; each may name facts as ``%(amount)s``. ``button`` is what the link says."""

    subject: str
    sentences: tuple[str, ...]
    button: str
    page: Page = Page.CREDITS


_OPEN: Final = marked("Open communication credits")
_ADD: Final = marked("Add funds")
_CHANGE_RULE: Final = marked("Modify recharge settings")
_WITH_TAX: Final = marked("The payer was charged %(gross)s, of which %(tax)s are tax.")
_ACT: Final = marked("Add funds by hand, or choose another payment method.")

LETTERS: Final[Mapping[NoticeKind, Wording]] = {
    NoticeKind.TOP_UP_SUCCEEDED: Wording(
        subject=marked("%(amount)s were added"),
        sentences=(marked("%(amount)s were added to the communication credits of %(organization)s."), _WITH_TAX),
        button=_OPEN,
    ),
    NoticeKind.TOP_UP_FAILED: Wording(
        subject=marked("Your payment of %(gross)s failed"),
        sentences=(
            marked("%(amount)s were to be added to the communication credits of %(organization)s. Nothing was added."),
            "%(decline)s",
            marked("Try again, or choose another payment method."),
        ),
        button=_ADD,
    ),
    NoticeKind.RECHARGE_SUCCEEDED: Wording(
        subject=marked("Auto-recharge added %(amount)s"),
        sentences=(
            marked("Auto-recharge added %(amount)s to the communication credits of %(organization)s."),
            _WITH_TAX,
        ),
        button=_OPEN,
    ),
    NoticeKind.RECHARGE_FAILED: Wording(
        subject=marked("Auto-recharge failed: %(gross)s were not paid"),
        sentences=(
            marked("Auto-recharge tried to add %(amount)s to the communication credits of %(organization)s."),
            "%(decline)s",
            "%(what_next)s",
        ),
        button=_CHANGE_RULE,
    ),
    NoticeKind.RECHARGE_SUSPENDED: Wording(
        subject=marked("Auto-recharge has stopped"),
        sentences=(
            marked("Auto-recharge of %(organization)s has stopped, because payments were declined."),
            "%(decline)s",
            marked("The balance is not recharged any more. Saving the settings starts it again."),
            _ACT,
        ),
        button=_CHANGE_RULE,
    ),
    NoticeKind.RECHARGE_PAUSED: Wording(
        subject=marked("Auto-recharge is paused"),
        sentences=(
            marked(
                "The balance of %(organization)s fell below %(trigger_amount)s without being used. Auto-recharge waits."
            ),
            "%(pause)s",
            marked("Saving the settings starts it again."),
        ),
        button=_CHANGE_RULE,
    ),
    NoticeKind.RECHARGE_SWITCHED_OFF: Wording(
        subject=marked("Auto-recharge was switched off"),
        sentences=(
            marked("Auto-recharge of %(organization)s was switched off. Nothing more is charged by itself."),
            "%(switched_off)s",
        ),
        button=_OPEN,
    ),
    NoticeKind.AUTHENTICATION_NEEDED: Wording(
        subject=marked("Approve your payment of %(gross)s"),
        sentences=(
            marked("The bank wants the payer to approve this payment."),
            marked("%(amount)s are added to the communication credits of %(organization)s once it is approved."),
        ),
        button=marked("Approve the payment"),
        page=Page.APPROVAL,
    ),
    NoticeKind.CAP_NEARLY_REACHED: Wording(
        subject=marked("Auto-recharge has used %(share)s of its monthly cap"),
        sentences=(
            marked(
                "Auto-recharge of %(organization)s has charged %(recharged)s of at most %(monthly_cap)s in %(month)s."
            ),
            marked("At the cap it stops until next month."),
        ),
        button=_CHANGE_RULE,
    ),
    NoticeKind.CAP_REACHED: Wording(
        subject=marked("Auto-recharge has reached its monthly cap"),
        sentences=(
            marked(
                "Auto-recharge of %(organization)s has charged %(recharged)s of at most %(monthly_cap)s in %(month)s."
            ),
            marked("It recharges no more this month. Raise the cap, or add funds by hand."),
        ),
        button=_CHANGE_RULE,
    ),
    NoticeKind.BALANCE_LOW: Wording(
        subject=marked("The balance is below %(alert)s"),
        sentences=(
            marked("The balance of %(organization)s fell below %(alert)s. It is %(balance)s now."),
            marked("Without funds, calls that cost money are refused."),
        ),
        button=_ADD,
    ),
    NoticeKind.BALANCE_ZERO: Wording(
        subject=marked("The balance is used up"),
        sentences=(
            marked("%(organization)s has no communication credits left that calls could use."),
            marked("Calls that cost money are refused until funds are added. Emergency calls always pass."),
        ),
        button=_ADD,
    ),
    NoticeKind.LOT_EXPIRING: Wording(
        subject=marked("%(amount)s expire on %(expires_on)s"),
        sentences=(
            marked("Of the communication credits of %(organization)s, %(amount)s expire on %(expires_at)s."),
            marked("What is not used by then is forfeited. Funds that expire first are used first."),
        ),
        button=_OPEN,
    ),
    NoticeKind.CARD_EXPIRING: Wording(
        subject=marked("A card expires in %(expiry_month)s"),
        sentences=(
            marked("The card %(card)s, stored for %(organization)s, expires at the end of %(expiry_month)s."),
            marked("Add another payment method, or payments will be declined."),
        ),
        button=_OPEN,
    ),
    NoticeKind.POOL_NEARLY_USED: Wording(
        subject=marked("%(share)s of the minutes of a pool are used"),
        sentences=(
            marked(
                "%(organization)s has used %(used_minutes)s of %(total_minutes)s minutes in %(month)s: %(pool_name)s."
            ),
            marked("Calls beyond them are paid with communication credits, or refused where there are none."),
        ),
        button=_OPEN,
    ),
    NoticeKind.POOL_USED: Wording(
        subject=marked("All minutes of a pool are used"),
        sentences=(
            marked("%(organization)s has used all of its %(total_minutes)s minutes in %(month)s: %(pool_name)s."),
            marked("Until the month ends, calls are paid with communication credits, or refused where there are none."),
        ),
        button=_OPEN,
    ),
    NoticeKind.REFUND_SUCCEEDED: Wording(
        subject=marked("%(gross)s were refunded"),
        sentences=(
            marked(
                "%(amount)s of the communication credits of %(organization)s were refunded to the method that paid."
            ),
            marked("With their tax, the payer gets back %(gross)s."),
        ),
        button=_OPEN,
    ),
    NoticeKind.REFUND_REFUSED: Wording(
        subject=marked("A refund of %(gross)s was refused"),
        sentences=(
            marked("The refund was refused, and %(amount)s are back in the communication credits of %(organization)s."),
        ),
        button=_OPEN,
    ),
    NoticeKind.DISPUTE_OPENED: Wording(
        subject=marked("A payment of %(amount)s is disputed"),
        sentences=(
            marked("The payer's bank has asked for a payment of %(organization)s back."),
            marked("Until that is settled, %(frozen)s of its unused funds are frozen."),
        ),
        button=_OPEN,
    ),
    NoticeKind.DISPUTE_WON: Wording(
        subject=marked("The disputed payment of %(amount)s stands"),
        sentences=(
            marked("The dispute is over, and %(restored)s are back in the communication credits of %(organization)s."),
        ),
        button=_OPEN,
    ),
    NoticeKind.DISPUTE_LOST: Wording(
        subject=marked("The disputed payment of %(amount)s was taken back"),
        sentences=(
            marked("The payer's bank has taken %(lost)s back from a payment of %(organization)s."),
            marked("%(owed)s of that were used already; the next funds pay this debt first."),
        ),
        button=_OPEN,
    ),
    NoticeKind.WEBHOOK_DISABLED: Wording(
        subject=marked("A webhook endpoint was disabled"),
        sentences=(
            marked("The endpoint at %(host)s of %(organization)s gets no more messages."),
            "%(disabled)s",
            marked("Enable it again once it works; what it missed can be sent again from the log of deliveries."),
        ),
        button=_OPEN,
    ),
}
