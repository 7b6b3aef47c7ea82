"""The price of a duration under one rate, and its inverse: the seconds that an amount affords.

Knows started increments and one rounding, at the end of the whole call (domain.md §5, Pricing; decision record 0009).
Refuses to know which rate applies (commcredits.core.tariffs) and whose money it is.

The rules, which every other engine must repeat to the millionth:

1. A call of ``n`` seconds is billed its started increments: those that begin before second ``n``. The first begins at
   second 0, each next one where the one before ends.
2. An increment costs ``price per minute × its seconds ÷ 60``. The price is the rate's own; or that of the last step
   whose ``from_seconds`` the beginning of the increment has reached; or that of the first band that is in force at the
   instant at which the increment begins.
3. The connection fee and all increments are added up exactly, and the sum is rounded once, to ``digits`` decimals of
   the major unit, by the rounding's mode.
4. The result is at most ``charge_max_micros``. A call of 0 seconds costs nothing, not even the connection fee.

So the price never falls as a call goes on, and does not depend on how the call is sliced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from msgspec import Struct

from commcredits.core.bands import Stretch, band_stretches
from commcredits.core.money import divide_down, divide_half_up, divide_up
from commcredits.core.tariffs import ROUNDING_DIGITS_MAX, PriceShape, Rate, Rounding, RoundingMode

CALL_SECONDS_MAX: Final = 30 * 24 * 3600
"""No call lasts longer than thirty days: what a free rate affords, and a bound on every duration from outside."""

SIXTIETHS: Final = 60
"""Exact sums are counted in sixtieths of a millionth, because prices are per minute and durations are in seconds."""


class PricePart(Struct, frozen=True, kw_only=True, gc=False):
    """Increments of a call that cost the same: how many begin from ``begins_second`` on, and what they cost, exactly.

    ``band`` names the band in force when they begin, if any.
    """

    begins_second: int
    increments: int
    seconds: int
    price_per_minute_micros: int
    band: str
    cost_sixtieths: int


class PriceSum(Struct, frozen=True, kw_only=True, gc=False):
    """A price with every step of its sum.

    ``60 × price_micros`` is ``60 × connection_fee_micros`` and what the parts cost, plus what rounding added (or took:
    then it is negative), less what lies above the maximum charge. ``billed_seconds`` are those of all the increments.
    """

    price_micros: int
    billed_seconds: int
    connection_fee_micros: int
    parts: tuple[PricePart, ...]
    rounding_sixtieths: int
    above_maximum_micros: int


def billed_seconds(rate: Rate, duration_seconds: int) -> int:
    """The duration rounded up to started increments: the first, then as many next ones as it touches; 0 stays 0."""
    if duration_seconds <= 0:
        return 0
    beyond = duration_seconds - rate.first_increment_seconds
    if beyond <= 0:
        return rate.first_increment_seconds
    return rate.first_increment_seconds + divide_up(beyond, rate.next_increment_seconds) * rate.next_increment_seconds


def price_micros(rate: Rate, duration_seconds: int, began_at: datetime | None = None) -> int:
    """What so many seconds cost, in millionths, by the rules of this module.

    ``began_at`` is the instant at which the first of these seconds begins. It matters to rates with bands alone;
    ValueError when one of them is not given it.
    """
    if rate.shape is not None:
        return _shaped_price(rate, rate.shape, duration_seconds, began_at)
    billed = billed_seconds(rate, duration_seconds)
    if billed == 0:
        return 0
    return rate.connection_fee_micros + divide_up(rate.price_per_minute_micros * billed, SIXTIETHS)


def affordable_seconds(rate: Rate, amount_micros: int, began_at: datetime | None = None) -> int:
    """The longest duration, in whole increments, whose price is covered by the amount.

    0 when the first increment and the connection fee are not covered; never above CALL_SECONDS_MAX rounded down to
    whole increments. ``began_at`` is as in ``price_micros``.
    """
    if rate.shape is not None:
        return _shaped_seconds(rate, rate.shape, amount_micros, began_at)
    for_minutes = amount_micros - rate.connection_fee_micros
    if for_minutes < 0:
        return 0
    if rate.price_per_minute_micros == 0:
        return _whole_increments(rate, CALL_SECONDS_MAX)
    return _whole_increments(rate, min(for_minutes * SIXTIETHS // rate.price_per_minute_micros, CALL_SECONDS_MAX))


def price_sum(rate: Rate, duration_seconds: int, began_at: datetime | None = None) -> PriceSum:
    """The price of ``price_micros`` with every step of its sum, for people who ask why."""
    parts = tuple(_parts(rate, _merged(_stretches(rate, max(0, duration_seconds), began_at))))
    fee_micros = rate.connection_fee_micros if parts else 0
    exact = fee_micros * SIXTIETHS + sum(part.cost_sixtieths for part in parts)
    rounded = _rounded(exact, Rounding() if rate.shape is None else rate.shape.rounding)
    charged = rounded if rate.shape is None else _at_most(rounded, rate.shape.charge_max_micros)
    return PriceSum(
        price_micros=charged,
        billed_seconds=sum(part.seconds for part in parts),
        connection_fee_micros=fee_micros,
        parts=parts,
        rounding_sixtieths=rounded * SIXTIETHS - exact,
        above_maximum_micros=rounded - charged,
    )


def _shaped_price(rate: Rate, shape: PriceShape, duration_seconds: int, began_at: datetime | None) -> int:
    if duration_seconds <= 0:
        return 0
    exact = rate.connection_fee_micros * SIXTIETHS
    billed = 0
    for stretch in _stretches(rate, duration_seconds, began_at):
        # Of the increments, those that begin within the stretch: whoever begins before its end, less those before.
        beyond = billed_seconds(rate, stretch.ends_second)
        exact += stretch.price_per_minute_micros * (beyond - billed)
        billed = beyond
    return _at_most(_rounded(exact, shape.rounding), shape.charge_max_micros)


def _shaped_seconds(rate: Rate, shape: PriceShape, amount_micros: int, began_at: datetime | None) -> int:
    longest = _whole_increments(rate, CALL_SECONDS_MAX)
    if shape.charge_max_micros is not None and shape.charge_max_micros <= amount_micros:
        return longest
    left = _covered_sixtieths(amount_micros, shape.rounding) - rate.connection_fee_micros * SIXTIETHS
    if left < 0:
        return 0
    billed = 0
    for stretch in _stretches(rate, longest, began_at):
        beyond = billed_seconds(rate, stretch.ends_second)
        cost = stretch.price_per_minute_micros * (beyond - billed)
        if cost > left:
            return _whole_increments(rate, billed + left // stretch.price_per_minute_micros)
        left -= cost
        billed = beyond
    return longest


def _stretches(rate: Rate, duration_seconds: int, began_at: datetime | None) -> Iterable[Stretch]:
    shape = rate.shape
    if shape is not None and shape.bands:
        if began_at is None:
            raise ValueError(f"the rate of prefix {rate.prefix} has time bands, and nobody said when the call began")
        return band_stretches(shape, rate.price_per_minute_micros, began_at, duration_seconds)
    return _step_stretches(rate, duration_seconds)


def _step_stretches(rate: Rate, duration_seconds: int) -> Iterator[Stretch]:
    """The stretches of a rate without bands: one, and one more for each step that the duration reaches."""
    begins, price = 0, rate.price_per_minute_micros
    for step in () if rate.shape is None else rate.shape.steps:
        if step.from_seconds >= duration_seconds:
            break
        if step.from_seconds > begins:
            yield Stretch(begins_second=begins, ends_second=step.from_seconds, price_per_minute_micros=price)
        begins, price = step.from_seconds, step.price_per_minute_micros
    if begins < duration_seconds:
        yield Stretch(begins_second=begins, ends_second=duration_seconds, price_per_minute_micros=price)


def _merged(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours of one band and price as one."""
    last: Stretch | None = None
    for stretch in stretches:
        begins = stretch.begins_second
        if last is not None:
            if (last.band, last.price_per_minute_micros) == (stretch.band, stretch.price_per_minute_micros):
                begins = last.begins_second
            else:
                yield last
        last = Stretch(
            begins_second=begins,
            ends_second=stretch.ends_second,
            price_per_minute_micros=stretch.price_per_minute_micros,
            band=stretch.band,
        )
    if last is not None:
        yield last


