"""What the rest of a month will cost, how sure that is, and how long the balance lasts.

Knows the pace (commcredits.core.advice_pace) and how wrong it was before: the interval is read from what the same
forecast would have said on earlier days, and what then came. Refuses to give an interval that rests on nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from math import isqrt
from typing import Final

from msgspec import Struct

from commcredits.core.advice_pace import DAYS_MIN, Pace, pace_of
from commcredits.core.advice_series import ONE, DayOfSpend, quantile

LIKELY_PERCENT: Final = 80
"""In how many of a hundred months the true sum shall lie within the interval."""

ORIGINS_MAX: Final = 150
"""From how many earlier days the forecast is made again."""

_ORIGINS_MIN: Final = 30
_LOW: Final = 100_000
_HIGH: Final = 900_000
_NORMAL_80: Final = 1_281_552
"""How many standard deviations hold eight in ten of a normal distribution, in millionths."""

_DAYS_MAX: Final = 366


class Forecast(Struct, frozen=True, kw_only=True, gc=False):
    """An amount to come, in millionths: as likely as not ``micros``, and in eight of ten cases between the others."""

    micros: int
    low_micros: int
    high_micros: int


class DaysLeft(Struct, frozen=True, kw_only=True, gc=False):
    """How many whole days funds last, today among them; None: longer than a year. ``last_day`` is the last of them."""

    days: int | None
    last_day: date | None


NOTHING: Final = Forecast(micros=0, low_micros=0, high_micros=0)


def forecast(days: Sequence[DayOfSpend], pace: Pace, count: int, *, first_day_share: int = ONE) -> Forecast:
    """What the ``count`` days after these will cost; of the first of them only a share, in millionths, is to come."""
    if count <= 0:
        return NOTHING
    first = days[-1].day + timedelta(days=1)
    whole = pace.of_days(first, count)
    middle = whole - pace.of_day(first) * (ONE - first_day_share) // ONE
    low, high = _shares(days, pace, count)
    return Forecast(micros=middle, low_micros=middle * low // ONE, high_micros=middle * high // ONE)


def days_left(pace: Pace, available_micros: int, today: date, *, today_share: int = ONE) -> DaysLeft:
    """How long ``available_micros`` last at this pace; ``today_share`` of today, in millionths, is still to come."""
    if available_micros <= 0:
        return DaysLeft(days=0, last_day=None)
    left, day, count = available_micros, today, 0
    cost = pace.of_day(today) * today_share // ONE
    while left >= cost and count <= _DAYS_MAX:
        left -= cost
        count += 1
        day += timedelta(days=1)
        cost = pace.of_day(day)
    if count > _DAYS_MAX:
        return DaysLeft(days=None, last_day=None)
    return DaysLeft(days=count, last_day=today + timedelta(days=max(count, 1) - 1))


def _shares(days: Sequence[DayOfSpend], pace: Pace, count: int) -> tuple[int, int]:
    """Between which shares of what was forecast, in millionths, eight of ten sums lay."""
    ratios = _ratios(days, count)
    if len(ratios) >= _ORIGINS_MIN:
        low, high = quantile(ratios, _LOW), quantile(ratios, _HIGH)
        # Neighbouring origins share most of their days: they know less than their number says.
        margin = (high - low) * isqrt(ONE * ONE * count // max(1, len(ratios))) // (4 * ONE)
        return max(0, min(low - margin, ONE)), max(high + margin, ONE)
    squares = [(day.charged_micros - pace.of_day(day.day)) ** 2 for day in days]
    deviation = isqrt(sum(squares) // len(squares)) * isqrt(count * ONE) // isqrt(ONE)
    whole = max(1, pace.of_days(days[-1].day + timedelta(days=1), count))
    half = deviation * _NORMAL_80 // whole
    return max(0, ONE - half), ONE + half


def _ratios(days: Sequence[DayOfSpend], count: int) -> list[int]:
    """What came of what would have been forecast, in millionths, from each of the last days from which it is known."""
    found = []
    last = len(days) - count
    for origin in range(max(2 * DAYS_MIN, last - ORIGINS_MAX), last + 1):
        earlier = pace_of(days[max(0, origin - 90) : origin])
        if earlier is None:
            continue
        expected = earlier.of_days(earlier.on, count)
        came = sum(day.charged_micros for day in days[origin : origin + count])
        if expected:
            found.append(came * ONE // expected)
    return found
