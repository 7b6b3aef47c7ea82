"""A deck as a table of whole numbers, and what its expression has to look at.

Knows how each price, step and rounding becomes columns that 64 bits hold and that need no division. Refuses to know
records and engines. Whatever the core can say once about a rate is said here, by the core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from commcredits.columnar.records import microseconds
from commcredits.core.money import MICROS_PER_UNIT
from commcredits.core.rating import CALL_SECONDS_MAX, SIXTIETHS, billed_seconds
from commcredits.core.tariffs import (
    ROUNDING_DIGITS_MAX,
    BandPrice,
    PriceShape,
    Rate,
    RateDeck,
    Rounding,
    RoundingMode,
    Window,
    first_overlap,
    index_deck,
)

if TYPE_CHECKING:
    import pyarrow as pa

NO_SCHEDULE: Final = -1
NEVER: Final = 2**62
"""Later than any instant and longer than any call, in whatever unit: what has no end, and a step that a rate lacks."""

AMOUNT_MAX: Final = 2**63 - 1
"""The largest number of 64 bits: the maximum charge of a rate that has none, and a bound on every price."""

BILLED_SECONDS_MAX: Final = 2**25
"""A bound on what a call may be billed, increments included: more than a year. Exact division by sixty rests on it."""

Times: TypeAlias = tuple[str, tuple[str, ...], tuple[tuple[Window, ...], ...]]
"""A time zone, its holidays, and the windows of each band in the order in which they count."""


class DeckError(ValueError):
    """The deck cannot be rated in columns; the message says which rate and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckLayout:
    """What an expression for a deck looks at; what none of its rates has costs nothing.

    ``prefixes`` are the lengths of prefixes that there are, each with whether a country of origin binds it, in the
    order in which they count. ``parts`` is how many bands, or steps, a rate has at most. ``shaped`` says that rates
    name a rounding or a maximum charge.
    """

    prefixes: tuple[tuple[int, bool], ...]
    parts: int
    banded: bool
    stepped: bool
    shaped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckTables:
    """A deck in columns. ``rates[n]`` is the rate of row ``n``.

    ``schedules`` are the distinct times of bands. In them, the price of a band is its number, from 1.
    """

    currency: str
    rates: tuple[Rate, ...]
    table: pa.Table
    layout: DeckLayout
    schedules: tuple[PriceShape, ...]


def deck_tables(deck: RateDeck) -> DeckTables:
    """The deck in columns; raises DeckError for rates that overlap, or that 64 bits cannot price."""
    rates = tuple(rate for of_service in deck.rates.values() for found in of_service.values() for rate in found)
    several = (
        rate for of_service in deck.rates.values() for found in of_service.values() if len(found) > 1 for rate in found
    )
    overlap = first_overlap(several)
    if overlap is not None:
        raise DeckError(f"two rates of prefix {overlap[0].prefix} are in force at once")
    _must_fit(rates)
    schedules: dict[Times, int] = {}
    for rate in rates:
        if rate.shape is not None and rate.shape.bands:
            schedules.setdefault(_times(rate.shape), len(schedules))
    layout = _layout(rates)
    return DeckTables(
        currency=deck.currency,
        rates=rates,
        table=_table(rates, layout, schedules),
        layout=layout,
        schedules=tuple(_schedule(times) for times in schedules),
    )


def as_deck(rates: RateDeck | Iterable[Rate], currency: str = "") -> RateDeck:
    """The deck itself, or one of these rates."""
    return rates if isinstance(rates, RateDeck) else index_deck("", currency, rates)


def _microseconds(instant: datetime | None) -> int:
    return NEVER if instant is None else microseconds(instant)


_PLAIN_COLUMNS: Final[dict[str, Callable[[Rate], Any]]] = {
    "service": lambda rate: rate.service.value,
    "prefix": lambda rate: rate.prefix,
    "prefix_digits": lambda rate: len(rate.prefix),
    "origin_country": lambda rate: rate.origin_country,
    "from_us": lambda rate: _microseconds(rate.effective_from),
    "to_us": lambda rate: _microseconds(rate.effective_to),
    "first_seconds": lambda rate: rate.first_increment_seconds,
    "next_seconds": lambda rate: rate.next_increment_seconds,
    "fee_micros": lambda rate: rate.connection_fee_micros,
}
"""What every rate has, whatever its shape."""


def part_columns(part: int) -> tuple[str, str, str]:
    """Names of a part's columns: its price per second in millionths, the sixtieths beyond, and its beginning if a step.

    Part 0 is the rate's own price; the others are its bands, or its steps.
    """
    return f"part_{part}_second_micros", f"part_{part}_second_sixtieths", f"part_{part}_from_billed"


def rate_columns(layout: DeckLayout) -> dict[str, str]:
    """The columns of a deck's table with their types."""
    texts = dict.fromkeys(("service", "prefix", "origin_country"), "string")
    return dict.fromkeys(("rate", *_PLAIN_COLUMNS, *_flat_row(layout)), "int64") | texts


def _times(shape: PriceShape) -> Times:
    """When the bands of a shape are in force, without what they cost: many rates share it."""
    return shape.time_zone, shape.holidays, tuple(band.windows for band in shape.bands)