def _parts(rate: Rate, stretches: Iterable[Stretch]) -> Iterator[PricePart]:
    billed = 0
    for stretch in stretches:
        beyond = billed_seconds(rate, stretch.ends_second)
        seconds = beyond - billed
        if not seconds:
            continue  # an increment that began before reaches beyond the stretch
        first = rate.first_increment_seconds if billed == 0 else 0
        yield PricePart(
            begins_second=billed,
            increments=(1 if first else 0) + (seconds - first) // rate.next_increment_seconds,
            seconds=seconds,
            price_per_minute_micros=stretch.price_per_minute_micros,
            band=stretch.band,
            cost_sixtieths=stretch.price_per_minute_micros * seconds,
        )
        billed = beyond


def _whole_increments(rate: Rate, seconds: int) -> int:
    """The seconds rounded down to whole increments."""
    beyond = seconds - rate.first_increment_seconds
    if beyond < 0:
        return 0
    return rate.first_increment_seconds + beyond // rate.next_increment_seconds * rate.next_increment_seconds


def _rounded(exact_sixtieths: int, rounding: Rounding) -> int:
    """Millionths, rounded once to the digits of the rounding."""
    unit = _unit_micros(rounding)
    if rounding.mode is RoundingMode.UP:
        return divide_up(exact_sixtieths, unit * SIXTIETHS) * unit
    if rounding.mode is RoundingMode.DOWN:
        return divide_down(exact_sixtieths, unit * SIXTIETHS) * unit
    return divide_half_up(exact_sixtieths, unit * SIXTIETHS) * unit


def _covered_sixtieths(amount_micros: int, rounding: Rounding) -> int:
    """The largest exact sum that, once rounded, the amount covers."""
    unit = _unit_micros(rounding)
    whole = divide_down(amount_micros, unit)
    if rounding.mode is RoundingMode.UP:
        return whole * unit * SIXTIETHS
    if rounding.mode is RoundingMode.DOWN:
        return (whole + 1) * unit * SIXTIETHS - 1
    # From the middle on, a sum is rounded up to the next unit; sixty is even, so that the middle is a whole number.
    return whole * unit * SIXTIETHS + unit * SIXTIETHS // 2 - 1


def _unit_micros(rounding: Rounding) -> int:
    """Millionths in the last digit that is kept."""
    power: int = 10 ** (ROUNDING_DIGITS_MAX - rounding.digits)
    return power


def _at_most(price: int, charge_max_micros: int | None) -> int:
    return price if charge_max_micros is None else min(price, charge_max_micros)
