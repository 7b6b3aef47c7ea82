"""What the JSON bodies of advice hold, made from what operations return.

Knows how amounts, shares and days are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from commcredits.core.advice_anomalies import AnomalyKind
from commcredits.core.advice_forecast import Forecast as ForecastRecord
from commcredits.core.advice_recharge import RechargeAdvice as RechargeRecord
from commcredits.core.funds import LotSource
from commcredits.core.money import format_micros
from commcredits.core.roster import Licence, PartyKind
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Seconds, Time, time, time_or_none
from commcredits.operations import advice as operations

Share = Annotated[str, Field(description="Of one: 0.01 is one in a hundred.")]


class Forecast(BaseModel):
    """What is likely, and between which amounts it lies in eight cases of ten."""

    likely: Amount
    low: Amount
    high: Amount


class MonthForecast(BaseModel):
    """The month under way. ``balance``, ``recharges`` and ``days_left`` are null for whoever may not read funds.

    ``recharges`` is how many are likely, at least and at most; ``days_left`` is null also beyond a year.
    """

    month: str
    spent: Amount
    total: Forecast
    balance: Forecast | None
    recharges: list[int] | None
    days_left: int | None
    last_day: date | None


class TriggerRisk(BaseModel):
    """The chance to run dry in a month with this trigger; in eight resamples of ten within ``low`` and ``high``."""

    trigger_amount: Amount
    risk: Share
    low: Share
    high: Share


class Delay(BaseModel):
    """How long a recharge takes to land, at most, and how often."""

    seconds: Seconds
    share: Share


class RechargeAdvice(BaseModel):
    """What to set for auto-recharge; ``risks`` tells the chance of other triggers."""

    recharge_amount: Amount
    trigger_amount: Amount
    monthly_cap: Amount
    risk: Share
    wanted_risk: Share
    keeps_wanted_risk: bool
    thirty_days: Amount
    recharges_in_thirty_days: str
    risks: list[TriggerRisk]
    delays: list[Delay]
    own_recharges: int
    days: int


class Anomaly(BaseModel):
    """Something unusual. ``times`` is how many times the usual it was, null where nothing is usual."""

    kind: AnomalyKind
    day: date
    user_id: Identity | None
    name: str
    country: str | None
    charged: Amount
    usual: Amount
    most_before: Amount
    times: str | None
    calls: int


class ExpiringFunds(BaseModel):
    """A fund lot of which something is likely to be unused when it expires."""

    lot_id: Identity
    source: LotSource
    expires_at: Time
    left: Amount
    unused: Forecast


class Advice(BaseModel):
    """All advice but that on plans; ``as_of`` is when it was worked out, null: not yet.

    ``present_risk`` is the chance to run dry in a month with the rule as it is.
    """

    as_of: Time | None
    currency: Currency
    days: int
    refused_calls: int
    month: MonthForecast | None
    recharge: RechargeAdvice | None
    present_risk: Share | None
    expiring: list[ExpiringFunds] | None
    anomalies: list[Anomaly]


class PlanMove(BaseModel):
    """Somebody who would be cheaper on another plan; amounts a month, ``licence_costs_more`` null without prices."""

    user_id: Identity
    kind: PartyKind
    display_name: str
    user_principal_name: str
    department: str
    country: str
    old: Licence
    new: Licence
    saving: Amount
    credits_saved: Amount
    licence_costs_more: Amount | None
    months_held: int
    months: int


class PlanAdvice(BaseModel):
    """Who would be cheaper on another plan, each move weighed with those before it; ``months`` were looked at."""

    as_of: Time | None
    currency: Currency
    months: list[str]
    people: int
    is_priced: bool
    saving: Amount
    moves: list[PlanMove]


def advice(record: operations.Advice) -> Advice:
    """Advice as it is answered."""
    return Advice(
        as_of=time_or_none(record.as_of),
        currency=record.currency,
        days=record.days,
        refused_calls=record.refused_calls,
        month=None if record.month is None else _month(record.month),
        recharge=None if record.recharge is None else _recharge(record.recharge),
        present_risk=None if record.rule_risk is None else format_micros(record.rule_risk),
        expiring=None if record.expiring is None else [_expiring(each) for each in record.expiring],
        anomalies=[_anomaly(each) for each in record.anomalies],
    )


def plan_advice(record: operations.Plans) -> PlanAdvice:
    """Advice on plans as it is answered."""
    return PlanAdvice(
        as_of=time_or_none(record.as_of),
        currency=record.currency,
        months=list(record.months),
        people=record.callers,
        is_priced=record.is_priced,
        saving=format_micros(record.saving_micros),
        moves=[
            PlanMove(
                user_id=each.move.user_id,
                kind=each.person.kind,
                display_name=each.person.display_name,
                user_principal_name=each.person.user_principal_name,
                department=each.person.department,
                country=each.move.country,
                old=each.move.old,
                new=each.move.new,
                saving=format_micros(each.move.saving_micros),
                credits_saved=format_micros(each.move.credits_micros),
                licence_costs_more=None
                if each.move.licence_micros is None
                else format_micros(each.move.licence_micros),
                months_held=each.move.months_held,
                months=each.move.months,
            )
            for each in record.moves
        ],
    )


def _forecast(record: ForecastRecord) -> Forecast:
    return Forecast(
        likely=format_micros(record.micros),
        low=format_micros(record.low_micros),
        high=format_micros(record.high_micros),
    )


def _month(record: operations.MonthAhead) -> MonthForecast:
    left = record.days_left
    return MonthForecast(
        month=record.month,
        spent=format_micros(record.spent_micros),
        total=_forecast(record.total),
        balance=None if record.balance is None else _forecast(record.balance),
        recharges=None if record.recharges is None else list(record.recharges),
        days_left=None if left is None else left.days,
        last_day=None if left is None else left.last_day,
    )


def _recharge(record: RechargeRecord) -> RechargeAdvice:
    return RechargeAdvice(
        recharge_amount=format_micros(record.recharge_micros),
        trigger_amount=format_micros(record.trigger_micros),
        monthly_cap=format_micros(record.cap_micros),
        risk=format_micros(record.chosen.risk),
        wanted_risk=format_micros(record.wanted_risk),
        keeps_wanted_risk=record.kept,
        thirty_days=format_micros(record.month_micros),
        recharges_in_thirty_days=format_micros(record.recharges),
        risks=[
            TriggerRisk(
                trigger_amount=format_micros(each.trigger_micros),
                risk=format_micros(each.risk),
                low=format_micros(each.low),
                high=format_micros(each.high),
            )
            for each in record.risks
        ],
        delays=[Delay(seconds=each.seconds, share=format_micros(each.share)) for each in record.delays],
        own_recharges=record.own_recharges,
        days=record.days,
    )


def _anomaly(record: operations.NamedAnomaly) -> Anomaly:
    found = record.anomaly
    return Anomaly(
        kind=found.kind,
        day=found.day,
        user_id=found.subject if found.kind is AnomalyKind.USER else None,
        name=record.name,
        country=found.subject if found.kind is AnomalyKind.DESTINATION else None,
        charged=format_micros(found.charged_micros),
        usual=format_micros(found.usual_micros),
        most_before=format_micros(found.most_micros),
        times=format_micros(found.times) if found.times else None,
        calls=found.calls,
    )


def _expiring(record: operations.ExpiringLot) -> ExpiringFunds:
    return ExpiringFunds(
        lot_id=record.lot.lot_id,
        source=record.source,
        expires_at=time(record.lot.expires_at),
        left=format_micros(record.lot.left_micros),
        unused=_forecast(record.lot.unused),
    )
