"""The price of a duration under one rate, and its inverse: the seconds that an amount affords.

Knows started increments and one rounding, at the end of the whole call (domain.md §5, Pricing). Refuses to know which
rate applies (commcredits.core.tariffs) and whose money it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from commcredits.core.money import divide_up
from commcredits.core.tariffs import Rate

CALL_SECONDS_MAX: Final = 30 * 24 * 3600
"""No call lasts longer than thirty days: what a free rate affords, and a bound on every duration from outside."""

_SECONDS_PER_MINUTE: Final = 60


def billed_seconds(rate: Rate, duration_seconds: int) -> int:
    """The duration rounded up to started increments: the first, then as many next ones as it touches; 0 stays 0."""
    if duration_seconds <= 0:
        return 0
    beyond = duration_seconds - rate.first_increment_seconds
    if beyond <= 0:
        return rate.first_increment_seconds
    return rate.first_increment_seconds + divide_up(beyond, rate.next_increment_seconds) * rate.next_increment_seconds


def price_micros(rate: Rate, duration_seconds: int, began_at: datetime | None = None) -> int:
    """Connection fee and started increments, in millionths, rounded up once; a call of 0 seconds costs nothing."""
    billed = billed_seconds(rate, duration_seconds)
    if billed == 0:
        return 0
    return rate.connection_fee_micros + divide_up(rate.price_per_minute_micros * billed, _SECONDS_PER_MINUTE)


def affordable_seconds(rate: Rate, amount_micros: int, began_at: datetime | None = None) -> int:
    """The longest duration, in whole increments, whose price is covered by the amount.

    0 when the first increment and the connection fee are not covered; never above CALL_SECONDS_MAX rounded down to
    whole increments.
    """
    for_minutes = amount_micros - rate.connection_fee_micros
    if for_minutes < 0:
        return 0
    if rate.price_per_minute_micros == 0:
        seconds = CALL_SECONDS_MAX
    else:
        seconds = min(for_minutes * _SECONDS_PER_MINUTE // rate.price_per_minute_micros, CALL_SECONDS_MAX)
    beyond = seconds - rate.first_increment_seconds
    if beyond < 0:
        return 0
    return rate.first_increment_seconds + beyond // rate.next_increment_seconds * rate.next_increment_seconds
