"""At which pace an organization spends: so much a day, by the day of the week, rising or falling.

Knows how to read a pace from days that are over, and what it says of days to come. Refuses to see a rise where the
weeks scatter more than they rise. Whole numbers throughout (commcredits.core.advice_series).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from commcredits.core.advice_series import ONE, DayOfSpend, quantile

DAYS_MIN: Final = 14
"""Of fewer days nothing is said: each day of the week must have come twice."""

WEEKDAY_DAYS: Final = 84
"""How far back a day of the week is looked at."""

_LEVEL_DAYS: Final = 84
_DAILY_FADING: Final = 951_695
"""What is left of a day's weight on the day before it, in millionths: half after two weeks."""

_SHRINKING_DAYS: Final = 2
"""A weekday counts as if two average days had been seen beside those that were."""

_TREND_WEEKS_MIN: Final = 8
_TREND_WEEKS: Final = 12
_TREND_CERTAINTY: Final = 9
"""A trend counts where its square is nine times the square of its own uncertainty: three standard errors."""

_WEEKLY_RISE_MAX: Final = 50_000
"""Most that a week may be said to rise or fall by, as a share of the level."""

_DAYS_AHEAD_MAX: Final = 56
"""From there on a trend is not drawn on: nothing rises for ever."""

_WEEK: Final = 7
_NINE_IN_TEN: Final = 900_000
_ABOVE_MAX: Final = 4


class Pace(Struct, frozen=True, kw_only=True, gc=False):
    """What a day costs from ``on`` on: ``level_micros`` on an average day, times the weekday's share in millionths.

    ``weekdays`` has seven shares, Monday's first, one million on average. ``rise_micros`` is what each day's level is
    above that of the day before it; below, where it is negative. ``days`` is how many days it was read from.
    """

    on: date
    level_micros: int
    rise_micros: int
    weekdays: tuple[int, ...]
    days: int

    def of_day(self, day: date) -> int:
        """What this day is likely to cost, in millionths; never below nothing."""
        ahead = max(0, min((day - self.on).days, _DAYS_AHEAD_MAX))
        level = max(0, self.level_micros + self.rise_micros * ahead)
        return level * self.weekdays[day.weekday()] // ONE

    def of_days(self, first: date, count: int) -> int:
        """What so many days from ``first`` on are likely to cost."""
        return sum(self.of_day(first + timedelta(days=index)) for index in range(count))


def pace_of(days: Sequence[DayOfSpend]) -> Pace | None:
    """The pace that these days, unbroken and over, let one expect of the next; None for too few or without a charge."""
    if len(days) < DAYS_MIN or not any(day.charged_micros for day in days[-_LEVEL_DAYS:]):
        return None
    days = tamed(days)
    weekdays = weekday_shares(days[-WEEKDAY_DAYS:])
    level, age = _level(days[-_LEVEL_DAYS:], weekdays)
    rise = _rise(days, level)
    # The level is that of the days' mean age; a trend has gone on since.
    return Pace(
        on=days[-1].day + timedelta(days=1),
        level_micros=max(0, level + rise * age),
        rise_micros=rise,
        weekdays=weekdays,
        days=len(days),
    )


def tamed(days: Sequence[DayOfSpend]) -> tuple[DayOfSpend, ...]:
    """The days, none above four times what nine in ten days of the last weeks stay within: one night is no pace."""
    recent = [day.charged_micros for day in days[-_LEVEL_DAYS:] if day.charged_micros]
    most = quantile(recent, _NINE_IN_TEN) * _ABOVE_MAX
    return tuple(
        DayOfSpend(day=day.day, charged_micros=most, calls=day.calls) if day.charged_micros > most else day
        for day in days
    )


def weekday_shares(days: Sequence[DayOfSpend]) -> tuple[int, ...]:
    """How each day of the week compares with the average day, in millionths."""
    sums, counts = [0] * _WEEK, [0] * _WEEK
    for day in days:
        sums[day.day.weekday()] += day.charged_micros
        counts[day.day.weekday()] += 1
    total = sum(sums)
    if not total:
        return (ONE,) * _WEEK
    mean = total // len(days)
    means = [
        (sums[weekday] + _SHRINKING_DAYS * mean) // (counts[weekday] + _SHRINKING_DAYS) for weekday in range(_WEEK)
    ]
    whole = sum(means) or 1
    return tuple(each * _WEEK * ONE // whole for each in means)


def _level(days: Sequence[DayOfSpend], weekdays: Sequence[int]) -> tuple[int, int]:
    """The average day, nearer days counting more, and how old, in days, the days are on that average."""
    weight, charged, expected, ages, weights = ONE, 0, 0, 0, 0
    for age, day in enumerate(reversed(days)):
        charged += weight * day.charged_micros
        expected += weight * weekdays[day.day.weekday()] // ONE
        ages += weight * (age + 1)
        weights += weight
        weight = weight * _DAILY_FADING // ONE
    return charged // max(1, expected), ages // weights


def _rise(days: Sequence[DayOfSpend], level: int) -> int:
    """What the level rises by each day, by the last weeks' least squares; 0 where that is not certain."""
    weeks = min(len(days) // _WEEK, _TREND_WEEKS)
    if weeks < _TREND_WEEKS_MIN:
        return 0
    recent = days[len(days) - weeks * _WEEK :]
    sums = [sum(day.charged_micros for day in recent[week * _WEEK : (week + 1) * _WEEK]) for week in range(weeks)]
    # Twice the distance from the middle, so that it is whole.
    places = [2 * week - (weeks - 1) for week in range(weeks)]
    spread = sum(place * place for place in places)
    slope_sum = sum(place * amount for place, amount in zip(places, sums, strict=True))
    mean = sum(sums) // weeks
    residuals = sum(
        (amount - mean - place * slope_sum // spread) ** 2 for place, amount in zip(places, sums, strict=True)
    )
    if slope_sum * slope_sum * (weeks - 2) < _TREND_CERTAINTY * residuals * spread:
        return 0
    weekly = 2 * slope_sum // spread
    most = level * _WEEK * _WEEKLY_RISE_MAX // ONE
    weekly = max(-most, min(weekly, most))
    return weekly // (_WEEK * _WEEK)
