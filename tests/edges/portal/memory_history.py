"""What the organizations of the portal's tests have behind them: methods, lots, purchases and calls in every state.

Knows how a row of each kind looks. Refuses to know what happens to it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from commcredits.core.account import SessionState
from commcredits.core.calendar import twelve_months_after
from commcredits.core.commands import Service
from commcredits.core.funds import LotSource
from commcredits.core.outcomes import RefusalCode
from commcredits.core.purchases import TopUpKind, TopUpState
from commcredits.edges.portal.ports import CallView, LotView, PaymentMethodView, TopUpView
from tests.edges.portal.memory_recharge import UNIT

GOOD_CARD: Final = PaymentMethodView(payment_method="card_good", brand="Visa", last4="4242")
DECLINED_CARD: Final = PaymentMethodView(payment_method="card_declined", brand="Mastercard", last4="0341")
CARD_TO_APPROVE: Final = PaymentMethodView(payment_method="card_to_approve", brand="Visa", last4="3184")
UNREACHABLE_CARD: Final = PaymentMethodView(payment_method="card_unreachable", brand="Visa", last4="0002")
SLOW_TRANSFER: Final = PaymentMethodView(payment_method="transfer", brand="SEPA", last4="")
BY_HAND: Final = PaymentMethodView(payment_method="by_hand", brand="", last4="", kind="bank_transfer")

HISTORY: Final = (
    (TopUpState.SUCCEEDED, TopUpKind.MANUAL, GOOD_CARD, 3, ""),
    (TopUpState.DECLINED, TopUpKind.MANUAL, DECLINED_CARD, 4, "insufficient_funds"),
    (TopUpState.ACTION_REQUIRED, TopUpKind.MANUAL, CARD_TO_APPROVE, 5, ""),
    (TopUpState.PROCESSING, TopUpKind.MANUAL, SLOW_TRANSFER, 30, ""),
    (TopUpState.CANCELLED, TopUpKind.AUTO_RECHARGE, GOOD_CARD, 200, "rule_switched_off"),
    (TopUpState.SUCCEEDED, TopUpKind.AUTO_RECHARGE, GOOD_CARD, 288, ""),
)

_US: Final = ("+14155550123", "United States")
_UK: Final = ("+442079460000", "United Kingdom")
_HERE: Final = "+40215550101"
CALLS: Final = (
    (Service.OUTBOUND, SessionState.STARTED, _HERE, "+4915112345678", "Germany, mobile", 272, 408_000, 3),
    (Service.TOLL_FREE_IN, SessionState.ENDED, "+40744***", "+40800890112", "Romania, toll-free", 75, 7_800, 0),
    (Service.OUTBOUND, SessionState.REFUSED, _HERE, *_US, 0, 0, 0),
    (Service.CONFERENCE_DIAL_OUT, SessionState.ENDED, "+40215550104", *_UK, 4000, 3_840_000, 60),
    (Service.OUTBOUND, SessionState.AUTHORISED, "+40215550107", "+33123456789", "France", 0, 0, 0),
    (Service.OUTBOUND, SessionState.EXPIRED, "+40215550102", "+8613800138000", "China, mobile", 330, 1_250_000, 0),
    (Service.EMERGENCY, SessionState.ENDED, _HERE, "112", "", 95, 0, 0),
)


def spent_on(day: int) -> int:
    """What calls cost on this day of thirty: less at weekends, much on one day."""
    return (0 if day % 7 in (5, 6) else 9 * UNIT + (day * 37 % 11) * 1_130_000) + (40 * UNIT if day == 21 else 0)


def a_lot(source: LotSource, amount: int, left: int, bought: datetime, expires: datetime | None) -> LotView:
    """A lot with an id of its own."""
    return LotView(
        lot_id=str(uuid.uuid4()),
        source=source,
        purchased_at=bought,
        expires_at=expires or twelve_months_after(bought),
        amount_micros=amount,
        left_micros=left,
    )


def a_top_up(
    currency: str,
    state: TopUpState,
    kind: TopUpKind,
    method: PaymentMethodView,
    at: datetime,
    reason: str,
    amount_micros: int = 200 * UNIT,
) -> TopUpView:
    """A purchase with an id of its own."""
    return TopUpView(
        top_up_id=str(uuid.uuid4()),
        kind=kind,
        state=state,
        amount_micros=amount_micros,
        currency=currency,
        brand=method.brand,
        last4=method.last4,
        created_at=at,
        reason=reason,
        action_url="https://payments.example/approve/1" if state is TopUpState.ACTION_REQUIRED else "",
        by_hand=method is BY_HAND,
    )


def a_call(currency: str, at: datetime, shape: tuple[Service, SessionState, str, str, str, int, int, int]) -> CallView:
    """A call of one of the shapes of CALLS."""
    service, state, caller, callee, destination, duration_seconds, charged_micros, pool_minutes = shape
    return CallView(
        session_id=f"call-{callee}",
        service=service,
        state=state,
        authorised_at=at,
        caller=caller,
        callee=callee,
        destination=destination,
        duration_seconds=duration_seconds,
        pool_minutes=pool_minutes,
        charged_micros=charged_micros,
        currency=currency,
        refusal=RefusalCode.INSUFFICIENT_FUNDS if state is SessionState.REFUSED else None,
    )
