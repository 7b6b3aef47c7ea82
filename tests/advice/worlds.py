"""Years of spending whose truth is known: steady, by the week, growing, in bursts, with holidays, with fraud, tiny.

Knows how each is drawn, five minutes at a time, from a seeded generator. Refuses to know what advice makes of it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from commcredits.core.advice_anomalies import SubjectDay
from commcredits.core.advice_series import HourOfSpend

BEGINS: Final = datetime(2025, 1, 6, tzinfo=UTC)
"""A Monday."""

STEPS_AN_HOUR: Final = 12
STEPS_A_DAY: Final = 24 * STEPS_AN_HOUR
UNIT: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class World:
    """A history in steps of five minutes, in millionths, and the days on which something was truly wrong."""

    name: str
    steps: list[int]
    strange: frozenset[date] = frozenset()
    users: tuple[SubjectDay, ...] = ()
    strange_users: frozenset[tuple[str, date]] = field(default_factory=frozenset)

    def hours(self, days: int) -> list[HourOfSpend]:
        """The first so many days as the product would have kept them."""
        return [
            HourOfSpend(
                hour=BEGINS + timedelta(hours=hour),
                charged_micros=sum(part),
                peak_micros=max(part),
                calls=sum(1 for each in part if each),
            )
            for hour in range(days * 24)
            for part in (self.steps[hour * STEPS_AN_HOUR : (hour + 1) * STEPS_AN_HOUR],)
        ]

    def day(self, number: int) -> int:
        """What a day came to."""
        return sum(self.steps[number * STEPS_A_DAY : (number + 1) * STEPS_A_DAY])


def poisson(draw: random.Random, mean: float) -> int:
    """How many came, of a mean that is small."""
    limit, product, count = math.exp(-mean), draw.random(), 0
    while product > limit:
        product *= draw.random()
        count += 1
    return count


Rate = Callable[[int, int], float]
"""Calls expected in five minutes, by the number of the day and the step of the day."""


def office_hours(step: int) -> float:
    """How busy a time of day is: mostly from eight to six, a little around it."""
    hour = step / STEPS_AN_HOUR
    if 8 <= hour < 18:
        return 1.0
    return 0.25 if 6 <= hour < 21 else 0.02


def week(day: int) -> float:
    """How busy a day of the week is."""
    return (1.0, 1.1, 1.05, 1.0, 0.9, 0.15, 0.08)[day % 7]


def drawn(
    name: str, seed: int, days: int, rate: Rate, *, cost: float = 0.35, strange: frozenset[date] = frozenset()
) -> World:
    """A world of calls that come by chance, each of a cost of its own (log-normal, some ten times the usual)."""
    draw = random.Random(seed)
    steps = [
        sum(int(UNIT * cost * draw.lognormvariate(0, 0.9)) for _ in range(poisson(draw, rate(day, step))))
        for day in range(days)
        for step in range(STEPS_A_DAY)
    ]
    return World(name=name, steps=steps, strange=strange)


def steady(seed: int, days: int) -> World:
    """The same all day and every day."""
    return drawn("steady", seed, days, lambda _day, _step: 0.5)


def weekly(seed: int, days: int) -> World:
    """Office hours, quiet at weekends."""
    return drawn("weekly", seed, days, lambda day, step: 1.2 * week(day) * office_hours(step))


def growing(seed: int, days: int) -> World:
    """Office hours, a tenth more each month."""
    return drawn("growing", seed, days, lambda day, step: 0.6 * 1.1 ** (day / 30) * week(day) * office_hours(step))


def bursty(seed: int, days: int) -> World:
    """Office hours, and on one day in twelve, unforeseen, a campaign of some hours at eight times the rate."""
    draw = random.Random(seed * 7 + 1)
    campaigns = {day: draw.randrange(100, 180) for day in range(days) if draw.random() < 1 / 12}

    def rate(day: int, step: int) -> float:
        starts = campaigns.get(day)
        busy = 8.0 if starts is not None and starts <= step < starts + 36 else 1.0
        return 0.6 * week(day) * office_hours(step) * busy

    return drawn("bursty", seed, days, rate)


def holidays(seed: int, days: int) -> World:
    """Office hours, but for twelve single days of rest a year and two weeks at its end."""
    draw = random.Random(seed * 11 + 3)
    rest = {draw.randrange(days) for _ in range(12 * days // 365)}
    return drawn(
        "holidays",
        seed,
        days,
        lambda day, step: 1.2 * week(day) * office_hours(step) * (0.05 if day in rest or day % 365 >= 351 else 1.0),
    )


def fraud(seed: int, days: int) -> World:
    """Office hours, and three nights at which somebody's account calls far away without a pause."""
    draw = random.Random(seed * 13 + 5)
    nights = {draw.randrange(80, days - 5) for _ in range(3)}

    def rate(day: int, step: int) -> float:
        return 1.2 * week(day) * office_hours(step) + (14.0 if day in nights and step < 60 else 0.0)

    strange = frozenset((BEGINS + timedelta(days=day)).date() for day in nights)
    return drawn("fraud", seed, days, rate, strange=strange)


def tiny(seed: int, days: int) -> World:
    """A few calls a day."""
    return drawn("tiny", seed, days, lambda day, step: 0.02 * week(day) * office_hours(step))


WORLDS: Final[tuple[Callable[[int, int], World], ...]] = (steady, weekly, growing, bursty, holidays, fraud, tiny)


def with_users(seed: int, days: int, users: int = 40) -> World:
    """People of different appetites; a few, on one day each, spend thirty times what they ever do."""
    draw = random.Random(seed * 17 + 7)
    appetites = [draw.lognormvariate(0, 1.0) for _ in range(users)]
    strange = {(f"user-{draw.randrange(users)}", draw.randrange(90, days)) for _ in range(max(4, days // 40))}
    spent, totals = [], [0] * days
    for user, appetite in enumerate(appetites):
        for day in range(days):
            calls = poisson(draw, 2.0 * appetite * week(day))
            charged = sum(int(UNIT * 0.35 * draw.lognormvariate(0, 0.9)) for _ in range(calls))
            if (f"user-{user}", day) in strange:
                charged += int(UNIT * 30 * max(1.0, appetite))
                calls += 30
            totals[day] += charged
            if charged:
                spent.append(
                    SubjectDay(
                        subject=f"user-{user}",
                        day=(BEGINS + timedelta(days=day)).date(),
                        charged_micros=charged,
                        calls=calls,
                    )
                )
    steps = [total if step == 120 else 0 for total in totals for step in range(STEPS_A_DAY)]
    return World(
        name="people",
        steps=steps,
        users=tuple(spent),
        strange_users=frozenset((user, (BEGINS + timedelta(days=day)).date()) for user, day in strange),
    )
