"""Prices that are not flat, as properties draw them, and their price as a patient reader of the rules would find it."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from commcredits.core.commands import Service
from commcredits.core.tariffs import BandPrice, PriceShape, PriceStep, Rate, Rounding, RoundingMode, Window

ALL_DAYS = tuple(range(7))
ZONES = ["UTC", "Europe/Bucharest", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]

EVENTFUL = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Bucharest goes forward, 03:00 to 04:00
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # Bucharest goes back, 04:00 to 03:00
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York goes forward, 02:00 to 03:00
    datetime(2026, 11, 1, 6, tzinfo=UTC),  # New York goes back, 02:00 to 01:00
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe goes forward, 02:00 to 02:30
    datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe goes back, 02:00 to 01:30
    datetime(2026, 12, 24, 22, tzinfo=UTC),  # a holiday begins in Bucharest
]
"""Instants at which clocks, or days, do something."""


def shaped(
    shape: PriceShape | None = None,
    *,
    price_micros: int = 600_000,
    fee_micros: int = 0,
    increments: tuple[int, int] = (1, 1),
) -> Rate:
    """A rate of this shape: by default 0.60 a minute, by the second, without a connection fee."""
    return Rate(
        prefix="44",
        destination="Somewhere",
        service=Service.OUTBOUND,
        price_per_minute_micros=price_micros,
        connection_fee_micros=fee_micros,
        first_increment_seconds=increments[0],
        next_increment_seconds=increments[1],
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        shape=shape,
    )


def window(begins: str, ends: str, weekdays: tuple[int, ...] = ALL_DAYS, *, holidays: bool = False) -> Window:
    """A window as a person writes it: ``window("08:00", "20:00")``."""
    return Window(weekdays=weekdays, from_minute=_minute(begins), to_minute=_minute(ends), holidays=holidays)


def band(name: str, price_micros: int, *windows: Window) -> BandPrice:
    """A band with a price of its own."""
    return BandPrice(band=name, windows=windows, price_per_minute_micros=price_micros)


def price_by_hand(rate: Rate, duration_seconds: int, began_at: datetime) -> int:
    """The price, one increment after another, in fractions."""
    if duration_seconds <= 0:
        return 0
    exact = Fraction(rate.connection_fee_micros)
    begins, lasts = 0, rate.first_increment_seconds
    while begins < duration_seconds:
        exact += Fraction(minute_price(rate, begins, began_at) * lasts, 60)
        begins, lasts = begins + lasts, rate.next_increment_seconds
    shape = rate.shape or PriceShape()
    unit = int("1".ljust(7 - shape.rounding.digits, "0"))
    rounded = {
        RoundingMode.UP: ceil(exact / unit),
        RoundingMode.DOWN: floor(exact / unit),
        RoundingMode.HALF_UP: floor(exact / unit + Fraction(1, 2)),
    }[shape.rounding.mode] * unit
    return rounded if shape.charge_max_micros is None else min(rounded, shape.charge_max_micros)


def minute_price(rate: Rate, second: int, began_at: datetime) -> int:
    """What a minute costs from that second of the call on: by its steps, or by the clock on the wall."""
    shape = rate.shape or PriceShape()
    price = rate.price_per_minute_micros
    for step in shape.steps:
        if second >= step.from_seconds:
            price = step.price_per_minute_micros
    wall = (began_at + timedelta(seconds=second)).astimezone(ZoneInfo(shape.time_zone))
    minute = wall.hour * 60 + wall.minute
    holiday = wall.date().isoformat() in shape.holidays
    for each in shape.bands:
        for opening in each.windows:
            today = opening.holidays if holiday else wall.weekday() in opening.weekdays
            if today and opening.from_minute <= minute < opening.to_minute:
                return each.price_per_minute_micros
    return price


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


prices_micros = st.one_of(st.sampled_from([0, 1, 59, 60, 61, 6_000, 600_000]), st.integers(0, 5_000_000))
roundings = st.builds(Rounding, digits=st.integers(0, 6), mode=st.sampled_from(RoundingMode))
maxima = st.none() | st.integers(0, 30_000_000)
windows = st.builds(
    lambda weekdays, edges, holidays: Window(
        weekdays=tuple(sorted(weekdays)), from_minute=min(edges), to_minute=max(edges), holidays=holidays
    ),
    st.sets(st.integers(0, 6), max_size=7),
    st.lists(
        st.one_of(st.sampled_from([0, 60, 90, 105, 120, 150, 180, 210, 240, 480, 1_200, 1_440]), st.integers(0, 1_440)),
        min_size=2,
        max_size=2,
        unique=True,
    ),
    st.booleans(),
)
banded_shapes = st.builds(
    PriceShape,
    time_zone=st.sampled_from(ZONES),
    holidays=st.lists(
        st.one_of(
            st.sampled_from(["2026-12-25", "2026-10-25"]),
            st.dates(date(2026, 1, 1), date(2027, 1, 31)).map(date.isoformat),
        ),
        max_size=4,
        unique=True,
    ).map(lambda days: tuple(sorted(days))),
    bands=st.lists(
        st.builds(
            band, st.sampled_from(["peak", "weekend", "night"]), prices_micros, windows, st.just(window("9:00", "9:30"))
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    charge_max_micros=maxima,
    rounding=roundings,
)
stepped_shapes = st.builds(
    PriceShape,
    steps=st.lists(
        st.builds(PriceStep, from_seconds=st.integers(1, 20_000), price_per_minute_micros=prices_micros),
        max_size=4,
        unique_by=lambda step: step.from_seconds,
    ).map(lambda steps: tuple(sorted(steps, key=lambda step: step.from_seconds))),
    charge_max_micros=maxima,
    rounding=roundings,
)
increments = st.one_of(
    st.sampled_from([(1, 1), (6, 6), (30, 6), (60, 1), (60, 60), (60, 11), (12, 13), (3_600, 3_600), (1, 3_600)]),
    st.tuples(st.integers(1, 3_600), st.integers(1, 3_600)),
)
shaped_rates: st.SearchStrategy[Rate] = st.builds(
    lambda shape, price, fee, pair: shaped(shape, price_micros=price, fee_micros=fee, increments=pair),
    st.one_of(st.none(), banded_shapes, stepped_shapes),
    prices_micros,
    st.one_of(st.just(0), st.integers(0, 1_000_000)),
    increments,
)
instants = st.builds(
    lambda at, hours, more: at + timedelta(hours=hours, seconds=more),
    st.sampled_from(EVENTFUL),
    st.integers(-30, 3),
    st.one_of(st.just(0), st.integers(-4_000, 4_000), st.floats(-4_000, 4_000)),
)
"""Instants around which clocks do something, and some of them not on a whole second."""
