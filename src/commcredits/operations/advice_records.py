"""Advice as it is kept between its hours: what was worked out, and from how much.

Knows the form of the kept documents. Refuses to reckon and to read.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from commcredits.core.advice_anomalies import Anomaly
from commcredits.core.advice_forecast import NOTHING, Forecast
from commcredits.core.advice_pace import Pace
from commcredits.core.advice_plans import Move
from commcredits.core.advice_recharge import RechargeAdvice
from commcredits.core.advice_series import ONE, DayOfSpend


class SpendingAdvice(Struct, frozen=True, kw_only=True, gc=False):
    """What an organization spends and will spend; amounts in millionths.

    ``days`` whole days were seen from ``first_day`` on, and until ``today``, which is the one that was not over.
    ``pace`` is None, and what rests on it nothing, where they are too few. ``today_share`` of today's spending, in
    millionths, was still to come, ``today_micros`` had been spent. ``rest`` is what the month, of which
    ``month_spent_micros`` had been spent, will still cost. ``recharge`` is None for too short a history.
    ``refused_calls`` were refused for want of funds: the truth is above what was measured.
    """

    today: date
    days: int
    first_day: date | None
    month: str
    month_spent_micros: int
    refused_calls: int
    recent: tuple[DayOfSpend, ...] = ()
    pace: Pace | None = None
    today_share: int = ONE
    today_micros: int = 0
    rest: Forecast = NOTHING
    thirty_days: Forecast = NOTHING
    recharge: RechargeAdvice | None = None


class Anomalies(Struct, frozen=True, kw_only=True, gc=False):
    """What was unusual of late; ``is_enough`` says whether enough days were seen to tell."""

    found: tuple[Anomaly, ...]
    is_enough: bool


class PlanAdvice(Struct, frozen=True, kw_only=True, gc=False):
    """Who would be cheaper on another plan, by these full months, oldest first.

    ``callers`` users and resource accounts with a plan were looked at. Where not ``is_priced``, nobody has said what
    licences cost, and only credits were compared.
    """

    months: tuple[str, ...]
    callers: int
    has_calls: bool
    is_priced: bool
    moves: tuple[Move, ...]
