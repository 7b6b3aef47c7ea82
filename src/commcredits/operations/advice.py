"""Advice for whoever looks after an organization's credits: what to set, what is to come, what is unusual.

Knows what was worked out (commcredits.operations.advice_rounds) and brings it together with the balance, the lots and
the rule as they are now. Refuses to work it out while somebody waits: where it is not there yet, it says so. Whoever
may not read funds gets what rests on use alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from commcredits.core.access import Permission
from commcredits.core.advice_anomalies import Anomaly, AnomalyKind
from commcredits.core.advice_expiry import Expiring, LotLeft, expiring
from commcredits.core.advice_forecast import DaysLeft, Forecast, days_left
from commcredits.core.advice_pace import DAYS_MIN as PACE_DAYS_MIN
from commcredits.core.advice_plans import Move
from commcredits.core.advice_recharge import DAYS_MIN as RECHARGE_DAYS_MIN
from commcredits.core.advice_recharge import RechargeAdvice, risk_of
from commcredits.core.advice_series import ONE, DayOfSpend
from commcredits.core.calendar import zone_of
from commcredits.core.funds import LotSource
from commcredits.core.outcomes import Refused
from commcredits.core.recharge import RechargeStanding
from commcredits.core.roster import PartyKind
from commcredits.operations.advice_records import Anomalies, PlanAdvice, SpendingAdvice
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.recharging import AutoRecharge, read_auto_recharge
from commcredits.operations.reports import Balance, LotRecord, list_lots, read_balance
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

_T = TypeVar("_T")

_DEFAULT_SHARES: Final = (700_000, 1_300_000)
"""How much less and more than forecast may be spent, where no forecast was ever wrong yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthAhead:
    """The month that is under way; amounts in millionths.

    ``total`` is what it will have cost at its end, with what was ``spent_micros`` by ``as_of``. ``balance`` is what is
    likely to be left at its end, recharges included; None where funds may not be read. ``recharges`` is how many
    auto-recharges are likely by then: as likely as not, at least and at most; None without a rule that is on.
    """

    month: str
    spent_micros: int
    total: Forecast
    balance: Forecast | None
    recharges: tuple[int, int, int] | None
    days_left: DaysLeft | None
    recent: tuple[DayOfSpend, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringLot:
    """Funds that are likely to expire unused, with what they are."""

    lot: Expiring
    source: LotSource
    purchased_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """All advice but the plans. ``as_of`` is when it was worked out; None: not yet.

    ``days`` whole days were seen; ``days_needed`` are needed before anything is forecast, ``recharge_days_needed``
    before recharges are advised on. ``rule_risk`` is the chance in millionths to run dry in a month as the rule is now,
    None without one or where funds may not be read. ``expiring`` is None where funds may not be read.
    ``refused_calls`` for want of funds make every figure too low.
    """

    as_of: datetime | None
    currency: str
    days: int
    days_needed: int
    recharge_days_needed: int
    refused_calls: int
    month: MonthAhead | None
    recharge: RechargeAdvice | None
    rule: AutoRecharge | None
    rule_risk: int | None
    post_usage: bool
    balance_micros: int | None
    expiring: tuple[ExpiringLot, ...] | None
    anomalies: tuple[NamedAnomaly, ...]
    anomalies_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAnomaly:
    """Something unusual, and whose calls it was, where they are somebody's."""

    anomaly: Anomaly
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user or a resource account by name."""

    kind: PartyKind
    display_name: str
    user_principal_name: str
    department: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMove:
    """A move to another plan, and whose."""

    move: Move
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Plans:
    """Who would be cheaper on another plan; ``as_of`` None: not worked out yet. Other fields are as in PlanAdvice."""

    as_of: datetime | None
    currency: str
    months: tuple[str, ...]
    callers: int
    has_calls: bool
    is_priced: bool
    moves: tuple[NamedMove, ...]
    saving_micros: int


@reads(Permission.ADVICE_READ)
async def read_advice(services: Services, *, organization_id: str) -> Advice | Refused:
    """The advice as it was last worked out, with the balance, the lots and the rule as they are now."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    kept = await _load(services, organization_id, "spending", "anomalies")
    spending = _read(kept, "spending", SpendingAdvice)
    anomalies = _read(kept, "anomalies", Anomalies)
    balance: Balance | Refused | None = None
    lots: tuple[LotRecord, ...] | Refused = ()
    rule: AutoRecharge | Refused | None = None
    may_read_funds = Permission.FUNDS_READ in services.actor.permissions
    if may_read_funds:
        balance = await read_balance(services, organization_id=organization_id)
        lots = await list_lots(services, organization_id=organization_id)
        rule = await read_auto_recharge(services, organization_id=organization_id)
    for each in (balance, lots, rule):
        if isinstance(each, Refused):
            return each
    assert not isinstance(balance, Refused)
    assert not isinstance(lots, Refused)
    assert not isinstance(rule, Refused)
    now = services.clock()
    running_out = _expiring(lots, spending, now, organization.time_zone) if may_read_funds else None
    recharge = None if spending is None else spending.recharge
    return Advice(
        as_of=None if spending is None else kept["spending"][0],
        currency=organization.currency,
        days=0 if spending is None else spending.days,
        days_needed=PACE_DAYS_MIN,
        recharge_days_needed=RECHARGE_DAYS_MIN,
        refused_calls=0 if spending is None else spending.refused_calls,
        month=None if spending is None else _month(spending, balance, rule),
        recharge=recharge,
        rule=rule,
        rule_risk=_rule_risk(recharge, rule),
        post_usage=balance is not None and balance.post_usage,
        balance_micros=None if balance is None else balance.available_micros,
        expiring=running_out,
        anomalies=await _named(services, organization_id, () if anomalies is None else anomalies.found),
        anomalies_known=anomalies is not None and anomalies.is_enough,
    )


@reads(Permission.ADVICE_READ)
async def read_plan_advice(services: Services, *, organization_id: str) -> Plans | Refused:
    """Who would be cheaper on another plan, the largest saving first; as it was last worked out, once a day."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    kept = await _load(services, organization_id, "plans")
    advice = _read(kept, "plans", PlanAdvice)
    moves = () if advice is None else advice.moves
    people = await _people(services, organization_id, [move.user_id for move in moves])
    # Whoever has gone meanwhile is not advised on.
    named = tuple(NamedMove(move=move, person=people[move.user_id]) for move in moves if move.user_id in people)
    return Plans(
        as_of=None if advice is None else kept["plans"][0],
        currency=organization.currency,
        months=() if advice is None else advice.months,
        callers=0 if advice is None else advice.callers,
        has_calls=advice is not None and advice.has_calls,
        is_priced=advice is not None and advice.is_priced,
        moves=named,
        saving_micros=sum(each.move.saving_micros for each in named),
    )


@reads(Permission.FUNDS_READ)
async def read_days_left(services: Services, *, organization_id: str, available_micros: int) -> DaysLeft | None:
    """How long so much lasts at the present pace; None while no pace is known."""
    spending = _read(await _load(services, organization_id, "spending"), "spending", SpendingAdvice)
    if spending is None or spending.pace is None:
        return None
    return days_left(spending.pace, available_micros, spending.today, today_share=spending.today_share)


async def _load(services: Services, organization_id: str, *parts: str) -> dict[str, tuple[datetime, str]]:
    rows = await services.pool.fetch(load_statement("load_advice"), services.shard_id, organization_id, list(parts))
    return {row["part"]: (row["worked_out_at"], row["document"]) for row in rows}


def _read(kept: Mapping[str, tuple[datetime, str]], part: str, kind: type[_T]) -> _T | None:
    """A part as it was kept; None where it was not, or in a form of another version that no longer reads."""
    if part not in kept:
        return None
    try:
        return msgspec.json.decode(kept[part][1], type=kind)
    except msgspec.DecodeError:
        return None


def _month(spending: SpendingAdvice, balance: Balance | None, rule: AutoRecharge | None) -> MonthAhead | None:
    if spending.pace is None:
        return None
    spent, rest = spending.month_spent_micros, spending.rest
    left = recharges = at_end = None
    if balance is not None:
        available = balance.available_micros
        left = days_left(spending.pace, available, spending.today, today_share=spending.today_share)
        counts = _recharges(available, rest, rule)
        amount = 0 if rule is None else max(rule.recharge_amount_micros, 0)
        recharges = counts
        low, middle, high = (
            available - cost + (0 if counts is None else amount * count)
            for cost, count in zip(
                (rest.high_micros, rest.micros, rest.low_micros),
                (0, 0, 0) if counts is None else (counts[2], counts[0], counts[1]),
                strict=True,
            )
        )
        ordered = sorted((max(0, low), max(0, middle), max(0, high)))
        at_end = Forecast(micros=max(0, middle), low_micros=ordered[0], high_micros=ordered[2])
    return MonthAhead(
        month=spending.month,
        spent_micros=spent,
        total=Forecast(
            micros=spent + rest.micros, low_micros=spent + rest.low_micros, high_micros=spent + rest.high_micros
        ),
        balance=at_end,
        recharges=recharges,
        days_left=left,
        recent=spending.recent,
    )


def _recharges(available: int, rest: Forecast, rule: AutoRecharge | None) -> tuple[int, int, int] | None:
    """How many recharges hold the balance at the trigger: likely, at least, at most; within the cap."""
    if rule is None or not rule.enabled or rule.recharge_amount_micros <= 0 or rule.standing is RechargeStanding.OFF:
        return None
    most = rule.cap_left_micros // rule.recharge_amount_micros

    def count(cost: int) -> int:
        missing = rule.trigger_amount_micros - (available - cost)
        return max(0, min(most, -(-missing // rule.recharge_amount_micros)))

    return count(rest.micros), count(rest.low_micros), count(rest.high_micros)


def _rule_risk(recharge: RechargeAdvice | None, rule: AutoRecharge | None) -> int | None:
    """The chance to run dry in a month with the rule as it is: as many recharges as its own amount makes."""
    if recharge is None or rule is None or not rule.enabled:
        return None
    amount = max(rule.recharge_amount_micros, 1)
    each = risk_of(recharge, rule.trigger_amount_micros)
    return min(ONE, each * recharge.recharge_micros // amount) if rule.recharge_amount_micros else each


def _expiring(
    lots: Iterable[LotRecord], spending: SpendingAdvice | None, now: datetime, time_zone: str
) -> tuple[ExpiringLot, ...]:
    known = {lot.lot_id: lot for lot in lots}
    left = [
        LotLeft(lot_id=lot.lot_id, left_micros=lot.free_micros + lot.held_micros, expires_at=lot.expires_at)
        for lot in known.values()
    ]
    pace = None if spending is None else spending.pace
    if spending is None or pace is None:
        # Nothing is known of what will be used: only what ends soon is worth a word.
        soon = now.astimezone(zone_of(time_zone)) + timedelta(days=PACE_DAYS_MIN)
        left = [lot for lot in left if lot.expires_at <= soon]
    shares = _DEFAULT_SHARES
    if spending is not None and spending.thirty_days.micros:
        ahead = spending.thirty_days
        shares = (ahead.low_micros * ONE // ahead.micros, ahead.high_micros * ONE // ahead.micros)
    return tuple(
        ExpiringLot(lot=each, source=known[each.lot_id].source, purchased_at=known[each.lot_id].purchased_at)
        for each in expiring(left, pace, now, time_zone, shares=shares)
    )


async def _named(services: Services, organization_id: str, anomalies: tuple[Anomaly, ...]) -> tuple[NamedAnomaly, ...]:
    ids = [each.subject for each in anomalies if each.kind is AnomalyKind.USER]
    people = await _people(services, organization_id, ids)
    names = {party_id: each.display_name or each.user_principal_name for party_id, each in people.items()}
    return tuple(NamedAnomaly(anomaly=each, name=names.get(each.subject, "")) for each in anomalies)


async def _people(services: Services, organization_id: str, party_ids: list[str]) -> dict[str, Person]:
    """Who they are by id; those that have gone are not among them."""
    if not party_ids:
        return {}
    rows = await services.pool.fetch(
        load_statement("name_parties"), services.shard_id, organization_id, sorted(set(party_ids))
    )
    return {
        str(row["party_id"]): Person(
            kind=PartyKind(row["kind"]),
            display_name=row["display_name"],
            user_principal_name=row["user_principal_name"],
            department=row["department"],
        )
        for row in rows
    }
