"""What each record costs under its rate, to the millionth that the core says (commcredits.core.rating).

Whole numbers of 64 bits alone, and of division only its remainder: Ibis divides by way of binary fractions. A price per
minute is so many millionths a second and so many sixtieths beyond; a remainder rounds up to increments and to digits;
and the one quotient that is needed, by sixty, is a multiplication and a shift. Both engines refuse to overflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

import ibis

from commcredits.columnar.band_tables import BAND_COLUMNS
from commcredits.columnar.deck_tables import NO_SCHEDULE, DeckLayout, part_columns, rate_columns
from commcredits.columnar.prefixes import with_rate
from commcredits.columnar.records import SECONDS_PER_DAY
from commcredits.core.rating import SIXTIETHS

if TYPE_CHECKING:
    import ibis.expr.types as ir

RECORD_COLUMNS: Final = {
    "position": "int64",
    "call_id": "string",
    "service": "string",
    "number": "string",
    "origin_country": "string",
    "started_us": "int64",
    "began_second": "int64",
    "priced_seconds": "int64",
}

_SHIFT: Final = 37
_MULTIPLIER: Final = 2**_SHIFT // SIXTIETHS + 1
"""n × multiplier ÷ 2³⁷ rounded down is n ÷ 60 rounded down, for every n below 2³¹."""

_CALL: Final = ("schedule", "first_seconds", "next_seconds", "began_second", "billed_seconds")
"""What decides which seconds of a call fall into which band."""


def rating(layout: DeckLayout) -> ir.Table:
    """The expression that rates the table ``call_records`` by the tables ``rates`` and, with bands, ``bands``.

    It names tables and is bound to no engine: each compiles it into its own language. One row per record, with
    ``position``, ``call_id``, ``rate`` (the row of ``rates``), ``rate_prefix``, ``price_micros``,
    ``connection_fee_micros``, ``billed_seconds`` and ``free_call``, which says that no rate matches; then rate, price,
    fee and billed seconds are null (domain.md §5, row 21).
    """
    records = ibis.table(RECORD_COLUMNS, name="call_records")
    rates = ibis.table(rate_columns(layout), name="rates")
    calls = _with_prices(with_rate(records, rates, layout), rates)
    if layout.banded:
        bands = ibis.table(dict.fromkeys(BAND_COLUMNS, "int64"), name="bands")
        calls = _with_band_seconds(calls, bands, layout)
    return calls.select(
        "position",
        "call_id",
        "rate",
        rate_prefix=calls.prefix,
        price_micros=_price(calls, layout),
        connection_fee_micros=ibis.ifelse(calls.billed_seconds == 0, 0, calls.fee_micros),
        billed_seconds=calls.billed_seconds,
        free_call=calls.rate.isnull(),
    )


def sixtieth(number: ir.IntegerValue) -> ir.IntegerValue:
    """A sixtieth of a number from 0 to 2³¹ − 1, rounded down."""
    return (number * _MULTIPLIER) >> _SHIFT


def started_increments(seconds: ir.IntegerValue, first: ir.IntegerValue, following: ir.IntegerValue) -> ir.IntegerValue:
    """The seconds rounded up to started increments; 0 for none, and below."""
    beyond = seconds - first
    rest = beyond % following
    return ibis.cases(
        (seconds <= 0, 0),
        (beyond <= 0, first),
        (rest == 0, seconds),
        else_=seconds + following - rest,
    )


def _with_prices(matched: ir.Table, rates: ir.Table) -> ir.Table:
    prices = rates.drop("service", "prefix_digits", "origin_country", "from_us", "to_us")
    prices = prices.rename(rate_of_prices="rate")
    calls = matched.left_join(prices, matched.rate == prices.rate_of_prices).drop("rate_of_prices")
    billed = started_increments(calls.priced_seconds, calls.first_seconds, calls.next_seconds)
    return calls.mutate(billed_seconds=ibis.ifelse(calls.rate.isnull(), ibis.null("int64"), billed))


def _with_band_seconds(calls: ir.Table, bands: ir.Table, layout: DeckLayout) -> ir.Table:
    """The calls with the seconds of their increments that begin in each band; null where a call meets none.

    Calls that begin in the same second and last as long, under rates of one schedule and increments, are one here.
    """
    distinct = calls.filter(calls.schedule != NO_SCHEDULE, calls.billed_seconds > 0).select(*_CALL).distinct()
    # Counted from 0: Ibis forgets the brackets around any other beginning when it writes a range for Spark.
    into_day = distinct.began_second % SECONDS_PER_DAY
    later = distinct.mutate(later=ibis.range(0, into_day + distinct.billed_seconds, SECONDS_PER_DAY).unnest())
    touched = later.mutate(day=later.began_second - later.began_second % SECONDS_PER_DAY + later.later)
    met = touched.join(
        bands,
        [
            touched.schedule == bands.schedule,
            touched.day == bands.day,
            touched.began_second < bands.ends_second,
            bands.begins_second < touched.began_second + touched.billed_seconds,
        ],
    )
    until = started_increments(met.ends_second - met.began_second, met.first_seconds, met.next_seconds)
    since = started_increments(met.begins_second - met.began_second, met.first_seconds, met.next_seconds)
    met = met.mutate(
        seconds=ibis.least(until, met.billed_seconds) - ibis.least(since, met.billed_seconds),
    )
    # The sum of a column is wider than 64 bits on one engine; a call's seconds fit 32.
    seconds = met.group_by(*_CALL).agg(
        **{
            _band_seconds(part): ibis.ifelse(met.part == part, met.seconds, 0).sum().cast("int32")
            for part in range(1, layout.parts + 1)
        }
    )
    return calls.left_join(seconds, [calls[name] == seconds[name] for name in _CALL]).select(
        *calls.columns, *(_band_seconds(part) for part in range(1, layout.parts + 1))
    )


def _price(calls: ir.Table, layout: DeckLayout) -> ir.IntegerValue:
    """The fee and all increments, added up exactly and rounded once, at most the maximum charge."""
    micros, sixtieths = [calls.fee_micros], []
    for part, seconds in enumerate(_seconds_of_parts(calls, layout)):
        second_micros, second_sixtieths, _ = part_columns(part)
        micros.append(calls[second_micros] * seconds)
        sixtieths.append(calls[second_sixtieths] * seconds)
    beyond = _sum(sixtieths)
    whole = _sum(micros) + sixtieth(beyond)
    rest = beyond % SIXTIETHS
    if layout.shaped:
        over = whole % calls.unit_micros
        up = over * SIXTIETHS + rest >= calls.rounds_up_from_sixtieths
        price = whole - over + ibis.ifelse(up, calls.unit_micros, 0)
        price = ibis.least(price, calls.charge_max_micros)
    else:
        price = whole + ibis.ifelse(rest > 0, 1, 0)
    return ibis.ifelse(calls.billed_seconds == 0, 0, price)


def _seconds_of_parts(calls: ir.Table, layout: DeckLayout) -> list[ir.IntegerValue]:
    """The seconds of increments that begin in each part of a rate: its own price first, then its bands or its steps."""
    billed = calls.billed_seconds
    numbers = range(1, layout.parts + 1)
    parts: list[ir.IntegerValue] = []
    if layout.stepped:
        begun = [ibis.least(calls[part_columns(part)[2]], billed) for part in numbers]
        parts = [until - since for since, until in zip(begun, [*begun[1:], billed], strict=True)]
    if layout.banded:
        of_bands = [ibis.coalesce(calls[_band_seconds(part)], 0) for part in numbers]
        # A rate has bands or steps, never both, so that one of the two is 0.
        parts = [one + other for one, other in zip(parts, of_bands, strict=True)] if parts else of_bands
    return [billed - _sum(parts), *parts] if parts else [billed]


def _band_seconds(part: int) -> str:
    return f"band_{part}_seconds"


def _sum(terms: Sequence[ir.IntegerValue]) -> ir.IntegerValue:
    return reduce(add, terms)
