"""Advice taken at its word: given on what was, and tried on what came.

Knows how to play auto-recharge on a history in five-minute steps. Refuses to look at the future before advice is given.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from commcredits.core.advice_anomalies import AnomalyKind, SubjectDay, unusual_days, unusual_subjects
from commcredits.core.advice_forecast import forecast
from commcredits.core.advice_pace import pace_of, tamed
from commcredits.core.advice_recharge import RechargeAdvice, Wish, advise, delays_of
from commcredits.core.advice_series import ONE, days_of
from tests.advice.worlds import BEGINS, STEPS_A_DAY, UNIT, World

LEARNED_DAYS: Final = 182
MONTH: Final = 30
MINIMUM: Final = 50 * UNIT
MAXIMUM: Final = 10_000 * UNIT


@dataclass(kw_only=True)
class Tried:
    """How recharge advice did: months in which funds ran out, of all that were played."""

    months: int = 0
    dry: int = 0
    promised: int = 0
    recharges: int = 0
    triggers_micros: int = 0
    advised: int = 0
    kept: int = 0

    @property
    def dry_share(self) -> float:
        """The realised risk of a month."""
        return self.dry / max(1, self.months)

    def add(self, other: Tried) -> None:
        """Add what another world showed."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def advice_at(world: World, day: int) -> RechargeAdvice | None:
    """What would have been advised on that day, by what was known on it."""
    hours = world.hours(day)
    days = days_of(hours, "UTC", (BEGINS + timedelta(days=day)).date())
    pace = pace_of(days)
    if pace is None:
        return None
    month = forecast(days, pace, MONTH)
    wish = Wish(
        minimum_micros=MINIMUM,
        maximum_micros=MAXIMUM,
        unit_micros=UNIT,
        month_micros=month.micros,
        month_high_micros=month.high_micros,
        level_micros=max(
            pace.level_micros + pace.rise_micros * MONTH, sum(day.charged_micros for day in tamed(days)[-28:]) // 28
        ),
    )
    return advise(hours, [], wish)


def play(world: World, advice: RechargeAdvice, first: int, last: int, draw: random.Random) -> tuple[int, int]:
    """How many times funds ran out between two days, and how many recharges there were, with this advice kept to.

    Delays are drawn from what the advice itself assumes; funds begin anywhere between the trigger and a recharge more.
    """
    delays = delays_of([])
    balance = advice.trigger_micros + draw.randrange(advice.recharge_micros)
    lands: int | None = None
    dry = recharges = 0
    is_dry = False
    for step in range(first * STEPS_A_DAY, last * STEPS_A_DAY):
        if lands is not None and step >= lands:
            balance = max(0, balance) + advice.recharge_micros
            lands = None
        balance -= world.steps[step]
        if balance < 0:
            dry += not is_dry
            is_dry = True
            balance = 0
        elif balance > 0:
            is_dry = False
        if lands is None and balance < advice.trigger_micros:
            chance = draw.randrange(ONE)
            for delay in delays:
                chance -= delay.share
                if chance < 0:
                    break
            lands = step + max(1, delay.seconds // 300)
            recharges += 1
    return dry, recharges


def try_recharges(world: World, *, seed: int, repeats: int = 12) -> Tried:
    """Advice renewed each month for the second half of the history, each month played with chance anew."""
    draw = random.Random(seed)
    tried = Tried()
    total = len(world.steps) // STEPS_A_DAY
    for day in range(LEARNED_DAYS, total - MONTH + 1, MONTH):
        advice = advice_at(world, day)
        if advice is None:
            continue
        tried.advised += 1
        tried.kept += advice.kept
        tried.promised += advice.chosen.risk
        tried.triggers_micros += advice.trigger_micros
        for _ in range(repeats):
            dry, recharges = play(world, advice, day, day + MONTH, draw)
            tried.months += 1
            tried.dry += dry > 0
            tried.recharges += recharges
    return tried


def coverage(world: World, *, horizon: int, first: int = 84) -> tuple[int, int, int]:
    """Of how many forecasts the truth was within the interval, of how many; and the median error, in millionths."""
    total = len(world.steps) // STEPS_A_DAY
    days = days_of(world.hours(total), "UTC", (BEGINS + timedelta(days=total)).date())
    within = made = 0
    errors = []
    for day in range(first, total - horizon + 1, 7):
        known = days[:day]
        pace = pace_of(known)
        if pace is None:
            continue
        said = forecast(known, pace, horizon)
        came = sum(each.charged_micros for each in days[day : day + horizon])
        made += 1
        within += said.low_micros <= came <= said.high_micros
        errors.append(abs(came - said.micros) * ONE // max(1, came))
    return within, made, sorted(errors)[len(errors) // 2] if errors else 0


def find_days(world: World) -> tuple[int, int, int, int]:
    """Strange days: found rightly, found wrongly, missed; and how many days were looked at."""
    total = len(world.steps) // STEPS_A_DAY
    days = days_of(world.hours(total), "UTC", (BEGINS + timedelta(days=total)).date())
    found = {
        each.day for end in range(30, total + 1) for each in unusual_days(days[max(0, end - 57) : end], looked_at=1)
    }
    return len(found & world.strange), len(found - world.strange), len(world.strange - found), total - 30


def find_users(world: World) -> tuple[int, int, int, int]:
    """Strange days of people: found rightly, found wrongly, missed; and how many days of people were looked at."""
    total = len(world.steps) // STEPS_A_DAY
    days = days_of(world.hours(total), "UTC", (BEGINS + timedelta(days=total)).date())
    found = set()
    for end in range(63, total + 1):
        last = days[end - 1].day
        recent = [each for each in world.users if 0 <= (last - each.day).days < 63]
        for each in unusual_subjects(AnomalyKind.USER, recent, days[max(0, end - 63) : end], looked_at=1):
            found.add((each.subject, each.day))
    looked = len({each.subject for each in world.users}) * (total - 63)
    right = found & world.strange_users
    return len(right), len(found - right), len(world.strange_users - found), looked


def spent_by(world: World) -> tuple[SubjectDay, ...]:
    """What people spent."""
    return world.users
