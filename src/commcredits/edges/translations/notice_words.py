"""What each kind of notice is about, in a sentence that people choose by.

Knows every kind. Refuses to know channels: whoever offers the choice translates and shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.notices import NoticeKind
from commcredits.edges.translations import marked

EXPLANATIONS: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.TOP_UP_SUCCEEDED: marked("Somebody added funds, and the payment succeeded."),
    NoticeKind.TOP_UP_FAILED: marked("Somebody tried to add funds, and the payment failed."),
    NoticeKind.RECHARGE_SUCCEEDED: marked("Auto-recharge added funds."),
    NoticeKind.RECHARGE_FAILED: marked("Auto-recharge tried to add funds, and the payment failed."),
    NoticeKind.RECHARGE_SUSPENDED: marked("Auto-recharge stopped after declined payments, until somebody acts."),
    NoticeKind.RECHARGE_PAUSED: marked("Auto-recharge waits, because the balance fell without being used."),
    NoticeKind.RECHARGE_SWITCHED_OFF: marked("Auto-recharge was switched off."),
    NoticeKind.AUTHENTICATION_NEEDED: marked("The bank wants the payer to approve a payment."),
    NoticeKind.CAP_NEARLY_REACHED: marked("Auto-recharge has used 80 percent of its monthly cap."),
    NoticeKind.CAP_REACHED: marked("Auto-recharge has reached its monthly cap and recharges no more this month."),
    NoticeKind.BALANCE_LOW: marked("The balance fell below an amount that you chose."),
    NoticeKind.BALANCE_ZERO: marked("The balance is used up, and calls that cost money are refused."),
    NoticeKind.LOT_EXPIRING: marked("Funds expire in 60, 30 or 7 days."),
    NoticeKind.CARD_EXPIRING: marked("A stored card expires within 30 days."),
    NoticeKind.POOL_NEARLY_USED: marked("80 percent of the minutes of a pool are used this month."),
    NoticeKind.POOL_USED: marked("All minutes of a pool are used this month."),
    NoticeKind.REFUND_SUCCEEDED: marked("Unused funds were refunded."),
    NoticeKind.REFUND_REFUSED: marked("A refund was refused, and the funds are back in the balance."),
    NoticeKind.DISPUTE_OPENED: marked("The payer's bank disputes a payment, and its unused funds are frozen."),
    NoticeKind.DISPUTE_WON: marked("A disputed payment stands, and its funds are back."),
    NoticeKind.DISPUTE_LOST: marked("The payer's bank has taken a payment back, and its funds are gone."),
    NoticeKind.WEBHOOK_DISABLED: marked("A webhook endpoint took no messages and was disabled."),
}