def _schedule(times: Times) -> PriceShape:
    time_zone, holidays, windows = times
    return PriceShape(
        time_zone=time_zone,
        holidays=holidays,
        bands=tuple(
            BandPrice(band="", windows=of_band, price_per_minute_micros=number)
            for number, of_band in enumerate(windows, start=1)
        ),
    )


def _layout(rates: Iterable[Rate]) -> DeckLayout:
    prefixes: set[tuple[int, bool]] = set()
    parts = 0
    banded = stepped = shaped = False
    for rate in rates:
        if rate.prefix:
            prefixes.add((len(rate.prefix), bool(rate.origin_country)))
        if rate.shape is not None:
            parts = max(parts, len(rate.shape.bands), len(rate.shape.steps))
            banded = banded or bool(rate.shape.bands)
            stepped = stepped or bool(rate.shape.steps)
            shaped = shaped or rate.shape.rounding != Rounding() or rate.shape.charge_max_micros is not None
    ordered = tuple(sorted(prefixes, reverse=True))
    return DeckLayout(prefixes=ordered, parts=parts, banded=banded, stepped=stepped, shaped=shaped)


def _table(rates: tuple[Rate, ...], layout: DeckLayout, schedules: Mapping[Times, int]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, list[Any]] = {name: [of(rate) for rate in rates] for name, of in _PLAIN_COLUMNS.items()}
    columns["rate"] = list(range(len(rates)))
    columns |= {name: [value] * len(rates) for name, value in _flat_row(layout).items()}
    micros, sixtieths, _ = part_columns(0)
    columns[micros] = [rate.price_per_minute_micros // SIXTIETHS for rate in rates]
    columns[sixtieths] = [rate.price_per_minute_micros % SIXTIETHS for rate in rates]
    for number, rate in enumerate(rates):
        # Most rates of most decks are flat, and all is said of them.
        if rate.shape is not None:
            for name, value in _shaped_cells(rate, rate.shape, layout).items():
                columns[name][number] = value
            if rate.shape.bands:
                columns["schedule"][number] = schedules[_times(rate.shape)]
    types = {"string": pa.string(), "int64": pa.int64()}
    return pa.table({name: pa.array(columns[name], types[kind]) for name, kind in rate_columns(layout).items()})


def _flat_row(layout: DeckLayout) -> dict[str, int]:
    """The columns in which prices stand, as they are for a rate that is flat and free."""
    row: dict[str, int] = {}
    for part in range(layout.parts + 1):
        micros, sixtieths, from_billed = part_columns(part)
        row[micros] = row[sixtieths] = 0
        if layout.stepped and part:
            row[from_billed] = NEVER
    if layout.banded:
        row["schedule"] = NO_SCHEDULE
    return row | (_rounding_cells(PriceShape()) if layout.shaped else {})


def _shaped_cells(rate: Rate, shape: PriceShape, layout: DeckLayout) -> dict[str, int]:
    """What the row of a rate says beyond that of a flat one, less its schedule."""
    cells: dict[str, int] = {}
    for part, price in enumerate(_part_prices(shape), start=1):
        micros, sixtieths, _ = part_columns(part)
        cells[micros], cells[sixtieths] = divmod(price, SIXTIETHS)
    for part, step in enumerate(shape.steps, start=1):
        # A step is reached where the increments that began before it end: so many seconds are billed by then.
        _, _, from_billed = part_columns(part)
        cells[from_billed] = billed_seconds(rate, step.from_seconds)
    return cells | (_rounding_cells(shape) if layout.shaped else {})


def _part_prices(shape: PriceShape) -> list[int]:
    return [band.price_per_minute_micros for band in shape.bands] + [
        step.price_per_minute_micros for step in shape.steps
    ]


def _rounding_cells(shape: PriceShape) -> dict[str, int]:
    unit: int = 10 ** (ROUNDING_DIGITS_MAX - shape.rounding.digits)
    rounds_up_from = {
        RoundingMode.UP: 1,
        RoundingMode.HALF_UP: unit * SIXTIETHS // 2,
        RoundingMode.DOWN: unit * SIXTIETHS,
    }
    return {
        "unit_micros": unit,
        "rounds_up_from_sixtieths": rounds_up_from[shape.rounding.mode],
        "charge_max_micros": AMOUNT_MAX
        if shape.charge_max_micros is None
        else min(shape.charge_max_micros, AMOUNT_MAX),
    }


def _must_fit(rates: Iterable[Rate]) -> None:
    """Raise DeckError for a rate under which the longest call there is could overflow."""
    for rate in rates:
        prices = [rate.price_per_minute_micros]
        if rate.shape is not None:
            prices += _part_prices(rate.shape)
        longest = billed_seconds(rate, CALL_SECONDS_MAX)
        # Each part may leave a remainder of its own, and rounding adds less than one major unit.
        dearest = rate.connection_fee_micros + (max(prices) // SIXTIETHS + 1) * longest + MICROS_PER_UNIT
        if longest > BILLED_SECONDS_MAX or dearest > AMOUNT_MAX:
            raise DeckError(f"64 bits cannot count what the longest call under the rate of prefix {rate.prefix} costs")
